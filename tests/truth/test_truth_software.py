"""The mystery test: every peer that is known, by the names that the program gives it."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import lab
import pytest
from software import L2TP_DAEMONS, PUBLIC_CAPTURES, Score, daemon, laboratory, named, report, score_all

import l2tpscope

pytestmark = [pytest.mark.shared, pytest.mark.skipif(not lab.LAB.is_dir(), reason="the laboratory captures (../shared) are not here")]

LEAST = {
    "laboratory L2TP: xl2tpd": 0.98,
    "laboratory L2TP: go-l2tp": 1.0,
    "laboratory L2TP: SoftEther": 1.0,
    "laboratory L2TP: a script": 1.0,
    "laboratory IKE: strongSwan": 0.95,
    "laboratory IKE: Libreswan": 1.0,
    "laboratory IKE: SoftEther": 1.0,
    "public L2TP: Windows": 0.75,
    "public L2TP: Cisco": 0.75,
    "public IKE: Openswan": 0.75,
    "public IKE: strongSwan": 1.0,
    "public IKE: Windows": 1.0,
}
"""Points: one a peer named right, a half where nothing is said. Two public tunnels have their end only; strongSwan is silent in IKEv2."""
PARTS = ("f_ike_id_mismatch_then_clear", "kl2tpd_ok", "l2tp_clear_ok", "l2tp_pap", "mtu_fragmented")


@pytest.fixture(scope="module")
def scores() -> dict[str, Score]:
    """By kind of peer."""
    return score_all()


def test_no_graded_name_is_wrong(scores: dict[str, Score]) -> None:
    """Nothing wrong is called certain or likely; nor, as it is, is any hint wrong."""
    assert [mistake for score in scores.values() for mistake in score.graded] == []
    assert [mistake for score in scores.values() for mistake in score.mistakes] == []


def test_every_kind_of_peer_is_named(scores: dict[str, Score]) -> None:
    """As often as can be: a program that says nothing would get a half."""
    assert set(scores) == set(LEAST)
    assert {kind: score.points for kind, score in scores.items() if score.points < LEAST[kind]} == {}


def test_whoever_was_seen_opening_a_tunnel_is_named() -> None:
    """Each daemon of the laboratory whose SCCRQ or SCCRP is in clear has its name, with its reasons and more than a hint."""
    seen = 0
    for scenario, path in laboratory():
        opened = {(row.tunnel, row.direction) for row in report(path).rows("messages") if row.message in ("SCCRQ", "SCCRP")}
        for row in report(path).rows("tunnels"):
            for side, direction in (("initiator", "to_responder"), ("responder", "to_initiator")):
                right = daemon(scenario, row, side, L2TP_DAEMONS)
                if right and (row.tunnel, direction) in opened:
                    seen += 1
                    assert named(row, side) in ((right[0], "certain"), (right[0], "likely")), (scenario, path.name, row.tunnel, side)
                    assert len(getattr(row, f"{side}_implementation_why")) >= 4
    assert seen > 1000


@pytest.mark.parametrize("first", [3, 6, 12, 40])
def test_a_part_of_a_capture_makes_no_name_wrong(first: int) -> None:
    """Without the first frames there is less to tell, and nothing false."""
    told = 0
    for scenario in PARTS:
        rest = l2tpscope.read(BytesIO(without(lab.LAB / scenario / "wan.pcap", first)))
        for row in rest.rows("tunnels"):
            for side in ("initiator", "responder"):
                name, _ = named(row, side)
                told += 1
                assert name is None or name in (daemon(scenario, row, side, L2TP_DAEMONS) or ()), (scenario, side, name)
    assert told >= len(PARTS)


def test_two_sides_of_the_windows_capture() -> None:
    """Client and router of 2004, each by its own words; the PPP identification is among the client's reasons."""
    (path,) = PUBLIC_CAPTURES.glob("c001__*")
    row = next(row for row in report(path).rows("tunnels") if row.initiator_vendor)
    assert (row.initiator_implementation, row.initiator_implementation_grade) == ("Windows 2000 or XP", "certain")
    assert "Identification MSRASV5.10" in row.initiator_implementation_why
    assert (row.responder_implementation, row.responder_implementation_grade) == ("Cisco", "likely")


def without(path: Path, first: int) -> bytes:
    """A little-endian pcap file without its first frames."""
    octets = path.read_bytes()
    at = 24
    for _ in range(first):
        at += 16 + int.from_bytes(octets[at + 8 : at + 12], "little")
    return octets[:24] + octets[at:]
