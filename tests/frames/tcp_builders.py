"""IKE and ESP over TCP for the tests, built after RFC 9329: messages, streams of them, and segments of streams."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from frame_builders import Record, decode, ethernet, ike, ipv4, pcap_records

from l2tpscope.frames import Kind

PREFIX = b"IKETCP"
CLIENT, SERVER = b"\x0a\0\0\1", b"\x0a\0\0\2"
SYN, PUSH_ACK = 0x02, 0x18
TIMESTAMPS = b"\1\1\x08\x0a" + bytes(8)


def framed(message: bytes) -> bytes:
    """A message behind its Length."""
    return struct.pack(">H", 2 + len(message)) + message


def esp(sequence: int, spi: int = 0xC0FFEE01, size: int = 60) -> bytes:
    """An ESP packet."""
    return struct.pack(">II", spi, sequence) + bytes((sequence * 7 + at) % 251 for at in range(size - 8))


def ike_message(message_id: int = 0, size: int = 100, *, response: bool = False) -> bytes:
    """IKE behind its marker: IKE_SA_INIT, or an encrypted exchange if it has a message id."""
    body = struct.pack(">HH", 0, size - 28) + bytes(size - 32)
    kind = {"exchange": 37, "following": 46} if message_id else {}
    answered = 0 if not message_id and not response else 7
    return bytes(4) + ike(spis=(5, answered), flags=0x20 if response else 8, message_id=message_id, body=body, **kind)


def tcp(payload: bytes, sequence: int, ports: tuple[int, int] = (50000, 4500), **more: int) -> bytes:
    """A segment; `acknowledged`, `flags`, `stamped` as wanted."""
    options = TIMESTAMPS if more.get("stamped", 1) else b""
    offset = (20 + len(options)) // 4 << 4
    numbers = sequence % 2**32, more.get("acknowledged", 1) % 2**32
    return struct.pack(">HHIIBBHHH", *ports, *numbers, offset, more.get("flags", PUSH_ACK), 512, 0, 0) + options + payload


@dataclass
class Talk:
    """A connection: segments as frames, in order; each side's sequence numbers go on."""

    ports: tuple[int, int] = (50000, 4500)
    next: list[int] = field(default_factory=lambda: [2**32 - 50, 7000])
    """Of client and server; the client's wraps soon."""
    frames: list[bytes] = field(default_factory=list)
    ends: tuple[bytes, bytes] = CLIENT, SERVER
    stamped: int = 1

    def segment(self, payload: bytes, *, server: bool = False, flags: int = PUSH_ACK) -> bytes:
        """The next segment of a side, appended to the frames."""
        ports, ends = (self.ports[::-1], self.ends[::-1]) if server else (self.ports, self.ends)
        content = tcp(payload, self.next[server], ports, acknowledged=self.next[not server], flags=flags, stamped=self.stamped)
        frame = ethernet(ipv4(content, 6, source=ends[0], destination=ends[1], identification=len(self.frames) + 1))
        self.next[server] += len(payload) + bool(flags & SYN)
        self.frames.append(frame)
        return frame

    def handshake(self) -> None:
        """SYN, SYN-ACK, ACK."""
        self.segment(b"", flags=SYN)
        self.segment(b"", server=True, flags=SYN | 0x10)
        self.segment(b"", flags=0x10)

    def cut(self, stream: bytes, cuts: Iterable[int], *, server: bool = False) -> None:
        """A stream in segments that end at these places."""
        places = [0, *sorted({cut for cut in cuts if 0 < cut < len(stream)}), len(stream)]
        for begin, end in pairwise(places):
            self.segment(stream[begin:end], server=server)


def records_of(frames: Iterable[bytes], captured: int = 65535) -> list[Record]:
    """Frames a millisecond apart."""
    return [Record(frame[:captured], len(frame), time=10**18 + number * 10**6) for number, frame in enumerate(frames)]


def over_tcp(path: Path, most: int = 1400) -> list[Record]:
    """The IKE and ESP of a capture put into TCP: a connection for each two addresses, segments of at most so many octets."""
    talks: dict[frozenset[bytes], Talk] = {}
    found = []
    for row in decode(pcap_records(path))[0]:
        if row["kind"] not in (Kind.IKE, Kind.ESP) or row["duplicate"]:
            continue
        ends = row["from"].address, row["to"].address
        opening = frozenset(ends) not in talks
        talk = talks.setdefault(frozenset(ends), Talk(ends=ends))
        marker = bytes(4) if row["kind"] == Kind.IKE and 500 in (row["source_port"], row["destination_port"]) else b""
        before = len(talk.frames)
        stream = PREFIX * opening + framed(marker + row["payload"])
        talk.cut(stream, range(most, len(stream), most), server=ends != talk.ends)
        found += [Record(frame, len(frame), time=row["time"]) for frame in talk.frames[before:]]
    return found


def write_pcap(path: Path, records: Iterable[Record]) -> Path:
    """Records as a classic pcap file, in nanoseconds."""
    octets = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 1)
    for record in records:
        octets += struct.pack("<IIII", record.time // 10**9, record.time % 10**9, len(record.octets), record.wire) + record.octets
    path.write_bytes(octets)
    return path
