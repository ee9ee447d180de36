"""Captures read by hand: plain struct, no decoder of the program, so that what it says can judge the program.

Only what the laboratory captures hold: pcap (µs, ns) and pcapng, Ethernet with VLAN tags, Linux cooked v1 and v2, raw IP, IPv4 and IPv6
with fragments, UDP, L2TPv2. Anything else is an error here, never a guess.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

COPY_NS = 2_000_000
"""A datagram seen again, octet for octet, within this time is a copy that the capture made; if it has an identification, for
equal ones over IPv6 may be rightly sent in a row (l2tp_ipv6: 55 TCP resets inside one tunnel)."""

SCCRQ, SCCRP, SCCCN, STOPCCN, HELLO, ICRQ, ICRP, ICCN, CDN = 1, 2, 3, 4, 6, 10, 11, 12, 14
UDP = 17
RESULT_CODE, ASSIGNED_TUNNEL, ASSIGNED_SESSION = 1, 9, 14


@dataclass(frozen=True, slots=True)
class Record:
    """One frame as a container holds it."""

    frame: int
    time: int
    link_type: int
    octets: bytes
    length: int


@dataclass(frozen=True, slots=True)
class Payload:
    """What one IP packet carries."""

    frame: int
    time: int
    protocol: int
    source: str
    destination: str
    octets: bytes
    ip_id: int | None
    copy: bool


@dataclass(frozen=True, slots=True)
class Datagram:
    """One UDP datagram, put together again where it came in fragments."""

    frame: int
    time: int
    source: str
    source_port: int
    destination: str
    destination_port: int
    payload: bytes
    payload_octets: int
    """What the UDP header says; more than `payload` has where the frame was cut."""
    ip_id: int | None
    copy: bool


@dataclass(frozen=True, slots=True)
class Control:
    """One L2TPv2 control message; `kind` None is a ZLB."""

    packet: Datagram
    tunnel: int
    session: int
    ns: int
    nr: int
    kind: int | None
    avps: dict[int, bytes] = field(default_factory=dict)
    """IETF AVPs by type."""

    def number(self, avp: int) -> int | None:
        """The first two octets of an AVP as a number."""
        value = self.avps.get(avp, b"")
        return struct.unpack(">H", value[:2])[0] if len(value) >= 2 else None

    def codes(self) -> tuple[int | None, int | None]:
        """Result code and error code."""
        value = self.avps.get(RESULT_CODE, b"")
        error = struct.unpack(">H", value[2:4])[0] if len(value) >= 4 else None
        return self.number(RESULT_CODE), error


@dataclass(frozen=True, slots=True)
class Data:
    """One L2TPv2 data packet."""

    packet: Datagram
    tunnel: int
    session: int
    ns: int | None
    body: bytes
    body_octets: int


def records(path: Path) -> Iterator[Record]:
    """Every frame of a pcap or pcapng file, in file order."""
    octets = path.read_bytes()
    yield from (_pcapng(octets) if octets[:4] == b"\x0a\x0d\x0d\x0a" else _pcap(octets))


def _pcap(octets: bytes) -> Iterator[Record]:
    order, scale = {
        b"\xd4\xc3\xb2\xa1": ("<", 1000),
        b"\xa1\xb2\xc3\xd4": (">", 1000),
        b"\x4d\x3c\xb2\xa1": ("<", 1),
        b"\xa1\xb2\x3c\x4d": (">", 1),
    }[octets[:4]]
    link_type = struct.unpack(order + "I", octets[20:24])[0] & 0xFFFF
    at, frame = 24, 0
    while at + 16 <= len(octets):
        seconds, fraction, captured, length = struct.unpack(order + "IIII", octets[at : at + 16])
        frame += 1
        yield Record(frame, seconds * 10**9 + fraction * scale, link_type, octets[at + 16 : at + 16 + captured], length)
        at += 16 + captured


def _pcapng(octets: bytes) -> Iterator[Record]:
    at, frame, order = 0, 0, "<"
    interfaces: list[tuple[int, int]] = []
    while at + 12 <= len(octets):
        if octets[at : at + 4] == b"\x0a\x0d\x0d\x0a":
            order = "<" if octets[at + 8 : at + 12] == b"\x4d\x3c\x2b\x1a" else ">"
            interfaces = []
        kind, size = struct.unpack(order + "II", octets[at : at + 8])
        block = octets[at + 8 : at + size - 4]
        if kind == 1:
            interfaces.append((struct.unpack(order + "H", block[:2])[0], _ticks(block[8:], order)))
        elif kind == 6:
            interface, high, low, captured, length = struct.unpack(order + "IIIII", block[:20])
            link_type, ticks = interfaces[interface]
            frame += 1
            yield Record(frame, (high << 32 | low) * (10**9 // ticks), link_type, block[20 : 20 + captured], length)
        at += size


def _ticks(options: bytes, order: str) -> int:
    """Ticks per second of an interface, from if_tsresol (powers of ten only: that is what the laboratory has)."""
    while len(options) >= 4:
        code, size = struct.unpack(order + "HH", options[:4])
        if code == 9:
            return int(10 ** options[4])
        options = options[4 + (size + 3) // 4 * 4 :]
    return 10**6


def ip_packet(record: Record) -> bytes:
    """The IP packet in a frame, or nothing."""
    octets = record.octets
    if record.link_type == 1:
        at, kind = 14, octets[12:14]
        while kind in {b"\x81\x00", b"\x88\xa8"}:
            at, kind = at + 4, octets[at + 2 : at + 4]
    elif record.link_type == 113:
        at, kind = 16, octets[14:16]
    elif record.link_type == 276:
        at, kind = 20, octets[:2]
    elif record.link_type in {101, 228, 229}:
        at, kind = 0, b"\x08\x00"
    else:
        raise ValueError(f"link type {record.link_type} is not one the laboratory uses")
    return octets[at:] if kind in {b"\x08\x00", b"\x86\xdd"} else b""


def payloads(path: Path, protocols: tuple[int, ...]) -> Iterator[Payload]:
    """What IP carries of these protocols, put together again where it came in fragments: it then stands where its last fragment stood."""
    pieces: dict[tuple[bytes, ...], dict[int, tuple[bytes, bool]]] = {}
    seen: dict[tuple[str, str, int | None, bytes], int] = {}
    for record in records(path):
        packet = ip_packet(record)
        whole = _upper(packet, pieces, protocols) if packet else None
        if whole is None:
            continue
        protocol, source, destination, ip_id, body = whole
        key = (source, destination, ip_id, body)
        before = seen.get(key)
        copy = bool(ip_id) and before is not None and record.time - before <= COPY_NS
        if not copy:
            seen[key] = record.time
        yield Payload(record.frame, record.time, protocol, source, destination, body, ip_id, copy)


def datagrams(path: Path) -> list[Datagram]:
    """Every whole UDP datagram of a capture, in file order; one in fragments stands where its last fragment stood."""
    return [udp(one) for one in payloads(path, (UDP,)) if len(one.octets) >= 8]


def udp(one: Payload) -> Datagram:
    """The UDP datagram in an IP payload."""
    source_port, destination_port, size = struct.unpack(">HHH", one.octets[:6])
    body = one.octets[8:size]
    return Datagram(one.frame, one.time, one.source, source_port, one.destination, destination_port, body, size - 8, one.ip_id, one.copy)


def _upper(
    packet: bytes, pieces: dict[tuple[bytes, ...], dict[int, tuple[bytes, bool]]], protocols: tuple[int, ...]
) -> tuple[int, str, str, int | None, bytes] | None:
    """Protocol, addresses, IPv4 identification and what IP carries; None for other protocols and unfinished fragments."""
    ip_id: int | None = None
    if packet[0] >> 4 == 4:
        header = (packet[0] & 15) * 4
        size, ip_id, cut = struct.unpack(">HHH", packet[2:8])
        protocol, source, destination = packet[9], packet[12:16], packet[16:20]
        offset, more, body, key = (cut & 0x1FFF) * 8, bool(cut & 0x2000), packet[header:size], packet[4:6]
    else:
        size, protocol, source, destination = struct.unpack(">H", packet[4:6])[0], packet[6], packet[8:24], packet[24:40]
        offset, more, body, key = 0, False, packet[40 : 40 + size], b""
        if protocol == 44:
            protocol, cut, key = body[0], struct.unpack(">H", body[2:4])[0], body[4:8]
            offset, more, body = cut & 0xFFF8, bool(cut & 1), body[8:]
    if protocol not in protocols:
        return None
    if offset or more:
        parts = pieces.setdefault((source, destination, key), {})
        parts[offset] = (body, more)
        joined = _joined(parts)
        if joined is None:
            return None
        del pieces[source, destination, key]
        body = joined
    return protocol, str(ipaddress.ip_address(source)), str(ipaddress.ip_address(destination)), ip_id, body


def _joined(parts: dict[int, tuple[bytes, bool]]) -> bytes | None:
    octets = b""
    while len(octets) in parts:
        body, more = parts[len(octets)]
        octets += body
        if not more:
            return octets
    return None


def l2tp(path: Path) -> list[Control | Data]:
    """Every L2TPv2 packet on port 1701 of a capture, in file order, copies by the capture included."""
    found: list[Control | Data] = []
    for packet in datagrams(path):
        if 1701 not in {packet.source_port, packet.destination_port} or len(packet.payload) < 6:
            continue
        flags = struct.unpack(">H", packet.payload[:2])[0]
        if flags & 0x000F == 2:
            found.append(_control(packet) if flags & 0x8000 else _data(packet, flags))
    return found


def _control(packet: Datagram) -> Control:
    octets = packet.payload
    size, tunnel, session, ns, nr = struct.unpack(">HHHHH", octets[2:12])
    avps: dict[int, bytes] = {}
    at = 12
    while at + 6 <= min(size, len(octets)):
        length, vendor, kind = struct.unpack(">HHH", octets[at : at + 6])
        length &= 0x3FF
        if vendor == 0 and at + length <= len(octets):
            avps.setdefault(kind, octets[at + 6 : at + length])
        at += max(length, 6)
    kind_avp = struct.unpack(">H", avps[0])[0] if 0 in avps else None
    return Control(packet, tunnel, session, ns, nr, kind_avp if size > 12 else None, avps)


def _data(packet: Datagram, flags: int) -> Data:
    octets, at, end = packet.payload, 2, packet.payload_octets
    if flags & 0x4000:
        end, at = struct.unpack(">H", octets[2:4])[0], 4
    tunnel, session = struct.unpack(">HH", octets[at : at + 4])
    at += 4
    ns: int | None = None
    if flags & 0x0800:
        ns, at = struct.unpack(">H", octets[at : at + 2])[0], at + 4
    if flags & 0x0200:
        at += 2 + struct.unpack(">H", octets[at : at + 2])[0]
    return Data(packet, tunnel, session, ns, octets[at:end], end - at)
