"""What a sequence space remembers beyond its columns: the numbers that are missing, and its epochs."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field


@dataclass(slots=True)
class Hole:
    """Numbers first to last, missing since `time`, when `arrived` numbers had come, repeats included."""

    first: int
    last: int
    time: int
    arrived: int

    @property
    def size(self) -> int:
        """How many numbers."""
        return self.last - self.first + 1


@dataclass(slots=True)
class Epoch:
    """What a space was before a restart backward, in case that it goes on from there."""

    base: int
    highest: int
    holes: list[Hole]
    received: int
    ceiling: int | None
    epoch_received: int
    shut_out: int


@dataclass(slots=True)
class Detail:
    """What a space remembers beyond its columns, made when something irregular happens to it."""

    holes: list[Hole] = field(default_factory=list)
    lateness: list[int] = field(default_factory=list)
    suspect: int | None = None
    """The number after a jump: a restart if it comes next."""
    strays: int = 0
    behind: int = 0
    """Repeats so far below the highest that no network copied them."""
    restarts: int = 0
    extent: int = 0
    wraps: int = 0
    """In the epochs before the present one."""
    below: dict[int, int] = field(default_factory=dict)
    """By replay window: numbers that came late and for the first time, but below it."""
    finished: int = 0
    """Numbers expected in the epochs before the present one."""
    first_base: int | None = None
    """Base of the first epoch, once there is a second."""
    before: Epoch | None = None
    """The epoch before, if the present one lies below where that ended."""
    ceiling: int | None = None
    """The highest number of all epochs: a receiver drops what lies below it, restart or not."""
    epoch_received: int = 0
    """Numbers received before the present epoch."""
    shut_out: int = 0
    """Numbers below the ceiling, in the epochs before the present one."""


def hole_of(detail: Detail, extended: int) -> int | None:
    """The index of the hole in which a number lies."""
    at = bisect_right(detail.holes, extended, key=lambda hole: hole.first) - 1
    return None if at < 0 or extended > detail.holes[at].last else at


def close(detail: Detail, extended: int) -> int | None:
    """Take the number out of its hole; since when it was missing, or None if it was in no hole."""
    at = hole_of(detail, extended)
    if at is None:
        return None
    hole = detail.holes[at]
    rest = [
        Hole(first, last, hole.time, hole.arrived)
        for first, last in ((hole.first, extended - 1), (extended + 1, hole.last))
        if first <= last
    ]
    detail.holes[at : at + 1] = rest
    return hole.time
