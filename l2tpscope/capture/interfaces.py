"""Interfaces of a pcapng file: what their description blocks say, and what they are said to have lost.

*Source*: draft-ietf-opsawg-pcapng §4.2 (if_tsresol 9, if_tsoffset 14), §4.6 (isb_ifdrop 5, isb_osdrop 7).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct

from .blocks import UnsoundError
from .clock import Clock

INTERFACE_LIMIT = 1 << 16
"""Interfaces in a section: more than any capturer has, few enough for memory."""
UNKNOWN = (1 << 64) - 1
IF_TSRESOL, IF_TSOFFSET, ISB_IFDROP, ISB_OSDROP = 9, 14, 5, 7


@dataclass(slots=True)
class Interface:
    """One interface of a section."""

    link_type: int
    snaplen: int
    """0: no limit."""
    clock: Clock
    reported: dict[int, int] | None = None
    """Losses by option, as the last Interface Statistics Block has them: they count from the begin of the capture."""
    counted: int | None = None
    """Losses summed over the packets, each counting from the packet before."""

    def drops(self) -> int | None:
        """What was lost; the two ways of counting tell of the same losses, so the larger one; None: nothing was said."""
        said = [count for count in (self.counted, sum(self.reported.values()) if self.reported else None) if count is not None]
        return max(said, default=None)


def options(body: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """Code and value of each option that is whole, up to the one that ends the list."""
    head = Struct(f"{order}HH")
    at = 0
    while at + 4 <= len(body):
        code, length = head.unpack_from(body, at)
        if code == 0 or at + 4 + length > len(body):
            return
        yield code, body[at + 4 : at + 4 + length]
        at += 4 + ((length + 3) & ~3)


def describe(block: bytes, order: str) -> Interface:
    """The interface of an Interface Description Block.

    *Raises*: UnsoundError.
    """
    if len(block) < 20:
        raise UnsoundError(f"describes an interface in {len(block)} octets")
    link_type, snaplen = Struct(f"{order}H2xI").unpack_from(block, 8)
    resolution, offset_s = Clock()
    for code, value in options(block[16:-4], order):
        if code == IF_TSRESOL and len(value) == 1:
            resolution = value[0]
        elif code == IF_TSOFFSET and len(value) == 8:
            (offset_s,) = Struct(f"{order}q").unpack(value)
    return Interface(link_type, snaplen, Clock(resolution, offset_s))


def statistics(block: bytes, order: str) -> tuple[int, dict[int, int]]:
    """Interface and losses by option of an Interface Statistics Block."""
    if len(block) < 24:
        return -1, {}
    (interface,) = Struct(f"{order}I").unpack_from(block, 8)
    counts = {
        code: Struct(f"{order}Q").unpack(value)[0]
        for code, value in options(block[20:-4], order)
        if code in (ISB_IFDROP, ISB_OSDROP) and len(value) == 8
    }
    return interface, {code: count for code, count in counts.items() if count != UNKNOWN}
