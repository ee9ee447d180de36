"""Which counters in IP ids are clear enough for a figure of loss."""

from __future__ import annotations

from dataclasses import replace

import pytest

from l2tpscope.analysis.ip_id import LEAST, is_clear
from l2tpscope.model.ip_id import IpIdCounter
from l2tpscope.model.sequence import SequenceCount

COUNT = SequenceCount(
    expected=1020, received=1000, lost=20, duplicate=0, reordered=0, pending=0, max_reorder_extent=0, restarts=0, strays=0, first_number=1
)
COUNTER = IpIdCounter(series=(1,), seen=1000, wild=0, shared=0, count=COUNT)


def test_a_counter_with_few_gaps_is_clear() -> None:
    """Two of a hundred lost, some late ones and a repeat: the ordinary case."""
    assert is_clear([COUNTER])
    assert is_clear([replace(COUNTER, count=replace(COUNT, reordered=50, duplicate=1))])


@pytest.mark.parametrize(
    "count",
    [
        replace(COUNT, received=LEAST - 1, lost=0),
        replace(COUNT, received=1000, lost=200),
        replace(COUNT, duplicate=100),
        replace(COUNT, strays=100),
        replace(COUNT, restarts=1),
    ],
    ids=["few", "many gaps", "repeats", "strays", "a jump"],
)
def test_what_is_not_clearly_a_counter_gives_no_figure(count: SequenceCount) -> None:
    """Too few datagrams, gaps like those of a host that takes ids for other traffic, repeats, strays, a jump: no figure."""
    assert not is_clear([replace(COUNTER, count=count)])


def test_gaps_that_may_be_another_tunnels_give_no_figure() -> None:
    """Where ids continue another tunnel's, gaps say nothing; where there is no gap, there is nothing to explain."""
    assert not is_clear([replace(COUNTER, shared=30)])
    assert is_clear([replace(COUNTER, shared=30, count=replace(COUNT, expected=1000, lost=0))])


def test_a_moved_port_is_counted_together() -> None:
    """Two counters of a tunnel whose NAT forgot it are judged as one."""
    half = replace(COUNTER, count=replace(COUNT, expected=152, received=150, lost=2))
    assert not is_clear([half])
    assert is_clear([half, half])
