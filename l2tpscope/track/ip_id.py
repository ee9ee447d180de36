"""IpIdTracker: the Identification of IPv4 as a sequence number of data that has none.

A kernel that sends a tunnel's data from a socket of its own gives each datagram the next id of that socket, so that a gap is a
datagram which did not reach the tap. Where the socket is connected, control messages take their ids from the same counter, else
from another one: a control message counts where its id lies beside those of the data, and is left out where it does not.

A tunnel's data is looked at for its first `SAMPLE` datagrams; where these do not step by one, it costs nothing from then on.
Whether what looked like a counter is one, `analysis/ip_id.py` says. *Source*: RFC 791 §3.1, RFC 6864 §4.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from l2tpscope.core.serial import delta
from l2tpscope.frames import Frames, Kind
from l2tpscope.model.ip_id import IpIdCounter
from l2tpscope.track.flows import grouped, grown
from l2tpscope.track.sequence import DROPOUT, SequenceSpaces

Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]
Key = tuple[int, int, int, int, int]
"""Address keys and ports of sender and receiver, Tunnel ID."""

MOST = 1 << 14
"""Tunnels and directions that are followed."""
SAMPLE = 32
"""Datagrams after which a counter is known to be none."""
SAMPLE_STEPS = 23
"""Of their 31 steps that must be 1: three of four."""
NEAR = 16
"""Steps to a control message, or between tunnels, up to this are taken for those of one counter."""
MOST_WILD = 64
"""Wild steps after which nothing more is counted."""

_IPV6 = 1 << 63
_UNMET, _OPEN, _CLOSED = 0, 1, 2


class _Taken(NamedTuple):
    """Datagrams in the order of the capture. *Shape*: all (n,)."""

    rows: Int64s
    counter: Int64s
    number: Int64s
    time: Int64s
    control: Bools

    def some(self, which: NDArray[np.integer] | Bools) -> _Taken:
        """Those."""
        return _Taken(self.rows[which], self.counter[which], self.number[which], self.time[which], self.control[which])


class IpIdTracker:
    """Keeps one 16-bit sequence space per sender, receiver and tunnel; state grows with these, and is bounded."""

    def __init__(self) -> None:
        self._state = np.full(64, _UNMET, np.int8)
        """Of each series of data; 0 is that of flows too many to be told apart."""
        self._state[0] = _CLOSED
        self._counter = np.zeros(64, np.int64)
        """Of each series."""
        self._named: dict[Key, int] = {}
        """Counters; 0: one that is not followed."""
        self._series: list[list[int]] = [[]]
        self._pairs: dict[tuple[int, int], int] = {}
        self._spaces = SequenceSpaces(16)
        self._seen = np.zeros(64, np.int64)
        self._ones = np.zeros(64, np.int64)
        """Steps of 1 in the sample."""
        self._wild = np.zeros(64, np.int64)
        self._shared = np.zeros(64, np.int64)
        self._last = np.zeros(64, np.int64)
        """The id that was counted last."""
        self._pair = np.zeros(64, np.int64)
        """Of hosts, of each counter."""
        self._pair_last = np.zeros(64, np.int64)
        self._pair_counter = np.zeros(64, np.int64)
        """By pair: the id that was counted last, and whose it was; 0: none yet."""
        self._open = np.zeros(64, np.bool_)
        self._left_out = 0

    @property
    def crowded(self) -> bool:
        """Whether it is half full, so that something new may soon not be followed."""
        return len(self._series) > MOST // 2

    def feed(self, frames: Frames, rows: Int64s, series: Int64s) -> None:
        """Take data rows of *frames*, in their order, with the series that each belongs to; control rows it finds itself.

        *Shape*: (n,), (n,).
        """
        if len(rows):
            self._state = grown(self._state, int(series.max()) + 1)
            self._counter = grown(self._counter, len(self._state))
            self._meet(frames, rows, series)
        some = np.flatnonzero(self._state.take(series) == _OPEN)
        data = rows.take(some)
        control, whose = self._control(frames)
        if not len(data) and not len(control):
            return
        every = np.concatenate([data, control])
        order = np.argsort(every, kind="stable")
        counter = np.concatenate([self._counter.take(series.take(some)), whose])[order]
        every = every[order]
        octets = np.frombuffer(frames.octets, np.uint8)
        at = frames.ip.take(every) + 4
        number = octets.take(at).astype(np.int64) << 8 | octets.take(at + 1)
        taken = _Taken(every, counter, number, frames.time.take(every), order >= len(data))
        if len(control):
            taken = self._fitting(taken)
        if len(taken.rows):
            self._take(taken)

    def finish(self, now: int) -> list[IpIdCounter]:
        """Those that looked like counters from their first datagrams on, as of the instant *now*."""
        looked_like = (number for number in range(1, len(self._series)) if self._open[number] and self._seen[number] >= SAMPLE)
        return [
            IpIdCounter(
                series=tuple(self._series[number]),
                seen=int(self._seen[number]),
                wild=int(self._wild[number]),
                shared=int(self._shared[number]),
                count=self._spaces.count(number, now),
            )
            for number in looked_like
        ]

    def notes(self) -> list[str]:
        """What the bound on memory left out, a line or none."""
        return [f"{self._left_out} more tunnels were not looked at for a counter in their IP ids: over {MOST}"] if self._left_out else []

    # ---- which counter -------------------------------------------------------------------------------------------------

    def _meet(self, frames: Frames, rows: Int64s, series: Int64s) -> None:
        """Give each new series its counter: that of its tunnel and direction, a new one where its data have no numbers."""
        fresh = np.flatnonzero(self._state.take(series) == _UNMET)
        numbers, first = np.unique(series[fresh], return_index=True)
        for number, row in sorted(zip(numbers.tolist(), rows[fresh[first]].tolist(), strict=True), key=lambda one: one[1]):
            key = _key(frames, row)
            if key not in self._named:
                self._named[key] = 0 if key[0] >= _IPV6 or frames.ns[row] >= 0 else self._begin(key)
            counter = self._counter[number] = self._named[key]
            self._series[counter].append(number)
            self._state[number] = _OPEN if counter and self._open[counter] else _CLOSED

    def _begin(self, key: Key) -> int:
        """The number of a new counter; 0 where there are too many."""
        number = len(self._series)
        if number > MOST:
            self._left_out += 1
            return 0
        self._series.append([])
        for name in ("_seen", "_ones", "_wild", "_shared", "_last", "_pair", "_pair_last", "_pair_counter", "_open"):
            setattr(self, name, grown(getattr(self, name), number + 1))
        self._open[number] = True
        self._pair[number] = self._pairs.setdefault((key[0], key[2]), len(self._pairs))
        return number

    def _control(self, frames: Frames) -> tuple[Int64s, Int64s]:
        """Control rows to the tunnels that are followed, and their counters."""
        rows = np.flatnonzero((frames.kind == Kind.L2TP2_CONTROL) & ~frames.duplicate) if self._open.any() else np.zeros(0, np.int64)
        if not len(rows):
            return rows, rows
        tunnels = {key[4] for key, counter in self._named.items() if self._open[counter]}
        rows = rows[np.isin(frames.tunnel[rows], np.fromiter(tunnels, np.uint32))]
        counters = np.fromiter((self._named.get(_key(frames, row), 0) for row in rows.tolist()), np.int64, len(rows))
        some = np.flatnonzero(self._open[counters])
        return rows[some], counters[some]

    def _fitting(self, taken: _Taken) -> _Taken:
        """All data, and of the control messages those whose ids lie beside the last one before them that was counted."""
        order, starts, _ = grouped(taken.counter)
        before = np.empty_like(order)
        before[order] = np.append(-1, order[:-1])
        before[order[starts]] = -1
        kept = ~taken.control
        last: dict[int, int] = {}
        for row in np.flatnonzero(taken.control).tolist():
            counter, previous = int(taken.counter[row]), int(before[row])
            if previous >= 0 and kept[previous]:
                last[counter] = int(taken.number[previous])
            elif previous < 0 and self._seen[counter]:
                last[counter] = int(self._last[counter])
            if counter in last:
                kept[row] = abs(delta(int(taken.number[row]), last[counter], 16)) <= NEAR
        return taken.some(kept)

    # ---- what it tells ---------------------------------------------------------------------------------------------------

    def _take(self, taken: _Taken) -> None:
        """Count steps; what is still a counter goes to its sequence space, and the others are closed."""
        order, starts, counters = grouped(taken.counter)
        number, counts, own = taken.number[order], np.diff(np.append(starts, len(order))), taken.counter[order]
        group = np.repeat(np.arange(len(counters)), counts)
        place = self._seen[own] + np.arange(len(order)) - starts[group]
        step = _steps(number, starts, self._last[counters])
        wild = (np.abs(step) > DROPOUT) & (place > 0)
        self._ones += np.bincount(own[(step == 1) & (place > 0) & (place < SAMPLE)], minlength=len(self._ones))
        so_far = np.cumsum(wild.astype(np.int64))
        so_far += (self._wild[counters] - (so_far - wild)[starts])[group]
        self._seen[counters] += counts
        self._last[counters] = number[starts + counts - 1]
        self._wild[counters] = so_far[starts + counts - 1]
        none = (self._seen >= SAMPLE) & (self._ones < SAMPLE_STEPS)
        alive = (so_far <= MOST_WILD) & ((place < SAMPLE) | ~none[own])
        self._close(counters[none[counters] | (self._wild[counters] > MOST_WILD)])
        if not alive.any():
            return
        if not alive.all():
            order, number, own = order[alive], number[alive], own[alive]
            starts = np.flatnonzero(np.append(True, own[1:] != own[:-1]))
            counters = own[starts]
        self._spaces.feed_grouped(starts, counters, number, taken.time.take(order))
        if len(self._pairs) == len(self._series) - 1:  # one tunnel a pair of hosts: no other to compare with
            pairs = self._pair[counters]
            self._pair_last[pairs], self._pair_counter[pairs] = number[np.append(starts[1:], len(number)) - 1], counters
        else:
            self._compare(taken.some(np.sort(order)))

    def _compare(self, taken: _Taken) -> None:
        """Count ids that continue those of another tunnel between the same hosts."""
        order, starts, pairs = grouped(self._pair.take(taken.counter))
        counter, number = taken.counter[order], taken.number[order]
        step, other = _steps(number, starts, self._pair_last[pairs]), np.empty_like(counter)
        other[1:] = counter[:-1]
        other[starts] = self._pair_counter[pairs]
        shared = (other != counter) & (other != 0) & (step > 0) & (step <= NEAR)
        self._shared += np.bincount(counter[shared], minlength=len(self._shared))
        ends = np.append(starts[1:], len(order)) - 1
        self._pair_last[pairs], self._pair_counter[pairs] = number[ends], counter[ends]

    def _close(self, counters: Int64s) -> None:
        self._open[counters] = False
        for counter in counters.tolist():
            self._state[self._series[counter]] = _CLOSED


def _steps(number: Int64s, starts: Int64s, before: Int64s) -> Int64s:
    """From each id to the next, the shorter way round; *before*: the ids before each group."""
    previous = np.empty_like(number)
    previous[1:] = number[:-1]
    previous[starts] = before
    step: Int64s = ((number - previous + 0x8000) & 0xFFFF) - 0x8000
    return step


def _key(frames: Frames, row: int) -> Key:
    ports = int(frames.source_port[row]), int(frames.destination_port[row])
    return int(frames.source[row]), ports[0], int(frames.destination[row]), ports[1], int(frames.tunnel[row])
