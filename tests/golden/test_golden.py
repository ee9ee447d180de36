"""Small laboratory captures: their facts hold, and the whole document of each is as it was (`L2TPSCOPE_UPDATE_GOLDEN=1` rewrites it)."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import l2tpscope

HERE = Path(__file__).parent
CASES = sorted(path.parent for path in HERE.glob("*/facts.json"))
EVERY_CASE = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
UPDATE = os.environ.get("L2TPSCOPE_UPDATE_GOLDEN") == "1"
SIDES = ("initiator", "responder")


@cache
def report(case: Path) -> Any:
    """The program's report of a case."""
    return l2tpscope.read(str(case / "capture.pcap"))


def facts(case: Path) -> Any:
    """What is known of a case."""
    return json.loads((case / "facts.json").read_text())


def pairs(case: Path) -> list[tuple[Any, Any]]:
    """Each tunnel of the facts beside its row."""
    rows = {(row.initiator, row.responder, row.initiator_id, row.responder_id): row for row in report(case).rows("tunnels")}
    return [(one, rows[one["initiator"], one["responder"], one["initiator_id"], one["responder_id"]]) for one in facts(case)["tunnels"]]


def session_pairs(case: Path) -> list[tuple[Any, Any]]:
    """Each session of the facts beside its row."""
    rows = {(row.tunnel, row.initiator_id, row.responder_id): row for row in report(case).rows("sessions")}
    sessions = [(row.tunnel, one) for tunnel, row in pairs(case) for one in tunnel["sessions"]]
    return [(one, rows[tunnel, one["initiator_id"], one["responder_id"]]) for tunnel, one in sessions]


def check_closing(expected: dict[str, Any], row: Any) -> None:
    """Side and codes, but for those that no tap can know."""
    for name, got in (("by", row.closed_by), ("result", row.result_code), ("error", row.error_code)):
        assert isinstance(expected[name], dict) or expected[name] == got, (expected, name, got)


def test_every_case_is_complete() -> None:
    """Fifteen cases, each with a capture of at most 200 KB, one sentence about it, and its facts."""
    assert len(CASES) == 15
    for case in CASES:
        assert (case / "capture.pcap").stat().st_size <= 200_000
        assert (case / "about.md").read_text().strip().endswith(".")


@EVERY_CASE
def test_tunnels_and_sessions(case: Path) -> None:
    """Exactly the tunnels and sessions that were there, with ids, control frames, retransmissions and data packets each way."""
    found, sessions = pairs(case), session_pairs(case)
    assert len(found) == len(report(case).rows("tunnels"))
    assert len(sessions) == len(report(case).rows("sessions"))
    for fact, row in found:
        for side in SIDES:
            assert getattr(row, f"messages_to_{side}") == fact["control"][side]
            assert getattr(row, f"retransmissions_to_{side}") == fact["retransmissions"][side]
    for fact, row in sessions:
        for side in SIDES:
            assert getattr(row, f"data_packets_to_{side}") == fact["data"][side]


@EVERY_CASE
def test_closings(case: Path) -> None:
    """Who closed each tunnel and session, with which codes."""
    for fact, row in pairs(case) + session_pairs(case):
        check_closing(fact["closing"], row)


@EVERY_CASE
def test_round_trips(case: Path) -> None:
    """The smallest clean sample of each side is the delay set there, within 1 ms or 2 %; none is shorter than the path allows."""
    for fact, row in pairs(case):
        for side, trip in fact["round_trips"].items():
            got = getattr(row, f"rtt_{side}_side_min_s")
            assert got is None or got >= trip["floor_s"] - 1e-9
            if not isinstance(trip["delay_s"], dict):
                assert got is not None
                assert abs(got - trip["delay_s"]) <= trip["tolerance_s"]


@EVERY_CASE
def test_loss(case: Path) -> None:
    """Data with the S bit: lost, received, repeated and reordered to the packet; without: not measurable, and why."""
    rows = {(row.session, row.direction): row for row in report(case).rows("loss") if row.space == "l2tp-data"}
    for fact, session in session_pairs(case):
        for side in SIDES:
            true, row = fact["sequences"][side], rows.get((session.session, f"to_{side}"))
            if true is None:
                assert row is None or (not row.measurable and row.why_not and row.lost is None)
                continue
            assert row is not None
            assert row.measurable
            assert (row.received, row.duplicate, row.reordered) == (true["received"], true["duplicate"], true["reordered"])
            assert row.lost + row.pending == true["lost_inside"]
            assert row.pending <= true["late"]


@EVERY_CASE
def test_ike_sas(case: Path) -> None:
    """Exactly the IKE SAs that were there: SPIs, the last step, messages and retransmissions."""
    known, rows = facts(case).get("ike_sas", []), report(case).rows("ike_sas")
    assert [(one["initiator_spi"], one["responder_spi"], one["furthest"], one["messages"]) for one in known] == [
        (row.initiator_spi, row.responder_spi, row.furthest, row.messages) for row in rows
    ]
    for one, row in zip(known, rows, strict=True):
        assert (row.retransmissions_to_initiator, row.retransmissions_to_responder) == tuple(one["retransmissions"].values())


@EVERY_CASE
def test_esp_sas(case: Path) -> None:
    """Exactly the ESP SAs that were there: packets, what was lost before the tap and what may still come, order."""
    rows = {row.spi: row for row in report(case).rows("esp_sas")}
    known = {one["spi"]: one for one in facts(case).get("esp_sas", [])}
    assert known.keys() == rows.keys()
    for spi, one in known.items():
        row = rows[spi]
        assert (row.packets, row.reordered, row.lost + row.pending) == (one["packets"], one["reordered"], one["lost"])
        assert row.pending <= one["late"]


@EVERY_CASE
def test_document(case: Path) -> None:
    """The whole JSON document is the stored one, but for the path and the program's version."""
    document = json.loads(report(case).to_json())
    document["tool"]["version"] = "-"
    for row in document["captures"]:
        row["path"] = Path(row["path"]).name
    stored = case / "report.json"
    if UPDATE:
        stored.write_text(json.dumps(document, indent=1) + "\n")
    assert stored.exists(), "no document stored: L2TPSCOPE_UPDATE_GOLDEN=1 makes it"
    expected = json.loads(stored.read_text())
    assert document.keys() == expected.keys()
    for table in document:
        assert document[table] == expected[table], table
