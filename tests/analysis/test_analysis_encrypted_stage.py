"""How far L2TP got, its MTU and its rekeying, from ciphertext alone."""

from __future__ import annotations

import pytest
from ciphertext import AES_SHA1, AES_SHA256, GCM, SECOND, SETUP, TRIPLE_DES, Spoken, Talk, pair_of

from l2tpscope.analysis.encrypted import Inferred, infer
from l2tpscope.analysis.encrypted.lengths import Transform
from l2tpscope.model.esp import EspPair

PPP: list[Spoken] = [(1 + number / 20, number % 2 == 0, 24 + 3 * (number % 5)) for number in range(20)]


PINGS: list[Spoken] = [(2 + number / 10, number % 2 == 0, 100 + 16 * number) for number in range(8)]


def bulk(count: int, octets: int = 1420, *, start: float = 3.0) -> list[Spoken]:
    """Long packets both ways."""
    return [(start + number / 100, number % 2 == 0, octets) for number in range(count)]


def concluded(spoken: list[Spoken], transform: Transform = AES_SHA1, *, ike: bool = True, first: int = 1) -> Inferred:
    """What is made of *spoken*, with or without IKE; *first*: number of the first packet."""
    talk = Talk()
    talk.main()
    talk.quick(0.2)
    pair = pair_of(spoken, transform, first_sequence=first)
    return infer([pair], {1: talk.story} if ike else {}, {1: 1} if ike else {}, (0, 100 * SECOND))


def values(result: Inferred, inference: str) -> list[str]:
    """Of the rows of one inference."""
    return [row.value for row in result.rows if row.inference == inference]


@pytest.mark.parametrize("transform", [AES_SHA1, AES_SHA256, TRIPLE_DES, GCM])
def test_the_set_up_is_read_step_by_step(transform: Transform) -> None:
    """The lengths of SCCRQ to ICCN in their order are a session, and long packets after it traffic."""
    session = concluded([*SETUP, *PPP], transform)
    assert session.stage == {1: ("l2tp-session", "likely")}
    traffic = concluded([*SETUP, *PPP, *bulk(40)], transform)
    assert traffic.stage == {1: ("traffic", "likely")}
    assert values(traffic, "stage") == ["traffic: IP passes through the tunnel, usable at most 3.0 s after the child SA was made"]


def test_a_tunnel_without_a_session_is_a_tunnel() -> None:
    """Where the set-up stops after SCCCN and ICRQ, no session is claimed."""
    result = concluded([*SETUP[:5], (2.0, True, 60), (3.0, False, 60), (4.0, True, 90)])
    assert result.stage[1][0] == "l2tp-tunnel"


@pytest.mark.parametrize("times", [(0, 1, 3, 7, 15), (0, 2, 6, 14)])
def test_a_request_that_nobody_answers_is_told(times: tuple[int, ...]) -> None:
    """The same packet at doubling intervals, and nothing back, is an SCCRQ without an answer."""
    result = concluded([(float(time), True, 101) for time in times])
    assert result.stage == {1: ("l2tp-request", "likely")}
    assert values(result, "stage") == ["l2tp-request: SCCRQ sent, not answered"]


def test_an_answer_under_an_spi_of_another_pair_forbids_the_claim() -> None:
    """ESP the other way between the same ends, which could not be paired, may be the answer: nothing is claimed."""
    asked = pair_of([(float(time), True, 101) for time in (0, 1, 3, 7, 15)], AES_SHA1)
    other = pair_of([(0.1, False, 101), (9.0, False, 60)], AES_SHA1, number=2)
    assert infer([asked], {}, {}, (0, 100 * SECOND)).stage
    assert not infer([asked, other], {}, {}, (0, 100 * SECOND)).stage


def test_without_ike_both_ways_silence_is_a_hint_only() -> None:
    """A tap that may see one direction only does not make it likely that nobody answered."""
    result = concluded([(float(time), True, 101) for time in (0, 1, 3, 7, 15)], ike=False)
    assert result.stage == {1: ("l2tp-request", "hint")}


@pytest.mark.parametrize("times", [(0, 1, 3), (0, 1, 2, 3, 4), (0, 5, 10, 15, 20), (0, 0.3, 9, 9.5, 20)])
def test_other_rhythms_are_no_unanswered_request(times: tuple[float, ...]) -> None:
    """Packets of one length at other intervals, or too few, claim nothing."""
    assert not concluded([(float(time), True, 101) for time in times]).stage


def test_without_the_birth_of_the_sa_no_stage_is_claimed() -> None:
    """A capture that begins later than the SA may miss the set-up: whatever looks like one is not it."""
    assert not concluded([*SETUP, *PPP, *bulk(40)], first=5000).stage


@pytest.mark.parametrize("overhead", [20])
def test_tunnel_mode_claims_no_stage(overhead: int) -> None:
    """With an inner IP header nothing is as short as L2TP's control messages: nothing is claimed."""
    assert not concluded([(time, client, octets + overhead) for time, client, octets in [*SETUP, *PPP, *bulk(40)]]).stage


def test_traffic_that_is_not_l2tp_claims_no_stage() -> None:
    """Name lookups, a TCP handshake and a transfer inside ESP are no set-up of L2TP."""
    spoken: list[Spoken] = [(0.0, True, 62), (0.03, False, 140), (0.06, True, 52), (0.09, False, 52), (0.1, True, 44), (0.2, True, 300)]
    assert not concluded([*spoken, *bulk(60)]).stage


def test_the_largest_packets_both_ways_show_the_mtu() -> None:
    """An inner MTU of 1410 lies in the range that the plateau of both directions leaves."""
    result = concluded([*SETUP, *PPP, *PINGS, *bulk(60, 8 + 2 + 1410)])
    (value,) = values(result, "mtu")
    low, high = (int(word) for word in value.split() if word.isdigit())
    assert low <= 1410 <= high
    assert high - low <= 20


def test_long_packets_one_way_are_no_mtu() -> None:
    """A stream of equal datagrams in one direction says nothing of the MTU."""
    spoken = [(time, True, octets) for time, _, octets in bulk(60)]
    assert not values(concluded([*SETUP, *PPP, *PINGS, *spoken]), "mtu")


def rekeyed(old: list[Spoken], new: list[Spoken], made: float) -> list[str]:
    """What is said of a pair that another takes the place of."""
    first, second = pair_of(old, AES_SHA1), pair_of(new, AES_SHA1, number=2)
    second.made = int(made * SECOND)
    first.after, second.before = second, first
    pairs: list[EspPair] = [first, second]
    return values(infer(pairs, {}, {}, (0, 100 * SECOND)), "rekey")


def test_rekeying_is_told_by_who_used_what_when() -> None:
    """Side by side, one after the other, and a new SA that one side never uses."""
    old = bulk(200, start=1.0)
    assert rekeyed(old, bulk(100, start=2.5), 2.4)[0].startswith("make before break: old and new in use side by side for 0.490 s")
    assert rekeyed(old, bulk(100, start=5.0), 4.9) == [
        "one after the other: 2.010 s between the last packet of the old and the first of the new"
    ]
    alone = [(2.5 + 5 * number, True, 100) for number in range(8)]
    assert rekeyed(old, alone, 2.4) == ["failed: only the initiator uses the new SA"]
    assert not rekeyed(old, alone[:5], 2.4)[0].startswith("failed")
    seldom = [(1.0, False, 100), (50.0, False, 100), *((1 + number / 100, True, 100) for number in range(150))]
    assert not rekeyed(seldom, alone, 2.4)[0].startswith("failed")
