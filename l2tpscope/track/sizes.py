"""Sizes: how many packets of each size each series has, in bounded memory."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from l2tpscope.track.flows import renumbered

Int64s = NDArray[np.int64]

MOST = 1 << 17
"""No more pairs of series and size than this: when they are more, the later half of the series keeps its sum alone."""
_SIZE = 20
"""Bits for the size in a packed key; the rest is for the series."""
_LARGEST = (1 << _SIZE) - 1


class Sizes:
    """Packets per (series, size). Which series keep their sizes does not depend on how the rows were fed."""

    def __init__(self) -> None:
        self.series = 1 << 24
        """Those from here on have a sum only, under size 0."""
        self._parts: list[tuple[Int64s, Int64s]] = []
        self._rows = 0

    def add(self, series: Int64s, octets: Int64s) -> None:
        """Take rows. *Shape*: both (n,)."""
        octets = np.minimum(octets, _LARGEST)
        present = np.flatnonzero(np.bincount(octets))
        cells = len(present) * (int(series.max()) + 1)
        if cells <= 8 * len(series):
            index = np.zeros(int(present[-1]) + 1, np.int64)
            index[present] = np.arange(len(present))
            packets = np.bincount(series * len(present) + index.take(octets))
            used = np.flatnonzero(packets)
            part = (used // len(present) << _SIZE) | present.take(used % len(present)), packets.take(used)
        else:
            part = _summed((series << _SIZE) | octets, np.ones(len(series), np.int64))
        self._parts.append(part)
        self._rows += len(part[0])
        if self._rows > 2 * MOST:
            self._consolidate()

    def keep(self, which: Int64s) -> None:
        """Forget all series but these, which get the numbers from 0 on. *Shape*: (kept,), ascending."""
        self._consolidate()
        if self._parts:
            key, packets = self._parts[0]
            kept, number = renumbered(which, key >> _SIZE)
            self._parts = [((number << _SIZE) | (key[kept] & _LARGEST), packets[kept])]
            self._rows = len(number)

    def result(self) -> dict[int, dict[int, int]]:
        """Size to packets, by series."""
        self._consolidate()
        found: dict[int, dict[int, int]] = defaultdict(dict)
        for keys, packets in self._parts:
            for key, count in zip(keys.tolist(), packets.tolist(), strict=True):
                found[key >> _SIZE][key & _LARGEST] = count
        return found

    def _consolidate(self) -> None:
        if not self._parts:
            return
        key, packets = (np.concatenate(column) for column in zip(*self._parts, strict=True))
        merged = self._folded(*_summed(key, packets))
        while len(merged[0]) > MOST and self.series > 1:
            self.series //= 2
            merged = self._folded(*merged)
        self._parts = [merged]
        self._rows = len(merged[0])

    def _folded(self, key: Int64s, packets: Int64s) -> tuple[Int64s, Int64s]:
        late = key >= self.series << _SIZE
        return _summed(np.where(late, key >> _SIZE << _SIZE, key), packets) if late.any() else (key, packets)


def _summed(key: Int64s, packets: Int64s) -> tuple[Int64s, Int64s]:
    """One row a key, in the order of the keys."""
    distinct, inverse = np.unique(key, return_inverse=True)
    return distinct, np.bincount(inverse, packets, len(distinct)).astype(np.int64)
