"""Octets to messages. No numpy, no clock, no file."""
