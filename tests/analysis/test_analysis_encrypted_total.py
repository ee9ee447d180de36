"""Whatever ESP and IKE look like: conclusions are drawn without an exception, in little time, and do not depend on the names of things."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from time import process_time

from ciphertext import AES_SHA1, CLIENT, SECOND, SERVER, SETUP, Spoken, Talk, pair_of, series
from hypothesis import given, settings
from hypothesis import strategies as st

from l2tpscope.analysis.encrypted import Numbers, infer
from l2tpscope.model.esp import EspPair
from l2tpscope.model.keepalive import Keepalives

PACKETS = st.lists(st.tuples(st.floats(0, 300), st.booleans(), st.integers(1, 1600)), min_size=1, max_size=80)
NAMES = ("INF", "QM1", "QM2", "QM3", "MM5", "MM6", "AM2", "AM3", "TRANSACTION", "INFORMATIONAL request", "IKE_AUTH response")
MESSAGES = st.lists(
    st.tuples(
        st.floats(0, 300),
        st.booleans(),
        st.sampled_from(
            ("INF", "QM1", "QM2", "QM3", "MM5", "MM6", "AM2", "AM3", "TRANSACTION", "INFORMATIONAL request", "IKE_AUTH response")
        ),
        st.sampled_from((28, 52, 57, 60, 68, 76, 80, 84, 92, 100, 108, 124, 172, 204, 5000)),
        st.booleans(),
    ),
    max_size=40,
)


def from_packets(packets: list[Spoken], number: int) -> EspPair:
    """A pair of SAs with packets of any length."""
    pair = EspPair({True: None, False: None}, number=number, made=None if number % 2 else SECOND)
    for client in (True, False):
        mine = sorted(one for one in packets if one[1] == client)
        if mine:
            one = series(
                [time for time, _, _ in mine], [size for _, _, size in mine], client=client, number=2 * number + client, first=number
            )
            pair.to[not client] = one
    return pair


@settings(deadline=None, max_examples=200)
@given(
    st.lists(PACKETS, max_size=4),
    MESSAGES,
    st.sampled_from((1, 2)),
    st.sampled_from((None, 1, 8, 16)),
    st.sampled_from((None, 16, 20, 32, 64)),
)
def test_nothing_raises(
    several: list[list[Spoken]],
    messages: list[tuple[float, bool, str, int, bool]],
    version: int,
    block: int | None,
    hash_octets: int | None,
) -> None:
    """Any packets, in any chain of pairs, with any messages: rows, each with a rule and a subject."""
    pairs = [from_packets(packets, number) for number, packets in enumerate(several, 1)]
    for before, after in pairwise(pairs):
        before.after, after.before = after, before
    talk = Talk(version=version, block=block, hash_octets=hash_octets)
    for time, side, name, octets, encrypted in sorted(messages):
        talk.say(time, side, name, octets, encrypted=encrypted)
    stories = {1: talk.story} if messages else {}
    alive = [Keepalives(CLIENT, SERVER, 9, 0, 300 * SECOND, 1, 1, 20.0)]
    result = infer(pairs, stories, {pair.number: 1 for pair in pairs}, (0, 300 * SECOND), alive)
    for row in result.rows:
        assert row.rule
        assert row.value
        assert row.subject.split()[0] in ("esp_sa", "ike_sa")
    assert all(row.rtt_s >= 0 and (row.rtt_low_s is None or 0 <= row.rtt_low_s <= row.rtt_s) for row in result.rtt)


def test_pairs_that_go_round_in_a_circle_end() -> None:
    """Two pairs that each claim to come before the other are read once each."""
    first, second = pair_of(list(SETUP), AES_SHA1), pair_of(list(SETUP), AES_SHA1, number=2)
    first.before = first.after = second
    second.before = second.after = first
    assert len([row for row in infer([first, second], {}, {}, (0, SECOND)).rows if row.inference == "cipher"]) == 2


def test_rows_are_named_by_the_numbers_given() -> None:
    """Subjects, connections and round trips carry the numbers of the tables, not those of the series."""
    spoken = [*SETUP] + [one for number in range(8) for one in ((10.0 * number + 10, True, 20), (10.0 * number + 10.02, False, 20))]
    pair = pair_of(spoken, AES_SHA1)
    numbers = Numbers({one.number: 100 + one.number for one in pair.series}, {1: 7}, {})
    result = infer([pair], {}, {}, (0, 100 * SECOND), numbers=numbers)
    assert {row.vpn for row in result.rows} == {7}
    assert {row.subject for row in result.rows} <= {"esp_sa 102", "esp_sa 103"}
    assert {row.esp_sa for row in result.rtt} == {102}


def test_many_connections_take_little_time() -> None:
    """A hundred connections of an hour with heartbeats both ways are read within seconds."""
    spoken: list[Spoken] = list(SETUP)
    for number in range(360):
        at = 10.0 * number + 10
        spoken += [(at, True, 20), (at + 0.03, False, 20), (at + 0.031, False, 20), (at + 0.06, True, 20)]
    pair = pair_of(spoken, AES_SHA1)
    pairs = [replace(pair, number=number) for number in range(1, 101)]
    begun = process_time()
    result = infer(pairs, {}, {}, (0, 3700 * SECOND))
    assert len([row for row in result.rows if row.inference == "heartbeat"]) >= 100
    assert process_time() - begun < 30


def test_an_ike_sa_of_thousands_of_messages_takes_little_time() -> None:
    """Checks all day long, answered and not, in one SA."""
    talk = Talk()
    talk.main()
    talk.quick(0.2)
    for number in range(2000):
        talk.inf(10.0 * number + 10, number % 2 == 0, 32)
        if number % 5:
            talk.inf(10.0 * number + 10.05, number % 2 == 1, 32)
    begun = process_time()
    result = infer([], {1: talk.story}, {}, (0, 30_000 * SECOND))
    assert result.dead_peer_checks[1] == 1599  # 1600 are answered, the last of which may be a delete
    assert process_time() - begun < 30
