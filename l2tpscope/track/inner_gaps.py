"""inner_gaps: octets of TCP that are missing at the tap, and what a segment is that comes from below the highest number so far."""

from __future__ import annotations

from enum import Enum, auto
from typing import NamedTuple

from l2tpscope.core.serial import delta

MOST_GAPS, MOST_FLOWS = 128, 1024
"""Of one flow, and flows that have any; older ones are forgotten, and what fills them counts as repeated."""
NEAR = 64
"""IP ids that lie so near to each other come from one counter, and tell which of two packets was sent first."""
BEHIND = 1024
"""IP ids up to so far below the newest are those of packets that were sent before it."""
OUT_OF_ORDER = 3_000_000
"""Nanoseconds within which a segment fills a gap that is merely late, where IP ids do not tell."""


class Late(Enum):
    """What a segment from below the highest number is."""

    FILLED = auto()
    """Sent again; its first copy was lost before the tap."""
    REPEATED = auto()
    """Sent again, though all of it had passed."""
    REORDERED = auto()
    """It was overtaken."""
    COPIED = auto()
    """A packet that passed before, at another tap or doubled on its way; or one that comes behind its own repetition."""


class Gap(NamedTuple):
    """Octets from *first* up to *last*, without it, which were missing when a later segment came."""

    first: int
    last: int
    time: int
    identification: int
    """IPv4's, of that later segment; -1 where there is none."""


class Gaps:
    """The gaps of many flows."""

    def __init__(self) -> None:
        self._of: dict[int, list[Gap]] = {}

    def __len__(self) -> int:
        return len(self._of)

    def forget(self, flow: int) -> None:
        """The numbers of a flow begin anew."""
        self._of.pop(flow, None)

    def open(self, flow: int, gap: Gap) -> None:
        """A segment came from beyond the highest number."""
        if flow not in self._of and len(self._of) >= MOST_FLOWS:
            del self._of[next(iter(self._of))]
        gaps = self._of.setdefault(flow, [])
        gaps.append(gap)
        if len(gaps) > MOST_GAPS:
            del gaps[: MOST_GAPS // 4]

    def take(self, flow: int, came: Gap) -> Late:
        """A segment came from below; what it is. What it fills is no gap any more."""
        gaps = self._of.get(flow, [])
        touched = [gap for gap in gaps if gap.first < came.last and came.first < gap.last]
        if not touched:
            return Late.REPEATED
        rest = []
        for gap in gaps:
            if gap not in touched:
                rest.append(gap)
                continue
            rest += [part for part in (gap._replace(last=came.first), gap._replace(first=came.last)) if part.first < part.last]
        if rest:
            self._of[flow] = rest
        else:
            del self._of[flow]
        return Late.REORDERED if _overtaken(touched[0], came) else Late.FILLED


def newer(one: int, other: int) -> int:
    """The IP id that was given out later; -1 stands for none."""
    if one < 0 or other < 0:
        return max(one, other)
    return one if delta(one, other, 16) >= 0 else other


def was_sent_before(identification: int, newest: int) -> bool:
    """Whether a packet was sent no later than the newest of its flow, as IP ids tell that count up; a repetition has a new one."""
    return min(identification, newest) > 0 and -BEHIND <= delta(identification, newest, 16) <= 0


def _overtaken(gap: Gap, came: Gap) -> bool:
    """Whether what fills a gap had been sent before what opened it: by the order of their IP ids, else because it is hardly late."""
    if gap.identification >= 0 and came.identification >= 0:
        step = delta(came.identification, gap.identification, 16)
        if 0 < abs(step) <= NEAR:
            return step < 0
    return came.time - gap.time <= OUT_OF_ORDER
