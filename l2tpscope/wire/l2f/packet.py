"""packet: the header, and the management messages of tunnels and clients.

```
RFC 2341 §4.2.1
 0                   1                   2                   3
 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|F|K|P|S|0|0|0|0|0|0|0|0|C| Ver |   Protocol    |Sequence (opt) |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|         Multiplex ID          |           Client ID           |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|            Length             |         Offset (opt)          |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|                           Key (opt)                           |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|  payload, up to Length; behind it, where C is set, a checksum of 2 octets
```

The octet of Sequence is there whether it means anything (S) or not. The Client ID (CLID) is the receiver's, as Tunnel IDs of L2TP are; the
Multiplex ID (MID) is a client's, the same both ways, and 0 is the tunnel itself. A message is an octet that names it, then sub-options.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from l2tpscope.core.anomaly import Anomaly, AnomalyKind
from l2tpscope.wire.l2f.names import CONF_CHAL, CONF_CLID, CONF_NAME, OPTIONS, L2fForm, L2fKind, L2fMessage, L2fProtocol
from l2tpscope.wire.reader import Reader, Short, decode_text

F, K, P, S, C = 0x8000, 0x4000, 0x2000, 0x1000, 0x0008
RESERVED, VERSION_MASK, VERSION = 0x0FF0, 0x0007, 1
HEADER_OCTETS = 10
MOST_OPTIONS = 64
"""Sub-options that are read of one message: there are eleven kinds."""
LONGEST_ECHO = 64
"""Octets of an echo's payload (RFC 2341 §4.4.6)."""


class L2fOption(NamedTuple):
    """One sub-option."""

    number: int
    kind: L2fKind
    value: bytes | int

    @property
    def shown(self) -> bytes | int | None:
        """Its value, unless that is a secret."""
        return None if self.kind.secret else self.value


class L2fHeader(NamedTuple):
    """The header; -1 where a field is not there, was cut off, or (Sequence) means nothing."""

    flags: int
    protocol: L2fProtocol
    sequence: int
    mid: int
    clid: int
    length: int
    offset: int
    key: int
    begin: int
    """Where the payload begins; -1: it cannot be told."""


@dataclass(frozen=True, slots=True)
class L2fPacket:
    """One packet: its header, and the message where it is management."""

    header: L2fHeader
    message: L2fMessage | None
    """None: payload of a client."""
    options: tuple[L2fOption, ...]
    payload: bytes
    """Behind the header (and the offset), as far as it was captured; of an echo without the octet that names it."""
    checksum: int | None
    """As two octets in network order; not verified."""
    anomalies: tuple[Anomaly, ...]

    def get(self, number: int) -> Any:
        """The value of the first such sub-option, or None."""
        return next((option.value for option in self.options if option.number == number), None)

    def text(self, number: int) -> str | None:
        """The value of the first such sub-option as text, or None."""
        value = self.get(number)
        return decode_text(value) if isinstance(value, bytes) else None


def decode_l2f(octets: bytes, octets_on_wire: int | None = None) -> L2fPacket:
    """The L2F packet that begins with the flags word; never raises. What the capture cut is TRUNCATED, and nobody's fault."""
    on_wire = max(len(octets), octets_on_wire or 0)
    odd = _Odd(octets, on_wire)
    header = _read_header(odd)
    if header.begin < 0 or header.begin > header.length:
        return L2fPacket(header, L2fMessage.UNREADABLE, (), b"", None, odd.found())
    checksum = _checksum(header, odd)
    if header.length > on_wire:
        odd.say(AnomalyKind.MALFORMED, f"Length is {header.length}, the datagram has {on_wire} octets", 8)
    end = min(header.length, on_wire)
    odd.expect(end)
    payload = octets[header.begin : end]
    if header.protocol != L2fProtocol.L2F_PROTO:
        return L2fPacket(header, None, (), payload, checksum, odd.found())
    if not header.flags & S:
        odd.say(AnomalyKind.VIOLATION, "a management message without a sequence number", 0)
    message, options, body = _read_message(header, end, odd)
    return L2fPacket(header, message, options, body, checksum, odd.found())


class _Odd:
    """What is odd about the octets, gathered while they are read."""

    def __init__(self, octets: bytes, on_wire: int) -> None:
        self.octets, self.on_wire = octets, on_wire
        self.cut = False
        self._found: list[Anomaly] = []

    def say(self, kind: AnomalyKind, what: str, offset: int) -> None:
        self._found.append(Anomaly(kind, what, min(offset, self.on_wire)))

    def expect(self, end: int) -> bool:
        """Whether the octets up to *end* are there; what the capture left out of them is said once."""
        if end <= len(self.octets):
            return True
        if end <= self.on_wire and not self.cut:
            self.cut = True
            self.say(AnomalyKind.TRUNCATED, f"{len(self.octets)} of {self.on_wire} octets captured", len(self.octets))
        return False

    def short(self, what: str, end: int, at: int) -> None:
        """A field of the message reaches up to *end*, which is not there: cut by the capture, or too short as it was sent."""
        if self.expect(end) or end > self.on_wire:
            self.say(AnomalyKind.MALFORMED, what, at)

    def found(self) -> tuple[Anomaly, ...]:
        return tuple(self._found)


def _read_header(odd: _Odd) -> L2fHeader:
    reader = Reader(odd.octets)
    fields = [-1] * 8
    try:
        fields[0] = flags = reader.u16()
        fields[1], sequence, fields[3], fields[4], fields[5] = reader.u8(), reader.u8(), reader.u16(), reader.u16(), reader.u16()
        fields[2] = sequence if flags & S else -1
        fields[6] = reader.u16() if flags & F else 0
        fields[7] = reader.u32() if flags & K else -1
    except Short as short:
        odd.short("shorter than its header", max(_header_octets(fields[0]), short.offset + 1), 0)
        return _header(fields, -1)
    flags = fields[0]
    if flags & RESERVED or flags & VERSION_MASK != VERSION:
        odd.say(AnomalyKind.VIOLATION, "reserved bits are set, or the version is not 1", 0)
    protocol = L2fProtocol(fields[1])
    if not protocol.known:
        odd.say(AnomalyKind.UNKNOWN, f"protocol {fields[1]} is not registered", 2)
    elif protocol == L2fProtocol.ILLEGAL:
        odd.say(AnomalyKind.VIOLATION, "protocol 0 is illegal", 2)
    begin = reader.at + fields[6]
    if begin > fields[5]:
        odd.say(AnomalyKind.MALFORMED, f"Length is {fields[5]}, the header with its offset has {begin} octets", 8)
    return _header(fields, begin)


def _header_octets(flags: int) -> int:
    return HEADER_OCTETS + 2 * (flags >= 0 and bool(flags & F)) + 4 * (flags >= 0 and bool(flags & K))


def _header(fields: list[int], begin: int) -> L2fHeader:
    flags, protocol, sequence, mid, clid, length, offset, key = fields
    return L2fHeader(flags, L2fProtocol(max(protocol, 0)), sequence, mid, clid, length, offset, key, begin)


def _checksum(header: L2fHeader, odd: _Odd) -> int | None:
    """The checksum behind the packet, where the bit C announces one and it was captured."""
    if not header.flags & C:
        return None
    end = header.length + 2
    if end > len(odd.octets):
        if header.length <= odd.on_wire:
            odd.short("no checksum where the bit C announces one", end, min(header.length, odd.on_wire))
        return None
    return int.from_bytes(odd.octets[header.length : end], "big")


def _read_message(header: L2fHeader, end: int, odd: _Odd) -> tuple[L2fMessage, tuple[L2fOption, ...], bytes]:
    """The message, its sub-options, and what stands behind the octet that names it."""
    begin = header.begin
    if begin >= end:
        odd.say(AnomalyKind.MALFORMED, "a management packet without a message", begin)
        return L2fMessage.UNREADABLE, (), b""
    if begin >= len(odd.octets):
        return L2fMessage.UNREADABLE, (), b""
    message, body = L2fMessage(odd.octets[begin]), odd.octets[begin + 1 : end]
    if message in (L2fMessage.L2F_ECHO, L2fMessage.L2F_ECHO_RESP):
        _check_echo(header, end - begin - 1, odd)
        return message, (), body
    if not message.known:
        odd.say(AnomalyKind.UNKNOWN, f"message {message.value} is not in RFC 2341", begin)
        return message, (), body
    if message == L2fMessage.INVALID:
        odd.say(AnomalyKind.VIOLATION, "message 0 is invalid", begin)
        return message, (), body
    options = _read_options(message, begin + 1, end, odd)
    if message == L2fMessage.L2F_CONF:
        _check_conf(header, {option.number for option in options}, odd)
    return message, options, body


def _check_echo(header: L2fHeader, octets: int, odd: _Odd) -> None:
    if header.mid:
        odd.say(AnomalyKind.VIOLATION, "an echo whose MID is not 0", 4)
    if octets > LONGEST_ECHO:
        odd.say(AnomalyKind.VIOLATION, f"an echo with {octets} octets of payload, 64 are allowed", header.begin + 1)


def _check_conf(header: L2fHeader, there: set[int], odd: _Odd) -> None:
    if header.mid:
        odd.say(AnomalyKind.VIOLATION, "L2F_CONF whose MID is not 0", 4)
    if odd.cut:
        return
    for number in (CONF_NAME, CONF_CHAL, CONF_CLID):
        if number not in there:
            odd.say(AnomalyKind.VIOLATION, f"L2F_CONF without {OPTIONS[L2fMessage.L2F_CONF, number].name}", header.begin)


def _read_options(message: L2fMessage, at: int, end: int, odd: _Odd) -> tuple[L2fOption, ...]:
    """The sub-options up to the first that cannot be read: one that is not known does not tell how long it is."""
    reader = Reader(odd.octets, at, end)
    options: list[L2fOption] = []
    while reader.left and len(options) < MOST_OPTIONS:
        begin = reader.at
        number = reader.u8()
        kind = OPTIONS.get((message, number))
        if kind is None:
            odd.say(AnomalyKind.UNKNOWN, f"sub-option {number} of {message.name} is not in RFC 2341", begin)
            break
        try:
            value = _read_value(kind, reader, odd)
        except Short:
            if not odd.cut:
                odd.say(AnomalyKind.MALFORMED, f"{kind.name} reaches beyond the message", begin)
            break
        options.append(L2fOption(number, kind, value))
    return tuple(options)


def _read_value(kind: L2fKind, reader: Reader, odd: _Odd) -> bytes | int:
    at = reader.at
    if kind.form is L2fForm.NUMBER:
        return reader.u8()
    if kind.form is L2fForm.MASK:
        return reader.u32()
    if kind.form is L2fForm.CLID:
        value = reader.u32()
        if not 0 < value <= 0xFFFF:
            odd.say(AnomalyKind.VIOLATION, f"{kind.name} is {value}: not a number of 16 bits that is not zero", at)
        return value
    size = reader.u8() if kind.form is L2fForm.OCTETS else reader.u16()
    if not size:
        odd.say(AnomalyKind.VIOLATION, f"{kind.name} without a value", at)
    return reader.take(size)
