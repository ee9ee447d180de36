"""Findings on a page, in the summary, in Markdown."""

from __future__ import annotations

from example_report import HOSTILE, capture, finding, measures, report

from l2tpscope.analysis.rows import Measures
from l2tpscope.output import Page
from l2tpscope.output.escape import markdown
from l2tpscope.output.findings import evidence
from l2tpscope.output.markdown import pieces
from l2tpscope.output.page import cells
from l2tpscope.output.text import text


def test_a_finding_is_told_whole() -> None:
    """Severity, grade, id, sentence, who, frames, against, alternatives, advice and filter are on the page, within 100 columns."""
    shown = text(report(), "findings", Page())
    assert max(map(cells, shown.splitlines())) <= 100
    for word in ("ERROR (certain)  L2S105", "client 198.51.100.10, server 203.0.113.5", "7-9, 12", "`x`|<b>", "one; another", "look there"):
        assert word in shown
    assert "\x1b" not in shown
    assert "\\x1b[2J\\r\\nevil\\u202e" in shown


def test_the_summary_begins_with_what_is_wrong() -> None:
    """The findings stand after the captures and before connections and tunnels."""
    shown = text(report(), "summary", Page())
    assert shown.index("CAPTURE") < shown.index("FINDINGS 1: 1 error") < shown.index("TUNNELS")


def test_nothing_wrong_is_said() -> None:
    """Without findings the page says so, and the summary has no block of them."""
    given = measures()
    given.findings = []
    assert "nothing was found that is wrong" in text(report(measures=given), "findings", Page())
    assert "FINDINGS" not in text(report(measures=given), "summary", Page())


def test_nothing_to_judge_is_not_nothing_wrong() -> None:
    """Of a capture without L2TP and IPsec nobody is told that nothing was found that is wrong."""
    none = capture(verdict="empty", l2tp2_control_frames=0, l2tp2_data_frames=0)
    shown = text(report(measures=Measures(captures=[none])), "findings", Page())
    assert "there was nothing to judge" in shown
    assert "nothing was found that is wrong" not in shown


def test_only_a_hint_of_good_to_know_is_not_named_first() -> None:
    """The summary counts what is good to know, and does not name it."""
    given = measures()
    given.findings = [finding(severity="info", summary="unimportant")]
    shown = text(report(measures=given), "summary", Page())
    assert "FINDINGS 1: 1 info" in shown
    assert "unimportant" not in shown


def test_frames_of_several_captures_are_told_apart() -> None:
    """Where there are several captures, each frame is named with its own."""
    row = finding(evidence=[7, 8, 3], evidence_captures=[1, 1, 2])
    assert evidence(row, [capture()]) == "3, 7-8"
    assert evidence(row, [capture(), capture(capture=2)]) == "7-8 of capture 1, 3 of capture 2"


def test_markdown_has_no_marks_of_a_peer() -> None:
    """Text off the wire neither formats, links, mentions nor ends its line in a ticket."""
    shown = "".join(pieces(report()))
    assert "<script>" not in shown
    assert "\x1b" not in shown
    assert "\\<script\\>alert\\(1\\)" in shown
    assert "- **filter:** `l2tp && ip.addr == 203.0.113.5`" in shown
    assert markdown("![x](http://a) @bob www.b.c |") == "\\!\\[x\\]\\(http\\://a\\) \\@bob www\\.b.c \\|"
    assert HOSTILE not in shown
