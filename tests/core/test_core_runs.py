"""Numbers in short."""

from __future__ import annotations

from l2tpscope.core.runs import numbers


def test_numbers_in_runs() -> None:
    """Numbers that follow each other are a run."""
    assert numbers([7, 1, 3, 2, 9, 8, 12, 2]) == "1-3, 7-9, 12"
    assert numbers([]) == ""
