"""EspTracker: ESP and AH packets as columns, one series per receiver, SPI and encapsulation.

Not by source or ports: a NAT that forgets its mapping changes these in mid-series (each change is a `Move`), and the same SPI
for another receiver is another security association, for the receiver chose it. *Source*: RFC 4301 §4.1, RFC 4303 §2.1.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from l2tpscope.frames import Frames, Kind
from l2tpscope.frames.tables import AH, TCP, UDP
from l2tpscope.model.esp import WINDOWS, EspSeries, Move, Packets
from l2tpscope.model.sequence import Missed
from l2tpscope.track.flows import OVERFLOW, FlowTable, grouped, grown, picked_rows
from l2tpscope.track.samples import MOST_EDGES, Edges, Small
from l2tpscope.track.sequence import SequenceSpaces
from l2tpscope.track.sizes import Sizes
from l2tpscope.track.totals import Totals

Int64s = NDArray[np.int64]

MOST = 1 << 16
"""Series that are told apart."""
MOST_MOVES = 100
"""Of one series."""
MOST_MOVES_TOGETHER = 20_000

LONG_SILENCE = 8 * 3600 * 1_000_000_000
"""After it (nanoseconds) an SA is let go whatever else its hosts do."""
Pair = frozenset[bytes]
"""Two addresses."""
ENCAPSULATION: dict[int, Literal["udp", "tcp"]] = {UDP: "udp", TCP: "tcp"}
"""By IP protocol; what is not here stands directly in IP."""


class EspTracker:
    """Counts ESP and AH per security association; state grows with these, not with packets."""

    def __init__(self) -> None:
        self._flows = FlowTable(MOST)
        self._series: list[EspSeries] = []
        self._totals = Totals()
        self._sequences = SequenceSpaces(32, WINDOWS)
        self._sizes = Sizes()
        self._edges = Edges()
        self._small = Small()
        self._source = np.zeros(64, np.uint64)
        self._ports = np.zeros(64, np.uint32)
        """The outer source address and both ports of the last packet of each series."""
        self._moved = np.zeros(64, np.int64)
        self._moves = 0
        self._cut = self._overflow = 0
        self.let_go = 0
        """SAs that were forgotten."""
        self._position = 0
        self.bins = self._totals.bins

    def feed(self, frames: Frames) -> None:
        """Take the ESP and AH rows of *frames*."""
        rows = np.flatnonzero(((frames.kind == Kind.ESP) | (frames.kind == Kind.AH)) & ~frames.duplicate)
        if len(rows):
            cut = rows[frames.ns.take(rows) < 0]
            nameless = cut[frames.session[cut] == 0]
            if len(nameless):
                self._cut += len(nameless)
                rows = rows[~np.isin(rows, nameless)]
            self._feed(frames, rows)
        self._position += len(frames)

    def finish(self, now: int) -> list[EspSeries]:
        """All series in the order of their first packets, complete as of the instant *now*."""
        self._edges.finish()
        small, sizes = self._small.result(), self._sizes.result()
        for series in self._series:
            number = series.number
            series.packets, series.octets = int(self._totals.packets[number]), int(self._totals.octets[number])
            series.first, series.last = int(self._totals.first[number]), int(self._totals.last[number])
            if self._sequences.seen(number):
                series.count = self._sequences.count(number, now)
                series.wraps = self._sequences.wraps(number)
                series.last_sequence = self._sequences.highest(number)
                series.would_drop = self._sequences.would_drop(number)
            series.moved = int(self._moved[number])
            series.sizes = sizes.get(number, {})
            series.small, series.small_unkept = small.get(number), self._small.unkept(number)
            ends = self._edges.of(number, series.packets)
            if ends is not None:
                series.head, series.tail = ends
        return self._series

    def missed(self, now: int) -> Missed | None:
        """When numbers were lost and reordered, in the bins of `bins` as they are now."""
        return self._sequences.missed(self.bins.width, now)

    def heard(self, before: int) -> set[Pair]:
        """Pairs of addresses between which something passed since an instant."""
        return {_pair(one) for one in self._series if self._totals.last[one.number] >= before}

    def age(self, before: int, busy: set[Pair]) -> None:
        """Let go of SAs that were silent since an instant; between *busy* addresses, the last one of each pair of endpoints stays."""
        kept: list[EspSeries] = []
        last: dict[tuple[object, ...], EspSeries] = {}
        for one in self._series:
            if self._totals.last[one.number] >= before:
                kept.append(one)
            elif _pair(one) in busy and self._totals.last[one.number] >= before - LONG_SILENCE:
                last[one.sender, one.receiver, one.encapsulation] = one
        kept += last.values()
        if len(kept) == len(self._series):
            return
        kept.sort(key=lambda one: one.number)
        self.let_go += len(self._series) - len(kept)
        self._moves = sum(len(one.moves) for one in kept)
        which = np.array([OVERFLOW, *(one.number for one in kept)], np.int64)
        self._series = [replace(one, number=number) for number, one in enumerate(kept, 1)]
        for part in (self._flows, self._totals, self._sequences, self._sizes, self._edges, self._small):
            part.keep(which)
        self._source, self._ports, self._moved = (picked_rows(column, which) for column in (self._source, self._ports, self._moved))

    def notes(self) -> list[str]:
        """What the bounds on memory left out, a line each."""
        said = []
        if self._overflow:
            said.append(f"{self._overflow} ESP packets belong to SAs too many to be told apart (over {MOST}): not in the tables")
        if self._cut:
            said.append(f"{self._cut} ESP packets were captured without their SPI: not in the tables")
        if len(self._series) >= MOST_EDGES:
            said.append(
                f"the first and last packets of {len(self._series) - MOST_EDGES + 1} SAs were not kept (those after {MOST_EDGES - 1})"
            )
        unkept = sum(self._small.unkept(series.number) for series in self._series)
        if unkept:
            said.append(f"of small ESP packets, the first {self._small.each} of each SA were kept, {unkept} were not")
        return said

    def _feed(self, frames: Frames, rows: Int64s) -> None:
        if not len(rows):
            return
        before = len(self._flows)
        flows = self._flows.lookup(frames.destination.take(rows), _names(frames, rows))
        size = len(self._flows)
        if size > before:
            self._meet(frames, rows, flows, before)
        self._totals.grow(size)
        order, starts, groups = grouped(flows)
        self.bins.add(flows.astype(np.int64), frames.time.take(rows), frames.ip_octets.take(rows))
        if groups[0] == OVERFLOW:
            end = int(starts[1]) if len(starts) > 1 else len(order)
            self._overflow += end
            order, starts, groups = order[end:], starts[1:] - end, groups[1:]
            if not len(order):
                return
        rows = rows.take(order)
        table = Packets(
            frames.time.take(rows),
            frames.payload_octets.take(rows),
            frames.ns.take(rows),
            frames.capture.take(rows).astype(np.int64),
            frames.frame.take(rows),
        )
        counts = np.diff(np.append(starts, len(rows)))
        series = np.repeat(groups, counts)
        before_these = self._totals.packets[groups]
        self._totals.add_grouped(starts, groups, table.time, table.octets)
        self._follow_moves(frames, rows, series, starts)
        self._edges.add(starts, groups, before_these, table)
        self._small.add(series, table)
        self._sizes.add(series, table.octets)
        if bool((table.sequence >= 0).all()):
            self._sequences.feed_grouped(starts, groups, table.sequence, table.time)
        else:
            numbered = np.flatnonzero(table.sequence >= 0)
            self._sequences.feed(series[numbered], table.sequence[numbered], table.time[numbered])

    def _meet(self, frames: Frames, rows: Int64s, flows: NDArray[np.int32], before: int) -> None:
        """Begin a series for each flow that was not there before."""
        for name in ("_source", "_ports", "_moved"):
            setattr(self, name, grown(getattr(self, name), len(self._flows)))
        fresh = np.flatnonzero(flows >= before)
        numbers, first = np.unique(flows[fresh], return_index=True)
        for number, row in zip(numbers.tolist(), rows[fresh[first]].tolist(), strict=True):
            protocol = int(frames.protocol[row])
            self._series.append(
                EspSeries(
                    protocol="ah" if protocol == AH else "esp",
                    encapsulation=ENCAPSULATION.get(protocol, "ip"),
                    spi=int(frames.session[row]),
                    sender=frames.source_endpoint(row),
                    receiver=frames.destination_endpoint(row),
                    position=self._position + row,
                    number=number,
                    capture=int(frames.capture[row]),
                    frame=int(frames.frame[row]),
                )
            )
            self._source[number], self._ports[number] = frames.source[row], _ports(frames, np.array([row]))[0]

    def _follow_moves(self, frames: Frames, rows: Int64s, series: Int64s, starts: Int64s) -> None:
        """Note where the outer source or a port is not that of the row before in its series."""
        source, ports = frames.source.take(rows), _ports(frames, rows)
        differs = np.empty(len(rows), np.bool_)
        differs[1:] = (source[1:] != source[:-1]) | (ports[1:] != ports[:-1])
        groups = series[starts]
        differs[starts] = (source[starts] != self._source[groups]) | (ports[starts] != self._ports[groups])
        last = np.append(starts[1:], len(rows)) - 1
        self._source[groups], self._ports[groups] = source[last], ports[last]
        changes = np.flatnonzero(differs)
        if not len(changes):
            return
        kept = changes[self._moved[series[changes]] < MOST_MOVES]
        self._moved += np.bincount(series[changes], minlength=len(self._moved))
        for index in kept[np.argsort(rows[kept])].tolist():
            one, row = self._series[int(series[index]) - 1], int(rows[index])
            if len(one.moves) < MOST_MOVES and self._moves < MOST_MOVES_TOGETHER:
                self._moves += 1
                ends = frames.source_endpoint(row), frames.destination_endpoint(row)
                one.moves.append(Move(int(frames.time[row]), int(frames.capture[row]), int(frames.frame[row]), *ends))


def _names(frames: Frames, rows: Int64s) -> NDArray[np.uint64]:
    """SPI and encapsulation as one number."""
    names: NDArray[np.uint64] = frames.session.take(rows).astype(np.uint64)
    names <<= np.uint64(8)
    names |= frames.protocol.take(rows)
    return names


def _ports(frames: Frames, rows: Int64s) -> NDArray[np.uint32]:
    """Both ports as one number."""
    ports: NDArray[np.uint32] = frames.source_port.take(rows).astype(np.uint32)
    ports <<= np.uint32(16)
    ports |= frames.destination_port.take(rows)
    return ports


def _pair(series: EspSeries) -> Pair:
    return frozenset((series.sender.address, series.receiver.address))
