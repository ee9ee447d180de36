"""Seen: one control row taken out of its columns, with its octets; and the ControlFrame made of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from l2tpscope.frames import Endpoint, Frames, Kind
from l2tpscope.model.half import ControlFrame
from l2tpscope.wire.l2tp import ControlMessage, decode_control, reveal
from l2tpscope.wire.l2tp.ids import named_session

Int64s = NDArray[np.int64]

_PLAIN = frozenset({"ZLB", "HELLO"})
L2TP_IP = 115
BEFORE_CONTROL = 4
"""Zero octets in front of control messages over IP (RFC 3931 §4.1.1.2)."""
MESSAGE_DIGESTS = frozenset({59, 9 << 16 | 12})
_COLUMNS = (
    *("kind", "protocol"),
    *("ip", "payload", "payload_octets", "payload_captured", "body", "body_octets", "time", "capture", "frame"),
    *("source", "destination", "source_port", "destination_port", "tunnel", "session", "ns", "nr", "duplicate"),
)


MOST_ENDPOINTS = 4096
_endpoints: dict[tuple[int, int], Endpoint] = {}
"""(address key, port) to endpoint: most frames share a few, which then are one object each."""


class Seen(NamedTuple):
    """One control row. Keeping it costs little; it is decoded only when it is followed."""

    datagram: bytes
    """From the IP header on, as far as it was captured."""
    header: int
    """Where the L2TP header begins in it."""
    octets_on_wire: int
    """Of the L2TP message, as UDP says."""
    message_octets: int
    """As L2TP says: header and AVPs."""
    body_octets: int
    position: int
    time: int
    capture: int
    frame: int
    version: int
    source: int
    """Address key."""
    destination: int
    source_port: int
    destination_port: int
    tunnel: int
    session: int
    ns: int
    nr: int
    copy: bool

    @property
    def sender(self) -> Endpoint:
        """Who sent it."""
        return self._endpoint(self.source, self.source_port, 12, 8)

    @property
    def receiver(self) -> Endpoint:
        """Whom it is for."""
        return self._endpoint(self.destination, self.destination_port, 16, 24)

    def _endpoint(self, key: int, port: int, in_ipv4: int, in_ipv6: int) -> Endpoint:
        endpoint = _endpoints.get((key, port))
        if endpoint is None:
            if len(_endpoints) >= MOST_ENDPOINTS:
                _endpoints.clear()
            _endpoints[key, port] = endpoint = Endpoint(self._address(in_ipv4, in_ipv6), port or None)
        return endpoint

    def _address(self, in_ipv4: int, in_ipv6: int) -> bytes:
        if self.datagram[0] >> 4 == 4:
            return self.datagram[in_ipv4 : in_ipv4 + 4]
        return self.datagram[in_ipv6 : in_ipv6 + 16]

    def read(self, secret: bytes | None) -> tuple[ControlMessage | None, ControlFrame]:
        """The message and its frame; a ZLB, which says nothing but Nr, is not decoded (its message is None)."""
        message, name, digest = None, "ZLB", 0
        captured = len(self.datagram) - self.header
        if self.body_octets or captured < self.octets_on_wire:
            message = decode_control(self.datagram[self.header :], octets_on_wire=self.octets_on_wire)
            if secret is not None:
                message = reveal(message, secret)
            name, digest = message.label, _digest(message)
        keep = message is not None and (name not in _PLAIN or bool(message.anomalies))
        frame = ControlFrame(
            position=self.position,
            time=self.time,
            capture=self.capture,
            frame=self.frame,
            sender=self.sender,
            receiver=self.receiver,
            type=name,
            session=named_session(message) if self.version == 3 else self.session,
            ns=self.ns,
            nr=self.nr,
            octets=self.message_octets,
            digest=digest,
            message=message if keep else None,
            copy=self.copy,
            version=self.version,
        )
        return message, frame


def _digest(message: ControlMessage) -> int:
    """Of what a retransmission repeats: the AVPs, but not what covers the header with them (RFC 3931 §5.4.1)."""
    if message.version == 2:
        return hash(message.body)
    return hash(tuple((avp.key, avp.raw) for avp in message.avps if avp.key not in MESSAGE_DIGESTS))


def seen(frames: Frames, rows: Int64s, position: int) -> Iterator[Seen]:
    """Those rows, in order; *position* is that of the first row of *frames*."""
    octets = frames.octets
    columns = [getattr(frames, name)[rows].tolist() for name in _COLUMNS]
    for row, (kind, protocol, ip, payload, size, captured, body, body_octets, time, capture, frame, *rest) in zip(
        rows.tolist(), zip(*columns, strict=True), strict=True
    ):
        skip = BEFORE_CONTROL if protocol == L2TP_IP else 0
        yield Seen(
            bytes(octets[ip : payload + min(size, captured)]),
            payload - ip + skip,
            size - skip,
            body - payload - skip + body_octets,
            body_octets,
            position + row,
            time,
            capture,
            frame,
            3 if kind == Kind.L2TP3_CONTROL else 2,
            *rest,
        )


def are_requests(frames: Frames, rows: Int64s) -> NDArray[np.bool_]:
    """Which of the rows are SCCRQs with Tunnel ID 0: their first AVP is the Message Type (RFC 2661 §4.4.1), its value 1."""
    words = np.ndarray((len(frames.octets) - 1,), ">u2", frames.octets, 0, (1,))
    whole = frames.payload_captured[rows] >= frames.body[rows] - frames.payload[rows] + 8
    whole &= (frames.body_octets[rows] >= 8) & (frames.tunnel[rows] == 0)
    body = np.where(whole, frames.body[rows], 0)
    result: NDArray[np.bool_] = whole & (words[body + 2] == 0) & (words[body + 4] == 0) & (words[body + 6] == 1)
    return result
