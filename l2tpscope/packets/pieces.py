"""Pieces: which frames a datagram came in, so that all its fragments go where the datagram goes. Bounded as fragments are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from l2tpscope.analysis.names import endpoint_name
from l2tpscope.capture import Batch
from l2tpscope.frames import Endpoint
from l2tpscope.frames.fragments import KEEP_NS, MAX_DATAGRAMS, MAX_PARTS
from l2tpscope.frames.link import IPV4, IPV6, locate
from l2tpscope.frames.network import read_headers
from l2tpscope.frames.settle import MAX_DEPTH, Place
from l2tpscope.frames.tables import GRE, IPIP, IPV6_IN_IP, MPLS_IN_IP, UDP, VXLAN_PORT
from l2tpscope.frames.unwrap import SHIMS, Ip, below_ip, ip_header
from l2tpscope.frames.window import Views

Key = tuple[int, bytes, int, int]
"""IP version, both addresses, identification, protocol (IPv6: 0)."""
Frame = tuple[int, int]
"""Capture and frame."""
LATE_NS = 1_000_000_000
"""So long after a datagram was complete a fragment of it is a copy."""
WRAPPED = (GRE, IPIP, IPV6_IN_IP, MPLS_IN_IP)


@dataclass
class _Open:
    time: int
    frames: list[Frame] = field(default_factory=list)
    ends: tuple[str, str] | None = None
    """Of the first fragment, which alone has the ports."""


class Pieces:
    """Fragments, by datagram."""

    def __init__(self) -> None:
        self._open: dict[Key, _Open] = {}
        self._taken: dict[Key, int] = {}
        self.given_up: list[tuple[tuple[str, str], list[Frame]]] = []
        """Datagrams that were never complete, with the ends that their first fragment names."""

    def feed(self, batch: Batch, complete: set[Frame], wanted: set[Frame]) -> list[Frame]:
        """Frames of the datagrams that end in a *wanted* frame; *complete*: frames that are rows of their own."""
        found: list[Frame] = []
        for frame, time, key, ends in _fragments(batch):
            self._expire(time)
            if key in self._taken and 0 <= time - self._taken[key] <= LATE_NS and frame not in complete:
                found.append(frame)
                continue
            entry = self._open.setdefault(key, _Open(time))
            entry.ends = ends or entry.ends
            if len(entry.frames) < MAX_PARTS:
                entry.frames.append(frame)
            if frame in complete:
                del self._open[key]
                self._taken.pop(key, None)
                if frame in wanted:
                    found += entry.frames
                    self._taken[key] = time
        return found

    def finish(self) -> None:
        """The end: nothing more will come."""
        while self._open:
            self._give_up()

    def _expire(self, time: int) -> None:
        while self._open:
            oldest = next(iter(self._open.values()))
            if time - oldest.time <= KEEP_NS and len(self._open) <= MAX_DATAGRAMS:
                break
            self._give_up()
        while len(self._taken) > MAX_DATAGRAMS:
            del self._taken[next(iter(self._taken))]

    def _give_up(self) -> None:
        entry = self._open.pop(next(iter(self._open)))
        if entry.ends is not None:
            self.given_up.append((entry.ends, entry.frames))


def _fragments(batch: Batch) -> Iterator[tuple[Frame, int, Key, tuple[str, str] | None]]:
    """Frame, time, datagram and, of a first fragment of UDP, the ends; of all fragments of a batch, also those inside something."""
    limit = batch.offset + batch.captured
    views = Views(batch.octets)
    at, ethertype = locate(views, batch.offset, limit, batch.link_type)
    wire_end = batch.offset + batch.length
    headers = read_headers(views, at, ethertype, limit, wire_end)
    vxlan = (headers.protocol == UDP) & (limit - headers.transport >= 4)
    vxlan &= views.u16(np.where(vxlan, headers.transport, 0) + 2) == VXLAN_PORT
    rare = (headers.readable & (headers.fragment | np.isin(headers.protocol, WRAPPED) | vxlan)) | np.isin(ethertype, list(SHIMS))
    for row in np.flatnonzero(rare).tolist():
        place = Place(int(at[row]), int(ethertype[row]), int(limit[row]), int(wire_end[row]))
        found = _innermost(batch.octets, place)
        if found is not None:
            begin, ip = found
            frame, time = (int(batch.capture[row]), int(batch.frame[row])), int(batch.time[row])
            yield frame, time, _key(batch.octets, begin, ip), _ends(batch.octets, begin, ip, place.limit)


def _innermost(octets: bytearray, place: Place) -> tuple[int, Ip] | None:
    """The first IP header that is a fragment's, and where it begins; None: there is none."""
    for _ in range(MAX_DEPTH):
        at, ethertype, limit, wire_end = place
        if ethertype in SHIMS:
            place = Place(*SHIMS[ethertype](octets, at, limit), limit, wire_end)
            continue
        ip = ip_header(octets, at, ethertype, limit, wire_end) if ethertype in (IPV4, IPV6) else None
        if ip is None:
            return None
        if ip.fragment:
            return at, ip
        below = below_ip(octets, ip, min(limit, ip.end))
        if below is None:
            return None
        place = Place(*below, min(limit, ip.end), min(wire_end, ip.end))
    return None


def _key(octets: bytearray, at: int, ip: Ip) -> Key:
    addresses = bytes(octets[at + 12 : at + 20] if ip.version == 4 else octets[at + 8 : at + 40])
    return ip.version, addresses, ip.identification, ip.protocol if ip.version == 4 else 0


def _ends(octets: bytearray, at: int, ip: Ip, limit: int) -> tuple[str, str] | None:
    if ip.offset or (ip.protocol == UDP and ip.transport + 4 > limit):
        return None
    begin, size = (at + 12, 4) if ip.version == 4 else (at + 8, 16)
    names = []
    for side in (0, 1):
        where = ip.transport + 2 * side
        port = int.from_bytes(octets[where : where + 2], "big") if ip.protocol == UDP else None
        names.append(endpoint_name(Endpoint(bytes(octets[begin + size * side : begin + size * (side + 1)]), port)))
    return names[0], names[1]
