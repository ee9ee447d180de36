"""Copies that the capture made: a mirror port that sends both ways, a bridge and its port, the `any` device."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from l2tpscope.frames.window import Bools, Int64s, Octet, Rows, Views

WITHIN_NS = 2_000_000
LAGS = 16
"""How many rows back a copy is looked for."""
LINK, NETWORK = 20, 128
"""How many octets before and from the IP header on are compared."""

_ALTERED = (LINK + 8, LINK + 10, LINK + 11)
"""IPv4: what a router alters on the way: time to live, header checksum."""
_ALTERED_V6 = (LINK + 7,)
"""IPv6: the hop limit."""


@dataclass(slots=True)
class Copies:
    """Columns that tell a copy. *Shape*: (n,); `octets` (n, LINK + NETWORK), made for few rows only."""

    word: NDArray[np.uint64]
    time: Int64s
    length: Int64s
    """Of the datagram."""
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
            np.arange(LAGS, dtype=np.uint64),
            np.full(LAGS, np.iinfo(np.int64).min // 2),
            np.zeros(LAGS, np.int64),
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

    def _matrix(self, views: Views, ip: Int64s, rows: Int64s) -> Octet:
        """The octets around the IP headers of some rows, counted with the kept ones before them."""
        if len(rows) and rows.min() >= LAGS:
            return views.matrix(ip[rows - LAGS] - LINK, LINK + NETWORK)
        octets = np.empty((len(rows), LINK + NETWORK), np.uint8)
        old = rows < LAGS
        octets[old] = self._octets[rows[old]]
        octets[~old] = views.matrix(ip[rows[~old] - LAGS] - LINK, LINK + NETWORK)
        return octets

    def _equal(self, views: Views, ip: Int64s, every: Copies, later: Int64s, earlier: Int64s) -> Bools:
        one, other = self._matrix(views, ip, later), self._matrix(views, ip, earlier)
        differs = one != other
        version = one[:, LINK] >> 4
        hop = np.where(version == 4, differs[:, LINK + 8], differs[:, LINK + 7])
        for columns, number in ((_ALTERED, 4), (_ALTERED_V6, 6)):
            for column in columns:
                differs[:, column] &= version != number
        there = np.minimum(every.captured[later], every.captured[earlier])
        beyond = np.arange(NETWORK) >= there[:, None]
        equal: Bools = ~(differs[:, LINK:] & ~beyond).any(axis=1) & (every.length[later] == every.length[earlier])
        link = np.minimum(every.link[later], every.link[earlier])
        elsewhere: Bools = hop | (differs[:, :LINK] & (np.arange(LINK, 0, -1) <= link[:, None])).any(axis=1)
        elsewhere |= np.minimum(every.link[later], LINK) != np.minimum(every.link[earlier], LINK)
        equal &= every.unique[later] | elsewhere
        return equal

    def _keep(self, views: Views, ip: Int64s, every: Copies) -> None:
        size = len(every.word)
        self._octets = self._matrix(views, ip, np.arange(size - LAGS, size))
        self._last = Copies(*(getattr(every, name)[size - LAGS :].copy() for name in Copies.__slots__))


def copy_word(rows: Rows) -> NDArray[np.uint64]:
    """A number that copies share and other datagrams hardly: lengths, identification, checksum or sequence number."""
    word: NDArray[np.uint64] = rows["total_id"].astype(np.uint64) << np.uint64(32)
    word |= rows["after_ports"]
    return word
