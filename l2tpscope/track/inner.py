"""InnerTracker: what sessions in clear carry: IP flows, echoes, TCP; the rest is named and counted, and left alone.

Fed with the data rows that `DataTracker.feed` returns and the series of each. The steady state is columns: Python touches new
flows, SYNs, echoes, and what of TCP came out of order or was sent again. Every kind of state is bounded; `notes` says what was
left out. Fragments are counted under their addresses and protocol alone: of most of them the ports are elsewhere.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from l2tpscope.frames import Frames
from l2tpscope.frames.tables import ICMP, ICMPV6, TCP
from l2tpscope.frames.window import Int64s, Views
from l2tpscope.model.inner import Content, Echo, Inner, InnerFlow
from l2tpscope.track.flows import OVERFLOW, FlowTable, grouped, grown
from l2tpscope.track.inner_numbers import SYN, Segments
from l2tpscope.track.inner_packets import InnerPackets, read_packets
from l2tpscope.track.inner_place import locate
from l2tpscope.track.inner_tcp import InnerTcp
from l2tpscope.track.totals import Totals

MOST_FLOWS = 1 << 16
MOST_ECHOES = 50_000
ECHO_OCTETS, TCP_OCTETS, TCP_HEADER = 8, 14, 20
"""Without which they cannot be read: to the sequence number, and to the flags."""
ECHOES = {ICMP: {8: True, 0: False}, ICMPV6: {128: True, 129: False}}
"""By protocol and type, whether it is a request. *Source*: RFC 792, RFC 4443 §4."""
MSS_OPTION, MSS_OPTION_OCTETS = 2, 4


class _Ends(NamedTuple):
    """What names a flow to who looks for the flow back: addresses of the tunnel and of the packet, protocol, ports."""

    outer_source: int
    outer_destination: int
    source: bytes
    destination: bytes
    protocol: int
    source_port: int
    destination_port: int

    def back(self) -> _Ends:
        """Those of the flow back."""
        return _Ends(
            self.outer_destination,
            self.outer_source,
            self.destination,
            self.source,
            self.protocol,
            self.destination_port,
            self.source_port,
        )


class InnerTracker:
    """Takes data rows; `finish` tells what was in them."""

    def __init__(self) -> None:
        self._table = FlowTable(MOST_FLOWS)
        self._flows: list[InnerFlow | None] = [None]
        self._partner = np.zeros(64, np.int64)
        self._lonely: dict[_Ends, list[int]] = defaultdict(list)
        """Flows whose flow back was not seen yet."""
        self._peers: dict[int, int] = {}
        """Series to that of the other direction, as far as flows have shown it."""
        self._totals = Totals()
        self._fragments = np.zeros(64, np.int64)
        self._contents: Counter[tuple[int, int]] = Counter()
        self._tcp = InnerTcp()
        self._echoes: list[Echo] = []
        self._echoes_end: int | None = None
        self._echoes_left_out = 0
        self._position = 0

    @property
    def crowded(self) -> bool:
        """Whether it is half full, so that something new may soon not be followed."""
        return len(self._table) > MOST_FLOWS // 2 or len(self._echoes) > MOST_ECHOES // 2 or self._tcp.trips.left_out > 0

    def feed(self, frames: Frames, rows: Int64s, series: Int64s) -> None:
        """Take data rows of *frames*, in their order, with the series that each belongs to. *Shape*: (n,), (n,)."""
        if len(rows):
            self._feed(frames, rows, series)
        self._position += len(frames)

    def finish(self) -> Inner:
        """All that was seen."""
        tcp, totals = self._tcp, self._totals
        size = len(self._flows)
        tcp.grow(size)
        totals.grow(size)
        for number, flow in enumerate(self._flows):
            if flow is None:
                continue
            flow.packets, flow.octets = int(totals.packets[number]), int(totals.octets[number])
            flow.first, flow.last = int(totals.first[number]), int(totals.last[number])
            flow.fragments, flow.partner = int(self._fragments[number]), int(self._partner[number])
            flow.segments, flow.filled = int(tcp.segments[number]), int(tcp.filled[number])
            flow.repeated, flow.reordered = int(tcp.repeated[number]), int(tcp.reordered[number])
            flow.large = tcp.large.of(number, flow.partner)
            flow.rtt_count = int(tcp.trips.count[number])
            flow.rtt_min = int(tcp.trips.least[number]) if flow.rtt_count else None
        return Inner(
            flows=list(self._flows),
            contents={(number, Content(content)): count for (number, content), count in self._contents.items()},
            samples=tcp.trips.samples,
            echoes=self._echoes,
            echoes_end=self._echoes_end,
        )

    def notes(self) -> list[str]:
        """What the bounds on memory left out, a line each."""
        overflow = sum(count for (_, content), count in self._contents.items() if content <= Content.IPV6)
        told = (
            (overflow, f"{overflow} inner packets belong to flows too many to be told apart (over {MOST_FLOWS}): not in inner_flows"),
            (self._echoes_left_out, f"{self._echoes_left_out} inner echoes were not kept: over {MOST_ECHOES}"),
            (
                self._tcp.trips.left_out,
                f"{self._tcp.trips.left_out} inner round trips of TCP are not in the table rtt, but in the minima of inner_flows",
            ),
            (
                self._tcp.trips.untimed,
                f"{self._tcp.trips.untimed} inner TCP segments were not timed: too many waited for their acknowledgement",
            ),
        )
        return [line for count, line in told if count]

    # ---- rows ----------------------------------------------------------------------------------------------------------

    def _feed(self, frames: Frames, rows: Int64s, series: Int64s) -> None:
        views = Views(frames.octets)
        place = locate(frames, views, rows)
        packets = read_packets(views, rows, series, place)
        if len(packets) < len(rows):
            self._count(series, place.content, place.content > Content.IPV6)
        if not len(packets):
            return
        before = len(self._table)
        flow = self._table.lookup(*packets.keys(views)).astype(np.int64)
        if len(self._table) > before:
            self._meet(frames, packets, flow, before)
        if not flow.all():
            version = np.where(packets.rows["first"] >= 0x60, Content.IPV6, Content.IPV4)
            self._count(packets.series, version, flow == OVERFLOW)
        order, starts, groups = grouped(flow)
        self._totals.add_grouped(
            starts, groups, frames.time.take(packets.row.take(order) if len(packets) < len(frames) else order), packets.octets.take(order)
        )
        if packets.fragment.any():
            self._fragments += np.bincount(flow[packets.fragment], minlength=len(self._fragments))
        whole = ~packets.fragment & (flow != OVERFLOW)
        is_tcp = whole & (packets.protocol == TCP) & (packets.there >= TCP_OCTETS)
        if is_tcp.any():
            self._take_tcp(frames, packets, flow, order if is_tcp.all() else order[is_tcp.take(order)])
        self._take_echoes(frames, packets, flow, whole & (packets.there >= ECHO_OCTETS))

    def _count(self, series: Int64s, content: NDArray[np.integer], which: NDArray[np.bool_]) -> None:
        """Count packets that are in no flow, by series and content."""
        some, sizes = np.unique(series[which] << 8 | content[which], return_counts=True)
        for key, count in zip(some.tolist(), sizes.tolist(), strict=True):
            self._contents[key >> 8, key & 0xFF] += count

    # ---- flows ---------------------------------------------------------------------------------------------------------

    def _meet(self, frames: Frames, packets: InnerPackets, flow: Int64s, before: int) -> None:
        """Begin each flow that was not there before, and look for the flow back."""
        size = len(self._table)
        self._partner, self._fragments = grown(self._partner, size), grown(self._fragments, size)
        self._totals.grow(size)
        fresh = np.flatnonzero(flow >= before)
        numbers, first = np.unique(flow[fresh], return_index=True)
        ports = packets.ports()
        for number, index in zip(numbers.tolist(), fresh[first].tolist(), strict=True):
            at = int(packets.ip[index])
            six = frames.octets[at] >> 4 == 6
            begin, width = (at + 8, 16) if six else (at + 12, 4)
            source, destination = (bytes(frames.octets[begin + part * width : begin + (part + 1) * width]) for part in (0, 1))
            row, both = int(packets.row[index]), int(ports[index])
            protocol, series = int(packets.protocol[index]), int(packets.series[index])
            outer = int(frames.source[row]), int(frames.destination[row])
            ports_of = (both >> 16, both & 0xFFFF) if both else (None, None)
            self._flows.append(InnerFlow(series, protocol, source, destination, *ports_of))
            self._pair(number, series, _Ends(*outer, source, destination, protocol, both >> 16, both & 0xFFFF))

    def _pair(self, flow: int, series: int, ends: _Ends) -> None:
        """Give a flow its flow back: of the series that is known to be the other direction, else of one without any."""
        back = self._lonely.get(ends.back(), [])
        known = self._peers.get(series)
        fits = [other for other in back if self._series(other) == known or (known is None and self._series(other) not in self._peers)]
        if not fits:
            self._lonely[ends].append(flow)
            return
        other = fits[0]
        back.remove(other)
        if not back:
            del self._lonely[ends.back()]
        self._partner[flow], self._partner[other] = other, flow
        self._peers[series], self._peers[self._series(other)] = self._series(other), series

    def _series(self, number: int) -> int:
        flow = self._flows[number]
        assert flow is not None
        return flow.series

    # ---- TCP, echoes ---------------------------------------------------------------------------------------------------

    def _take_tcp(self, frames: Frames, packets: InnerPackets, flow: Int64s, order: Int64s) -> None:
        """Give TCP its segments, those of a flow together."""
        header = (packets.rows["tcp_offset"] >> 4).astype(np.int64)
        header *= 4
        payload = packets.carried - header
        sound = ((payload >= 0) & (header >= TCP_HEADER)).take(order)
        if not sound.all():
            order = order[sound]
        if not len(order):
            return
        flags = packets.rows["tcp_flags"].take(order)
        syns = order[(flags & SYN) != 0]
        if len(syns):
            self._read_mss(frames, packets, flow, np.sort(syns))
        segments = Segments(
            flow=flow.take(order),
            number=packets.rows["after_ports"].astype(np.int64).take(order),
            acknowledged=packets.rows["marker"].astype(np.int64).take(order),
            flags=flags,
            payload=payload.take(order),
            row=packets.row.take(order),
            packet=order,
        )
        self._tcp.feed((frames, packets), segments, self._partner, self._position)

    def _read_mss(self, frames: Frames, packets: InnerPackets, flow: Int64s, syns: Int64s) -> None:
        """The Maximum Segment Size of the first SYN of each flow that has one (RFC 9293 §3.7.1)."""
        for index in syns.tolist():
            one = self._flows[int(flow[index])]
            if one is None or one.mss is not None:
                continue
            end = int(packets.ip[index] + packets.octets[index])
            transport = end - int(packets.carried[index])
            options = transport + 20, min(transport + 4 * (frames.octets[transport + 12] >> 4), transport + int(packets.there[index]))
            one.mss = mss(bytes(frames.octets[slice(*options)]))

    def _take_echoes(self, frames: Frames, packets: InnerPackets, flow: Int64s, which: NDArray[np.bool_]) -> None:
        which &= (packets.protocol == ICMP) | (packets.protocol == ICMPV6)
        some = np.flatnonzero(which)
        if not len(some):
            return
        kinds = packets.rows["icmp_type"].take(some).tolist()
        numbers = packets.rows["after_ports"].astype(np.int64).take(some).tolist()
        for index, kind, number in zip(some.tolist(), kinds, numbers, strict=True):
            request = ECHOES[int(packets.protocol[index])].get(kind)
            if request is None:
                continue
            row = int(packets.row[index])
            if len(self._echoes) >= MOST_ECHOES:
                self._echoes_left_out += 1
                self._echoes_end = self._echoes_end or int(frames.time[row])
                continue
            self._echoes.append(
                Echo(int(flow[index]), request, number, int(frames.time[row]), int(frames.capture[row]), int(frames.frame[row]))
            )


def mss(options: bytes) -> int | None:
    """The Maximum Segment Size among TCP options; None where there is none, or what is there is cut or malformed."""
    at = 0
    while at + 1 < len(options) and options[at]:
        kind, size = options[at], 1 if options[at] == 1 else options[at + 1]
        if size < 1 or (kind != 1 and size < 2):
            return None
        if kind == MSS_OPTION and size == MSS_OPTION_OCTETS and at + size <= len(options):
            return int.from_bytes(options[at + 2 : at + 4], "big")
        at += size
    return None
