"""Reader: bounded; the only code in `wire` that takes octets by position."""

from __future__ import annotations

from struct import Struct

_U16 = Struct(">H").unpack_from
_U32 = Struct(">I").unpack_from
_U64 = Struct(">Q").unpack_from


class Short(Exception):  # noqa: N818 - not an error of ours: the octets are too few
    """A field reaches beyond the octets; never leaves `wire`."""

    def __init__(self, offset: int, wanted: int, left: int) -> None:
        super().__init__(f"{wanted} octets wanted, {left} left")
        self.offset = offset


class Reader:
    """Reads fields front to back, never outside [at, end) of the octets."""

    __slots__ = ("at", "end", "octets")

    def __init__(self, octets: bytes, at: int = 0, end: int | None = None) -> None:
        size = len(octets)
        self.octets = octets
        self.end = size if end is None else max(0, min(end, size))
        self.at = max(0, min(at, self.end))

    @property
    def left(self) -> int:
        """How many octets are still to be read."""
        return self.end - self.at

    def _advance(self, count: int) -> int:
        at = self.at
        if count < 0 or at + count > self.end:
            raise Short(at, count, self.end - at)
        self.at = at + count
        return at

    def u8(self) -> int:
        """One octet."""
        return self.octets[self._advance(1)]

    def u16(self) -> int:
        """Two octets, network order."""
        value: int = _U16(self.octets, self._advance(2))[0]
        return value

    def u32(self) -> int:
        """Four octets, network order."""
        value: int = _U32(self.octets, self._advance(4))[0]
        return value

    def u64(self) -> int:
        """Eight octets, network order."""
        value: int = _U64(self.octets, self._advance(8))[0]
        return value

    def take(self, count: int) -> bytes:
        """The next *count* octets."""
        at = self._advance(count)
        return self.octets[at : self.at]

    def rest(self) -> bytes:
        """All octets that are left."""
        return self.take(self.left)

    def text(self) -> str:
        """All octets that are left, as text."""
        return decode_text(self.rest())


def decode_text(octets: bytes) -> str:
    """Text as a peer meant it: UTF-8, else Latin-1, which takes any octets; NULs at the end (Apple's) are not text."""
    stripped = octets.rstrip(b"\0")
    try:
        return stripped.decode()
    except UnicodeDecodeError:
        return stripped.decode("latin-1")


def split_avps(octets: bytes, at: int, end: int) -> tuple[list[bytes], int]:
    """The AVPs of a message, each with its header, and where the walk stopped: *end*, or the AVP that does not fit.

    *Source*: RFC 2661 §4.1: the low 10 bits of the first 16 are the length, header included, so at least 6.
    """
    end = min(end, len(octets))
    last = end - 6
    pieces = []
    while at <= last:
        size = (octets[at] & 0x03) << 8 | octets[at + 1]
        after = at + size
        if size < 6 or after > end:
            break
        pieces.append(octets[at:after])
        at = after
    return pieces, at
