"""pcapng written: one section, an interface for each capture and link type, time stamps in nanoseconds, comments.

*Source*: draft-ietf-opsawg-pcapng §4.1 (section), §4.2 (interface), §4.3 (packet), §3.5 (options).
"""

from __future__ import annotations

from collections.abc import Iterable
from struct import pack

SECTION, INTERFACE, PACKET = 0x0A0D0D0A, 1, 6
MAGIC = 0x1A2B3C4D
COMMENT, APPLICATION = 1, 4
DESCRIPTION, RESOLUTION, OFFSET = 3, 9, 14
NANOSECONDS = 9
"""Digits behind the point."""
SECOND = 1_000_000_000
LONGEST = 60_000
"""Octets of a text: a length has 16 bits."""


def section(application: str, comments: Iterable[str]) -> bytes:
    """The header of the one section."""
    options = _texts(COMMENT, comments) + _texts(APPLICATION, [application]) + _END
    return _block(SECTION, pack("<IHHq", MAGIC, 1, 0, -1) + options)


def interface(link_type: int, description: str, offset_s: int) -> bytes:
    """An interface; its packets' times count from *offset_s* seconds after the epoch."""
    options = _texts(DESCRIPTION, [description]) + _option(RESOLUTION, bytes((NANOSECONDS,)))
    if offset_s:
        options += _option(OFFSET, pack("<q", offset_s))
    return _block(INTERFACE, pack("<HHI", link_type, 0, 0) + options + _END)


def packet(number: int, stamp: int, octets: bytes, length: int, comments: Iterable[str] = ()) -> bytes:
    """A packet of an interface; *stamp* in nanoseconds, *length* as it was on the wire."""
    options = _texts(COMMENT, comments)
    head = pack("<IIIII", number, stamp >> 32 & 0xFFFFFFFF, stamp & 0xFFFFFFFF, len(octets), length)
    return _block(PACKET, head + _padded(octets) + (options + _END if options else b""))


_END = pack("<HH", 0, 0)


def _texts(code: int, texts: Iterable[str]) -> bytes:
    return b"".join(_option(code, text.encode("utf-8", "backslashreplace")[:LONGEST]) for text in texts)


def _option(code: int, value: bytes) -> bytes:
    return pack("<HH", code, len(value)) + _padded(value)


def _padded(octets: bytes) -> bytes:
    return octets + bytes(-len(octets) % 4)


def _block(kind: int, body: bytes) -> bytes:
    size = pack("<I", len(body) + 12)
    return pack("<I", kind) + size + body + size
