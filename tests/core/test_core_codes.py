"""OpenEnum: every number is a member, and unknown ones cost nothing to keep."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2tpscope.core.codes import OpenEnum


class Fruit(OpenEnum):
    """For these tests."""

    APPLE = 1
    PEAR = 2


def test_known_number_is_the_named_member() -> None:
    """A number with a name gives its member."""
    assert Fruit(2) is Fruit.PEAR
    assert Fruit(2).known


@given(st.integers())
def test_every_number_is_a_member(number: int) -> None:
    """Any integer gives a member that equals it, hashes like it and has a name."""
    member = Fruit(number)
    assert member == number
    assert hash(member) == hash(number)
    assert member.name in ("APPLE", "PEAR", f"UNKNOWN_{number}")


def test_unknown_members_are_not_kept() -> None:
    """Ten thousand unknown numbers leave the class as it was."""
    before = len(Fruit._value2member_map_)
    assert not any(Fruit(number).known for number in range(10, 10_010))
    assert len(Fruit._value2member_map_) == before
    assert [member.name for member in Fruit] == ["APPLE", "PEAR"]


def test_unknown_members_survive_pickling() -> None:
    """An unknown member comes back equal, with its name."""
    member = pickle.loads(pickle.dumps(Fruit(777)))  # noqa: S301 - our own octets
    assert (member, member.name, type(member)) == (777, "UNKNOWN_777", Fruit)


def test_what_is_no_number_is_refused() -> None:
    """Only integers are numbers of an enumeration."""
    with pytest.raises(ValueError, match="not a valid Fruit"):
        Fruit("APPLE")
