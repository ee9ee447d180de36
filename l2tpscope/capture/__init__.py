"""Octets with a clock: capture files, streams, interfaces. No protocol above the record."""
