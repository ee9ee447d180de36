"""Rare encapsulations, one frame at a time: PPPoE, MPLS, LLC/SNAP, GRE, ERSPAN, VXLAN, IP in IP.

Each step takes the offset of a header and gives the offset of the next one and its EtherType; FOREIGN and UNREADABLE
end the walk. Nothing is copied, so what is inside keeps its place in the frame.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from l2tpscope.frames.link import ETHERTYPES, FOREIGN, IPV4, IPV6, MPLS, PPP_PROTOCOLS, PPPOE, TAGS, UNREADABLE
from l2tpscope.frames.network import EXTENSIONS, FRAGMENT, FRAGMENTED, MAX_EXTENSIONS
from l2tpscope.frames.tables import GRE, IPIP, IPV6_IN_IP, MPLS_IN_IP, UDP, VXLAN_PORT

MPLS_MULTICAST = 0x8848
TEB = 0x6558
"""Transparent Ethernet bridging."""
ERSPAN, ERSPAN3 = 0x88BE, 0x22EB

Step = tuple[int, int]
"""Where the next header begins, and its EtherType."""


def u16(octets: bytearray, at: int) -> int:
    """The 16-bit number at an offset."""
    return octets[at] << 8 | octets[at + 1]


def ethernet(octets: bytearray, at: int, limit: int) -> Step:
    """An Ethernet header inside something else."""
    return (at + 14, u16(octets, at + 12)) if at + 14 <= limit else (at, UNREADABLE)


def tag(octets: bytearray, at: int, limit: int) -> Step:
    """A VLAN tag."""
    return (at + 4, u16(octets, at + 2)) if at + 4 <= limit else (at, UNREADABLE)


def pppoe(octets: bytearray, at: int, limit: int) -> Step:
    """A PPPoE session header and the PPP protocol of one or two octets. *Source*: RFC 2516 §4, RFC 1661 §6.5."""
    if at + 8 > limit:
        return at, UNREADABLE
    if octets[at] != 0x11 or octets[at + 1]:
        return at, FOREIGN
    if octets[at + 6] & 1:
        return at + 7, PPP_PROTOCOLS.get(octets[at + 6], FOREIGN)
    return at + 8, PPP_PROTOCOLS.get(u16(octets, at + 6), FOREIGN)


def mpls(octets: bytearray, at: int, limit: int) -> Step:
    """A label stack; below it IP, or an Ethernet pseudowire with or without control word.

    *Bias*: nothing in the labels says what is below: IP shows by its version and header length, Ethernet by an
    EtherType that is known. *Source*: RFC 3032 §2.1, RFC 4385 §3, RFC 4448 §4.6.
    """
    for _ in range(16):
        if at + 4 > limit:
            return at, UNREADABLE
        bottom = octets[at + 2] & 1
        at += 4
        if bottom:
            return _below_labels(octets, at, limit)
    return at, FOREIGN


def _below_labels(octets: bytearray, at: int, limit: int) -> Step:
    if at + 20 > limit:
        return at, UNREADABLE
    ip = {4: IPV4, 6: IPV6}.get(octets[at] >> 4)
    if ip == IPV4 and octets[at] & 15 >= 5 and u16(octets, at + 2) >= 20 and u16(octets, at + 12) not in ETHERTYPES:
        return at, IPV4
    if ip == IPV6:
        return at, IPV6
    for control_word in (4, 0) if not any(octets[at : at + 4]) else (0, 4):
        if u16(octets, at + control_word + 12) in ETHERTYPES:
            return ethernet(octets, at + control_word, limit)
    return at, FOREIGN


def llc(octets: bytearray, at: int, limit: int) -> Step:
    """IEEE 802.2 with SNAP; all other LLC is foreign. *Source*: RFC 1042."""
    if at + 8 > limit:
        return at, UNREADABLE
    if octets[at : at + 6] != b"\xaa\xaa\x03\0\0\0":
        return at, FOREIGN
    return at + 8, u16(octets, at + 6)


def gre(octets: bytearray, at: int, limit: int) -> Step:
    """GRE of version 0, ERSPAN I to III inside; not PPTP's. *Source*: RFC 2784 §2, RFC 2890 §2, draft-foschiano-erspan."""
    if at + 4 > limit:
        return at, UNREADABLE
    flags, ethertype = u16(octets, at), u16(octets, at + 2)
    if flags & 0x4007:  # source routing, or a version other than 0
        return at, FOREIGN
    sequenced = flags & 0x1000
    at += 4 + 4 * (flags >> 15) + 4 * (flags >> 13 & 1) + 4 * (flags >> 12 & 1)
    if at + 12 > limit:
        return at, UNREADABLE
    if ethertype == ERSPAN:
        return ethernet(octets, at + (8 if sequenced else 0), limit)
    if ethertype == ERSPAN3:
        return ethernet(octets, at + (20 if octets[at + 11] & 1 else 12), limit)
    return ethernet(octets, at, limit) if ethertype == TEB else (at, ethertype)


def vxlan(octets: bytearray, at: int, limit: int) -> Step:
    """VXLAN with its one flag, as RFC 7348 §5 wants it; anything else on its port is foreign."""
    if at + 8 > limit:
        return at, UNREADABLE
    if octets[at] != 0x08 or octets[at + 1] or octets[at + 2] or octets[at + 3] or octets[at + 7]:
        return at, FOREIGN
    return ethernet(octets, at + 8, limit)


SHIMS: dict[int, Callable[[bytearray, int, int], Step]] = dict.fromkeys(range(1536), llc)
SHIMS |= dict.fromkeys(TAGS, tag)
SHIMS |= {PPPOE: pppoe, MPLS: mpls, MPLS_MULTICAST: mpls, TEB: ethernet}
"""By EtherType; below 1536 it is a length, and LLC follows."""
TUNNELS: dict[int, Callable[[bytearray, int, int], Step]] = {
    GRE: gre,
    MPLS_IN_IP: mpls,
    IPIP: lambda _, at, __: (at, IPV4),
    IPV6_IN_IP: lambda _, at, __: (at, IPV6),
}
"""By IP protocol."""


class Ip(NamedTuple):
    """An IP header, read plainly."""

    version: int
    protocol: int
    transport: int
    """Where what it carries begins; of a fragment of IPv6: behind the Fragment header."""
    end: int
    offset: int
    """Of a fragment, in octets."""
    more: bool
    identification: int
    named_at: int
    """Where the number of the protocol (IPv6: of the Fragment header) stands."""
    fragment: bool


def ip_header(octets: bytearray, at: int, ethertype: int, limit: int, wire_end: int) -> Ip | None:
    """The IP header at an offset, or None if it cannot be read."""
    return (_ipv4 if ethertype == IPV4 else _ipv6)(octets, at, limit, wire_end)


def _ipv4(octets: bytearray, at: int, limit: int, wire_end: int) -> Ip | None:
    header, total = (octets[at] & 15) * 4, u16(octets, at + 2)
    if octets[at] >> 4 != 4 or header < 20 or at + header > limit or 0 < total < header:
        return None
    word = u16(octets, at + 6)
    end = at + total if total else wire_end
    more, fragment = bool(word & 0x2000), bool(word & FRAGMENTED)
    return Ip(4, octets[at + 9], at + header, end, (word & 0x1FFF) * 8, more, u16(octets, at + 4), at + 9, fragment)


def _ipv6(octets: bytearray, at: int, limit: int, wire_end: int) -> Ip | None:
    if octets[at] >> 4 != 6 or at + 40 > limit:
        return None
    payload = u16(octets, at + 4)
    end = at + 40 + payload if payload else wire_end
    named_at, here = at + 6, at + 40
    for _ in range(MAX_EXTENSIONS + 1):
        protocol = octets[named_at]
        if protocol not in EXTENSIONS and protocol != FRAGMENT:
            return Ip(6, protocol, here, end, 0, False, 0, named_at, False)
        size = 8 if protocol == FRAGMENT else 8 + 8 * octets[here + 1]
        if here + size > min(limit, end):
            return None
        word = u16(octets, here + 2)
        if protocol == FRAGMENT and word & 0xFFF9:
            number = int.from_bytes(octets[here + 4 : here + 8], "big")
            return Ip(6, octets[here], here + 8, end, word & 0xFFF8, bool(word & 1), number, named_at, True)
        named_at, here = here, here + size
    return None


def below_ip(octets: bytearray, ip: Ip, limit: int) -> Step | None:
    """The next header inside an IP datagram that carries another datagram or frame; None if it carries none."""
    if ip.protocol in TUNNELS:
        return TUNNELS[ip.protocol](octets, ip.transport, limit)
    if ip.protocol == UDP and ip.transport + 8 <= limit and u16(octets, ip.transport + 2) == VXLAN_PORT:
        found = vxlan(octets, ip.transport + 8, limit)
        return None if found[1] == FOREIGN else found
    return None
