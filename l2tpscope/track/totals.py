"""Totals: packets, octets, first and last time of many series, and their bins of throughput; a few vector operations a batch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from l2tpscope.track.bins import Bins
from l2tpscope.track.flows import grown, picked_rows

Int64s = NDArray[np.int64]

_LATE, _EARLY = np.iinfo(np.int64).max, np.iinfo(np.int64).min


class Totals:
    """Sums per series, numbered from 0. *Shape*: every column (series or more,)."""

    def __init__(self) -> None:
        self.packets = np.zeros(64, np.int64)
        self.octets = np.zeros(64, np.int64)
        self.first = np.full(64, _LATE)
        self.last = np.full(64, _EARLY)
        self.bins = Bins()

    def grow(self, size: int) -> None:
        """Make room for *size* series."""
        old = len(self.packets)
        if size > old:
            for name in ("packets", "octets", "first", "last"):
                setattr(self, name, grown(getattr(self, name), size))
            self.first[old:] = _LATE
            self.last[old:] = _EARLY

    def add(self, series: NDArray[np.integer], time: Int64s, octets: Int64s, wire: Int64s) -> None:
        """Take rows of series there is room for; *octets* are those of the series, *wire* those for its bins.

        *Shape*: all (n,).
        """
        self.packets += np.bincount(series, minlength=len(self.packets))
        self.octets += np.bincount(series, octets, len(self.octets)).astype(np.int64)
        if bool((time[1:] >= time[:-1]).all()):
            self._span(series, time)
        else:
            np.minimum.at(self.first, series, time)
            np.maximum.at(self.last, series, time)
        self.bins.add(series.astype(np.int64, copy=False), time, wire)

    def add_grouped(self, starts: Int64s, groups: Int64s, time: Int64s, octets: Int64s) -> None:
        """As `add`, without bins, for rows that stand together by series: where each group starts, and whose it is.

        *Shape*: (groups,) twice, (n,) twice; n > 0.
        """
        self.packets[groups] += np.diff(np.append(starts, len(time)))
        self.octets[groups] += np.add.reduceat(octets, starts)
        self.first[groups] = np.minimum(self.first[groups], np.minimum.reduceat(time, starts))
        self.last[groups] = np.maximum(self.last[groups], np.maximum.reduceat(time, starts))

    def keep(self, which: Int64s) -> None:
        """Forget all series but these, which get the numbers from 0 on. *Shape*: (kept,), ascending."""
        for name, fill in (("packets", 0), ("octets", 0), ("first", _LATE), ("last", _EARLY)):
            setattr(self, name, picked_rows(getattr(self, name), which, fill))
        self.bins.keep(which)

    def seen(self, number: int) -> bool:
        """Whether a series has any packet."""
        return number < len(self.packets) and bool(self.packets[number])

    def _span(self, series: NDArray[np.integer], time: Int64s) -> None:
        """First and last time of rows that are in the order of time: the last assignment to an index wins."""
        seen = np.full(len(self.last), _EARLY)
        seen[series] = time
        np.maximum(self.last, seen, out=self.last)
        seen.fill(_LATE)
        seen[series[::-1]] = time[::-1]
        np.minimum(self.first, seen, out=self.first)
