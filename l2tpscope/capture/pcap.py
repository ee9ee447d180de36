"""Classic pcap: microseconds and nanoseconds, both byte orders, and Kuznetzov's modified format.

    magic (4)   version (2 + 2)   zone (4)   accuracy (4)   snaplen (4)   FCS, class, link type (4)
    seconds (4)   fraction (4)   captured (4)   length (4)   [ifindex (4)   protocol (2)   type (1)   pad (1)]

*Source*: draft-ietf-opsawg-pcap; libpcap sf-pcap.c for versions before 2.4 and the modified format.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np

from .batch import CaptureError
from .buffer import Buffer
from .lanes import walk_in_lanes
from .linktypes import name
from .records import Int64s, Reader, Records, idle, shown
from .walk import RECORD_LIMIT, Form, Lengths, Walk

SECOND = 1_000_000_000
VARIANTS: dict[bytes, tuple[str, str, int, int]] = {
    b"\xd4\xc3\xb2\xa1": ("pcap", "<", 16, 1000),
    b"\xa1\xb2\xc3\xd4": ("pcap", ">", 16, 1000),
    b"\x4d\x3c\xb2\xa1": ("pcap (nanosecond)", "<", 16, 1),
    b"\xa1\xb2\x3c\x4d": ("pcap (nanosecond)", ">", 16, 1),
    b"\x34\xcd\xb2\xa1": ("pcap (modified)", "<", 24, 1000),
    b"\xa1\xb2\xcd\x34": ("pcap (modified)", ">", 24, 1000),
}
"""Magic number: name, byte order, octets of a record header, nanoseconds in a unit of the fraction."""


class PcapReader(Reader):
    """Reads a classic pcap file."""

    MAGICS = tuple(VARIANTS)
    HEAD = 24

    def _take(self, head: bytes) -> None:
        path = shown(self.info.path)
        if len(head) < self.HEAD:
            raise CaptureError(f"{path}: found only {len(head)} of the 24 octets of a pcap file header")
        self.info.format, order, header, self._unit = VARIANTS[head[:4]]
        major, minor, link_type = struct.unpack(f"{order}4xHH12xI", head)
        if major != 2:
            raise CaptureError(f"{path}: found pcap of version {major}.{minor}; only versions 2.x are read")
        # Files before version 2.3 have the two lengths swapped, and those of 2.3 may have.
        lengths = {0: Lengths.SECOND, 1: Lengths.SECOND, 2: Lengths.SECOND, 3: Lengths.SMALLER}.get(minor, Lengths.FIRST)
        self._form = Form(order, header, lengths)
        self._link_type = link_type & 0xFFFF  # above: whether and how long an FCS follows, and a class
        self._columns = np.dtype([(field, f"{order}u4") for field in ("seconds", "fraction", "first", "second")])
        self.info.link_types = [name(self._link_type)]
        self.info.time_resolution_s = self._unit / SECOND

    def records(self, buffer: Buffer, rows: int) -> Iterator[Records]:
        """Columns of at most *rows* records each, until the input ends or a record lies."""
        header, frame = self.HEAD, 1
        while buffer.fill():
            if header > buffer.end:
                yield from idle(buffer)
                continue
            buffer.start += header
            header = 0
            found = walk_in_lanes(buffer.octets, buffer.start, buffer.end, self._form)
            for first in range(0, len(found.offsets), rows):
                part = found.offsets[first : first + rows]
                self.info.frames += len(part)
                yield self._read(buffer.octets, part, frame)
                frame += len(part)
            if not len(found.offsets):
                yield from idle(buffer)
            buffer.start = found.stop
            if found.lying:
                self._note_lie(buffer, found)
                return
        self.note_end(buffer)

    def _read(self, octets: bytearray, offsets: Int64s, frame: int) -> Records:
        headers = np.ndarray((len(octets) - 15,), "V16", octets, 0, (1,))[offsets].view(self._columns)
        time = headers["seconds"].astype(np.int64)
        time *= SECOND
        fraction = headers["fraction"]
        time += fraction if self._unit == 1 else fraction.astype(np.int64) * self._unit
        captured, length = headers["first"].astype(np.int64), headers["second"].astype(np.int64)
        if self._form.lengths is Lengths.SECOND:
            captured, length = length, captured
        elif self._form.lengths is Lengths.SMALLER:
            captured, length = np.minimum(captured, length), np.maximum(captured, length)
        return Records(
            octets=octets,
            offset=offsets + self._form.header,
            captured=captured,
            length=length,
            time=time,
            link_type=np.full(len(offsets), self._link_type, np.uint16),
            frame=np.arange(frame, frame + len(offsets), dtype=np.int64),
        )

    def _note_lie(self, buffer: Buffer, found: Walk) -> None:
        first, second = struct.unpack_from(f"{self._form.order}8xII", buffer.octets, found.stop)
        claimed = {Lengths.FIRST: first, Lengths.SECOND: second, Lengths.SMALLER: min(first, second)}[self._form.lengths]
        self.note(
            f"the record at {self.place(buffer, found.stop)} claims {claimed} octets (at most {RECORD_LIMIT} are credible);"
            f" reading ended there, after {self.info.frames} frames"
        )
