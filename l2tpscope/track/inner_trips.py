"""inner_trips: round trips of TCP inside sessions.

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
from l2tpscope.frames.window import Bools, Int64s
from l2tpscope.model.inner import TcpSample
from l2tpscope.track.flows import grown
from l2tpscope.track.inner_numbers import ACK, FAR, HIGHEST, SPAN, SYN, Numbers, Runs, Segments, signed, starts_of
from l2tpscope.track.inner_packets import InnerPackets
from l2tpscope.track.inner_stamps import echoes, stamps

EACH = 8
LONGEST = 60_000_000_000
"""Nanoseconds that an acknowledgement may take."""
MOST_WAITING = 1 << 16
"""Segments that wait for their acknowledgement."""
MOST_SAMPLES = 20_000
"""Round trips that are kept one by one; the others only count for their flow."""


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
class Disturbed:
    """Where something of a flow was sent again, or its numbers began anew. *Shape*: (n,)."""

    key: Int64s
    """`flow << SPAN | position`, ascending."""
    stamp: Int64s
    """TSval + 1; 0: none, or numbers began anew."""

    def __len__(self) -> int:
        return len(self.key)

    def meet(self, waiting: Waiting, until: Int64s) -> tuple[Bools, Bools]:
        """Which segments were disturbed up to a position each, and which of these no timestamp tells apart from what was sent again.

        Timestamps do not decrease, so that the first one sent again tells for all.
        """
        own = waiting.flow << SPAN
        first = np.searchsorted(self.key, own + waiting.position, "right")
        behind = np.searchsorted(self.key, own + until, "left")
        disturbed: Bools = behind > first
        bare = np.append(0, np.cumsum(self.stamp == 0))
        told = (waiting.stamp > 0) & (bare[behind] == bare[first]) & (self.stamp[np.minimum(first, len(self) - 1)] != waiting.stamp)
        return disturbed, disturbed & ~told


def are_chosen(number: Int64s) -> Bools:
    """Whether the segments of these running numbers are to be timed: `EACH` first ones, and `EACH` of each doubling."""
    octave = np.frexp(number.astype(np.float64))[1] - EACH.bit_length()
    chosen: Bools = (number & ((np.int64(1) << np.maximum(octave, 0)) - 1)) == 0
    return chosen


_CHOSEN = are_chosen(np.arange(1 << 16))
"""Of the first numbers, looked up."""


class Trips:
    """Round trips of many flows; memory grows with flows."""

    def __init__(self) -> None:
        self._acknowledged = Numbers()
        self._running = np.zeros(64, np.int64)
        """How many segments were new."""
        self.count = np.zeros(64, np.int64)
        self.least = np.full(64, LONGEST)
        """Nanoseconds, of each flow's segments."""
        none = np.zeros(0, np.int64)
        self._waiting = Waiting(none, none, none, none, none, none, none.astype(np.bool_), none.astype(np.bool_))
        self.samples: list[TcpSample] = []
        self.left_out = 0
        """Round trips that are not among `samples`."""
        self.untimed = 0
        """Segments that were not timed because too many waited."""

    def grow(self, size: int) -> None:
        """Make room for *size* flows."""
        before = len(self.count)
        for name in ("count", "least", "_running"):
            setattr(self, name, grown(getattr(self, name), size))
        self.least[before:] = LONGEST

    def answer(self, source: tuple[Frames, InnerPackets], segments: Segments, at: tuple[Int64s, Disturbed, int]) -> None:
        """Take the acknowledgements in these segments.

        *at*: the flow back of each flow, where flows were disturbed, the position of row 0.
        """
        acknowledge = (segments.flags & ACK) != 0
        acks = segments if acknowledge.all() else segments.some(acknowledge)
        runs = self._acknowledge(acks) if len(acks) else None
        if len(self._waiting):
            self._time(source, acks, runs, at)

    def choose(self, source: tuple[Frames, InnerPackets], segments: Segments, seen: tuple[Bools, Int64s], position: int) -> None:
        """Let those whose turn it is wait for their acknowledgement. *seen*: which segments are new, their length."""
        (frames, packets), (new, length) = source, seen
        which = np.flatnonzero(new)
        if not len(which):
            return
        flow = segments.flow[which]
        first = starts_of(flow)
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

    def _acknowledge(self, acks: Segments) -> Runs:
        return self._acknowledged.feed(acks.flow, starts_of(acks.flow), acks.acknowledged, None, np.flatnonzero(acks.flags & SYN))

    def _time(self, source: tuple[Frames, InnerPackets], acks: Segments, runs: Runs | None, at: tuple[Int64s, Disturbed, int]) -> None:
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
            until = np.where(answered >= 0, acks.row[answered] + position if len(acks) else 0, HIGHEST)
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
        np.add.at(self.count, sent.flow[order], 1)
        np.minimum.at(self.least, sent.flow[order], rtt)
        room = max(0, MOST_SAMPLES - len(self.samples))
        self.left_out += max(0, len(order) - room)
        order, rtt = order[:room], rtt[:room]
        row = acks[order]
        columns: list[Any] = [sent.flow[order], frames.time[row], rtt, frames.capture[row], sent.frame[order], frames.frame[row]]
        self.samples += [TcpSample(*one) for one in zip(*(column.tolist() for column in columns), strict=True)]


def _matched(waiting: Waiting, back: Int64s, acks: Segments, runs: Runs, position: int) -> tuple[Int64s, Bools]:
    """The row of the first acknowledgement of all of each segment, -1 where there is none yet; which will never have one.

    *Shape*: (waiting,) both.
    """
    size = len(acks)
    ranks: Int64s = (acks.flow << SPAN) + acks.row
    after = np.searchsorted(ranks, (back << SPAN) + np.maximum(waiting.position - position, -1), "right")
    safe = np.minimum(after, size - 1)
    there = (after < size) & (acks.flow[safe] == back) & (back > 0)
    target = runs.number[safe] + signed(waiting.end - acks.acknowledged[safe])
    run = runs.run[safe]
    refused = there & ~runs.fresh[safe] & (runs.before[safe] >= target)
    found = np.searchsorted(runs.level, (run << SPAN) + np.clip(target - runs.floor[run], 0, HIGHEST), "left")
    found = np.maximum(found, after)
    reached = np.minimum(found, size - 1)
    answered = there & (found < size) & (runs.run[reached] == run)
    over = there & ~answered & (found < size) & (acks.flow[reached] == back)  # other numbers began before it was acknowledged
    over |= there & waiting.heard & runs.fresh[safe]
    waiting.heard |= there
    too_far = answered & (runs.number[reached] - target > FAR)
    result: NDArray[np.int64] = np.where(answered, reached, -1)
    return result, refused | over | too_far
