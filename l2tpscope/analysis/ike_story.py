"""ike_story: one IKE SA with each message named and paired, and what the exchanges agreed on; what others build upon."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from l2tpscope.frames import Endpoint
from l2tpscope.model.ike import IkeFrame, IkeSa
from l2tpscope.wire.ike import Agreed


@dataclass(slots=True, eq=False)
class Said:
    """One message in its place."""

    frame: IkeFrame
    from_initiator: bool
    """Of the IKE SA."""
    name: str
    """`MM1` ... `MM6`, `AM1` ..., `QM1` ..., `INF`, `TRANSACTION`, `IKE_SA_INIT request` ..."""
    fit: Literal["new", "retransmission", "violation"] = "new"
    original: IkeFrame | None = None
    """The first copy, where this one is a retransmission."""
    reply_to: IkeFrame | None = None
    """First copy of what it answers."""
    copies: int = 1
    """Of a first copy: how often it was sent."""


@dataclass(slots=True, eq=False)
class Child:
    """An exchange that makes child SAs: a Quick Mode, IKE_AUTH, CREATE_CHILD_SA."""

    message_id: int
    asked: IkeFrame
    """The request (QM1), first copy; of the last message where the request was not seen."""
    from_initiator: bool
    """Who asked."""
    answered: IkeFrame | None = None
    """QM2, or the reply."""
    completed: IkeFrame | None = None
    """QM3, or the reply: from here on both sides have the SAs. In IKEv2 a CREATE_CHILD_SA may also have rekeyed the IKE SA, or failed."""


@dataclass(slots=True, eq=False)
class IkeStory:
    """One IKE SA, told."""

    sa: IkeSa
    number: int
    version: int
    initiator: Endpoint
    responder: Endpoint
    roles_seen: bool
    said: list[Said] = field(default_factory=list)
    children: list[Child] = field(default_factory=list)
    established: IkeFrame | None = None
    closed: IkeFrame | None = None
    closed_by: bool | None = None
    """True: by the initiator."""
    agreed: Agreed | None = None
    """What the responder chose, where that is in clear."""
    cipher_block: int | None = None
    """Octets of a block of the cipher that protects IKE messages; 1 for a mode without blocks (GCM). None: not in clear."""
    hash_octets: int | None = None
    """IKEv1: length of the negotiated hash, and so of HASH payloads."""
    replaced_by: IkeStory | None = None
