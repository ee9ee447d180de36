"""Halves: what was sent to one receiver under one id that the receiver had chosen, in L2TPv2 or L2TPv3.

On this wire the receiver chooses the id (RFC 2661 §3.1), so one direction of a tunnel is known by itself: by who receives,
and the Tunnel ID it gave out. A capture of one direction, or one begun in the middle, has halves that stay unpaired.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from l2tpscope.frames import Endpoint
from l2tpscope.model.sequence import SequenceCount
from l2tpscope.wire.l2tp import ControlMessage

ACKNOWLEDGEMENTS = frozenset({"ZLB", "ACK", "CISCO_ACK"})
"""Messages that only acknowledge, and take no number of their own (RFC 2661 §5.8, RFC 3931 §4.2)."""


@dataclass(slots=True, eq=False)
class ControlFrame:
    """One control frame as it was seen."""

    position: int
    """Its place in the order of everything that was read: total, also where time stamps are equal or run backwards."""
    time: int
    capture: int
    frame: int
    sender: Endpoint
    receiver: Endpoint
    type: str
    """`SCCRQ` ... or `ZLB`."""
    session: int
    """The Session ID that the receiver gave out: of the header (v2), of the AVPs (v3)."""
    ns: int
    nr: int
    octets: int
    digest: int
    """Of the AVPs, so without Nr, which a retransmission may renew (RFC 2661 §5.8), and without a Message Digest, which covers Nr."""
    message: ControlMessage | None
    """The AVPs, where there are any worth keeping."""
    copy: bool
    """Made by the capture."""
    version: int = 2
    """Of the header."""

    @property
    def acknowledges(self) -> bool:
        """Whether it is nothing but an acknowledgement."""
        return self.type in ACKNOWLEDGEMENTS


class Head(NamedTuple):
    """The begin of one packet of L2TPv3, behind the Session ID."""

    time: int
    octets: bytes
    size: int
    """Of all that L2TP carried in it, cookie and sublayer too."""


@dataclass(slots=True, eq=False)
class DataSeries:
    """The data packets of one session in one direction."""

    sender: Endpoint
    receiver: Endpoint
    tunnel: int
    """0 in v3, where data names the session alone."""
    session: int
    position: int
    """Of its first packet."""
    number: int
    """Joins it to its bins of throughput."""
    capture: int = 0
    """Of its first packet."""
    packets: int = 0
    octets: int = 0
    """What L2TP carried."""
    first: int = 0
    last: int = 0
    used: bool = False
    """It carried IP packets, in whatever wrapping, and not PPP's own alone."""
    sequenced: int = 0
    """Packets with sequence numbers."""
    count: SequenceCount | None = None
    version: int = 2
    heads: list[Head] = field(default_factory=list)
    """v3: of its first packets."""
    counts: dict[tuple[int, int], SequenceCount] = field(default_factory=dict)
    """v3: counts of what may be the sublayer's numbers, by the octets before it and the bits of a number."""


@dataclass(slots=True, eq=False)
class Half:
    """Everything sent to one receiver under one Tunnel ID, or Control Connection ID, from its assignment on."""

    receiver: Endpoint
    sender: Endpoint
    tunnel: int | None
    """None: to a responder whose id was never seen, or v3 without a control connection."""
    position: int
    born: bool = False
    """Its id was assigned in the capture."""
    frames: list[ControlFrame] = field(default_factory=list)
    series: list[DataSeries] = field(default_factory=list)
    unkept: int = 0
    """Control frames that were counted but not kept (memory bound)."""
    thinned: int = 0
    """Control frames that were let go from its middle (memory bound)."""
    resumed: int = 0
    """Position from which on there are frames again behind those."""
    twin: Half | None = None
    """The other direction."""
    linked_by: str | None = None
    from_initiator: bool | None = None
    """Whether the sender is the initiator of the tunnel; None: not seen."""
    closed: bool = False
    """A StopCCN was seen in either direction."""
    answered: bool = False
    """The sender went on after the set-up was answered."""
    version: int = 2
    offered: int | None = None
    """The id of L2TPv3 that a SCCRQ of both versions gave out beside that of v2."""
