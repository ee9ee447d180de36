"""IP headers in columns: IPv4 with options, IPv6 with extension headers; what they carry, where it begins and ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from l2tpscope.frames.link import IPV4, IPV6
from l2tpscope.frames.window import NETWORK, ROW, WIDTH, Bools, Int64s, Octet, Rows, Views, Words, select

HOP_BY_HOP, ROUTING, FRAGMENT, DESTINATION = 0, 43, 44, 60
EXTENSIONS = (HOP_BY_HOP, ROUTING, DESTINATION, 135, 139, 140)
"""Headers of next header, length in 8 octets without the first 8. *Source*: RFC 8200 §4, RFC 6275 §6.1, RFC 7401, RFC 5533."""
MAX_EXTENSIONS = 8

FRAGMENTED = 0x3FFF
"""IPv4: more fragments, or an offset."""


@dataclass(slots=True)
class Packets:
    """IP datagrams whose header was read.

    *Shape*: every column (n,). Offsets are absolute, in the buffer.
    """

    index: Int64s
    """Which record of the chunk."""
    ip: Int64s
    transport: Int64s
    """Behind the IP header, its options and extension headers."""
    end: Int64s
    """Where the datagram ends, as its header says."""
    limit: Int64s
    """Where its captured octets end."""
    rows: Rows

    def __len__(self) -> int:
        return len(self.index)

    def select(self, which: Int64s) -> Packets:
        """Some of them, in their order."""
        if len(which) == len(self.index):
            return self
        return Packets(
            self.index[which], self.ip[which], self.transport[which], self.end[which], self.limit[which], select(self.rows, which)
        )


def merge(one: Packets, other: Packets) -> Packets:
    """Both, in the order of their records."""
    if not len(other) or not len(one):
        return one if len(one) else other
    order = np.argsort(np.concatenate([one.index, other.index]), kind="stable")
    index, ip, transport, end, limit = (
        np.concatenate([getattr(one, name), getattr(other, name)])[order] for name in ("index", "ip", "transport", "end", "limit")
    )
    raw = np.concatenate([one.rows.view(f"V{WIDTH}"), other.rows.view(f"V{WIDTH}")])
    return Packets(index, ip, transport, end, limit, select(raw, order))


@dataclass(slots=True)
class Headers:
    """What the IP headers of some rows say. *Shape*: every column (n,)."""

    readable: Bools
    fragment: Bools
    protocol: Octet
    transport: Int64s
    end: Int64s

    def select(self, which: Any) -> Headers:
        """Those of some rows."""
        return Headers(*(getattr(self, field.name)[which] for field in fields(self)))


def read_headers(views: Views, at: Int64s, ethertype: Words, limit: Int64s, wire_end: Int64s) -> Headers:
    """The IP headers at the offsets *at*.

    `limit` is where the captured octets end, `wire_end` where the frame ended on the wire: the length of a datagram
    whose header says 0 (segmentation offload, jumbogram).
    """
    readers: list[tuple[int, Callable[..., Headers]]] = [(IPV4, _read_ipv4), (IPV6, _read_ipv6)]
    for number, reader in readers:
        if (ethertype == number).all():
            return reader(views, at, limit, wire_end)
    size = len(at)
    found = Headers(np.zeros(size, bool), np.zeros(size, bool), np.zeros(size, np.uint8), at.copy(), at.copy())
    for number, reader in readers:
        which = np.flatnonzero(ethertype == number)
        if not len(which):
            continue
        part = reader(views, at[which], limit[which], wire_end[which])
        for field in fields(Headers):
            getattr(found, field.name)[which] = getattr(part, field.name)
    return found


def _read_ipv4(views: Views, at: Int64s, limit: Int64s, wire_end: Int64s) -> Headers:
    first = views.u8[at].astype(np.int64)
    header = (first & 15) * 4
    total = views.u16(at + 2).astype(np.int64)
    readable = (first >> 4 == 4) & (header >= 20) & (limit - at >= header) & ((total >= header) | (total == 0))
    fragment = (views.u16(at + 6) & FRAGMENTED) != 0
    return Headers(readable, fragment, views.u8[at + 9], at + header, np.where(total == 0, wire_end, at + total))


def _read_ipv6(views: Views, at: Int64s, limit: Int64s, wire_end: Int64s) -> Headers:
    payload = views.u16(at + 4).astype(np.int64)
    readable = (views.u8[at] >> 4 == 6) & (limit - at >= 40)
    found = Headers(readable, np.zeros(len(at), bool), views.u8[at + 6], at + 40, np.where(payload == 0, wire_end, at + 40 + payload))
    _walk_extensions(views, found, limit)
    return found


def _walk_extensions(views: Views, found: Headers, limit: Int64s) -> None:
    """Step over extension headers, in place; a Fragment header that fragments nothing too (RFC 6946)."""
    extension = np.isin(found.protocol, (*EXTENSIONS, FRAGMENT))
    for _ in range(MAX_EXTENSIONS):
        which = np.flatnonzero(found.readable & ~found.fragment & extension)
        if not len(which):
            return
        here = found.transport[which]
        is_fragment = found.protocol[which] == FRAGMENT
        octets = np.where(is_fragment, 8, 8 + 8 * views.u8[here + 1].astype(np.int64))
        whole = here + octets <= np.minimum(limit[which], found.end[which])
        real = is_fragment & ((views.u16(here + 2) & 0xFFF9) != 0)  # offset, or more fragments
        found.readable[which] = whole
        found.fragment[which] = whole & real
        step = which[whole & ~real]
        found.protocol[step] = views.u8[found.transport[step]]
        found.transport[step] += octets[whole & ~real]
        extension = np.isin(found.protocol, (*EXTENSIONS, FRAGMENT))
    found.readable &= found.fragment | ~extension


def plain_ipv4(rows: Rows, ethertype: Words, captured: Int64s) -> Bools:
    """Rows of IPv4 without options, whole, and captured as far as the header of what they carry: the common case.

    `captured` counts from the IP header.
    """
    plain: Bools = ethertype == IPV4
    plain &= rows["first"] == 0x45
    plain &= (rows["fragment"] & FRAGMENTED) == 0
    plain &= rows["total"] >= NETWORK
    plain &= captured >= NETWORK + 8
    return plain


def compose(views: Views, at: Int64s, headers: Headers) -> Rows:
    """Rows with what the datagram carries at its usual place, whatever stood before it."""
    raw = np.ascontiguousarray(views.rows(at)).view(np.uint8).reshape(-1, WIDTH)
    raw[:, NETWORK:] = views.matrix(headers.transport, WIDTH - NETWORK)
    raw[:, 9] = headers.protocol
    return raw.reshape(-1).view(f"V{WIDTH}").view(ROW)
