"""inner_packets: the IP packets in data rows, their headers as columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from l2tpscope.frames.addresses import address_keys
from l2tpscope.frames.network import FRAGMENTED, compose, read_headers
from l2tpscope.frames.tables import TCP, UDP
from l2tpscope.frames.window import NETWORK, WIDTH, Bools, Int64s, Octet, Rows, Views, select
from l2tpscope.model.inner import Content
from l2tpscope.track.inner_place import Place

UInt64s = NDArray[np.uint64]

SCTP, UDP_LITE, DCCP = 132, 136, 33
FRAGMENT_HEADER = 44
PORTS_OCTETS = 4
_IPV4, _IPV6 = 0x0800, 0x86DD
_WIDE = np.uint64(1) << np.uint64(63)
_PORTS = np.zeros(256, np.uint64)
_PORTS[[TCP, UDP, SCTP, UDP_LITE, DCCP]] = 0xFFFFFFFF
"""By protocol, which bits behind the IP header are ports."""


@dataclass(slots=True)
class InnerPackets:
    """IP packets whose headers hold together. *Shape*: every column (n,)."""

    row: Int64s
    """In `Frames`."""
    series: Int64s
    ip: Int64s
    rows: Rows
    """From each IP header on; what lies beyond `there` is not of this packet."""
    protocol: Octet
    octets: Int64s
    """Of the whole packet."""
    carried: Int64s
    """Behind the IP header."""
    there: Int64s
    """How many of these were captured."""
    fragment: Bools

    def __len__(self) -> int:
        return len(self.row)

    def identification(self, index: int) -> int:
        """Of one IPv4 packet; -1 of IPv6, and where it is 0: a kernel that does not count (RFC 6864 §4.1)."""
        return int(self.rows["identification"][index]) or -1 if self.rows["first"][index] < 0x60 else -1

    def ports(self) -> UInt64s:
        """Source port << 16 | destination port; 0 where there are none, and of fragments, of which most do not tell."""
        ports: UInt64s = self.rows["spi"].astype(np.uint64)
        ports &= _PORTS.take(self.protocol)
        blind = self.fragment | (self.there < PORTS_OCTETS)
        if blind.any():
            ports[blind] = 0
        return ports

    def keys(self, views: Views) -> tuple[UInt64s, UInt64s]:
        """Two 64-bit keys that together name (series, addresses, protocol, ports)."""
        source, destination = address_keys(views, self.rows, self.ip)
        addresses = source << np.uint64(32)
        addresses |= destination
        wide = (source | destination) >= _WIDE
        if wide.any():
            addresses = np.where(wide, source * np.uint64(0x9E3779B97F4A7C15) ^ destination, addresses)
        second = self.series.astype(np.uint64)
        second <<= np.uint64(8)
        second |= self.protocol
        second <<= np.uint64(32)
        second |= self.ports()
        return addresses, second


def read_packets(views: Views, data: Int64s, series: Int64s, place: Place) -> InnerPackets:
    """The IP packets among data rows, in their order; those that contradict themselves, or are cut, are marked so in *place*."""
    is_ip = place.content <= Content.IPV6
    ready = is_ip & (place.there >= NETWORK)
    if not ready.all():
        short = np.flatnonzero(is_ip & ~ready)
        place.content[short] = np.where(place.there[short] < place.size[short], Content.CUT, Content.BROKEN)
        which = np.flatnonzero(ready)
        data, series = data[which], series[which]
        at, size, there, content = place.at[which], place.size[which], place.there[which], place.content[which]
    else:
        which = None
        at, size, there, content = place.at, place.size, place.there, place.content
    rows = views.rows(at)
    total = rows["total"].astype(np.int64)
    plain = rows["first"] == 0x45
    plain &= (rows["fragment"] & FRAGMENTED) == 0
    plain &= (total >= NETWORK) & (total <= size)
    plain &= content == Content.IPV4
    packets = InnerPackets(
        row=data,
        series=series,
        ip=at,
        rows=rows,
        protocol=rows["protocol"].copy(),  # to be near each other: it is looked at often
        octets=total,
        carried=total - NETWORK,
        there=np.minimum(there, total) - NETWORK,
        fragment=np.zeros(len(data), np.bool_),
    )
    readable = np.ones(len(data), np.bool_)
    others = np.flatnonzero(~plain)
    if len(others):
        ends = (at + there)[others], (at + size)[others]
        readable[others] = _read_others(views, packets, others, content[others], ends)
    if readable.all():
        return packets
    cut = there < size
    bad = np.flatnonzero(~readable) if which is None else which[~readable]
    place.content[bad] = np.where(cut[~readable], Content.CUT, Content.BROKEN)
    return _some(packets, np.flatnonzero(readable))


def _read_others(views: Views, packets: InnerPackets, which: Int64s, content: Octet, ends: tuple[Int64s, Int64s]) -> Bools:
    """Headers with options, extension headers and fragments, in place; which could be read.

    *ends*: where the captured octets end, and where the packet ended on the wire.
    """
    at, (limit, wire_end) = packets.ip[which], ends
    headers = read_headers(views, at, np.where(content == Content.IPV6, _IPV6, _IPV4).astype(np.uint16), limit, wire_end)
    readable: Bools = headers.readable & (headers.end <= wire_end) & (headers.transport <= np.minimum(headers.end, limit))
    good = np.flatnonzero(readable)
    if len(good) < len(which):
        which, at, limit, headers = which[good], at[good], limit[good], headers.select(good)
    if not len(which):
        return readable
    inside = headers.fragment & (headers.protocol == FRAGMENT_HEADER) & (headers.transport < limit)
    headers.protocol[inside] = views.u8[headers.transport[inside]]
    raw = packets.rows.view(f"V{WIDTH}")
    raw[which] = compose(views, at, headers).view(f"V{WIDTH}")
    packets.protocol[which] = headers.protocol
    packets.octets[which] = headers.end - at
    packets.carried[which] = headers.end - headers.transport
    packets.there[which] = np.minimum(limit, headers.end) - headers.transport
    packets.fragment[which] = headers.fragment
    return readable


def _some(packets: InnerPackets, which: Int64s) -> InnerPackets:
    return InnerPackets(
        packets.row[which],
        packets.series[which],
        packets.ip[which],
        select(packets.rows, which),
        packets.protocol[which],
        packets.octets[which],
        packets.carried[which],
        packets.there[which],
        packets.fragment[which],
    )
