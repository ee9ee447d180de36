"""Room on the screen: which of many rows a summary shows, and what it says once of all of them, so that it stays one page."""

from __future__ import annotations

import re
import shlex
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from l2tpscope.analysis.rows import CaptureRow, EspSaRow, SessionRow, TunnelRow, VpnRow
from l2tpscope.core.runs import numbers
from l2tpscope.output.blocks import Block, Cell
from l2tpscope.output.page import Page
from l2tpscope.output.values import UNKNOWN, clock, count, date, duration
from l2tpscope.output.words import STATES

LINES = 50
"""Of the whole summary."""
MOST = 12
"""Rows of a table in the summary."""
FEW = 3
"""Up to so many tunnels are told in full."""
SHARED = 3
"""Facts that are said once for several rows; rarer ones stand under their rows."""
LONGEST_PATH = 31
"""A longer path is named once, where its capture is told; commands say `FILE` instead."""
NAMELESS = re.compile(r"capture-\d+")
"""What stands for the path of an anonymised capture: no file has that name."""
LONGEST_LIST = 40
"""Columns of a list of row numbers."""

Ended = TypeVar("Ended", TunnelRow, SessionRow)
Facts = Mapping[int, Sequence[Cell]]
"""What is to be said of each row, by its number."""


class Told(NamedTuple):
    """What is said once, before the rows; and what remains to be said of single rows."""

    once: list[Cell]
    own: Facts


def height(blocks: Sequence[Block]) -> int:
    """Lines that the blocks take, with the empty one after each."""
    return Page().render(blocks).count("\n") + 1 if blocks else 0


def fitted(build: Callable[[int], list[Block]], room: int) -> list[Block]:
    """What *build* makes of as many rows as fit, one at least."""
    most = MOST
    while height(blocks := build(most)) > room and most > 1:
        most -= 1
    return blocks


def unusual(row: TunnelRow | SessionRow) -> bool:
    """Whether it did not simply stay up or close in order."""
    return row.state not in ("established", "closed") or row.result_code not in (None, 0, 1)


def chosen(rows: Sequence[Ended], most: int, lost: Callable[[Ended], int]) -> list[Ended]:
    """All rows in the order of appearance; where they are too many, the worst first, and of those as many as fit."""
    if len(rows) <= most:
        return list(rows)
    return sorted(rows, key=lambda row: (STATES.index(row.state), not unusual(row), -lost(row), row.opened or 0))[:most]


def more(rows: Sequence[Ended], shown: Sequence[Ended], name: str, captures: Sequence[CaptureRow]) -> list[Cell]:
    """What was left out, and the command that shows it."""
    left = len(rows) - len(shown)
    order = " (worst shown first)" if any(map(unusual, shown)) else ""
    return [Cell(f"… and {count(left)} more{order}: {command(name, captures)}", "warn")] if left else []


def shared(facts: Facts, noun: str) -> Told:
    """What several rows have in common is said once, the most common first."""
    groups: dict[Cell, list[int]] = defaultdict(list)
    for number, said in facts.items():
        for fact in said:
            groups[fact].append(number)
    common = sorted((fact for fact, which in groups.items() if len(which) > 1), key=lambda fact: -len(groups[fact]))[:SHARED]
    lines = [Cell(f"{named(groups[fact], len(facts), noun)}: {fact.text}", fact.tone) for fact in common]
    known = set(common)
    return Told(lines, {number: [fact for fact in said if fact not in known] for number, said in facts.items()})


def named(which: Sequence[int], total: int, noun: str) -> str:
    """Which rows: `all`, `session 3`, `sessions 1-4, 7`, or how many where the list would be long."""
    if len(which) == total:
        return "all" if total > 1 else f"{noun} {which[0]}"
    listed = f"{noun}{'s' if len(which) > 1 else ''} {numbers(which)}"
    return listed if len(listed) <= LONGEST_LIST else f"{count(len(which))} of {count(total)} {noun}s"


def life(row: TunnelRow | SessionRow | VpnRow, end: int | None) -> str:
    """From its begin to its end; `>` before it where it was still there when the capture ended."""
    last = row.closed if row.closed is not None else end
    if row.opened is None or last is None or last < row.opened:
        return UNKNOWN
    return ("" if row.closed is not None else ">") + duration((last - row.opened) / 1e9)


def known_until(row: VpnRow, esp: Iterable[EspSaRow], end: int | None) -> int | None:
    """The instant up to which a connection surely lived: of ESP alone, which no message opens or closes, its last packet."""
    return end if row.ike_sas or row.tunnels else max((one.last for one in esp), default=end)


def end_of(captures: Sequence[CaptureRow]) -> int | None:
    """The last instant of all captures."""
    return max((row.time_end for row in captures if row.time_end is not None), default=None)


def when(time: int | None, captures: Sequence[CaptureRow]) -> str:
    """The time of day, with the day where the captures span several."""
    days = {date(each) for row in captures for each in (row.time_start, row.time_end)}
    return clock(time) if time is None or len(days) == 1 else f"{date(time)[5:]} {clock(time)}"


def command(name: str, captures: Sequence[CaptureRow]) -> str:
    """A command to copy; only where its path is harmless, not long and no name that anonymising gave, else `FILE`."""
    paths = [row.path for row in captures]
    harmless = len(paths) == 1 and paths[0].isprintable() and paths[0].isascii() and not paths[0].startswith(("-", "<"))
    path = shlex.quote(paths[0]) if harmless and not NAMELESS.fullmatch(paths[0]) else "FILE"
    return f"l2tpscope {name} {path if len(path) <= LONGEST_PATH else 'FILE'}"
