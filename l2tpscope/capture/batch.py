"""Batch, Source, CaptureInfo, CaptureError: octets with a clock, and nothing of protocols above the record."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

SLACK = 4096
"""Octets of the buffer that may be read past the last record, so that a window of a short frame needs no bounds check."""

Int64s = NDArray[np.int64]


@dataclass(slots=True)
class Batch:
    """Some records of one or more captures, in the order in which they are to be read.

    *Shape*: every column (n,). *Units*: `time` in integer nanoseconds since the epoch, lengths and offsets in octets.
    The octets are valid only until the next batch is asked for: the buffer is used again.
    """

    octets: bytearray
    """The buffer; at least SLACK octets follow the last record."""
    offset: Int64s
    """Where each frame begins in `octets`."""
    captured: Int64s
    """How many of its octets are there."""
    length: Int64s
    """How many it had on the wire."""
    time: Int64s
    link_type: NDArray[np.uint16]
    """LINKTYPE_ number, as in a capture file."""
    capture: NDArray[np.uint16]
    """Which capture it came from, from 1."""
    frame: Int64s
    """Its position in that capture, from 1, as Wireshark shows it."""

    def __len__(self) -> int:
        return len(self.offset)


@dataclass(slots=True)
class CaptureInfo:
    """What is known of a capture itself; complete only once it has been read to its end."""

    capture: int
    path: str
    format: str = ""
    """`pcap`, `pcap (nanosecond)`, `pcap (modified)`, `pcapng`; with `+gzip`, `+zstd`, `+xz` where compressed."""
    frames: int = 0
    """Packets. Wireshark numbers custom blocks and journal entries of a pcapng file too: frame numbers may go beyond."""
    octets: int = 0
    """Sum of the lengths on the wire."""
    first_time: int | None = None
    """Earliest time stamp, nanoseconds since the epoch."""
    last_time: int | None = None
    time_resolution_s: float | None = None
    """Coarsest resolution that an interface declares (the format's where it declares none)."""
    link_types: list[str] = field(default_factory=list)
    truncated_file: bool = False
    problem: str | None = None
    """One line: what is wrong with the file, where (octet offset), and what was done about it."""
    cut_frames: int = 0
    """Frames with fewer octets captured than there were on the wire."""
    reported_drops: int | None = None
    """Frames the capturer says it lost (ISB isb_ifdrop + isb_osdrop, EPB epb_dropcount); None: it says nothing."""
    backward_steps: int = 0
    """Records whose time stamp lies before that of the record before them."""
    largest_backward_step_s: float = 0.0
    undated_frames: int = 0
    """Records without a time stamp (Simple Packet Blocks): they take the time of the record before them."""


class Source(Protocol):
    """A capture that can be read once, front to back."""

    info: CaptureInfo
    first_time: int | None
    """Time of the first record, once it was looked for."""
    block_octets: int
    """How much to read at a time; may be changed before reading begins."""

    def batches(self) -> Generator[Batch, None, None]:
        """Its records, in file order, in blocks."""
        ...

    def position(self) -> tuple[int, int | None]:
        """Octets of the file consumed, and its size; None for a stream."""
        ...


class CaptureError(Exception):
    """A capture that cannot be read at all: one line with path, what was found, what to do."""
