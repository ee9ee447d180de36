"""Inputs: octets from a file, a pipe or an object with `read`, as they come.

An input never waits for more than it has: `readinto` returns what one read gives, so that a slow writer's records are
seen at once, and `ready` tells whether it is worth collecting more before going on.
"""

from __future__ import annotations

import io
import os
import select
import stat
import time
from collections.abc import Callable
from typing import Any, BinaryIO, Protocol, cast

READ_OCTETS = 1 << 16
"""What is asked of an object that only has `read`, which may wait for all of it."""
READ1_OCTETS = 1 << 20
"""What is asked of one that has `read1`, which gives what is there; it is copied once more."""


class Input(Protocol):
    """Octets that can be read once, front to back."""

    problem: str | None
    """Why they ended early, where they did; set when `readinto` returns 0."""

    def readinto(self, view: memoryview) -> int:
        """Put at least one octet into *view*, as many as are at hand; 0 at the end."""
        ...

    def ready(self, wait_s: float) -> bool:
        """Whether more can be read after waiting at most *wait_s*."""
        ...

    def position(self) -> tuple[int, int | None]:
        """Octets of the file that were read, and its size where it has one."""
        ...

    def close(self) -> None:
        """Let the file go."""
        ...


class FileInput:
    """A file object: raw, buffered, or anything with `read`."""

    def __init__(self, file: BinaryIO | io.RawIOBase, *, owned: bool) -> None:
        self.problem: str | None = None
        self._file = file
        self._owned = owned
        self._count = 0
        self._readinto = _reading(file)
        self._descriptor = _descriptor(file)
        self._size = _size(self._descriptor)
        self._at_hand = self._size is not None or (self._descriptor is None and _seekable(file))

    def readinto(self, view: memoryview) -> int:
        """Put what one read gives into *view*; an error of the system ends the input and becomes its problem."""
        try:
            count = self._readinto(view)
            while count is None:  # a descriptor that does not block, and nothing there yet
                if not self.ready(1.0):
                    time.sleep(0.01)
                count = self._readinto(view)
        except (OSError, ValueError) as error:
            self.problem = f"cannot be read further: {getattr(error, 'strerror', None) or error}"
            return 0
        self._count += count
        return count

    def ready(self, wait_s: float) -> bool:
        """Whether more is there: always in a file that can be wound, asked of a descriptor, not known of other objects."""
        if self._at_hand or self._descriptor is None:
            return self._at_hand
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        return bool(poll.poll(max(wait_s, 0.0) * 1000))

    def position(self) -> tuple[int, int | None]:
        """Octets read so far, and the size of the file."""
        return self._count, self._size

    def close(self) -> None:
        """Close the file, if it was opened here."""
        if self._owned:
            self._file.close()


class Headed:
    """An input whose first octets were looked at already: they come once more."""

    def __init__(self, head: bytes, rest: Input) -> None:
        self.problem: str | None = rest.problem
        self._head = memoryview(head)
        self._rest = rest

    def readinto(self, view: memoryview) -> int:
        """The head first, then the rest."""
        if not self._head:
            count = self._rest.readinto(view)
            self.problem = self._rest.problem
            return count
        count = min(len(view), len(self._head))
        view[:count] = self._head[:count]
        self._head = self._head[count:]
        return count

    def ready(self, wait_s: float) -> bool:
        """Whether some of the head is left, or the rest is ready."""
        return bool(self._head) or self._rest.ready(wait_s)

    def position(self) -> tuple[int, int | None]:
        """The position of the input itself."""
        return self._rest.position()

    def close(self) -> None:
        """Close the input itself."""
        self._rest.close()


def look(source: Input, octets: int) -> tuple[bytes, Headed]:
    """The first octets of an input, fewer only where it ends before, and the input as if it had not been read."""
    head = bytearray(octets)
    have = 0
    with memoryview(head) as view:
        while have < octets and (count := source.readinto(view[have:])):
            have += count
    first = bytes(head[:have])
    return first, Headed(first, source)


def _reading(file: Any) -> Callable[[memoryview], int | None]:
    """The way to read *file* that waits the least."""
    if isinstance(file, io.RawIOBase):
        return cast(Callable[[memoryview], "int | None"], file.readinto)
    # Not readinto1: that of a BufferedReader waits for more where its buffer gives less than was asked for.
    read1 = getattr(file, "read1", None)
    read, most = (read1, READ1_OCTETS) if read1 else (file.read, READ_OCTETS)

    def copy(view: memoryview) -> int | None:
        data = read(min(len(view), most))
        if data is None:
            return None
        view[: len(data)] = data
        return len(data)

    return copy


def _descriptor(file: Any) -> int | None:
    """The descriptor that *file* reads from, unless it does something to the octets (as GzipFile does)."""
    raw = getattr(file, "raw", file)
    if not isinstance(raw, io.RawIOBase):
        return None
    try:
        return raw.fileno()
    except (OSError, ValueError):
        return None


def _seekable(file: Any) -> bool:
    try:
        return bool(file.seekable())
    except (AttributeError, OSError, ValueError):
        return False


def _size(descriptor: int | None) -> int | None:
    """The size of a regular file; a stream has none."""
    if descriptor is None:
        return None
    try:
        status = os.fstat(descriptor)
    except OSError:
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None
