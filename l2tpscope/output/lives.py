"""lives: what the timelines of the pictures and of the page share: what happened to each part, and which bars go into one lane."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Literal, NamedTuple, Protocol, TypeVar

from l2tpscope.report import Report

BROKEN = frozenset({"unanswered", "refused", "failed", "lost"})
"""States of what never came up, or went away without a word."""
FORTH, BACK = "→ ", "← "
"""Before what has one direction."""
What = Literal["seen", "again", "hello", "rekeying", "moved", "icmp error"]
EVENTS: dict[str, What] = {
    "new child SAs asked for": "rekeying",
    "rekeyed": "rekeying",
    "moved": "moved",
    "moved to port 4500": "moved",
    "icmp error": "icmp error",
}
"""Events that are marked on their bars."""
MESSAGES = frozenset({"seen", "again", "hello"})
"""What is a message of the part itself."""


class Sign(NamedTuple):
    """Something that was seen of a part at an instant."""

    time: int
    what: What


class Span(Protocol):
    """What has a begin and an end, in nanoseconds."""

    begin: int
    end: int


B = TypeVar("B", bound=Span)


def signs(report: Report) -> dict[str, list[Sign]]:
    """Of each subject (`tunnel 1`, `session 3`, `ike_sa 2`, `esp_sa 1`) its messages and events, each kind in the order of its table."""
    found: dict[str, list[Sign]] = defaultdict(list)
    for row in report.rows("messages"):
        what: What = "again" if row.fit == "retransmission" else "hello" if row.message == "HELLO" else "seen"
        found[f"tunnel {row.tunnel}"].append(Sign(row.time, what))
        if row.session is not None:
            found[f"session {row.session}"].append(Sign(row.time, "seen"))
    for row in report.rows("ike_messages"):
        found[f"ike_sa {row.ike_sa}"].append(Sign(row.time, "again" if row.fit == "retransmission" else "seen"))
    for row in report.rows("events"):
        if row.event in EVENTS:
            found[row.subject].append(Sign(row.time, EVENTS[row.event]))
    return found


def packed(bars: Iterable[B], place: Callable[[B], tuple[int, bool]]) -> Iterator[list[B]]:
    """Bars of one place that do not overlap share a lane, so that a rekeying is a step and not a new row; lanes by their places."""
    by_place: dict[tuple[int, bool], list[list[B]]] = defaultdict(list)
    for bar in bars:
        lanes = by_place[place(bar)]
        free = next((lane for lane in lanes if lane[-1].end <= bar.begin), None)
        if free is None:
            lanes.append([bar])
        else:
            free.append(bar)
    for _, lanes in sorted(by_place.items()):
        yield from lanes
