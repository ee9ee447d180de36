"""timeline: the life of every connection, as bars over time: IKE SAs, child SAs, tunnels, sessions, and what happened to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from l2tpscope.output.lives import BROKEN
from l2tpscope.output.plots.canvas import (
    DAY,
    INK,
    PLAIN,
    QUIET,
    SMALL,
    canvas,
    captured,
    days,
    legend,
    letters_wide,
    nothing,
    plain,
    points_high,
    time_axis,
    title,
)
from l2tpscope.output.plots.lanes import Bar, Group, Kind, Lane, groups
from l2tpscope.report import Report

COLOURS: dict[Kind, str] = {"IKE SA": "#0b3c5d", "ESP": "#7db9e8", "tunnel": "#c8541a", "session": "#f5d76e"}
"""From dark to light in grey: 0.2, 0.7, 0.45, 0.85."""
EDGES: dict[Kind, str] = {"IKE SA": "#0b3c5d", "ESP": "#1f5f94", "tunnel": "#8a3408", "session": "#8a7416"}
"""So that what follows at once is still seen to be another one."""
NAMES: dict[Kind, str] = {"ESP": "ESP SA, first to last packet"}
LANE_IN, HEAD_POINTS, THIN_POINTS = 0.22, 13.0, 5.0
TALLEST_IN, MOST_IN = 11.0, 60.0
"""Lanes become thin before a picture becomes taller than the first; it never becomes taller than the second."""
MOST_FINDINGS = 8
MOST_TICKS = 150
"""Of HELLOs side by side."""
SIGNS = {"error": "X", "warning": "^", "info": "o"}


class Sign(NamedTuple):
    """How a kind of mark is drawn."""

    marker: str
    face: str
    size: float
    edge: str = INK


MARKS = {
    "HELLO": Sign("|", INK, 7.0),
    "sent again": Sign("v", "#d00000", 6.5, "white"),
    "rekeying": Sign("D", "white", 4.5),
    "moved": Sign("P", "white", 6.0),
    "ICMP error": Sign("X", "white", 6.5),
}


class Row(NamedTuple):
    """One row of the picture: a lane, the name of a connection, or a finding; its height in lanes."""

    height: float
    lane: Lane | None = None
    group: Group | None = None
    finding: Any = None
    text: str = ""


def timeline(report: Report, ax: Axes | None = None, *, vpn: int | None = None) -> Axes:
    """Draw it for every connection, or for one.

    One bar a row of `ike_sas`, `esp_sas`, `tunnels` and `sessions`. *Bias*: what was established and not seen to end is drawn to the
    end of the capture; an SA of ESP from its first packet to its last.
    """
    found = groups(report, vpn)
    seen = captured(report)
    if not found or seen is None:
        why = "no IKE, ESP or L2TP connection in the capture" if vpn is None else f"there is no connection {vpn}"
        return nothing(ax, "Timeline", report, why)
    findings = [row for row in report.rows("findings") if vpn is None or row.vpn in (None, vpn)]
    rows, height, left_out = _layout(found, findings, ax)
    ax = canvas(ax, height)
    begin = min(bar.begin for group in found for lane in group.lanes for bar in lane.bars)
    end = max(bar.end for group in found for lane in group.lanes for bar in lane.bars)
    time_axis(ax, min(begin, seen[0]), max(end, seen[1]))
    title(ax, "Timeline", report)
    _rows(ax, rows, found)
    if left_out:
        ax.text(
            1, 0, f"{left_out} more connections are not drawn", ha="right", va="bottom", transform=ax.transAxes, fontsize=SMALL, **PLAIN
        )
    return ax


def _layout(found: Sequence[Group], findings: Sequence[Any], ax: Axes | None) -> tuple[list[Row], float, int]:
    """Rows from top to bottom, the height of a picture of them, and how many connections do not fit."""
    lanes = sum(len(group.lanes) for group in found)
    full = lanes + 1.2 * len(found)
    told = min(len(findings), MOST_FINDINGS + 1)
    if ax is None:
        height = min(max(full * LANE_IN, TALLEST_IN), lanes * THIN_POINTS / 72) if full * LANE_IN > TALLEST_IN else full * LANE_IN
        height = max(0.7, min(MOST_IN, max(height, min(full * LANE_IN, TALLEST_IN))))
        room, height = height * 72, height + told * 2 * HEAD_POINTS / 72 + 1.5
    else:
        room, height = max(20.0, points_high(ax) - told * 2 * HEAD_POINTS), 0.0
    named = room / full >= HEAD_POINTS * 0.8
    point = (full if named else lanes) / room
    """Lanes a point."""
    rows = [Row(2 * HEAD_POINTS * point, finding=finding) for finding in findings[:MOST_FINDINGS]]
    if len(findings) > MOST_FINDINGS:
        rows.append(Row(2 * HEAD_POINTS * point, text=f"and {len(findings) - MOST_FINDINGS} more findings: l2tpscope diagnose"))
    drawn = 0
    for group in found:
        if not named and lanes * THIN_POINTS / 72 > MOST_IN and sum(row.height for row in rows) * THIN_POINTS / 72 > MOST_IN:
            break
        if named:
            rows.append(Row(1.2, text=group.name))
        rows += [Row(1.0, lane=lane, group=group) for lane in group.lanes]
        drawn += 1
    return rows, height, len(found) - drawn


def _rows(ax: Axes, rows: Sequence[Row], found: Sequence[Group]) -> None:
    """Draw every row, name those that have room for a name, and say what the signs mean."""
    whole = sum(row.height for row in rows)
    ax.set_ylim(whole, 0)
    point = whole / points_high(ax)
    if ax.get_figure(root=True).get_layout_engine() is not None:  # type: ignore[union-attr]
        point *= 1.15  # the layout takes room for title and legend later
    names: list[tuple[float, str]] = []
    last: Group | None = None
    named = any(row.text and row.group is None and row.finding is None for row in rows if row.height == 1.2)
    top = 0.0
    for row in rows:
        middle = top + row.height / 2
        if row.finding is not None:
            names.append((middle, f"{row.finding.finding} {row.finding.severity}"))
            _finding(ax, row.finding, top, row.height)
        elif row.lane is not None:
            for bar in row.lane.bars:
                _bar(ax, bar, middle, row.height, point)
            if named:
                names.append((middle, row.lane.name))
            elif row.group is not last and row.group is not None:
                names.append((middle, row.group.short))
            last = row.group
        else:
            _words(ax, middle, row.text, SMALL, weight="bold")
            ax.axhline(top, color="#cccccc", linewidth=0.6, zorder=0)
        top += row.height
    _names(ax, names, point)
    legend(ax, _signs(found, rows, _room(ax)))


def _names(ax: Axes, names: Sequence[tuple[float, str]], point: float) -> None:
    """The names beside the rows, those left out that would touch the one above."""
    shown: list[tuple[float, str]] = []
    for at, name in names:
        if not shown or at - shown[-1][0] >= SMALL * 1.25 * point:
            shown.append((at, name))
    ax.set_yticks([at for at, _ in shown], [name for _, name in shown], fontsize=SMALL, **PLAIN)
    ax.tick_params(axis="y", length=0)


def _bar(ax: Axes, bar: Bar, middle: float, height: float, point: float) -> None:
    """One life: pale while it was being set up, full while it was up, hatched where it broke."""
    thick = height * 0.62
    begin, end = days([bar.begin, bar.end])
    whole = max(end - begin, 1e-12)
    broken = bar.state in BROKEN
    body = Rectangle((begin, middle - thick / 2), whole, thick, facecolor="white", edgecolor=EDGES[bar.kind], linewidth=0.8, zorder=2)
    body.set_gid(f"{bar.kind} {bar.number}")
    if broken:
        body.set_hatch("xxxx")
    ax.add_patch(body)
    if bar.up is not None or bar.before:
        up = days([bar.begin if bar.up is None else max(bar.up, bar.begin)])[0]
        ax.add_patch(
            Rectangle(
                (up, middle - thick / 2),
                max(end - up, 0),
                thick,
                facecolor=COLOURS[bar.kind],
                edgecolor="none",
                alpha=0.45 if broken else 1,
                zorder=2.1,
            )
        )
    for first, last in bar.silences:
        since, until = days([first, last])
        ax.add_patch(
            Rectangle(
                (since, middle - thick * 0.3),
                until - since,
                thick * 0.6,
                facecolor="white",
                edgecolor=INK,
                linewidth=0.5,
                linestyle=":",
                zorder=2.2,
            )
        )
    size = min(7.0, thick / point)
    _end(ax, bar, middle, thick, size)
    for kind, sign in MARKS.items():
        times = [mark.time for mark in bar.marks if mark.kind == kind]
        if kind == "HELLO":
            times = apart(times, _room(ax))
        if times:
            ax.plot(
                days(times),
                [middle] * len(times),
                linestyle="none",
                marker=sign.marker,
                markersize=min(sign.size, size * 1.1),
                markerfacecolor=sign.face,
                markeredgecolor=sign.edge,
                markeredgewidth=0.6,
                zorder=3 if kind == "HELLO" else 4,
                gid=f"{kind} of {bar.kind} {bar.number}",
            )


def _room(ax: Axes) -> int:
    """Time between two HELLOs below which they would be one black bar, in nanoseconds."""
    low, high = ax.get_xlim()
    return int((high - low) * DAY / MOST_TICKS)


def apart(times: Sequence[int], least: int) -> list[int]:
    """Those that lie far enough after the one before: silence is still seen."""
    kept: list[int] = []
    for time in sorted(times):
        if not kept or time - kept[-1] >= least:
            kept.append(time)
    return kept


def _end(ax: Axes, bar: Bar, middle: float, thick: float, size: float) -> None:
    """How it begins and ends: arrows where the capture shows less than there was, a cross where it broke."""
    begin, end = days([bar.begin, bar.end])
    if bar.before:
        ax.plot([begin], [middle], marker="<", markersize=size, color=COLOURS[bar.kind], markeredgecolor=INK, markeredgewidth=0.6, zorder=5)
    if bar.beyond and bar.kind != "ESP":
        ax.plot([end], [middle], marker=">", markersize=size, color=COLOURS[bar.kind], markeredgecolor=INK, markeredgewidth=0.6, zorder=5)
    if bar.state in BROKEN:
        ax.plot([end], [middle], marker="x", markersize=size, color="#d00000", markeredgewidth=1.8, zorder=5)
    elif bar.state in ("closed", "replaced"):
        ax.plot([end, end], [middle - thick * 0.75, middle + thick * 0.75], color=INK, linewidth=1.6, solid_capstyle="butt", zorder=5)


def _finding(ax: Axes, row: Any, top: float, height: float) -> None:
    """From when to when it was seen, and under that what it is."""
    at, under = top + height * 0.25, top + height * 0.7
    first, last = days([row.first, row.last])
    (line,) = ax.plot([first, last], [at, at], color=INK, linewidth=1.2, marker=SIGNS[row.severity], markersize=6, markerfacecolor="white")
    line.set_gid(f"finding {row.finding} {row.subject}")
    _words(ax, under, f"({row.grade}) {row.summary}", SMALL - 0.5)


def _words(ax: Axes, at: float, words: str, size: float, weight: str = "normal") -> None:
    """Text across the picture, as much as there is room for; letters wider than most end at its edge."""
    shown = plain(words, max(20, letters_wide(ax, size)))
    text = ax.text(0.002, at, shown, transform=ax.get_yaxis_transform(), va="center", fontsize=size, weight=weight, color=INK, **PLAIN)
    text.set_clip_on(True)
    text.set_in_layout(False)


def _signs(found: Sequence[Group], rows: Sequence[Row], room: int) -> Iterator[Any]:
    """What the signs mean, of those that are there."""
    bars = [bar for group in found for lane in group.lanes for bar in lane.bars]
    kinds = {bar.kind for bar in bars}
    seen = {mark.kind for bar in bars for mark in bar.marks}
    told = {row.finding.severity for row in rows if row.finding is not None}
    yield from (Patch(facecolor=COLOURS[kind], edgecolor=EDGES[kind], label=NAMES.get(kind, kind)) for kind in COLOURS if kind in kinds)
    yield from (sign for there, sign in _conditions(bars) if there)
    hellos = ([mark.time for mark in bar.marks if mark.kind == "HELLO"] for bar in bars)
    some = any(len(apart(times, room)) < len(times) for times in hellos)
    names = {"HELLO": "HELLO (not all drawn)"} if some else {}
    yield from (
        _mark(sign.marker, names.get(kind, kind), face=sign.face, size=max(sign.size, 6)) for kind, sign in MARKS.items() if kind in seen
    )
    yield from (_mark(marker, f"finding: {severity}", face="white") for severity, marker in SIGNS.items() if severity in told)


def _conditions(bars: Sequence[Bar]) -> Iterator[tuple[bool, Any]]:
    """What may be the matter with a bar, whether it is with any of them, and how that looks."""
    lives = [bar for bar in bars if bar.kind != "ESP"]
    setting_up = Patch(facecolor="white", edgecolor=QUIET, label="being set up")
    broken = Patch(facecolor="white", edgecolor=INK, hatch="xxxx", label="refused, unanswered, failed or lost")
    yield any(bar.up != bar.begin for bar in lives), setting_up
    yield any(bar.state in BROKEN for bar in bars), broken
    yield any(bar.silences for bar in bars), Patch(facecolor="white", edgecolor=INK, linestyle=":", label="no data")
    yield any(bar.state in ("closed", "replaced") for bar in bars), _mark("|", "closed in order", width=1.6)
    yield any(bar.beyond for bar in lives), _mark(">", "no end in the capture", face=QUIET)
    yield any(bar.before for bar in bars), _mark("<", "began before", face=QUIET)


def _mark(marker: str, label: str, *, face: str = INK, size: float = 7.0, width: float = 0.8) -> Line2D:
    return Line2D(
        [],
        [],
        linestyle="none",
        marker=marker,
        label=label,
        markerfacecolor=face,
        markeredgecolor=INK,
        markersize=size,
        markeredgewidth=width,
    )
