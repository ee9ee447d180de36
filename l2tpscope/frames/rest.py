"""Records that are not plain IPv4: options, IPv6, fragments, encapsulations; brought into the shape of those that are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from l2tpscope.frames.fragments import Fragments
from l2tpscope.frames.link import FOREIGN, IPV4, IPV6, UNREADABLE
from l2tpscope.frames.messages import PREFIX
from l2tpscope.frames.network import Headers, Packets, compose, read_headers
from l2tpscope.frames.settle import Place, Settler
from l2tpscope.frames.tables import IS_TUNNEL, ON_STREAM, TCP, UDP, VXLAN_PORT, protocol_table
from l2tpscope.frames.tcp import HEADER as TCP_HEADER
from l2tpscope.frames.tcp import learn_ports
from l2tpscope.frames.unwrap import SHIMS
from l2tpscope.frames.window import NETWORK, ROW, Arena, Bools, Int64s, Octet, Views, Words

_PROTOCOLS = protocol_table()
_SHIM = np.zeros(65536, np.bool_)
_SHIM[list(SHIMS)] = True
PREFIX_BEGINS = int.from_bytes(PREFIX[:2], "big")


@dataclass(slots=True)
class Records:
    """Records whose link header was read. *Shape*: every column (n,)."""

    index: Int64s
    at: Int64s
    ethertype: Words
    limit: Int64s
    wire_end: Int64s
    time: Int64s
    capture: NDArray[np.uint16]
    frame: Int64s


@dataclass(slots=True)
class Rest:
    """What became of them."""

    packets: Packets
    unreadable: int = 0
    new_ports: bool = False
    """A stream prefix was seen on ports where none was before."""
    waiting: int = 0
    """Fragments whose datagram is not complete: it is counted where it is."""
    frames: dict[int, int] = field(default_factory=dict)
    """In how many frames a record's datagram came, where that is not one."""


class RestDecoder:
    """Reads what columns of plain IPv4 leave over; holds fragments from batch to batch."""

    def __init__(self) -> None:
        self._settler = Settler()

    @property
    def fragments(self) -> Fragments:
        """The fragments that were seen."""
        return self._settler.fragments

    def decode(self, arena: Arena, records: Records, ports: Octet) -> Rest:
        """The datagrams of some records, in their order; the arena may grow by those put together from fragments.

        Of TCP only those on *ports* where IKE may be; a stream prefix adds its ports to these.
        """
        views = Views(arena.octets)
        headers = read_headers(views, records.at, records.ethertype, records.limit, records.wire_end)
        rare = np.flatnonzero(_SHIM[records.ethertype] | (headers.readable & _carries_more(views, headers, records.limit)))
        rest = Rest(_empty())
        if len(rare):
            self._settle(arena, records, rare, rest)
            views = Views(arena.octets)
            headers = read_headers(views, records.at, records.ethertype, records.limit, records.wire_end)
        ip = (records.ethertype == IPV4) | (records.ethertype == IPV6)
        cut = (records.limit - headers.transport < 8) & (headers.end - headers.transport >= 8)
        tcp = headers.protocol == TCP
        ours = ip & headers.readable & (_PROTOCOLS[headers.protocol] != 0) & ~tcp
        unreadable = (records.ethertype == UNREADABLE) | (ip & ~headers.readable) | (ours & cut)
        rest.unreadable = sum(rest.frames.get(index, 1) for index in records.index[unreadable].tolist())
        streams = np.flatnonzero(ip & headers.readable & tcp & (records.limit - headers.transport >= TCP_HEADER))
        if len(streams):
            transport = headers.transport[streams]
            rest.new_ports = _learn(views, transport, ports)
            on = ports.take(views.u16(transport)) | ports.take(views.u16(transport + 2))
            ours[streams] = (on & ON_STREAM) != 0
        which = np.flatnonzero(ours & ~cut)
        rest.packets = Packets(
            records.index[which],
            records.at[which],
            headers.transport[which],
            headers.end[which],
            records.limit[which],
            compose(views, records.at[which], headers.select(which)),
        )
        return rest

    def _settle(self, arena: Arena, records: Records, rare: Int64s, rest: Rest) -> None:
        """Strip and assemble the rare ones, in place: what is left of them are plain datagrams, or nothing of ours."""
        columns: tuple[NDArray[Any], ...] = records.at, records.ethertype, records.limit, records.wire_end
        for row in rare.tolist():
            frame = int(records.capture[row]), int(records.frame[row])
            settled = self._settler.settle(arena, Place(*(int(column[row]) for column in columns)), int(records.time[row]), frame)
            if settled is None:
                records.ethertype[row] = FOREIGN
                rest.waiting += 1
                continue
            place, frames = settled
            for column, value in zip(columns, place, strict=True):
                column[row] = value
            if frames > 1:
                rest.frames[int(records.index[row])] = frames


def _carries_more(views: Views, headers: Headers, limit: Int64s) -> Bools:
    """Fragments, and datagrams that carry another datagram or a frame."""
    more: Bools = headers.fragment | (_PROTOCOLS[headers.protocol] == IS_TUNNEL)
    vxlan = np.flatnonzero((headers.protocol == UDP) & (limit - headers.transport >= 8))
    more[vxlan] |= views.u16(headers.transport[vxlan] + 2) == VXLAN_PORT
    return more


def _learn(views: Views, transport: Int64s, ports: Octet) -> bool:
    """Note the ports of those segments of TCP that have a stream prefix; whether any is new."""
    some = np.flatnonzero((views.u16(transport + 20) == PREFIX_BEGINS) | (views.u16(transport + 32) == PREFIX_BEGINS))
    return learn_ports(ports, views.rows(transport[some] - NETWORK), np.ones(len(some), np.bool_))


def _empty() -> Packets:
    none = np.zeros(0, np.int64)
    return Packets(none, none, none, none, none, np.zeros(0, ROW))
