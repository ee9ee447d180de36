"""Refusal: what ICMP says of datagrams that did not arrive."""

from __future__ import annotations

from dataclasses import dataclass

from l2tpscope.frames import Endpoint


@dataclass(slots=True, eq=False)
class Refusal:
    """One kind of error about one conversation, from one reporter."""

    reporter: bytes
    """Address of who sent the error."""
    error: str
    mtu: int | None
    """Of the next hop, where the error is about size and says it."""
    sender: Endpoint
    """Of the datagram that is quoted."""
    receiver: Endpoint
    protocol: int
    capture: int
    frame: int
    """Of the first such error."""
    first: int
    last: int
    count: int = 1
