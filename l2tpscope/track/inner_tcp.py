"""inner_tcp: what is sent again of TCP inside a session, and its round trips; columns, with state per flow.

Per flow (one direction), numbers are unwrapped by the step from segment to segment; where a new SYN comes, or a step is wider than
any window, they begin anew. A segment that ends at or below the highest number so far, or begins below it, is *late*: sent again,
or overtaken (`inner_gaps.py` tells). Keep-alives (RFC 9293 §3.8.4: the last octet again, or none) do not count.

A round trip is the time from a segment to the first acknowledgement of all of it, both at the tap. Segments are chosen by their
running number in the flow: the first `EACH`, then `EACH` of each doubling, so that a long flow costs little more than a short one.
Where something of the flow was sent again meanwhile, only one is taken whose acknowledgement echoes the timestamp of the segment's
first copy, which what was sent again has no more (RFC 7323 §4); without timestamps none (Karn). Nor is one whose octets had been
acknowledged before.

*Bias*: round trips are long by delayed acknowledgements (up to 0.5 s, RFC 9293 §3.8.6.3): the minimum is what matters.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from l2tpscope.frames import Frames
from l2tpscope.frames.window import Bools, Int64s, Octet
from l2tpscope.model.inner import TcpSample
from l2tpscope.track.flows import grown
from l2tpscope.track.inner_gaps import Gap, Gaps, Late, newer, was_sent_before
from l2tpscope.track.inner_large import LargeSegments
from l2tpscope.track.inner_packets import InnerPackets
from l2tpscope.track.inner_stamps import echoes, stamps

FIN, SYN, RST, ACK = 1, 2, 4, 16
FAR = 1 << 24
"""A step between numbers that is wider, without a SYN, is that of another connection, or of a long hole in the capture."""
EACH = 8
LONGEST = 60_000_000_000
"""Nanoseconds that an acknowledgement may take."""
MOST_WAITING = 1 << 16
"""Segments that wait for their acknowledgement."""
MOST_SAMPLES = 20_000
"""Round trips that are kept one by one; the others only count for their flow."""

_SPAN = 40
_HIGHEST = (1 << _SPAN) - 1


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
class Waiting:
    """Segments whose acknowledgement is awaited. *Shape*: all (n,)."""

    flow: Int64s
    end: Int64s
    """The number that acknowledges all of it, 32 bits."""
    time: Int64s
    position: Int64s
    frame: Int64s
    stamp: Int64s
    """TSval + 1; 0: none."""
    heard: Bools
    """Something came back since, but no acknowledgement of all of it."""
    doubted: Bools
    """Something was sent again since, with another TSval."""

    def __len__(self) -> int:
        return len(self.flow)

    def some(self, which: Int64s | Bools) -> Waiting:
        """Some of them."""
        return Waiting(*(getattr(self, column.name)[which] for column in fields(self)))

    def and_then(self, other: Waiting) -> Waiting:
        """These, and others behind them."""
        return Waiting(*(np.concatenate([getattr(self, column.name), getattr(other, column.name)]) for column in fields(self)))


@dataclass(slots=True)
class _Disturbed:
    """Where something of a flow was sent again, or its numbers began anew. *Shape*: (n,)."""

    key: Int64s
    """`flow << _SPAN | position`, ascending."""
    stamp: Int64s
    """TSval + 1; 0: none, or numbers began anew."""

    def __len__(self) -> int:
        return len(self.key)

    def meet(self, waiting: Waiting, until: Int64s) -> tuple[Bools, Bools]:
        """Which segments were disturbed up to a position each, and which of these no timestamp tells apart from what was sent again.

        Timestamps do not decrease, so that the first one sent again tells for all.
        """
        own = waiting.flow << _SPAN
        first = np.searchsorted(self.key, own + waiting.position, "right")
        behind = np.searchsorted(self.key, own + until, "left")
        disturbed: Bools = behind > first
        bare = np.append(0, np.cumsum(self.stamp == 0))
        told = (waiting.stamp > 0) & (bare[behind] == bare[first]) & (self.stamp[np.minimum(first, len(self) - 1)] != waiting.stamp)
        return disturbed, disturbed & ~told


@dataclass(slots=True)
class _Runs:
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
    """`run << _SPAN` and how far the highest, with the row itself, lies above the run's floor: ascending."""
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

    def feed(self, flow: Int64s, starts: Int64s, number: Int64s, length: Int64s | None, anew: Int64s) -> _Runs:
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
        level = run << _SPAN
        np.clip(height, 0, _HIGHEST, out=height)
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
        return _Runs(total, before, run, fresh, height, floor)


def signed(difference: Int64s) -> Int64s:
    """The shorter way round between numbers of 32 bits."""
    result: Int64s = ((difference + (1 << 31)) & 0xFFFFFFFF) - (1 << 31)
    return result


def are_chosen(number: Int64s) -> Bools:
    """Whether the segments of these running numbers are to be timed: `EACH` first ones, and `EACH` of each doubling."""
    octave = np.frexp(number.astype(np.float64))[1] - EACH.bit_length()
    chosen: Bools = (number & ((np.int64(1) << np.maximum(octave, 0)) - 1)) == 0
    return chosen


_CHOSEN = are_chosen(np.arange(1 << 16))
"""Of the first numbers, looked up."""


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
        self.large = LargeSegments()
        self._gaps = Gaps()
        self._newest = np.full(64, -1, np.int64)
        """IP id of each flow's newest segment; -1: none."""
        none = np.zeros(0, np.int64)
        self._waiting = Waiting(none, none, none, none, none, none, none.astype(np.bool_), none.astype(np.bool_))
        self.samples: list[TcpSample] = []
        self.left_out = 0
        """Round trips that are not among `samples`."""
        self.untimed = 0
        """Segments that were not timed because too many waited."""

    def feed(self, source: tuple[Frames, InnerPackets], segments: Segments, partner: Int64s, position: int) -> None:
        """Take segments of *source*, grouped by flow.

        *partner*: the flow back of each flow, 0 where none was seen; *position*: of row 0.
        """
        if not len(segments):
            return
        self.grow(int(segments.flow[-1]) + 1)
        self.large.feed(source[0], segments)
        disturbed = self._follow(source, segments, position)
        acknowledge = (segments.flags & ACK) != 0
        acks = segments if acknowledge.all() else segments.some(acknowledge)
        runs = self._acknowledge(acks) if len(acks) else None
        if len(self._waiting):
            self._time(source, acks, runs, (partner, disturbed, position))

    def grow(self, size: int) -> None:
        """Make room for *size* flows."""
        before = len(self.segments)
        for name in ("segments", "filled", "repeated", "reordered", "rtt_count", "rtt_min", "_running", "_first_number", "_newest"):
            setattr(self, name, grown(getattr(self, name), size))
        self.rtt_min[before:] = LONGEST
        self._first_number[before:] = -1
        self._newest[before:] = -1

    # ---- what was sent -------------------------------------------------------------------------------------------------

    def _follow(self, source: tuple[Frames, InnerPackets], segments: Segments, position: int) -> _Disturbed:
        """Count segments and those sent again, choose some to be timed; where flows were disturbed."""
        reset = (segments.flags & RST) != 0
        if reset.any():
            segments = segments.some(~reset)
            if not len(segments):
                return _Disturbed(*np.zeros((2, 0), np.int64))
        flags, flow = segments.flags, segments.flow
        starts = _starts(flow)
        length, anew = segments.payload, np.zeros(0, np.int64)
        marked = np.flatnonzero(flags & (SYN | FIN))
        if len(marked):
            length = length.copy()
            length[marked] += ((flags[marked] & SYN) >> 1) + (flags[marked] & FIN)
            anew = self._new_connections(segments, marked[(flags[marked] & SYN) != 0])
        runs = self._sent.feed(flow, starts, segments.number, length, anew)
        occupies = length > 0
        late = runs.number < runs.before
        late &= occupies
        probes = np.flatnonzero(late & (length == 1) & (segments.payload == 1) & (runs.number + 1 == runs.before))
        late[probes] = False
        occupies[probes] = False
        self.segments += np.bincount(flow[occupies], minlength=len(self.segments))
        again = self._irregular(source, segments, runs, (length, late, occupies & ~late))
        self._choose(source, segments, (occupies & ~late, length), position)
        fresh = np.flatnonzero(runs.fresh)
        disturbed = np.concatenate([again, fresh])
        stamp = np.concatenate([stamps(source[1], segments.packet[again]), np.zeros_like(fresh)])
        key = (flow[disturbed] << _SPAN) + segments.row[disturbed] + position
        order = np.argsort(key)
        return _Disturbed(key[order], stamp[order])

    def _new_connections(self, segments: Segments, syns: Int64s) -> Int64s:
        """The SYNs that begin a connection: their number is not that of the SYN before them."""
        if not len(syns):
            return syns
        flow, number = segments.flow[syns], segments.number[syns]
        first = np.append(True, flow[1:] != flow[:-1])
        before = np.concatenate([np.full(1, -1), number[:-1]])
        before[first] = self._first_number[flow[first]]
        last = np.append(first[1:], True)
        self._first_number[flow[last]] = number[last]
        new: Int64s = syns[number != before]
        return new

    def _irregular(self, source: tuple[Frames, InnerPackets], segments: Segments, runs: _Runs, seen: tuple[Int64s, Bools, Bools]) -> Int64s:
        """Gaps, and segments from below, one by one; the rows of those that were sent again.

        *seen*: length, which are from below, which are new.
        """
        (frames, packets), (length, late, new) = source, seen
        latest = np.maximum.accumulate(np.where(new, np.arange(len(new)), -1)) if late.any() else None
        odd = runs.number > runs.before
        if len(self._gaps) or odd.any():
            odd |= runs.fresh
        odd |= late
        again = []
        for row in np.flatnonzero(odd).tolist():
            flow, first = int(segments.flow[row]), int(runs.number[row])
            if runs.fresh[row]:
                self._gaps.forget(flow)
                continue
            when, identification = int(frames.time[segments.row[row]]), packets.identification(int(segments.packet[row]))
            if not late[row]:
                self._gaps.open(flow, Gap(int(runs.before[row]), first, when, identification))
                continue
            assert latest is not None
            last = int(latest[row])
            if last >= 0 and segments.flow[last] == flow:
                self._newest[flow] = newer(packets.identification(int(segments.packet[last])), int(self._newest[flow]))
            what = self._gaps.take(flow, Gap(first, first + int(length[row]), when, identification))
            if what is Late.REPEATED and was_sent_before(identification, int(self._newest[flow])):
                what = Late.COPIED
            column = {Late.FILLED: self.filled, Late.REPEATED: self.repeated, Late.REORDERED: self.reordered}.get(what)
            if column is None:
                self.segments[flow] -= 1
                continue
            column[flow] += 1
            if what is not Late.REORDERED:
                self._newest[flow] = newer(identification, int(self._newest[flow]))
                again.append(row)
        self._remember(packets, segments, np.flatnonzero(new))
        return np.array(again, np.int64)

    def _remember(self, packets: InnerPackets, segments: Segments, new: Int64s) -> None:
        """The IP id of the last new segment of each flow."""
        if not len(new):
            return
        flow = segments.flow[new]
        last = new[np.append(flow[1:] != flow[:-1], True)]
        rows = packets.rows[segments.packet[last]]
        identification = rows["identification"].astype(np.int64)
        known = self._newest[segments.flow[last]]
        step = ((identification - known + 0x8000) & 0xFFFF) - 0x8000
        self._newest[segments.flow[last]] = np.where(
            ((known < 0) | (step >= 0)) & (identification > 0) & (rows["first"] < 0x60), identification, known
        )

    def _choose(self, source: tuple[Frames, InnerPackets], segments: Segments, seen: tuple[Bools, Int64s], position: int) -> None:
        """Let those whose turn it is wait for their acknowledgement. *seen*: which segments are new, their length."""
        (frames, packets), (new, length) = source, seen
        which = np.flatnonzero(new)
        if not len(which):
            return
        flow = segments.flow[which]
        first = _starts(flow)
        sizes = np.diff(np.append(first, len(flow)))
        running = np.arange(len(flow))
        running += np.repeat(self._running[flow[first]] - first, sizes)
        self._running[flow[first]] += sizes
        known = running < len(_CHOSEN)
        which = which[_CHOSEN[running] if known.all() else are_chosen(running)]
        room = max(0, MOST_WAITING - len(self._waiting))
        if len(which) > room:
            self.untimed += len(which) - room
            which = which[np.argsort(segments.row[which], kind="stable")[:room]]
        end, row = (segments.number[which] + length[which]) & 0xFFFFFFFF, segments.row[which]
        stamp, no = stamps(packets, segments.packet[which]), np.zeros(len(row), np.bool_)
        chosen = Waiting(segments.flow[which], end, frames.time[row], row + position, frames.frame[row], stamp, no, no.copy())
        self._waiting = self._waiting.and_then(chosen)

    # ---- what was acknowledged -----------------------------------------------------------------------------------------

    def _acknowledge(self, acks: Segments) -> _Runs:
        return self._acknowledged.feed(acks.flow, _starts(acks.flow), acks.acknowledged, None, np.flatnonzero(acks.flags & SYN))

    def _time(self, source: tuple[Frames, InnerPackets], acks: Segments, runs: _Runs | None, at: tuple[Int64s, _Disturbed, int]) -> None:
        """Take the acknowledgements of what waits; what was disturbed, or waits too long, waits no more.

        *at*: the flow back of each flow, where flows were disturbed, the position of row 0.
        """
        (frames, packets), (partner, disturbed, position) = source, at
        waiting = self._waiting
        answered = np.full(len(waiting), -1, np.int64)
        gone = np.zeros(len(waiting), np.bool_)
        if runs is not None:
            answered, gone = _matched(waiting, partner.take(waiting.flow), acks, runs, position)
        if len(disturbed):
            until = np.where(answered >= 0, acks.row[answered] + position if len(acks) else 0, _HIGHEST)
            doubted, over = disturbed.meet(waiting, until)
            waiting.doubted |= doubted
            gone |= over
        done = np.flatnonzero((answered >= 0) & ~gone)
        if waiting.doubted[done].any():
            done = done[~waiting.doubted[done] | (echoes(packets, acks.packet[answered[done]]) == waiting.stamp[done])]
        if len(done):
            self._keep(frames, waiting.some(done), acks.row[answered[done]])
        now = int(frames.time.max())
        self._waiting = waiting.some((answered < 0) & ~gone & (waiting.time >= now - LONGEST))

    def _keep(self, frames: Frames, sent: Waiting, acks: Int64s) -> None:
        """Count round trips, in the order in which they were complete; *acks*: rows of what completed them."""
        order = np.lexsort((sent.position, acks))
        rtt = (frames.time[acks] - sent.time)[order]
        sane = (rtt >= 0) & (rtt <= LONGEST)
        order, rtt = order[sane], rtt[sane]
        np.add.at(self.rtt_count, sent.flow[order], 1)
        np.minimum.at(self.rtt_min, sent.flow[order], rtt)
        room = max(0, MOST_SAMPLES - len(self.samples))
        self.left_out += max(0, len(order) - room)
        order, rtt = order[:room], rtt[:room]
        row = acks[order]
        columns: list[Any] = [sent.flow[order], frames.time[row], rtt, frames.capture[row], sent.frame[order], frames.frame[row]]
        self.samples += [TcpSample(*one) for one in zip(*(column.tolist() for column in columns), strict=True)]


def _starts(flow: Int64s) -> Int64s:
    """Where each flow's rows start."""
    starts: Int64s = np.flatnonzero(np.append(True, flow[1:] != flow[:-1]))
    return starts


def _matched(waiting: Waiting, back: Int64s, acks: Segments, runs: _Runs, position: int) -> tuple[Int64s, Bools]:
    """The row of the first acknowledgement of all of each segment, -1 where there is none yet; which will never have one.

    *Shape*: (waiting,) both.
    """
    size = len(acks)
    ranks: Int64s = (acks.flow << _SPAN) + acks.row
    after = np.searchsorted(ranks, (back << _SPAN) + np.maximum(waiting.position - position, -1), "right")
    safe = np.minimum(after, size - 1)
    there = (after < size) & (acks.flow[safe] == back) & (back > 0)
    target = runs.number[safe] + signed(waiting.end - acks.acknowledged[safe])
    run = runs.run[safe]
    refused = there & ~runs.fresh[safe] & (runs.before[safe] >= target)
    found = np.searchsorted(runs.level, (run << _SPAN) + np.clip(target - runs.floor[run], 0, _HIGHEST), "left")
    found = np.maximum(found, after)
    reached = np.minimum(found, size - 1)
    answered = there & (found < size) & (runs.run[reached] == run)
    over = there & ~answered & (found < size) & (acks.flow[reached] == back)  # other numbers began before it was acknowledged
    over |= there & waiting.heard & runs.fresh[safe]
    waiting.heard |= there
    too_far = answered & (runs.number[reached] - target > FAR)
    result: NDArray[np.int64] = np.where(answered, reached, -1)
    return result, refused | over | too_far
