"""SequenceSpaces: expected, received, duplicate, reordered numbers of many sequence spaces at once.

One class for every space: data Ns (16 bits), the L2-specific sublayer (24), ESP (32). Rows that continue their space cost a
few vector operations; Python touches only gaps, late rows and jumps.

Meaning, per space:

* the *unwrapped* number grows past 2^bits; `highest` is the largest so far;
* a number above `highest + 1` opens a *hole*; a number that falls into a hole was reordered (RFC 4737: it arrived below the
  highest so far) and closes it; a number below `highest` that is in no hole is a *duplicate*;
* a jump of more than `DROPOUT` forward or `misorder` back counts only if the next number continues it: then the numbering
  began anew (*restart*, as RFC 3550 A.1); if not, it was a stray and is left out of all counts, or, where it had been seen
  before, a duplicate;
* 32 bits (ESP) pass thousands of numbers in an outage: there a jump forward is loss as long as `FACTOR` times the rate so far
  over the time since the last number explains it; and an old run of numbers after which the numbering goes on from where it
  was is a replay, not a restart: its numbers are duplicates.

*Bias*: a real loss of more numbers in a row than that is taken for a restart and not counted as loss: too few losses,
never invented ones. Source: RFC 3550 A.1 and A.3 (but for its duplicates, which there cancel losses), RFC 4737 §3, §4.2.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from l2tpscope.core.serial import delta
from l2tpscope.model.sequence import Missed, SequenceCount
from l2tpscope.track.flows import grouped, grown, picked_rows
from l2tpscope.track.holes import Detail, Epoch, Hole, close, hole_of
from l2tpscope.track.misses import Misses

Int64s = NDArray[np.int64]

DROPOUT = 3000
MISORDER, MISORDER_32 = 100, 1024
"""For spaces of fewer bits, and of 32: there the largest replay window in use."""
FACTOR = 4
MOST_REPLAYED = 4096
"""Numbers after which a new epoch within an old one is no replay any more."""
STRIDE, WALKED = 4096, 256
"""Rows of a space with jumps: so many at a time in columns, and so many one by one after a stride that came not far."""
MOST_HOLES = 4096
"""Holes of one space that can still be closed; older ones are lost for good."""
MOST_LATENESS = 1024
"""Samples of lateness kept per space."""
HORIZON = 100_000_000
"""A missing number younger than this (nanoseconds) may still come."""
HORIZON_PACKETS = 3
"""So may one after which fewer numbers than this came, until it is `HORIZON_AT_MOST` old."""
HORIZON_AT_MOST = 1_000_000_000

BEHIND = 64
"""Numbers below the highest: what comes again so late was not copied on its way."""

_FAR = np.int64(1) << 40
COLUMNS = ("_base", "_highest", "_received", "_duplicate", "_reordered", "_outside", "_began", "_latest")
"""Of every space."""


class SequenceSpaces:
    """Sequence spaces numbered from 0; `feed` columns of (space, number, time), ask for a `count` at any time."""

    def __init__(self, bits: int, windows: tuple[int, ...] = ()) -> None:
        self.bits = bits
        self._windows = windows
        self._misorder = MISORDER if bits < 32 else MISORDER_32
        self._began = np.zeros(64, np.int64)
        self._latest = np.zeros(64, np.int64)
        """Times of the first number of each space, and of the last that fitted."""
        self._base = np.zeros(64, np.int64)
        self._highest = np.zeros(64, np.int64)
        self._received = np.zeros(64, np.int64)
        self._duplicate = np.zeros(64, np.int64)
        self._reordered = np.zeros(64, np.int64)
        self._outside = np.zeros(64, np.int64)
        """Numbers so far below the first that nobody can say whether they are late or repeats: strays."""
        self._details: dict[int, Detail] = {}
        self._misses = Misses()
        self._jumping: set[int] = set()
        """Spaces that end on a suspect, or in what may be a replay."""

    def keep(self, which: Int64s) -> None:
        """Forget all spaces but these, which get the numbers from 0 on. *Shape*: (kept,), ascending."""
        for name in COLUMNS:
            setattr(self, name, picked_rows(getattr(self, name), which))
        new = {old: number for number, old in enumerate(which.tolist())}
        self._details = {new[old]: detail for old, detail in self._details.items() if old in new}
        self._jumping = {new[old] for old in self._jumping if old in new}
        self._misses.keep(new)

    def feed(self, space: NDArray[np.integer], number: Int64s, time: Int64s) -> None:
        """Take rows in the order of the capture.

        *Shape*: all (n,). *Units*: `number` as on the wire, `time` nanoseconds.
        """
        if len(space):
            order, starts, spaces = grouped(space)
            self.feed_grouped(starts, spaces, number.take(order), time.take(order))

    def feed_grouped(self, starts: Int64s, spaces: Int64s, number: Int64s, time: Int64s) -> None:
        """Take rows that stand together by space: where each group starts, whose it is; in the order of the capture within it.

        *Shape*: (groups,) twice, (n,) twice; n > 0.
        """
        self._grow(int(spaces[-1]) + 1)
        counts = np.diff(np.append(starts, len(number)))
        self._begin(spaces, number[starts], time[starts])
        group = np.repeat(np.arange(len(spaces)), counts)
        extended = self._unwrapped(number, starts, counts, spaces)
        advance, highest = self._advance(extended, starts, group, spaces)
        wild = self._wild(advance, starts, spaces)
        arrived = (self._received + self._duplicate + self._outside)[spaces] - starts + 1
        tame, last = ~wild, starts + counts - 1
        self._take_regular(spaces[tame], counts[tame], highest[last[tame]], time[last[tame]])
        for row in np.flatnonzero(((advance > 1) | (advance <= 0)) & tame[group]).tolist():
            index = group[row]
            self._irregular(int(spaces[index]), int(extended[row]), int(advance[row]), int(time[row]), int(arrived[index]) + row)
        for index in np.flatnonzero(wild).tolist():
            rows = slice(int(starts[index]), int(starts[index] + counts[index]))
            self._walk(int(spaces[index]), number[rows], time[rows])

    def _arrived(self, space: int) -> int:
        """Rows that fitted, repeats included."""
        return int(self._received[space] + self._duplicate[space] + self._outside[space])

    def seen(self, space: int) -> bool:
        """Whether any number came."""
        return space < len(self._received) and bool(self._received[space])

    def count(self, space: int, now: int) -> SequenceCount:
        """Counts as of the instant *now* (nanoseconds)."""
        base, highest, received = (int(column[space]) for column in (self._base, self._highest, self._received))
        detail = self._details.get(space) or Detail()
        expected = highest - base + 1 + detail.finished
        pending = sum(hole.size for hole in self._pending(space, detail, now))
        return SequenceCount(
            expected=expected,
            received=received,
            lost=expected - received - pending,
            duplicate=int(self._duplicate[space]),
            reordered=int(self._reordered[space]),
            pending=pending,
            max_reorder_extent=detail.extent,
            restarts=detail.restarts,
            strays=detail.strays + (detail.suspect is not None) + int(self._outside[space]),
            behind=detail.behind,
            first_number=(base if detail.first_base is None else detail.first_base) & ((1 << self.bits) - 1),
        )

    def missed(self, width: int, now: int) -> Missed | None:
        """When numbers were missed and came late, in bins of *width*; the sum over all bins of a space is its `lost`."""
        holes = ((space, hole) for space, detail in self._details.items() for hole in self._pending(space, detail, now))
        return self._misses.result(width, [(space, hole.time, hole.size) for space, hole in holes])

    def _pending(self, space: int, detail: Detail, now: int) -> list[Hole]:
        """The holes whose numbers may still come."""
        arrived = self._arrived(space)
        horizon = max(HORIZON, int(np.quantile(detail.lateness, 0.99)) if detail.lateness else 0)
        ages = ((hole, now - hole.time) for hole in detail.holes)
        return [hole for hole, age in ages if age < horizon or (age < HORIZON_AT_MOST and arrived - hole.arrived < HORIZON_PACKETS)]

    def highest(self, space: int) -> int:
        """The highest number of the present epoch, as on the wire."""
        return int(self._highest[space]) & ((1 << self.bits) - 1)

    def wraps(self, space: int) -> int:
        """How often the numbers went past 2^bits and on."""
        earlier = self._details[space].wraps if space in self._details else 0
        return earlier + (int(self._highest[space]) >> self.bits) - (int(self._base[space]) >> self.bits)

    def would_drop(self, space: int) -> dict[int, int]:
        """By replay window: the rows that a receiver would drop (RFC 4303 §3.4.3), repeats and numbers below the window."""
        detail = self._details.get(space) or Detail()
        always = int(self._duplicate[space]) + detail.shut_out + self._shut_out(space, detail)
        return {window: always + detail.below.get(window, 0) for window in self._windows}

    # ---- columns -------------------------------------------------------------------------------------------------

    def _grow(self, size: int) -> None:
        for name in COLUMNS:
            setattr(self, name, grown(getattr(self, name), size))

    def _begin(self, spaces: Int64s, first: Int64s, time: Int64s) -> None:
        """Spaces met for the first time begin just below their first number."""
        new = self._received[spaces] == 0
        self._base[spaces[new]] = first[new]
        self._highest[spaces[new]] = first[new] - 1
        self._began[spaces[new]] = self._latest[spaces[new]] = time[new]

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
        wild: NDArray[np.bool_] = (np.maximum.reduceat(advance, starts) > DROPOUT) | (
            np.minimum.reduceat(advance, starts) < -self._misorder
        )
        if self._jumping:
            wild |= np.isin(spaces, np.fromiter(self._jumping, np.int64))
        return wild

    def _take_regular(self, spaces: Int64s, counts: Int64s, highest: Int64s, time: Int64s) -> None:
        self._received[spaces] += counts
        self._highest[spaces] = highest
        self._latest[spaces] = time

    def _walk(self, space: int, number: Int64s, time: Int64s) -> None:
        """Rows of one space that jumps: in columns up to each jump, one by one until it is clear what the jump was."""
        at, size = 0, len(number)
        while at < size:
            taken = 0
            if space not in self._jumping and size - at > WALKED:
                taken = self._stride(space, number[at : at + STRIDE], time[at : at + STRIDE])
                at += taken
            patience = at + 1 if taken >= WALKED else at + WALKED
            while at < size and (at < patience or space in self._jumping):
                self._step(space, int(number[at]), int(time[at]))
                at += 1

    def _stride(self, space: int, number: Int64s, time: Int64s) -> int:
        """Take the rows before the first jump; how many these are."""
        spaces, starts, group = np.array([space]), np.zeros(1, np.int64), np.zeros(len(number), np.int64)
        extended = self._unwrapped(number, starts, np.array([len(number)]), spaces)
        advance, highest = self._advance(extended, starts, group, spaces)
        jumps = np.flatnonzero((advance > DROPOUT) | (advance < -self._misorder))
        size = int(jumps[0]) if len(jumps) else len(number)
        if size:
            arrived = self._arrived(space) + 1
            self._take_regular(spaces, np.array([size]), highest[size - 1 : size], time[size - 1 : size])
            for row in np.flatnonzero((advance[:size] > 1) | (advance[:size] <= 0)).tolist():
                self._irregular(space, int(extended[row]), int(advance[row]), int(time[row]), arrived + row)
        return size

    # ---- rows that need a thought --------------------------------------------------------------------------------

    def _irregular(self, space: int, extended: int, advance: int, time: int, arrived: int) -> None:
        """A row, already counted as received, that opened a hole or came late; the *arrived*-th row of its space."""
        detail = self._details.setdefault(space, Detail())
        if advance > 1:
            detail.holes.append(Hole(extended - advance + 1, extended - 1, time, arrived))
            self._misses.lose(space, time, advance - 1)
            if len(detail.holes) > MOST_HOLES:
                del detail.holes[: MOST_HOLES // 4]
        else:
            self._late(space, detail, Hole(extended, extended, time, arrived), -advance)

    def _late(self, space: int, detail: Detail, came: Hole, below: int) -> None:
        """A number at or below the highest: it closes a hole, lies before all that was seen, or came before."""
        extended, base = came.first, int(self._base[space])
        since = close(detail, extended)
        if since is None and extended < base - MISORDER:
            self._outside[space] += 1
            self._received[space] -= 1
            return
        if since is None and extended < base:
            if extended + 1 < base:
                detail.holes.insert(0, Hole(extended + 1, base - 1, came.time, came.arrived))
            self._base[space] = extended
            self._misses.lose(space, came.time, base - extended)
            since = came.time
        if since is None:
            self._duplicate[space] += 1
            self._received[space] -= 1
            detail.behind += below >= BEHIND
            return
        self._reordered[space] += 1
        self._misses.lose(space, since, -1)
        self._misses.reorder(space, came.time)
        if detail.ceiling is None or extended > detail.ceiling:
            for window in self._windows:
                if below >= window:
                    detail.below[window] = detail.below.get(window, 0) + 1
        detail.extent = max(detail.extent, below)
        if len(detail.lateness) < MOST_LATENESS:
            detail.lateness.append(max(0, came.time - since))

    def _step(self, space: int, number: int, time: int) -> None:
        """One row of a space that jumps."""
        detail = self._details.setdefault(space, Detail())
        highest = int(self._highest[space])
        advance = delta(number, highest, self.bits)
        mask = (1 << self.bits) - 1
        if self._fits(space, detail, advance, time):
            self._dismiss(space, detail)
            self._accept(space, highest + advance, advance, time)
        elif detail.suspect is not None and number == (detail.suspect + 1) & mask:
            self._restart(space, detail, number, time)
        else:
            self._dismiss(space, detail)
            detail.suspect = number
        before = detail.before
        if before is not None and (self._highest[space] > before.highest or self._received[space] - before.received > MOST_REPLAYED):
            detail.before = None
        (self._jumping.discard if detail.suspect is None and detail.before is None else self._jumping.add)(space)

    def _fits(self, space: int, detail: Detail, advance: int, time: int) -> bool:
        """Whether a number so far from the highest belongs to the present epoch for certain."""
        if -self._misorder <= advance <= DROPOUT:
            return advance <= 1 or detail.before is None or not 0 < int(self._highest[space]) + advance - detail.before.highest < advance
        if self.bits < 32:
            return False
        if advance < 0:
            return hole_of(detail, int(self._highest[space]) + advance) is not None
        latest = int(self._latest[space])
        span = latest - int(self._began[space])
        return span > 0 and advance * span <= FACTOR * self._arrived(space) * (time - latest)

    def _accept(self, space: int, extended: int, advance: int, time: int) -> None:
        """A row that belongs to the present epoch."""
        self._received[space] += 1
        self._highest[space] = max(int(self._highest[space]), extended)
        self._latest[space] = time
        if advance != 1:
            self._irregular(space, extended, advance, time, self._arrived(space))

    def _dismiss(self, space: int, detail: Detail) -> None:
        """The suspect, if there is one, was not continued: a number that was seen before, or a stray."""
        if detail.suspect is None:
            return
        highest = int(self._highest[space])
        extended = highest + delta(detail.suspect, highest, self.bits)
        detail.suspect = None
        if self.bits >= 32 and int(self._base[space]) <= extended <= highest:
            self._duplicate[space] += 1
            detail.behind += 1  # a suspect is further away than that
        else:
            detail.strays += 1

    def _restart(self, space: int, detail: Detail, number: int, time: int) -> None:
        """A new epoch, begun by the suspect and confirmed by *number*; or the one before goes on."""
        detail.suspect = None
        self._latest[space] = time
        if detail.before is not None and 0 < delta(number, detail.before.highest, self.bits) <= DROPOUT:
            self._resume(space, detail, detail.before, number, time)
            return
        base, highest, received = int(self._base[space]), int(self._highest[space]), int(self._received[space])
        if detail.first_base is None:
            detail.first_base = base
        inside = self.bits >= 32 and base <= highest + delta(number, highest, self.bits) <= highest
        epoch = Epoch(base, highest, detail.holes, received, detail.ceiling, detail.epoch_received, detail.shut_out)
        detail.before = epoch if inside else None
        detail.shut_out += self._shut_out(space, detail)
        detail.ceiling = highest if detail.ceiling is None else max(highest, detail.ceiling)
        detail.finished += highest - base + 1
        detail.restarts += 1
        detail.wraps += (highest >> self.bits) - (base >> self.bits)
        detail.holes = []
        detail.epoch_received = received
        self._base[space] = number - 1
        self._highest[space] = number
        self._received[space] += 2

    def _resume(self, space: int, detail: Detail, epoch: Epoch, number: int, time: int) -> None:
        """The epoch before goes on: what came since was a replay of some of its numbers, duplicates all."""
        replayed = int(self._received[space]) - epoch.received
        self._duplicate[space] += replayed
        detail.behind += replayed
        self._received[space] -= replayed
        self._base[space], self._highest[space] = epoch.base, epoch.highest
        for hole in detail.holes:
            self._misses.lose(space, hole.time, -hole.size)
        detail.holes = epoch.holes
        detail.finished -= epoch.highest - epoch.base + 1
        detail.restarts -= 1
        detail.wraps -= (epoch.highest >> self.bits) - (epoch.base >> self.bits)
        detail.before, detail.ceiling = None, epoch.ceiling
        detail.epoch_received, detail.shut_out = epoch.epoch_received, epoch.shut_out
        for one in (number - 1, number):
            extended = epoch.highest + delta(one, epoch.highest, self.bits)
            self._accept(space, extended, extended - int(self._highest[space]), time)

    def _shut_out(self, space: int, detail: Detail) -> int:
        """Numbers of the present epoch at or below the highest of those before: no replay window lets them pass."""
        if detail.ceiling is None:
            return 0
        highest, received = int(self._highest[space]), int(self._received[space]) - detail.epoch_received
        missing = sum(hole.last - max(hole.first, detail.ceiling + 1) + 1 for hole in detail.holes if hole.last > detail.ceiling)
        return received - (max(0, highest - max(detail.ceiling, int(self._base[space]) - 1)) - missing)
