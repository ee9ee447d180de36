"""What encrypted IKE messages are, from their lengths and from what goes before and after."""

from __future__ import annotations

import pytest
from ciphertext import AES_SHA1, SECOND, SETUP, Talk, pair_of

from l2tpscope.analysis.encrypted import Inferred, infer
from l2tpscope.analysis.encrypted.ike_lengths import INFORMATIONAL, Lengths
from l2tpscope.frames import Endpoint

DELETE_ESP, DELETE_IKE, DPD, ERROR = 16, 28, 32, 12

SEEN = [
    ((16, 20), 12, 76),
    ((16, 20), 40, 108),
    ((16, 20), 16, 76),
    ((16, 20), 28, 92),
    ((16, 20), 32, 92),
    ((16, 20), 0, 60),
    ((8, 20), 12, 68),
    ((8, 20), 40, 100),
    ((8, 20), 28, 84),
    ((8, 16), 0, 52),
    ((16, 32), 12, 92),
    ((16, 32), 32, 108),
    ((16, 32), 0, 76),
    ((16, 48), 32, 124),
    ((16, 48), 40, 124),
    ((16, 48), 0, 92),
]
"""(Block, hash), octets of the body, length on the wire: of strongSwan, libreswan, Cisco."""


def concluded(talk: Talk, *, esp_until: float | None = None, end: float = 200.0) -> Inferred:
    """With an ESP pair in use until then."""
    pairs, ike_of = [], {}
    if esp_until is not None:
        pairs = [pair_of([*SETUP, (esp_until - 0.1, True, 100), (esp_until, False, 100)], AES_SHA1)]
        ike_of = {1: 1}
    return infer(pairs, {1: talk.story}, ike_of, (0, int(end * SECOND)))


def named(result: Inferred) -> list[str]:
    """The classes of all INFORMATIONALs, in their order."""
    return [one.value for one in result.messages if one.said.name.startswith("INF")]


def started(**options: int | None) -> Talk:
    """An SA after Main Mode and a Quick Mode."""
    talk = Talk(**options)  # type: ignore[arg-type]
    talk.main()
    talk.quick(0.2)
    return talk


@pytest.mark.parametrize(("cipher", "body", "octets"), SEEN)
def test_lengths_are_those_of_real_daemons(cipher: tuple[int, int], body: int, octets: int) -> None:
    """The equation gives the lengths that were seen, with or without a whole block of padding."""
    assert octets in Lengths(*cipher).of(body)


def test_set_up_messages_are_classed_by_length() -> None:
    """MM5 has INITIAL_CONTACT and MM6 has not; QM2 has no KE payload; QM3 is a hash alone."""
    values = [one.value for one in concluded(started()).messages]
    assert values == [
        "MM5: identity, HASH and INITIAL_CONTACT",
        "MM6: identity and HASH",
        "QM2: without KE, no perfect forward secrecy",
        "QM3: HASH alone",
    ]


def test_identities_are_addresses_of_the_version_in_use() -> None:
    """Between IPv6 hosts an identity is 12 octets longer, so that 92 octets of MM5 hold no INITIAL_CONTACT; QM2 is left alone."""
    talk = Talk()
    talk.main()
    talk.quick(0.2)
    for said in talk.story.said:
        said.frame.sender = Endpoint(bytes(16), 500)
    talk.story.said[4].frame.octets = 92
    assert [one.value for one in concluded(talk).messages][::2] == ["MM5: identity and HASH", "QM3: HASH alone"]


@pytest.mark.parametrize(("extra", "secrecy"), [(0, False), (24, False), (132, True), (260, True)])
@pytest.mark.parametrize("cipher", [(16, 20), (8, 20), (16, 32), (16, 48)])
def test_perfect_forward_secrecy_shows_in_qm2(extra: int, secrecy: bool, cipher: tuple[int, int]) -> None:
    """A KE payload of a MODP group is longer than all that may be there without it; the range between is not told."""
    lengths = Lengths(*cipher)
    assert lengths.perfect_forward_secrecy(min(lengths.of(116 + extra))) in ((True, None) if secrecy else (False,))
    assert lengths.perfect_forward_secrecy(min(lengths.of(140 + 260))) is True


def test_dead_peer_detection_is_answered_and_life_goes_on() -> None:
    """Requests and answers are told, counted, and give round trips of the side that answers; the deletes at the end are not DPD."""
    talk = started()
    for number in range(4):
        talk.inf(10.0 * (number + 1), True, DPD)
        talk.inf(10.0 * (number + 1) + 0.05, False, DPD)
    talk.inf(60.0, True, DELETE_ESP)
    talk.inf(60.001, True, DELETE_IKE)
    result = concluded(talk)
    assert named(result) == ["DPD request", "DPD answer"] * 4 + ["delete of an ESP SA", "delete of the IKE SA"]
    assert result.dead_peer_checks == {1: 4}
    assert {(row.kind, row.side, row.quality) for row in result.rtt} == {("dpd", "responder", "inferred")}
    assert [row.rtt_s for row in result.rtt] == pytest.approx([0.05] * 4)
    (row,) = (row for row in result.rows if row.value.startswith("DPD request"))
    assert "4 times, about every 10.0 s" in row.value


def test_crossing_checks_give_no_false_round_trip() -> None:
    """Where both sides ask at once, what lies between is a request or an answer, and the round trip is left out where it is open."""
    talk = started()
    for number in range(3):
        at = 10.0 * (number + 1)
        talk.inf(at, True, DPD)
        talk.inf(at + 0.02, False, DPD)
        talk.inf(at + 0.05, False, DPD)
        talk.inf(at + 0.09, True, DPD)
    talk.inf(60.0, True, DELETE_ESP)
    talk.inf(60.001, True, DELETE_IKE)
    result = concluded(talk)
    assert named(result)[:4] == ["DPD request", "DPD request or answer", "DPD request or answer", "DPD answer"]
    assert result.dead_peer_checks == {1: 6}
    assert not result.rtt


def test_checks_without_answers_are_told_while_the_asker_goes_on() -> None:
    """Repeated requests are DPD without an answer; the very last may be a delete as well and keeps both names or none."""
    talk = started()
    for number in range(5):
        talk.inf(10.0 * (number + 1), True, DPD)
    result = concluded(talk, esp_until=8.0)
    assert named(result) == ["DPD request, unanswered"] * 4
    assert result.dead_peer_checks == {1: 4}


def test_an_answer_whose_request_is_missing_is_no_request() -> None:
    """One alone among answered checks is a request or an answer: the capture may have lost what belongs to it."""
    talk = started()
    for number in range(4):
        talk.inf(10.0 * (number + 1), True, DPD)
        talk.inf(10.0 * (number + 1) + 0.05, False, DPD)
    del talk.story.said[-4]
    result = concluded(talk)
    assert named(result) == ["DPD request", "DPD answer"] * 2 + ["DPD request or answer"]
    assert result.dead_peer_checks == {1: 2}


def test_one_direction_alone_tells_no_request_from_an_answer() -> None:
    """A tap that sees one side only does not know who asked."""
    talk = Talk()
    for number in range(6):
        talk.inf(10.0 * number, False, DPD)
    assert not named(concluded(talk))


def test_a_single_last_message_keeps_both_names() -> None:
    """As long as a DPD and as a delete, the last of the SA, and nothing that decides: a hint with both names."""
    talk = started()
    talk.inf(60.0, False, DPD)
    (one,) = (one for one in concluded(talk).messages if one.said.name == "INF")
    assert (one.value, one.grade) == ("DPD request or delete of the IKE SA", "hint")


def test_the_end_of_esp_makes_a_delete_of_it() -> None:
    """The last of the SA, ESP ends with it and the capture goes on: a delete."""
    talk = started()
    talk.inf(60.0, False, DELETE_IKE)
    assert named(concluded(talk, esp_until=59.5)) == ["delete of the IKE SA"]
    assert named(concluded(talk, esp_until=59.5, end=60.5)) == ["DPD request or delete of the IKE SA"]


def test_a_delete_after_rekeying_is_that_of_the_old_sa() -> None:
    """Some seconds after a second Quick Mode, and the old pair is used no more."""
    talk = started()
    talk.quick(30.0)
    talk.inf(36.0, True, DELETE_ESP)
    talk.inf(40.0, True, DPD)
    talk.inf(40.05, False, DPD)
    talk.inf(50.0, True, DPD)
    talk.inf(50.05, False, DPD)
    old = pair_of([*SETUP, (30.0, True, 100)], AES_SHA1)
    new = pair_of([(30.2, True, 100), (60.0, False, 100)], AES_SHA1, number=2)
    new.made = 30 * SECOND
    old.after, new.before = new, old
    result = infer([old, new], {1: talk.story}, {1: 1, 2: 1}, (0, 100 * SECOND))
    assert named(result)[0] == "delete of an ESP SA"


def test_an_error_in_place_of_quick_mode_is_told() -> None:
    """QM1 gets an INFORMATIONAL as long as a notify instead of QM2."""
    talk = Talk()
    talk.main()
    talk.quick(0.2, answered=False)
    talk.inf(0.25, False, ERROR)
    assert named(concluded(talk)) == ["error notify: Quick Mode rejected"]


def test_an_error_in_place_of_authentication_is_told() -> None:
    """MM5 gets an INFORMATIONAL instead of MM6, each time that it is sent."""
    talk = Talk()
    talk.main()
    del talk.story.said[-1]
    talk.inf(0.13, False, ERROR)
    repeated = talk.say(4.0, True, "MM5", 108)
    repeated.fit = "retransmission"
    talk.inf(4.03, False, ERROR)
    assert named(concluded(talk)) == ["error notify: authentication failed"] * 2


def test_nothing_is_concluded_from_length_where_the_cipher_is_not_in_clear() -> None:
    """Without MM2 only a row of answered equals is named."""
    talk = Talk(block=None, hash_octets=None)
    talk.inf(1.0, True, DELETE_ESP)
    talk.inf(1.001, True, DELETE_IKE)
    assert not concluded(talk).messages
    talk = Talk(block=None, hash_octets=None)
    for number in range(4):
        talk.inf(10.0 * number, True, DPD)
        talk.inf(10.0 * number + 0.05, False, DPD)
    assert named(concluded(talk)) == ["DPD request", "DPD answer"] * 3


@pytest.mark.parametrize("cipher", [(16, 20), (8, 20), (16, 32), (16, 48)])
def test_each_class_is_among_the_candidates_of_its_length(cipher: tuple[int, int]) -> None:
    """No class is ever excluded by a length that it can have, with or without a whole block of padding."""
    lengths = Lengths(*cipher)
    for name, bodies in INFORMATIONAL.items():
        for body in bodies:
            assert all(name in lengths.classes(octets, INFORMATIONAL) for octets in lengths.of(body))


def liveness(talk: Talk, times: list[float], octets: int) -> None:
    """Requests of that length, answered alike."""
    for time in times:
        asked = talk.say(time, True, "INFORMATIONAL request", octets)
        talk.say(time + 0.03, False, "INFORMATIONAL response", octets, reply_to=asked)


def test_ikev2_liveness_checks_are_told_by_their_beat() -> None:
    """With a block cipher an empty message is as long as a delete: only a beat makes checks of them."""
    talk = Talk(version=2)
    liveness(talk, [10.0, 20.0, 30.0, 40.0], 80)
    result = concluded(talk)
    assert named(result) == ["liveness check (empty)"] * 4
    assert result.dead_peer_checks == {1: 4}
    assert not result.rtt
    talk = Talk(version=2)
    liveness(talk, [10.0, 11.5, 40.0], 80)
    assert not named(concluded(talk))


def test_ikev2_with_gcm_an_empty_message_has_57_octets() -> None:
    """A stream cipher shows the length itself."""
    talk = Talk(version=2, block=1)
    liveness(talk, [10.0], 57)
    liveness(talk, [20.0], 69)
    assert named(concluded(talk)) == ["liveness check (empty)"]


def test_ikev2_the_last_exchange_deletes_the_ike_sa() -> None:
    """One block, the last exchange, ESP ends with it, and the capture goes on."""
    talk = Talk(version=2)
    liveness(talk, [60.0], 80)
    assert named(concluded(talk, esp_until=59.0)) == ["delete of the IKE SA"]
    assert not named(concluded(talk, esp_until=90.0))
