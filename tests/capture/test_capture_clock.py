"""Time stamps of every resolution and offset become the right nanoseconds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from l2tpscope.capture.clock import LATEST, Clock

RESOLUTIONS = st.one_of(st.integers(0, 127), st.integers(128, 255))


@settings(deadline=None, max_examples=500)
@given(st.lists(st.integers(-(1 << 63), (1 << 63) - 1), max_size=8), RESOLUTIONS, st.integers(-4_000_000_000, 4_000_000_000))
def test_exact(stamps: list[int], resolution: int, offset_s: int) -> None:
    """A stamp is a number of units, signed if these are a nanosecond or more, rounded down, after the offset, within bounds."""
    units = 2 ** (resolution & 127) if resolution & 128 else 10**resolution
    values = [stamp % 2**64 if units > 10**9 else stamp for stamp in stamps]
    expected = [max(-LATEST, min(value * 10**9 // units + offset_s * 10**9, LATEST)) for value in values]
    found = Clock(resolution, offset_s).nanoseconds(np.array(stamps, np.int64).view(np.uint64))
    assert found.dtype == np.int64
    assert found.tolist() == expected


@pytest.mark.parametrize("resolution", [0, 3, 6, 9, 12, 18, 19, 127, 128, 137, 138, 160, 161, 190, 191, 255])
@pytest.mark.parametrize("offset_s", [-(1 << 63), -5_000_000_000, 0, 5_000_000_000, (1 << 63) - 1])
def test_never_beyond_bounds(resolution: int, offset_s: int) -> None:
    """No stamp and no offset gives an instant beyond bounds, so that the difference of two instants fits an int64."""
    stamps = np.array([0, 1, (1 << 63) - 1, 1 << 63, (1 << 64) - 1], np.uint64)
    found = Clock(resolution, offset_s).nanoseconds(stamps)
    assert np.abs(found).max() <= LATEST


def test_no_stamps() -> None:
    """No stamps, no instants."""
    assert len(Clock().nanoseconds(np.zeros(0, np.uint64))) == 0
