"""Link headers in columns: where the network header begins, and which it is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from l2tpscope.frames.window import Int64s, Views, Words

IPV4 = 0x0800
IPV6 = 0x86DD
MPLS = 0x8847
PPPOE = 0x8864
FOREIGN = 0xFFFE
"""Stands for an EtherType where the link names a protocol that has none: nothing of ours."""
UNREADABLE = 0xFFFF
"""Stands for an EtherType (this one is reserved) where the link header is cut off or unknown."""

TAGS = (0x8100, 0x88A8, 0x9100, 0x9200)
"""802.1Q, 802.1ad, and what was used before it."""
MAX_TAGS = 4

ETHERTYPES = (IPV4, IPV6, MPLS, 0x8848, PPPOE, 0x0806, *TAGS)
"""What an Ethernet header that was looked for must name."""

BSD_FAMILIES = {2: IPV4, 10: IPV6, 24: IPV6, 28: IPV6, 30: IPV6}
"""Address families of NULL and LOOP. *Source*: LINKTYPE_NULL in the registry of link types."""
PPP_PROTOCOLS = {0x0021: IPV4, 0x0057: IPV6, 0x0281: MPLS}

Located = tuple[Int64s, Words]
"""Where the network header begins, and its EtherType."""


def _table(entries: dict[int, int], default: int) -> Words:
    table = np.full(65536, default, np.uint16)
    for number, ethertype in entries.items():
        table[number] = ethertype
    return table


_FAMILY = _table(BSD_FAMILIES, FOREIGN)
_PPP = _table(PPP_PROTOCOLS | {number << 8 | low: PPP_PROTOCOLS[number] for number in (0x21, 0x57) for low in range(256)}, FOREIGN)
"""By the first two octets: a protocol of one octet is odd, and the octet after it is anything (RFC 1661 §6.5)."""
_NIBBLE = _table({4: IPV4, 6: IPV6}, UNREADABLE)


def _ethernet(views: Views, start: Int64s) -> Located:
    return start + 14, views.u16(start + 12)


def _sll(views: Views, start: Int64s) -> Located:
    return start + 16, views.u16(start + 14)


def _sll2(views: Views, start: Int64s) -> Located:
    return start + 20, views.u16(start)


def _raw(views: Views, start: Int64s) -> Located:
    return start, _NIBBLE[views.u8[start] >> 4]


def _null(views: Views, start: Int64s) -> Located:
    high, low = views.u16(start), views.u16(start + 2)
    big = np.where(high == 0, low, 0)
    little = np.where(low == 0, high.byteswap(), 0)
    return start + 4, _FAMILY[big | little]


def _ppp(views: Views, start: Int64s) -> Located:
    at = start + 2 * (views.u16(start) == 0xFF03)
    word = views.u16(at)
    return at + 2 - ((word >> 8) & 1), _PPP[word]


def _ppp_serial(views: Views, start: Int64s) -> Located:
    at, ethertype = _ppp(views, start)
    cisco = np.isin(views.u16(start), (0x0F00, 0x8F00))  # Cisco HDLC: unicast, broadcast; then an EtherType
    return np.where(cisco, start + 4, at), np.where(cisco, views.u16(start + 2), ethertype)


def _ppp_direction(views: Views, start: Int64s) -> Located:
    return _ppp(views, start + 1)


def _pppoe(views: Views, start: Int64s) -> Located:
    return _ppp(views, start + 6)


LINKS: dict[int, tuple[Callable[[Views, Int64s], Located], int]] = {
    0: (_null, 4),
    1: (_ethernet, 14),
    9: (_ppp, 2),
    12: (_raw, 1),
    14: (_raw, 1),
    50: (_ppp_serial, 4),
    51: (_pppoe, 8),
    101: (_raw, 1),
    108: (_null, 4),
    113: (_sll, 16),
    204: (_ppp_direction, 3),
    228: (_raw, 1),
    229: (_raw, 1),
    276: (_sll2, 20),
}
"""By LINKTYPE_ number: the reader of its header, and how many octets that needs. *Source*: the registry of link types."""


def locate(views: Views, start: Int64s, limit: Int64s, link_type: Words) -> Located:
    """Where each frame's network header begins, behind VLAN tags, and its EtherType.

    *Shape*: all (n,). `start` is the offset of a frame, `limit` that of its captured end.
    """
    first = int(link_type[0]) if len(link_type) else 1
    if (link_type == first).all():
        return _of_one_type(views, start, limit, first)
    at, ethertype = start.copy(), np.full(len(start), UNREADABLE, np.uint16)
    for number in np.unique(link_type).tolist():
        which = np.flatnonzero(link_type == number)
        at[which], ethertype[which] = _of_one_type(views, start[which], limit[which], number)
    return at, ethertype


def _of_one_type(views: Views, start: Int64s, limit: Int64s, link_type: int) -> Located:
    if link_type not in LINKS:
        return start, np.full(len(start), UNREADABLE, np.uint16)
    reader, octets = LINKS[link_type]
    at, ethertype = reader(views, start)
    cut = limit - start < octets
    if cut.any():
        ethertype = np.where(cut, UNREADABLE, ethertype)
    if not (ethertype == IPV4).all():
        at, ethertype = _untag(views, at, ethertype, limit)
    return at, ethertype


def _untag(views: Views, at: Int64s, ethertype: Words, limit: Int64s) -> Located:
    """Step over VLAN tags, and over what carries IP in the plainest way: PPPoE, MPLS labels. The rest is unwrap.py's."""
    at, ethertype = at.copy(), ethertype.copy()
    tagged = np.flatnonzero(np.isin(ethertype, TAGS))
    for _ in range(MAX_TAGS):
        if not len(tagged):
            break
        inner = views.u16(at[tagged] + 2)
        at[tagged] += 4
        ethertype[tagged] = np.where(at[tagged] > limit[tagged], UNREADABLE, inner)
        tagged = tagged[np.isin(ethertype[tagged], TAGS)]
    for number, octets in ((PPPOE, _below_pppoe), (MPLS, _below_labels)):
        which = np.flatnonzero(ethertype == number)
        if len(which):
            at[which], ethertype[which] = octets(views, at[which], limit[which])
    return at, ethertype


def _below_pppoe(views: Views, at: Int64s, limit: Int64s) -> Located:
    """RFC 2516 §4, where a PPP protocol of two octets names IP; all else stays where it is."""
    inner = _PPP[views.u16(at + 6)]
    plain = (views.u16(at) == 0x1100) & (views.u8[at + 6] == 0) & (limit - at >= 28) & ((inner == IPV4) | (inner == IPV6))
    return np.where(plain, at + 8, at), np.where(plain, inner, np.uint16(PPPOE))


def _below_labels(views: Views, at: Int64s, limit: Int64s) -> Located:
    """RFC 3032 §2.1, where an IPv4 header without options follows the last of up to four labels; all else stays where it is."""
    below, open_stack = at.copy(), np.ones(len(at), np.bool_)
    for _ in range(MAX_TAGS):
        bottom = (views.u8[below + 2] & 1) != 0
        below += 4 * open_stack
        open_stack &= ~bottom
    plain = ~open_stack & (limit - below >= 20) & (views.u8[below] == 0x45) & (views.u16(below + 2) >= 20)
    plain &= ~np.isin(views.u16(below + 12), ETHERTYPES)  # a pseudowire whose addresses look like IPv4
    return np.where(plain, below, at), np.where(plain, np.uint16(IPV4), np.uint16(MPLS))
