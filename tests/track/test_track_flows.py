"""The flow table and the bins: columns against plain dictionaries."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from l2tpscope.track import bins as bins_module
from l2tpscope.track.bins import Bins
from l2tpscope.track.flows import FlowTable, grouped

KEYS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=60)


@settings(deadline=None)
@given(st.lists(KEYS, max_size=5))
def test_flows_are_numbered_by_first_appearance(parts: list[list[tuple[int, int]]]) -> None:
    """Each distinct pair of keys has one number, 1 for the first that came, however the rows are cut."""
    table, expected = FlowTable(), {}
    for part in parts:
        if not part:
            continue
        first, second = np.array(part, np.uint64).T
        got = table.lookup(np.ascontiguousarray(first), np.ascontiguousarray(second)).tolist()
        for key, number in zip(part, got, strict=True):
            assert number == expected.setdefault(key, len(expected) + 1)
    assert len(table) == len(expected) + 1


def test_many_flows_keep_their_numbers() -> None:
    """The table grows past its first size without confusing flows."""
    table = FlowTable()
    first = np.arange(50_000, dtype=np.uint64)
    second = first * np.uint64(3)
    numbers = table.lookup(first, second)
    assert numbers.tolist() == list(range(1, 50_001))
    assert np.array_equal(table.lookup(first[::-1].copy(), second[::-1].copy()), numbers[::-1])


@given(st.lists(st.integers(0, 9), min_size=1, max_size=200))
def test_grouping_is_stable(flows: list[int]) -> None:
    """Rows of a flow come together in their own order."""
    order, starts, groups = grouped(np.array(flows))
    assert order.tolist() == sorted(range(len(flows)), key=lambda row: (flows[row], row))
    assert groups.tolist() == sorted(set(flows))
    assert len(starts) == len(groups)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(-5, 400), st.integers(20, 1500)), max_size=120), st.integers(1, 50))
def test_bins_add_up_and_widen_alike(rows: list[tuple[int, int, int]], size: int) -> None:
    """Sums per series and bin are those of a dictionary, and the width does not depend on how the rows were cut."""
    most, bins_module.MOST = bins_module.MOST, 30
    try:
        cut, whole = Bins(), Bins()
        columns = [np.array([row[at] for row in rows], np.int64) for at in range(3)]
        columns[1] = columns[1] * 1_000_000_000 + 5
        for begin in range(0, len(rows), size):
            cut.add(*(column[begin : begin + size] for column in columns))
        whole.add(*columns)
        assert [column.tolist() for column in cut.result()] == [column.tolist() for column in whole.result()]
        assert cut.width == whole.width
        assert len(cut.result()[0]) <= 30
        expected = Counter((series, time // cut.width * cut.width) for series, time in zip(*(c.tolist() for c in columns[:2]), strict=True))
        series, begin_of, packets, octets = (column.tolist() for column in cut.result())
        assert dict(zip(zip(series, begin_of, strict=True), packets, strict=True)) == expected
        assert sum(octets) == sum(row[2] for row in rows)
    finally:
        bins_module.MOST = most
