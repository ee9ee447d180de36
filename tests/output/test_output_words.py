"""Facts in words."""

from __future__ import annotations

import pytest
from example_report import loss, session, tunnel

from l2tpscope.core.endpoints import split
from l2tpscope.output import words


@pytest.mark.parametrize(
    ("endpoint", "shown"),
    [
        ("203.0.113.5:1701", "203.0.113.5"),
        ("203.0.113.5:61991", "203.0.113.5:61991"),
        ("[2001:db8::1]:1701", "2001:db8::1"),
        ("[2001:db8::1]:1702", "[2001:db8::1]:1702"),
        ("203.0.113.5", "203.0.113.5"),
        ("2001:db8:0:1:2:3:4:1701", "2001:db8:0:1:2:3:4:1701"),
    ],
)
def test_only_the_usual_port_is_left_out(endpoint: str, shown: str) -> None:
    """An endpoint shows its port unless it is 1701."""
    assert words.party(endpoint) == shown


@pytest.mark.parametrize(
    ("endpoint", "shown"),
    [
        ("203.0.113.5:500", "203.0.113.5"),
        ("203.0.113.5:4500", "203.0.113.5"),
        ("203.0.113.5:249", "203.0.113.5:249"),
        ("[2001:db8::1]:4500", "2001:db8::1"),
        ("2001:db8:0:1:2:3:4:4500", "2001:db8:0:1:2:3:4:4500"),
        ("2001:db8::500", "2001:db8::500"),
        ("", ""),
    ],
)
def test_ports_that_a_nat_chose_stay(endpoint: str, shown: str) -> None:
    """The ports of IKE, ESP and L2TP are left out, others tell clients apart; the end of an address is no port."""
    assert words.host(endpoint) == shown


@pytest.mark.parametrize(
    ("endpoint", "both"),
    [
        ("203.0.113.5:500", ("203.0.113.5", "500")),
        ("[2001:db8::1]:4500", ("2001:db8::1", "4500")),
        ("2001:db8::1", ("2001:db8::1", "")),
        ("203.0.113.5", ("203.0.113.5", "")),
    ],
)
def test_endpoints_come_apart(endpoint: str, both: tuple[str, str]) -> None:
    """Address and port of every form of endpoint."""
    assert split(endpoint) == both


def test_guessed_roles_are_marked() -> None:
    """Where nobody saw who began, the arrow has a question mark."""
    assert words.between(tunnel(roles="guessed")).endswith("203.0.113.5 ?")
    assert words.between(tunnel(roles="seen")).endswith("203.0.113.5")


def test_unknown_ids_are_a_dash() -> None:
    """An id that was not seen is not 0."""
    assert words.ids(tunnel(initiator_id=None)) == "–/11"


@pytest.mark.parametrize(
    ("given", "ending"),
    [
        ({}, 'closed by initiator: result 1 (general request to clear), "Goodbye!"'),
        (
            {
                "state": "refused",
                "closed_by": "responder",
                "result_code": 2,
                "result": "general error",
                "error_code": 4,
                "error": "no resources",
            },
            'refused by responder: result 2 (general error), error 4 (no resources), "Goodbye!"',
        ),
        ({"state": "lost", "result_code": None, "error_message": None}, "lost: initiator gave up waiting for an answer"),
        ({"state": "lost", "closed_by": None, "result_code": None, "error_message": None}, "lost: nobody is heard any more"),
        ({"state": "unanswered", "result_code": None, "error_message": None, "messages_to_initiator": 0}, "no answer to its request"),
        ({"state": "unanswered", "result_code": None, "error_message": None}, "the initiator never took up the answer"),
        ({"state": "established", "closed_by": None, "result_code": None, "error_message": None}, None),
        ({"closed_by": None}, 'closed by a side that is not known: result 1 (general request to clear), "Goodbye!"'),
        ({"result": None, "error_message": None}, "closed by initiator: result 1"),
        ({"result_code": None, "error_message": None}, "closed by initiator"),
    ],
)
def test_endings(given: dict[str, object], ending: str | None) -> None:
    """An ending names the state, the side, the codes with their meaning, and the peer's words."""
    assert words.ending(tunnel(**given)) == ending


def test_disconnect_causes_are_told() -> None:
    """The Q.931 cause of a session stands among its reasons."""
    row = session(result_code=3, result="administrative", disconnect_cause="16 normal")
    assert words.ending(row) == "closed by initiator: result 3 (administrative), disconnect cause 16 normal"


def test_long_messages_are_cut() -> None:
    """A peer cannot fill the screen: its words are cut at 120 characters."""
    assert words.said("x" * 5000) == '"' + "x" * 120 + '…"'


def test_loss_in_words() -> None:
    """Loss is never a ratio alone: lost of expected, and the interval, stand with it."""
    assert words.loss(loss()) == "21/5,001 0.42 % (0.28-0.64)"


def test_what_a_peer_wrote_is_cut_as_it_is_shown() -> None:
    """A long text is cut by the columns it takes on the screen, so that escapes and wide letters cannot fill it."""
    assert words.cut("x" * 120) == "x" * 120
    assert words.cut("x" * 121) == "x" * 120 + "…"
    assert words.cut("\x1b" * 99) == "\x1b" * 30 + "…"
    assert words.cut("東" * 99) == "東" * 60 + "…"
