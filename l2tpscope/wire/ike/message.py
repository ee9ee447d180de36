"""IkeMessage: one IKE message, its payloads in clear.

```
 0               8               16              24            31
+---------------------------------------------------------------+
|                      IKE SA Initiator's SPI                   |   RFC 2408 §3.1: cookies
|                                                               |   RFC 7296 §3.1: SPIs
+---------------------------------------------------------------+
|                      IKE SA Responder's SPI                   |
|                                                               |
+---------------+-------+-------+---------------+---------------+
| Next Payload  | Major | Minor | Exchange Type |     Flags     |
+---------------+-------+-------+---------------+---------------+
|                          Message ID                           |
+---------------------------------------------------------------+
|                            Length                             |
+---------------------------------------------------------------+
```
"""

from __future__ import annotations

from dataclasses import dataclass

from l2tpscope.core.anomaly import Anomaly, AnomalyKind
from l2tpscope.wire.ike.bodies import plain, read_body
from l2tpscope.wire.ike.names import EXCHANGES_V1, EXCHANGES_V2, PAYLOADS_V1, PAYLOADS_V2
from l2tpscope.wire.ike.payloads import Payload
from l2tpscope.wire.reader import Reader

HEADER = 28
GENERIC = 4
MOST_PAYLOADS = 200
VERSIONS = (1, 2)
ENCRYPTED_V1, INITIATOR, RESPONSE = 0x01, 0x08, 0x20
SK, SKF = 46, 53
FRAGMENT_V1 = 132
"""Has its own header in clear, whatever the flags say of the message that it is a piece of."""


@dataclass(frozen=True, slots=True)
class IkeMessage:
    """One IKE message."""

    initiator_spi: int
    """64 bits; cookie in IKEv1."""
    responder_spi: int
    """0 in a first message."""
    major: int
    minor: int
    exchange: int
    flags: int
    message_id: int
    length: int
    """As the header announces."""
    payloads: tuple[Payload, ...]
    """Those in clear, in their order; in IKEv2 the encrypted one is the last."""
    anomalies: tuple[Anomaly, ...]

    @property
    def encrypted(self) -> bool:
        """Whether what it says is encrypted."""
        if self.major == 1:
            return bool(self.flags & ENCRYPTED_V1)
        return bool(self.payloads) and self.payloads[-1].kind in (SK, SKF)

    @property
    def from_initiator_flag(self) -> bool:
        """IKEv2: whether the initiator of the IKE SA sent it."""
        return bool(self.flags & INITIATOR)

    @property
    def is_response(self) -> bool:
        """IKEv2: whether it is a response."""
        return bool(self.flags & RESPONSE)

    @property
    def payload_names(self) -> list[str]:
        """Short names of the payloads in clear."""
        names = PAYLOADS_V1 if self.major == 1 else PAYLOADS_V2
        return [names.get(payload.kind, f"UNKNOWN_{payload.kind}") for payload in self.payloads]


def exchange_name(major: int, exchange: int) -> str:
    """The exchange type as the RFCs call it."""
    return (EXCHANGES_V1 if major == 1 else EXCHANGES_V2).get(exchange, f"UNKNOWN_{exchange}")


def decode_ike(octets: bytes, octets_on_wire: int | None = None) -> IkeMessage:
    """The message; total: any octets give one, with what is odd about them in `anomalies`.

    *octets*: without non-ESP marker; *octets_on_wire*: how many there were, if the capture cut them. Header fields that were
    cut off are 0.
    """
    there = len(octets)
    size = there if octets_on_wire is None else max(there, octets_on_wire)
    anomalies: list[Anomaly] = []
    if there < HEADER:
        kind, what = (AnomalyKind.TRUNCATED, f"{there} of {size} octets captured") if there < size else (AnomalyKind.MALFORMED, "no header")
        return _header(Reader(octets.ljust(HEADER, b"\0")), (), [Anomaly(kind, what, there)])[0]
    message, following = _header(Reader(octets), (), anomalies)
    if message.length != size:
        what = f"Length is {message.length}, the datagram has {size} octets"
        anomalies.append(Anomaly(AnomalyKind.MALFORMED, what, HEADER - 4))
    end = min(size, max(HEADER, message.length))
    payloads: list[Payload] = []
    if message.major not in VERSIONS:
        anomalies.append(Anomaly(AnomalyKind.UNKNOWN, f"version {message.major}.{message.minor}", 17))
    elif message.major == 2 or not message.flags & ENCRYPTED_V1 or following == FRAGMENT_V1:
        _unknown_exchange(message, anomalies)
        payloads = _Chain(message.major, octets, end, anomalies).read(following)
    if there < end:
        anomalies.append(Anomaly(AnomalyKind.TRUNCATED, f"{there} of {size} octets captured", there))
    return _header(Reader(octets), tuple(payloads), anomalies)[0]


def _header(reader: Reader, payloads: tuple[Payload, ...], anomalies: list[Anomaly]) -> tuple[IkeMessage, int]:
    """The message of these fields and payloads, and the type of the first payload."""
    initiator, responder = reader.u64(), reader.u64()
    following, version, exchange, flags = reader.u8(), reader.u8(), reader.u8(), reader.u8()
    message_id, length = reader.u32(), reader.u32()
    fields = (initiator, responder, version >> 4, version & 0x0F, exchange, flags, message_id, length)
    return IkeMessage(*fields, payloads, tuple(anomalies)), following


def _unknown_exchange(message: IkeMessage, anomalies: list[Anomaly]) -> None:
    if message.exchange not in (EXCHANGES_V1 if message.major == 1 else EXCHANGES_V2):
        anomalies.append(Anomaly(AnomalyKind.UNKNOWN, f"exchange type {message.exchange} in IKEv{message.major}", 18))


class _Chain:
    """The chain of payloads, up to the encrypted one, or the first that does not fit."""

    def __init__(self, major: int, octets: bytes, end: int, anomalies: list[Anomaly]) -> None:
        self.major = major
        self.end = end
        """Where the message ends; the capture may have cut it before."""
        self.reader = Reader(octets, HEADER, end)
        self.anomalies = anomalies
        self.found: list[Payload] = []

    def read(self, following: int) -> list[Payload]:
        """All of them; *following* is the type of the first."""
        names = PAYLOADS_V1 if self.major == 1 else PAYLOADS_V2
        while following:
            if len(self.found) >= MOST_PAYLOADS:
                self._fault(AnomalyKind.MALFORMED, f"more than {MOST_PAYLOADS} payloads")
                break
            if following not in names:
                self._fault(AnomalyKind.UNKNOWN, f"payload type {following} in IKEv{self.major}")
            after = self._next(following)
            if after is None or (self.major == 2 and following in (SK, SKF)):
                break  # after SK stands the type of the first payload inside it (RFC 7296 §3.14)
            following = after
        return self.found

    def _next(self, kind: int) -> int | None:
        """Read one payload of that type; what follows it, or None where the chain breaks."""
        reader, begin = self.reader, self.reader.at
        announced = self.end - begin
        if announced < GENERIC:
            self._fault(AnomalyKind.MALFORMED, f"payload {kind} is announced, and {announced} octets are left")
            return None
        if reader.left < GENERIC:
            if kind in (SK, SKF):  # the last there is, so that its length is known
                self.found.append(plain(kind, announced - GENERIC))
            return None
        after = reader.u8()
        reader.u8()
        size = reader.u16()
        if size < GENERIC or size > announced:
            self._fault(AnomalyKind.MALFORMED, f"payload {kind} of {size} octets where {announced} are left", begin)
            return None
        here = min(size - GENERIC, reader.left)
        reader.take(here)
        body = Reader(reader.octets, begin + GENERIC, begin + GENERIC + here)
        self.found.append(read_body(self.major, kind, size - GENERIC, body, self.anomalies))
        return after if here == size - GENERIC else None

    def _fault(self, kind: AnomalyKind, what: str, at: int | None = None) -> None:
        self.anomalies.append(Anomaly(kind, what, self.reader.at if at is None else at))
