"""Heads: the first packets of each session of L2TPv3, and the numbers in what may be its sublayer.

Behind the Session ID stand 0, 4 or 8 octets of cookie and, if it was agreed, 4 of an L2-Specific Sublayer, which nothing in
the packet tells (RFC 3931 §4.1). So the first packets of each direction are kept for `analysis/pseudowire.py` to judge, and
numbers are followed at each of the three places where the sublayer can be, as soon as those first packets look like it: what
stands there counts up. Which place was the right one, if any, is concluded afterwards.

*Bias*: numbers that begin only after the first packets are not followed.

      0 1 2 3 4 5 6 7 8                             31
     +-+-+-+-+-+-+-+-+-------------------------------+
     |V|S|B|E|x x x x|        Sequence Number        |    default, ATM: RFC 3931 §4.6, RFC 5085, RFC 4623, RFC 4454 §4.1
     +-+-+-+-+-+-+-+-+---------------+---------------+
     |V|S|  flags    |    Flow ID    | Sequence Nr   |    DOCSIS: MPT and PSP, CM-SP-DEPI, as public captures have it
     +-+-+-+-+-+-+-+-+---------------+---------------+
"""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from l2tpscope.core.serial import delta
from l2tpscope.frames import Frames
from l2tpscope.model.half import Head
from l2tpscope.model.sequence import SequenceCount
from l2tpscope.track.flows import grouped, grown, picked_rows
from l2tpscope.track.sequence import SequenceSpaces

Int64s = NDArray[np.int64]

FIRST = 32
"""Packets of each series that are kept."""
KEPT = 64
"""Octets kept of each."""
MOST = 200_000
"""Packets kept in all."""
PLACES = (0, 4, 8)
"""Octets before a sublayer: lengths of cookies."""
WIDTHS = (24, 16)
"""Bits of the number: of the default sublayer, of DOCSIS's."""
RESERVED, SEQUENCED, NUMBER = 0x0F000000, 0x40000000, 0xFFFFFF
LEAST, STEP, MOSTLY = 8, 100, 0.8
"""Numbers that must be there, the furthest that one may lie above the one before, and the share that must."""
UNDECIDED = -1
Spaces = dict[tuple[int, int], SequenceSpaces]
"""By octets before the sublayer and bits of its number."""


class Heads:
    """Takes rows of L2TPv3 data with the series of each; memory is bounded."""

    def __init__(self) -> None:
        self._seen = np.zeros(64, np.int64)
        self._places = np.full(64, UNDECIDED, np.int64)
        """By series, a bit for each of PLACES where something counts."""
        self._kept: dict[int, list[Head]] = defaultdict(list)
        self._total = 0
        self._spaces = _spaces()

    def feed(self, frames: Frames, rows: Int64s, series: Int64s) -> None:
        """Take rows in the order of the capture. *Shape*: (n,) both."""
        if not len(rows):
            return
        self._grow(int(series.max()) + 1)
        order, starts, groups = grouped(series)
        sizes = np.diff(np.append(starts, len(series)))
        rank = np.empty(len(series), np.int64)
        rank[order] = np.arange(len(series)) - np.repeat(starts, sizes)
        rank += self._seen[series]
        self._seen[groups] += sizes
        for row, number in zip(rows[rank < FIRST].tolist(), series[rank < FIRST].tolist(), strict=True):
            self._keep(frames, row, number)
        later = rank >= FIRST
        self._count(frames, rows[later], series[later])

    def keep(self, which: Int64s) -> None:
        """Forget all series but these, which get the numbers from 0 on. *Shape*: (kept,), ascending."""
        self._seen, self._places = picked_rows(self._seen, which), picked_rows(self._places, which, UNDECIDED)
        new = {old: number for number, old in enumerate(which.tolist())}
        self._kept = defaultdict(list, {new[old]: heads for old, heads in self._kept.items() if old in new})
        self._total = sum(map(len, self._kept.values()))
        for space in self._spaces.values():
            space.keep(which)

    def of(self, series: int) -> list[Head]:
        """The first packets of a series."""
        return self._kept.get(series, [])

    def counts(self, series: int, now: int) -> dict[tuple[int, int], SequenceCount]:
        """By the octets before it and its bits, what the numbers of each possible sublayer say, as of the instant *now*."""
        spaces, number = self._spaces, series
        if series < len(self._places) and self._places[series] == UNDECIDED:
            spaces, number = _spaces(), 0  # of this answer alone: more may come, and decide otherwise
            _count_kept(spaces, number, self.of(series), every=True)
        return {where: space.count(number, now) for where, space in spaces.items() if space.seen(number)}

    def _grow(self, size: int) -> None:
        before = len(self._places)
        self._seen, self._places = grown(self._seen, size), grown(self._places, size)
        self._places[before:] = UNDECIDED

    def _keep(self, frames: Frames, row: int, series: int) -> None:
        kept = self._kept[series]
        if self._total < MOST:
            begin = int(frames.body[row])
            end = min(begin + KEPT, int(frames.payload[row] + frames.payload_captured[row]))
            kept.append(Head(int(frames.time[row]), bytes(frames.octets[begin : max(begin, end)]), int(frames.body_octets[row])))
            self._total += 1
        if len(kept) == FIRST:
            self._begin(series)

    def _begin(self, series: int) -> None:
        """Count the numbers of the packets that were kept, where they look like numbers."""
        self._places[series] = _count_kept(self._spaces, series, self._kept[series], every=False)

    def _count(self, frames: Frames, rows: Int64s, series: Int64s) -> None:
        """Feed the numbers of rows beyond the first ones."""
        places = self._places[series]
        for bit, place in enumerate(PLACES):
            whole = frames.payload[rows] + frames.payload_captured[rows] >= frames.body[rows] + place + 4
            which = np.flatnonzero((places > 0) & ((places >> bit & 1) == 1) & whole & (frames.body_octets[rows] >= place + 4))
            if not len(which):
                continue
            at = frames.body[rows[which]] + place
            octets = np.frombuffer(frames.octets, np.uint8)
            word = octets[at[:, None] + np.arange(4)].view(">u4").reshape(-1).astype(np.int64)
            numbered = (word & (SEQUENCED | RESERVED)) == SEQUENCED
            which = which[numbered]
            if len(which):
                _feed(self._spaces, place, series[which], (word[numbered] & NUMBER, frames.time[rows[which]]))


def _count_kept(spaces: Spaces, series: int, heads: list[Head], *, every: bool) -> int:
    """Count the numbers of packets that were kept, where they look like numbers, or wherever one may be; a bit for each such place."""
    places = 0
    for bit, place in enumerate(PLACES):
        numbers = _numbers(heads, place, every=every)
        if numbers:
            places |= 1 << bit
            columns = np.array(numbers, np.int64)
            _feed(spaces, place, np.full(len(numbers), series), (columns[:, 1], columns[:, 0]))
    return places


def _feed(spaces: Spaces, place: int, series: Int64s, numbered: tuple[Int64s, Int64s]) -> None:
    """Feed numbers and their times to the spaces of a place."""
    numbers, time = numbered
    for bits in WIDTHS:
        spaces[place, bits].feed(series, numbers & (1 << bits) - 1, time)


def _spaces() -> Spaces:
    return {(place, bits): SequenceSpaces(bits) for place in PLACES for bits in WIDTHS}


def sublayer(octets: bytes, place: int) -> int | None:
    """The word there, if it can be an L2-Specific Sublayer: reserved bits clear, no number without the bit S; None if not."""
    if len(octets) < place + 4:
        return None
    word = int.from_bytes(octets[place : place + 4], "big")
    plausible = not word & RESERVED and (word & SEQUENCED or not word & NUMBER)
    return word if plausible else None


def _numbers(heads: list[Head], place: int, *, every: bool) -> list[tuple[int, int]]:
    """Times and numbers of the packets with the bit S; none, if they do not look like numbers that count up."""
    words = [(head.time, sublayer(head.octets, place)) for head in heads]
    found = [(time, word & NUMBER) for time, word in words if word is not None and word & SEQUENCED]
    if every:
        return found
    if len(found) < LEAST or sum(word is not None for _, word in words) < MOSTLY * len(words):
        return []
    return found if any(_count_up([number for _, number in found], bits) for bits in WIDTHS) else []


def _count_up(numbers: list[int], bits: int) -> bool:
    steps = [delta(after, before, bits) for before, after in pairwise(numbers)]
    return sum(0 < one <= STEP for one in steps) >= MOSTLY * len(steps)
