"""Heartbeats in ciphertext: which short packets ask and answer each other, and on which beat."""

from __future__ import annotations

import random
from typing import NamedTuple

import pytest
from ciphertext import AES_SHA1, GCM, SECOND, SETUP, TRIPLE_DES, Spoken, pair_of
from hypothesis import given
from hypothesis import strategies as st

from l2tpscope.analysis.encrypted import Inferred, infer
from l2tpscope.analysis.encrypted.crossing import LARGEST, exchanges
from l2tpscope.model.esp import EspPair

ZLB, HELLO, ECHO = 12, 20, 20
PINGS: list[Spoken] = [(5 + number / 10, number % 2 == 0, 100 + 7 * number) for number in range(12)]


class Packet(NamedTuple):
    """The least that can be told apart."""

    time: int
    from_initiator: bool
    what: str


def beats(
    side: bool,
    period: float,
    count: int,
    rtt: dict[bool, float],
    *,
    start: float = 10.0,
    ask: int = ECHO,
    answer: int = ECHO,
    lost: int = 0,
) -> list[Spoken]:
    """*count* requests of one side as the tap sees them, and the answers, but for the last *lost*."""
    spoken: list[Spoken] = []
    for number in range(count):
        time = start + number * period
        spoken.append((time, side, ask))
        if number < count - lost:
            spoken.append((time + rtt[side], not side, answer))
    return spoken


def concluded(spoken: list[Spoken], transform=AES_SHA1, pairs: list[EspPair] | None = None) -> Inferred:
    """What is made of it."""
    return infer(pairs or [pair_of([*SETUP, *PINGS, *spoken], transform)], {}, {}, (0, 10**12))


def heartbeat_rows(result: Inferred) -> list[str]:
    """Of the heartbeats."""
    return [row.value for row in result.rows if row.inference == "heartbeat"]


@given(
    st.lists(st.tuples(st.floats(0, 2000), st.booleans()), min_size=1, max_size=40),
    st.floats(0.0005, 0.4),
    st.floats(0.0005, 0.4),
)
def test_the_true_round_trip_lies_between_the_bounds(asked: list[tuple[float, bool]], there: float, back: float) -> None:
    """Whenever both sides ask at most once within a cluster, the bounds of each exchange hold its round trip."""
    rtt = {True: int(there * SECOND), False: int(back * SECOND)}
    asked = sorted({(round(time), side) for time, side in asked})
    packets = []
    for time, side in asked:
        at = time * 3 * SECOND + side * 30_000_000  # the two sides may cross, 30 ms apart; the same side never overlaps itself
        packets += [Packet(at, side, "ask"), Packet(at + rtt[side], not side, "answer")]
    packets.sort()
    found = exchanges(packets, SECOND)
    assert not found.unanswered
    for one in found.answered:
        assert one.request.what == "ask" or one.low is not None
        if one.request.what == "ask":
            assert (one.round_trip if one.low is None else one.low) <= rtt[one.request.from_initiator] <= one.round_trip


def test_a_dense_flow_is_left_out() -> None:
    """More packets at once than exchanges have are not read as any."""
    packets = [Packet(number * 1_000_000, number % 2 == 0, "") for number in range(2 * LARGEST)]
    found = exchanges(packets, SECOND)
    assert not found.answered
    assert not found.unanswered
    assert not found.unjudged


@pytest.mark.parametrize(("side", "rtt"), [(True, 0.020), (False, 0.080)])
def test_a_heartbeat_is_told_with_its_round_trip(side: bool, rtt: float) -> None:
    """Side, period and count are right, and the smallest sample is the delay set on the side that answers."""
    result = concluded(beats(side, 10.0, 8, {side: rtt}))
    name = "initiator" if side else "responder"
    assert heartbeat_rows(result) == [f"HELLO or LCP echo of the {name} every 10.0 s: 8 of 8 answered"]
    trips = [row for row in result.rtt if row.kind == "esp-heartbeat"]
    assert {row.side for row in trips} == {"responder" if side else "initiator"}
    assert {row.quality for row in trips} == {"inferred"}
    assert min(row.rtt_s for row in trips) == pytest.approx(rtt, abs=1e-6)


@pytest.mark.parametrize(("apart", "told"), [(0.002, False), (0.020, False), (0.0399, True)])
def test_echoes_that_cross_give_no_false_round_trip(apart: float, told: bool) -> None:
    """Where both sides ask at once, the beat of the one that is first is told, and round trips only where it is clear who answers what."""
    rtt = {True: 0.040, False: 0.030}
    spoken = beats(True, 10.0, 8, rtt) + beats(False, 10.0, 8, rtt, start=10 + apart)
    result = concluded(spoken)
    assert heartbeat_rows(result)[0] == "HELLO or LCP echo of the initiator every 10.0 s: 8 of 8 answered"
    trips = {side: [row.rtt_s for row in result.rtt if row.side == side] for side in ("responder", "initiator")}
    assert bool(trips["responder"]) == bool(trips["initiator"]) == told
    assert all(trip == pytest.approx(rtt[side == "responder"], abs=2e-3) for side in trips for trip in trips[side])


def test_two_heartbeats_of_one_side_are_told_apart() -> None:
    """HELLO and LCP echo interleaved are two rows, each with its period, and all their round trips are right."""
    spoken = beats(True, 10.0, 12, {True: 0.02}) + beats(True, 17.0, 7, {True: 0.02}, start=13.0, ask=HELLO, answer=ZLB)
    result = concluded(spoken)
    assert heartbeat_rows(result) == [
        "HELLO or LCP echo of the initiator every 10.0 s: 12 of 12 answered",
        "another HELLO or LCP echo of the initiator every 17.0 s: 7 of 7 answered",
    ]
    assert [row.rtt_s for row in result.rtt] == pytest.approx([0.02] * 19, abs=1e-6)


def test_hello_is_told_from_echo_where_the_cipher_shows_it() -> None:
    """3DES and GCM leave a ZLB shorter than a HELLO; AES-CBC does not."""
    spoken = beats(True, 60.0, 6, {True: 0.02}, ask=HELLO, answer=ZLB)
    assert heartbeat_rows(concluded(spoken, TRIPLE_DES)) == ["HELLO of the initiator every 60.0 s: 6 of 6 answered"]
    assert heartbeat_rows(concluded(spoken, GCM)) == ["HELLO of the initiator every 60.0 s: 6 of 6 answered"]
    echoes = beats(True, 60.0, 6, {True: 0.02})
    assert heartbeat_rows(concluded(echoes, TRIPLE_DES)) == ["LCP echo of the initiator every 60.0 s: 6 of 6 answered"]
    assert heartbeat_rows(concluded(spoken)) == ["HELLO or LCP echo of the initiator every 60.0 s: 6 of 6 answered"]


def test_a_peer_that_falls_silent_is_told() -> None:
    """Requests after the last answer are counted apart: the peer is gone."""
    result = concluded(beats(True, 10.0, 12, {True: 0.02}, lost=4))
    assert heartbeat_rows(result) == ["HELLO or LCP echo of the initiator every 10.0 s: 8 of 12 answered, the last 4 not"]


def test_a_heartbeat_goes_on_through_rekeying() -> None:
    """Beats under the old and the new pair of SAs are one heartbeat."""
    spoken = beats(True, 10.0, 12, {True: 0.02})
    old = pair_of([*SETUP, *PINGS, *spoken[:8]], AES_SHA1)
    new = pair_of(spoken[8:], AES_SHA1, number=2)
    old.after, new.before = new, old
    result = concluded([], pairs=[old, new])
    assert heartbeat_rows(result) == ["HELLO or LCP echo of the initiator every 10.0 s: 12 of 12 answered"]


@pytest.mark.parametrize("count", [1, 4])
def test_few_beats_claim_nothing(count: int) -> None:
    """Fewer than five answered are no heartbeat, and give no round trip."""
    result = concluded(beats(True, 10.0, count, {True: 0.02}))
    assert not heartbeat_rows(result)
    assert not result.rtt


@pytest.mark.parametrize("seed", range(20))
def test_short_packets_without_a_beat_are_no_heartbeat(seed: int) -> None:
    """Requests at random times, answered after random times, give neither row nor round trip."""
    rng = random.Random(seed)
    spoken = []
    for _ in range(30):
        time = rng.uniform(10, 2000)
        spoken += [(time, rng.random() < 0.5, ECHO), (time + rng.uniform(0.001, 0.9), rng.random() < 0.5, ZLB)]
    result = concluded(spoken)
    assert not heartbeat_rows(result)
    assert not result.rtt


def test_one_direction_alone_has_no_round_trip() -> None:
    """Requests whose answers the tap does not see are no heartbeat: nothing answers."""
    assert not concluded(beats(True, 10.0, 20, {True: 0.02}, lost=20)).rtt


def test_thousands_of_short_packets_take_no_time() -> None:
    """A flow of short packets (header-compressed acknowledgements) neither hangs nor claims anything."""
    spoken = [(10 + number * 0.3, number % 3 == 0, ECHO) for number in range(20_000)]
    assert not heartbeat_rows(concluded(spoken))
