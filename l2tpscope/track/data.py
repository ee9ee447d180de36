"""DataTracker: L2TP data packets as columns, counted per session and direction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from l2tpscope.frames import Endpoint, Frames, Kind
from l2tpscope.model.cut import ANY_TUNNEL, Cut
from l2tpscope.model.half import DataSeries
from l2tpscope.model.sequence import Missed
from l2tpscope.track.flows import MOST, OVERFLOW, FlowTable, grown, picked_rows, renumbered
from l2tpscope.track.heads import Heads
from l2tpscope.track.protocols import are_use
from l2tpscope.track.sequence import SequenceSpaces
from l2tpscope.track.totals import Totals

Int64s = NDArray[np.int64]

CROWDED = 1 << 14
"""Series from which on those that were let go are forgotten, when they are half of all."""
Named = tuple[bytes, int, int]
"""A receiver's address, Tunnel ID (0 in v3), Session ID."""
Heard = tuple[bytes, int | bytes]
"""A receiver's address and the Tunnel ID; of v3, whose data names no tunnel, the sender's address."""
_IPV6 = np.uint64(1) << np.uint64(63)


def flow_keys(frames: Frames, rows: Int64s) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Two 64-bit keys that together name (version, addresses, ports, tunnel, session) of rows."""
    source, destination = frames.source.take(rows), frames.destination.take(rows)
    addresses = source << np.uint64(32)
    addresses |= destination
    wide = (source | destination) >= _IPV6
    if wide.any():
        mix = source * np.uint64(0x9E3779B97F4A7C15) ^ destination
        addresses = np.where(wide, mix, addresses)
    ids = frames.source_port.take(rows).astype(np.uint64)
    for column in (frames.destination_port, frames.tunnel, frames.session):
        ids <<= np.uint64(16)
        ids |= column.take(rows)
    v3 = are_v3(frames, rows)
    if v3.any():  # their Session IDs have 32 bits, of which the upper ones are now where v2 has its Tunnel ID
        addresses = np.where(v3, ~addresses, addresses)
    return addresses, ids


def are_v3(frames: Frames, rows: Int64s) -> NDArray[np.bool_]:
    """Which data rows are of L2TPv3. *Shape*: (n,)."""
    which: NDArray[np.bool_] = frames.kind.take(rows) == Kind.L2TP3_DATA
    return which


class DataTracker:
    """Counts data packets per flow and incarnation of its ids; state grows with flows and time bins, not with packets."""

    def __init__(self) -> None:
        self._flows = FlowTable()
        self._series_of_flow = np.zeros(64, np.int64)
        self._known: dict[tuple[int, int], dict[int, list[int]]] = defaultdict(dict)
        """(receiver's address key, tunnel) to session to the flows that were seen under them."""
        self._series: list[DataSeries] = [DataSeries(Endpoint(bytes(4), None), Endpoint(bytes(4), None), 0, 0, 0, 0)]
        self._totals = Totals()
        self._sequenced = np.zeros(64, np.int64)
        self._used = np.zeros(64, np.bool_)
        """Series in which what a session is there for was seen."""
        self._hidden = np.zeros(64, np.int64)
        """Of series that were let go, the packets that they had then."""
        self._forgotten = self._forgotten_packets = 0
        self._sequences = SequenceSpaces(16)
        self._heads = Heads()
        """Of L2TPv3, whose headers do not tell how long they are."""
        self.bins = self._totals.bins
        self._position = 0

    def feed(self, frames: Frames, cuts: Sequence[Cut] = ()) -> tuple[Int64s, Int64s]:
        """Take the data rows of *frames*; *cuts*, in row order, say where ids were given out anew.

        Returns these rows, in order, and the number of the series of each; 0 for flows too many to be told apart.
        """
        rows = np.flatnonzero(((frames.kind == Kind.L2TP2_DATA) | (frames.kind == Kind.L2TP3_DATA)) & ~frames.duplicate)
        parts = [np.zeros(0, np.int64)]
        if len(rows):
            begin = 0
            for cut in self._cuts_that_matter(frames, rows, cuts):
                end = int(np.searchsorted(rows, cut.row))
                parts.append(self._feed(frames, rows[begin:end]))
                begin = end
                self._cut(cut)
            parts.append(self._feed(frames, rows[begin:]))
        else:
            for cut in cuts:
                self._cut(cut)
        self._position += len(frames)
        return rows, np.concatenate(parts)

    def finish(self, now: int) -> list[DataSeries]:
        """All series, complete as of the instant *now*."""
        totals = self._totals
        totals.grow(len(self._series))
        for number, series in enumerate(self._series):
            if totals.seen(number):
                series.packets, series.octets = int(totals.packets[number]), int(totals.octets[number])
                series.first, series.last = int(totals.first[number]), int(totals.last[number])
                series.sequenced = int(self._sequenced[number])
                series.used = bool(self._used[number])
            if self._sequences.seen(number):
                series.count = self._sequences.count(number, now)
            if series.version == 3:
                series.heads, series.counts = self._heads.of(number), self._heads.counts(number, now)
        hidden = self._are_hidden(len(self._series))
        return [series for series in self._series[1:] if series.packets and not hidden[series.number]]

    def missed(self, now: int) -> Missed | None:
        """When numbers were lost and reordered, in the bins of `bins` as they are now."""
        return self._sequences.missed(self.bins.width, now)

    def heard(self, before: int) -> set[Heard]:
        """What names the tunnels in which something passed since an instant."""
        some = np.flatnonzero(self._totals.last[: len(self._series)] >= before).tolist()
        return {heard_of(self._series[number]) for number in some if number != OVERFLOW}

    def sessions(self, before: int) -> set[Named]:
        """What names the sessions in which something passed since an instant."""
        some = np.flatnonzero(self._totals.last[: len(self._series)] >= before).tolist()
        return {name_of(self._series[number]) for number in some if number != OVERFLOW}

    def age(self, before: int, sessions: set[Named]) -> bool:
        """Let go of what was silent since an instant and is not of these sessions; whether the numbers of the series changed.

        It is not shown any more, unless it goes on; it is forgotten when it is most of what there is.
        """
        size = len(self._series)
        self._hidden = grown(self._hidden, size)
        self._totals.grow(size)
        silent = np.flatnonzero(self._totals.last[:size] < before).tolist()
        for number in silent:
            if number != OVERFLOW and name_of(self._series[number]) not in sessions:
                self._hidden[number] = self._totals.packets[number]
        shown = np.flatnonzero(~self._are_hidden(size))
        if size < max(CROWDED, 2 * len(shown)):
            return False
        self._keep(np.union1d(shown, [OVERFLOW]))
        return True

    def let_go(self) -> tuple[int, int]:
        """How many series were let go, and how many packets they had."""
        hidden = np.flatnonzero(self._are_hidden(len(self._series)))
        return self._forgotten + len(hidden), self._forgotten_packets + int(self._hidden[hidden].sum())

    def _are_hidden(self, size: int) -> NDArray[np.bool_]:
        """Of the first *size* series, those that were let go and did not go on. *Shape*: (size,)."""
        self._hidden = grown(self._hidden, size)
        hidden: NDArray[np.bool_] = (self._hidden[:size] > 0) & (self._hidden[:size] == self._totals.packets[:size])
        return hidden

    def _keep(self, which: Int64s) -> None:
        """Forget all series but these, and the flows without one; both get new numbers."""
        self._forgotten, self._forgotten_packets = self.let_go()
        kept, new = renumbered(which, self._series_of_flow[: len(self._flows)])
        flows = np.flatnonzero(kept)
        self._flows.keep(flows)
        self._series_of_flow = grown(new, 64)
        self._series = [replace(self._series[number], number=at) for at, number in enumerate(which.tolist())]
        for part in (self._totals, self._sequences, self._heads):
            part.keep(which)
        self._hidden, self._sequenced, self._used = (picked_rows(one, which) for one in (self._hidden, self._sequenced, self._used))
        self._hidden[:] = 0
        number_of = {old: number for number, old in enumerate(flows.tolist())}
        known: dict[tuple[int, int], dict[int, list[int]]] = defaultdict(dict)
        for place, sessions in self._known.items():
            for session, old in sessions.items():
                if some := [number_of[flow] for flow in old if flow in number_of]:
                    known[place][session] = some
        self._known = known

    def notes(self) -> list[str]:
        """What the bounds on memory left out, a line each."""
        overflow = int(self._totals.packets[OVERFLOW])
        return [f"{overflow} data packets belong to flows too many to be told apart (over {MOST}): not in the tables"] if overflow else []

    def _cuts_that_matter(self, frames: Frames, rows: Int64s, cuts: Sequence[Cut]) -> list[Cut]:
        """Those for an id under which data came, before or in these rows."""
        if not cuts:
            return []
        tunnels = np.where(are_v3(frames, rows), ANY_TUNNEL, frames.tunnel[rows].astype(np.int64))
        here = set(zip(frames.destination[rows].tolist(), tunnels.tolist(), strict=True))
        return [cut for cut in cuts if (cut.receiver, cut.tunnel) in here or (cut.receiver, cut.tunnel) in self._known]

    def _cut(self, cut: Cut) -> None:
        sessions = self._known.get((cut.receiver, cut.tunnel), {})
        flows = sessions.values() if cut.session is None else [sessions.get(cut.session, [])]
        for flow in chain.from_iterable(flows):
            old = self._series[self._series_of_flow[flow]]
            if self._totals.seen(old.number):
                self._series_of_flow[flow] = self._new_series(replace(old, position=self._position + cut.row))

    def _new_series(self, series: DataSeries) -> int:
        series.number = len(self._series)
        self._series.append(series)
        return series.number

    def _feed(self, frames: Frames, rows: Int64s) -> Int64s:
        """Take rows between which no id changes its meaning; their series."""
        if not len(rows):
            return rows
        before = len(self._flows)
        flows = self._flows.lookup(*flow_keys(frames, rows))
        if len(self._flows) > before:
            self._meet(frames, rows, flows, before)
        series = self._series_of_flow.take(flows)
        self._totals.grow(len(self._series))
        self._sequenced = grown(self._sequenced, len(self._series))
        body, wire = frames.body_octets.take(rows), frames.ip_octets.take(rows)
        self._totals.add(series, frames.time.take(rows), body, wire)
        v3 = are_v3(frames, rows)
        if v3.any():
            told_apart = v3 & (series != OVERFLOW)
            self._heads.feed(frames, rows[told_apart], series[told_apart])
            self._look_for_use(frames, rows[~v3], series[~v3])
        else:
            self._look_for_use(frames, rows, series)
        number = frames.ns.take(rows)
        sequenced = np.flatnonzero(number >= 0)
        if len(sequenced):
            space = series.take(sequenced)
            self._sequenced += np.bincount(space, minlength=len(self._sequenced))
            self._sequences.feed(space, number.take(sequenced), frames.time.take(rows.take(sequenced)))
        return series

    def _look_for_use(self, frames: Frames, rows: Int64s, series: Int64s) -> None:
        """Mark the series that carry IP packets; those that are marked already cost no second look."""
        self._used = grown(self._used, len(self._series))
        open_rows = np.flatnonzero(~self._used.take(series))
        if len(open_rows):
            self._used[series.take(open_rows[are_use(frames, rows.take(open_rows))])] = True

    def _meet(self, frames: Frames, rows: Int64s, flows: NDArray[np.int32], before: int) -> None:
        """Begin a series for each flow that was not there before."""
        self._series_of_flow = grown(self._series_of_flow, len(self._flows))
        fresh = np.flatnonzero(flows >= before)
        numbers, first = np.unique(flows[fresh], return_index=True)
        for flow, index in zip(numbers.tolist(), fresh[first].tolist(), strict=True):
            row = int(rows[index])
            tunnel, session = int(frames.tunnel[row]), int(frames.session[row])
            ends = frames.source_endpoint(row), frames.destination_endpoint(row)
            version = 3 if frames.kind[row] == Kind.L2TP3_DATA else 2
            series = DataSeries(*ends, tunnel, session, self._position + row, 0, int(frames.capture[row]), version=version)
            self._series_of_flow[flow] = self._new_series(series)
            scope = ANY_TUNNEL if version == 3 else tunnel
            self._known[int(frames.destination[row]), scope].setdefault(session, []).append(flow)


def name_of(series: DataSeries) -> Named:
    """What names its session."""
    return series.receiver.address, 0 if series.version == 3 else series.tunnel, series.session


def heard_of(series: DataSeries) -> Heard:
    """What names its tunnel."""
    return series.receiver.address, series.sender.address if series.version == 3 else series.tunnel
