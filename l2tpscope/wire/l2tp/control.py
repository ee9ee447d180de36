"""A control message: header, AVPs, and what is odd about them.

Values of AVPs are immutable and mostly the same from message to message (host names, capabilities, message types), so
AVPs once read are kept by their octets, a bounded number of them: a usual message costs look-ups.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from l2tpscope.core.anomaly import Anomaly, AnomalyKind
from l2tpscope.wire.l2tp.avp import AVP_HEADER_OCTETS, Avp, read_avp
from l2tpscope.wire.l2tp.avps import AVPS
from l2tpscope.wire.l2tp.codes import MessageType
from l2tpscope.wire.l2tp.header import HEADER2, HEADER3, VERSION_MASK, Header, decode_header
from l2tpscope.wire.l2tp.specs import REQUIRED
from l2tpscope.wire.reader import Reader, split_avps

RANDOM_VECTOR = 36
LENGTH_MASK = 0x03FF
NOTHING: frozenset[int] = frozenset()
_KEEP_AVPS = 4096
_KEEP_OCTETS = 64
"""Longer AVPs are rarely met again, and would let a hostile capture fill the memory: 4096 of 64 octets are 2 MB."""
_kept: dict[bytes, Avp] = {}
_KEEP_BODIES = 1024
_KEEP_BODY_OCTETS = 32
"""HELLO, SCCCN, ACK and the like, without a fault."""
_kept_bodies: dict[int, dict[bytes, tuple[Avp, ...]]] = {2: {}, 3: {}}


class ControlMessage(NamedTuple):
    """One control message, frozen. A field that is not there, or was cut off, is -1."""

    version: int
    """2 or 3; 0 or another number: not L2TP, and nothing but the flags was read."""
    flags: int
    length: int
    """The Length field."""
    tunnel: int
    """v2: Tunnel ID; v3: Control Connection ID. Assigned by the receiver."""
    session: int
    """v2: Session ID; v3: 0. Assigned by the receiver."""
    ns: int
    nr: int
    type: MessageType | None
    """None: a ZLB, which has no AVPs."""
    avps: tuple[Avp, ...]
    anomalies: tuple[Anomaly, ...]
    body: bytes
    """The octets of the AVPs: what a retransmission repeats exactly (Nr is in the header, not here)."""

    @property
    def zlb(self) -> bool:
        """Whether it is a Zero-Length Body message: only acknowledges, and takes no Ns."""
        return self.type is None

    @property
    def acknowledgement(self) -> bool:
        """Whether it takes no Ns of its own: a ZLB, or an ACK of v3 (RFC 3931 §4.2)."""
        return self.type in (None, MessageType.ACK, MessageType.CISCO_ACK)

    @property
    def name(self) -> str:
        """`SCCRQ`, `STOPCCN`, `ZLB`, `UNKNOWN_30`, `VENDOR_77_2`, `UNREADABLE`."""
        return "ZLB" if self.type is None else self.type.name

    @property
    def label(self) -> str:
        """As the RFCs write it: `StopCCN`."""
        return "ZLB" if self.type is None else self.type.label

    @property
    def truncated(self) -> bool:
        """Whether the capture cut it."""
        return any(anomaly.kind is AnomalyKind.TRUNCATED for anomaly in self.anomalies)

    @property
    def octets(self) -> bytes:
        """Header and AVPs: what a message digest is computed over. Of a header with L and S bits, as all healthy ones."""
        if self.version == 3:
            header = HEADER3.pack(self.flags & 0xFFFF, self.length & 0xFFFF, self.tunnel & 0xFFFFFFFF, self.ns & 0xFFFF, self.nr & 0xFFFF)
        else:
            words = (self.flags, self.length, self.tunnel, self.session, self.ns, self.nr)
            header = HEADER2.pack(*[word & 0xFFFF for word in words])
        return header + self.body

    def find(self, attribute: int, vendor: int = 0) -> Avp | None:
        """The first such AVP that has a value: neither hidden nor malformed. Vendors never shadow each other."""
        key = vendor << 16 | attribute
        for avp in self.avps:
            if avp.key == key and avp.value is not None:
                return avp
        return None

    def get(self, attribute: int, vendor: int = 0) -> Any:
        """The value of that AVP, or None."""
        avp = self.find(attribute, vendor)
        return None if avp is None else avp.value


def decode_control(octets: bytes, octets_on_wire: int | None = None) -> ControlMessage:
    """The control message that begins with the flags word; never raises.

    Over IP the caller strips the four zero octets before it. *octets_on_wire*, where more than there are, says that the
    capture cut the rest: what is missing is then TRUNCATED, and nobody's fault.
    """
    size = len(octets)
    on_wire = size if octets_on_wire is None or octets_on_wire < size else octets_on_wire
    header = decode_header(octets, on_wire)
    if not header.whole:
        return _message(header, MessageType.UNREADABLE, (), header.anomalies, b"")
    begin, length = header.begin, header.length
    if length == begin or (length < 0 and on_wire == begin):
        return _message(header, None, (), header.anomalies, b"")
    end = length if begin < length <= on_wire else on_wire
    body = octets[begin:end]
    kept = _kept_bodies[header.flags & VERSION_MASK].get(body) if length == end <= size else None
    if kept is not None:
        return _message(header, kept[0].value, kept, header.anomalies, body)
    return _read_body(octets, header, end, body)


def _read_body(octets: bytes, header: Header, end: int, body: bytes) -> ControlMessage:
    pieces, stop = split_avps(octets, header.begin, end)
    avps = tuple([_kept.get(piece) or _read_and_keep(piece) for piece in pieces])
    kind = _message_type(avps)
    anomalies = header.anomalies
    if stop != end or header.length != end:
        anomalies += _length_anomalies(octets, header.length, stop, end)
    anomalies += _body_anomalies(header, kind, avps, cut=len(octets) < end)
    if not anomalies and len(body) <= _KEEP_BODY_OCTETS and not avps[0].key:
        bodies = _kept_bodies[header.flags & VERSION_MASK]
        if len(bodies) >= _KEEP_BODIES:
            bodies.clear()
        bodies[body] = avps
    return _message(header, kind, avps, anomalies, body)


def _message(
    header: Header, kind: MessageType | None, avps: tuple[Avp, ...], anomalies: tuple[Anomaly, ...], body: bytes
) -> ControlMessage:
    flags = header.flags
    version = flags & VERSION_MASK if flags >= 0 else 0
    return ControlMessage(version, flags, header.length, header.tunnel, header.session, header.ns, header.nr, kind, avps, anomalies, body)


def _read_and_keep(octets: bytes) -> Avp:
    avp = read_avp(octets)
    if len(octets) <= _KEEP_OCTETS:
        if len(_kept) >= _KEEP_AVPS:
            _kept.clear()
        _kept[octets] = avp
    return avp


def _message_type(avps: tuple[Avp, ...]) -> MessageType:
    """That of the first AVP, where the RFCs want it; of a later one, where a peer put it there."""
    if not avps:
        return MessageType.UNREADABLE
    first = avps[0]
    if first.type == 0 and first.vendor and len(first.raw) == 2:
        return MessageType.of(first.vendor, int.from_bytes(first.raw, "big"))
    for avp in avps:
        if avp.key == 0 and avp.value is not None:
            kind: MessageType = avp.value
            return kind
    return MessageType.UNREADABLE


def _length_anomalies(octets: bytes, length: int, stop: int, end: int) -> tuple[Anomaly, ...]:
    """What is wrong where the AVPs end, or the Length field says they do."""
    found = []
    if length >= 0 and length != end:
        found.append(Anomaly(AnomalyKind.MALFORMED, f"Length is {length}, the datagram has {end} octets", 2))
    left = Reader(octets, stop)
    if stop != end and left.left >= 2:
        size = left.u16() & LENGTH_MASK
        if size < AVP_HEADER_OCTETS:
            found.append(Anomaly(AnomalyKind.MALFORMED, f"an AVP of length {size}", stop))
        elif stop + size > end:
            found.append(Anomaly(AnomalyKind.MALFORMED, f"an AVP of length {size} where {end - stop} octets are left", stop))
    elif stop != end and len(octets) >= end:
        found.append(Anomaly(AnomalyKind.MALFORMED, "one octet is left over after the AVPs", stop))
    if len(octets) < end:
        found.append(Anomaly(AnomalyKind.TRUNCATED, f"{len(octets)} of {end} octets captured", len(octets)))
    return tuple(found)


def _body_anomalies(header: Header, kind: MessageType, avps: tuple[Avp, ...], *, cut: bool) -> tuple[Anomaly, ...]:
    """What is wrong with AVPs, each and together; mostly nothing, so this must find nothing quickly."""
    required = REQUIRED.get((header.flags & VERSION_MASK, kind), NOTHING)
    missing = required.difference([avp.key for avp in avps])
    odd = [True for avp in avps if avp.anomalies or avp.hidden]
    if required and not missing and not odd and not avps[0].key:
        return ()
    found = _avp_anomalies(header.begin, avps) if odd else []
    if kind is MessageType.UNREADABLE:
        if not cut:
            found.append(Anomaly(AnomalyKind.MALFORMED, "no Message Type", header.begin))
        return tuple(found)
    if avps[0].key and not kind.vendor:
        found.append(Anomaly(AnomalyKind.VIOLATION, "Message Type is not the first AVP", header.begin))
    if not kind.known and not kind.vendor:
        found.append(Anomaly(AnomalyKind.UNKNOWN, f"message type {kind.number} is not registered", header.begin))
    if not cut:
        found += [
            Anomaly(AnomalyKind.VIOLATION, f"{kind.label} without {AVPS[attribute].name}", header.begin) for attribute in sorted(missing)
        ]
    return tuple(found)


def _avp_anomalies(begin: int, avps: tuple[Avp, ...]) -> list[Anomaly]:
    found = []
    at = begin
    vector = False
    for avp in avps:
        vector = vector or avp.key == RANDOM_VECTOR
        found += [Anomaly(kind, what, at + offset) for kind, what, offset in avp.anomalies]
        if avp.hidden and not vector:
            found.append(Anomaly(AnomalyKind.VIOLATION, f"{avp.name} is hidden, but no Random Vector stands before it", at))
        at += avp.octets
    return found
