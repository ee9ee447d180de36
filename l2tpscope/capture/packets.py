"""Columns of the packets that pcapng blocks hold, whichever of the three kinds of block they are in."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .blocks import ENHANCED, PACKET, SIMPLE
from .clock import Clock
from .interfaces import Interface
from .records import Int64s, Records

EPB_DROPCOUNT = 4
OPTIONS_LOOKED_AT = 64
"""Of a packet block, for its drop count: a block can be filled with options of no content."""
DROPS_LIMIT = 1 << 32
"""More lost between two packets is no count but a placeholder."""
NO_LIMIT = 1 << 32


class Table:
    """What packets need to know of the interfaces, in columns."""

    def __init__(self, interfaces: list[Interface]) -> None:
        numbers: dict[Clock, int] = {}
        self.clock = np.array([numbers.setdefault(interface.clock, len(numbers)) for interface in interfaces], np.int64)
        """Which of `clocks` it has."""
        self.clocks = list(numbers)
        self.link_types = np.array([interface.link_type for interface in interfaces], np.uint16)
        self.limits = np.array([interface.snaplen or NO_LIMIT for interface in interfaces], np.int64)
        """Octets of a packet that it captures at most."""


@dataclass(slots=True)
class Found:
    """Blocks found in one filling of the buffer: packets, and others that only take a frame number."""

    starts: list[Int64s] = field(default_factory=list)
    marks: list[tuple[int, int]] = field(default_factory=list)
    """Beside each: kind of block (0: no packet), first interface of its section."""

    def add(self, starts: Int64s, kind: int, first: int) -> None:
        """Put more blocks behind."""
        self.starts.append(starts)
        self.marks.append((kind, first))

    def blocks(self, frame: int) -> Blocks:
        """Columns of all of them; *frame* is the number of the first."""
        count = sum(map(len, self.starts))
        frames = np.arange(frame, frame + count, dtype=np.int64)
        if len(set(self.marks)) == 1:
            kind, first = (np.broadcast_to(np.int64(mark), count) for mark in self.marks[0])
        else:
            sizes = [len(starts) for starts in self.starts]
            kind, first = np.repeat(np.array(self.marks, np.int64).reshape(-1, 2), sizes, axis=0).T
        return Blocks(np.concatenate(self.starts) if self.starts else frames, kind, first, frames)


@dataclass(slots=True)
class Blocks:
    """Blocks in file order.

    *Shape*: every column (n,). *Units*: `start` in octets of the buffer; `first` counts the interfaces of all sections in
    the buffer.
    """

    start: Int64s
    kind: Int64s
    first: Int64s
    frame: Int64s

    def part(self, which: slice | NDArray[np.bool_]) -> Blocks:
        """Some of them."""
        return Blocks(self.start[which], self.kind[which], self.first[which], self.frame[which])


class Packets:
    """The fixed fields of packet blocks."""

    def __init__(self, octets: bytearray, blocks: Blocks, order: str) -> None:
        names = ("total", "interface", "high", "low", "captured", "length")
        places = (4, 8, 12, 16, 20, 24)
        fields = [(f"{order}u4")] * 6 + [f"{order}u2"] * 2
        layout = np.dtype({"names": [*names, "short", "drops"], "formats": fields, "offsets": [*places, 8, 10], "itemsize": 28})
        self.octets = octets
        self.order = order
        self.blocks = blocks
        self.head = np.ndarray((len(octets) - 27,), "V28", octets, 0, (1,))[blocks.start].view(layout)
        self.plain = bool((blocks.kind == ENHANCED).all())
        self.interface = self._interface()

    def records(self, table: Table, time: int) -> Records:
        """The packets; one without a time stamp takes that of the packet before it, the first one *time*."""
        head, kind = self.head, self.blocks.kind
        captured, length = head["captured"].astype(np.int64), head["length"].astype(np.int64)
        stamps = head["high"].astype(np.uint64)
        stamps <<= np.uint64(32)
        stamps |= head["low"]
        times = _times(stamps, self.interface, table)
        offset = self.blocks.start + 28
        dated = None
        if not self.plain:
            simple = kind == SIMPLE
            dated = ~simple
            offset = self.blocks.start + np.where(simple, 12, 28)
            length = np.where(simple, head["interface"], length)
            captured = np.where(simple, self._simple_captured(table), captured)
            times = _carried(times, dated, time)
        return Records(
            octets=self.octets,
            offset=offset,
            captured=captured,
            length=length,
            time=times,
            link_type=table.link_types[self.interface],
            frame=self.blocks.frame,
            dated=dated,
        )

    def count_drops(self, interfaces: list[Interface]) -> None:
        """Add to each interface what its packets say was lost before them."""
        said, counts = self._option_drops()
        if not self.plain:
            old = self.blocks.kind == PACKET
            said |= old & (self.head["drops"] != 0xFFFF)
            counts = np.where(old, self.head["drops"], counts)
        if not said.any():
            return
        counts = counts[said]
        sums = np.zeros(len(interfaces), np.int64)
        np.add.at(sums, self.interface[said], counts)
        for index in np.unique(self.interface[said]):
            interfaces[index].counted = (interfaces[index].counted or 0) + int(sums[index])

    def _interface(self) -> Int64s:
        own: Int64s = self.head["interface"].astype(np.int64)
        if not self.plain:
            own = np.where(self.blocks.kind == PACKET, self.head["short"], np.where(self.blocks.kind == SIMPLE, 0, own))
        own += self.blocks.first
        return own

    def _simple_captured(self, table: Table) -> Int64s:
        room = self.head["total"].astype(np.int64) - 16
        captured: Int64s = np.minimum(np.minimum(room, table.limits[self.interface]), self.head["interface"])
        return captured

    def _option_drops(self) -> tuple[NDArray[np.bool_], Int64s]:
        """Which packets have a drop count among their options, and the counts: all option lists walked in step."""
        count = len(self.blocks.start)
        said, counts = np.zeros(count, np.bool_), np.zeros(count, np.int64)
        if self.plain and (self.head["total"] - self.head["captured"]).max() < 36:
            return said, counts
        used = (self.head["captured"].astype(np.int64) + 3) & ~3
        size = (self.head["total"].astype(np.int64) + 3) & ~3
        rows = np.flatnonzero((size - 32 - used >= 4) & (self.blocks.kind == ENHANCED))
        if not len(rows):
            return said, counts
        at, end = (self.blocks.start + 28 + used)[rows], (self.blocks.start + size - 4)[rows]
        short = np.ndarray((len(self.octets) - 1,), f"{self.order}u2", self.octets, 0, (1,))
        long = np.ndarray((len(self.octets) - 7,), f"{self.order}u8", self.octets, 0, (1,))
        for _ in range(OPTIONS_LOOKED_AT):
            code, length = short[at], short[at + 2].astype(np.int64)
            whole = (code != 0) & (at + 4 + length <= end)
            hit = whole & (code == EPB_DROPCOUNT) & (length == 8)
            if hit.any():
                values = long[at[hit] + 4]
                known = values < DROPS_LIMIT
                said[rows[hit][known]] = True
                counts[rows[hit][known]] = values[known].astype(np.int64)
            at = at + 4 + ((length + 3) & ~3)
            going = whole & (at + 4 <= end)
            rows, at, end = rows[going], at[going], end[going]
            if not len(rows):
                break
        return said, counts


def _times(stamps: NDArray[np.uint64], interface: Int64s, table: Table) -> Int64s:
    """Each stamp by the clock of its interface."""
    if len(table.clocks) == 1:
        return table.clocks[0].nanoseconds(stamps)
    owner = table.clock[interface]
    order = np.argsort(owner, kind="stable")
    bounds = np.flatnonzero(np.diff(owner[order], prepend=-1, append=-1))
    times = np.empty(len(stamps), np.int64)
    for begin, end in itertools.pairwise(bounds.tolist()):
        rows = order[begin:end]
        times[rows] = table.clocks[int(owner[rows[0]])].nanoseconds(stamps[rows])
    return times


def _carried(times: Int64s, dated: NDArray[np.bool_], before: int) -> Int64s:
    """Every time that is not *dated* replaced by the last dated one before it, or by *before*."""
    last = np.maximum.accumulate(np.where(dated, np.arange(len(times)), -1))
    return np.where(last >= 0, times[last], before)
