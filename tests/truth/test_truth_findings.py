"""The findings on every laboratory capture: what was done is found first or is among the alternatives, and nothing else."""

from __future__ import annotations

import confusion
import pytest

import l2tpscope
from l2tpscope import findings

SCENARIOS = sorted(path.parent.name for path in confusion.LAB.glob("*/truth.json"))
pytestmark = [pytest.mark.shared, pytest.mark.slow]
TRUE_WARNINGS = {"L2S201", "L2S202", "L2S203", "L2S205", "L2S507", "L2S601", "L2S602", "L2S603", "L2S604"}
"""Warnings that are true of scenarios that work: loss that was set, traffic in clear, weak algorithms, an MTU that was set."""


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_first_error_is_what_was_done(scenario: str) -> None:
    """At every capture point the first error names what was done or has it among its alternatives; where all works there is none."""
    for _, point, first, verdict in confusion.table([scenario]):
        assert verdict in ("right", "among alternatives", "quiet"), (point, first)


@pytest.mark.parametrize("scenario", [one for one in SCENARIOS if one not in confusion.CAUSES])
def test_what_works_has_no_untrue_warning(scenario: str) -> None:
    """Of scenarios that work, only warnings that are true of them."""
    rows = l2tpscope.read(str(confusion.LAB / scenario / "wan.pcap")).rows("findings")
    assert {row.finding for row in rows if row.severity == "warning"} <= TRUE_WARNINGS


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_gates_keep_nothing_out(scenario: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With every rule loaded there is nothing more than with those alone whose layer may have something."""
    path = str(confusion.LAB / scenario / "server.pcap")
    gated = l2tpscope.read(path).rows("findings")
    monkeypatch.setattr(findings, "layers", lambda *_: "1234569")
    assert l2tpscope.read(path).rows("findings") == gated
