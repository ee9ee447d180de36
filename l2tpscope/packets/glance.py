"""Glance: one record of a capture as its headers tell it, and the rows that were made of it; gathered while the capture is read."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from l2tpscope.analysis.inner_flows import PROTOCOLS
from l2tpscope.analysis.names import endpoint_name
from l2tpscope.capture import Batch
from l2tpscope.capture.linktypes import NAMES
from l2tpscope.frames import Endpoint, Frames
from l2tpscope.frames.link import IPV4, IPV6, UNREADABLE, locate
from l2tpscope.frames.tables import TCP, UDP
from l2tpscope.frames.unwrap import Ip, ip_header
from l2tpscope.frames.window import Views
from l2tpscope.packets.packet import Packet, packets_of


@dataclass
class Glance:
    """Watches for one frame of the first capture."""

    frame: int
    anonymised: bool = False
    """Then the headers around the innermost datagram are not shown."""
    found: bool = False
    time: int = 0
    captured: int = 0
    length: int = 0
    link: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    """Name of a header and what it says, outermost first."""
    packets: list[Packet] = field(default_factory=list)

    def __call__(self, batch: Batch, frames: Frames) -> None:
        """Look at a batch, which is read once."""
        rows = np.flatnonzero((frames.frame == self.frame) & (frames.capture == 1))
        self.packets += packets_of(frames, rows.tolist())
        for record in np.flatnonzero((batch.frame == self.frame) & (batch.capture == 1)).tolist():
            self._record(batch, record)

    def _record(self, batch: Batch, record: int) -> None:
        self.found = True
        self.time, self.captured, self.length = int(batch.time[record]), int(batch.captured[record]), int(batch.length[record])
        number = int(batch.link_type[record])
        self.link = NAMES.get(number, f"link type {number}")
        begin = batch.offset[record : record + 1]
        limit = begin + self.captured
        at, ethertype = locate(Views(batch.octets), begin, limit, batch.link_type[record : record + 1])
        where, kind, end = int(at[0]), int(ethertype[0]), int(limit[0])
        if kind == UNREADABLE:
            self.headers = [(self.link, "header cut off, or of a link type that is not read")]
            return
        if self.anonymised:
            return
        self.headers = [(self.link, f"{where - int(begin[0])} octets of link headers, EtherType 0x{kind:04x}")]
        if kind not in (IPV4, IPV6):
            return
        ip = ip_header(batch.octets, where, kind, end, int(begin[0]) + self.length)
        if ip is None:
            self.headers.append(("IP", "a header that cannot be read"))
            return
        self.headers += _ip_and_ports(batch.octets, where, ip, end)


def _ip_and_ports(octets: bytearray, at: int, ip: Ip, limit: int) -> list[tuple[str, str]]:
    source, destination = (at + 12, at + 16) if ip.version == 4 else (at + 8, at + 24)
    size, hops = (4, octets[at + 8]) if ip.version == 4 else (16, octets[at + 7])
    ends = [Endpoint(bytes(octets[begin : begin + size]), None) for begin in (source, destination)]
    parts = [
        f"{endpoint_name(ends[0])} to {endpoint_name(ends[1])}",
        f"{ip.end - at} octets",
        f"{'TTL' if ip.version == 4 else 'hop limit'} {hops}",
    ]
    if ip.version == 4:
        parts.append(f"identification 0x{ip.identification:04x}")
    if ip.fragment:
        parts.append(
            f"a fragment: octets {ip.offset} to {ip.offset + ip.end - ip.transport - 1}{', more follow' if ip.more else ', the last'}"
        )
    parts.append(f"carries {PROTOCOLS.get(ip.protocol, f'protocol {ip.protocol}')}")
    told = [(f"IPv{ip.version}", ", ".join(parts))]
    if ip.protocol in (UDP, TCP) and ip.offset == 0 and ip.transport + 4 <= limit:
        ports = [int.from_bytes(octets[begin : begin + 2], "big") for begin in (ip.transport, ip.transport + 2)]
        told.append((PROTOCOLS[ip.protocol], f"port {ports[0]} to {ports[1]}"))
    return told
