"""Frames that columns leave over: encapsulations stripped and fragments put together, until a plain datagram is there."""

from __future__ import annotations

from typing import NamedTuple

from l2tpscope.frames.fragments import Fragment, Fragments, Key
from l2tpscope.frames.link import FOREIGN, IPV4, IPV6, UNREADABLE
from l2tpscope.frames.unwrap import SHIMS, Ip, below_ip, ip_header
from l2tpscope.frames.window import Arena

MAX_DEPTH = 8
"""Headers stripped from one frame."""


class Settled(NamedTuple):
    """A datagram that is neither a fragment nor carries another one; or none."""

    at: int
    ethertype: int
    """FOREIGN: nothing of ours; UNREADABLE: a header that cannot be read."""
    limit: int
    wire_end: int
    frames: int
    """How many frames it came in."""


class Settler:
    """Strips and assembles, one frame at a time, in the order of the frames."""

    def __init__(self) -> None:
        self.fragments = Fragments()

    def settle(self, arena: Arena, at: int, ethertype: int, limit: int, wire_end: int, time: int) -> Settled | None:
        """The innermost plain datagram of a frame whose network header begins at *at*; None: a fragment, the rest to come."""
        frames = 1
        for _ in range(MAX_DEPTH):
            if ethertype in SHIMS:
                at, ethertype = SHIMS[ethertype](arena.octets, at, limit)
                continue
            if ethertype not in (IPV4, IPV6):
                return Settled(at, ethertype, limit, wire_end, frames)
            ip = ip_header(arena.octets, at, ethertype, limit, wire_end)
            if ip is None:
                return Settled(at, UNREADABLE, limit, wire_end, frames)
            if ip.fragment:
                whole = self._assemble(arena, at, ip, limit, time)
                if whole is None:
                    return None
                at, limit, wire_end, parts = whole
                frames += parts - 1
                continue
            below = below_ip(arena.octets, ip, min(limit, ip.end))
            if below is None:
                return Settled(at, ethertype, limit, wire_end, frames)
            at, ethertype = below
            limit, wire_end = min(limit, ip.end), min(wire_end, ip.end)
        return Settled(at, UNREADABLE if ethertype == UNREADABLE else FOREIGN, limit, wire_end, frames)

    def _assemble(self, arena: Arena, at: int, ip: Ip, limit: int, time: int) -> tuple[int, int, int, int] | None:
        octets = arena.octets
        header_end = ip.transport if ip.version == 4 else ip.transport - 8
        header = bytearray(octets[at:header_end])
        addresses = bytes(octets[at + 12 : at + 20] if ip.version == 4 else octets[at + 8 : at + 40])
        key: Key = (ip.version, addresses, ip.identification, ip.protocol if ip.version == 4 else 0)
        header[ip.named_at - at] = ip.protocol
        size = ip.end - ip.transport
        part = Fragment(ip.offset, ip.offset + size, not ip.more, bytes(octets[ip.transport : min(limit, ip.end)]), bytes(header))
        whole = self.fragments.add(key, part, time)
        if whole is None:
            return None
        header = bytearray(whole.header)
        if ip.version == 4:
            header[2:4] = (len(header) + whole.total).to_bytes(2, "big")
            header[6:8] = bytes((header[6] & 0x40, 0))
        else:
            header[4:6] = (len(header) - 40 + whole.total).to_bytes(2, "big")
        begin = arena.append(bytes(header) + whole.octets)
        return begin, begin + len(header) + len(whole.octets), begin + len(header) + whole.total, whole.frames
