"""Halves: what was sent to one receiver under one id that the receiver had chosen.

On this wire the receiver chooses the id (RFC 2661 §3.1), so one direction of a tunnel is known by itself: by who receives,
and the Tunnel ID it gave out. A capture of one direction, or one begun in the middle, has halves that stay unpaired.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from l2tpscope.frames import Endpoint
from l2tpscope.model.sequence import SequenceCount
from l2tpscope.wire.l2tp import ControlMessage


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
    """Session ID of the header."""
    ns: int
    nr: int
    octets: int
    digest: int
    """Of the AVPs, so without Nr, which a retransmission may renew (RFC 2661 §5.8)."""
    message: ControlMessage | None
    """The AVPs, where there are any worth keeping."""
    copy: bool
    """Made by the capture."""


@dataclass(slots=True, eq=False)
class DataSeries:
    """The data packets of one session in one direction."""

    sender: Endpoint
    receiver: Endpoint
    tunnel: int
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


@dataclass(slots=True, eq=False)
class Half:
    """Everything sent to one receiver under one Tunnel ID, from its assignment on."""

    receiver: Endpoint
    sender: Endpoint
    tunnel: int | None
    """None: to a responder whose id was never seen."""
    position: int
    born: bool = False
    """Its id was assigned in the capture."""
    frames: list[ControlFrame] = field(default_factory=list)
    series: list[DataSeries] = field(default_factory=list)
    unkept: int = 0
    """Control frames that were counted but not kept (memory bound)."""
    twin: Half | None = None
    """The other direction."""
    linked_by: str | None = None
    from_initiator: bool | None = None
    """Whether the sender is the initiator of the tunnel; None: not seen."""
    closed: bool = False
    """A StopCCN was seen in either direction."""
    answered: bool = False
    """The sender went on after the set-up was answered."""
