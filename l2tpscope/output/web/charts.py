"""charts: round trips, losses and throughput as numbers to draw. Texts are made harmless here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, get_args, get_type_hints

from l2tpscope.analysis.rows import LossRow, RttRow, ThroughputRow
from l2tpscope.analysis.rtt import Statistic, statistics
from l2tpscope.analysis.wilson import wilson
from l2tpscope.output.courses import courses
from l2tpscope.output.escape import terminal
from l2tpscope.output.values import SECOND, count, interval
from l2tpscope.output.web.lanes import extent, origin, seconds
from l2tpscope.report import Report

Json = dict[str, Any]
POINTS = 3000
"""Round trips that are drawn one by one."""
STRETCHES = 250
"""Of time, where there are more: of each side and quality the smallest, middle and largest."""
LOSSES = 60
"""Those with the largest ratio."""
SPACES = get_args(get_type_hints(LossRow)["space"])
"""What is counted by numbers comes before echoes and TCP: they do not mean the same."""
SERIES = 20
"""Sessions and SAs of which throughput can be shown alone: those with most octets."""
BINS = 600
"""Of a series: more are joined, so that their octets stay whole."""
WAYS = ("to_responder", "to_initiator")
ARROWS = {"to_responder": "→", "to_initiator": "←"}
FEW = 12
"""Losses that are all drawn; of more, those that lost nothing become one a kind and direction."""


def subject(row: RttRow | LossRow | ThroughputRow) -> str:
    """What it was measured of: `session 3`, `esp_sa 1`, `ike_sa 2`, `tunnel 1`."""
    for name in ("session", "esp_sa", "ike_sa", "tunnel"):
        number = getattr(row, name, None)
        if number is not None:
            return f"{name} {number}"
    return ""


def rtt(report: Report) -> Json:
    """Points: instant, milliseconds, side (0 initiator), clean or not, what it was measured of."""
    begin = origin(report)
    rows: list[RttRow] = report.rows("rtt")
    kept = rows if len(rows) <= POINTS else _thinned(rows, begin, extent(report))
    points = [
        [seconds(row.time, begin), round(row.rtt_s * 1e3, 4), int(row.side == "responder"), int(row.quality == "clean"), _told(row)]
        for row in kept
    ]
    return {"points": points, "all": len(rows)}


def _told(row: RttRow) -> str:
    return terminal(f"{row.kind}, {subject(row)}, #{row.frame_reply}, {row.quality}")


def _thinned(rows: Sequence[RttRow], begin: int, length: float) -> list[RttRow]:
    """Of each stretch of time, side and quality three samples that were measured: no value is made up."""
    groups: dict[tuple[int, str, bool], list[RttRow]] = defaultdict(list)
    for row in rows:
        at = int(seconds(row.time, begin) / length * STRETCHES) if length else 0
        groups[at, row.side, row.quality == "clean"].append(row)
    kept: list[RttRow] = []
    for several in groups.values():
        ordered = sorted(several, key=lambda row: row.rtt_s)
        kept += {id(row): row for row in (ordered[0], ordered[len(ordered) // 2], ordered[-1])}.values()
    return sorted(kept, key=lambda row: row.time)


def round_trips(report: Report) -> list[tuple[str, Statistic, int, float | None]]:
    """Per subject, kind and side: the statistics of the clean samples, how many others there are, and the largest clean one."""
    rows: list[RttRow] = report.rows("rtt")
    names = list(dict.fromkeys(map(subject, rows)))
    number = {name: at for at, name in enumerate(names, 1)}
    every: dict[tuple[str, str, str], list[RttRow]] = defaultdict(list)
    for row in rows:
        every[subject(row), row.side, row.kind].append(row)
    found = []
    for one in statistics(rows, lambda row: number[subject(row)]):
        name = names[(one.tunnel or 1) - 1]
        group = every[name, one.side, one.kind]
        found.append((name, one, len(group) - one.n, max((row.rtt_s for row in group if row.quality == "clean"), default=None)))
    return found


def losses(report: Report) -> Json:
    """The measured ones with their intervals, those of one kind together, the most lost first; what was not measurable, and why."""
    rows: list[LossRow] = report.rows("loss")
    measured = [row for row in rows if row.measurable and row.loss_ratio is not None]
    whole = [row for row in measured if not row.lost] if len(measured) > FEW else []
    measured = [row for row in measured if row.lost] if whole else measured
    measured.sort(key=lambda row: -(row.loss_ratio or 0.0))
    why: dict[tuple[str, str], int] = defaultdict(int)
    for row in rows:
        if not row.measurable:
            why[row.space, row.why_not or ""] += 1
    return {
        "rows": [*(_loss(row) for row in sorted(measured[:LOSSES], key=lambda row: SPACES.index(row.space))), *_together(whole)],
        "courses": _courses(report),
        "left": max(0, len(measured) - LOSSES),
        "unmeasured": [[space, terminal(reason), number] for (space, reason), number in sorted(why.items(), key=lambda item: -item[1])],
    }


def _together(rows: Sequence[LossRow]) -> list[Json]:
    """Many that lost nothing, as one a kind and direction."""
    groups: dict[tuple[str, str], list[LossRow]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (SPACES.index(row.space), row.direction != WAYS[0])):
        groups[row.space, row.direction].append(row)
    found = []
    for (space, direction), several in groups.items():
        expected = sum(row.expected or 0 for row in several)
        low, high = wilson(0, expected)
        text = f"0/{count(expected)}  {interval(0.0, low, high)}"
        name = f"{count(len(several))} × {ARROWS[direction]} {space}"
        suspect = any(row.capture_suspect for row in several)
        found.append({"name": name, "ratio": 0.0, "low": low, "high": high, "text": text, "suspect": suspect})
    return found


def _courses(report: Report) -> list[Json]:
    """Over time: of each kind and direction begin and end of a stretch, shares lost and reordered, and both with what was expected."""
    begin = origin(report)
    return [
        {
            "name": f"{ARROWS[each.direction]} {each.space}",
            "way": WAYS.index(each.direction),
            "stretches": [
                [
                    *(seconds(one.begin, begin), seconds(one.end, begin)),
                    *(round(some / one.expected, 6) for some in (one.lost, one.reordered)),
                    f"{count(one.lost)} + {count(one.reordered)} / {count(one.expected)}",
                ]
                for one in each.stretches
            ],
        }
        for each in courses(report)
    ]


def _loss(row: LossRow) -> Json:
    return {
        "name": terminal(f"{subject(row)} {ARROWS[row.direction]} {row.space}"),
        "ratio": row.loss_ratio,
        "low": row.loss_low_ratio,
        "high": row.loss_high_ratio,
        "text": f"{count(row.lost)}/{count(row.expected)}  {interval(row.loss_ratio, row.loss_low_ratio, row.loss_high_ratio)}",
        "suspect": row.capture_suspect,
    }


def throughput(report: Report) -> Json:
    """Series of octets a bin and direction: all sessions, all ESP SAs, and those with most octets alone."""
    rows: list[ThroughputRow] = report.rows("throughput")
    by_subject: dict[str, list[ThroughputRow]] = defaultdict(list)
    for row in rows:
        by_subject[subject(row)].append(row)
    busiest = sorted(by_subject, key=lambda name: -sum(row.octets for row in by_subject[name]))[:SERIES]
    begin, width = origin(report), _width(rows, extent(report))
    every = {
        "all-sessions": [row for row in rows if row.esp_sa is None],
        "all-esp": [row for row in rows if row.esp_sa is not None],
        **({name: by_subject[name] for name in busiest} if len(by_subject) > 1 else {}),
    }
    return {"bin": width / SECOND, "series": [{"name": name, **_series(some, begin, width)} for name, some in every.items() if some]}


def _width(rows: Iterable[ThroughputRow], length: float) -> int:
    """Of the joined bins, in nanoseconds: a multiple of the widest, so that none is divided."""
    widest = max((row.bin_s for row in rows), default=1.0)
    return round(widest * SECOND) * max(1, -(-int(length / widest + 1) // BINS))


def _series(rows: Iterable[ThroughputRow], begin: int, width: int) -> Json:
    """Per direction pairs of a bin's begin and its octets; bins without any are not there. Bins begin at multiples of their width."""
    octets: dict[str, dict[int, int]] = {way: defaultdict(int) for way in WAYS}
    for row in rows:
        octets[row.direction][row.time // width] += row.octets
    return {way: [[seconds(number * width, begin), some] for number, some in sorted(bins.items())] for way, bins in octets.items()}
