"""Copies that the capture made: a mirror port that sends both ways, a bridge and its port, the `any` device."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from l2tpscope.frames.columns import Kind
from l2tpscope.frames.headers import Fields, Ids
from l2tpscope.frames.network import Packets
from l2tpscope.frames.table import Origin
from l2tpscope.frames.window import Bools, Int64s, Octet, Views

WITHIN_NS = 2_000_000
LAGS = 16
"""How many rows back a copy is looked for."""
LINK, NETWORK = 20, 128
"""How many octets before and from the IP header on are compared."""

_SPREAD = np.uint32(0x9E3779B1)
_HOPS = {4: 8, 6: 7}
_ALTERED = {4: (8, 10, 11), 6: (7,)}
"""By IP version, the octets that a router alters on the way: time to live or hop limit, header checksum."""


@dataclass(slots=True)
class Copies:
    """Columns that tell a copy. *Shape*: (n,); `octets` (n, LINK + NETWORK), made for few rows only."""

    word: Ids
    """Equal in copies and hardly ever in other datagrams: lengths, identification, checksum, source, ports, ids, number."""
    time: Int64s
    captured: Int64s
    """How much of it is there."""
    link: Int64s
    """How many octets of its frame stand before it."""
    unique: Bools
    """Whether it carries a number that its sender does not use twice within `WITHIN_NS`."""


class DuplicateFinder:
    """Marks rows that repeat one of the 16 rows before them, at most 2 ms later.

    Equal are all octets from the IP header on, as far as both were captured and up to 128, but for what a router
    alters. A retransmission is another datagram: its IP identification differs, or it comes later than 2 ms.

    *Bias*: a datagram without any number of its own (no IPv4 identification, no sequence number: IPv6 data of L2TP
    without S bit) may rightly be sent twice in a row; its repetition counts as a copy only where the link header or the
    hop limit differs. So a mirror port that repeats such data unaltered goes unnoticed, and a copy that the network
    made at once counts as the capture's.
    """

    def __init__(self) -> None:
        self._last = Copies(
            np.arange(LAGS, dtype=np.uint32),
            np.full(LAGS, np.iinfo(np.int64).min // 2),
            np.zeros(LAGS, np.int64),
            np.zeros(LAGS, np.int64),
            np.zeros(LAGS, np.bool_),
        )
        self._octets = np.zeros((LAGS, LINK + NETWORK), np.uint8)

    def mark(self, views: Views, ip: Int64s, rows: Copies) -> Bools:
        """Which rows are copies; they follow the rows of the call before. *Shape*: (n,)."""
        size = len(ip)
        every = Copies(*(np.concatenate([getattr(self._last, name), getattr(rows, name)]) for name in Copies.__slots__))
        copy = np.zeros(size, np.bool_)
        word, time = every.word, every.time
        for lag in range(1, LAGS + 1):
            same = np.flatnonzero(word[LAGS - lag : LAGS - lag + size] == rows.word)
            if not len(same):
                continue
            delay = rows.time[same] - time[same + LAGS - lag]
            same = same[(delay >= 0) & (delay <= WITHIN_NS) & ~copy[same]]
            if len(same):
                copy[same] = self._equal(views, ip, every, same + LAGS, same + LAGS - lag)
        self._keep(views, ip, every)
        return copy

    def _equal(self, views: Views, ip: Int64s, every: Copies, later: Int64s, earlier: Int64s) -> Bools:
        """Whether rows, counted with the kept ones before them, are copies of others. *Shape*: (n,)."""
        one, other = self._network(views, ip, later), self._network(views, ip, earlier)
        differs = one != other
        version = one[:, 0] >> 4
        hop = np.where(version == 4, differs[:, _HOPS[4]], differs[:, _HOPS[6]])
        for number, columns in _ALTERED.items():
            for column in columns:
                differs[:, column] &= version != number
        there = np.minimum(every.captured[later], every.captured[earlier])
        differs &= np.arange(NETWORK) < there[:, None]
        equal: Bools = ~differs.any(axis=1)
        unsure = np.flatnonzero(equal & ~every.unique[later] & ~hop)
        if len(unsure):
            equal[unsure] = self._other_link(views, ip, every, later[unsure], earlier[unsure])
        return equal

    def _other_link(self, views: Views, ip: Int64s, every: Copies, later: Int64s, earlier: Int64s) -> Bools:
        """Whether what stands before the IP header differs. *Shape*: (n,)."""
        octets = np.minimum(every.link[later], LINK), np.minimum(every.link[earlier], LINK)
        differs = self._link(views, ip, later) != self._link(views, ip, earlier)
        differs &= np.arange(LINK, 0, -1) <= octets[0][:, None]
        other: Bools = differs.any(axis=1) | (octets[0] != octets[1])
        return other

    def _network(self, views: Views, ip: Int64s, rows: Int64s) -> Octet:
        """The octets from the IP headers on. *Shape*: (n, NETWORK)."""
        octets = views.matrix(ip[np.maximum(rows - LAGS, 0)], NETWORK)
        old = np.flatnonzero(rows < LAGS)
        if len(old):
            octets[old] = self._octets[rows[old], LINK:]
        return octets

    def _link(self, views: Views, ip: Int64s, rows: Int64s) -> Octet:
        """The octets before the IP headers; what lies before the buffer reads as its first octet. *Shape*: (n, LINK)."""
        before = np.arange(LINK, 0, -1)
        octets: Octet = views.u8[np.maximum(ip[np.maximum(rows - LAGS, 0)][:, None] - before, 0)]
        old = np.flatnonzero(rows < LAGS)
        octets[old] = self._octets[rows[old], :LINK]
        return octets

    def _keep(self, views: Views, ip: Int64s, every: Copies) -> None:
        last = np.arange(len(every.word) - LAGS, len(every.word))
        self._octets = np.concatenate([self._link(views, ip, last), self._network(views, ip, last)], axis=1)
        self._last = Copies(*(getattr(every, name)[last] for name in Copies.__slots__))


def copies_of(packets: Packets, fields: Fields, kinds: Octet, origin: Origin, frames_end: int) -> Copies:
    """The columns that tell copies. What begins at *frames_end* or later was put together from fragments: no link is before it.

    A control message without body is no number of its own: acknowledgements repeat.
    """
    rows, octets = packets.rows, packets.end - packets.ip
    unique: Bools = (rows["first"] < 0x60) & (rows["identification"] != 0)
    control = (kinds == Kind.L2TP2_CONTROL) | (kinds == Kind.L2TP3_CONTROL)
    unique |= (fields.ns >= 0) & (~control | (fields.body_octets > 0))
    word: Ids = rows["raw24"] ^ rows["raw30"]  # UDP length and checksum; L2TP Length or ids
    word *= _SPREAD
    word ^= rows["raw34"]  # ids, Ns
    word ^= rows["raw12"]  # source
    word *= _SPREAD
    word ^= rows["raw20"]  # ports
    word *= _SPREAD
    word ^= rows["raw2"]  # total length, identification
    link = packets.ip - origin.begin
    link[packets.ip >= frames_end] = 0
    return Copies(word, origin.time, np.minimum(packets.limit - packets.ip, octets), link, unique)
