"""Records: columns of some records of one capture, and what every format's reader has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from .batch import CaptureInfo
from .buffer import Buffer

Int64s = NDArray[np.int64]


@dataclass(slots=True)
class Records:
    """Some records in file order.

    *Shape*: every column (n,).
    """

    octets: bytearray
    offset: Int64s
    captured: Int64s
    length: Int64s
    time: Int64s
    link_type: NDArray[np.uint16]
    frame: Int64s
    dated: NDArray[np.bool_] | None = None
    """Which of them have a time stamp of their own; None: all."""

    def __len__(self) -> int:
        return len(self.offset)


class Reader(ABC):
    """Reads one format: its header from the first octets, then records block by block."""

    MAGICS: ClassVar[tuple[bytes, ...]]
    """What its files begin with."""
    HEAD: ClassVar[int]
    """How many of the first octets the constructor wants."""

    def __init__(self, head: bytes, info: CaptureInfo) -> None:
        """Take the file's header.

        *Raises*: CaptureError where it is cut short or of a version that is not read.
        """
        self.info = info
        self._take(head)

    @abstractmethod
    def _take(self, head: bytes) -> None: ...

    @abstractmethod
    def records(self, buffer: Buffer, rows: int) -> Iterator[Records]:
        """Columns of at most *rows* records each, until the input ends; then `info` is told what was wrong with the file."""

    def note(self, problem: str, *, truncated: bool = False) -> None:
        """Put down what is wrong with the file; the first problem stays."""
        self.info.problem = self.info.problem or f"{shown(self.info.path)}: {problem}"
        self.info.truncated_file |= truncated

    def note_end(self, buffer: Buffer) -> None:
        """Put down what is wrong when the input has ended: its own problem, or a record that is not whole."""
        place = self.place(buffer, buffer.start)
        if buffer.input.problem:
            self.note(f"{buffer.input.problem}; the {self.info.frames} frames before {place} were read", truncated=True)
        if buffer.start < buffer.end:
            self.note(f"cut short in the middle of a record, at {place}; the {self.info.frames} frames before it were read", truncated=True)

    def place(self, buffer: Buffer, at: int) -> str:
        """Where in the capture *at* of the buffer is."""
        return f"octet {buffer.base + at}" + (" of the decompressed data" if "+" in self.info.format else "")


def shown(path: str) -> str:
    """A path on one line, whatever characters are in it."""
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in path)


def idle(buffer: Buffer) -> Iterator[Records]:
    """No records, said where somebody waits only so long for some; else nothing."""
    if buffer.patience_s is not None:
        none = np.zeros(0, np.int64)
        yield Records(buffer.octets, none, none, none, none, none.astype(np.uint16), none)
