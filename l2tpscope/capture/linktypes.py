"""Names of link types: the LINKTYPE_ numbers of capture files.

*Source*: the registry at tcpdump.org/linktypes.html; numbers 12 and 14 are DLT_RAW as some systems write it.
"""

from __future__ import annotations

NAMES: dict[int, str] = {
    0: "BSD loopback",
    1: "Ethernet",
    6: "Token Ring",
    7: "ARCNET",
    8: "SLIP",
    9: "PPP",
    10: "FDDI",
    12: "raw IP",
    14: "raw IP",
    50: "PPP in HDLC framing",
    51: "PPPoE session",
    101: "raw IP",
    104: "Cisco HDLC",
    105: "IEEE 802.11",
    107: "Frame Relay",
    108: "OpenBSD loopback",
    109: "OpenBSD encapsulation",
    113: "Linux cooked v1",
    114: "LocalTalk",
    117: "OpenBSD pflog",
    119: "Prism 802.11",
    127: "IEEE 802.11 with radiotap",
    129: "ARCNET (Linux)",
    140: "SS7 MTP2",
    141: "SS7 MTP3",
    143: "DOCSIS",
    147: "user 0",
    163: "AVS 802.11",
    166: "PPP with direction (pppd)",
    187: "Bluetooth HCI",
    189: "USB (Linux)",
    192: "PPI",
    195: "IEEE 802.15.4",
    201: "Bluetooth HCI with direction",
    204: "PPP with direction",
    205: "Cisco HDLC with direction",
    220: "USB (Linux, padded)",
    226: "Solaris IPNET",
    227: "CAN",
    228: "raw IPv4",
    229: "raw IPv6",
    239: "NFLOG",
    240: "netANALYZER",
    248: "SCTP",
    249: "USBPcap",
    252: "Wireshark upper PDU",
    253: "netlink",
    258: "Apple PKTAP",
    276: "Linux cooked v2",
}


def name(number: int) -> str:
    """What a link type is called; `link type <n>` where the table has no name."""
    return NAMES.get(number, f"link type {number}")
