"""Findings as Markdown, to be pasted into a ticket. Text off the wire is escaped here: it neither formats nor links anything."""

from __future__ import annotations

from collections.abc import Iterator

from l2tpscope.analysis.rows import FindingRow
from l2tpscope.output.escape import markdown
from l2tpscope.output.findings import NOTHING, counts, facts
from l2tpscope.output.values import span
from l2tpscope.report import Report

CODE = ("filter",)
"""What is shown as code."""


def pieces(report: Report) -> Iterator[str]:
    """The captures, then a section a finding."""
    rows: list[FindingRow] = report.rows("findings")
    yield f"# L2TP diagnosis: {markdown(counts(rows))} findings\n\n"
    for one in report.measures.captures:
        doubts = f" ({markdown('; '.join(one.reasons))})" if one.reasons else ""
        yield f"- {markdown(one.path)}: {span(one.time_start, one.time_end)}, {one.frames} frames, quality {one.verdict}{doubts}\n"
    if not rows:
        yield f"\n{markdown(NOTHING)}\n"
    for number, row in enumerate(rows, 1):
        yield f"\n## {number}. {row.severity} ({row.grade}): {row.finding} {markdown(row.name)}, {markdown(row.subject)}\n\n"
        yield f"{markdown(row.summary)}\n\n"
        for label, text in facts(row, report.measures):
            yield f"- **{label}:** {_code(text) if label in CODE else markdown(text)}\n"
    yield f"\nMade by l2tpscope {markdown(report.version)}.\n"


def _code(text: str) -> str:
    """A display filter: ours, of addresses and numbers; a backtick in it would be somebody's trick."""
    return f"`{text}`" if text.isascii() and text.isprintable() and "`" not in text else markdown(text)
