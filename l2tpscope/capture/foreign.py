"""What a file that is no capture we read turns out to be, so that the refusal can say so."""

from __future__ import annotations

import re

CONVERT = "convert it with: editcap -F pcap IN OUT"
UNPACK = "decompress it first"

FOREIGN: tuple[tuple[bytes, str, str], ...] = (
    (rb"snoop\0\0\0", "Sun snoop", CONVERT),
    (rb"GMBU", "NetMon 2.x", CONVERT),
    (rb"RTSS", "NetMon 1.x", CONVERT),
    (rb"\x07....[\x01-\x07]", "pppd log", CONVERT),
    (rb"XCP\0", "Sniffer (Windows)", CONVERT),
    (rb"TRSNIFF data", "Sniffer (DOS)", CONVERT),
    (rb"btsnoop\0", "btsnoop (Bluetooth)", CONVERT),
    (rb"iptrace [12]\.0", "AIX iptrace", CONVERT),
    (rb"\x54\x52\x00\x64\x00", "HP-UX nettl", CONVERT),
    (rb"\x05VNF", "Visual Networks capture", CONVERT),
    (rb"\xaa\xaa\xaa\xaa", "5View capture", CONVERT),
    (rb"\xa1\xe2\xcb\x12|\x12\xcb\xe2\xa1", "pcap of Navtel", CONVERT),
    (rb"\x1c\x00\x01\xac|\xac\x01\x00\x1c|\x1c\x00\x01\xab|\xab\x01\x00\x1c", "pcap of IXIA lcap", CONVERT),
    (rb"BZh", "bzip2", UNPACK),
    (rb"\x04\x22\x4d\x18", "LZ4", UNPACK),
    (rb"\x1f\x9d", "compress (.Z)", UNPACK),
    (rb"PK\x03\x04", "ZIP archive", "unpack it first"),
    (rb"7z\xbc\xaf\x27\x1c", "7-Zip archive", "unpack it first"),
    (rb"Rar!", "RAR archive", "unpack it first"),
    (rb".{257}ustar", "tar archive", "unpack it first"),
    (rb"\x7fELF", "program (ELF)", ""),
    (rb"%PDF", "PDF document", ""),
    (rb"SQLite format 3\0", "SQLite database", ""),
    (rb"(?:\xef\xbb\xbf)?\s*<(?:!DOCTYPE|html|HTML|\?xml)", "HTML or XML text", ""),
    (rb"(?:\xef\xbb\xbf)?[\t\r\n\f\x20-\x7e]{4,}\Z", "text", ""),
    (rb"\0+\Z", "octets 0 only", ""),
)
"""Pattern of the first octets, what it is, what to do about it; the first that fits names the file."""

LOOK_OCTETS = 264
"""How many of the first octets the patterns look at."""


def describe(head: bytes) -> tuple[str, str]:
    """What *head* begins, and what to do about it (empty: nothing to advise)."""
    for pattern, what, advice in FOREIGN:
        if re.match(pattern, head, re.DOTALL):
            return what, advice
    return f"unknown data (first octets {head[:8].hex(' ')})", ""
