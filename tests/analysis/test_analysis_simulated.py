"""Estimates against a simulated link, of which delay and loss are known."""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulation import TUNNEL, Link, Simulation
from simulation_v3 import CONNECTION, SESSION, Simulation3, Simulation3OverIp

import l2tpscope
from l2tpscope.report import Report

EVERY_KIND = (Simulation, Simulation3, Simulation3OverIp)
KINDS = st.sampled_from(EVERY_KIND)


def analysed(simulation: Simulation) -> Report:
    """The report of what the tap saw."""
    return l2tpscope.read(BytesIO(simulation.run()))


@pytest.mark.parametrize(("client_ms", "server_ms"), [(0.0, 40.0), (20.0, 20.0), (5.0, 120.0), (80.0, 0.0)])
@pytest.mark.parametrize("kind", EVERY_KIND)
def test_round_trips_are_the_delays_that_were_set(kind: type[Simulation], client_ms: float, server_ms: float) -> None:
    """Without loss each side's minimum is twice the delay between the tap and that side, to the microsecond of the clock."""
    (tunnel,) = analysed(kind(Link(client_ms, server_ms), seed=1)).rows("tunnels")
    assert tunnel.rtt_initiator_side_min_s == pytest.approx(2 * client_ms / 1e3, abs=5e-6)
    assert tunnel.rtt_responder_side_min_s == pytest.approx(2 * server_ms / 1e3, abs=5e-6)
    assert tunnel.retransmissions_to_initiator == tunnel.retransmissions_to_responder == 0
    assert tunnel.state == "closed"
    assert tunnel.closed_by == "initiator"


@settings(max_examples=60, deadline=None)
@given(KINDS, st.integers(0, 10**6), st.sampled_from([0.0, 0.02, 0.1, 0.25]), st.sampled_from([0.0, 30.0]))
def test_loss_and_repeats_are_those_of_the_link(kind: type[Simulation], seed: int, loss: float, jitter_ms: float) -> None:
    """Data lost before the tap is counted to the packet, control repeats to the copy, and no clean round trip is too short;
    nothing that two correct peers do is called a violation.
    """
    simulation = kind(Link(10.0, 15.0, loss=loss, jitter_ms=jitter_ms), seed)
    report = analysed(simulation)
    for row in report.rows("tunnels"):
        for direction, from_client in (("to_responder", True), ("to_initiator", False)):
            copies = [count for (client, _, _), count in simulation.passed.items() if client is from_client]
            assert getattr(row, f"retransmissions_{direction}") == sum(copies) - len(copies)
    for row in report.rows("loss"):
        if row.space == "l2tp-data" and row.measurable:
            passed = simulation.data_passed[row.direction == "to_responder"]
            assert row.received == len(passed)
            assert row.lost + row.pending == max(passed) + 1 - len(passed)
            assert row.duplicate == 0
    for sample in report.rows("rtt"):
        if sample.quality == "clean":
            assert sample.rtt_s >= 2 * (10.0 if sample.side == "initiator" else 15.0) / 1e3 - 5e-6
    assert [row for row in report.rows("messages") if row.fit == "violation"] == []


@settings(max_examples=60, deadline=None)
@given(KINDS, st.integers(0, 10**6), st.integers(0, 60))
def test_a_late_begin_invents_nothing(kind: type[Simulation], seed: int, skipped: int) -> None:
    """A capture that begins in the middle has no violation, no loss that did not happen, and the same ids where both are seen."""
    simulation = kind(Link(10.0, 15.0), seed)
    octets = simulation.run()
    first = 24
    for _ in range(skipped):
        first += 16 + int.from_bytes(octets[first + 8 : first + 12], "little")
    report = l2tpscope.read(BytesIO(octets[:24] + octets[first:]))
    assert [row for row in report.rows("messages") if row.fit in ("violation", "retransmission")] == []
    assert all(row.lost == 0 for row in report.rows("loss") if row.measurable)
    for row in report.rows("tunnels"):
        ids = TUNNEL if kind is Simulation else CONNECTION
        assert {row.initiator_id, row.responder_id} == {ids[True], ids[False]}
        assert row.initiator_id == ids[True] or row.roles == "guessed"
    assert len(report.rows("tunnels")) == 1


@settings(max_examples=60, deadline=None)
@given(KINDS, st.integers(0, 10**6), st.sampled_from([0.0, 0.1]))
def test_frames_that_the_capture_dropped_add_no_violation(kind: type[Simulation], seed: int, loss: float) -> None:
    """Dropping frames at random, as a busy tap does, never makes a violation out of what two correct peers do."""
    simulation = kind(Link(10.0, 15.0, loss=loss), seed)
    simulation.run()
    chosen = simulation.random
    simulation.records = [record for record in simulation.records if chosen.random() > 0.3]
    report = l2tpscope.read(BytesIO(simulation.file()))
    assert [row for row in report.rows("messages") if row.fit == "violation"] == []


@pytest.mark.parametrize("kind", [Simulation3, Simulation3OverIp])
def test_a_session_of_v3_is_told_by_its_set_up(kind: type[Simulation3]) -> None:
    """Ids, pseudowire, cookies of different lengths, sublayer: as the AVPs have them, and certain."""
    report = analysed(kind(Link(10.0, 15.0), seed=3))
    (tunnel,), (session,) = report.rows("tunnels"), report.rows("sessions")
    assert (tunnel.version, tunnel.encapsulation) == (3, "ip" if kind is Simulation3OverIp else "udp")
    assert (session.initiator_id, session.responder_id, session.call) == (SESSION[True], SESSION[False], "incoming")
    assert (session.cookie_octets_to_initiator, session.cookie_octets_to_responder) == (4, 8)
    assert (session.sublayer_to_initiator, session.layout_grade_to_initiator, session.pseudowire) == ("default", "certain", "Ethernet port")
    assert (session.data_packets_to_initiator, session.data_packets_to_responder) == (200, 200)


@pytest.mark.parametrize("kind", [Simulation3, Simulation3OverIp])
def test_a_session_of_v3_is_told_by_its_packets(kind: type[Simulation3]) -> None:
    """Without the control messages the same cookies and the same loss, and likely."""
    simulation = kind(Link(10.0, 15.0, loss=0.1), seed=3)
    simulation.run()
    simulation.keep_data()
    report = l2tpscope.read(BytesIO(simulation.file()))
    (session,) = report.rows("sessions")
    assert (session.call, session.layout_grade_to_responder, session.pseudowire) == ("static", "likely", "Ethernet")
    assert (session.cookie_octets_to_initiator, session.cookie_octets_to_responder) == (4, 8)
    for row in report.rows("loss"):
        if row.space == "l2tp-data":
            passed = simulation.data_passed[row.direction == "to_responder"]
            assert (row.received, row.lost + row.pending) == (len(passed), max(passed) - min(passed) + 1 - len(passed))


@pytest.mark.parametrize("packets", [19, 20])
def test_no_cookie_is_told_from_fewer_than_20_packets(packets: int) -> None:
    """19 packets of a direction give no cookie, 20 do."""
    simulation = Simulation3OverIp(Link(10.0, 15.0), seed=3, data=packets)
    simulation.run()
    simulation.keep_data()
    (session,) = l2tpscope.read(BytesIO(simulation.file())).rows("sessions")
    assert (session.cookie_octets_to_initiator, session.cookie_octets_to_responder) == ((None, None) if packets < 20 else (4, 8))
