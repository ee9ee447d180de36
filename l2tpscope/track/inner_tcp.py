"""inner_tcp: what is sent again of TCP inside a session; columns, with state per flow.

A segment that ends at or below the highest number so far, or begins below it, is *late*: sent again, or overtaken (`inner_gaps.py`
tells). Keep-alives (RFC 9293 §3.8.4: the last octet again, or none) do not count. Round trips: `inner_trips.py`.
"""

from __future__ import annotations

import numpy as np

from l2tpscope.frames import Frames
from l2tpscope.frames.window import Bools, Int64s
from l2tpscope.track.flows import grown
from l2tpscope.track.inner_gaps import Gap, Gaps, Late, newer, was_sent_before
from l2tpscope.track.inner_large import LargeSegments
from l2tpscope.track.inner_numbers import FIN, RST, SPAN, SYN, Numbers, Runs, Segments, starts_of
from l2tpscope.track.inner_packets import InnerPackets
from l2tpscope.track.inner_stamps import stamps
from l2tpscope.track.inner_trips import Disturbed, Trips


class InnerTcp:
    """Sequence spaces of many flows; memory grows with flows."""

    def __init__(self) -> None:
        self._sent, self.trips = Numbers(), Trips()
        self._first_number = np.full(64, -1, np.int64)
        """Of each flow's last SYN; -1: none yet."""
        self.segments = np.zeros(64, np.int64)
        self.filled = np.zeros(64, np.int64)
        self.repeated = np.zeros(64, np.int64)
        self.reordered = np.zeros(64, np.int64)
        self.large = LargeSegments()
        self._gaps = Gaps()
        self._newest = np.full(64, -1, np.int64)
        """IP id of each flow's newest segment; -1: none."""

    def feed(self, source: tuple[Frames, InnerPackets], segments: Segments, partner: Int64s, position: int) -> None:
        """Take segments of *source*, grouped by flow.

        *partner*: the flow back of each flow, 0 where none was seen; *position*: of row 0.
        """
        if not len(segments):
            return
        self.grow(int(segments.flow[-1]) + 1)
        self.large.feed(source[0], segments)
        disturbed = self._follow(source, segments, position)
        self.trips.answer(source, segments, (partner, disturbed, position))

    def grow(self, size: int) -> None:
        """Make room for *size* flows."""
        before = len(self.segments)
        self.trips.grow(size)
        for name in ("segments", "filled", "repeated", "reordered", "_first_number", "_newest"):
            setattr(self, name, grown(getattr(self, name), size))
        self._first_number[before:] = -1
        self._newest[before:] = -1

    # ---- what was sent -------------------------------------------------------------------------------------------------

    def _follow(self, source: tuple[Frames, InnerPackets], segments: Segments, position: int) -> Disturbed:
        """Count segments and those sent again, choose some to be timed; where flows were disturbed."""
        reset = (segments.flags & RST) != 0
        if reset.any():
            segments = segments.some(~reset)
            if not len(segments):
                return Disturbed(*np.zeros((2, 0), np.int64))
        flags, flow = segments.flags, segments.flow
        starts = starts_of(flow)
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
        self.trips.choose(source, segments, (occupies & ~late, length), position)
        fresh = np.flatnonzero(runs.fresh)
        disturbed = np.concatenate([again, fresh])
        stamp = np.concatenate([stamps(source[1], segments.packet[again]), np.zeros_like(fresh)])
        key = (flow[disturbed] << SPAN) + segments.row[disturbed] + position
        order = np.argsort(key)
        return Disturbed(key[order], stamp[order])

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

    def _irregular(self, source: tuple[Frames, InnerPackets], segments: Segments, runs: Runs, seen: tuple[Int64s, Bools, Bools]) -> Int64s:
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
