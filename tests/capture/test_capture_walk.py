"""The fast walks find what the plain ones find, on any octets."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from builders import PCAPS, Record, block, enhanced
from hypothesis import given, settings
from hypothesis import strategies as st

from l2tpscope.capture import lanes
from l2tpscope.capture.batch import SLACK
from l2tpscope.capture.blocks import Chains, plain_chain
from l2tpscope.capture.walk import Form, Lengths, walk

NOW = 1_700_000_000
FAKE = b"".join(struct.pack("<IIII", NOW, 7, size, size) for size in (16, 0, 32, 16))
"""Octets that look like record headers, for payloads."""
PAYLOADS = st.one_of(st.binary(max_size=60), st.just(FAKE), st.just(FAKE[3:]), st.just(bytes(40)))
LENGTHS = st.sampled_from([0, 16, 40, 262144, 262145, 0xFFFFFFFF])


@pytest.fixture
def short_lanes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lanes for a block of a few records."""
    monkeypatch.setattr(lanes, "RECORDS_IN_LANE", 3)
    monkeypatch.setattr(lanes, "FEWEST_LANES", 2)
    monkeypatch.setattr(lanes, "FIRST_LOOK", 24)
    monkeypatch.setattr(lanes, "NEXT_LOOK", 16)
    monkeypatch.setattr(lanes, "SAMPLE", 4)


def same(octets: bytes, form: Form) -> None:
    """Assert that both walks agree."""
    buffer = bytearray(octets) + b"\xa5" * SLACK
    plain = walk(buffer, 0, len(octets), form)
    fast = lanes.walk_in_lanes(buffer, 0, len(octets), form)
    assert np.array_equal(plain.offsets, fast.offsets)
    assert (plain.stop, plain.lying) == (fast.stop, fast.lying)


@pytest.mark.usefixtures("short_lanes")
@settings(deadline=None, max_examples=300)
@given(
    st.lists(st.tuples(PAYLOADS, st.none() | LENGTHS), max_size=60),
    st.sampled_from("<>"),
    st.sampled_from([16, 24]),
    st.binary(max_size=20),
)
def test_lanes_agree(records: list[tuple[bytes, int | None]], order: str, header: int, tail: bytes) -> None:
    """Lanes and plain walk agree, also where lengths lie and payloads hold what looks like record headers."""
    octets = b""
    for number, (data, lie) in enumerate(records):
        size = len(data) if lie is None or number % 7 else lie
        octets += struct.pack(f"{order}IIII", NOW + number, number, size, max(size, len(data))) + bytes(header - 16) + data
    same(octets + tail, Form(order, header, Lengths.FIRST))


@pytest.mark.usefixtures("short_lanes")
@settings(deadline=None)
@given(st.binary(max_size=2000))
def test_lanes_agree_on_anything(octets: bytes) -> None:
    """Lanes and plain walk agree on octets that are no records at all."""
    same(octets, Form("<", 16, Lengths.FIRST))


def big_block(count: int, most: int) -> bytes:
    """Records of random sizes, without the file header."""
    random = np.random.default_rng(5)
    noise = random.bytes(most)
    sizes = random.integers(0, most, count).tolist()
    return PCAPS["us-little"].build([Record((NOW * 1_000_000 + n * 50) * 1000, noise[:size]) for n, size in enumerate(sizes)])[24:]


@pytest.mark.parametrize(("count", "most"), [(20_000, 130), (4000, 1500), (300, 9000), (40_000, 1)])
def test_lanes_are_used(count: int, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """On an ordinary block of small records the lanes do the work: the plain walk sees a sample only."""
    octets = big_block(count, most)
    same(octets, Form("<", 16, Lengths.FIRST))
    asked: list[int | None] = []

    def plain(*arguments: object) -> object:
        asked.append(arguments[4] if len(arguments) > 4 else None)  # type: ignore[arg-type]
        return walk(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(lanes, "walk", plain)
    lanes.walk_in_lanes(bytearray(octets) + bytes(SLACK), 0, len(octets), Form("<", 16, Lengths.FIRST))
    assert asked == ([lanes.SAMPLE] if 64 <= most <= 2000 else asked)


def test_hostile_block() -> None:
    """A block of headers that promise more than it holds is walked in the same few steps."""
    same(big_block(10_000, 100) + struct.pack("<IIII", NOW, 0, 0xFFFFFFF0, 1) + bytes(1 << 20), Form("<", 16, Lengths.FIRST))


BLOCKS = st.one_of(
    st.builds(lambda data, more: enhanced("<", 0, 5, data, len(data) + more), PAYLOADS, st.integers(0, 9)),
    st.builds(lambda data: enhanced("<", 0, 5, enhanced("<", 0, 5, data)), PAYLOADS),
    st.builds(lambda data: block("<", 11, data), PAYLOADS),
    st.builds(lambda data: enhanced("<", 0, 5, data)[:-4] + b"\0\0\0\0", PAYLOADS),
    st.builds(lambda lie: block("<", 6, struct.pack("<IIIII", 0, 0, 5, lie, lie) + bytes(20)), LENGTHS),
    st.builds(lambda lie: struct.pack("<II", 6, lie) + bytes(24), LENGTHS),
    st.binary(max_size=12).map(lambda octets: octets[: len(octets) & ~3]),
)


@settings(deadline=None, max_examples=300)
@given(st.lists(BLOCKS, max_size=30), st.integers(0, 11))
def test_chains_agree(blocks: list[bytes], cut: int) -> None:
    """From every true or false begin, the quick chains cover what the plain chain covers."""
    octets = b"".join(blocks)
    end = max(len(octets) - cut, 0)
    buffer = bytearray(octets) + b"\x06\0\0\0" * (SLACK // 4)
    chains = Chains(buffer, 0, end, "<")
    for begin in range(0, end, 4):
        expected, stop = plain_chain(buffer, begin, end, "<") if buffer[begin : begin + 4] == b"\x06\0\0\0" else (np.zeros(0), begin)
        found: list[int] = []
        at = begin
        while True:
            starts, following = chains.chain(at)
            if following == at:
                break
            found += starts.tolist()
            at = following
        assert found == expected.tolist()
        assert at == stop
