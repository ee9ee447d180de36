"""The memory of proven flows."""

from __future__ import annotations

import numpy as np
from frame_builders import Record, decode, ethernet, ipv4, l2tp, message, udp
from hypothesis import given
from hypothesis import strategies as st

from l2tpscope.frames import Decoder, flows
from l2tpscope.frames.flows import Flows, flow_keys, mix

PORTS = st.integers(0, 65535)
ADDRESSES = st.integers(0, 2**64 - 1)


def keys(*numbers: int) -> flows.Keys:
    """Flow keys or addresses."""
    return np.array(numbers, np.uint64)


def words(*numbers: int) -> np.ndarray:
    """Ports."""
    return np.array(numbers, np.uint16)


def records(*numbers: int) -> np.ndarray:
    """Record numbers."""
    return np.array(numbers, np.int64)


def test_a_flow_is_known_from_its_first_proof_on() -> None:
    """Not before, and not another flow."""
    memory = Flows()
    memory.prove(keys(7, 7), records(10, 20))
    assert memory.known(keys(7, 7, 7, 8), records(9, 10, 11, 11)).tolist() == [False, True, True, False]


def test_the_longest_unproven_go_first() -> None:
    """When there are too many, those are forgotten whose last proof is the oldest."""
    memory = Flows(limit=2)
    memory.prove(keys(1, 2, 3, 1), records(1, 2, 3, 4))
    memory.trim()
    assert memory.known(keys(1, 2, 3), records(9, 9, 9)).tolist() == [True, False, True]


@given(ADDRESSES, ADDRESSES, PORTS, PORTS)
def test_both_directions_are_one_flow(source: int, destination: int, one: int, other: int) -> None:
    """A flow has one key whichever end sends; swapping the ports alone makes another flow."""
    there = flow_keys(keys(source), keys(destination), words(one), words(other))
    back = flow_keys(keys(destination), keys(source), words(other), words(one))
    crossed = flow_keys(keys(source), keys(destination), words(other), words(one))
    assert there == back
    assert (there == crossed).all() == (one == other or source == destination)


def test_different_words_stay_different() -> None:
    """Mixing loses nothing: neighbours and opposites keep apart."""
    every = np.concatenate([np.arange(5000, dtype=np.uint64), np.arange(5000, dtype=np.uint64) << np.uint64(32)])
    assert len(np.unique(mix(every))) == 9999


def test_a_flood_of_proofs_is_bounded() -> None:
    """However many flows are proven, the decoder forgets all but so many at fixed record numbers, however batches are cut."""
    decoders = [Decoder(), Decoder()]
    for decoder in decoders:
        decoder._classifier.l2tp.limit = 50
    frame = [
        ethernet(ipv4(udp(message(1), 1000 + number % 40000, 6000), source=number.to_bytes(4, "big")))
        for number in range(flows.TRIM_EVERY + 10)
    ]
    flood = [Record(octets, len(octets)) for octets in frame]
    data = [
        ethernet(ipv4(udp(l2tp(), 1000 + number % 40000, 6000), source=number.to_bytes(4, "big")))
        for number in (0, flows.TRIM_EVERY - 60, flows.TRIM_EVERY - 1)
    ]
    probe = [Record(octets, len(octets)) for octets in data]
    for decoder, size in zip(decoders, (None, 30_000), strict=True):
        decode(flood, size, decoder)
        assert len(decoder._classifier.l2tp) == 60
        assert [row["frame"] for row in decode(probe, decoder=decoder)[0]] == [3]
