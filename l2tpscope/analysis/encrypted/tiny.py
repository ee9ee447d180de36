"""tiny: the packets of an ESP connection that are too short for an IP packet in PPP: control, heartbeats, short PPP messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from l2tpscope.analysis.encrypted.cipher import Cipher
from l2tpscope.analysis.encrypted.lengths import SHORTEST_IN_PPP
from l2tpscope.model.esp import EspPair, EspSeries, Packets

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
    """In the order of time, and up to when both directions are whole (memory bounds what is kept); repeats by the network once."""
    found: list[Tiny] = []
    until: int | None = None
    for pair in pairs:
        limit = largest(ciphers.get(pair.number))
        for side, series in pair.to.items():
            if series is None or series.small is None:
                continue
            if series.small_unkept and len(series.small):
                last = int(series.small.time[-1])
                until = last if until is None else min(until, last)
            found += _of(series.small, limit, not side, pair, series)
    found.sort(key=lambda one: one.time)
    return [one for one in found[:MOST] if until is None or one.time <= until]


def largest(cipher: Cipher | None) -> int:
    """Octets of the longest ESP packet that cannot hold an IP packet in PPP."""
    if cipher is None or cipher.grade is None:
        return SAFE_OCTETS
    return min(SMALL_OCTETS, *(one.octets(SHORTEST_IN_PPP) - max(one.block, 4) for one in cipher.transforms))


def _of(packets: Packets, limit: int, from_initiator: bool, pair: EspPair, series: EspSeries) -> list[Tiny]:
    rows = (packets.octets <= limit).nonzero()[0]
    columns = (packets.time, packets.octets, packets.sequence, packets.capture, packets.frame)
    result, seen = [], set()
    for time, octets, sequence, capture, frame in zip(*(column[rows].tolist() for column in columns), strict=True):
        if sequence not in seen:
            seen.add(sequence)
            result.append(Tiny(time, from_initiator, octets, capture, frame, pair, series))
    return result
