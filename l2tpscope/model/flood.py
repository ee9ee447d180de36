"""Flood: what was only counted because there was too much of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from math import log

import numpy as np
from numpy.typing import NDArray

_CELLS = 1 << 20
MOST_TARGETS = 1000


@dataclass(slots=True)
class Flood:
    """Requests (SCCRQ, or IKE's first message) that nobody answered, beyond the sample that is kept: counted, in memory that does not grow.

    *Bias*: `sources` is an estimate by linear counting (Whang et al. 1990): within 1 % up to 4 million.
    """

    count: int = 0
    first: int = 0
    last: int = 0
    capture: int = 1
    targets: Counter[int] = field(default_factory=Counter)
    """Address keys of responders; the busiest only."""
    forgotten: int = 0
    """Tunnels that were answered but never came up, dropped to bound memory."""
    peak: int = 0
    """Most in one second."""
    _second: int = -1
    _in_second: int = 0
    _cells: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(_CELLS, np.bool_))

    @property
    def sources(self) -> int:
        """How many addresses they came from, about."""
        free = _CELLS - int(np.count_nonzero(self._cells))
        return round(-_CELLS * log(max(1, free) / _CELLS))

    def add(self, time: NDArray[np.int64], source: NDArray[np.uint64], destination: NDArray[np.uint64], capture: int) -> None:
        """Count rows, in the order of the capture. *Shape*: all (n,)."""
        if not self.count:
            self.first, self.capture = int(time[0]), capture
        self.count += len(time)
        self.last = int(time[-1])
        mix = source * np.uint64(0x9E3779B97F4A7C15)
        self._cells[(mix >> np.uint64(44)).astype(np.int64)] = True
        for target, count in zip(*(column.tolist() for column in np.unique(destination, return_counts=True)), strict=True):
            if target in self.targets or len(self.targets) < MOST_TARGETS:
                self.targets[target] += count
        for second, count in zip(*(column.tolist() for column in np.unique(time // 1_000_000_000, return_counts=True)), strict=True):
            self._in_second = self._in_second + count if second == self._second else count
            self._second = second
            self.peak = max(self.peak, self._in_second)
