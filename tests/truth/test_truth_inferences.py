"""Every inference from ciphertext, over all laboratory captures with IPsec, against what the daemons wrote down."""

from __future__ import annotations

import lab
import pytest
from ciphertext_logs import inside
from inferences import CUTS, Score, captures, score_all

pytestmark = [pytest.mark.shared, pytest.mark.skipif(not lab.LAB.is_dir(), reason="the laboratory captures (../shared) are not here")]

LEAST_RIGHT = {
    "ike-message": 900,
    "cipher": 120,
    "icv-mismatch": 3,
    "stage": 25,
    "heartbeat": 25,
    "heartbeat round trip": 15,
    "dpd round trip": 55,
    "mtu": 15,
    "rekey": 15,
}
"""So that silence is no success."""


@pytest.fixture(scope="module")
def scores() -> dict[str, Score]:
    """By inference."""
    return score_all()


def test_the_logs_tell_what_was_inside() -> None:
    """The truth itself: payloads, ciphers and beats are found in the daemons' logs."""
    truth = inside(lab.LAB / "l2tpipsec_ok")
    assert ["HASH N(DPD)"] in truth.payloads.values()
    assert set(truth.ciphers.values()) == {(16, 12)}
    assert truth.periods[True][0] == truth.periods[False][0] == 10.0
    assert (truth.reached, truth.mtu) == ("traffic", 1410)
    assert set(inside(lab.LAB / "l2tpipsec_3des").ciphers.values()) == {(8, 12)}
    assert inside(lab.LAB / "f_sha2_truncation").reached == "l2tp-request"
    assert len(captures()) > 60


@pytest.mark.parametrize("inference", [*LEAST_RIGHT, "keepalive", "padding"])
def test_no_inference_is_wrong(scores: dict[str, Score], inference: str) -> None:
    """What is told is true, whatever its grade; what cannot be told is withheld."""
    assert scores[inference].mistakes == []


@pytest.mark.parametrize(("inference", "least"), LEAST_RIGHT.items())
def test_inferences_are_made(scores: dict[str, Score], inference: str, least: int) -> None:
    """As many as the laboratory allows: a program that withholds everything would fail."""
    assert scores[inference].right >= least


@pytest.mark.parametrize("cut", CUTS)
def test_a_part_of_a_capture_makes_no_inference_wrong(cut: str) -> None:
    """Without IKE, with one direction only, ended early or with frames missing, there is less to tell and nothing false."""
    scores = score_all(cut)
    assert [mistake for score in scores.values() for mistake in score.mistakes] == []
    assert sum(score.right for score in scores.values()) > 50


def test_heartbeat_round_trips_are_the_set_delay(scores: dict[str, Score]) -> None:
    """The smallest sample of each side lies within 1 ms or 5 % of the delay that netem was told."""
    score = scores["heartbeat round trip"]
    assert score.wrong == 0
    assert score.right >= LEAST_RIGHT["heartbeat round trip"]
