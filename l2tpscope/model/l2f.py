"""L2F as it was seen: what was sent under each CLID, management messages one by one, payload summed up by client."""

from __future__ import annotations

from dataclasses import dataclass, field

from l2tpscope.frames import Endpoint
from l2tpscope.model.sequence import SequenceCount
from l2tpscope.wire.l2f import L2fMessage


@dataclass(slots=True, eq=False)
class L2fFrame:
    """One management message, and what of it is for showing: challenges and responses are not kept."""

    position: int
    """Its place in the order of everything that was read."""
    time: int
    capture: int
    frame: int
    sender: Endpoint
    receiver: Endpoint
    message: L2fMessage
    mid: int
    digest: int
    """Of what stands behind the octet that names the message: one that is sent again has the same, and so has the answer to an echo."""
    name: str | None
    """Of the sender, or of a client."""
    assigned: int | None
    """The CLID that the other side is to use."""
    authentication: int | None
    """How a client was authenticated."""
    why: int | None
    text: str | None
    """Reason of a L2F_CLOSE, and its words."""
    anomalies: tuple[str, ...]


@dataclass(slots=True, eq=False)
class L2fSeries:
    """Payload of one client in one direction."""

    mid: int
    packets: int = 0
    octets: int = 0
    """What L2F carried: PPP frames, IP packets of SLIP."""
    first: int = 0
    last: int = 0
    count: SequenceCount | None = None
    """Of its own sequence numbers; None: it had none."""


@dataclass(slots=True, eq=False)
class L2fWay:
    """What one side sent under a CLID, which is the receiver's, until that CLID was given out anew."""

    sender: Endpoint
    receiver: Endpoint
    clid: int
    position: int
    """Of its first packet in the order of everything that was read."""
    time: int
    """Of its first packet."""
    capture: int
    frame: int
    frames: list[L2fFrame] = field(default_factory=list)
    messages: int = 0
    """Kept or not."""
    last: int = 0
    """Time of its last packet."""
    series: list[L2fSeries] = field(default_factory=list)
    count: SequenceCount | None = None
    """Of all sequence numbers in it, whatever carried them."""


@dataclass(slots=True, eq=False)
class L2fSeen:
    """All of it."""

    openings: list[L2fFrame] = field(default_factory=list)
    """Each L2F_CONF under CLID 0: somebody asks for a tunnel."""
    ways: list[L2fWay] = field(default_factory=list)
    unkept_openings: int = 0
    """More of them, beyond the bound on memory."""
