"""ESP as it was seen: one series a security association, which is one direction (RFC 4301 §4.1), and pairs of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from l2tpscope.frames import Endpoint
from l2tpscope.model.sequence import SequenceCount

Int64s = NDArray[np.int64]

WINDOWS = (32, 64, 128, 1024)
"""Sizes of replay window that are simulated (RFC 4303 §3.4.3; RFC 6479)."""


class Move(NamedTuple):
    """From this packet on, the outer addresses or ports are others: a NAT forgot its mapping, or a peer moved."""

    time: int
    capture: int
    frame: int
    sender: Endpoint
    receiver: Endpoint


@dataclass(slots=True)
class Packets:
    """Some packets of a series as columns, in the order of the capture.

    *Shape*: all (n,). *Units*: time in nanoseconds; octets of ESP, header and ICV included, without IP and UDP.
    """

    time: Int64s
    octets: Int64s
    sequence: Int64s
    capture: Int64s
    frame: Int64s

    def __len__(self) -> int:
        return len(self.time)


@dataclass(slots=True, eq=False)
class EspSeries:
    """The packets that one receiver got under one SPI in one encapsulation; the receiver chose the SPI (RFC 4303 §2.1)."""

    protocol: Literal["esp", "ah"]
    encapsulation: Literal["ip", "udp", "tcp"]
    spi: int
    sender: Endpoint
    """At first; without a port where the encapsulation is IP."""
    receiver: Endpoint
    position: int
    """Of its first packet."""
    number: int
    """Joins it to its bins of throughput."""
    capture: int
    frame: int
    """Of its first packet."""
    packets: int = 0
    """Repeats included, copies by the capture not."""
    octets: int = 0
    """Of ESP: header, ciphertext and ICV, as the headers say."""
    first: int = 0
    last: int = 0
    count: SequenceCount | None = None
    """`restarts` are epochs beyond the first that are no wrap of 2^32."""
    wraps: int = 0
    """How often the low 32 bits of an extended sequence number wrapped (RFC 4303 §2.2.1)."""
    last_sequence: int = 0
    """The highest, as on the wire."""
    would_drop: dict[int, int] = field(default_factory=dict)
    """By replay window: packets that a receiver with such a window would drop, if they reached it in this order."""
    sizes: dict[int, int] = field(default_factory=dict)
    """ESP octets to packets; bounded, the rest under size 0."""
    moved: int = 0
    """How often its outer addresses or ports changed."""
    moves: list[Move] = field(default_factory=list)
    """The first of these; bounded."""
    head: Packets | None = None
    """The first packets, up to 64."""
    small: Packets | None = None
    """All packets of at most 100 octets: acknowledgements, HELLOs, echoes; bounded."""
    small_unkept: int = 0
    """How many of these came after the last that was kept."""
    tail: Packets | None = None
    """The last packets, up to 64."""


@dataclass(slots=True, eq=False)
class EspPair:
    """Two SAs, one a direction, that were made together; or one of which the other was not seen to carry anything."""

    to: dict[bool, EspSeries | None]
    """By the side that receives: True is the initiator of the connection."""
    number: int = 0
    linked_by: str | None = None
    """How the two are known to belong together."""
    made: int | None = None
    """Time of the exchange that made it, where that was seen: QM3, or the reply of IKE_AUTH or CREATE_CHILD_SA."""
    before: EspPair | None = None
    """The pair that it took the place of (rekeying)."""
    after: EspPair | None = None

    @property
    def series(self) -> list[EspSeries]:
        """Those there are."""
        return [one for one in self.to.values() if one is not None]
