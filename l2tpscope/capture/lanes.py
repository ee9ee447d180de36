"""Where the records of a classic pcap block begin: the fast walk, many places at once.

A block is cut into some hundred stretches. In each, the first place that looks like a record header is guessed, and all
guesses are walked in lock step, one NumPy operation for all lanes. The guesses need not be right: the first lane starts on
a true record, and where each lane ends exactly on the start of the next one, all starts are true by induction. Where one
does not, the block is walked plainly. So the result is that of `walk.walk` on any octets, hostile ones too.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .walk import RECORD_LIMIT, Form, Int64s, Lengths, Walk, walk

MOST_LANES = 256
SHORTEST_LANE = 1 << 13
"""Octets; in shorter stretches finding the start costs more than the walk."""
FEWEST_LANES = 16
FIRST_LOOK, NEXT_LOOK, LAST_LOOK = 192, 512, 3000
"""How many octets of a stretch are looked through for a start: at first, in each further look, at most."""
DAY_S = 86_400


def walk_in_lanes(octets: bytearray, start: int, end: int, form: Form) -> Walk:
    """The records that are whole within `[start, end)`: what `walk.walk` gives."""
    count = min(MOST_LANES, (end - start) // SHORTEST_LANE)
    if count < FEWEST_LANES or form.lengths is not Lengths.FIRST:
        return walk(octets, start, end, form)
    starts = _starts(octets, start, end, form, count)
    stops = np.append(starts[1:], end - form.header + 1)
    offsets, ends = _lock_step(octets, starts, stops, form)
    if not np.array_equal(ends[:-1], starts[1:]):
        return walk(octets, start, end, form)
    return _cut(offsets, int(ends[-1]), end, form)


def _cut(offsets: Int64s, stop: int, end: int, form: Form) -> Walk:
    """Leave off what the plain walk would not have reached: a record that is not whole, and all from one that lies."""
    longest = RECORD_LIMIT + form.header
    steps = np.diff(offsets, append=stop)
    if steps.max() > longest:
        first = int(np.argmax(steps > longest))
        return Walk(offsets[:first], int(offsets[first]), lying=True)
    if stop > end:
        return Walk(offsets[:-1], int(offsets[-1]), lying=False)
    return Walk(offsets, stop, lying=False)


def _lock_step(octets: bytearray, starts: Int64s, stops: Int64s, form: Form) -> tuple[Int64s, Int64s]:
    """Walk every lane until it reaches its stop: all record offsets in order, and where each lane ended."""
    captured = np.ndarray((len(octets) - 11,), f"{form.order}u4", octets, 8, (1,))
    ends = np.empty(len(starts), np.int64)
    lanes = np.arange(len(starts))
    at, found = starts, []
    while len(at):
        found.append(at)
        at = captured[at] + at
        at += form.header
        going = at < stops
        if not going.all():
            ends[lanes[~going]] = at[~going]
            at, lanes, stops = at[going], lanes[going], stops[going]
    offsets = np.concatenate(found)
    offsets.sort()
    return offsets, ends


def _starts(octets: bytearray, start: int, end: int, form: Form, count: int) -> Int64s:
    """Places that look like record headers, at most one in each stretch; the first is *start*."""
    stretch = (end - start) // count
    rows = np.frombuffer(octets, np.uint8, count * stretch, start).reshape(count, stretch)
    words = np.ndarray((len(octets) - 3,), f"{form.order}u4", octets, 0, (1,))
    found = np.full(count, -1, np.int64)
    found[0] = start
    wanted = np.arange(1, count)
    looked, look = 0, FIRST_LOOK
    while len(wanted) and looked + look + 4 <= min(stretch, LAST_LOOK):
        part = rows[wanted[0] :] if len(wanted) == count - 1 else rows[wanted]
        high = looked + (2 if form.order == "<" else 0)
        lane, column = _same_day(part, high, look, octets[start + high - looked : start + high - looked + 2])
        lane = wanted[lane]
        place = start + lane * stretch + looked + column
        likely = _likely(words, place, end, int(words[start]), form)
        lane, place = lane[likely], place[likely]
        found[lane[::-1]] = place[::-1]  # backwards, so that the first of a lane is what stays
        wanted = wanted[found[wanted] < 0]
        looked, look = looked + look, NEXT_LOOK
    return found[found >= 0]


def _same_day(rows: NDArray[np.uint8], first: int, look: int, day: bytearray) -> tuple[Int64s, Int64s]:
    """Row and place from *first* on, within *look* octets, of the two octets *day*: the upper half of the block's first time."""
    fits = rows[:, first : first + look] == day[0]
    fits &= rows[:, first + 1 : first + 1 + look] == day[1]
    row, column = np.divmod(np.flatnonzero(fits), look)
    return row, column


def _likely(words: NDArray[np.uint32], place: Int64s, end: int, now: int, form: Form) -> NDArray[np.bool_]:
    """Whether a record header could begin at *place*, and another one where it says that its record ends."""
    last = end - form.header
    likely = place <= last
    place = np.where(likely, place, 0)
    captured, length = words[place + 8].astype(np.int64), words[place + 12]
    likely &= (words[place + 4] < 1_000_000_000) & (captured > 0) & (captured <= length) & (length <= RECORD_LIMIT)
    following = place + form.header + captured
    likely &= following <= last
    following = np.where(likely, following, 0)
    same_day = (words[following].astype(np.int64) - now + DAY_S).view(np.uint64) < 2 * DAY_S
    likely &= same_day
    likely &= (words[following + 4] < 1_000_000_000) & (words[following + 8] <= RECORD_LIMIT)
    return likely
