"""L2TP control messages (RFC 2661, 3931) and their AVPs."""
