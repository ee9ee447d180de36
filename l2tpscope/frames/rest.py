"""Records that are not plain IPv4: options, IPv6, fragments, encapsulations; brought into the shape of those that are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from l2tpscope.frames.fragments import Fragments
from l2tpscope.frames.link import FOREIGN, IPV4, IPV6, UNREADABLE
from l2tpscope.frames.network import Headers, Packets, compose, read_headers
from l2tpscope.frames.settle import Place, Settler
from l2tpscope.frames.tables import IS_TUNNEL, UDP, VXLAN_PORT, protocol_table
from l2tpscope.frames.unwrap import SHIMS
from l2tpscope.frames.window import ROW, Arena, Bools, Int64s, Views, Words

_PROTOCOLS = protocol_table()
_SHIM = np.zeros(65536, np.bool_)
_SHIM[list(SHIMS)] = True


@dataclass(slots=True)
class Records:
    """Records whose link header was read. *Shape*: every column (n,)."""

    index: Int64s
    at: Int64s
    ethertype: Words
    limit: Int64s
    wire_end: Int64s
    time: Int64s


@dataclass(slots=True)
class Rest:
    """What became of them."""

    packets: Packets
    unreadable: int = 0
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

    def decode(self, arena: Arena, records: Records) -> Rest:
        """The datagrams of some records, in their order; the arena may grow by those put together from fragments."""
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
        ours = ip & headers.readable & (_PROTOCOLS[headers.protocol] != 0)
        unreadable = (records.ethertype == UNREADABLE) | (ip & ~headers.readable) | (ours & cut)
        rest.unreadable = sum(rest.frames.get(index, 1) for index in records.index[unreadable].tolist())
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
            settled = self._settler.settle(arena, Place(*(int(column[row]) for column in columns)), int(records.time[row]))
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


def _empty() -> Packets:
    none = np.zeros(0, np.int64)
    return Packets(none, none, none, none, none, np.zeros(0, ROW))
