"""What was lost over time, of real captures: the bins of `throughput` add up to the rows of `loss`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

import l2tpscope

SAMPLES = Path(__file__).resolve().parents[1] / "samples"


@pytest.mark.parametrize(("name", "spaces", "lossy"), [("loss.pcap.gz", 14, True), ("ipsec_nat.pcap", 2, False)])
def test_the_bins_add_up_to_what_was_lost(name: str, spaces: int, lossy: bool) -> None:
    """Of every session and SA, both ways, data numbered by Ns or by ESP; none of them began in the middle."""
    report = l2tpscope.read(SAMPLES / name)
    lost, late = Counter[tuple[object, ...]](), Counter[tuple[object, ...]]()
    for row in report.rows("throughput"):
        lost[row.session, row.esp_sa, row.direction] += row.lost
        late[row.session, row.esp_sa, row.direction] += row.reordered
    rows = [row for row in report.rows("loss") if row.measurable and row.space in ("l2tp-data", "esp")]
    assert len(rows) == spaces
    assert (sum(row.lost for row in rows) > 0) is lossy
    for row in rows:
        place = row.session, row.esp_sa, row.direction
        assert (lost[place], late[place]) == (row.lost, row.reordered)


@pytest.mark.parametrize("name", ["healthy.pcap.gz", "l2tpv3.pcap.gz"])
def test_without_known_numbers_nothing_is_said_over_time(name: str) -> None:
    """Data without S bit, and a static L2TPv3 session whose sublayer is concluded afterwards: null, not 0."""
    rows = l2tpscope.read(SAMPLES / name).rows("throughput")
    assert rows
    assert all(row.lost is None and row.reordered is None for row in rows)
