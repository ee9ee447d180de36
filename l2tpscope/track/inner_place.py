"""inner_place: where the IP packet of each data packet begins, or what else is in it, as columns.

L2TPv2 carries PPP, whose protocol field tells (RFC 1661 §2; FF 03 before it, RFC 1662 §3.1; one octet of it, §6.5). In L2TPv3
cookie and sublayer stand before the frame, and nothing in the packet tells how long they are (RFC 3931 §4.1): each place where the
frame can begin is tried, for Ethernet, IP and PPP, and the first is taken where an IP header holds together, checksum included.

*Bias*: in L2TPv3 what is not IP or ARP is `OTHER`, whatever it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from l2tpscope.frames import Frames, Kind
from l2tpscope.frames.window import Bools, Int64s, Octet, Views
from l2tpscope.model.inner import Content

Words = NDArray[np.uint32]

PLACES = (0, 4, 8, 12)
"""Octets of cookie and sublayer together."""
USUAL = 0xFF030021
"""FF 03, IPv4."""
ADDRESS_CONTROL = 0xFF03
CONTROL = 0x8000
FRAMED_CONTROL = (0xC021, 0xC023, 0xC223, 0xC227, 0x8021, 0x8057, 0x80FD)
"""PPP's control protocols that are looked for in L2TPv3."""
CONTENTS = {
    0x0021: Content.IPV4,
    0x0057: Content.IPV6,
    0x002D: Content.VJ,
    0x002F: Content.VJ,
    0x003D: Content.MULTILINK,
    0x00FB: Content.COMPRESSED,
    0x00FD: Content.COMPRESSED,
}
"""By PPP protocol; the numbers from CONTROL on are PPP's control."""
SHORTEST = 4
"""Octets without which a PPP header cannot be read."""
ETHERTYPES = {0x0800: Content.IPV4, 0x86DD: Content.IPV6, 0x0806: Content.ARP}
VLAN, MAC_PAIR = 0x8100, 12
IPV4_HEADER, IPV6_HEADER = 20, 40
ARP_OCTETS = 28
ARP_BEGIN = 0x00010800
"""Of Ethernet, for IPv4."""

_CONTENT = np.full(1 << 16, Content.OTHER_PPP, np.uint8)
_CONTENT[CONTROL:] = Content.PPP_CONTROL
for _number, _content in CONTENTS.items():
    _CONTENT[_number] = _content


@dataclass(slots=True)
class Place:
    """What data rows carry. *Shape*: every column (n,)."""

    content: Octet
    at: Int64s
    """Where the IP header begins; elsewhere it says nothing."""
    size: Int64s
    """Octets from there on, as the headers around it say."""
    there: Int64s
    """How many of them were captured."""


def locate(frames: Frames, views: Views, rows: Int64s) -> Place:
    """What each data row carries."""
    every = len(rows) == len(frames)  # then nothing is to be picked out
    at, size, payload, captured = (
        column if every else column.take(rows) for column in (frames.body, frames.body_octets, frames.payload, frames.payload_captured)
    )
    there = payload + captured
    there -= at
    np.minimum(there, size, out=there)
    short, cut = there < SHORTEST, there < size
    if short.any():
        at = np.where(short, 0, at)  # what lies beyond the capture may lie beyond the buffer
    place = Place(np.full(len(rows), Content.CUT, np.uint8), at, size, there)
    v3 = (frames.kind if every else frames.kind.take(rows)) == Kind.L2TP3_DATA
    if not v3.any():
        place.content, skip = _ppp(views, at)
        place.at, place.size, place.there = at + skip, size - skip, there - skip
    else:
        place.at, place.size = at.copy(), size.copy()
        which = np.flatnonzero(~v3)
        place.content[which], skip = _ppp(views, at[which])
        _advance(place, which, skip)
        _anything(views, place, np.flatnonzero(v3 & ~short))
    place.content[short] = np.where(cut[short], Content.CUT, Content.BROKEN)
    return place


def _ppp(views: Views, at: Int64s) -> tuple[Octet, Int64s | int]:
    """What PPP frames carry, and how long their headers are."""
    begin = views.matrix(at, 4).view(">u4").reshape(-1)
    if (begin == USUAL).all():
        return np.full(len(at), Content.IPV4, np.uint8), 4
    word = begin.astype(np.uint32)
    framed = (word >> 16) == ADDRESS_CONTROL
    protocol = np.where(framed, word & 0xFFFF, word >> 16)
    single = ((protocol >> 8) & 1) == 1
    protocol = np.where(single, protocol >> 8, protocol)
    return _CONTENT.take(protocol), 2 * framed.astype(np.int64) + np.where(single, 1, 2)


def _advance(place: Place, which: Int64s, skip: Int64s | int) -> None:
    """Step over what stands before the content of some rows."""
    place.at[which] += skip
    place.size[which] -= skip
    place.there[which] -= skip


def _anything(views: Views, place: Place, which: Int64s) -> None:
    """Find what begins behind an unknown cookie and sublayer, in place."""
    place.content[which] = Content.OTHER
    for skip in PLACES:
        for reader in (_ethernet, _bare, _in_ppp):
            which = which[place.content[which] == Content.OTHER]
            which = which[place.there[which] >= skip + SHORTEST]
            if len(which):
                reader(views, place, which, skip)


def _ethernet(views: Views, place: Place, which: Int64s, skip: int) -> None:
    which = which[place.there[which] >= skip + MAC_PAIR + SHORTEST]
    at = place.at[which] + skip + MAC_PAIR
    kind = views.u16(at)
    tagged = kind == VLAN
    begin = skip + MAC_PAIR + 2 + 4 * tagged.astype(np.int64)
    tagged &= place.there[which] >= begin + 2
    kind = np.where(tagged, views.u16(np.where(tagged, at + 4, 0)), kind)
    for ethertype, content in ETHERTYPES.items():
        some = kind == ethertype
        if some.any():
            _take(views, place, which[some], begin[some], content, exact=False)


def _bare(views: Views, place: Place, which: Int64s, skip: int) -> None:
    begin = np.full(len(which), skip)
    for content in (Content.IPV4, Content.IPV6):
        _take(views, place, which, begin, content, exact=True)


def _in_ppp(views: Views, place: Place, which: Int64s, skip: int) -> None:
    word = views.matrix(place.at[which] + skip, 4).view(">u4").reshape(-1).astype(np.uint32)
    framed = (word >> 16) == ADDRESS_CONTROL
    protocol = np.where(framed, word & 0xFFFF, word >> 16)
    begin = skip + 2 + 2 * framed.astype(np.int64)
    for number, content in ((0x0021, Content.IPV4), (0x0057, Content.IPV6)):
        some = protocol == number
        if some.any():
            _take(views, place, which[some], begin[some], content, exact=True)
    control = framed & np.isin(protocol, FRAMED_CONTROL)
    place.content[which[control]] = Content.PPP_CONTROL


def _take(views: Views, place: Place, which: Int64s, begin: Int64s, content: Content, *, exact: bool) -> None:
    """Those of some rows in which such a packet begins there, in place; *exact*: with nothing behind it, as there can be in Ethernet."""
    shortest = {Content.IPV4: IPV4_HEADER, Content.IPV6: IPV6_HEADER, Content.ARP: ARP_OCTETS}[content]
    free = (place.content[which] == Content.OTHER) & (place.there[which] >= begin + shortest)
    which, begin = which[free], begin[free]
    at, size = place.at[which] + begin, place.size[which] - begin
    if content is Content.ARP:
        holds = views.matrix(at, 4).view(">u4").reshape(-1) == ARP_BEGIN
    elif content is Content.IPV4:
        holds = _ipv4(views, at, size, place.there[which] - begin, exact=exact)
    else:
        total = IPV6_HEADER + views.u16(at + 4).astype(np.int64)
        holds = (views.u8[at] >> 4 == 6) & ((total == size) if exact else (total <= size))
    place.content[which[holds]] = content
    _advance(place, which[holds], begin[holds])


def _ipv4(views: Views, at: Int64s, size: Int64s, there: Int64s, *, exact: bool) -> Bools:
    """Whether an IPv4 header holds together: version, lengths, checksum (RFC 791 §3.1)."""
    words = views.matrix(at, 60).view(">u2").astype(np.int64).reshape(-1, 30)
    header, total = 4 * (words[:, 0] >> 8 & 15), words[:, 1]
    holds: Bools = (words[:, 0] >> 12 == 4) & (header >= IPV4_HEADER) & (header <= there) & (header <= total)
    holds &= (total == size) if exact else (total <= size)
    total_of = (words * (2 * np.arange(30) < header[:, None])).sum(axis=1)
    total_of = (total_of & 0xFFFF) + (total_of >> 16)
    holds &= (total_of & 0xFFFF) + (total_of >> 16) == 0xFFFF
    return holds
