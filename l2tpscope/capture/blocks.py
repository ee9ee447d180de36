"""Where the packet blocks of a pcapng file begin: one block judged, a chain of them walked plainly, and quickly.

    type (4)   total length (4)   body, padded to a multiple of 4   total length (4)

    Enhanced Packet Block, 6:    interface (4)               stamp high (4)  low (4)  captured (4)  length (4)  packet  options
    Packet Block (obsolete), 2:  interface (2)   drops (2)   stamp high (4)  low (4)  captured (4)  length (4)  packet  options
    Simple Packet Block, 3:      length (4)  packet

*Source*: draft-ietf-opsawg-pcapng §3.1, §4.3, §4.4, appendix A. Limits as Wireshark has them.
"""

from __future__ import annotations

from struct import Struct

import numpy as np

from .walk import RECORD_LIMIT, Int64s

PACKET, SIMPLE, ENHANCED = 2, 3, 6
BLOCK_LIMIT = 1 << 24
"""Octets a block may have; more is taken for a damaged file."""
LEAST: dict[int, int] = {PACKET: 32, SIMPLE: 16, ENHANCED: 32}
"""Octets of a packet block without any packet."""


class UnsoundError(Exception):
    """A block that contradicts itself: what is wrong with it, and where it begins if it is not the one being looked at."""

    def __init__(self, why: str, at: int | None = None) -> None:
        super().__init__(why)
        self.at = at


def padded(octets: int) -> int:
    """The next multiple of 4: some writers leave the padding out of the total length, so every length is rounded up."""
    return (octets + 3) & ~3


def judge(octets: bytearray, at: int, end: int, order: str) -> int:
    """Octets of the block at *at*, padding included; 0 where it is not whole yet.

    A length that is too large is found from the first octets, before any are waited for.

    *Raises*: UnsoundError.
    """
    if at + 8 > end:
        return 0
    kind, total = Struct(f"{order}II").unpack_from(octets, at)
    if not LEAST.get(kind, 12) <= total <= BLOCK_LIMIT:
        raise UnsoundError(f"claims {total} octets")
    size = padded(total)
    if kind in (PACKET, ENHANCED) and at + 24 <= end:
        (captured,) = Struct(f"{order}I").unpack_from(octets, at + 20)
        if captured > min(RECORD_LIMIT, size - 32):
            raise UnsoundError(f"has {total} octets and claims to hold {captured} of a packet (at most {RECORD_LIMIT} are credible)")
    if kind == SIMPLE and total > RECORD_LIMIT + 16:
        raise UnsoundError(f"claims to hold {total - 16} octets of a packet (at most {RECORD_LIMIT} are credible)")
    if at + size > end:
        return 0
    (again,) = Struct(f"{order}I").unpack_from(octets, at + size - 4)
    if again != total:
        raise UnsoundError(f"has {total} octets at its begin and {again} at its end")
    return size


def plain_chain(octets: bytearray, at: int, end: int, order: str) -> tuple[Int64s, int]:
    """The whole and sound blocks from *at* that are of the type of the first, and where the next block begins."""
    kind = octets[at : at + 4]
    found: list[int] = []
    while octets[at : at + 4] == kind:
        try:
            size = judge(octets, at, end, order)
        except UnsoundError:
            break  # whoever asks for the next block is told why
        if not size:
            break
        found.append(at)
        at += size
    return np.array(found, np.int64), at


class Chains:
    """Chains of Enhanced Packet Blocks in one filling of the buffer, found all at once.

    Every word that could be the type of one is looked at: those whose two lengths agree are candidates, true ones and,
    in packets, false ones. From a true begin, a chain goes on for as long as each candidate ends where the next one
    begins: so by induction it has true begins only. It may be shorter than that of `plain_chain`, never different.
    """

    def __init__(self, octets: bytearray, start: int, end: int, order: str) -> None:
        self._start = start
        raw = np.frombuffer(octets, np.uint32, (end - start) >> 2, start)
        words = raw.view(f"{order}u4")
        wanted = np.array(ENHANCED, f"{order}u4").view(np.uint32)  # compared as it stands, so that a foreign order costs nothing
        first = np.flatnonzero(raw[: max(len(raw) - 7, 0)] == wanted)
        total = words[first + 1].astype(np.int64)
        following = first + ((total + 3) >> 2)
        ok = (total >= LEAST[ENHANCED]) & (total <= BLOCK_LIMIT) & (following <= len(words))
        first, following, total = first[ok], following[ok], total[ok]
        ok = words[following - 1] == total
        captured = words[first + 5]
        ok &= captured <= RECORD_LIMIT
        ok &= captured <= 4 * (following - first) - LEAST[ENHANCED]
        self._first: Int64s = first[ok]
        self._following: Int64s = following[ok]
        self._breaks = np.flatnonzero(self._following[:-1] != self._first[1:])

    def chain(self, at: int) -> tuple[Int64s, int]:
        """Blocks from *at* on, and where the next block begins: *at* itself where there is none."""
        word = (at - self._start) >> 2
        index = int(np.searchsorted(self._first, word))
        if index == len(self._first) or self._first[index] != word:
            return self._first[:0], at
        broken = int(np.searchsorted(self._breaks, index))
        last = int(self._breaks[broken]) if broken < len(self._breaks) else len(self._first) - 1
        return self._first[index : last + 1] * 4 + self._start, int(self._following[last]) * 4 + self._start
