"""The order of findings: causes before what follows from them, alike things once."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from l2tpscope.analysis.rows import FindingRow
from l2tpscope.findings import Finding, Module, Rule, Severity
from l2tpscope.findings.fold import Found, rows
from l2tpscope.findings.rule import Place


def found(rule: str, vpn: int | None = 1, first: int = 0, severity: Severity = Severity.ERROR, **given: Any) -> Found:
    """A finding of a rule made up."""
    module = Module(Rule(rule, rule.lower(), severity, ""), lambda _: (), "What else could cause it: a; b.\nWhat to do: look")
    blank = {
        "grade": "likely",
        "subject": f"vpn {vpn}",
        "summary": rule,
        "evidence": (Place(1, 10 * (vpn or 0) + 1),),
        "wireshark_filter": rule,
    }
    return Found(module, Finding(**{**blank, "vpn": vpn, "first": first, "last": first + 1, **given}))


def told(*several: Found, vpns: int = 1) -> Sequence[FindingRow]:
    """The rows that are made of them."""
    return rows(several, SimpleNamespace(measures=SimpleNamespace(vpns=[None] * vpns)))  # type: ignore[arg-type]


def test_the_first_broken_layer_comes_first() -> None:
    """PPP and L2TP that fail in the connection whose ESP broke before are consequences of it, under it."""
    made = told(found("L2S301", first=9), found("L2S101", first=8), found("L2S501", first=5), found("L2S405", vpn=2))
    assert [(row.finding, row.consequence_of) for row in made] == [
        ("L2S405", None),
        ("L2S501", None),
        ("L2S101", "L2S501"),
        ("L2S301", "L2S501"),
    ]


def test_what_began_before_is_no_consequence() -> None:
    """A later layer that failed earlier, or in another connection, is not explained."""
    made = told(found("L2S501", first=5), found("L2S101", first=4), found("L2S301", vpn=2, first=9))
    assert [row.consequence_of for row in made] == [None, None, None]


def test_a_warning_explains_nothing() -> None:
    """Only what does not work is a cause."""
    assert [row.consequence_of for row in told(found("L2S501", severity=Severity.WARNING), found("L2S101", first=1))] == [None, None]


def test_alike_attempts_are_told_once() -> None:
    """Seven attempts of nine that end alike are one row with their count, and frames of each."""
    made = told(*(found("L2S405", vpn=number, first=number) for number in (1, 2, 3, 5, 6, 8, 9)), vpns=9)
    assert len(made) == 1
    row = made[0]
    assert (row.count, row.subject, row.vpn, row.first, row.last) == (7, "vpns 1-3, 5-6, 8-9", None, 1, 10)
    assert row.summary == "7 of 9 connections: L2S405"
    assert row.evidence == [11, 21, 31, 51, 61, 81, 91]
    assert row.alternatives == ["a", "b"]


def test_what_differs_in_grade_or_words_is_told_apart() -> None:
    """A row has one grade and one sentence."""
    made = told(found("L2S405"), found("L2S405", vpn=2, grade="hint"), found("L2S405", vpn=3, summary="other"))
    assert [row.grade for row in made] == ["likely", "likely", "hint"]


def test_errors_come_before_warnings() -> None:
    """A warning of an earlier layer stands after an error of a later one."""
    assert [row.finding for row in told(found("L2S405", severity=Severity.WARNING), found("L2S301", vpn=2))] == ["L2S301", "L2S405"]
