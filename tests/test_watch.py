"""A report taken under way does not disturb what follows, and stays what it was."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

import l2tpscope
from l2tpscope.analysis.rows import ROWS
from l2tpscope.api import Pipeline
from l2tpscope.capture import open_capture

HERE = Path(__file__).parent
CAPTURES = {path.parent.name: path for path in sorted(HERE.glob("golden/*/capture.pcap"))}
CAPTURES |= {path.stem: path for path in sorted(HERE.glob("fuzz/seeds/*.pcap"))}


def tables(report: l2tpscope.Report) -> dict[str, list[dict[str, Any]]]:
    """Every table as plain rows."""
    return {table: [dataclasses.asdict(row) for row in report.rows(table)] for table in ROWS}


@pytest.mark.parametrize("name", CAPTURES)
def test_snapshots_change_nothing(name: str) -> None:
    """Reading with a snapshot every few batches gives the same tables in the end as reading at once."""
    source = open_capture(CAPTURES[name], rows=7)
    pipeline = Pipeline()
    for number, batch in enumerate(source.batches()):
        pipeline.feed(batch)
        if number % 5 == 0:
            tables(pipeline.snapshot([source.info]))
    assert tables(pipeline.report([source.info])) == tables(l2tpscope.read(CAPTURES[name]))


@pytest.mark.parametrize("name", ["healthy", "gateway_decrypts", "loss_with_s_bit", "rekeying", "l2f", "v3_over_udp"])
def test_a_snapshot_stays(name: str) -> None:
    """The tables of a snapshot that are asked for only at the end are those that the capture had up to it."""
    source = open_capture(CAPTURES[name], rows=16)
    pipeline = Pipeline()
    early = late = None
    for number, batch in enumerate(source.batches()):
        pipeline.feed(batch)
        if number == 3:
            early, late = (pipeline.snapshot([source.info]) for _ in range(2))
            asked_at_once = tables(early)
    assert late is not None
    pipeline.report([source.info])
    assert tables(late) == asked_at_once
