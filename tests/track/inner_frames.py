"""Packets inside sessions of L2TP, put together by hand, and captures of them."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from io import BytesIO

from l2tpscope.capture import merged, open_captures
from l2tpscope.frames import Decoder
from l2tpscope.model.inner import Inner
from l2tpscope.track.data import DataTracker
from l2tpscope.track.inner import InnerTracker

CLIENT, SERVER = bytes((198, 51, 100, 10)), bytes((203, 0, 113, 5))
OURS, THEIRS = bytes((10, 99, 0, 10)), bytes((10, 99, 0, 1))
OURS_6, THEIRS_6 = bytes((0xFD, *range(15))), bytes((0xFD, *range(1, 16)))
FRAMED = b"\xff\x03\x00\x21"
FIN, SYN, RST, ACK = 1, 2, 4, 16
MS = 1_000_000


def checksum(octets: bytes) -> int:
    """Of an IPv4 header (RFC 1071)."""
    total = sum(struct.unpack(f">{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def ipv4(payload: bytes, protocol: int, *, back: bool = False, number: int = 0, fragment: int = 0, options: int = 0) -> bytes:
    """A packet from our address to theirs, or *back*."""
    ends = THEIRS + OURS if back else OURS + THEIRS
    size = 20 + 4 * options
    head = struct.pack(">BBHHHBBH", 0x45 + options, 0, size + len(payload), number & 0xFFFF, fragment, 64, protocol, 0)
    head += ends + b"\x01" * (4 * options)
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + payload


def ipv6(payload: bytes, protocol: int, *, back: bool = False) -> bytes:
    """The same of IPv6."""
    ends = THEIRS_6 + OURS_6 if back else OURS_6 + THEIRS_6
    return struct.pack(">IHBB", 0x60000000, len(payload), protocol, 64) + ends + payload


def tcp(
    number: int, acknowledged: int, payload: int = 0, *, flags: int = ACK, ports: tuple[int, int] = (40000, 443), options: bytes = b""
) -> bytes:
    """A segment with so many octets."""
    offset = 5 + len(options) // 4
    head = struct.pack(">HHIIBBHHH", *ports, number & 0xFFFFFFFF, acknowledged & 0xFFFFFFFF, offset << 4, flags, 65535, 0, 0)
    return head + options + bytes(payload)


def udp(payload: int, ports: tuple[int, int] = (5000, 53)) -> bytes:
    """A datagram with so many octets."""
    return struct.pack(">HHHH", *ports, 8 + payload, 0) + bytes(payload)


def echo(number: int, *, reply: bool = False, identifier: int = 7) -> bytes:
    """An echo request of ICMP, or a reply."""
    return struct.pack(">BBHHH", 0 if reply else 8, 0, 0, identifier, number) + bytes(48)


@dataclass(frozen=True)
class Packet:
    """One data packet of a session: L2TPv2, or L2TPv3 over UDP."""

    time: int
    """Nanoseconds."""
    body: bytes
    back: bool = False
    """Towards the client."""
    version: int = 2
    snaplen: int = 65535

    def frame(self) -> bytes:
        """Ethernet, IPv4, UDP, L2TP."""
        l2tp = struct.pack(">HHH", 2, 7 + self.back, 3 + self.back) if self.version == 2 else struct.pack(">HHI", 3, 0, 1003 + self.back)
        l2tp += self.body
        ends = SERVER + CLIENT if self.back else CLIENT + SERVER
        datagram = struct.pack(">HHHH", 1701, 1701, 8 + len(l2tp), 0) + l2tp
        ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(datagram), 1, 0, 64, 17, 0) + ends
        return b"\x02\0\0\0\0\1\x02\0\0\0\0\2\x08\0" + ip + datagram


def capture(packets: list[Packet]) -> bytes:
    """A pcap file with nanoseconds."""
    records = [struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 1)]
    for one in packets:
        octets = one.frame()
        kept = octets[: one.snaplen]
        records.append(struct.pack("<IIII", one.time // 10**9, one.time % 10**9, len(kept), len(octets)) + kept)
    return b"".join(records)


def inside(packets: list[Packet], rows: int | None = None) -> tuple[Inner, list[str]]:
    """What the tracker finds, read *rows* records at a time, and its notes."""
    decoder, data, tracker = Decoder(()), DataTracker(), InnerTracker()
    for batch in merged(open_captures([BytesIO(capture(packets))], rows=rows)):
        if len(batch):
            frames = decoder.decode(batch)
            tracker.feed(frames, *data.feed(frames))
    return tracker.finish(), tracker.notes()
