"""Octets to columns: link to L4, L2TP and ESP headers, vectorised."""
