"""Keepalives: the NAT keepalives from one endpoint to another (RFC 3948 §2.3), counted."""

from __future__ import annotations

from dataclasses import dataclass

from l2tpscope.frames import Endpoint


@dataclass(slots=True)
class Keepalives:
    """All that one endpoint sent to another."""

    sender: Endpoint
    receiver: Endpoint
    count: int
    first: int
    last: int
    capture: int
    frame: int
    """Of the first."""
    median_s: float | None
    """Of the intervals, up to a bound on memory the first; None: only one was seen."""
