"""courses: how loss and reordering went over time, in stretches long enough to say something. Nothing is drawn here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from l2tpscope.analysis.rows import Direction, ThroughputRow
from l2tpscope.output.values import SECOND
from l2tpscope.report import Report

ENOUGH = 50
"""Numbers of a stretch: of fewer, one that is lost would look like a disaster."""
STRETCHES = 150
"""Of a capture: shorter ones could not be seen."""


@dataclass(slots=True)
class Stretch:
    """What came and what was missed between two instants."""

    begin: int
    end: int
    packets: int = 0
    lost: int = 0
    reordered: int = 0

    @property
    def expected(self) -> int:
        """Numbers that should have come. *Bias*: repeats are packets too, so too many where there are many."""
        return self.packets + self.lost

    def take(self, other: Stretch) -> None:
        """Go on with the next one."""
        self.end = max(self.end, other.end)
        self.packets, self.lost, self.reordered = self.packets + other.packets, self.lost + other.lost, self.reordered + other.reordered


@dataclass(slots=True, frozen=True)
class Course:
    """Loss over time of all spaces of a kind and direction together."""

    space: str
    direction: Direction
    stretches: list[Stretch]


def courses(report: Report, has: Callable[[ThroughputRow], bool] | None = None) -> list[Course]:
    """Of data and of ESP that is numbered, both ways; of the rows that *has* chooses."""
    bins: dict[tuple[str, Direction], dict[int, Stretch]] = defaultdict(dict)
    for row in report.rows("throughput"):
        if row.lost is None or row.reordered is None or not (has is None or has(row)):
            continue
        found = bins["l2tp-data" if row.esp_sa is None else "esp", row.direction]
        one = Stretch(row.time, row.time + round(row.bin_s * SECOND), row.packets, row.lost, row.reordered)
        if row.time in found:
            found[row.time].take(one)
        else:
            found[row.time] = one
    every = [one for some in bins.values() for one in some.values()]
    if not every:
        return []
    least = (max(one.end for one in every) - min(one.begin for one in every)) // STRETCHES
    return [Course(*key, _joined([some[time] for time in sorted(some)], least)) for key, some in sorted(bins.items(), key=_order)]


def _order(item: tuple[tuple[str, Direction], object]) -> tuple[str, bool]:
    (space, direction), _ = item
    return space, direction != "to_responder"


def _joined(bins: Sequence[Stretch], least: int) -> list[Stretch]:
    """Bins put together until they are long enough and hold enough; what is left over belongs to the last."""
    found: list[Stretch] = []
    for one in bins:
        if found and (found[-1].expected < ENOUGH or one.begin - found[-1].begin < least):
            found[-1].take(one)
        else:
            found.append(one)
    if len(found) > 1 and found[-1].expected < ENOUGH:
        rest = found.pop()
        found[-1].take(rest)
    return found
