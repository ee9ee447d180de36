"""IKE as it was seen: the messages of each IKE SA. Both SPIs are in every message, so their pair is the key (RFC 7296 §3.1)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from l2tpscope.frames import Endpoint

if TYPE_CHECKING:
    from l2tpscope.wire.ike import IkeMessage


@dataclass(slots=True, eq=False)
class IkeFrame:
    """One IKE message as it was seen."""

    position: int
    """Its place in the order of everything that was read."""
    time: int
    capture: int
    frame: int
    sender: Endpoint
    receiver: Endpoint
    octets: int
    """Of the IKE message, as UDP says; without a non-ESP marker."""
    digest: int
    """Of all its octets: IKE retransmissions are byte-identical (RFC 2408 §5.1, RFC 7296 §2.1)."""
    message: IkeMessage


@dataclass(slots=True, eq=False)
class IkeSa:
    """The messages under one pair of SPIs, those of the set-up included in which the responder's SPI was still zero."""

    initiator_spi: int
    responder_spi: int
    """0: no reply was seen."""
    frames: list[IkeFrame] = field(default_factory=list)
    """In the order of the capture; copies by the capture are not among them."""
    unkept: int = 0
    """Messages that were counted but not kept (memory bound)."""
