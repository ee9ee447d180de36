"""Flows: the address and port pairs of which something was proven, bounded in number."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from l2tpscope.frames.window import Bools, Int64s, Words

Keys = NDArray[np.uint64]

MAX_FLOWS = 100_000
TRIM_EVERY = 1 << 17
"""Records between two trims: at record numbers that are a multiple of it, so that the cut into batches changes nothing."""

_NEVER = np.iinfo(np.int64).max
_ODD = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xD6E8FEB86659FD93)


def mix(words: Keys) -> Keys:
    """Spread 64 bits over 64 bits; different words stay different."""
    mixed: Keys = words ^ (words >> np.uint64(32))
    mixed *= _MIX
    mixed ^= mixed >> np.uint64(29)
    mixed *= _ODD
    mixed ^= mixed >> np.uint64(32)
    return mixed


def flow_keys(source: Keys, destination: Keys, source_port: Words, destination_port: Words) -> Keys:
    """One number a flow, the same for both directions.

    *Bias*: of n flows two share a number with a chance of n^2 / 2^65.
    """
    return mix(mix(source) + source_port.astype(np.uint64)) + mix(mix(destination) + destination_port.astype(np.uint64))


class Flows:
    """Since which record a flow is known for what it is.

    When there are too many, those go first whose last proof is the oldest.
    """

    def __init__(self, limit: int = MAX_FLOWS) -> None:
        self.limit = limit
        self._first: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._first)

    def prove(self, keys: Keys, records: Int64s) -> None:
        """Note that these records prove something of their flows. *Shape*: (n,), in the order of the records."""
        first = self._first
        for key, record in zip(keys.tolist(), records.tolist(), strict=True):
            first[key] = first.pop(key, record)

    def known(self, keys: Keys, records: Int64s) -> Bools:
        """Whether a flow was proven in or before each record. *Shape*: (n,)."""
        if not self._first or not len(keys):
            return np.zeros(len(keys), np.bool_)
        different, which = np.unique(keys, return_inverse=True)
        first = np.array([self._first.get(key, _NEVER) for key in different.tolist()], np.int64)
        return first[which] <= records

    def trim(self) -> None:
        """Forget the flows that are too many."""
        surplus = len(self._first) - self.limit
        if surplus > 0:
            for key in [key for key, _ in zip(self._first, range(surplus), strict=False)]:
                del self._first[key]
