"""Packets again, one by one: shown, taken out, compared with Wireshark's word. Tables are made elsewhere."""
