"""inner_numbers: TCP segments as columns, and their numbers unwrapped, carried from batch to batch.

Per flow (one direction), numbers are unwrapped by the step from segment to segment; where a new SYN comes, or a step is wider than
any window, they begin anew.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from l2tpscope.frames.window import Bools, Int64s, Octet
from l2tpscope.track.flows import grown

FIN, SYN, RST, ACK = 1, 2, 4, 16
FAR = 1 << 24
"""A step between numbers that is wider, without a SYN, is that of another connection, or of a long hole in the capture."""
SPAN = 40
HIGHEST = (1 << SPAN) - 1


@dataclass(slots=True)
class Segments:
    """TCP segments, those of a flow together, in the order of the capture within it. *Shape*: all (n,)."""

    flow: Int64s
    number: Int64s
    acknowledged: Int64s
    flags: Octet
    payload: Int64s
    row: Int64s
    """In `Frames`: orders them."""
    packet: Int64s
    """In `InnerPackets`."""

    def __len__(self) -> int:
        return len(self.flow)

    def some(self, which: Int64s | Bools) -> Segments:
        """Some of them."""
        return Segments(*(getattr(self, column.name)[which] for column in fields(self)))


@dataclass(slots=True)
class Runs:
    """Numbers of rows, unwrapped. A run is a stretch of a flow's rows in which they do not begin anew.

    *Shape*: (n,), but for `floor`: (runs,).
    """

    number: Int64s
    """Relative to the begin of the run, which may lie in an earlier batch."""
    before: Int64s
    """The highest so far, without the row itself."""
    run: Int64s
    fresh: Bools
    """The row begins numbers anew."""
    level: Int64s
    """`run << SPAN` and how far the highest, with the row itself, lies above the run's floor: ascending."""
    floor: Int64s
    """The highest before the run's first row here."""


class Numbers:
    """Sequence or acknowledgement numbers of flows, carried from batch to batch."""

    def __init__(self) -> None:
        self._met = np.zeros(64, np.bool_)
        self._last = np.zeros(64, np.int64)
        """On the wire."""
        self._number = np.zeros(64, np.int64)
        self._highest = np.zeros(64, np.int64)

    def feed(self, flow: Int64s, starts: Int64s, number: Int64s, length: Int64s | None, anew: Int64s) -> Runs:
        """Take rows of flows, grouped; *length*: how many numbers each occupies; *anew*: where they begin anew for certain."""
        flows = flow[starts]
        for name in ("_met", "_last", "_number", "_highest"):
            setattr(self, name, grown(getattr(self, name), int(flows[-1]) + 1))
        step = np.empty_like(number)
        step[0] = 0
        np.subtract(number[1:], number[:-1], out=step[1:])
        step[starts] = number[starts] - self._last[flows]
        step = signed(step)
        fresh = np.abs(step) > FAR
        fresh[anew] = True
        fresh[starts] |= ~self._met[flows]
        step[fresh] = 0
        base = fresh.copy()
        base[starts] = True
        begins = np.flatnonzero(base)
        sizes = np.diff(np.append(begins, len(number)))
        carried, owners = ~fresh[begins], flow[begins]
        total = np.cumsum(step)
        offset = np.where(carried, self._number[owners] + step[begins], 0) - total[begins]
        total += np.repeat(offset, sizes)
        floor = np.where(carried, self._highest[owners], total[begins])
        height = total - np.repeat(floor, sizes)
        if length is not None:
            height += length
        run = np.repeat(np.arange(len(begins)), sizes)
        level = run << SPAN
        np.clip(height, 0, HIGHEST, out=height)
        height += level
        np.maximum.accumulate(height, out=height)
        highest = height - level
        highest += np.repeat(floor, sizes)
        before = np.empty_like(highest)
        before[1:] = highest[:-1]
        before[begins] = floor
        last = np.append(starts[1:], len(number)) - 1
        self._met[flows] = True
        self._last[flows], self._number[flows], self._highest[flows] = number[last], total[last], highest[last]
        return Runs(total, before, run, fresh, height, floor)


def signed(difference: Int64s) -> Int64s:
    """The shorter way round between numbers of 32 bits."""
    result: Int64s = ((difference + (1 << 31)) & 0xFFFFFFFF) - (1 << 31)
    return result


def starts_of(flow: Int64s) -> Int64s:
    """Where each flow's rows start."""
    starts: Int64s = np.flatnonzero(np.append(True, flow[1:] != flow[:-1]))
    return starts
