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
from l2tpscope.wire.ike.names import EXCHANGES_V1, EXCHANGES_V2, PAYLOADS_V1, PAYLOADS_V2
from l2tpscope.wire.ike.payloads import Payload, read_payload
from l2tpscope.wire.reader import Reader, Short

HEADER = 28
GENERIC = 4
MOST_PAYLOADS = 200
ENCRYPTED_V1, INITIATOR, RESPONSE = 0x01, 0x08, 0x20
SK, SKF = 46, 53


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

    *octets*: without non-ESP marker; *octets_on_wire*: how many there were, if the capture cut them.
    """
    size = len(octets) if octets_on_wire is None else octets_on_wire
    if len(octets) < HEADER:
        kind = AnomalyKind.TRUNCATED if size >= HEADER or len(octets) < size else AnomalyKind.MALFORMED
        fields = octets.ljust(HEADER, b"\0")
        return _message(Reader(fields), (), [Anomaly(kind, "the header is cut off", len(octets))])[0]
    anomalies: list[Anomaly] = []
    message, following = _message(Reader(octets), (), anomalies)
    if message.length < HEADER or message.length > size:
        anomalies.append(Anomaly(AnomalyKind.MALFORMED, f"length {message.length} in a datagram of {size}", 24))
    elif message.length < size:
        anomalies.append(Anomaly(AnomalyKind.MALFORMED, f"{size - message.length} octets after the message", message.length))
    end = min(len(octets), max(HEADER, message.length))
    cut = len(octets) < min(size, max(HEADER, message.length))
    clear = not (message.major == 1 and message.flags & ENCRYPTED_V1)
    payloads = _payloads(message, following, Reader(octets, HEADER, end), anomalies, cut=cut) if clear else []
    if cut:
        anomalies.append(Anomaly(AnomalyKind.TRUNCATED, f"{len(octets)} of {size} octets captured", len(octets)))
    return _message(Reader(octets), tuple(payloads), anomalies)[0]


def _message(reader: Reader, payloads: tuple[Payload, ...], anomalies: list[Anomaly]) -> tuple[IkeMessage, int]:
    """The fields of the header, and the type of the first payload."""
    initiator, responder = reader.u64(), reader.u64()
    following, version, exchange, flags = reader.u8(), reader.u8(), reader.u8(), reader.u8()
    message_id, length = reader.u32(), reader.u32()
    fields = (initiator, responder, version >> 4, version & 0x0F, exchange, flags, message_id, length)
    return IkeMessage(*fields, payloads, tuple(anomalies)), following


def _payloads(message: IkeMessage, following: int, reader: Reader, anomalies: list[Anomaly], *, cut: bool) -> list[Payload]:
    """The chain of payloads, up to the encrypted one or the first that does not fit; that is no fault where the capture *cut* it."""
    found: list[Payload] = []
    while following:
        at = reader.at
        if len(found) >= MOST_PAYLOADS:
            anomalies.append(Anomaly(AnomalyKind.MALFORMED, f"more than {MOST_PAYLOADS} payloads", at))
            break
        if reader.left < GENERIC:
            if not cut:
                anomalies.append(Anomaly(AnomalyKind.MALFORMED, f"payload {following} is announced and not there", at))
            break
        after = reader.u8()
        reader.u8()
        size = reader.u16()
        if size < GENERIC or size - GENERIC > reader.left:
            if not cut or size < GENERIC:
                anomalies.append(Anomaly(AnomalyKind.MALFORMED, f"payload {following} of {size} octets, {reader.left + GENERIC} left", at))
            break
        begin = reader.at
        reader.take(size - GENERIC)
        found.append(_read(message, following, Reader(reader.octets, begin, begin + size - GENERIC), anomalies))
        if message.major == 2 and following in (SK, SKF):
            break  # the type after it is that of the first payload inside (RFC 7296 §3.14)
        following = after
    return found


def _read(message: IkeMessage, kind: int, reader: Reader, anomalies: list[Anomaly]) -> Payload:
    octets = reader.left
    try:
        return read_payload(message.major, kind, reader)
    except Short as short:
        anomalies.append(Anomaly(AnomalyKind.MALFORMED, f"payload {kind} does not hold what its type needs", short.offset))
        return Payload(kind, octets)
