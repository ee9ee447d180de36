"""pcapng: sections, interfaces with their own link type and clock, packets, drop counters; other blocks are passed over.

*Source*: draft-ietf-opsawg-pcapng §4.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

import numpy as np

from .batch import CaptureError, CaptureInfo
from .blocks import ENHANCED, LEAST, PACKET, SIMPLE, Chains, UnsoundError, judge, plain_chain
from .buffer import Buffer
from .interfaces import INTERFACE_LIMIT, Interface, describe, statistics
from .linktypes import name
from .packets import Blocks, Found, Packets, Table
from .records import Int64s, Reader, Records, idle, shown

SECTION, INTERFACE, STATISTICS = 0x0A0D0D0A, 1, 5
NUMBERED = (0x00000BAD, 0x40000BAD, 9, 0x204, 0x208, 0x216, 0x217, 0x221, 0x222)
"""Custom blocks, journal entries, system events: they are no packets, but Wireshark gives them frame numbers too."""
NO_PACKET = 0
ORDERS = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}
"""The byte-order magic, as written."""
TURNS_LIMIT = 1000
"""Changes of the byte order in a file: each begins a batch of its own. Files strung together have a few."""
VERSIONS = ((1, 0), (1, 2))


class PcapngReader(Reader):
    """Reads a pcapng file."""

    MAGICS = (b"\x0a\x0d\x0d\x0a",)
    HEAD = 16

    def __init__(self, head: bytes, info: CaptureInfo) -> None:
        self._order = "<"
        self._interfaces: list[Interface] = []
        self._first = 0  # of this section, among all that blocks of the buffer refer to
        self._table: Table | None = None
        self._chains: dict[str, Chains] = {}  # of this filling of the buffer, by byte order
        self._turns = 0
        self._dropped: int | None = None
        self._time = 0
        self._frame = 1
        super().__init__(head, info)

    def _take(self, head: bytes) -> None:
        self.info.format = "pcapng"
        if len(head) < self.HEAD:
            raise CaptureError(f"{shown(self.info.path)}: found only {len(head)} of the 28 octets of a pcapng section header")
        try:
            self._order = _section(head)
        except UnsoundError as error:
            raise CaptureError(f"{shown(self.info.path)}: found a pcapng section header that {error}") from None

    def records(self, buffer: Buffer, rows: int) -> Iterator[Records]:
        """Columns of at most *rows* records each, until the input ends or a block is not sound."""
        why, more = "", False
        while not why and (more or buffer.fill()):
            if not more:
                self._chains.clear()
            found = Found()
            stop, why, more = self._collect(buffer, found)
            blocks = found.blocks(self._frame)
            if not len(blocks.start):
                yield from idle(buffer)
            for first in range(0, len(blocks.start), rows):
                part = blocks.part(slice(first, first + rows))
                self._frame += len(part.start)
                yield from self._read(buffer.octets, part)
            if why:
                self.note(f"the block at {self.place(buffer, stop)} {why}; reading ended there, after {self.info.frames} frames")
            buffer.start = stop
            self._forget()
        if not why:
            self.note_end(buffer)
        self._dropped = _sum(self._dropped, self._interfaces)
        self.info.reported_drops = self._dropped

    def _read(self, octets: bytearray, blocks: Blocks) -> Iterator[Records]:
        """The columns of *blocks*, but for those that hold no packet and only have a frame number."""
        if (blocks.kind == NO_PACKET).any():
            blocks = blocks.part(blocks.kind != NO_PACKET)
        if len(blocks.start):
            packets = Packets(octets, blocks, self._order)
            self._table = self._table or Table(self._interfaces)
            records = packets.records(self._table, self._time)
            packets.count_drops(self._interfaces)
            self.info.frames += len(records)
            self._time = int(records.time[-1])
            yield records

    def _collect(self, buffer: Buffer, found: Found) -> tuple[int, str, bool]:
        """All whole blocks of the buffer: where the first one begins that is left, what is wrong with it, whether it is
        one of the other byte order, and so to be read next."""
        octets, at, end = buffer.octets, buffer.start, buffer.end
        try:
            while at + 12 <= end:
                (kind,) = struct.unpack_from(f"{self._order}I", octets, at)
                following = self._collect_packets(octets, at, end, found) if kind in LEAST else at
                if following == at:
                    order = _section(octets[at : min(at + 16, end)]) if kind == SECTION else self._order
                    if order != self._order and len(found.starts):
                        return at, "", True
                    if order != self._order:
                        self._turn(order)
                    following = at + judge(octets, at, end, order)
                    if following == at:
                        break
                    self._pass(kind, octets, at, following, found)
                at = following
        except UnsoundError as error:
            return (at if error.at is None else error.at), str(error), False
        return at, "", False

    def _collect_packets(self, octets: bytearray, at: int, end: int, found: Found) -> int:
        """Packet blocks of one kind from *at* on, and where the next block begins."""
        (kind,) = struct.unpack_from(f"{self._order}I", octets, at)
        if kind == ENHANCED:
            if self._order not in self._chains:
                self._chains[self._order] = Chains(octets, at, end, self._order)
            starts, following = self._chains[self._order].chain(at)
        else:
            starts, following = plain_chain(octets, at, end, self._order)
        if len(starts):
            known = self._described(octets, kind, starts)
            found.add(starts[:known], kind, self._first)
            if known < len(starts):
                raise UnsoundError("names an interface that was not described", int(starts[known]))
        return following

    def _turn(self, order: str) -> None:
        self._order = order
        self._turns += 1
        if self._turns > TURNS_LIMIT:
            raise UnsoundError(f"turns the byte order for the {self._turns}th time")

    def _described(self, octets: bytearray, kind: int, starts: Int64s) -> int:
        """How many of these packet blocks come before the first whose interface was not described by now."""
        known = len(self._interfaces) - self._first
        if kind == SIMPLE:
            return len(starts) if known else 0
        named = np.ndarray((len(octets) - 11,), f"{self._order}u{2 if kind == PACKET else 4}", octets, 8, (1,))[starts]
        return int(np.argmax(named >= known)) if named.max() >= known else len(starts)

    def _pass(self, kind: int, octets: bytearray, at: int, following: int, found: Found) -> None:
        """Take what is to be known from a block that holds no packet."""
        if kind in NUMBERED:
            found.add(np.array([at]), NO_PACKET, 0)
        elif kind in BLOCKS:
            BLOCKS[kind](self, bytes(octets[at:following]))

    def _begin_section(self, block: bytes) -> None:
        if len(block) < 28:
            raise UnsoundError(f"begins a section in {len(block)} octets")
        self._first = len(self._interfaces)

    def _describe_interface(self, block: bytes) -> None:
        interface = describe(block, self._order)
        if len(self._interfaces) - self._first >= INTERFACE_LIMIT:
            raise UnsoundError(f"describes more than {INTERFACE_LIMIT} interfaces")
        self._interfaces.append(interface)
        self._table = None
        called = name(interface.link_type)
        if called not in self.info.link_types:
            self.info.link_types.append(called)
        resolution_s = 1 / interface.clock.units()
        self.info.time_resolution_s = max(self.info.time_resolution_s or 0.0, resolution_s)

    def _note_statistics(self, block: bytes) -> None:
        number, counts = statistics(block, self._order)
        if counts and 0 <= number < len(self._interfaces) - self._first:
            interface = self._interfaces[self._first + number]
            interface.reported = (interface.reported or {}) | counts

    def _forget(self) -> None:
        """Let the interfaces of earlier sections go, once no block of the buffer refers to them."""
        if not self._first:
            return
        self._table = None
        self._dropped = _sum(self._dropped, self._interfaces[: self._first])
        del self._interfaces[: self._first]
        self._first = 0


def _section(head: bytes | bytearray) -> str:
    """The byte order of a section.

    *Raises*: UnsoundError where it is not the begin of a section header of a known version.
    """
    order = ORDERS.get(bytes(head[8:12]))
    if order is None:
        raise UnsoundError("has no byte-order magic")
    if len(head) >= 16:
        major, minor = struct.unpack_from(f"{order}HH", head, 12)
        if (major, minor) not in VERSIONS:
            raise UnsoundError(f"is of version {major}.{minor}; only version 1.0 is read")
    return order


def _sum(dropped: int | None, interfaces: list[Interface]) -> int | None:
    said = [count for interface in interfaces if (count := interface.drops()) is not None]
    return dropped if not said else (dropped or 0) + sum(said)


BLOCKS: dict[int, Callable[[PcapngReader, bytes], None]] = {
    SECTION: PcapngReader._begin_section,
    INTERFACE: PcapngReader._describe_interface,
    STATISTICS: PcapngReader._note_statistics,
}
"""What is read besides packets; every other block is passed over."""
