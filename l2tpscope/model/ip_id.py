"""IpIdCounter: what the Identification fields of one tunnel's data told."""

from __future__ import annotations

from dataclasses import dataclass

from l2tpscope.model.sequence import SequenceCount


@dataclass(slots=True, frozen=True)
class IpIdCounter:
    """The Identification of IPv4 (RFC 791 §3.1) of what one sender sent to one tunnel, which at first looked like a counter."""

    series: tuple[int, ...]
    """Numbers of the `DataSeries` that share it."""
    seen: int
    """Datagrams that were counted: data, and control messages whose ids continue those of the data."""
    wild: int
    """Steps so wide, either way, that no counter of this tunnel alone takes them."""
    shared: int
    """Datagrams whose id continues that of another tunnel between the same hosts."""
    count: SequenceCount
