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

MOST_LANES = 512
FEWEST_LANES = 16
RECORDS_IN_LANE = 32
"""Of fewer, finding the start costs more than the walk."""
SAMPLE = 64
"""Records walked plainly, for their size."""
FIRST_LOOK, NEXT_LOOK, LAST_LOOK = 192, 512, 3000
"""How many octets of a stretch are looked through for a start: at first, in each further look, at most."""
STRAIGHT_STEPS = 16
"""Steps taken before it is seen whether all lanes have come to their ends."""
DAY_S = 86_400


def walk_in_lanes(octets: bytearray, start: int, end: int, form: Form) -> Walk:
    """The records that are whole within `[start, end)`: what `walk.walk` gives."""
    count = _lanes(octets, start, end, form)
    if count >= FEWEST_LANES and form.lengths is Lengths.FIRST:
        starts = _starts(octets, start, end, form, count)
        stops = np.append(starts[1:], end - form.header + 1)
        # Lanes that are missing, or a long one that all would have to wait for: not worth while.
        if len(starts) >= count // 2 and (stops - starts).max() < 8 * (end - start) // count:
            offsets, ends = _lock_step(octets, starts, stops, form)
            if np.array_equal(ends[:-1], starts[1:]):
                return _cut(octets, offsets, end, form)
    return walk(octets, start, end, form)


def _lanes(octets: bytearray, start: int, end: int, form: Form) -> int:
    """How many lanes the block is worth, by the size of its first records."""
    sample = walk(octets, start, min(end, start + SAMPLE * 2048), form, SAMPLE)
    records = (end - start) * len(sample.offsets) // max(sample.stop - start, 1)
    return min(MOST_LANES, records // RECORDS_IN_LANE)


def _cut(octets: bytearray, offsets: Int64s, end: int, form: Form) -> Walk:
    """Leave off what the plain walk would not have reached: a record that is not whole, and all from one that lies."""
    last = int(offsets[-1])
    captured = int.from_bytes(octets[last + 8 : last + 12], "little" if form.order == "<" else "big")
    stop = last + form.header + captured
    longest = RECORD_LIMIT + form.header
    steps = np.diff(offsets, append=stop)
    if steps.max() > longest:
        first = int(np.argmax(steps > longest))
        return Walk(offsets[:first], int(offsets[first]), lying=True)
    if stop > end:
        return Walk(offsets[:-1], last, lying=False)
    return Walk(offsets, stop, lying=False)


def _lock_step(octets: bytearray, starts: Int64s, stops: Int64s, form: Form) -> tuple[Int64s, Int64s]:
    """Walk all lanes past their stops: the record offsets before those, in order, and the first at or behind each stop.

    Lanes go on into the next one's stretch until the last has come to its stop: cheaper than to take each out in time. A
    lane that would leave the block waits behind its last header, which no stop lies beyond.
    """
    captured = np.ndarray((len(octets) - 11,), f"{form.order}u4", octets, 8, (1,))
    last = stops[-1]
    at = starts
    walked: list[Int64s] = []
    while not walked or (at < stops).any():
        steps = np.empty((STRAIGHT_STEPS, len(starts)), np.int64)
        for step in steps:
            step[:] = at
            at = captured[at] + at
            at += form.header
            np.minimum(at, last, out=at)
        walked.append(steps)
    places = np.concatenate([*walked, at[np.newaxis]])
    before = places < stops
    ends = places[np.count_nonzero(before, axis=0), np.arange(len(starts))]
    return places.T[before.T], ends


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
