"""Serial arithmetic: what is new, what is old, on a circle of numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2tpscope.core.serial import delta, extend


@pytest.mark.parametrize("old", [0, 14, 15, 32784, 65535])
def test_the_last_number_and_the_32767_before_it_are_old(old: int) -> None:
    """RFC 2661 §5.8: after 15, the numbers 0 to 15 and 32784 to 65535 are old."""
    assert delta(old, 15) <= 0


@pytest.mark.parametrize("new", [16, 17, 32782])
def test_the_next_numbers_are_new(new: int) -> None:
    """RFC 2661 §5.8: after 15, 16 and on are new; the one exactly opposite counts as old."""
    assert delta(new, 15) > 0
    assert delta(32783, 15) < 0


@given(st.integers(-(2**40), 2**40), st.integers(-32767, 32767))
def test_extend_finds_the_number_that_was_meant(reference: int, step: int) -> None:
    """A number at most half a circle away is unwrapped exactly, whatever the reference."""
    assert extend((reference + step) & 0xFFFF, reference) == reference + step


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_32_bits_are_no_different(a: int, b: int) -> None:
    """Distances are antisymmetric but for the opposite number, and congruent to the plain difference."""
    assert (delta(a, b, 32) - (a - b)) % 2**32 == 0
    assert delta(a, b, 32) in (-delta(b, a, 32), -(2**31))
