"""IKE and ESP over TCP in columns: which segments to follow, and the rows of the messages found in them."""

from __future__ import annotations

from array import array
from dataclasses import dataclass

import numpy as np

from l2tpscope.frames.datagrams import Datagrams, Payloads
from l2tpscope.frames.flows import Flows
from l2tpscope.frames.messages import LENGTH, PREFIX, SHORTEST_ESP, Piece
from l2tpscope.frames.network import Packets
from l2tpscope.frames.streams import Segment, Streams
from l2tpscope.frames.tables import NATT_PORT, ON_STREAM
from l2tpscope.frames.window import Arena, Bools, Int64s, Octet, Rows, Views

HEADER = 20
SYN = 0x02
PREFIX_BEGINS = np.frombuffer(PREFIX[:4], np.uint32)[0]


@dataclass(slots=True)
class Messages:
    """The messages of some segments, in order. *Shape*: every column (n,), as `Frames` documents them."""

    row: Int64s
    """Which segment it was in, or was completed by."""
    kind: Octet
    payload: Int64s
    payload_octets: Int64s
    payload_captured: Int64s
    session: Int64s
    ns: Int64s
    ip_octets: Int64s

    def __len__(self) -> int:
        return len(self.row)


def prefixed(rows: Rows) -> Bools:
    """Which rows of TCP begin with the stream prefix, behind a header of 20 octets, or of 32 (timestamps). *Shape*: (n,)."""
    found: Bools = rows["tcp20"] == PREFIX_BEGINS
    found |= rows["tcp32"] == PREFIX_BEGINS
    return found


def learn_ports(ports: Octet, rows: Rows, tcp: Bools) -> bool:
    """Note the ports of those rows of TCP that have a stream prefix; whether any is new."""
    prefix = np.flatnonzero(prefixed(rows) & tcp)
    some = np.concatenate([rows["source_port"][prefix], rows["destination_port"][prefix]])
    new = bool(((ports.take(some) & ON_STREAM) == 0).any())
    ports[some] |= ON_STREAM
    return new


class TcpDecoder:
    """Follows the connections that carry IKE and ESP: on port 4500, and on other ports from the stream prefix on.

    *Bias*: a connection on other ports of which the prefix was not seen, or behind a TCP header with more options than
    timestamps, is not found. Messages inside TLS (RFC 9329 appendix A) cannot be seen. *Source*: RFC 9329 §2, §3.
    """

    def __init__(self) -> None:
        self._flows = Flows()
        self._streams = Streams()

    def trim(self) -> None:
        """Keep the memory bounded."""
        self._flows.trim()

    def notes(self) -> list[str]:
        """What was not followed, a line or none."""
        count = self._streams.unfollowed
        reason = "behind a gap in the stream, cut by the capture, or a Length without sense"
        return [f"{count} TCP segments of IKE and ESP could not be followed: {reason}"] if count else []

    def decode(self, arena: Arena, segments: Datagrams) -> Messages:
        """The messages that some segments of TCP complete, and parts of them; the arena may grow by those put together."""
        rows = segments.packets.rows
        keys = segments.keys(np.arange(len(rows)))
        proof = np.flatnonzero(prefixed(rows) & (segments.payload.captured >= len(PREFIX)))
        self._flows.prove(keys[proof], segments.record[proof])
        known = self._flows.known(keys, segments.record)
        natt = (rows["source_port"] == NATT_PORT) | (rows["destination_port"] == NATT_PORT)
        may_begin = known | _may_begin(Views(arena.octets), segments)
        found = array("q")
        for row in np.flatnonzero(natt | known).tolist():
            key = int(keys[row])
            if not may_begin[row] and not self._streams.follows(key):
                continue
            for message, charged in self._streams.follow(arena, key, _segment(segments, row), proven=bool(known[row])):
                found.extend((row, *message, charged))
        row_of, at, octets, captured, kind, spi, sequence, ip_octets = np.array(found).reshape(-1, 8).T
        return Messages(row_of, kind.astype(np.uint8), at, octets, captured, spi, sequence, ip_octets)


def segment_payloads(packets: Packets) -> Payloads:
    """What is behind the TCP headers; nothing where the header is not whole, or lies."""
    header = (packets.rows["tcp_offset"] >> 4).astype(np.int64) * 4
    at = packets.transport + header
    octets = np.where((header >= HEADER) & (packets.limit >= at), np.maximum(packets.end - at, 0), 0)
    return Payloads(at, octets, np.clip(packets.limit - at, 0, octets))


def _may_begin(views: Views, segments: Datagrams) -> Bools:
    """Which segments may be the first that is known of a stream: by their Length; part of a prefix; a SYN. *Shape*: (n,)."""
    payload = segments.payload
    words = views.matrix(np.where(payload.captured >= LENGTH, payload.at, 0), LENGTH)
    length = words.view(">u2").reshape(-1).astype(np.int64)
    may: Bools = (length >= LENGTH + SHORTEST_ESP) & (length <= payload.octets)
    may |= (payload.octets > 0) & (payload.octets < len(PREFIX))
    may |= (segments.packets.rows["tcp_flags"] & SYN) != 0
    return may


def _segment(segments: Datagrams, row: int) -> Segment:
    packets, payload = segments.packets, segments.payload
    header = packets.rows[row]
    ends = (int(segments.source[row]), int(header["source_port"])), (int(segments.destination[row]), int(header["destination_port"]))
    syn = bool(header["tcp_flags"] & SYN)
    at = int(payload.at[row])
    return Segment(
        side=ends[0] < ends[1],
        sequence=int(header["after_ports"]) + syn,
        acknowledged=int(header["marker"]),
        syn=syn,
        piece=Piece(at, int(payload.octets[row]), int(payload.captured[row])),
        before=at - int(packets.ip[row]),
    )
