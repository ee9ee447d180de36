"""loss: what was lost and reordered over time, and of every sequence space with its 95 % interval; or why that cannot be measured."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter
from numpy.typing import NDArray

from l2tpscope.analysis.wilson import wilson
from l2tpscope.output.courses import Course, courses
from l2tpscope.output.plots.canvas import (
    DAY,
    INK,
    MARKERS,
    NORMAL,
    PLAIN,
    QUIET,
    SMALL,
    around,
    canvas,
    captured,
    days,
    faint_grid,
    legend,
    nothing,
    plain,
    time_axis,
    title,
)
from l2tpscope.output.plots.choice import parts
from l2tpscope.output.values import SECOND, duration, interval
from l2tpscope.report import Report

DIRECTIONS = {"to_responder": "#0b4f8a", "to_initiator": "#e08a1e"}
"""Dark and light."""
TICKS = (0, 0.01, 0.1, 0.2, 0.5, 1, 2, 3, 5, 10, 20, 30, 50, 75, 100)
LOST = {"tcp": "sent again"}
"""What is counted where it is not what was lost."""
MOST_VALUES, MOST_INTERVALS = 10, 60
"""No more spaces than these have their numbers beside them, and their intervals drawn boldly."""
EXACT = 0.1
"""Wider intervals are drawn pale: the few numbers behind them say little."""
MOST_REASONS = 4


class Place(NamedTuple):
    """A measured space: when it lived, and where in that time its sign stands."""

    row: Any
    begin: int
    end: int
    at: float


def loss(report: Report, ax: Axes | None = None, *, vpn: int | None = None) -> Axes:
    """Draw a sign for every measurable row of `loss`, on a line as long as the space lived; behind it, loss over time.

    A column is a stretch of time with at least 50 numbers, of all sessions or all SAs of a direction together (`throughput` has each);
    control messages, echoes and TCP are too few for that, and of L2TPv3 it is not known.
    *Bias*: the ratio of a sign is that of the whole life of its space, not of an instant; where it stands on its line means nothing.
    The vertical scale grows with the square root, so that 0.1 % is seen beside 20 %.
    """
    wanted = parts(report, vpn)
    rows = [row for row in report.rows("loss") if wanted.has(row)]
    measured = [row for row in rows if row.measurable and row.loss_ratio is not None]
    seen = captured(report)
    if not measured or seen is None:
        return nothing(ax, "Loss", report, _why(rows, vpn))
    ax = canvas(ax, 4.6)
    places = _places(report, measured, seen)
    time_axis(ax, *around(report, min(place.begin for place in places), max(place.end for place in places)))
    title(ax, "Loss", report)
    spaces = sorted({row.space for row in measured})
    ways = courses(report, wanted.has)
    for course in ways:
        _course(ax, course)
    alike: dict[tuple[str, str, bool], list[Place]] = defaultdict(list)
    for place in places:
        alike[place.row.space, place.row.direction, place.row.capture_suspect].append(place)
    for (space, _, _), several in alike.items():
        _draw(ax, several, MARKERS[spaces.index(space) % len(MARKERS)], len(places))
    _axis(ax, measured, ways)
    together = list(_together(ax, measured, spaces)) if len(measured) > MOST_INTERVALS else []
    legend(ax, [*_signs(measured, spaces), *_columns(ways), *together])
    _unmeasured(ax, rows)
    return ax


def _why(rows: Sequence[Any], vpn: int | None) -> str:
    """Why there is nothing to draw."""
    reasons = Counter(row.why_not for row in rows if row.why_not)
    if reasons:
        return "loss is not measurable: " + "; ".join(f"{plain(why)} ({count})" for why, count in reasons.most_common(2))
    return "no numbered messages or packets" + (f" of connection {vpn}" if vpn is not None else "")


def _places(report: Report, rows: Sequence[Any], seen: tuple[int, int]) -> list[Place]:
    """Every space with its time; signs of spaces that lived together stand beside each other."""
    lives = _Lives(report, seen)
    groups: dict[tuple[int, int], list[Any]] = defaultdict(list)
    for row in rows:
        groups[lives.of(row)].append(row)
    alike = len(rows) > 2 * len(groups)
    places = []
    for number, ((begin, end), several) in enumerate(groups.items()):
        for index, row in enumerate(several):
            share = (index + 0.5) / len(several) if alike or len(groups) == 1 else _spread(number, index)
            places.append(Place(row, begin, end, begin + share * (end - begin)))
    return places


def _spread(number: int, index: int) -> float:
    """A share of a life that differs from that of its neighbours: multiples of the golden section."""
    return 0.1 + 0.8 * (((number * 7 + index) * 0.618034) % 1)


class _Lives:
    """When each space lived: its SA, its session or its tunnel."""

    def __init__(self, report: Report, seen: tuple[int, int]) -> None:
        self.seen = seen
        self.esp = {row.esp_sa: (row.first, row.last) for row in report.rows("esp_sas")}
        self.sessions = {
            row.session: self._life(row.first_data if row.first_data is not None else row.opened, row.last_data or row.closed)
            for row in report.rows("sessions")
        }
        self.tunnels = {row.tunnel: self._life(row.opened, row.closed) for row in report.rows("tunnels")}

    def _life(self, begin: int | None, end: int | None) -> tuple[int, int]:
        first = self.seen[0] if begin is None else begin
        return first, max(first, self.seen[1] if end is None else end)

    def of(self, row: Any) -> tuple[int, int]:
        """The life of the space of one row."""
        if row.esp_sa is not None:
            return self.esp.get(row.esp_sa, self.seen)
        if row.session is not None:
            return self.sessions.get(row.session, self.seen)
        return self.tunnels.get(row.tunnel, self.seen)


def _draw(ax: Axes, places: Sequence[Place], marker: str, among: int) -> None:
    """The lines of their lives, the intervals and signs of spaces that are alike."""
    row, bold = places[0].row, among <= MOST_INTERVALS
    colour, filled = DIRECTIONS[row.direction], row.direction == "to_responder"
    at = [place.at / DAY for place in places]
    lost = [100 * place.row.loss_ratio for place in places]
    lives: dict[str, Any] = {
        "colors": colour,
        "linestyles": "-" if filled else "--",
        "linewidths": 1.4 if bold else 0.6,
        "alpha": 1.0 if bold else 0.35,
    }
    ax.hlines(lost, days([place.begin for place in places]), days([place.end for place in places]), **lives)
    for exact in (True, False) if bold else ():
        ends = [
            (x, 100 * place.row.loss_low_ratio, 100 * place.row.loss_high_ratio)
            for x, place in zip(at, places, strict=True)
            if (place.row.loss_high_ratio - place.row.loss_low_ratio < EXACT) is exact
        ]
        if ends:
            middle, low, high = zip(*ends, strict=True)
            ax.vlines(middle, low, high, colors=colour, linewidths=1.4 if exact else 0.6, alpha=0.9 if exact else 0.45, zorder=2)
    (signs,) = ax.plot(at, lost, linestyle="none", marker=marker, markersize=7 if bold else 4.5, zorder=4)
    signs.set(markerfacecolor=colour if filled else "white", markeredgecolor=INK if row.capture_suspect else colour)
    signs.set(markeredgewidth=1.6 if row.capture_suspect else 1.0, gid=f"loss {row.space} {row.direction}")
    if among <= MOST_VALUES:
        for x, y, place in zip(at, lost, places, strict=True):
            words = f"{place.row.lost:,}/{place.row.expected:,}"
            ax.annotate(words, (x, y), xytext=(6, 5), textcoords="offset points", fontsize=SMALL - 0.5, color=INK, **PLAIN)
    _reordered(ax, places, colour)


def _reordered(ax: Axes, places: Sequence[Place], colour: str) -> None:
    """What came late, as a share of what was expected: a smaller sign on a dotted line."""
    late = [place for place in places if place.row.reordered and place.row.expected]
    if not late:
        return
    share = [100 * place.row.reordered / place.row.expected for place in late]
    begin, end = days([place.begin for place in late]), days([place.end for place in late])
    ax.hlines(share, begin, end, colors=colour, linewidths=0.8, linestyles=":", zorder=1)
    name = f"reordered {late[0].row.space} {late[0].row.direction}"
    ax.plot([place.at / DAY for place in late], share, linestyle="none", marker=(4, 1, 45), markersize=6, color=colour, zorder=3, gid=name)


def _together(ax: Axes, rows: Sequence[Any], spaces: Sequence[str]) -> Iterator[Line2D]:
    """Where there are too many spaces to read their intervals: beside the picture, those of all that are alike."""
    for number, ((space, direction), lost, expected) in enumerate(_sums(rows)):
        low, high = wilson(lost, expected)
        words = f"together, {space} to the {direction.removeprefix('to_')}: {lost:,}/{expected:,}, {interval(lost / expected, low, high)}"
        colour, at = DIRECTIONS[direction], 1.012 + 0.014 * number
        look: dict[str, Any] = {"color": colour, "marker": MARKERS[spaces.index(space) % len(MARKERS)]}
        look |= {"markerfacecolor": colour if direction == "to_responder" else "white", "markersize": 7, "linewidth": 2}
        across: dict[str, Any] = {"transform": ax.get_yaxis_transform(), "clip_on": False, "zorder": 5}
        ax.plot([at, at], [100 * low, 100 * high], color=colour, linewidth=2, **across)
        ax.plot([at], [100 * lost / expected], gid=f"together {space} {direction}", **look, **across)
        yield Line2D([], [], label=words, **look)


def _course(ax: Axes, course: Course) -> None:
    """Columns of what was lost, and lines of what came late, as shares of what was expected."""
    colour = DIRECTIONS[course.direction]
    begins, ends = days([one.begin for one in course.stretches]), days([one.end for one in course.stretches])
    lost = [100 * one.lost / one.expected for one in course.stretches]
    look: dict[str, Any] = {"color": colour, "alpha": 0.3, "linewidth": 0, "zorder": 1}
    drawn = ax.bar(begins, lost, ends - begins, align="edge", **look)
    for column in drawn:
        column.set_gid(f"over time {course.space} {course.direction}")
    late = [(begin, end, one) for begin, end, one in zip(begins, ends, course.stretches, strict=True) if one.reordered]
    if late:
        shares = [100 * one.reordered / one.expected for _, _, one in late]
        lines = ax.hlines(shares, [begin for begin, _, _ in late], [end for _, end, _ in late])
        lines.set(color=colour, linewidth=1.6, linestyle=":", zorder=1, gid=f"late over time {course.space} {course.direction}")


def _columns(ways: Sequence[Course]) -> Iterator[Any]:
    """What the columns are, and how long."""
    stretches = sorted(one.end - one.begin for course in ways for one in course.stretches)
    if stretches:
        usual = duration(stretches[len(stretches) // 2] / SECOND)
        named = ", ".join(sorted({each.space for each in ways}))
        yield Patch(facecolor=QUIET, alpha=0.4, label=f"lost over time, {named} (columns of mostly {usual})")
    if any(one.reordered for course in ways for one in course.stretches):
        yield Line2D([], [], linestyle=":", linewidth=1.6, color=QUIET, label="reordered over time")


def _sums(rows: Sequence[Any]) -> list[tuple[tuple[str, str], int, int]]:
    """Of each space and direction, what was lost of what was expected."""
    sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        of = sums[row.space, row.direction]
        of[0], of[1] = of[0] + row.lost, of[1] + row.expected
    return [(key, lost, expected) for key, (lost, expected) in sorted(sums.items())]


def _axis(ax: Axes, rows: Sequence[Any], ways: Sequence[Course]) -> None:
    """Per cent of the numbers expected; by the square root. Intervals of few numbers do not stretch it: they go on beyond the top."""
    few = len(rows) <= MOST_INTERVALS
    values = [100 * row.loss_ratio for row in rows]
    values += [100 * row.reordered / row.expected for row in rows if row.reordered and row.expected]
    values += [100 * max(one.lost, one.reordered) / one.expected for course in ways for one in course.stretches]
    exact = [100 * row.loss_high_ratio for row in rows if row.loss_high_ratio - row.loss_low_ratio < EXACT] if few else []
    together = [100 * wilson(lost, expected)[1] for _, lost, expected in _sums(rows)] if not few else []
    top = max([1.3 * max(values), *exact, *together]) or 100 * min(row.loss_high_ratio for row in rows)
    ax.set_yscale("function", functions=(_root, _square))
    limit = min(104.0, max(top * 1.15, 0.05))
    ax.set_ylim(-0.001 * limit, limit)
    kept: list[float] = []
    for tick in TICKS:
        if tick <= limit and (not kept or np.sqrt(tick / limit) - np.sqrt(kept[-1] / limit) > 0.05):
            kept.append(tick)
    ax.yaxis.set_major_locator(FixedLocator(kept))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.set_ylabel("per cent of the numbers expected", fontsize=NORMAL, color=INK)
    faint_grid(ax)


def _root(value: NDArray[np.float64]) -> NDArray[np.float64]:
    rooted: NDArray[np.float64] = np.sign(value) * np.sqrt(np.abs(value))
    return rooted


def _square(value: NDArray[np.float64]) -> NDArray[np.float64]:
    squared: NDArray[np.float64] = np.sign(value) * np.square(value)
    return squared


def _signs(rows: Sequence[Any], spaces: Sequence[str]) -> Iterator[Line2D]:
    """Directions, spaces, interval, of those that are there."""
    directions = {row.direction for row in rows}
    for direction, colour in DIRECTIONS.items():
        if direction in directions:
            filled = direction == "to_responder"
            yield Line2D(
                [],
                [],
                color=colour,
                linestyle="-" if filled else "--",
                marker="o",
                markerfacecolor=colour if filled else "white",
                label=f"to the {direction.removeprefix('to_')}",
            )
    for number, space in enumerate(spaces):
        count = sum(row.space == space for row in rows)
        yield Line2D(
            [],
            [],
            linestyle="none",
            marker=MARKERS[number % len(MARKERS)],
            color=QUIET,
            markersize=7,
            label=f"{LOST.get(space, 'lost')}, {space} ({count:,})",
        )
    if len(rows) <= MOST_INTERVALS:
        yield Line2D([], [], linestyle="none", marker="|", color=QUIET, markersize=12, label="95 % interval")
    if any(row.reordered for row in rows):
        yield Line2D([], [], linestyle=":", marker=(4, 1, 45), color=QUIET, markersize=6, label="reordered")
    if any(row.capture_suspect for row in rows):
        yield Line2D(
            [],
            [],
            linestyle="none",
            marker="o",
            markerfacecolor="none",
            markeredgecolor=INK,
            markeredgewidth=1.6,
            label="or by the capture itself",
        )


def _unmeasured(ax: Axes, rows: Sequence[Any]) -> None:
    """What is not in the picture, and why."""
    reasons = Counter((row.space, row.why_not) for row in rows if not row.measurable)
    if not reasons:
        return
    lines = [f"{space} ({count}): {plain(why or 'unknown', 90)}" for (space, why), count in reasons.most_common(MOST_REASONS)]
    if len(reasons) > MOST_REASONS:
        lines.append(f"and {sum(count for _, count in reasons.most_common()[MOST_REASONS:])} more: l2tpscope loss")
    ax.text(
        0.995,
        0.985,
        "not measurable: " + "\n".join(lines),
        transform=ax.transAxes,
        ha="right",
        va="top",
        fontsize=SMALL - 0.5,
        color=INK,
        bbox={"facecolor": "white", "edgecolor": "#cccccc", "alpha": 0.9, "pad": 3},
        zorder=6,
        **PLAIN,
    )
