"""software: which L2TP implementation each side of a tunnel is, how sure that is, and by what; or nothing.

No single mark decides what is `certain`: peers copy each other's habits, and names can be set.
*Bias*: who forges another's messages whole is taken for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache

from l2tpscope.analysis.follow import Story
from l2tpscope.analysis.names import endpoint_name
from l2tpscope.analysis.ppp_story import PppStory
from l2tpscope.analysis.rows import Grade, IkeSaRow
from l2tpscope.analysis.software.marks import marks
from l2tpscope.analysis.software.table import ROWS, Row

__all__ = ["Sides", "Software", "judge", "tell_software"]

GRADES: tuple[Grade, ...] = ("certain", "likely", "hint")


@dataclass(frozen=True, slots=True)
class Software:
    """What a side is."""

    name: str
    grade: Grade
    why: tuple[str, ...]
    """The marks, in words; last, how they are known to be its marks."""


Sides = Mapping[bool, Software | None]
"""True is the initiator."""


def tell_software(
    stories: Iterable[Story], ppp: Iterable[PppStory], ike_sas: Iterable[IkeSaRow], vpn_of: Mapping[int, int]
) -> dict[int, Sides]:
    """By the number of the tunnel. *vpn_of*: the connection that a tunnel is part of, by its number."""
    sessions: dict[int, list[PppStory]] = defaultdict(list)
    for one in ppp:
        sessions[one.tunnel].append(one)
    ike: dict[tuple[int | None, str], list[str]] = defaultdict(list)
    for row in ike_sas:
        for endpoint, name in ((row.initiator, row.initiator_implementation), (row.responder, row.responder_implementation)):
            if name is not None:
                ike[row.vpn, _host(endpoint)].append(name)
    told: dict[int, Sides] = {}
    for story in stories:
        number = story.channel.number
        names = {side: ike.get((vpn_of.get(number), _host(endpoint_name(story.channel.endpoint(side)))), []) for side in (True, False)}
        told[number] = {side: judge(marks(story, sessions.get(number, ()), names[side], initiator=side)) for side in (True, False)}
    return told


def _host(endpoint: str) -> str:
    """The address alone: IKE and L2TP of one host are on different ports."""
    return endpoint.rsplit(":", 1)[0]


@lru_cache(maxsize=1024)
def judge(found: tuple[str, ...]) -> Software | None:
    """The software whose marks these are; None where none fits, or where the surest rows that fit name several.

    Kept for marks seen before: of many tunnels most are alike.
    """
    if not found:
        return None
    known = frozenset(found)
    fitting = [row for row in ROWS if _fits(row, known)]
    for grade in GRADES:
        rows = [row for row in fitting if row.grade == grade]
        if rows:
            return _told(rows[0], found) if len({row.name for row in rows}) == 1 else None
    return None


def _fits(row: Row, known: frozenset[str]) -> bool:
    return all(_seen(pattern, known) for pattern in row.must) and not any(_seen(pattern, known) for pattern in row.must_not)


def _seen(pattern: str, known: frozenset[str]) -> bool:
    begin, star, _ = pattern.partition("*")
    return any(mark.startswith(begin) and fnmatchcase(mark, pattern) for mark in known) if star else pattern in known


def _told(row: Row, found: tuple[str, ...]) -> Software:
    patterns = row.must + row.also
    why = [mark for mark in found if any(_seen(pattern, frozenset({mark})) for pattern in patterns)]
    return Software(row.name, row.grade, (*why, f"known from {row.why}"))
