"""Compressed inputs: gzip, zstd, xz, known by their first octets, in files and in pipes, of one or more members.

A stream that ends too early or is damaged gives what it held up to there, and says so. Output is asked for in pieces of
bounded size, so that a small file which claims to be a huge one takes no memory.
"""

from __future__ import annotations

import lzma
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import IO, Any, ClassVar, NamedTuple, cast

import zstandard

from .inputs import Input

CHUNK = 1 << 17
XZ_MEMORY_OCTETS = 256 << 20
"""xz -9 needs 65 MiB; a dictionary for more than this is refused."""
ZSTD_WINDOW_OCTETS = 1 << 27
"""As far back as `zstd -d` looks without being told to."""


class Decompressor(ABC):
    """An input that decompresses another one."""

    NAME: ClassVar[str]
    MAGIC: ClassVar[bytes]

    def __init__(self, source: Input) -> None:
        self.problem: str | None = None
        self._source = source
        self._chunk = bytearray(CHUNK)
        self._ended = False

    @abstractmethod
    def readinto(self, view: memoryview) -> int:
        """Put at least one octet into *view*; 0 at the end, or where the stream is damaged."""

    @abstractmethod
    def held(self) -> bool:
        """Whether there is output to be had without reading on."""

    def ready(self, wait_s: float) -> bool:
        """Whether output is held, or input is ready."""
        return self.held() or self._source.ready(wait_s)

    def position(self) -> tuple[int, int | None]:
        """Compressed octets read, and how many there are."""
        return self._source.position()

    def close(self) -> None:
        """Close the compressed file."""
        self._source.close()

    def _more(self) -> bytes:
        with memoryview(self._chunk) as view:
            count = self._source.readinto(view)
        return bytes(self._chunk[:count])

    def _end(self, why: str | None) -> int:
        self._ended = True
        self.problem = self._source.problem or why
        return 0


class MemberwiseDecompressor(Decompressor):
    """What gzip and xz have in common: members one after another, zeros between and behind them."""

    def __init__(self, source: Input) -> None:
        super().__init__(source)
        self._input = b""
        self._member: Any = None  # zlib's and lzma's objects have no common type
        self._members = 0

    @abstractmethod
    def _begin(self) -> Any:
        """A decompressor of one member."""

    @abstractmethod
    def _decompress(self, limit: int) -> bytes:
        """At most *limit* octets of what `_input` gives; the rest of it stays there."""

    def readinto(self, view: memoryview) -> int:
        """Put at least one octet into *view*; 0 at the end, or where the stream is damaged."""
        while not self._ended:
            if self._member is None and not self._next_member():
                break
            try:
                data = self._decompress(len(view))
            except (zlib.error, lzma.LZMAError) as error:
                return self._end(f"{self.NAME} data is damaged ({error})")
            if self._member.eof:
                self._input, self._member = self._member.unused_data, None
            if data:
                view[: len(data)] = data
                return len(data)
            if self._member is not None and not self._input:
                self._input = self._more()
                if not self._input:
                    return self._end(f"{self.NAME} data is cut short")
        return 0

    def held(self) -> bool:
        """Whether the input at hand may give more."""
        return bool(self._input)

    def _next_member(self) -> bool:
        """Find the next member behind padding; False where the stream has ended."""
        while True:
            if self._members:
                self._input = self._input.lstrip(b"\0")
            if len(self._input) >= len(self.MAGIC) or not (more := self._more()):
                break
            self._input += more
        if not self._input.startswith(self.MAGIC):
            self._end(f"{len(self._input)} or more octets behind the {self.NAME} data are no {self.NAME}" if self._input else None)
            return False
        self._members += 1
        self._member = self._begin()
        return True


class Gzip(MemberwiseDecompressor):
    """gzip, RFC 1952."""

    NAME = "gzip"
    MAGIC = b"\x1f\x8b\x08"

    def _begin(self) -> Any:
        return zlib.decompressobj(wbits=31)

    def _decompress(self, limit: int) -> bytes:
        data: bytes = self._member.decompress(self._input, limit)
        self._input = self._member.unconsumed_tail
        return data


class Xz(MemberwiseDecompressor):
    """xz, the .xz file format 1.2.0."""

    NAME = "xz"
    MAGIC = b"\xfd7zXZ\0"

    def _begin(self) -> Any:
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=XZ_MEMORY_OCTETS)

    def _decompress(self, limit: int) -> bytes:
        given, self._input = self._input, b""
        data: bytes = self._member.decompress(given, limit)
        return data

    def held(self) -> bool:
        """Whether the input at hand may give more; lzma keeps what it was given."""
        return super().held() or (self._member is not None and not self._member.needs_input)


class Zstd(Decompressor):
    """Zstandard, RFC 8878."""

    NAME = "zstd"
    MAGIC = b"\x28\xb5\x2f\xfd"

    def __init__(self, source: Input) -> None:
        super().__init__(source)
        self._frames = Frames()
        self._taken = False
        decompressor = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW_OCTETS)
        self._reader = decompressor.stream_reader(cast(IO[bytes], Compressed(self._read)), read_size=CHUNK, read_across_frames=True)

    def _read(self, _octets: int) -> bytes:
        data = self._more()
        self._frames.feed(data)
        return data

    def readinto(self, view: memoryview) -> int:
        """Put at least one octet into *view*; 0 at the end, or where the stream is damaged."""
        if self._ended:
            return 0
        try:
            count = int(self._reader.readinto1(view))
        except zstandard.ZstdError as error:
            return self._end(f"zstd data is damaged ({error})")
        # All that was asked for: there may be more of it in the decompressor.
        self._taken = count == len(view)
        return count or self._end(None if self._frames.complete() else "zstd data is cut short")

    def held(self) -> bool:
        """Whether the decompressor may hold output that did not fit."""
        return self._taken


class Compressed(NamedTuple):
    """What zstandard reads from."""

    read: Callable[[int], bytes]


class Frames:
    """Follows the frames of a zstd stream, only to tell whether it ends with one: zstandard does not say.

    *Source*: RFC 8878 §3.1.1 (frames and blocks), §3.1.2 (skippable frames).
    """

    def __init__(self) -> None:
        self._held = b""
        self._pass = 0
        self._next = self._frame
        self._checksum = 0

    def feed(self, data: bytes) -> None:
        """Follow more of the stream."""
        self._held += data
        while True:
            passed = min(self._pass, len(self._held))
            self._held = self._held[passed:]
            self._pass -= passed
            if self._pass or not self._next():
                return

    def complete(self) -> bool:
        """Whether what was fed ends between two frames."""
        return not self._pass and not self._held and self._next == self._frame

    def _frame(self) -> bool:
        if len(self._held) < 5:
            return False
        magic = int.from_bytes(self._held[:4], "little")
        if magic & 0xFFFFFFF0 == 0x184D2A50:
            if len(self._held) < 8:
                return False
            self._pass = 8 + int.from_bytes(self._held[4:8], "little")
            return True
        flags = self._held[4]
        single = flags >> 5 & 1
        self._checksum = 4 if flags & 4 else 0
        self._pass = 5 + (1 - single) + (0, 1, 2, 4)[flags & 3] + (single, 2, 4, 8)[flags >> 6]
        self._next = self._block
        return True

    def _block(self) -> bool:
        if len(self._held) < 3:
            return False
        header = int.from_bytes(self._held[:3], "little")
        repeated = header >> 1 & 3 == 1  # one octet stands for all
        self._pass = 3 + (1 if repeated else header >> 3)
        if header & 1:
            self._pass += self._checksum
            self._next = self._frame
        return True


COMPRESSIONS: tuple[type[Decompressor], ...] = (Gzip, Zstd, Xz)
"""Every compression that is read, known by its magic octets."""
