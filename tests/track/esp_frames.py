"""ESP and L2TP frames for the tests of trackers, read the whole way: octets of a capture, batches, frames."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from l2tpscope.capture import merged, open_captures
from l2tpscope.frames import Decoder, Frames
from l2tpscope.model.esp import EspSeries
from l2tpscope.track.esp import EspTracker

MILLISECOND = 1_000_000
ALICE, BOB, CAROL = b"\x0a\0\0\1", b"\x0a\0\0\2", b"\x0a\0\0\3"


@dataclass(frozen=True)
class Packet:
    """One frame of ESP, AH or L2TP."""

    number: int = 1
    """Sequence number of ESP or AH."""
    time: int = 0
    spi: int = 0x1234
    source: bytes = ALICE
    destination: bytes = BOB
    ports: tuple[int, int] | None = None
    """Of UDP; None: ESP directly in IP."""
    octets: int = 68
    protocol: int = 50
    identification: int = 7
    l2tp: bool = False
    """L2TP data of `octets` instead, on port 1701."""

    def frame(self) -> bytes:
        """Ethernet, IPv4 and what is in it."""
        body, protocol = self._body()
        head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(body), self.identification, 0, 64, protocol, 0)
        return bytes(12) + b"\x08\0" + head + self.source + self.destination + body

    def _body(self) -> tuple[bytes, int]:
        ports = (1701, 1701) if self.l2tp else self.ports
        if self.l2tp:
            body = struct.pack(">HHHHH", 2, 7, 9, 0xFF03, 0x0021).ljust(self.octets, b"\x45")
        else:
            ah = struct.pack(">BBH", 4, 4, 0) if self.protocol == 51 else b""
            body = (ah + struct.pack(">II", self.spi, self.number)).ljust(self.octets, b"\xa5")
        if ports is None:
            return body, self.protocol
        return struct.pack(">HHHH", *ports, 8 + len(body), 0) + body, 17


def frames_of(packets: Iterable[Packet], rows: int | None = None, snaplen: int = 65535) -> Iterator[Frames]:
    """The decoded frames of a capture of some packets, *rows* records at a time."""
    octets = bytearray(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, snaplen, 1))
    for packet in packets:
        frame = packet.frame()
        octets += struct.pack("<IIII", packet.time // 10**9, packet.time % 10**9, min(len(frame), snaplen), len(frame)) + frame[:snaplen]
    decoder = Decoder()
    for batch in merged(open_captures([io.BytesIO(octets)], rows=rows)):
        if len(batch):
            yield decoder.decode(batch)


def run_of(numbers: Iterable[int], *, gap: int = 10 * MILLISECOND, begin: int = 0, **more: object) -> list[Packet]:
    """Packets of one SA with these numbers, *gap* apart."""
    return [Packet(number, begin + at * gap, identification=at % 65536, **more) for at, number in enumerate(numbers)]  # type: ignore[arg-type]


def follow(packets: Iterable[Packet], *, rows: int | None = None, now: int = 10**15, snaplen: int = 65535) -> list[EspSeries]:
    """The series of a capture of some packets."""
    tracker = EspTracker()
    for frames in frames_of(packets, rows, snaplen):
        tracker.feed(frames)
    return tracker.finish(now)
