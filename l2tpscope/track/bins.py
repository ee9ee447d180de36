"""Bins: packets and octets per series and time, in bounded memory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from l2tpscope.track.flows import renumbered

Int64s = NDArray[np.int64]

MOST = 1 << 16
"""No more bins than this: when they are more, all become twice as wide."""
WIDTH = 1_000_000_000
"""Of the bins at first, in nanoseconds."""
_SERIES = 24
"""Bits for the number of a series in a packed key; the rest is for the number of the bin."""


class Bins:
    """Sums per (series, bin); a bin begins at a multiple of its width since the epoch.

    The width in the end is the smallest of 1, 2, 4 ... seconds with which all bins fit: it does not depend on how the
    rows were fed.
    """

    def __init__(self) -> None:
        self.width = WIDTH
        self._parts: list[tuple[Int64s, Int64s, Int64s]] = []
        self._rows = 0

    def add(self, series: Int64s, time: Int64s, octets: Int64s) -> None:
        """Take rows. *Shape*: all (n,)."""
        if not len(series):
            return
        first, last, size = int(time.min()) // self.width, int(time.max()) // self.width, int(series.max()) + 1
        number = time // self.width if last > first + 1 else first + (time >= last * self.width) * (last - first)
        if (last - first + 1) * size <= 4 * len(series):
            self._parts.append(_dense((number - first) * size + series, first, size, octets))
        else:
            self._parts.append(_summed((number << _SERIES) | series, np.ones(len(series), np.int64), octets))
        self._rows += len(self._parts[-1][0])
        if self._rows > 2 * MOST:
            self._consolidate()

    def keep(self, which: Int64s) -> None:
        """Forget all series but these, which get the numbers from 0 on. *Shape*: (kept,), ascending."""
        self._consolidate()
        if self._parts:
            key, packets, octets = self._parts[0]
            kept, number = renumbered(which, key & ((1 << _SERIES) - 1))
            self._parts = [((key[kept] >> _SERIES << _SERIES) | number, packets[kept], octets[kept])]
            self._rows = len(number)

    def result(self) -> tuple[Int64s, Int64s, Int64s, Int64s]:
        """Series, begin of the bin (nanoseconds), packets, octets, in the order of time.

        *Shape*: all (bins,).
        """
        self._consolidate()
        if not self._parts:
            empty = np.zeros(0, np.int64)
            return empty, empty, empty, empty
        key, packets, octets = self._parts[0]
        return key & ((1 << _SERIES) - 1), (key >> _SERIES) * self.width, packets, octets

    def _consolidate(self) -> None:
        if not self._parts:
            return
        key, packets, octets = (np.concatenate(column) for column in zip(*self._parts, strict=True))
        merged = _summed(key, packets, octets)
        while len(merged[0]) > MOST and self.width < WIDTH << 20:
            self.width *= 2
            series = merged[0] & ((1 << _SERIES) - 1)
            merged = _summed((merged[0] >> _SERIES >> 1 << _SERIES) | series, merged[1], merged[2])
        self._parts = [merged]
        self._rows = len(merged[0])


def _dense(cell: Int64s, first: int, size: int, octets: Int64s) -> tuple[Int64s, Int64s, Int64s]:
    """As `_summed`, for rows of few bins and series: *cell* is bin * size + series, bins counted from *first*."""
    packets = np.bincount(cell)
    used = np.flatnonzero(packets)
    key = ((used // size + first) << _SERIES) | used % size
    return key, packets[used], np.bincount(cell, octets)[used].astype(np.int64)


def _summed(key: Int64s, packets: Int64s, octets: Int64s) -> tuple[Int64s, Int64s, Int64s]:
    """One row a key, in the order of the keys."""
    if len(key) and bool((key[1:] == key[:-1]).all()):
        return key[:1], packets.sum(keepdims=True), octets.sum(keepdims=True)
    distinct, inverse = np.unique(key, return_inverse=True)
    size = len(distinct)
    return (
        distinct,
        np.bincount(inverse, packets, size).astype(np.int64),
        np.bincount(inverse, octets, size).astype(np.int64),
    )
