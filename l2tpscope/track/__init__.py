"""One tracker a protocol, blind to the others; state bounded by tunnels, not by packets."""
