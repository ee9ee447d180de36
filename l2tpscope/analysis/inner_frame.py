"""inner_frame: what a few octets can be the begin of: an Ethernet frame, an IP packet, a PPP or HDLC frame, or none of these.

Asked of places where a frame is only supposed to begin, so strict: lengths must fit, addresses must be possible.
*Source*: IEEE 802.3, 802.1Q, RFC 791, RFC 8200, RFC 1661, RFC 1662, RFC 4719 (Ethernet in L2TPv3), RFC 4349 (HDLC).
"""

from __future__ import annotations

ETHERNET, IP, PPP, HDLC = "Ethernet", "IP", "PPP", "HDLC"
IPV4, IPV6, ARP, VLAN, QINQ = 0x0800, 0x86DD, 0x0806, 0x8100, 0x88A8
ETHERTYPES = frozenset({0x8847, 0x8848, 0x8863, 0x8864, 0x888E, 0x88CC, 0x88E5, 0x9000, 0x8808, 0x8809, 0x88F7, 0x8906, 0x22F0, 0x893A})
"""Others whose inside is not looked at: MPLS, PPPoE, EAPOL, LLDP, MACsec, loopback, flow control, LACP, PTP ..."""
LLC = frozenset({0x42, 0xAA, 0xE0, 0xFE, 0xF0, 0xFF, 0x06})
"""Destination service access points: spanning tree, SNAP, IPX, OSI, NetBIOS, IP."""
MAC_PAIR, LONGEST_LENGTH = 12, 1500
PPP_PROTOCOLS = frozenset({0x0021, 0x0057, 0xC021, 0xC023, 0xC025, 0xC223, 0xC227, 0x8021, 0x8057, 0x80FD, 0x003D, 0x00FD, 0x0281})
CISCO_HDLC = frozenset({0x0F00, 0x8F00})


def frame_kind(octets: bytes, size: int) -> str | None:
    """What begins here; None: nothing known. *octets*: those captured, *size*: how many there were on the wire."""
    if is_ethernet(octets, size):
        return ETHERNET
    if is_ip(octets, size, exact=True):
        return IP
    if len(octets) < 4:
        return None
    first, second = int.from_bytes(octets[:2], "big"), int.from_bytes(octets[2:4], "big")
    if (first == 0xFF03 and second in PPP_PROTOCOLS) or first in PPP_PROTOCOLS - {0x0021, 0x0057}:
        return PPP
    if first in (0x0021, 0x0057) and is_ip(octets[2:], size - 2, exact=True):
        return PPP
    return HDLC if first in CISCO_HDLC and second in (IPV4, IPV6, 0x8035, 0x2000) else None


def is_ethernet(octets: bytes, size: int) -> bool:
    """Whether it can be an Ethernet frame: from one station, of a type or length that fits."""
    if len(octets) < MAC_PAIR + 2 or octets[6] & 1 or not any(octets[6:12]) or not any(octets[:6]):
        return False
    at = MAC_PAIR
    kind = int.from_bytes(octets[at : at + 2], "big")
    while kind in (VLAN, QINQ) and len(octets) >= at + 6 and at < MAC_PAIR + 8:
        at += 4
        kind = int.from_bytes(octets[at : at + 2], "big")
    rest, left = octets[at + 2 :], size - at - 2
    if kind in (IPV4, IPV6):
        return is_ip(rest, left, version=4 if kind == IPV4 else 6)
    if kind == ARP:
        return rest[:4] == b"\x00\x01\x08\x00" and left >= 28
    if kind <= LONGEST_LENGTH:
        return 3 <= kind <= left and bool(rest) and rest[0] in LLC
    return kind in ETHERTYPES


def is_ip(octets: bytes, size: int, *, version: int | None = None, exact: bool = False) -> bool:
    """Whether it can be an IP packet, as long as it says; *exact*: with nothing behind it, as there can be in Ethernet."""
    if len(octets) < 20 or (version or octets[0] >> 4) != octets[0] >> 4:
        return False
    if octets[0] >> 4 == 4:
        total, header = int.from_bytes(octets[2:4], "big"), 4 * (octets[0] & 15)
        return header >= 20 and header <= total and (total == size if exact else total <= size)
    if octets[0] >> 4 == 6:
        total = 40 + int.from_bytes(octets[4:6], "big")
        return total == size if exact else total <= size
    return False


def carries_ip(octets: bytes, kind: str) -> bool:
    """Whether a frame of that kind has an IP packet in it."""
    if kind == ETHERNET:
        at = MAC_PAIR
        while octets[at : at + 2] in (b"\x81\x00", b"\x88\xa8"):
            at += 4
        return octets[at : at + 2] in (b"\x08\x00", b"\x86\xdd")
    if kind == PPP:
        at = 2 if octets[:2] == b"\xff\x03" else 0
        return octets[at : at + 2] in (b"\x00\x21", b"\x00\x57", b"\x00\xfd", b"\x00\x3d")
    return kind == IP or octets[2:4] in (b"\x08\x00", b"\x86\xdd")
