"""Every row is in its picture once, nothing covers a name, and a peer's text is nothing but text."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest
from example_report import HOSTILE, SECOND, T0, capture, finding, loss, row, session, trip, tunnel
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import l2tpscope
from l2tpscope.analysis.rows import Measures, MessageRow, ThroughputRow, VpnRow
from l2tpscope.cli.tables import PICTURES
from l2tpscope.output import RENDERER, OutputError, plots
from l2tpscope.output.plots.canvas import Picture, plain
from l2tpscope.output.plots.lanes import groups
from l2tpscope.report import Report

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
BARS = {"ike_sas": "IKE SA", "esp_sas": "ESP", "tunnels": "tunnel", "sessions": "session"}
DAY = 86_400


@cache
def read(name: str) -> Report:
    """The report of a sample."""
    return l2tpscope.read(SAMPLES / name)


def made(**tables: Any) -> Report:
    """A report of these rows."""
    return Report(measures=Measures(**{"captures": [capture()], **tables}), renderer=RENDERER)


def many(number: int, length: int = 40) -> Report:
    """So many connections of one tunnel and one session each, over *length* seconds."""
    end = T0 + length * SECOND
    vpns = [
        row(VpnRow, "vpns", vpn=n, client=f"198.51.100.{n}:1701", server="203.0.113.5:1701", tunnels=[n], sessions=[n], opened=T0)
        for n in range(1, number + 1)
    ]
    return made(
        captures=[capture(time_end=end)],
        vpns=vpns,
        tunnels=[tunnel(n, vpn=n, opened=T0 + n * SECOND // 10, closed=end, initiator_host_name=f"lac{n}") for n in range(1, number + 1)],
        sessions=[session(n, n, opened=T0 + n * SECOND // 10, closed=end, ppp_user=f"user{n}") for n in range(1, number + 1)],
        rtt=[trip(0.02 + n / 1e4, tunnel=n, time=T0 + n * length * SECOND // (number + 1)) for n in range(1, number + 1)],
        loss=[loss(tunnel=n, session=n) for n in range(1, number + 1)],
        throughput=[
            row(ThroughputRow, "throughput", time=T0 + n * SECOND, bin_s=1.0, tunnel=n, session=n, packets=1, octets=1000 + n)
            for n in range(1, number + 1)
        ],
        messages=[
            row(MessageRow, "messages", time=T0 + n * SECOND // 10, tunnel=n, message="SCCRQ", ns=0, nr=0, fit="new")
            for n in range(1, number + 1)
        ],
        findings=[finding(), finding(severity="warning", summary="w" * 300)],
    )


def drawn(ax: Axes) -> Figure:
    """The figure of the axes, laid out."""
    figure = ax.get_figure(root=True)
    assert isinstance(figure, Figure)
    figure.draw_without_rendering()
    return figure


def texts(ax: Axes) -> list[Any]:
    """Every text that is seen."""
    drawn(ax)
    low, high = sorted(ax.get_xlim())
    ticks = [tick.label1 for tick in ax.xaxis.get_major_ticks() if low <= tick.get_loc() <= high]
    ticks += [tick.label1 for tick in ax.yaxis.get_major_ticks() if min(ax.get_ylim()) <= tick.get_loc() <= max(ax.get_ylim())]
    legend = ax.get_legend()
    found = [*ticks, *ax.texts, ax.xaxis.label, ax.yaxis.label, ax.title, ax._left_title, *(legend.get_texts() if legend else [])]  # type: ignore[attr-defined]
    return [one for one in found if one.get_visible() and one.get_text().strip()]


def overlapping(ax: Axes) -> list[tuple[str, str]]:
    """Pairs of texts that cover a part of each other."""
    boxes = [(one.get_text(), one.get_window_extent().shrunk(0.98, 0.9)) for one in texts(ax)]
    return [(name, other) for (name, box), (other, second) in combinations(boxes, 2) if box.overlaps(second)]


def gids(ax: Axes) -> list[str]:
    """What was drawn, by its name."""
    return [gid for one in ax.get_children() if (gid := one.get_gid())]


@pytest.mark.parametrize(
    "name", ["healthy.pcap.gz", "many_tunnels.pcap", "ipsec_nat.pcap", "two_clients_nat.pcap", "wrong_psk.pcap", "l2tpv3.pcap.gz"]
)
def test_every_life_is_a_bar(name: str) -> None:
    """The timeline has one bar for every IKE SA, ESP SA, tunnel and session."""
    report = read(name)
    found = gids(plots.timeline(report))
    for table, kind in BARS.items():
        assert sum(gid.startswith(f"{kind} ") for gid in found) == len(report.rows(table)), table


def test_hellos_and_repeats_are_marked() -> None:
    """The timeline marks every HELLO and every control message that was sent again: as many as the messages say."""
    report = read("lns_killed.pcap")
    lines = [line for line in plots.timeline(report).lines if line.get_gid()]
    for kind in ("HELLO", "sent again"):
        rows = [one for one in report.rows("messages") if one.fit == "retransmission" or one.message == "HELLO"]
        expected = sum((one.fit == "retransmission") is (kind == "sent again") for one in rows)
        assert sum(len(line.get_xdata()) for line in lines if str(line.get_gid()).startswith(f"{kind} of")) == expected  # type: ignore[arg-type]
        assert expected > 0


def test_bars_of_a_lane_do_not_cover_each_other() -> None:
    """SAs that live at the same time stand in different lanes, those one after the other share one."""
    for group in groups(read("two_clients_nat.pcap")) + groups(read("loss.pcap.gz")):
        for lane in group.lanes:
            assert all(one.end <= other.begin for one, other in pairwise(lane.bars))


def test_an_established_tunnel_goes_to_the_end_and_a_partial_one_to_its_last_sign() -> None:
    """What was up when the capture ended is drawn to its end; what was merely glimpsed only as long as it was seen."""
    up, glimpsed = tunnel(1, state="established", closed=None), tunnel(2, state="partial", opened=None, closed=None)
    seen = [row(MessageRow, "messages", time=T0 + at * SECOND, tunnel=2, message="HELLO", fit="new") for at in (3, 9)]
    bars = {bar.number: bar for group in groups(made(tunnels=[up, glimpsed], messages=seen)) for lane in group.lanes for bar in lane.bars}
    assert (bars[1].end - T0, bars[1].beyond, bars[1].before) == (41 * SECOND, True, False)
    assert ((bars[2].begin - T0) / SECOND, (bars[2].end - T0) / SECOND, bars[2].before) == (3, 9, True)


def test_silence_is_a_minute_without_data() -> None:
    """A session without data from second 10 to second 200 is silent there, and nowhere else."""
    bins = [row(ThroughputRow, "throughput", time=T0 + at * SECOND, bin_s=1.0, session=1, packets=1, octets=1) for at in (0, 9, 200, 239)]
    report = made(captures=[capture(time_end=T0 + 241 * SECOND)], sessions=[session(closed=T0 + 240 * SECOND)], throughput=bins)
    ((lane,),) = [group.lanes for group in groups(report)]
    assert [((first - T0) / SECOND, (last - T0) / SECOND) for first, last in lane.bars[0].silences] == [(10, 200)]


@pytest.mark.parametrize("name", ["healthy.pcap.gz", "loss.pcap.gz", "ipsec_nat.pcap"])
def test_every_round_trip_is_a_point(name: str) -> None:
    """The picture of round trips has a point a row on either side, at the milliseconds of the table."""
    report = read(name)
    points = [one for one in plots.rtt(report).collections if one.get_gid()]
    for side in ("initiator", "responder"):
        values = np.concatenate([np.asarray(one.get_offsets())[:, 1] for one in points if f" {side} " in str(one.get_gid())])
        assert sorted(values) == pytest.approx(sorted(1e3 * one.rtt_s for one in report.rows("rtt") if one.side == side))


@pytest.mark.parametrize("name", ["loss.pcap.gz", "ipsec_nat.pcap", "l2tpv3.pcap.gz"])
def test_every_measured_loss_is_a_sign(name: str) -> None:
    """The picture of loss has a sign for every measurable space, and none for the others."""
    report = read(name)
    signs: Counter[str] = Counter()
    for line in plots.loss(report).lines:
        signs[str(line.get_gid())] += len(line.get_xdata())  # type: ignore[arg-type]
    expected = Counter(f"loss {one.space} {one.direction}" for one in report.rows("loss") if one.measurable)
    assert {name: count for name, count in signs.items() if name.startswith("loss ")} == expected


def test_segments_sent_again_are_not_called_lost() -> None:
    """TCP counts what was sent again, which is more than was lost; the legend says so."""
    legend = plots.loss(read("loss.pcap.gz")).get_legend()
    assert legend is not None
    assert "sent again, tcp (2)" in [one.get_text() for one in legend.get_texts()]


def test_what_cannot_be_measured_is_said_with_its_reason() -> None:
    """Data without sequence numbers is named in the picture of loss as not measurable, and not drawn as 0."""
    assert any("no sequence numbers (S bit not set)" in one.get_text() for one in plots.loss(read("healthy.pcap.gz")).texts)
    row_ = loss(measurable=False, why_not="no sequence numbers (S bit not set)", loss_ratio=None, lost=None, expected=None)
    (words,) = plots.loss(made(loss=[row_])).texts
    assert words.get_text() == "nothing to show: loss is not measurable: no sequence numbers (S bit not set) (1)"


@pytest.mark.parametrize("name", ["healthy.pcap.gz", "many_tunnels.pcap", "ipsec_nat.pcap"])
def test_the_area_under_the_lines_is_what_passed(name: str) -> None:
    """Bits a second times seconds, over all lines of a direction, are the octets of the table in it."""
    assert_area(read(name))


def test_the_rest_of_many_sessions_is_one_line_that_holds_them_all() -> None:
    """Of 200 sessions the picture has eight lines, and nothing of their octets is missing."""
    assert len(assert_area(many(200))) == 8


def assert_area(report: Report) -> set[str]:
    """Check it, and give the names of the lines."""
    ax = plots.throughput(report)
    scale = {"bit/s": 1, "kbit/s": 1e3, "Mbit/s": 1e6}[ax.get_ylabel().partition(",")[0]]
    for sign, direction in ((1, "to_responder"), (-1, "to_initiator")):
        area = 0.0
        for line in (one for one in ax.patches if str(one.get_gid()).endswith(f" {sign}")):
            values, edges, _ = line.get_data()  # type: ignore[attr-defined]
            area += float((np.abs(values) * np.diff(edges)).sum()) * scale * DAY / 8
        assert area == pytest.approx(sum(one.octets for one in report.rows("throughput") if one.direction == direction), rel=1e-4)
    return {str(one.get_gid()).rpartition(" ")[0] for one in ax.patches}


@pytest.mark.parametrize("name", ["loss.pcap.gz", "many_tunnels.pcap"])
def test_every_numbered_message_is_a_sign(name: str) -> None:
    """The picture of control messages has a sign a message with an Ns of its own, by how it fits."""
    report = read(name)
    lines = [line for line in plots.sequence(report).lines if line.get_gid()]
    for fit in ("new", "retransmission"):
        expected = sum(one.fit == fit and one.message not in ("ZLB", "ACK") and one.ns is not None for one in report.rows("messages"))
        assert sum(len(line.get_xdata()) for line in lines if str(line.get_gid()).startswith(f"{fit} ")) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", plots.KINDS)
@pytest.mark.parametrize(("tunnels", "length"), [(1, 40), (1, DAY), (30, 40), (200, DAY)])
def test_no_text_covers_another(kind: str, tunnels: int, length: int) -> None:
    """At one tunnel and at 200, in seconds and over a day, every text stands clear of every other."""
    assert overlapping(plots.KINDS[kind](many(tunnels, length))) == []


@pytest.mark.parametrize("kind", plots.KINDS)
@pytest.mark.parametrize("name", ["healthy.pcap.gz", "loss.pcap.gz", "wrong_psk.pcap", "two_clients_nat.pcap"])
def test_no_text_of_a_sample_covers_another(kind: str, name: str) -> None:
    """Nor does one in the pictures of captures."""
    found = overlapping(plots.KINDS[kind](read(name)))
    assert [pair for pair in found if not all("/" in one for one in pair)] == []


@pytest.mark.parametrize("kind", plots.KINDS)
def test_an_empty_capture_says_why_it_is_empty(kind: str) -> None:
    """Of a capture with nothing in it there is a picture that says so."""
    empty = made(captures=[capture(time_start=None, time_end=None, duration_s=None, verdict="empty")])
    (words,) = plots.KINDS[kind](empty).texts
    assert words.get_text().startswith("nothing to show: ")


@pytest.mark.parametrize("kind", plots.KINDS)
def test_axes_that_are_given_are_drawn_into_and_returned(kind: str) -> None:
    """`ax=` is used and comes back; its figure gets no other axes, and matplotlib's settings stay as they were."""
    before = dict(mpl.rcParams)
    ax = Figure(figsize=(6, 3)).add_subplot()
    assert plots.KINDS[kind](read("healthy.pcap.gz"), ax=ax) is ax
    assert ax.get_figure(root=True).axes == [ax]  # type: ignore[union-attr]
    assert dict(mpl.rcParams) == before


def test_pyplot_is_never_loaded() -> None:
    """A picture is made and written without pyplot, which would hold every figure until the process ends."""
    program = (
        "import l2tpscope, sys; from l2tpscope.output import plots; r = l2tpscope.read(sys.argv[1]); plots.picture(r, 'timeline', 'png')"
    )
    program += "; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program, str(SAMPLES / "filtered.pcap")], check=False).returncode == 0


@pytest.mark.parametrize("kind", plots.KINDS)
def test_hostile_text_is_text(kind: str) -> None:
    r"""Dollars are no formula (`$\frac{$` would raise), controls are escaped, tags are no elements, in SVG as in PNG."""
    evil = r"$\frac{$" + HOSTILE
    vpn = row(VpnRow, "vpns", vpn=1, client=evil, server=evil, tunnels=[1], sessions=[1])
    report = made(
        captures=[capture(path=f"/tmp/{evil}.pcap")],  # noqa: S108
        vpns=[vpn],
        tunnels=[tunnel(vpn=1, initiator_host_name=evil, responder_host_name=evil)],
        sessions=[session(ppp_user=evil)],
        rtt=[trip(0.02)],
        loss=[loss(), loss(measurable=False, why_not=evil, loss_ratio=None)],
        findings=[finding(summary=evil)],
    )
    assert plots.picture(report, kind, "png").startswith(b"\x89PNG")
    root = ElementTree.fromstring(plots.picture(report, kind, "svg"))  # noqa: S314
    assert not [one for one in root.iter() if one.tag.rpartition("}")[2] == "script"]
    words = "".join(root.itertext())
    assert not {"\x1b", "\x00", "\u202e", "\udc80"} & set(words)
    if kind == "timeline":
        assert r"vpn 1: $\frac{$\x1b[2J\r\nevil\u202e<script>" in words


@pytest.mark.parametrize("kind", plots.KINDS)
@pytest.mark.parametrize(("begin", "end"), [(0, 0), (T0, T0), (0, 2**63 - 1)])
def test_any_time_can_be_drawn(kind: str, begin: int, end: int) -> None:
    """One instant alone, and all that 64 bits can say, are drawn; nothing overflows."""
    report = made(
        captures=[capture(time_start=begin, time_end=end)],
        tunnels=[tunnel(opened=begin, closed=end)],
        sessions=[session(opened=begin, closed=end)],
        rtt=[trip(0.0, time=begin), trip(0.0, time=end)],
        loss=[loss()],
        throughput=[row(ThroughputRow, "throughput", time=at, bin_s=1.0, session=1, octets=1) for at in (begin, end)],
        messages=[row(MessageRow, "messages", time=begin, tunnel=1, message="HELLO", ns=1, fit="new")],
    )
    assert plots.picture(report, kind, "png").startswith(b"\x89PNG")


def test_thousands_of_connections_end_in_a_picture_that_can_be_opened() -> None:
    """A timeline is never higher than 65 inches; what is not drawn is counted in it."""
    ax = plots.timeline(many(1000))
    assert drawn(ax).get_size_inches()[1] < 65
    bars = sum(gid.startswith("tunnel ") for gid in gids(ax))
    assert [one.get_text() for one in ax.texts if "not drawn" in one.get_text()] == [f"{1000 - bars} more connections are not drawn"]


def test_letters_that_the_font_lacks_are_written_as_numbers() -> None:
    """Two names that the font cannot draw stay two names, and not the same row of boxes."""
    assert plain("\U00013000") == r"\U00013000"
    assert plain("Zoë") == "Zoë"


@pytest.mark.parametrize(("form", "magic"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_a_picture_is_the_same_every_time(form: str, magic: bytes) -> None:
    """The same capture gives the same octets, in each format."""
    report = read("lns_killed.pcap")
    first = plots.picture(report, "timeline", form)
    assert first.startswith(magic)
    assert plots.picture(report, "timeline", form) == first


def test_a_picture_of_one_connection_has_nothing_of_the_others() -> None:
    """`vpn=2` leaves out the bars, round trips and messages of connection 1."""
    report = read("two_clients_nat.pcap")
    row_ = next(one for one in report.rows("vpns") if one.vpn == 2)
    found = gids(plots.timeline(report, vpn=2))
    assert {gid for gid in found if gid.startswith(("IKE", "ESP"))} == {
        *(f"IKE SA {number}" for number in row_.ike_sas),
        *(f"ESP {number}" for number in row_.esp_sas),
    }
    points = sum(len(one.get_offsets()) for one in plots.rtt(report, vpn=2).collections if one.get_gid())  # type: ignore[arg-type]
    assert points == sum(one.ike_sa in row_.ike_sas or one.esp_sa in row_.esp_sas for one in report.rows("rtt"))
    with pytest.raises(OutputError, match="no connection 9"):
        plots.picture(report, "timeline", "png", vpn=9)


def test_the_report_draws_itself() -> None:
    """`report.plot.timeline()` gives a picture that a notebook shows without pyplot; a row draws its own connection."""
    report = read("two_clients_nat.pcap")
    ax = report.plot.timeline()
    assert isinstance(ax, Picture)
    assert ax._repr_png_().startswith(b"\x89PNG")
    assert gids(report.vpn(2).plot.timeline()) == gids(report.plot.timeline(vpn=2))


def test_the_command_line_knows_every_picture() -> None:
    """The kinds that `l2tpscope plot` names are those that there are."""
    assert list(PICTURES) == list(plots.KINDS)
