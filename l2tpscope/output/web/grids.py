"""grids: tables that sort and filter: the columns of the listings, with what to sort by. Every text is escaped here, and nowhere before."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from l2tpscope.output.blocks import Cell
from l2tpscope.output.escape import html
from l2tpscope.output.room import command
from l2tpscope.output.shown import Shown
from l2tpscope.output.text import DETAILS, LISTINGS
from l2tpscope.output.values import UNKNOWN, count, milliseconds
from l2tpscope.output.web.charts import round_trips
from l2tpscope.output.web.terms import TABLES
from l2tpscope.output.web.words import Say
from l2tpscope.output.words import TONES
from l2tpscope.report import Report

ROWS = 500
"""Of one table on the page."""
STATISTICS = 200
"""Of the round trips in numbers."""
OPEN = "vpns"
"""The table that is open from the start, and on paper."""
COMMANDS = {"inner_flows": "inner", "ike_sas": "ike", "ike_messages": "ike-messages", "esp_sas": "esp"}
"""Commands that are named otherwise than their table."""
INSTANTS = {"time (UTC)": ("time",), "opened (UTC)": ("opened",), "since (UTC)": ("time",), "first (UTC)": ("first", "time_start")}
"""Columns that are sorted by the instant itself: what they show has no year."""
SCALES = {"k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
NUMBER = re.compile(r"[<>]?(-?\d[\d,]*(?:\.\d+)?)(?: ([kMGT])(?![a-z]))?")
CLOCK = re.compile(r">?(?:(\d+) d )?(\d+):(\d\d)(?::(\d\d))?$")


def key(text: str) -> float | None:
    """What a cell sorts by: its first number, or the seconds of a duration; None where it is words."""
    found = CLOCK.match(text)
    if found:
        days, first, second, third = found.groups()
        hours, minutes, rest = (first, second, "0") if days else (first, second, third) if third else ("0", first, second)
        return int(days or 0) * 86_400.0 + int(hours) * 3600 + int(minutes) * 60 + int(rest)
    number = NUMBER.match(text)
    if number is None:
        return None
    return float(number[1].replace(",", "")) * SCALES.get(number[2] or "", 1.0)


def tables(report: Report, say: Say) -> Iterator[str]:
    """Every table that has rows; then the names of those that have none."""
    empty = []
    for name in TABLES:
        if report.rows(name):
            yield _table(report, name, say)
        else:
            empty.append(say.table(name))
    if empty:
        yield f'<p class="quiet">{html(say("empty", tables=", ".join(empty)))}</p>'


def _table(report: Report, name: str, say: Say) -> str:
    every = report.rows(name)
    rows = every[:ROWS]
    shown = [column for column in LISTINGS[name] if not column.optional or any(column.text(row) != UNKNOWN for row in rows)]
    details = [DETAILS[name](row) if name in DETAILS else () for row in rows]
    heads = [(say.head(column.head.name), column.head.right) for column in shown]
    if any(details):
        heads.append((say("remarks"), False))
    body = (_row(row, shown, detail if any(details) else None, say) for row, detail in zip(rows, details, strict=True))
    cut = ""
    if len(every) > len(rows):
        how = command(COMMANDS.get(name, name), report.measures.captures)
        cut = f'<p class="warn">{html(say("cut", n=count(len(rows)), all=count(len(every)), command=how))}</p>'
    title = f"{say.table(name)} ({count(len(every))})"
    return (
        f'<details class="fold" id="table-{name}"{" open" * (name == OPEN)}><summary><h3>{html(title)}</h3></summary>{cut}'
        f"{grid(say.table(name), heads, body, say, filtered=len(rows) > 1)}</details>"
    )


def grid(caption: str, heads: Sequence[tuple[str, bool]], rows: Iterable[str], say: Say, *, filtered: bool = True) -> str:
    """A table whose heads are buttons, in a frame that scrolls sideways, with a field above it."""
    names = "".join(
        f'<th scope="col"{_side(right=right)}><button type="button" class="sort">{html(name)}<span aria-hidden="true"></span></button></th>'
        for name, right in heads
    )
    words = html(say("filter-rows"))
    field = f'<label>{words} <input type="search" class="filter"></label> <output class="shown"></output>' if filtered else ""
    return (
        f'<div class="grid">{field}<div class="wide" tabindex="0" role="group" aria-label="{html(caption)}"><table>'
        f"<thead><tr>{names}</tr></thead><tbody>{''.join(rows)}</tbody></table></div></div>"
    )


def _side(*, right: bool) -> str:
    return ' class="right"' if right else ""


def cell(text: str, *, right: bool = False, by: float | None = None, tone: str = "", head: bool = False) -> str:
    """One cell, with what it sorts by."""
    words = " ".join(word for word in ("right" if right else "", tone) if word)
    kind = f' class="{words}"' if words else ""
    by = key(text) if by is None else by
    sort = "" if by is None else f' data-by="{by:.17g}"'
    return f'<th scope="row"{kind}{sort}>{html(text)}</th>' if head else f"<td{kind}{sort}>{html(text)}</td>"


def _row(row: Any, shown: Sequence[Shown], details: Sequence[Cell] | None, say: Say) -> str:
    cells = []
    for column in shown:
        text = column.text(row)
        instants = INSTANTS.get(column.head.name, ())
        by = next((time for time in (getattr(row, name, None) for name in instants) if time is not None), None)
        cells.append(cell(say.value(text), right=column.head.right, by=by, tone=TONES.get(text, "")))
    if details is not None:
        cells.append("<td>" + "".join(f"<div{_tone(detail)}>{html(detail.text)}</div>" for detail in details) + "</td>")
    return f"<tr>{''.join(cells)}</tr>"


def _tone(detail: Cell) -> str:
    return f' class="{detail.tone}"' if detail.tone else ""


def statistics(report: Report, say: Say) -> str:
    """The round trips of each subject, kind and side; nothing where there are none."""
    every = round_trips(report)
    found = every[:STATISTICS]
    names = ("subject", "kind", "side")
    heads = [(say.head("subject"), False), *((say(name), False) for name in names[1:])]
    heads += [(say(name), True) for name in ("samples", "min", "p50", "p95", "max", "others")]
    rows = []
    for name, one, others, largest in found:
        numbers = [count(one.n), *(milliseconds(value) for value in (one.min_s, one.p50_s, one.p95_s, largest)), count(others)]
        cells = [cell(name), cell(one.kind), cell(one.side), *(cell(number, right=True) for number in numbers)]
        rows.append(f"<tr>{''.join(cells)}</tr>")
    cut = say("statistics-cut", n=count(len(found)), all=count(len(every)))
    left = f'<p class="warn">{html(cut)}</p>' if len(every) > len(found) else ""
    return left + grid(say("statistics"), heads, rows, say, filtered=len(rows) > 1) if rows else ""
