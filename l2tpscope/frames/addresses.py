"""Addresses as numbers: equal numbers, equal addresses."""

from __future__ import annotations

import numpy as np

from l2tpscope.frames.flows import Keys, mix
from l2tpscope.frames.window import Int64s, Rows, Views

IPV6_KEY = np.uint64(1 << 63)


def address_keys(views: Views, rows: Rows, ip: Int64s) -> tuple[Keys, Keys]:
    """Source and destination of the datagrams whose IP headers begin at *ip*: an IPv4 address itself, or 2^63 and a hash.

    *Shape*: (n,) each. *Bias*: of n IPv6 addresses two share a number with a chance of n^2 / 2^64.
    """
    source, destination = rows["source"].astype(np.uint64), rows["destination"].astype(np.uint64)
    six = np.flatnonzero(rows["first"] >= 0x60)
    if len(six):
        words = views.matrix(ip[six] + 8, 32).view(">u8").astype(np.uint64).reshape(-1, 4)
        source[six] = IPV6_KEY | mix(mix(words[:, 0]) + words[:, 1])
        destination[six] = IPV6_KEY | mix(mix(words[:, 2]) + words[:, 3])
    return source, destination
