"""SequenceSpaces: expected, received, duplicate, reordered numbers of many sequence spaces at once.

One class for every space: data Ns (16 bits), the L2-specific sublayer (24), ESP (32). Rows that continue their space cost a
few vector operations; Python touches only gaps, late rows and jumps.

Meaning, per space:

* the *unwrapped* number grows past 2^bits; `highest` is the largest so far;
* a number above `highest + 1` opens a *hole*; a number that falls into a hole was reordered (RFC 4737: it arrived below the
  highest so far) and closes it; a number below `highest` that is in no hole is a *duplicate*;
* a jump of more than `DROPOUT` forward or `MISORDER` back counts only if the next number continues it: then the numbering
  began anew (*restart*, as RFC 3550 A.1); if not, it was a stray and is left out of all counts.

*Bias*: a real loss of more than DROPOUT numbers in a row is taken for a restart and not counted as loss: too few losses,
never invented ones. Source: RFC 3550 A.1 and A.3 (but for its duplicates, which there cancel losses), RFC 4737 §3, §4.2.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from l2tpscope.core.serial import delta
from l2tpscope.model.sequence import SequenceCount
from l2tpscope.track.flows import grouped, grown

Int64s = NDArray[np.int64]

DROPOUT = 3000
MISORDER = 100
MOST_HOLES = 4096
"""Holes of one space that can still be closed; older ones are lost for good."""
MOST_LATENESS = 1024
"""Samples of lateness kept per space."""
HORIZON = 100_000_000
"""A missing number younger than this (nanoseconds) may still come."""
HORIZON_PACKETS = 3
"""So may one after which fewer numbers than this came, until it is `HORIZON_AT_MOST` old."""
HORIZON_AT_MOST = 1_000_000_000

_FAR = np.int64(1) << 40


@dataclass(slots=True)
class Hole:
    """Numbers first to last, missing since `time`, when `arrived` numbers had come, repeats included."""

    first: int
    last: int
    time: int
    arrived: int


@dataclass(slots=True)
class Detail:
    """What a space remembers beyond its columns, made when something irregular happens to it."""

    holes: list[Hole] = field(default_factory=list)
    lateness: list[int] = field(default_factory=list)
    suspect: int | None = None
    """The number after a jump: a restart if it comes next."""
    strays: int = 0
    restarts: int = 0
    extent: int = 0
    wraps: int = 0
    """In the epochs before the present one."""
    below: dict[int, int] = field(default_factory=dict)
    """By replay window: numbers that came late and for the first time, but below it."""
    finished: int = 0
    """Numbers expected in the epochs before the present one."""
    first_base: int | None = None
    """Base of the first epoch, once there is a second."""


class SequenceSpaces:
    """Sequence spaces numbered from 0; `feed` columns of (space, number, time), ask for a `count` at any time."""

    def __init__(self, bits: int, windows: tuple[int, ...] = ()) -> None:
        self.bits = bits
        self._windows = windows
        self._base = np.zeros(64, np.int64)
        self._highest = np.zeros(64, np.int64)
        self._received = np.zeros(64, np.int64)
        self._duplicate = np.zeros(64, np.int64)
        self._reordered = np.zeros(64, np.int64)
        self._details: dict[int, Detail] = {}
        self._jumping: set[int] = set()
        """Spaces that end on a suspect."""

    def feed(self, space: NDArray[np.integer], number: Int64s, time: Int64s) -> None:
        """Take rows in the order of the capture.

        *Shape*: all (n,). *Units*: `number` as on the wire, `time` nanoseconds.
        """
        if not len(space):
            return
        self._grow(int(space.max()) + 1)
        order, starts, spaces = grouped(space)
        number, time = number[order], time[order]
        counts = np.diff(np.append(starts, len(order)))
        self._begin(spaces, number[starts])
        group = np.repeat(np.arange(len(spaces)), counts)
        extended = self._unwrapped(number, starts, counts, spaces)
        advance, highest_after = self._advance(extended, starts, group, spaces)
        wild = self._wild(advance, starts, spaces)
        regular = ~wild[group]
        arrived = (self._received + self._duplicate)[spaces] - starts + 1
        self._take_regular(spaces[~wild], counts[~wild], highest_after[(starts + counts - 1)[~wild]])
        for row in np.flatnonzero(regular & ((advance > 1) | (advance <= 0))).tolist():
            index = group[row]
            self._irregular(int(spaces[index]), int(extended[row]), int(advance[row]), int(time[row]), int(arrived[index]) + row)
        for index in np.flatnonzero(wild).tolist():
            rows = range(int(starts[index]), int(starts[index] + counts[index]))
            for row in rows:
                self._step(int(spaces[index]), int(number[row]), int(time[row]))

    def seen(self, space: int) -> bool:
        """Whether any number came."""
        return space < len(self._received) and bool(self._received[space])

    def count(self, space: int, now: int) -> SequenceCount:
        """Counts as of the instant *now* (nanoseconds)."""
        base, highest, received = (int(column[space]) for column in (self._base, self._highest, self._received))
        detail = self._details.get(space) or Detail()
        expected = highest - base + 1 + detail.finished
        arrived = received + int(self._duplicate[space])
        horizon = max(HORIZON, int(np.quantile(detail.lateness, 0.99)) if detail.lateness else 0)
        pending = 0
        for hole in detail.holes:
            age = now - hole.time
            if age < horizon or (age < HORIZON_AT_MOST and arrived - hole.arrived < HORIZON_PACKETS):
                pending += hole.last - hole.first + 1
        return SequenceCount(
            expected=expected,
            received=received,
            lost=expected - received - pending,
            duplicate=int(self._duplicate[space]),
            reordered=int(self._reordered[space]),
            pending=pending,
            max_reorder_extent=detail.extent,
            restarts=detail.restarts,
            strays=detail.strays + (detail.suspect is not None),
            first_number=(base if detail.first_base is None else detail.first_base) & ((1 << self.bits) - 1),
        )

    def highest(self, space: int) -> int:
        """The highest number of the present epoch, as on the wire."""
        return int(self._highest[space]) & ((1 << self.bits) - 1)

    def wraps(self, space: int) -> int:
        """How often the numbers went past 2^bits and on."""
        earlier = self._details[space].wraps if space in self._details else 0
        return earlier + (int(self._highest[space]) >> self.bits) - (int(self._base[space]) >> self.bits)

    def would_drop(self, space: int) -> dict[int, int]:
        """By replay window: the rows that a receiver would drop (RFC 4303 §3.4.3), repeats and numbers below the window."""
        late = self._details[space].below if space in self._details else {}
        return {window: int(self._duplicate[space]) + late.get(window, 0) for window in self._windows}

    # ---- columns -------------------------------------------------------------------------------------------------

    def _grow(self, size: int) -> None:
        for name in ("_base", "_highest", "_received", "_duplicate", "_reordered"):
            setattr(self, name, grown(getattr(self, name), size))

    def _begin(self, spaces: Int64s, first: Int64s) -> None:
        """Spaces met for the first time begin just below their first number."""
        new = self._received[spaces] == 0
        self._base[spaces[new]] = first[new]
        self._highest[spaces[new]] = first[new] - 1

    def _unwrapped(self, number: Int64s, starts: Int64s, counts: Int64s, spaces: Int64s) -> Int64s:
        """Each number nearest to the one before it in its space; the first nearest to the highest so far."""
        half, mask = 1 << (self.bits - 1), (1 << self.bits) - 1
        before = np.empty_like(number)
        before[1:] = number[:-1]
        carried = self._highest[spaces]
        before[starts] = carried
        step = ((number - before + half) & mask) - half
        total = np.cumsum(step)
        extended: Int64s = total + np.repeat(carried - (total[starts] - step[starts]), counts)
        return extended

    def _advance(self, extended: Int64s, starts: Int64s, group: Int64s, spaces: Int64s) -> tuple[Int64s, Int64s]:
        """How far each number lies above the highest before it; the highest after it."""
        carried = self._highest[spaces][group]
        floor = group * _FAR
        relative = np.clip(extended - carried, -(_FAR >> 1), _FAR - 1) + floor
        running = np.maximum.accumulate(np.maximum(relative, floor))
        before = np.empty_like(running)
        before[1:] = running[:-1]
        before[starts] = floor[starts]
        return relative - before, running - floor + carried

    def _wild(self, advance: Int64s, starts: Int64s, spaces: Int64s) -> NDArray[np.bool_]:
        """Spaces with a jump, or in the middle of one: to be walked row by row."""
        wild: NDArray[np.bool_] = (np.maximum.reduceat(advance, starts) > DROPOUT) | (np.minimum.reduceat(advance, starts) < -MISORDER)
        if self._jumping:
            wild |= np.isin(spaces, np.fromiter(self._jumping, np.int64))
        return wild

    def _take_regular(self, spaces: Int64s, counts: Int64s, highest: Int64s) -> None:
        self._received[spaces] += counts
        self._highest[spaces] = highest

    # ---- rows that need a thought --------------------------------------------------------------------------------

    def _irregular(self, space: int, extended: int, advance: int, time: int, arrived: int) -> None:
        """A row, already counted as received, that opened a hole or came late; the *arrived*-th row of its space."""
        detail = self._details.setdefault(space, Detail())
        if advance > 1:
            detail.holes.append(Hole(extended - advance + 1, extended - 1, time, arrived))
            if len(detail.holes) > MOST_HOLES:
                del detail.holes[: MOST_HOLES // 4]
        else:
            self._late(space, detail, Hole(extended, extended, time, arrived), -advance)

    def _late(self, space: int, detail: Detail, came: Hole, below: int) -> None:
        """A number at or below the highest: it closes a hole, lies before all that was seen, or came before."""
        extended, base = came.first, int(self._base[space])
        since = self._close(detail, extended)
        if since is None and extended < base:
            if extended + 1 < base:
                detail.holes.insert(0, Hole(extended + 1, base - 1, came.time, came.arrived))
            self._base[space] = extended
            since = came.time
        if since is None:
            self._duplicate[space] += 1
            self._received[space] -= 1
            return
        self._reordered[space] += 1
        for window in self._windows:
            if below >= window:
                detail.below[window] = detail.below.get(window, 0) + 1
        detail.extent = max(detail.extent, below)
        if len(detail.lateness) < MOST_LATENESS:
            detail.lateness.append(max(0, came.time - since))

    def _close(self, detail: Detail, extended: int) -> int | None:
        """Take the number out of its hole; since when it was missing, or None if it was in no hole."""
        at = bisect_right(detail.holes, extended, key=lambda hole: hole.first) - 1
        if at < 0 or extended > detail.holes[at].last:
            return None
        hole = detail.holes[at]
        rest = [
            Hole(first, last, hole.time, hole.arrived)
            for first, last in ((hole.first, extended - 1), (extended + 1, hole.last))
            if first <= last
        ]
        detail.holes[at : at + 1] = rest
        return hole.time

    def _step(self, space: int, number: int, time: int) -> None:
        """One row of a space that jumps."""
        detail = self._details.setdefault(space, Detail())
        highest = int(self._highest[space])
        advance = delta(number, highest, self.bits)
        mask = (1 << self.bits) - 1
        if -MISORDER <= advance <= DROPOUT:
            detail.strays += detail.suspect is not None
            detail.suspect = None
            self._received[space] += 1
            self._highest[space] = max(highest, highest + advance)
            if advance != 1:
                self._irregular(space, highest + advance, advance, time, int(self._received[space] + self._duplicate[space]))
        elif detail.suspect is not None and number == (detail.suspect + 1) & mask:
            self._restart(space, detail, number)
        else:
            detail.strays += detail.suspect is not None
            detail.suspect = number
        (self._jumping.discard if detail.suspect is None else self._jumping.add)(space)

    def _restart(self, space: int, detail: Detail, number: int) -> None:
        """A new epoch, begun by the suspect and confirmed by *number*."""
        if detail.first_base is None:
            detail.first_base = int(self._base[space])
        detail.finished += int(self._highest[space] - self._base[space]) + 1
        detail.restarts += 1
        detail.wraps += (int(self._highest[space]) >> self.bits) - (int(self._base[space]) >> self.bits)
        detail.holes.clear()
        detail.suspect = None
        self._base[space] = number - 1
        self._highest[space] = number
        self._received[space] += 2
