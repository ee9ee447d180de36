"""CaptureTally: what one capture held."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from l2tpscope.frames import Kind

TWO_WAY = (Kind.L2TP2_CONTROL, Kind.L2TP2_DATA, Kind.L2TP3_CONTROL, Kind.L2TP3_DATA, Kind.IKE, Kind.ESP)
"""Kinds that a healthy conversation has in both directions."""


@dataclass(slots=True)
class CaptureTally:
    """Counts of one capture."""

    kinds: Counter[Kind] = field(default_factory=Counter)
    others: Counter[tuple[Kind, str]] = field(default_factory=Counter)
    """Frames of other VPNs, by what they are and where: `udp/1194`."""
    duplicates: int = 0
    undecoded: int = 0
    pairs: set[int] = field(default_factory=set)
    """Hashes of (source, destination) seen so far, until one was seen both ways; bounded."""
    two_sided: bool = False

    proofs: int = 0
    """Frames that show that the other side answers: data, and control messages that acknowledge something."""

    @property
    def one_sided(self) -> bool:
        """Only one direction is in the capture, although both were there: not so where somebody calls and nobody answers."""
        return self.proofs > 0 and not self.two_sided
