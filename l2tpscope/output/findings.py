"""What is wrong, on a page: each finding with what shows it, what speaks against it, what else it may be, and what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from l2tpscope.analysis.rows import CaptureRow, FindingRow, Measures
from l2tpscope.core.endpoints import split
from l2tpscope.core.runs import numbers
from l2tpscope.output.blocks import Block, Cell, Tone
from l2tpscope.output.captures import captures
from l2tpscope.output.room import command, when
from l2tpscope.output.values import count
from l2tpscope.report import Report

TONES: dict[str, Tone] = {"error": "bad", "warning": "warn", "info": ""}
SEVERITIES = tuple(TONES)
MOST = 5
"""Findings that the summary names."""
CLIENTS = 3
NOTHING = "nothing was found that is wrong: docs/findings.md says what is looked for, and what no capture can show"
NOTHING_SEEN = "no L2TP, IKE or ESP in the capture: there was nothing to judge"
Line = tuple[str, str]
"""A label, and what stands beside it."""


def diagnosis(report: Report) -> list[Block]:
    """All findings, after the verdict on the captures that they rest on."""
    rows: list[FindingRow] = report.rows("findings")
    measures = report.measures
    blocks = captures(measures)
    if report.interrupted:
        blocks.insert(0, Block(lines=[Cell("INTERRUPTED: what follows is what had been read until then", "warn")]))
    blocks.append(Block(f"FINDINGS {counts(rows)}", [] if rows else [Cell(NOTHING_SEEN, "warn") if report.empty else Cell(NOTHING)]))
    return blocks + [_block(number, row, measures) for number, row in enumerate(rows, 1)]


def digest(report: Report) -> list[Block]:
    """The findings of the summary: a line each, the first ones; nothing where there are none."""
    rows: list[FindingRow] = report.rows("findings")
    if not rows:
        return []
    shown = [row for row in rows if row.severity != "info"][:MOST]
    lines = [Cell(f"{'  └ ' if row.consequence_of else ''}{head(row)}: {row.summary}", TONES[row.severity]) for row in shown]
    lines.append(Cell(f"evidence, alternatives, advice: {command('diagnose', report.measures.captures)}"))
    return [Block(f"FINDINGS {counts(rows)}", lines)]


def counts(rows: Sequence[FindingRow]) -> str:
    """`3: 1 error, 2 warnings`."""
    severities = Counter[str](row.severity for row in rows)
    words = (f"{count(severities[each])} {each}{'s' if severities[each] != 1 and each != 'info' else ''}" for each in SEVERITIES)
    listed = ", ".join(word for word, each in zip(words, SEVERITIES, strict=True) if severities[each])
    return f"{count(len(rows))}: {listed}" if rows else "0"


def head(row: FindingRow) -> str:
    """`error, likely, L2S404 (vpn 1)`."""
    return f"{row.severity}, {row.grade}, {row.finding} ({row.subject})"


def _block(number: int, row: FindingRow, measures: Measures) -> Block:
    title = f"{number}. {row.severity.upper()} ({row.grade})  {row.finding} {row.name}  {row.subject}"
    lines = [Cell(row.summary, TONES[row.severity])]
    return Block(title, lines + [Cell(f"{label + ':':<10} {text}") for label, text in facts(row, measures)])


def facts(row: FindingRow, measures: Measures) -> Iterator[Line]:
    """What is said of a finding under its summary, in the order in which it is read at night."""
    if row.consequence_of:
        yield "follows", f"probably from {row.consequence_of} above: look there first"
    who = _who(row, measures)
    if who:
        yield "who", who
    frames = evidence(row, measures.captures)
    yield ("frames", f"{frames}   {_times(row, measures.captures)}") if frames else ("when", _times(row, measures.captures))
    yield from (("against", text) for text in row.against)
    if row.alternatives:
        yield "may be", "; ".join(row.alternatives)
    yield "do", row.advice
    yield "filter", row.wireshark_filter


def _who(row: FindingRow, measures: Measures) -> str:
    """Client and server, where the finding is about one connection."""
    vpn = next((each for each in measures.vpns if each.vpn == row.vpn), None) if row.vpn is not None else None
    return f"client {split(vpn.client)[0]}, server {split(vpn.server)[0]}" if vpn is not None else ""


def evidence(row: FindingRow, every: Sequence[CaptureRow]) -> str:
    """The frames; where there are several captures, which of each."""
    if len(every) < 2:
        return numbers(row.evidence)
    of = {
        which: [frame for frame, one in zip(row.evidence, row.evidence_captures, strict=True) if one == which]
        for which in row.evidence_captures
    }
    return ", ".join(f"{numbers(frames)} of capture {which}" for which, frames in of.items())


def _times(row: FindingRow, every: Sequence[CaptureRow]) -> str:
    first, last = when(row.first, every), when(row.last, every)
    return f"at {first}" if first == last else f"{first} to {last}"
