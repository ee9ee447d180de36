"""Samples: the first, the last and the small packets of many series, as columns in bounded memory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from l2tpscope.model.esp import Packets
from l2tpscope.track.flows import grouped, grown

Int64s = NDArray[np.int64]

EDGE = 64
"""Packets kept at either end of a series."""
MOST_EDGES = 4096
"""Series whose ends are kept: the first so many."""
SMALL = 100
"""Octets of a small packet at most."""
MOST_SMALL_EACH = 20_000
"""Small packets of one series that are kept: the first so many; halved until all of them together are at most MOST_SMALL."""
MOST_SMALL = 250_000

COLUMNS = ("time", "octets", "sequence", "capture", "frame")


class Columns:
    """Columns of Packets, each a plain array. *Shape*: all (n,)."""

    def __init__(self, size: int) -> None:
        self.of = {name: np.zeros(size, np.int64) for name in COLUMNS}

    def grow(self, size: int) -> None:
        """Make room for *size* rows."""
        self.of = {name: grown(column, size) for name, column in self.of.items()}

    def put(self, at: Int64s, rows: Packets) -> None:
        """Write rows to places."""
        for name, column in self.of.items():
            column[at] = getattr(rows, name)

    def at(self, which: Int64s) -> Packets:
        """The rows at some places."""
        return Packets(*(self.of[name][which] for name in COLUMNS))


class Edges:
    """The first and the last EDGE packets of the first MOST_EDGES series: series s has the places from s * EDGE on."""

    def __init__(self) -> None:
        self._head, self._tail = Columns(0), Columns(0)

    def add(self, series: Int64s, rank: Int64s, behind: Int64s, rows: Packets) -> None:
        """Take rows: *rank* is how many of their series came before, *behind* how many in these rows come after.

        *Shape*: all (n,), in the order of the capture within each series.
        """
        size = min(int(series.max()) + 1, MOST_EDGES) * EDGE
        self._head.grow(size)
        self._tail.grow(size)
        known = series < MOST_EDGES
        first = np.flatnonzero((rank < EDGE) & known)
        if len(first):
            self._head.put(series[first] * EDGE + rank[first], picked(rows, first))
        last = np.flatnonzero((behind < EDGE) & known)
        self._tail.put(series[last] * EDGE + rank[last] % EDGE, picked(rows, last))

    def of(self, series: int, packets: int) -> tuple[Packets, Packets] | None:
        """The first and the last packets of a series that has *packets* in all."""
        if series >= MOST_EDGES:
            return None
        begin, size = series * EDGE, min(packets, EDGE)
        last = begin + np.arange(packets - size, packets) % EDGE
        return self._head.at(begin + np.arange(size)), self._tail.at(last)


class Small:
    """The small packets of every series, each series' first so many; what is kept does not depend on how rows were fed."""

    def __init__(self) -> None:
        self.each = MOST_SMALL_EACH
        self._seen = np.zeros(64, np.int64)
        self._series: list[Int64s] = []
        self._rows: list[Packets] = []
        self._kept = 0

    def add(self, series: Int64s, rows: Packets) -> None:
        """Take rows, those of a series together and in the order of the capture. *Shape*: (n,)."""
        small = np.flatnonzero(rows.octets <= SMALL)
        if not len(small):
            return
        self._seen = grown(self._seen, int(series.max()) + 1)
        series = series[small]
        begins = np.flatnonzero(np.append(True, series[1:] != series[:-1]))
        counts = np.diff(np.append(begins, len(series)))
        rank = np.arange(len(series)) - np.repeat(begins - self._seen[series[begins]], counts)
        self._seen[series[begins]] += counts
        keep = np.flatnonzero(rank < self.each)
        if len(keep):
            self._series.append(series[keep])
            self._rows.append(picked(rows, small[keep]))
            self._kept += len(keep)
        if self._kept > MOST_SMALL:
            self._thin()

    def _thin(self) -> None:
        """Halve what each series may keep until all together fit."""
        series = np.concatenate(self._series)
        order, starts, _ = grouped(series)
        rank = np.empty(len(series), np.int64)
        rank[order] = np.arange(len(series)) - np.repeat(starts, np.diff(np.append(starts, len(series))))
        while (keep := np.flatnonzero(rank < self.each)).size > MOST_SMALL:
            self.each //= 2
        self._series, self._rows = [series[keep]], [picked(joined(self._rows), keep)]
        self._kept = len(keep)

    def result(self) -> dict[int, Packets]:
        """By series; those without small packets are not there."""
        if not self._kept:
            return {}
        series, rows = np.concatenate(self._series), joined(self._rows)
        order, begins, groups = grouped(series)
        parts = np.split(order, begins[1:])
        return {number: picked(rows, part) for number, part in zip(groups.tolist(), parts, strict=True)}

    def unkept(self, series: int) -> int:
        """Small packets of a series that were seen and not kept."""
        return max(0, int(self._seen[series]) - self.each) if series < len(self._seen) else 0


def picked(rows: Packets, which: Int64s) -> Packets:
    """Some of the rows."""
    return Packets(*(getattr(rows, name).take(which) for name in COLUMNS))


def joined(parts: list[Packets]) -> Packets:
    """All rows of several."""
    return Packets(*(np.concatenate([getattr(part, name) for part in parts]) for name in COLUMNS))
