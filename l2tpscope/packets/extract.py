"""Extract: the packets of one connection, tunnel or session as a pcapng file of their own, findings as comments of packets.

The captures are read three times: for the tables, for which frames are wanted (one bit a frame), and to copy these. So memory does
not grow with them, but for that bit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from l2tpscope.anonymous import Anonymiser, read_key
from l2tpscope.capture import Batch, merged, open_captures
from l2tpscope.frames import Decoder, Frames, Kind
from l2tpscope.frames.flows import flow_keys, mix
from l2tpscope.frames.link import locate
from l2tpscope.frames.tables import TCP
from l2tpscope.frames.window import Views
from l2tpscope.output.escape import terminal
from l2tpscope.packets import pcapng
from l2tpscope.packets.belonging import Belonging
from l2tpscope.packets.choice import Choice
from l2tpscope.packets.packet import Packet, packets_of
from l2tpscope.packets.pieces import Frame, Pieces
from l2tpscope.report import Report

BY_IDS = (Kind.L2TP2_DATA, Kind.L2TP3_DATA, Kind.ESP, Kind.AH)
"""Kinds of which there are many: rows with the same ids and ends are looked up once."""
MOST_STREAMS = 10_000
RAW_IP = 101
"""LINKTYPE_RAW."""
BITS = 1 << 20
"""Frames by which the bits of a capture grow."""


@dataclass
class Marks:
    """Which frames are wanted, a bit each."""

    bits: dict[int, NDArray[np.uint8]] = field(default_factory=dict)
    count: int = 0

    def add(self, capture: int, frame: int) -> None:
        """Want a frame."""
        place, bit = frame >> 3, 1 << (frame & 7)
        bits = self.bits.get(capture)
        if bits is None or place >= len(bits):
            grown = np.zeros((place // BITS + 1) * BITS, np.uint8)
            if bits is not None:
                grown[: len(bits)] = bits
            bits = self.bits[capture] = grown
        if not bits[place] & bit:
            bits[place] |= bit
            self.count += 1

    def among(self, batch: Batch) -> NDArray[np.int64]:
        """Which records of a batch are wanted."""
        found = np.zeros(len(batch), np.bool_)
        for capture, bits in self.bits.items():
            place = batch.frame >> 3
            inside = (batch.capture == capture) & (place < len(bits))
            found |= inside & ((bits[np.where(inside, place, 0)] >> (batch.frame & 7).astype(np.uint8)) & 1).astype(np.bool_)
        return np.flatnonzero(found)


@dataclass
class Streams:
    """Watches for conversations over TCP that carry IKE or ESP: all their segments belong where one message does."""

    found: dict[int, Packet] = field(default_factory=dict)

    def __call__(self, _: Batch, frames: Frames) -> None:
        """Look at a batch, which is read once."""
        rows = np.flatnonzero(frames.protocol == TCP)
        for key, row in zip(_flows(frames, rows).tolist(), rows.tolist(), strict=True):
            if key not in self.found and len(self.found) < MOST_STREAMS:
                self.found[key] = packets_of(frames, [row])[0]


def _flows(frames: Frames, rows: NDArray[np.int64]) -> NDArray[np.uint64]:
    ends = frames.source[rows], frames.destination[rows], frames.source_port[rows], frames.destination_port[rows]
    return flow_keys(*ends)


def mark(report: Report, wanted: Choice, files: Sequence[str], streams: Streams, ports: Iterable[int] = ()) -> Marks:
    """The frames of what is wanted, all fragments of a datagram, and ICMP errors about it."""
    belonging, pieces, marks = Belonging(report), Pieces(), Marks()
    tcp = {key for key, packet in streams.found.items() if wanted.wants(belonging.of(packet))}
    decoder = Decoder(ports)
    for batch in merged(open_captures(files)):
        if not len(batch):
            continue
        for frame in _segments(batch, tcp):
            marks.add(*frame)
        frames = decoder.decode(batch)
        rows = [(int(frames.capture[row]), int(frames.frame[row])) for row in _wanted_rows(frames, belonging, wanted)]
        complete = set(zip(frames.capture.tolist(), frames.frame.tolist(), strict=True))
        for frame in (*rows, *pieces.feed(batch, complete, set(rows))):
            marks.add(*frame)
    pieces.finish()
    for ends, parts in pieces.given_up:
        if wanted.wants(belonging.of_flow(*ends)):
            for frame in parts:
                marks.add(*frame)
    return marks


def _wanted_rows(frames: Frames, belonging: Belonging, wanted: Choice) -> Iterator[int]:
    many = np.isin(frames.kind, BY_IDS)
    for row in np.flatnonzero(~many).tolist():
        if wanted.wants(belonging.of(packets_of(frames, [row])[0])):
            yield row
    rows = np.flatnonzero(many)
    if not len(rows):
        return
    names = ("kind", "tunnel", "session", "source", "destination", "source_port", "destination_port")
    keys = np.zeros(len(rows), np.uint64)
    for name in names:
        keys = mix(keys + getattr(frames, name)[rows].astype(np.uint64))
    _, first, which = np.unique(keys, return_index=True, return_inverse=True)
    order = np.argsort(which, kind="stable")
    groups = np.split(rows[order], np.cumsum(np.bincount(which))[:-1])
    for members, example in zip(groups, packets_of(frames, rows[first].tolist()), strict=True):
        places = belonging.candidates(example)
        if len(places) == 1:
            if wanted.wants(next(iter(places))):
                yield from members.tolist()
        elif any(wanted.wants(place) for place in places):
            yield from (row for row in members.tolist() if wanted.wants(belonging.of(packets_of(frames, [row])[0])))


def _segments(batch: Batch, flows: set[int]) -> Iterator[Frame]:
    """Frames of some conversations over TCP, those that hold no message too."""
    if not flows:
        return
    views = Views(batch.octets)
    at, _ = locate(views, batch.offset, batch.offset + batch.captured, batch.link_type)
    rows = views.rows(at)
    which = np.flatnonzero((rows["first"] == 0x45) & (rows["protocol"] == TCP))
    rows = rows[which]
    source, destination = rows["source"].astype(np.uint64), rows["destination"].astype(np.uint64)
    keys = flow_keys(source, destination, rows["source_port"].astype(np.uint16), rows["destination_port"].astype(np.uint16))
    for row in which[np.isin(keys, np.array(sorted(flows), np.uint64))].tolist():
        yield int(batch.capture[row]), int(batch.frame[row])


def anonymised(report: Report, wanted: Choice, files: Sequence[str], key_file: str, ports: Iterable[int] = ()) -> Iterator[bytes]:
    """The file of an anonymised report: datagrams of IP alone, whole, without anything that stood around them; none over TCP."""
    belonging, told, decoder = Belonging(report), comments(report), Decoder(ports)
    anonymiser = Anonymiser(read_key(key_file))
    yield pcapng.section(f"l2tpscope {report.version}", [terminal(f"{wanted.title}, anonymised")])
    interfaces: dict[int, int] = {}
    for batch in merged(open_captures(files)):
        if not len(batch):
            continue
        frames = decoder.decode(batch)
        anonymiser.headers(frames)
        rows = np.array(sorted(_wanted_rows(frames, belonging, wanted)), np.int64)
        anonymiser.contents(frames, rows)
        parts: list[bytes] = []
        for row in rows.tolist():
            if frames.protocol[row] == TCP:
                continue
            capture = int(frames.capture[row])
            if capture not in interfaces:
                interfaces[capture] = len(interfaces)
                parts.append(pcapng.interface(RAW_IP, f"capture-{capture}", _offset_s(report)))
            begin, end = int(frames.ip[row]), int(frames.payload[row]) + int(frames.payload_captured[row])
            stamp = int(frames.time[row]) - _offset_s(report) * pcapng.SECOND
            comment = told.get((capture, int(frames.frame[row])), ())
            parts.append(pcapng.packet(interfaces[capture], stamp, bytes(frames.octets[begin:end]), int(frames.ip_octets[row]), comment))
        yield b"".join(parts)


def _offset_s(report: Report) -> int:
    """Seconds from the epoch to before the first packet, where that is before it."""
    starts = [row.time_start for row in report.measures.captures if row.time_start is not None]
    return min(0, min(starts, default=0) // pcapng.SECOND)


def comments(report: Report) -> dict[Frame, list[str]]:
    """By frame, the findings that it shows."""
    made: dict[Frame, list[str]] = defaultdict(list)
    for row in report.rows("findings"):
        text = terminal(f"{row.finding} {row.name} ({row.severity}, {row.grade}), {row.subject}: {row.summary}")
        for capture, frame in zip(row.evidence_captures, row.evidence, strict=True):
            made[capture, frame].append(text)
    return made


def written(report: Report, wanted: Choice, marks: Marks, files: Sequence[str]) -> Iterator[bytes]:
    """The file, piece by piece."""
    told = comments(report)
    offset_s = _offset_s(report)
    paths = {row.capture: row.path for row in report.measures.captures}
    yield pcapng.section(f"l2tpscope {report.version}", [terminal(f"{wanted.title}, {marks.count} frames")])
    interfaces: dict[tuple[int, int], int] = {}
    for batch in merged(open_captures(files)):
        parts: list[bytes] = []
        for row in marks.among(batch).tolist():
            capture, link_type, frame = int(batch.capture[row]), int(batch.link_type[row]), int(batch.frame[row])
            number = interfaces.get((capture, link_type))
            if number is None:
                number = interfaces[capture, link_type] = len(interfaces)
                parts.append(pcapng.interface(link_type, terminal(paths.get(capture, "")), offset_s))
            begin = int(batch.offset[row])
            octets = bytes(batch.octets[begin : begin + int(batch.captured[row])])
            stamp = int(batch.time[row]) - offset_s * pcapng.SECOND
            parts.append(pcapng.packet(number, stamp, octets, int(batch.length[row]), told.get((capture, frame), ())))
        yield b"".join(parts)
