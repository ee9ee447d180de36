"""Samples: the first, the last and the small packets of many series, as columns in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from l2tpscope.model.esp import Packets
from l2tpscope.track.flows import grouped, grown, picked_rows, renumbered

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


@dataclass(slots=True)
class Grouped:
    """Rows that stand together by series, in the order of the capture within each. *Shape*: (groups,), but for the rows."""

    starts: Int64s
    groups: Int64s
    before: Int64s
    """How many of each series came before these."""
    rows: Packets

    @property
    def counts(self) -> Int64s:
        """How many there are of each series."""
        return np.diff(np.append(self.starts, len(self.rows)))


class Edges:
    """The first and the last EDGE packets of the first MOST_EDGES series: series s has the places from s * EDGE on.

    The last packets among some rows are written down when the next rows come, and only those of series that have fewer than
    EDGE there: of busy series, none.
    """

    def __init__(self) -> None:
        self._head, self._tail = Columns(0), Columns(0)
        self._pending: Grouped | None = None
        self._without: set[int] = set()
        """Series whose first packets were not kept, when there were more of them."""

    def add(self, starts: Int64s, groups: Int64s, before: Int64s, rows: Packets) -> None:
        """Take rows: where each series starts, which it is, how many of it came before."""
        size = min(int(groups[-1]) + 1, MOST_EDGES) * EDGE
        self._head.grow(size)
        self._tail.grow(size)
        new = Grouped(starts, groups, before, rows)
        self._write_heads(new)
        if self._pending is not None:
            busy = groups[new.counts >= EDGE]
            self._write_tails(self._pending, np.flatnonzero(~np.isin(self._pending.groups, busy)))
        self._pending = new

    def finish(self) -> None:
        """Write down what is pending."""
        if self._pending is not None:
            self._write_tails(self._pending, np.arange(len(self._pending.groups)))
            self._pending = None

    def keep(self, which: Int64s) -> None:
        """Forget all series but these, which get the numbers from 0 on. *Shape*: (kept,), ascending."""
        self.finish()
        places = (which[:, None] * EDGE + np.arange(EDGE)).reshape(-1)[: MOST_EDGES * EDGE]
        self._without = set(np.flatnonzero((which >= MOST_EDGES) | np.isin(which, list(self._without))).tolist())
        for columns in (self._head, self._tail):
            columns.of = {name: picked_rows(column, places) for name, column in columns.of.items()}

    def of(self, series: int, packets: int) -> tuple[Packets, Packets] | None:
        """The first and the last packets of a series that has *packets* in all."""
        if series >= MOST_EDGES or series in self._without:
            return None
        begin, size = series * EDGE, min(packets, EDGE)
        last = begin + np.arange(packets - size, packets) % EDGE
        return self._head.at(begin + np.arange(size)), self._tail.at(last)

    def _write_heads(self, new: Grouped) -> None:
        which = np.flatnonzero((new.before < EDGE) & (new.groups < MOST_EDGES))
        if len(which):
            size = np.minimum(new.counts[which], EDGE - new.before[which])
            self._write(self._head, new, which, np.zeros_like(size), size)

    def _write_tails(self, old: Grouped, which: Int64s) -> None:
        which = which[old.groups[which] < MOST_EDGES]
        if len(which):
            counts = old.counts[which]
            size = np.minimum(counts, EDGE)
            self._write(self._tail, old, which, counts - size, size)

    @staticmethod
    def _write(to: Columns, some: Grouped, which: Int64s, skip: Int64s, size: Int64s) -> None:
        """Write *size* rows of some series, beginning *skip* rows behind the first of each."""
        rank = np.arange(int(size.sum())) - np.repeat(np.cumsum(size) - size, size) + np.repeat(skip, size)
        at = np.repeat(some.groups[which] * EDGE, size) + (np.repeat(some.before[which], size) + rank) % EDGE
        to.put(at, picked(some.rows, np.repeat(some.starts[which], size) + rank))


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
        series = series.take(small)
        self._seen = grown(self._seen, int(series[-1]) + 1)
        seen = self._seen.take(series)
        self._seen += np.bincount(series, minlength=len(self._seen))
        wanted = np.flatnonzero(seen < self.each)
        if not len(wanted):
            return
        series, small, seen = series[wanted], small[wanted], seen[wanted]
        begins = np.flatnonzero(np.append(True, series[1:] != series[:-1]))
        rank = np.arange(len(series)) - np.repeat(begins, np.diff(np.append(begins, len(series)))) + seen
        keep = np.flatnonzero(rank < self.each)
        if len(keep):
            self._series.append(series[keep])
            self._rows.append(picked(rows, small[keep]))
            self._kept += len(keep)
        if self._kept > MOST_SMALL:
            self._thin()

    def keep(self, which: Int64s) -> None:
        """Forget all series but these, which get the numbers from 0 on. *Shape*: (kept,), ascending."""
        self._seen = picked_rows(self._seen, which)
        if self._kept:
            kept, number = renumbered(which, np.concatenate(self._series))
            self._series, self._rows = [number], [picked(joined(self._rows), np.flatnonzero(kept))]
            self._kept = len(number)

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
