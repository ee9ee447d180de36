"""tiny: the packets of an ESP connection that are too short for an IP packet in PPP: control, heartbeats, short PPP messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from l2tpscope.analysis.encrypted.cipher import Cipher
from l2tpscope.analysis.encrypted.crossing import LARGEST
from l2tpscope.analysis.encrypted.lengths import SHORTEST_IN_PPP
from l2tpscope.analysis.encrypted.result import SECOND
from l2tpscope.model.esp import EspPair, EspSeries, Int64s, Packets

SAFE_OCTETS = 68
"""Of a packet of a connection whose cipher is not known: no common cipher gets an IP packet in PPP into less."""
SMALL_OCTETS = 100
"""What `EspSeries.small` holds."""
MOST = 4000
"""So many of one connection are looked at."""


class Tiny(NamedTuple):
    """One of them."""

    time: int
    from_initiator: bool
    octets: int
    capture: int
    frame: int
    pair: EspPair
    series: EspSeries


def tiny_packets(pairs: list[EspPair], ciphers: Mapping[int, Cipher]) -> list[Tiny]:
    """In the order of time, and up to when both directions are whole (memory bounds what is kept); repeats by the network once.

    Without those of dense flows, in which no exchange is told apart.
    """
    columns: list[Int64s] = []
    of: list[tuple[bool, EspPair, EspSeries]] = []
    until: int | None = None
    for pair in pairs:
        limit = largest(ciphers.get(pair.number))
        for side, series in pair.to.items():
            if series is None or series.small is None or not len(series.small):
                continue
            if series.small_unkept:
                last = int(series.small.time[-1])
                until = last if until is None else min(until, last)
            columns.append(_columns(series.small, limit, len(of)))
            of.append((not side, pair, series))
    if not columns:
        return []
    every = np.concatenate(columns, axis=1)
    every = every[:, np.argsort(every[0], kind="stable")]
    every = every[:, _sparse(every[0])]
    if until is not None:
        every = every[:, every[0] <= until]
    return [
        Tiny(time, of[which][0], octets, capture, frame, *of[which][1:])
        for time, octets, capture, frame, which in every[:, :MOST].T.tolist()
    ]


def _columns(packets: Packets, limit: int, which: int) -> Int64s:
    """Time, octets, capture, frame of those that are short enough, each sequence number once; and *which* series it is. *Shape*: (5, n)."""
    rows = np.flatnonzero(packets.octets <= limit)
    rows = rows[np.unique(packets.sequence[rows], return_index=True)[1]]
    return np.stack([packets.time[rows], packets.octets[rows], packets.capture[rows], packets.frame[rows], np.full(len(rows), which)])


def _sparse(time: Int64s) -> NDArray[np.bool_]:
    """Which packets do not stand in a long row with less than a second between neighbours. *Shape*: (n,)."""
    cluster = np.cumsum(np.diff(time, prepend=time[:1]) > SECOND)
    result: NDArray[np.bool_] = np.bincount(cluster)[cluster] <= LARGEST if len(time) else np.zeros(0, np.bool_)
    return result


def largest(cipher: Cipher | None) -> int:
    """Octets of the longest ESP packet that cannot hold an IP packet in PPP."""
    if cipher is None or cipher.grade is None:
        return SAFE_OCTETS
    return min(SMALL_OCTETS, *(one.octets(SHORTEST_IN_PPP) - max(one.block, 4) for one in cipher.transforms))
