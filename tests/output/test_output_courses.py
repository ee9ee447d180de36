"""Loss over time: stretches that hold enough to say something, and the pictures that are made of them."""

from __future__ import annotations

from typing import Any

import pytest
from example_report import SECOND, T0, capture, loss, row, session, tunnel

from l2tpscope.analysis.rows import EspSaRow, Measures, MessageRow, ThroughputRow, VpnRow
from l2tpscope.output import RENDERER, plots
from l2tpscope.output.courses import ENOUGH, courses
from l2tpscope.report import Report


def made(**tables: Any) -> Report:
    """A report of these rows."""
    return Report(measures=Measures(**{"captures": [capture(time_end=T0 + 3600 * SECOND)], **tables}), renderer=RENDERER)


def bin_of(second: int, packets: int, lost: int | None = 0, **given: Any) -> Any:
    """A second of session 1."""
    values = {"bin_s": 1.0, "tunnel": 1, "session": 1, "direction": "to_responder", "octets": 100, "reordered": 0}
    return row(ThroughputRow, "throughput", **{**values, "time": T0 + second * SECOND, "packets": packets, "lost": lost, **given})


def test_a_stretch_holds_enough_numbers_and_nothing_is_left_out() -> None:
    """One lost of three packets in a second is not a third lost: seconds are joined until there are 50 numbers."""
    bins = [bin_of(second, 3, int(second == 40)) for second in range(100)]
    (course,) = courses(made(throughput=bins))
    assert all(one.expected >= ENOUGH for one in course.stretches)
    assert sum(one.lost for one in course.stretches) == 1
    assert sum(one.packets for one in course.stretches) == 300
    assert max(one.lost / one.expected for one in course.stretches) <= 1 / ENOUGH


def test_what_is_not_numbered_has_no_course() -> None:
    """Unknown is not 0 lost."""
    assert courses(made(throughput=[bin_of(second, 3, None, reordered=None) for second in range(100)])) == []


def test_a_bad_minute_stands_out_in_the_picture() -> None:
    """An hour with 5 % lost in one minute, 0.08 % in all: the columns reach 5 % there, and nothing elsewhere."""
    bins = [bin_of(second, 95 if 600 <= second < 660 else 100, 5 if 600 <= second < 660 else 0) for second in range(3600)]
    ax = plots.loss(made(throughput=bins, sessions=[session(first_data=T0)], loss=[loss(lost=300, expected=360_000, loss_ratio=1 / 1200)]))
    heights = {
        round((one.get_x() * 86_400 - T0 / SECOND) / 60): one.get_height()  # type: ignore[attr-defined]
        for one in ax.patches
        if one.get_gid() == "over time l2tp-data to_responder"
    }
    assert max(heights.values()) == pytest.approx(5.0, rel=0.01)
    assert {minute for minute, height in heights.items() if height > 0} <= {9, 10, 11}


def test_an_interval_of_two_numbers_does_not_press_the_rest_flat() -> None:
    """0 of 2 control messages (0 to 66 %) beside 0.4 % of 5001: the scale is that of the 0.4 %."""
    few = loss(
        space="l2tp-control", session=None, lost=0, expected=2, reordered=0, loss_ratio=0.0, loss_low_ratio=0.0, loss_high_ratio=0.658
    )
    assert plots.loss(made(loss=[few, loss(reordered=0)])).get_ylim()[1] < 2


def test_hellos_of_a_day_are_ticks_with_room_between() -> None:
    """1440 HELLOs are no black bar, and the legend says that not all are drawn."""
    hellos = [row(MessageRow, "messages", time=T0 + n * 60 * SECOND, tunnel=1, message="HELLO", fit="new") for n in range(1440)]
    report = made(captures=[capture(time_end=T0 + 86_400 * SECOND)], tunnels=[tunnel(state="established", closed=None)], messages=hellos)
    ax = plots.timeline(report)
    (line,) = [one for one in ax.lines if str(one.get_gid()).startswith("HELLO")]
    assert 50 < len(line.get_xdata()) <= 150  # type: ignore[arg-type]
    legend = ax.get_legend()
    assert legend is not None
    assert "HELLO (not all drawn)" in [text.get_text() for text in legend.get_texts()]


def test_the_sas_of_a_day_of_rekeying_are_one_line() -> None:
    """24 pairs of SAs of one connection are what the connection carried, not seven of them and a rest."""
    sas = [row(EspSaRow, "esp_sas", esp_sa=n, vpn=1, first=T0, last=T0 + SECOND) for n in range(1, 49)]
    bins = [bin_of(n * 70, 5, session=None, tunnel=None, esp_sa=n) for n in range(1, 49)]
    ax = plots.throughput(made(esp_sas=sas, throughput=bins, vpns=[row(VpnRow, "vpns", vpn=1, esp_sas=list(range(1, 49)))]))
    assert {one.get_gid() for one in ax.patches} == {"vpn 1, ESP 1"}


def test_pictures_of_one_capture_have_one_axis_of_time() -> None:
    """Throughput of 20 minutes and messages of 30 are drawn over the hour of the capture; what was there for a minute only is not."""
    bins = [bin_of(second, 3) for second in range(1000, 2200)]
    talk = [row(MessageRow, "messages", time=T0 + at * SECOND, tunnel=1, message="HELLO", ns=at, fit="new") for at in (10, 1800)]
    report = made(throughput=bins, messages=talk)
    assert plots.throughput(report).get_xlim() == plots.sequence(report).get_xlim()
    short = plots.throughput(made(throughput=bins[:60])).get_xlim()
    assert (short[1] - short[0]) * 86_400 < 70
