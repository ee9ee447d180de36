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
        """Instants of raw time stamps, rounded down.

        *Shape*: (n,). The 64 bits are read with their sign: unsigned ones that high lie beyond the year 2262 in any
        resolution in use, while a clock shortly before 1970 does occur. Instants beyond LATEST become LATEST.
        """
        signed = stamps.view(np.int64)
        units = self.units()
        offset = max(-FARTHEST_OFFSET_S, min(self.offset_s, FARTHEST_OFFSET_S)) * SECOND
        if SECOND % units == 0:
            return _multiply(signed, SECOND // units, offset)
        if units % SECOND == 0 and units < 1 << 63:
            return _add(signed // (units // SECOND), offset)
        if units < 1 << 63:
            return _scale(signed, units, offset)
        exact = [int(stamp) * SECOND // units + offset for stamp in signed.tolist()]  # finer than 64 bits can use
        return np.array([max(-LATEST, min(instant, LATEST)) for instant in exact], np.int64)


def _multiply(stamps: Int64s, factor: int, offset: int) -> Int64s:
    lowest, highest = -((LATEST + offset) // factor), (LATEST - offset) // factor
    if len(stamps) and (stamps.min() < lowest or stamps.max() > highest):
        stamps = stamps.clip(lowest, highest)
    instants = stamps * factor
    if offset:
        instants += offset
    return instants


def _add(instants: Int64s, offset: int) -> Int64s:
    return instants.clip(-LATEST - offset, LATEST - offset) + offset


def _scale(stamps: Int64s, units: int, offset: int) -> Int64s:
    """Powers of two finer than 1/512 s: they do not divide a nanosecond count evenly."""
    bits = units.bit_length() - 1
    seconds = stamps >> bits
    rest = stamps & (units - 1)
    # rest * 10^9 >> bits without leaving 64 bits: by the upper and the lower half of the rest.
    upper, lower = rest >> 32, rest & 0xFFFFFFFF
    nanoseconds = rest * SECOND >> bits if bits <= 32 else (upper * SECOND + (lower * SECOND >> 32)) >> (bits - 32)
    seconds = seconds.clip(-2 * FARTHEST_OFFSET_S, 2 * FARTHEST_OFFSET_S)
    return _add(seconds * SECOND + nanoseconds, offset)
