"""SequenceCount: what is known of one sequence space."""

from __future__ import annotations

from dataclasses import dataclass

Missed = dict[tuple[int, int], tuple[int, int]]
"""By (number of the space, begin of the bin in nanoseconds): numbers lost, and reordered; a bin with neither is not there."""


@dataclass(slots=True, frozen=True)
class SequenceCount:
    """The counts of one space. `expected = received + lost + pending`."""

    expected: int
    received: int
    """Distinct numbers."""
    lost: int
    duplicate: int
    reordered: int
    pending: int
    """Missing, but may still come."""
    max_reorder_extent: int
    restarts: int
    strays: int
    """Numbers far off that nothing confirmed: left out of all counts."""
    first_number: int
    """As on the wire."""
    behind: int = 0
    """Of the duplicates, those 64 numbers and more below the highest."""
