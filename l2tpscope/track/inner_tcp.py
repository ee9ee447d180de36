"""inner_tcp: what is sent again of TCP inside a session, and its round trips; columns, with state per flow.

Per flow (one direction), numbers are unwrapped by the step from segment to segment; where a new SYN comes, or a step is wider than
any window, they begin anew. A segment that ends at or below the highest number so far, or begins below it, is *late*: sent again,
or overtaken (`inner_gaps.py` tells). Keep-alives (RFC 9293 §3.8.4: the last octet again, or none) do not count.

A round trip is the time from a segment to the first acknowledgement of all of it, both at the tap. Segments are chosen by their
running number in the flow: the first `EACH`, then `EACH` of each doubling, so that a long flow costs little more than a short one.
None is taken over which something of the flow was sent again meanwhile (Karn), or whose octets had been acknowledged before.

*Bias*: round trips are long by delayed acknowledgements (up to 0.5 s, RFC 9293 §3.8.6.3): the minimum is what matters.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from l2tpscope.frames.window import Bools, Int64s
from l2tpscope.model.inner import TcpSample
from l2tpscope.track.flows import grown
from l2tpscope.track.inner_gaps import Gap, Gaps, Late

FIN, SYN, RST, ACK = 1, 2, 4, 16
FAR = 1 << 24
"""A step between numbers that is wider, without a SYN, is that of another connection, or of a long hole in the capture."""
EACH = 16
LONGEST = 60_000_000_000
"""Nanoseconds that an acknowledgement may take."""
MOST_WAITING = 1 << 16
"""Segments that wait for their acknowledgement."""
MOST_SAMPLES = 50_000
"""Round trips that are kept one by one; the others only count for their flow."""

_SPAN = 40
_CENTRE = np.int64(1) << (_SPAN - 1)


@dataclass(slots=True)
class Segments:
    """TCP segments, those of a flow together, in the order of the capture within it. *Shape*: all (n,)."""

    flow: Int64s
    number: Int64s
    acknowledged: Int64s
    flags: Int64s
    payload: Int64s
    identification: Int64s
    """Of IPv4; -1 where there is none."""
    time: Int64s
    position: Int64s
    """In the order of everything that was read."""
    frame: Int64s
    capture: Int64s

    def __len__(self) -> int:
        return len(self.flow)

    def some(self, which: Int64s | Bools) -> Segments:
        """Some of them."""
        return Segments(*(getattr(self, column.name)[which] for column in fields(self)))


@dataclass(slots=True)
class Waiting:
    """Segments whose acknowledgement is awaited. *Shape*: all (n,)."""

    flow: Int64s
    end: Int64s
    """The number that acknowledges all of it, 32 bits."""
    time: Int64s
    position: Int64s
    frame: Int64s

    def __len__(self) -> int:
        return len(self.flow)

    def some(self, which: Int64s | Bools) -> Waiting:
        """Some of them."""
        return Waiting(*(getattr(self, column.name)[which] for column in fields(self)))

    def and_then(self, other: Waiting) -> Waiting:
        """These, and others behind them."""
        return Waiting(*(np.concatenate([getattr(self, column.name), getattr(other, column.name)]) for column in fields(self)))


@dataclass(slots=True)
class _Runs:
    """Numbers of groups of rows, unwrapped. *Shape*: (n,), but for `starts`."""

    number: Int64s
    """Relative to the begin of the run."""
    before: Int64s
    """The highest so far, without the row itself."""
    run: Int64s
    """Which run of numbers the row belongs to: a flow has several where its numbers begin anew."""
    fresh: Bools
    """The row begins numbers anew."""
    highest: Int64s
    """With the row itself."""


class Numbers:
    """Sequence or acknowledgement numbers of flows, carried from batch to batch."""

    def __init__(self) -> None:
        self._met = np.zeros(64, np.bool_)
        self._last = np.zeros(64, np.int64)
        """On the wire."""
        self._number = np.zeros(64, np.int64)
        self._highest = np.zeros(64, np.int64)

    def feed(self, flow: Int64s, starts: Int64s, number: Int64s, length: Int64s, anew: Bools) -> _Runs:
        """Take rows of flows, grouped; *length*: how many numbers each occupies; *anew*: where they begin anew for certain."""
        flows = flow[starts]
        for name in ("_met", "_last", "_number", "_highest"):
            setattr(self, name, grown(getattr(self, name), int(flows.max()) + 1))
        previous = np.empty_like(number)
        previous[1:] = number[:-1]
        previous[starts] = self._last[flows]
        step = signed(number - previous)
        fresh = anew | (np.abs(step) > FAR)
        fresh[starts] |= ~self._met[flows]
        step[fresh] = 0
        base = np.zeros(len(number), np.bool_)
        base[starts] = True
        base |= fresh
        begins = np.flatnonzero(base)
        run = np.cumsum(base) - 1
        carried = ~fresh[begins]
        owners = flow[begins]
        total = np.cumsum(step)
        offset = np.where(carried, self._number[owners] + step[begins], 0) - total[begins]
        unwrapped = total + offset[run]
        floor = np.where(carried, self._highest[owners], unwrapped[begins])
        end = unwrapped + length
        key = np.clip(end, -_CENTRE, _CENTRE - 1)
        start_key = (run << _SPAN) + np.clip(floor, -_CENTRE, _CENTRE - 1)[run]
        running = np.maximum.accumulate(np.maximum((run << _SPAN) + key, start_key))
        running -= run << _SPAN
        before = np.empty_like(running)
        before[1:] = running[:-1]
        before[begins] = floor
        last = np.append(starts[1:], len(number)) - 1
        self._met[flows] = True
        self._last[flows], self._number[flows], self._highest[flows] = number[last], unwrapped[last], running[last]
        return _Runs(unwrapped, before, run, fresh, running)


def signed(difference: Int64s) -> Int64s:
    """The shorter way round between numbers of 32 bits."""
    result: Int64s = ((difference + (1 << 31)) & 0xFFFFFFFF) - (1 << 31)
    return result


def are_chosen(number: Int64s) -> Bools:
    """Whether the segments of these running numbers are to be timed: `EACH` first ones, and `EACH` of each doubling."""
    octave = np.frexp(number.astype(np.float64))[1] - EACH.bit_length()
    chosen: Bools = (number & ((np.int64(1) << np.maximum(octave, 0)) - 1)) == 0
    return chosen


class InnerTcp:
    """Sequence spaces and round trips of many flows; memory grows with flows."""

    def __init__(self) -> None:
        self._sent, self._acknowledged = Numbers(), Numbers()
        self._first_number = np.full(64, -1, np.int64)
        """Of each flow's last SYN; -1: none yet."""
        self._running = np.zeros(64, np.int64)
        """How many segments were new."""
        self.segments = np.zeros(64, np.int64)
        self.filled = np.zeros(64, np.int64)
        self.repeated = np.zeros(64, np.int64)
        self.reordered = np.zeros(64, np.int64)
        self.rtt_count = np.zeros(64, np.int64)
        self.rtt_min = np.full(64, LONGEST)
        self._gaps = Gaps()
        none = np.zeros(0, np.int64)
        self._waiting = Waiting(none, none, none, none, none)
        self.samples: list[TcpSample] = []
        self.left_out = 0
        """Round trips that are not among `samples`."""
        self.untimed = 0
        """Segments that were not timed because too many waited."""

    def feed(self, segments: Segments, partner: Int64s) -> None:
        """Take segments, grouped by flow; *partner*: the flow back of each flow, 0 where none was seen."""
        if not len(segments):
            return
        self.grow(int(segments.flow.max()) + 1)
        starts = np.flatnonzero(np.append(True, segments.flow[1:] != segments.flow[:-1]))
        disturbed = self._follow(segments, starts)
        some = np.flatnonzero((segments.flags & ACK) != 0)
        if len(self._waiting):
            self._time(segments.some(some), partner, disturbed, int(segments.time.max()))
        elif len(some):
            self._take_acknowledgements(segments.some(some))

    def grow(self, size: int) -> None:
        """Make room for *size* flows."""
        before = len(self.segments)
        for name in ("segments", "filled", "repeated", "reordered", "rtt_count", "rtt_min", "_running", "_first_number"):
            setattr(self, name, grown(getattr(self, name), size))
        self.rtt_min[before:] = LONGEST
        self._first_number[before:] = -1

    # ---- what was sent -------------------------------------------------------------------------------------------------

    def _follow(self, segments: Segments, starts: Int64s) -> Int64s:
        """Count segments and those sent again, choose some to be timed; sorted keys of where a flow was disturbed."""
        flags, flow = segments.flags, segments.flow
        length = segments.payload + ((flags & SYN) >> 1) + (flags & FIN)
        reset = (flags & RST) != 0
        kept = np.flatnonzero(~reset)
        if len(kept) < len(flow):
            segments, length, flags, flow = segments.some(kept), length[kept], flags[kept], flow[kept]
            starts = np.flatnonzero(np.append(True, flow[1:] != flow[:-1])) if len(kept) else starts[:0]
        if not len(flow):
            return np.zeros(0, np.int64)
        runs = self._sent.feed(flow, starts, segments.number, length, self._new_connections(segments))
        end = runs.number + length
        occupies = length > 0
        alive = occupies & (segments.payload == length) & (length == 1) & (end == runs.before) & ~runs.fresh
        occupies &= ~alive
        late = occupies & (runs.number < runs.before)
        self.segments += np.bincount(flow[occupies], minlength=len(self.segments))
        again = self._irregular(segments, runs, end, late)
        new = occupies & ~late
        if new.any():
            self._choose(segments, starts, new, length)
        disturbed = np.concatenate([again, np.flatnonzero(runs.fresh)])
        keys: Int64s = (flow[disturbed] << _SPAN) + segments.position[disturbed]
        keys.sort()
        return keys

    def _new_connections(self, segments: Segments) -> Bools:
        """Where a SYN begins a connection: its number is not that of the SYN before it."""
        anew = np.zeros(len(segments), np.bool_)
        rows = np.flatnonzero((segments.flags & SYN) != 0)
        if len(rows):
            flow, number = segments.flow[rows], segments.number[rows]
            first = np.append(True, flow[1:] != flow[:-1])
            before = np.concatenate([np.full(1, -1), number[:-1]])
            before[first] = self._first_number[flow[first]]
            anew[rows] = number != before
            last = np.append(first[1:], True)
            self._first_number[flow[last]] = number[last]
        return anew

    def _irregular(self, segments: Segments, runs: _Runs, end: Int64s, late: Bools) -> Int64s:
        """Gaps, and segments from below, one by one; the rows of those that were sent again."""
        odd = late | ((runs.number > runs.before) & ~runs.fresh)
        if len(self._gaps):
            odd |= runs.fresh
        again = []
        for row in np.flatnonzero(odd).tolist():
            flow, first, last = int(segments.flow[row]), int(runs.number[row]), int(end[row])
            when, identification = int(segments.time[row]), int(segments.identification[row])
            if runs.fresh[row]:
                self._gaps.forget(flow)
            elif not late[row]:
                self._gaps.open(flow, Gap(int(runs.before[row]), first, when, identification))
            else:
                what = self._gaps.take(flow, Gap(first, last, when, identification))
                column = {Late.FILLED: self.filled, Late.REPEATED: self.repeated, Late.REORDERED: self.reordered}[what]
                column[flow] += 1
                if what is not Late.REORDERED:
                    again.append(row)
        return np.array(again, np.int64)

    def _choose(self, segments: Segments, starts: Int64s, new: Bools, length: Int64s) -> None:
        """Let those whose turn it is wait for their acknowledgement."""
        flows = segments.flow[starts]
        count = np.cumsum(new)
        sizes = np.diff(np.append(starts, len(new)))
        before: Int64s = count[starts] - new[starts]
        running = count - 1 + np.repeat(self._running[flows] - before, sizes)
        self._running[flows] += np.add.reduceat(new.astype(np.int64), starts)
        which = np.flatnonzero(new)
        which = which[are_chosen(running[which])]
        room = MOST_WAITING - len(self._waiting)
        if len(which) > room:
            self.untimed += len(which) - max(0, room)
            which = which[np.argsort(segments.position[which], kind="stable")[: max(0, room)]]
        end = (segments.number[which] + length[which]) & 0xFFFFFFFF
        chosen = Waiting(segments.flow[which], end, segments.time[which], segments.position[which], segments.frame[which])
        self._waiting = self._waiting.and_then(chosen)

    # ---- what was acknowledged -----------------------------------------------------------------------------------------

    def _take_acknowledgements(self, acks: Segments) -> tuple[Int64s, _Runs]:
        starts = np.flatnonzero(np.append(True, acks.flow[1:] != acks.flow[:-1]))
        anew = (acks.flags & SYN) != 0
        return starts, self._acknowledged.feed(acks.flow, starts, acks.acknowledged, np.zeros(len(acks), np.int64), anew)

    def _time(self, acks: Segments, partner: Int64s, disturbed: Int64s, now: int) -> None:
        """Take the acknowledgements of what waits; what was disturbed, or waits too long, waits no more."""
        waiting = self._waiting
        answered = np.full(len(waiting), -1, np.int64)
        gone = np.zeros(len(waiting), np.bool_)
        if len(acks):
            _, runs = self._take_acknowledgements(acks)
            answered, refused = _matched(waiting, partner.take(waiting.flow), acks, runs)
            gone |= refused
        own = waiting.flow << _SPAN
        until = np.where(answered >= 0, acks.position[answered] if len(acks) else 0, _CENTRE - 1)
        gone |= np.searchsorted(disturbed, own + until, "left") > np.searchsorted(disturbed, own + waiting.position, "right")
        done = np.flatnonzero((answered >= 0) & ~gone)
        if len(done):
            self._keep(waiting.some(done), acks.some(answered[done]))
        self._waiting = waiting.some((answered < 0) & ~gone & (waiting.time >= now - LONGEST))

    def _keep(self, sent: Waiting, acks: Segments) -> None:
        """Count round trips, in the order in which they were complete."""
        order = np.lexsort((sent.position, acks.position))
        rtt = (acks.time - sent.time)[order]
        order, rtt = order[(rtt >= 0) & (rtt <= LONGEST)], rtt[(rtt >= 0) & (rtt <= LONGEST)]
        np.add.at(self.rtt_count, sent.flow[order], 1)
        np.minimum.at(self.rtt_min, sent.flow[order], rtt)
        room = max(0, MOST_SAMPLES - len(self.samples))
        self.left_out += max(0, len(order) - room)
        order, rtt = order[:room], rtt[:room]
        columns: list[Any] = [sent.flow[order], acks.time[order], rtt, acks.capture[order], sent.frame[order], acks.frame[order]]
        self.samples += [TcpSample(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]


def _matched(waiting: Waiting, back: Int64s, acks: Segments, runs: _Runs) -> tuple[Int64s, Bools]:
    """The row of the first acknowledgement of all of each segment, -1 where there is none yet; which will never have one.

    *Shape*: (waiting,) both.
    """
    size = len(acks)
    ranks: Int64s = (acks.flow << _SPAN) + acks.position
    after = np.searchsorted(ranks, (back << _SPAN) + waiting.position, "right")
    safe = np.minimum(after, size - 1)
    there = (after < size) & (acks.flow[safe] == back) & (back > 0)
    target = runs.number[safe] + signed(waiting.end - acks.acknowledged[safe])
    run = runs.run[safe]
    earlier = np.where(runs.fresh[safe], np.iinfo(np.int64).min, runs.before[safe])
    refused = there & (earlier >= target)
    levels = (runs.run << _SPAN) + np.clip(runs.highest, -_CENTRE, _CENTRE - 1)
    found = np.searchsorted(levels, (run << _SPAN) + np.clip(target, -_CENTRE, _CENTRE - 1), "left")
    reached = np.minimum(found, size - 1)
    answered = there & (found < size) & (runs.run[reached] == run)
    over = there & ~answered & (found < size) & (acks.flow[reached] == back)  # other numbers began before it was acknowledged
    too_far = answered & (runs.number[reached] - target > FAR)
    result: NDArray[np.int64] = np.where(answered, reached, -1)
    return result, refused | over | too_far
