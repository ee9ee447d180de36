"""The program's word on every laboratory capture with L2TPv2 in clear, against the facts of `lab.py`."""

from __future__ import annotations

from functools import cache
from typing import Any

import lab
import loss
import pytest
from conversations import INITIATOR, RESPONDER

import l2tpscope

pytestmark = [pytest.mark.shared, pytest.mark.skipif(not lab.LAB.is_dir(), reason="the laboratory captures (../shared) are not here")]

EVERY_CAPTURE = pytest.mark.parametrize(("scenario", "point"), lab.CASES, ids=[f"{scenario}/{point}" for scenario, point in lab.CASES])
SEQUENCED = ("atk_replay", "kl2tpd_lossy", "l2tp_clear_loss_seq", "l2tp_clear_reorder_seq")

Key = tuple[str, str, int | None, int | None]


@cache
def report(scenario: str, point: str) -> Any:
    """The program's report of a capture point."""
    return l2tpscope.read([str(path) for path in lab.files(scenario, point)])


def tunnel_rows(scenario: str, point: str) -> dict[Key, Any]:
    """Its tunnels by endpoints and ids."""
    return {(row.initiator, row.responder, row.initiator_id, row.responder_id): row for row in report(scenario, point).rows("tunnels")}


def facts(scenario: str, point: str) -> dict[Key, lab.TunnelFacts]:
    """The expected tunnels by endpoints and ids."""
    return {(fact.initiator, fact.responder, fact.initiator_id, fact.responder_id): fact for fact in lab.expected(scenario, point)}


def pairs(scenario: str, point: str) -> list[tuple[lab.TunnelFacts, Any]]:
    """Each expected tunnel beside its row; fails where one is missing."""
    rows = tunnel_rows(scenario, point)
    return [(fact, rows[key]) for key, fact in facts(scenario, point).items()]


def session_pairs(scenario: str, point: str) -> list[tuple[lab.SessionFacts, Any]]:
    """Each expected session beside its row."""
    rows = report(scenario, point).rows("sessions")
    found = []
    for tunnel, tunnel_row in pairs(scenario, point):
        for session in tunnel.sessions:
            ids = (session.initiator_id, session.responder_id)
            of_ids = [row for row in rows if row.tunnel == tunnel_row.tunnel and (row.initiator_id, row.responder_id) == ids]
            assert len(of_ids) == 1, f"session {ids} of tunnel {tunnel.initiator_id}: {len(of_ids)} rows"
            found.append((session, of_ids[0]))
    return found


def known(expected: object, got: object) -> bool:
    """Whether a fact is as expected; what no tap can know is right whatever it is."""
    return isinstance(expected, lab.Unknown) or expected == got


@EVERY_CAPTURE
def test_tunnels(scenario: str, point: str) -> None:
    """Exactly the tunnels that were there, each with its endpoints and both ids."""
    rows = report(scenario, point).rows("tunnels")
    assert sorted(map(repr, tunnel_rows(scenario, point))) == sorted(map(repr, facts(scenario, point)))
    assert len(rows) == len(lab.expected(scenario, point))


@EVERY_CAPTURE
def test_sessions(scenario: str, point: str) -> None:
    """Exactly the sessions that were there, each in its tunnel with its ids, and as many data packets each way as the capture has."""
    found = session_pairs(scenario, point)
    assert len(found) == len(report(scenario, point).rows("sessions"))
    for fact, row in found:
        assert (row.data_packets_to_initiator, row.data_packets_to_responder) == (fact.data[INITIATOR], fact.data[RESPONDER])


@EVERY_CAPTURE
def test_closing_of_tunnels(scenario: str, point: str) -> None:
    """Who closed each tunnel, with which result and error code."""
    for fact, row in pairs(scenario, point):
        got = (row.closed_by, row.result_code, row.error_code)
        assert known(fact.closing.by, got[0]), (fact, got)
        assert known(fact.closing.result, got[1]), (fact, got)
        assert known(fact.closing.error, got[2]), (fact, got)


@EVERY_CAPTURE
def test_closing_of_sessions(scenario: str, point: str) -> None:
    """Who closed each session, with which result and error code; codes only where a CDN brought them."""
    for fact, row in session_pairs(scenario, point):
        got = (row.closed_by, row.result_code, row.error_code)
        assert known(fact.closing.by, got[0]), (fact, got)
        assert known(fact.closing.result, got[1]), (fact, got)
        assert known(fact.closing.error, got[2]), (fact, got)


@EVERY_CAPTURE
def test_control_messages_and_retransmissions(scenario: str, point: str) -> None:
    """Control frames and retransmissions per direction are as many as counted by hand from the bytes."""
    for fact, row in pairs(scenario, point):
        assert (row.messages_to_initiator, row.messages_to_responder) == (fact.control[INITIATOR], fact.control[RESPONDER])
        got = (row.retransmissions_to_initiator, row.retransmissions_to_responder)
        assert got == (fact.retransmissions[INITIATOR], fact.retransmissions[RESPONDER]), (fact, got)


@EVERY_CAPTURE
def test_round_trips(scenario: str, point: str) -> None:
    """The smallest clean sample of each side lies within 1 ms or 2 % of the delay set there, and none is shorter than the path allows."""
    for fact, row in pairs(scenario, point):
        for side, trip in fact.round_trips.items():
            got = row.rtt_initiator_side_min_s if side == INITIATOR else row.rtt_responder_side_min_s
            assert got is None or got >= trip.floor_s - 1e-9, f"{side}: {got} s is shorter than the path, {trip.floor_s} s"
            if not isinstance(trip.delay_s, lab.Unknown):
                assert got is not None, f"{side}: no sample, by hand {trip.fastest_s} s"
                assert abs(got - trip.delay_s) <= trip.tolerance_s, f"{side}: {got} s, set {trip.delay_s} s, by hand {trip.fastest_s} s"


@pytest.mark.parametrize(("scenario", "point"), [case for case in lab.CASES if case[0] in SEQUENCED])
def test_loss_of_sequenced_data(scenario: str, point: str) -> None:
    """Data lost upstream of the tap, to the packet, and what came twice or out of order, for every session and direction with the S bit."""
    rows = [row for row in report(scenario, point).rows("loss") if row.space == "l2tp-data" and row.measurable]
    expected = 0
    for fact, session in session_pairs(scenario, point):
        for receiver, sequence in fact.sequences.items():
            if sequence is None:
                continue
            assert isinstance(sequence, loss.Sequence)
            expected += 1
            row = next(row for row in rows if row.session == session.session and row.direction == f"to_{receiver}")
            assert row.received == sequence.received
            assert row.duplicate == sequence.duplicate
            assert row.reordered == sequence.reordered
            assert row.lost + row.pending == sequence.lost_inside + sequence.lost_before, (row, sequence)
            assert row.pending <= sequence.late, (row, sequence)
    assert len(rows) == expected > 0


@EVERY_CAPTURE
def test_loss_without_sequence_numbers_is_not_measurable(scenario: str, point: str) -> None:
    """Data without the S bit get no loss figure, but the reason."""
    rows = {(row.session, row.direction): row for row in report(scenario, point).rows("loss") if row.space == "l2tp-data"}
    for fact, session in session_pairs(scenario, point):
        for receiver, sequence in fact.sequences.items():
            if sequence is None and fact.data[receiver]:
                row = rows[session.session, f"to_{receiver}"]
                assert not row.measurable
                assert row.lost is None
                assert row.why_not
