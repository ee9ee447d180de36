"""Clock: the time stamps of a pcapng interface, into integer nanoseconds since the epoch.

*Source*: draft-ietf-opsawg-pcapng, Interface Description Block: if_tsresol, if_tsoffset.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Int64s = NDArray[np.int64]

LATEST = (1 << 62) - 1
"""Instants are kept within +-LATEST nanoseconds (1823 to 2116), so that the difference of any two fits an int64."""
SECOND = 1_000_000_000
FARTHEST_OFFSET_S = LATEST // SECOND


class Clock(NamedTuple):
    """How an interface counts time."""

    resolution: int = 6
    """if_tsresol: a negative power of 10, or with its highest bit set, of 2."""
    offset_s: int = 0
    """if_tsoffset."""

    def units(self) -> int:
        """Units in a second."""
        exponent = self.resolution & 0x7F
        return 1 << exponent if self.resolution & 0x80 else int(10**exponent)

    def nanoseconds(self, stamps: NDArray[np.uint64]) -> Int64s:
        """Instants of raw time stamps, rounded down; those beyond LATEST become LATEST.

        *Shape*: (n,). Where a unit is no finer than a nanosecond, the 64 bits are read with their sign: without it such
        stamps would lie beyond the year 2262, while a clock a little before 1970 does occur. Finer ones have no sign to
        spare: 2^-32 s reaches its highest bit in 2038.
        """
        units = self.units()
        offset = max(-FARTHEST_OFFSET_S, min(self.offset_s, FARTHEST_OFFSET_S)) * SECOND
        if SECOND % units == 0:
            return _multiply(stamps.view(np.int64), SECOND // units, offset)
        if units % SECOND == 0 and units < 1 << 64:
            return _add((stamps // np.uint64(units // SECOND)).astype(np.int64), offset)
        if units < 1 << 64:
            return _scale(stamps if units > SECOND else stamps.view(np.int64), units, offset)
        exact = [stamp * SECOND // units + offset for stamp in stamps.tolist()]  # finer than 64 bits can use
        return np.array([max(-LATEST, min(instant, LATEST)) for instant in exact], np.int64)


def _multiply(stamps: Int64s, factor: int, offset: int) -> Int64s:
    lowest, highest = -((LATEST + offset) // factor), (LATEST - offset) // factor
    if len(stamps) and (stamps.min() < lowest or stamps.max() > highest):
        return (stamps.clip(lowest - 1, highest + 1) * factor + offset).clip(-LATEST, LATEST)
    instants = stamps * factor
    if offset:
        instants += offset
    return instants


def _add(instants: Int64s, offset: int) -> Int64s:
    return instants.clip(-LATEST - offset, LATEST - offset) + offset


def _scale(stamps: NDArray[np.int64] | NDArray[np.uint64], units: int, offset: int) -> Int64s:
    """Powers of two finer than 1/512 s: they do not divide a nanosecond count evenly."""
    bits = units.bit_length() - 1
    kind = stamps.dtype.type
    seconds = (stamps >> kind(bits)).astype(np.int64)
    rest = stamps & kind(units - 1)
    # rest * 10^9 >> bits without leaving 64 bits: by the upper and the lower half of the rest.
    half, second = kind(32), kind(SECOND)
    if bits <= 32:
        nanoseconds = rest * second >> kind(bits)
    else:
        nanoseconds = ((rest >> half) * second + ((rest & kind(0xFFFFFFFF)) * second >> half)) >> kind(bits - 32)
    seconds = seconds.clip(1 - 2 * FARTHEST_OFFSET_S, 2 * FARTHEST_OFFSET_S - 1)  # far beyond LATEST, and no overflow below
    return _add(seconds * SECOND + nanoseconds.astype(np.int64), offset)
