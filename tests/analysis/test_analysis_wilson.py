"""The ends of Wilson's interval."""

from __future__ import annotations

import pytest

from l2tpscope.analysis.wilson import wilson


@pytest.mark.parametrize("trials", [1, 7, 350, 1000, 1439, 48_326])
def test_none_of_all_begins_at_zero_and_all_of_all_ends_at_one(trials: int) -> None:
    """Exactly: 0 lost of n begins at 0 and ends at z² / (n + z²), n of n is its mirror."""
    square = 1.959964**2
    low, high = wilson(0, trials)
    assert low == 0.0
    assert high == pytest.approx(square / (trials + square))
    assert wilson(trials, trials) == (pytest.approx(1 - high), 1.0)
