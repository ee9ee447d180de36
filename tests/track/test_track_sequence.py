"""Sequence spaces: columns against a plain reading of the rules, and the cases that measuring tools get wrong."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from l2tpscope.model.sequence import SequenceCount
from l2tpscope.track.sequence import SequenceSpaces

MILLISECOND = 1_000_000
LATER = 10**15


def counted(numbers: list[int], *, bits: int = 16, gap: int = MILLISECOND, now: int = LATER) -> SequenceCount:
    """The counts of one space that got these numbers, *gap* apart."""
    spaces = SequenceSpaces(bits)
    times = np.arange(len(numbers), dtype=np.int64) * gap
    spaces.feed(np.zeros(len(numbers), np.int64), np.array(numbers, np.int64), times)
    return spaces.count(0, now)


def test_a_swap_is_one_reordered_and_none_lost() -> None:
    """1 2 4 3 5: one packet reordered by one, nothing lost (RFC 4737 §3; Wireshark counts this as two missing)."""
    count = counted([1, 2, 4, 3, 5])
    assert (count.expected, count.received, count.lost, count.reordered, count.max_reorder_extent) == (5, 5, 0, 1, 1)


def test_wrap_around_is_no_loss() -> None:
    """65534 65535 0 1 are four numbers in a row."""
    count = counted([65534, 65535, 0, 1])
    assert (count.expected, count.received, count.lost, count.restarts) == (4, 4, 0, 0)


def test_duplicates_do_not_cancel_losses() -> None:
    """A duplicate beside a loss leaves the loss counted (RFC 3550 A.3 would call it even)."""
    count = counted([1, 2, 2, 4, 5])
    assert (count.expected, count.received, count.lost, count.duplicate) == (5, 4, 1, 1)


def test_a_late_number_below_the_first_one_was_reordered() -> None:
    """2 1 3: the capture began between two packets that had changed places."""
    count = counted([2, 1, 3])
    assert (count.expected, count.received, count.lost, count.reordered, count.first_number) == (3, 3, 0, 1, 1)


def test_a_jump_that_goes_on_is_a_restart() -> None:
    """A sender that begins anew far away has lost nothing by it."""
    count = counted([10, 11, 12, 40000, 40001, 40002])
    assert (count.expected, count.received, count.lost, count.restarts) == (6, 6, 0, 1)


def test_a_jump_that_does_not_go_on_is_a_stray() -> None:
    """One corrupt number neither restarts the space nor counts."""
    count = counted([10, 11, 40000, 12, 13])
    assert (count.expected, count.received, count.lost, count.restarts, count.strays) == (4, 4, 0, 0, 1)


def test_a_young_gap_is_pending() -> None:
    """What has been missing for 50 ms may still come; after a second it is lost."""
    numbers = [1, 2, 4, 5, 6, 7]
    assert counted(numbers, now=7 * MILLISECOND).pending == 1
    assert counted(numbers, now=LATER).lost == 1


def test_32_bits_wrap_too() -> None:
    """ESP's numbers go on past 2^32 (RFC 4303 Appendix A)."""
    count = counted([2**32 - 1, 0, 2], bits=32)
    assert (count.expected, count.received, count.lost) == (4, 3, 1)


@st.composite
def traffic(draw: st.DrawFn) -> tuple[list[int], list[int]]:
    """Rows of a few spaces: losses, swaps, duplicates, jumps."""
    heads = draw(st.lists(st.integers(0, 65535), min_size=1, max_size=3))
    spaces, numbers = [], []
    for space, move in draw(st.lists(st.tuples(st.integers(0, len(heads) - 1), st.sampled_from("nnnnnnnglldj")), max_size=80)):
        step = {"n": 1, "g": draw(st.integers(2, 6)), "l": -draw(st.integers(0, 5)), "d": 0, "j": draw(st.integers(2000, 60000))}[move]
        numbers.append((heads[space] + step) % 65536)
        spaces.append(space)
        if step > 0:
            heads[space] += step
    return spaces, numbers


@settings(max_examples=200, deadline=None)
@given(traffic(), st.lists(st.integers(1, 79), max_size=4))
def test_batches_do_not_matter(rows: tuple[list[int], list[int]], cuts: list[int]) -> None:
    """However the rows are cut, also one by one, the counts are the same, and add up."""
    spaces, numbers = rows
    times = np.arange(len(numbers), dtype=np.int64) * 7 * MILLISECOND
    ways = [[], sorted(set(cuts)), list(range(1, len(numbers)))]
    results = []
    for way in ways:
        fed = SequenceSpaces(16)
        borders = [0, *[cut for cut in way if cut < len(numbers)], len(numbers)]
        for begin, end in pairwise(borders):
            fed.feed(np.array(spaces[begin:end], np.int64), np.array(numbers[begin:end], np.int64), times[begin:end])
        results.append([fed.count(space, LATER) for space in range(3) if fed.seen(space)])
    assert results[0] == results[1] == results[2]
    for count in results[0]:
        assert count.expected == count.received + count.lost + count.pending
        assert min(count.received, count.lost, count.duplicate, count.reordered, count.pending) >= 0


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 65535), st.lists(st.booleans(), min_size=2, max_size=300))
def test_losses_in_order_are_counted_exactly(first: int, kept: list[bool]) -> None:
    """Of numbers sent in order, the lost are those between the first and the last that came (fewer than 100 in a row)."""
    sent = [(first + n) % 65536 for n in range(len(kept))]
    came = [n for n, keep in enumerate(kept) if keep]
    if not came or any(b - a > 100 for a, b in pairwise(came)):
        return
    count = counted([sent[n] for n in came])
    assert count.lost == came[-1] - came[0] + 1 - len(came)
    assert (count.duplicate, count.reordered, count.restarts) == (0, 0, 0)


@pytest.mark.parametrize("bits", [16, 24, 32])
def test_any_numbers_at_all_are_survived(bits: int) -> None:
    """Random numbers give no exception, no negative count, and bounded memory."""
    rng = np.random.default_rng(5)
    spaces = SequenceSpaces(bits)
    for _ in range(20):
        spaces.feed(rng.integers(0, 4, 500), rng.integers(0, 1 << bits, 500), np.sort(rng.integers(0, LATER, 500)))
    for space in range(4):
        count = spaces.count(space, LATER)
        assert count.expected == count.received + count.lost + count.pending
        assert count.lost >= 0
