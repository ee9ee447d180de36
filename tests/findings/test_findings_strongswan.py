"""Findings on captures of strongSwan, which the rules had not seen; what its log says is in
strongswan/README.md."""

from __future__ import annotations

from pathlib import Path

import pytest

import l2tpscope
from l2tpscope.analysis.rows import FindingRow
from l2tpscope.output.ladder import ladders

FOLDER = Path(__file__).parent / "strongswan"
KEYS, CERTIFICATE, LARGE, PROPOSAL = "L2S405", "L2S414", "L2S413", "L2S404"
ERRORS = {
    "v12_client": PROPOSAL,
    "v1_aggr_main_client": "L2S412",
    "v1_aggr_psk_client": "L2S412",
    "v1_frag_lost_client": LARGE,
    "v1_frag_lost_server": LARGE,
    "v1_id_client": KEYS,
    "v1_noprop_client": PROPOSAL,
    "v1_ok_client": "L2S407",
    "v1_psk_client": KEYS,
    "v1_unknown_ca_client": CERTIFICATE,
    "v2_expired_client": CERTIFICATE,
    "v2_frag_lost_client": "L2S403",  # that only the pieces are lost, the client's side does not show: among the alternatives
    "v2_frag_lost_server": LARGE,
    "v2_id_client": KEYS,
    "v2_invalid_ke_client": None,
    "v2_noprop_client": PROPOSAL,
    "v2_ok_client": None,  # why there is no child SA is encrypted; that there is no ESP, was not watched for long
    "v2_psk_client": KEYS,
    "v2_skf_lost_client": LARGE,
    "v2_skf_lost_server": LARGE,
    "v2_unknown_ca_client": CERTIFICATE,
}


def errors(name: str) -> list[FindingRow]:
    """The findings of severity error."""
    return [row for row in l2tpscope.read(FOLDER / f"{name}.pcap.gz").rows("findings") if row.severity == "error"]


@pytest.mark.parametrize(("name", "rule"), ERRORS.items())
def test_the_first_error_is_what_the_log_says(name: str, rule: str | None) -> None:
    """What is wrong comes first, and nothing is called an error where nothing was."""
    assert next((row.finding for row in errors(name)), None) == rule


def test_every_capture_is_told() -> None:
    """None lies there unread."""
    assert {path.name.removesuffix(".pcap.gz") for path in FOLDER.glob("*.gz")} == set(ERRORS)


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("v1_aggr_main_client", "takes no aggressive mode"),
        ("v12_client", "version of IKE"),
        ("v2_frag_lost_client", "IP fragments are lost"),
        ("v2_expired_client", "expired"),
        ("v1_id_client", "identity"),
    ],
)
def test_the_true_cause_is_among_what_it_may_be(name: str, cause: str) -> None:
    """Where several causes look alike, the one that the log names is among them."""
    (row,) = errors(name)
    assert any(cause in each for each in [*row.alternatives, row.summary])


def test_pieces_of_a_message_are_no_repetitions() -> None:
    """The second attempt of this client, of which the capture has two fragments of a request sent once, is not told to be sent again."""
    assert [(row.finding, row.vpn) for row in errors("v2_skf_lost_client")] == [(LARGE, 1)]


@pytest.mark.parametrize(
    ("name", "advice"),
    [("v1_aggr_psk_client", "let the client use main mode"), ("v2_skf_lost_client", "make sure that UDP 4500 is open")],
)
def test_what_to_do_here_comes_first(name: str, advice: str) -> None:
    """Advice begins with what helps in this case: strongSwan takes no aggressive mode with a key; on 4500 nothing ever came back."""
    (row,) = errors(name)
    assert row.advice.startswith(advice)


def test_pieces_are_told_by_number_in_the_ladder() -> None:
    """The two pieces of one IKE_AUTH (Wireshark: fragment 1/2, 2/2) are two rows, and no row looks like another's repetition."""
    report = l2tpscope.read(FOLDER / "v2_skf_lost_client.pcap.gz")
    (first, *_) = ladders(report, vpn=1)
    notes = [note.text for rung in first.rungs for note in rung.notes]
    assert [note for note in notes if note.startswith("SKF")] == ["SKF 1/2", "SKF 2/2"]


def test_a_message_in_pieces_is_answered_once() -> None:
    """The server answers the IKE_AUTH of frames 3 and 4 in frame 5 (Wireshark, message ID 1): neither piece is drawn as unanswered."""
    (ladder,) = ladders(l2tpscope.read(FOLDER / "v2_expired_client.pcap.gz"))
    pieces = [rung for rung in ladder.rungs if any(note.text.startswith("SKF") for note in rung.notes)]
    assert len(pieces) == 2
    assert not any("seen" in note.text for rung in pieces for note in rung.notes)
