"""What was seen: halves, channels, sessions, series, events. No octets here."""
