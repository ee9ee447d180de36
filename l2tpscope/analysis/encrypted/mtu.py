"""mtu: the largest IP packet inside the tunnel, from the largest ESP packets.

A plateau, many packets of one largest length, is where a TCP segment or a fragment is full. Both directions must agree; a single
application's datagrams rarely have the same length both ways. The cipher's padding and the lengths of the L2TP and PPP
headers leave a range. Only for transport mode, which short packets prove.
"""

from __future__ import annotations

from l2tpscope.analysis.encrypted.cipher import Cipher, sizes_of
from l2tpscope.analysis.encrypted.lengths import UDP_HEADER
from l2tpscope.analysis.encrypted.result import Numbers, about_esp
from l2tpscope.analysis.encrypted.tiny import largest
from l2tpscope.analysis.rows import InferenceRow
from l2tpscope.model.esp import EspPair, EspSeries

LEAST_PACKETS, LEAST_SHARE = 10, 0.01
LEAST_INNER = 1200
"""Octets: no tunnel is made for less (RFC 8200 §5 wants 1280)."""
HEADERS_LEAST, HEADERS_MOST = 6 + 1, 8 + 4
"""L2TP without and with Length, PPP with its protocol in one octet and with address and control."""
ETHERNET = 1500


def mtu_row(pairs: list[EspPair], cipher: Cipher | None, numbers: Numbers) -> InferenceRow | None:
    """The row of one connection; None: no plateau."""
    if cipher is None or cipher.grade not in ("certain", "likely") or len({(one.iv, one.icv) for one in cipher.transforms}) > 1:
        return None
    for pair in pairs:
        here, there = pair.to[False], pair.to[True]
        if here is None or there is None or not sizes_of([here]) or not sizes_of([there]):
            continue
        if here.encapsulation == "tcp":
            continue  # a stream: what it carries need not fit a datagram
        if min(sizes_of([here])) > largest(cipher) or min(sizes_of([there])) > largest(cipher):
            continue  # nothing is as short as L2TP's control messages in transport mode: it may be tunnel mode
        top = max(here.sizes, default=0)
        if top != max(there.sizes, default=-1) or not all(_plateau(one, top) for one in (here, there)):
            continue
        least, most = (plain - UDP_HEADER for plain in cipher.transforms[0].plain(top))
        low, high = least - HEADERS_MOST, most - HEADERS_LEAST
        if low < LEAST_INNER:
            continue
        outer = (20 if len(here.receiver.address) == 4 else 40) + (8 if here.encapsulation == "udp" else 0) + top
        return about_esp(
            numbers,
            pair,
            here,
            inference="mtu",
            value=f"IP packets inside are at most {low} to {high} octets"
            + (f"; the outer ones have {outer} and do not fit {ETHERNET} unfragmented" if outer > ETHERNET else ""),
            grade="likely",
            rule=f"the largest ESP packets have {top} octets, {here.sizes[top]} to the responder and {there.sizes[top]} to the initiator"
            f" (IP packets of {outer}); {cipher.transforms[0].name}",
            against="an application that sends datagrams of one length both ways",
        )
    return None


def _plateau(series: EspSeries, top: int) -> bool:
    count = series.sizes.get(top, 0)
    return count >= LEAST_PACKETS and count >= LEAST_SHARE * series.packets
