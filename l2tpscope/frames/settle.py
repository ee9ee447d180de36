"""Frames that columns leave over: encapsulations stripped and fragments put together, until a plain datagram is there."""

from __future__ import annotations

from typing import NamedTuple

from l2tpscope.frames.fragments import Fragment, Fragments, Key
from l2tpscope.frames.link import FOREIGN, IPV4, IPV6, UNREADABLE
from l2tpscope.frames.torn import Seen
from l2tpscope.frames.unwrap import SHIMS, Ip, below_ip, ip_header
from l2tpscope.frames.window import Arena

MAX_DEPTH = 8
"""Headers stripped from one frame."""


class Place(NamedTuple):
    """Where a network header begins, and what it is."""

    at: int
    ethertype: int
    """FOREIGN: nothing of ours; UNREADABLE: a header that cannot be read."""
    limit: int
    """Where its captured octets end."""
    wire_end: int
    """Where what it stands in ended on the wire."""


class Settler:
    """Strips and assembles, one frame at a time, in the order of the frames."""

    def __init__(self) -> None:
        self.fragments = Fragments()

    def settle(self, arena: Arena, place: Place, time: int, frame: tuple[int, int]) -> tuple[Place, int] | None:
        """The innermost plain datagram of a frame, and in how many frames it came; None: a fragment, the rest to come.

        *frame*: capture and number.
        """
        frames = 1
        for _ in range(MAX_DEPTH):
            at, ethertype, limit, wire_end = place
            if ethertype in SHIMS:
                at, ethertype = SHIMS[ethertype](arena.octets, at, limit)
                place = Place(at, ethertype, limit, wire_end)
                continue
            if ethertype not in (IPV4, IPV6):
                return place, frames
            ip = ip_header(arena.octets, at, ethertype, limit, wire_end)
            if ip is None:
                return place._replace(ethertype=UNREADABLE), frames
            if ip.fragment:
                whole = self._assemble(arena, place, ip, (time, frame))
                if whole is None:
                    return None
                place, parts = whole
                frames += parts - 1
                continue
            below = below_ip(arena.octets, ip, min(limit, ip.end))
            if below is None:
                return place, frames
            place = Place(*below, min(limit, ip.end), min(wire_end, ip.end))
        return place._replace(ethertype=UNREADABLE if place.ethertype == UNREADABLE else FOREIGN), frames

    def _assemble(self, arena: Arena, place: Place, ip: Ip, seen: tuple[int, tuple[int, int]]) -> tuple[Place, int] | None:
        """Take in a fragment; the whole datagram, laid down in the arena, and its number of frames once it is complete.

        *seen*: time; capture and frame.
        """
        octets, at = memoryview(arena.octets), place.at
        header = bytearray(octets[at : ip.transport if ip.version == 4 else ip.transport - 8])
        addresses = bytes(octets[at + 12 : at + 20] if ip.version == 4 else octets[at + 8 : at + 40])
        key: Key = (ip.version, addresses, ip.identification, ip.protocol if ip.version == 4 else 0)
        header[ip.named_at - at] = ip.protocol
        end = ip.offset + ip.end - ip.transport
        part = Fragment(ip.offset, end, not ip.more, bytes(octets[ip.transport : min(place.limit, ip.end)]), bytes(header))
        time, frame = seen
        whole = self.fragments.add(key, part, time, Seen(*frame, ip.protocol))
        if whole is None:
            return None
        header = bytearray(whole.header)
        if ip.version == 4:
            header[2:4] = (len(header) + whole.total).to_bytes(2, "big")
            header[6:8] = bytes((header[6] & 0x40, 0))
        else:
            header[4:6] = (len(header) - 40 + whole.total).to_bytes(2, "big")
        begin = arena.append(bytes(header) + whole.octets)
        behind = begin + len(header)
        return Place(begin, place.ethertype, behind + len(whole.octets), behind + whole.total), whole.frames
