"""L2fTracker: L2F put together by endpoints and CLID, payload as columns; memory stays bounded whatever comes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from l2tpscope.frames import Endpoint, Frames, Kind
from l2tpscope.model.l2f import L2fFrame, L2fSeen, L2fSeries, L2fWay
from l2tpscope.track.flows import OVERFLOW, FlowTable, grouped, grown
from l2tpscope.track.sequence import SequenceSpaces
from l2tpscope.track.totals import Totals
from l2tpscope.wire.l2f import L2fMessage, L2fPacket, L2fProtocol, decode_l2f
from l2tpscope.wire.l2f.names import CLOSE_STR, CLOSE_WHY, CONF_CLID, CONF_NAME, OPEN_NAME, OPEN_TYPE

Int64s = NDArray[np.int64]

MOST_OPENINGS = 2500
"""Requests for a tunnel that are kept: anybody can send them from made-up addresses."""
MOST_WAYS, MOST_SERIES = 1 << 14, 1 << 15
MOST_FRAMES = 4000
"""Messages kept of one way: an echo each second for an hour."""
MOST_FRAMES_IN_ALL = 50_000
MOST_ANOMALIES = 4
LONGEST_TEXT = 255
"""Characters of what a peer wrote that are kept."""
SEQUENCE_BITS = 8
_IPV6 = np.uint64(1) << np.uint64(63)


class L2fTracker:
    """One `L2fWay` a sender, receiver and CLID, begun anew where the receiver gives that CLID out again."""

    def __init__(self) -> None:
        self._seen = L2fSeen()
        self._flows, self._clients = FlowTable(MOST_WAYS), FlowTable(MOST_SERIES)
        self._way_of_flow = np.zeros(64, np.int64)
        nobody = Endpoint(bytes(4), None)
        self._ways = [L2fWay(nobody, nobody, 0, 0, 0, 0, 0)]
        """By number; 0 stands for those too many to be told apart."""
        self._flow_of: dict[Key, int] = {}
        self._series = [L2fSeries(0)]
        self._totals = Totals()
        self._own, self._whole = SequenceSpaces(SEQUENCE_BITS), SequenceSpaces(SEQUENCE_BITS)
        self._kept = 0
        self._unkept = 0
        self._overflow = 0
        self._position = 0

    @property
    def crowded(self) -> bool:
        """Whether it is half full, so that something new may soon not be followed."""
        return max(len(self._ways), len(self._series) // 2) > MOST_WAYS // 2 or self._kept > MOST_FRAMES_IN_ALL // 2

    def feed(self, frames: Frames) -> None:
        """Take the L2F rows of *frames*; copies made by the capture do not count."""
        rows = np.flatnonzero((frames.kind == Kind.L2F) & ~frames.duplicate)
        if len(rows):
            self._feed(frames, rows)
        self._position += len(frames)

    def finish(self, now: int) -> L2fSeen:
        """All that was seen, complete as of the instant *now*."""
        for number, series in enumerate(self._series):
            if self._totals.seen(number):
                series.packets, series.octets = int(self._totals.packets[number]), int(self._totals.octets[number])
                series.first, series.last = int(self._totals.first[number]), int(self._totals.last[number])
            if self._own.seen(number):
                series.count = self._own.count(number, now)
        for number, way in enumerate(self._ways):
            way.count = self._whole.count(number, now) if self._whole.seen(number) else None
            way.last = max([way.last, *(series.last for series in way.series)])
        self._seen.ways = self._ways[1:]
        return self._seen

    def notes(self) -> list[str]:
        """What the bounds on memory left out, a line each."""
        told = (
            (self._seen.unkept_openings, "requests for an L2F tunnel were counted but not kept: the bound on memory"),
            (self._unkept, "L2F messages were counted but not kept: the bound on memory"),
            (self._overflow, "L2F packets belong to tunnels or clients too many to be told apart: not in the tables"),
        )
        return [f"{count} {what}" for count, what in told if count]

    def _feed(self, frames: Frames, rows: Int64s) -> None:
        """Take rows, in pieces between which no CLID changes its meaning."""
        octets = np.frombuffer(frames.octets, np.uint8)
        known = frames.payload_captured.take(rows) >= 3
        protocol = np.where(known, octets.take(np.where(known, frames.payload.take(rows) + 2, 0)), 0)
        management = rows[protocol == L2fProtocol.L2F_PROTO]
        opening = self._are_openings(frames, management)
        messages = {row: self._read(frames, row) for row in management[~opening].tolist()}
        messages |= {row: said for row in management[opening].tolist() if (said := self._open(frames, row)) is not None}
        left = np.setdiff1d(rows, management[opening], assume_unique=True)
        assigning = [(row, said) for row, said in sorted(messages.items()) if said.assigned]
        used = {_key(frames, row) for row in left.tolist()} if assigning else set()
        begin = 0
        for row, said in assigning:
            key = _answering(_key(frames, row), said.assigned or 0)
            if key in used or key in self._flow_of:
                end = int(np.searchsorted(left, row, "right"))
                self._take(frames, left[begin:end], messages)
                begin = end
                self._given_out_anew(key)
        self._take(frames, left[begin:], messages)

    @staticmethod
    def _are_openings(frames: Frames, rows: Int64s) -> NDArray[np.bool_]:
        """Which management rows are a L2F_CONF under CLID 0."""
        octets = np.frombuffer(frames.octets, np.uint8)
        at = frames.body.take(rows)
        there = (frames.body_octets.take(rows) > 0) & (at < frames.payload.take(rows) + frames.payload_captured.take(rows))
        message = octets.take(np.where(there, at, 0))
        which: NDArray[np.bool_] = there & (message == L2fMessage.L2F_CONF) & (frames.tunnel.take(rows) == 0)
        return which

    def _open(self, frames: Frames, row: int) -> L2fFrame | None:
        """Keep a request for a tunnel; of too many, count it."""
        if len(self._seen.openings) >= MOST_OPENINGS:
            self._seen.unkept_openings += 1
            return None
        said = self._read(frames, row)
        self._seen.openings.append(said)
        return said

    def _given_out_anew(self, key: Key) -> None:
        """What is sent to this CLID from now on is of another tunnel, or of the same one that was set up once more."""
        flow = self._flow_of.get(key, OVERFLOW)
        if flow != OVERFLOW and len(self._ways) < 2 * MOST_WAYS:
            self._way_of_flow[flow] = 0

    def _take(self, frames: Frames, rows: Int64s, messages: dict[int, L2fFrame]) -> None:
        if not len(rows):
            return
        flows = self._flows.lookup(*_keys(frames, rows))
        self._meet(frames, rows, flows)
        ways = self._way_of_flow.take(flows)
        self._overflow += int(np.count_nonzero(ways == OVERFLOW))
        number, time = frames.ns.take(rows), frames.time.take(rows)
        numbered = np.flatnonzero((number >= 0) & (ways != OVERFLOW))
        self._whole.feed(ways[numbered], number[numbered], time[numbered])
        is_message = np.isin(rows, np.fromiter(messages, np.int64, len(messages)))
        for index in np.flatnonzero(is_message & (ways != OVERFLOW)).tolist():
            self._keep(self._ways[ways[index]], messages[int(rows[index])])
        data = np.flatnonzero(~is_message & (ways != OVERFLOW))
        if len(data):
            self._count(frames, rows[data], ways[data])

    def _meet(self, frames: Frames, rows: Int64s, flows: NDArray[np.int32]) -> None:
        """Begin a way for each flow that was not there before, or whose CLID was given out anew."""
        self._way_of_flow = grown(self._way_of_flow, len(self._flows))
        fresh = np.flatnonzero((self._way_of_flow.take(flows) == 0) & (flows != OVERFLOW))
        numbers, first = np.unique(flows[fresh], return_index=True)
        for at in np.argsort(first, kind="stable").tolist():
            flow, row = int(numbers[at]), int(rows[fresh[first[at]]])
            ends, clid = (frames.source_endpoint(row), frames.destination_endpoint(row)), int(frames.tunnel[row])
            self._way_of_flow[flow] = len(self._ways)
            where = self._position + row, int(frames.time[row]), int(frames.capture[row]), int(frames.frame[row])
            self._ways.append(L2fWay(*ends, clid, *where, last=where[1]))
            self._flow_of[_key(frames, row)] = flow

    def _keep(self, way: L2fWay, said: L2fFrame) -> None:
        way.messages += 1
        way.last = max(way.last, said.time)
        if len(way.frames) >= MOST_FRAMES or self._kept >= MOST_FRAMES_IN_ALL:
            self._unkept += 1
            return
        self._kept += 1
        way.frames.append(said)

    def _count(self, frames: Frames, rows: Int64s, ways: Int64s) -> None:
        """Sum up payload by way and client."""
        mids = frames.session.take(rows)
        before = len(self._clients)
        series = self._clients.lookup(ways.astype(np.uint64), mids.astype(np.uint64))
        fresh = np.flatnonzero(series >= before)
        numbers, first = np.unique(series[fresh], return_index=True)
        for at in range(len(numbers)):
            index = fresh[first[at]]
            self._series.append(L2fSeries(int(mids[index])))
            self._ways[ways[index]].series.append(self._series[-1])
        self._overflow += int(np.count_nonzero(series == OVERFLOW))
        self._totals.grow(len(self._series))
        order, starts, groups = grouped(series)
        time = frames.time.take(rows)
        self._totals.add_grouped(starts, groups, time.take(order), frames.body_octets.take(rows).take(order))
        number = frames.ns.take(rows)
        numbered = np.flatnonzero((number >= 0) & (series != OVERFLOW))
        self._own.feed(series[numbered], number[numbered], time[numbered])

    def _read(self, frames: Frames, row: int) -> L2fFrame:
        begin, size = int(frames.payload[row]), int(frames.payload_octets[row])
        octets = bytes(frames.octets[begin : begin + min(size, int(frames.payload_captured[row]))])
        packet = decode_l2f(octets, size)
        message = packet.message or L2fMessage.UNREADABLE
        return L2fFrame(
            position=self._position + row,
            time=int(frames.time[row]),
            capture=int(frames.capture[row]),
            frame=int(frames.frame[row]),
            sender=frames.source_endpoint(row),
            receiver=frames.destination_endpoint(row),
            message=message,
            mid=max(packet.header.mid, 0),
            digest=hash(packet.payload),
            anomalies=tuple(str(anomaly) for anomaly in packet.anomalies[:MOST_ANOMALIES]),
            **_said(packet, message),
        )


def _said(packet: L2fPacket, message: L2fMessage) -> dict[str, Any]:
    """What a message says that is for showing."""
    conf, opens, closes = (message == one for one in (L2fMessage.L2F_CONF, L2fMessage.L2F_OPEN, L2fMessage.L2F_CLOSE))
    name = packet.text(CONF_NAME) if conf else packet.text(OPEN_NAME) if opens else None
    text = packet.text(CLOSE_STR) if closes else None
    return {
        "name": name[:LONGEST_TEXT] if name else None,
        "assigned": packet.get(CONF_CLID) if conf else None,
        "authentication": packet.get(OPEN_TYPE) if opens else None,
        "why": packet.get(CLOSE_WHY) if closes else None,
        "text": text[:LONGEST_TEXT] if text else None,
    }


Key = tuple[int, int, int, int, int]
"""Address keys of sender and receiver, their ports, CLID."""


def _key(frames: Frames, row: int) -> Key:
    source, destination = int(frames.source[row]), int(frames.destination[row])
    return source, destination, int(frames.source_port[row]), int(frames.destination_port[row]), int(frames.tunnel[row])


def _answering(key: Key, clid: int) -> Key:
    """What the receiver of something with this key sends under a CLID."""
    source, destination, source_port, destination_port, _ = key
    return destination, source, destination_port, source_port, clid


def _keys(frames: Frames, rows: Int64s) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Two 64-bit keys that together name (addresses, ports, CLID) of rows."""
    source, destination = frames.source.take(rows), frames.destination.take(rows)
    addresses = source << np.uint64(32) | destination
    wide = (source | destination) >= _IPV6
    if wide.any():
        addresses = np.where(wide, source * np.uint64(0x9E3779B97F4A7C15) ^ destination, addresses)
    ids = frames.source_port.take(rows).astype(np.uint64)
    for column in (frames.destination_port, frames.tunnel):
        ids <<= np.uint64(16)
        ids |= column.take(rows)
    return addresses, ids
