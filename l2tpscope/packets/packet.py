"""Packet: one row of a batch with its octets, to be kept after the batch is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from l2tpscope.frames import Endpoint, Frames, Kind
from l2tpscope.frames.tables import ICMP, IKE_PORT, L2TP_IP
from l2tpscope.wire.icmp import IcmpError, decode_icmp6_error, decode_icmp_error
from l2tpscope.wire.ike import IkeMessage, decode_ike
from l2tpscope.wire.l2f import L2fPacket, decode_l2f
from l2tpscope.wire.l2tp import ControlMessage, decode_control
from l2tpscope.wire.ppp import PppFrame, decode_ppp

MARKER = 4
"""Octets of the non-ESP marker (RFC 3948 §2.2), and of the zeros before control messages over IP (RFC 3931 §4.1.1.2)."""
IKE_HEADER = 28
ICMP_HEADER = 8


class Packet(NamedTuple):
    """One row: where it was, who sent it to whom, and what it carries."""

    capture: int
    frame: int
    time: int
    kind: Kind
    protocol: int
    """Of IP."""
    source: Endpoint
    destination: Endpoint
    tunnel: int
    session: int
    ns: int
    nr: int
    octets: bytes
    """What UDP or IP carries, as far as captured; of ICMP from its type on."""
    size: int
    """How much of it there was on the wire."""
    body: int
    """Where in `octets` begins what L2TP carries."""
    body_size: int
    duplicate: bool

    @property
    def decoded(self) -> Decoded:
        """What the octets say; None for ESP, AH, keepalives and data that is not PPP's."""
        read = READERS.get(self.kind)
        return read(self) if read is not None else None


Decoded = ControlMessage | IkeMessage | PppFrame | L2fPacket | IcmpError | None


def packets_of(frames: Frames, rows: Iterable[int]) -> list[Packet]:
    """Some rows, with copies of their octets."""
    return [_packet(frames, row) for row in rows]


def _packet(frames: Frames, row: int) -> Packet:
    kind = Kind(int(frames.kind[row]))
    before = ICMP_HEADER if kind is Kind.ICMP_ERROR else 0
    at, size = int(frames.payload[row]) - before, int(frames.payload_octets[row]) + before
    there = min(size, int(frames.payload_captured[row]) + before)
    numbers: dict[str, Any] = {
        name: int(getattr(frames, name)[row]) for name in ("capture", "frame", "time", "protocol", "tunnel", "session", "ns", "nr")
    }
    return Packet(
        kind=kind,
        source=frames.source_endpoint(row),
        destination=frames.destination_endpoint(row),
        octets=bytes(frames.octets[at : at + max(0, there)]),
        size=size,
        body=int(frames.body[row]) - at,
        body_size=int(frames.body_octets[row]),
        duplicate=bool(frames.duplicate[row]),
        **numbers,
    )


def ike_of(packet: Packet) -> tuple[bytes, int]:
    """The octets of an IKE message behind a non-ESP marker, and how many there were."""
    marked = IKE_PORT not in (packet.source.port, packet.destination.port) and packet.octets[:MARKER] == bytes(MARKER)
    skip = MARKER if marked and packet.size >= MARKER + IKE_HEADER else 0
    return packet.octets[skip:], packet.size - skip


def _control(packet: Packet) -> ControlMessage:
    skip = MARKER if packet.protocol == L2TP_IP else 0
    return decode_control(packet.octets[skip:], packet.size - skip)


def _ppp(packet: Packet) -> PppFrame:
    return decode_ppp(packet.octets[packet.body : packet.body + packet.body_size], packet.body_size)


def _icmp(packet: Packet) -> IcmpError:
    decode = decode_icmp_error if packet.protocol == ICMP else decode_icmp6_error
    return decode(packet.octets, packet.size)


READERS: dict[Kind, Callable[[Packet], Decoded]] = {
    Kind.L2TP2_CONTROL: _control,
    Kind.L2TP3_CONTROL: _control,
    Kind.L2TP2_DATA: _ppp,
    Kind.L2F: lambda packet: decode_l2f(packet.octets, packet.size),
    Kind.IKE: lambda packet: decode_ike(*ike_of(packet)),
    Kind.ICMP_ERROR: _icmp,
}
"""What is read of each kind of frame."""
