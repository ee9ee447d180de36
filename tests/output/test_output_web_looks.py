"""What an engineer sees of the page: loss over time, many connections, a day, and a capture with nothing in it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

from example_report import SECOND, T0, capture, loss, measures, report, row

from l2tpscope.analysis.rows import Measures, ThroughputRow, VpnRow
from l2tpscope.output.web import document
from l2tpscope.output.web.charts import losses
from l2tpscope.report import Report


def page(made: Report, lang: Any = "en") -> str:
    """The page, without its script and data."""
    return re.sub(r"<(script|style).*?</\1>", "", "".join(document(made, lang)), flags=re.DOTALL)


def view(made: Report) -> Any:
    """What the script is given."""
    found = re.search(r'id="l2tpscope-view">(.*?)</script>', "".join(document(made)), flags=re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def empty(frames: int) -> Report:
    """Of a capture in which there is no L2TP and no IPsec."""
    none = {"frames": frames, "verdict": "empty", "l2tp2_control_frames": 0, "l2tp2_data_frames": 0, "other_frames": frames}
    return report(measures=Measures(captures=[capture(**none)]))


def test_many_that_lost_nothing_are_one_line_a_kind_and_direction() -> None:
    """50 tunnels without loss and one with it: the one is named, the others stand together with the interval of all their numbers."""
    fine = [loss(space="l2tp-control", session=None, tunnel=n, lost=0, expected=20, loss_ratio=0.0, loss_low_ratio=0.0) for n in range(50)]
    found = losses(report(measures=replace(measures(), loss=[*fine, loss(tunnel=99, session=99)])))["rows"]
    assert [each["name"] for each in found] == ["session 99 → l2tp-data", "50 × → l2tp-control"]
    assert found[1]["text"] == "0/1,000  0 % (0-0.38)"  # Wilson, z = 1.96: z² / (n + z²) = 0.00383
    assert (found[1]["low"], round(found[1]["high"], 5)) == (0.0, 0.00383)


def test_few_losses_are_all_drawn_though_they_are_none() -> None:
    """Twelve of which nothing is lost are twelve lines."""
    fine = [loss(tunnel=n, session=n, lost=0, loss_ratio=0.0) for n in range(12)]
    assert len(losses(report(measures=replace(measures(), loss=fine)))["rows"]) == 12


def test_loss_over_time_is_given_to_the_script() -> None:
    """Two minutes of a hundred numbers a second, 5 % of the second minute lost: the shares of the stretches say so."""
    common = {"bin_s": 1.0, "session": 1, "tunnel": 1, "direction": "to_responder", "reordered": 0, "octets": 1}
    bins = [
        row(ThroughputRow, "throughput", time=T0 + n * SECOND, packets=100 - 5 * (n >= 60), lost=5 * (n >= 60), **common)
        for n in range(120)
    ]
    (course,) = view(report(measures=replace(measures(), throughput=bins)))["loss"]["courses"]
    assert (course["name"], course["way"]) == ("→ l2tp-data", 0)
    assert {share for begin, _, share, _, _ in course["stretches"] if begin >= 60} == {0.05}
    assert {share for _, end, share, _, _ in course["stretches"] if end <= 60} == {0.0}


def test_an_empty_capture_has_no_tools_for_nothing_and_says_what_to_try() -> None:
    """No zoom, no choice of series; in both languages, what else may be the matter."""
    for made in (empty(0), empty(200)):
        shown = page(made)
        assert "data-zoom" not in shown
        assert 'id="series"' not in shown
        assert "a capture filter" in shown
        assert "--port N" in page(made, "ja")


def test_one_connection_is_not_plural() -> None:
    """1 connection, 2 connections."""
    vpn = row(VpnRow, "vpns", vpn=1, client="198.51.100.10", server="203.0.113.5")
    assert "<b>1</b> <span>connection</span>" in page(report(measures=replace(measures(), vpns=[vpn])))
    assert "<b>2</b> <span>connections</span>" in page(report(measures=replace(measures(), vpns=[vpn, replace(vpn, vpn=2)])))


def test_every_word_that_the_script_says_is_given_to_it() -> None:
    """What is not would be drawn as nothing: an empty timeline said nothing."""
    given = view(report())["words"]
    script = "".join(document(report()))
    asked = set(re.findall(r'words\["([a-z_-]+)"\]', script)) | set(re.findall(r"words\.([a-z]+)", script))
    assert asked
    assert asked <= set(given)
