"""When numbers were lost and came late, in bins of time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2tpscope.track.misses import Misses
from l2tpscope.track.sequence import SequenceSpaces

SECOND = 1_000_000_000
NOW = 1000 * SECOND


def spaces_of(numbers: list[int], seconds: list[float], bits: int = 16) -> SequenceSpaces:
    """One space, number 3, fed at once."""
    spaces = SequenceSpaces(bits)
    times = np.array([int(second * SECOND) for second in seconds], np.int64)
    spaces.feed(np.full(len(numbers), 3, np.int64), np.array(numbers, np.int64), times)
    return spaces


def test_a_loss_stands_in_the_bin_of_the_next_number_that_came() -> None:
    """2 and 3 are missing when 4 comes in second 7; 9 when 10 comes in second 8."""
    spaces = spaces_of([0, 1, 4, 5, 6, 7, 8, 10, 11, 12], [0, 1, 7.2, 7.3, 7.4, 7.5, 7.6, 8.1, 8.2, 8.3])
    assert spaces.missed(SECOND, NOW) == {(3, 7 * SECOND): (2, 0), (3, 8 * SECOND): (1, 0)}
    assert spaces.missed(8 * SECOND, NOW) == {(3, 0): (2, 0), (3, 8 * SECOND): (1, 0)}


def test_a_late_number_is_no_loss_where_it_was_missed_and_a_reordering_where_it_came() -> None:
    """2 is missed in second 1 and comes in second 2."""
    assert spaces_of([0, 1, 3, 2, 4], [0, 1, 1.5, 2, 2.5]).missed(SECOND, NOW) == {(3, 2 * SECOND): (0, 1)}


def test_what_may_still_come_is_not_lost_yet() -> None:
    """Missing for 50 ms, at the end."""
    spaces = spaces_of([0, 1, 3], [0, 1, 1.5])
    assert spaces.missed(SECOND, int(1.55 * SECOND)) == {}
    assert spaces.missed(SECOND, NOW) == {(3, SECOND): (1, 0)}


def test_kept_in_wider_bins_than_asked_for_is_said() -> None:
    """Bins of 2 s cannot be divided."""
    misses = Misses()
    misses.width = 2 * SECOND
    misses.lose(0, 5 * SECOND, 1)
    assert misses.result(SECOND, ()) is None
    assert misses.result(4 * SECOND, ()) == {(0, 4 * SECOND): (1, 0)}


def test_memory_is_bounded_and_nothing_is_lost_by_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """With room for 16 bins, 1000 losses in 1000 seconds are kept in bins that are wider."""
    monkeypatch.setattr("l2tpscope.track.misses.MOST", 16)
    misses = Misses()
    for second in range(1000):
        misses.lose(0, second * SECOND, 1)
        assert len(misses._lost) <= 16
    found = misses.result(misses.width, ())
    assert found is not None
    assert sum(lost for lost, _ in found.values()) == 1000


@given(
    st.sampled_from([16, 24, 32]), st.lists(st.one_of(st.integers(0, 40), st.integers(0, 2**16 - 1)), min_size=1, max_size=120), st.data()
)
def test_all_bins_together_are_what_was_lost_and_reordered(bits: int, numbers: list[int], data: st.DataObject) -> None:
    """Whatever came, and however it was cut into batches: restarts, replays and strays as well."""
    if data.draw(st.booleans()):  # a replay: an old run of numbers, after which the numbering goes on
        numbers = [*range(5000), *range(1000, 1010), *range(1012, 1020), *range(5001, 5010), *numbers]
    spaces = SequenceSpaces(bits)
    cut = data.draw(st.integers(0, len(numbers)))
    for part, begin in ((numbers[:cut], 0), (numbers[cut:], cut)):
        times = (np.arange(begin, begin + len(part), dtype=np.int64)) * (SECOND // 10)
        spaces.feed(np.zeros(len(part), np.int64), np.array(part, np.int64), times)
    now = len(numbers) * (SECOND // 10) - data.draw(st.integers(0, SECOND // 5))
    missed, count = spaces.missed(SECOND, now), spaces.count(0, now)
    assert missed is not None
    assert sum(lost for lost, _ in missed.values()) == count.lost
    assert sum(late for _, late in missed.values()) == count.reordered
