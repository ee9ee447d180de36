"""throughput: what each session and ESP SA carried over time, to the responder upward, to the initiator downward."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from l2tpscope.output.plots.canvas import (
    INK,
    LOOKS,
    NORMAL,
    PLAIN,
    QUIET,
    SMALL,
    around,
    canvas,
    days,
    faint_grid,
    legend,
    nothing,
    time_axis,
    title,
)
from l2tpscope.output.plots.choice import parts
from l2tpscope.output.values import SECOND, duration
from l2tpscope.report import Report

MOST_LINES = len(LOOKS) - 1
"""So many are drawn each by itself, those that carried most; the others as one sum."""
MOST_STEPS = 400
"""Bins are joined until there are no more than this: narrower ones could not be seen."""
UNITS = ((1e9, "Gbit/s"), (1e6, "Mbit/s"), (1e3, "kbit/s"), (1.0, "bit/s"))


class Steps(NamedTuple):
    """Begin of the first bin, width of each (nanoseconds), and how many."""

    begin: int
    width: int
    number: int


def throughput(report: Report, ax: Axes | None = None, *, vpn: int | None = None) -> Axes:
    """Draw it: the area under a line is what passed. *Units*: octets of IP datagrams, headers included, as bits a second.

    *Bias*: where a gateway's capture has packets both encrypted and in clear, both are there.
    """
    wanted = parts(report, vpn)
    rows = [row for row in report.rows("throughput") if wanted.has(row)]
    if not rows:
        why = "no data of a session, and no ESP, passed" if vpn is None else f"no data of connection {vpn} passed"
        return nothing(ax, "Throughput", report, why)
    ax = canvas(ax, 4.6)
    steps = _steps(rows)
    time_axis(ax, *around(report, steps.begin, steps.begin + steps.width * steps.number))
    title(ax, "Throughput", report)
    series = _series(rows, _namer(report, rows), steps)
    peak = max(float(np.abs(values).max()) for ways in series.values() for values in ways) if series else 1.0
    scale, unit = next(((size, name) for size, name in UNITS if peak >= size), UNITS[-1])
    for look, (name, ways) in zip(LOOKS, series.items(), strict=False):
        edges = days([steps.begin + number * steps.width for number in range(steps.number + 1)])
        for values, sign in zip(ways, (1, -1), strict=True):
            if values.any():
                ax.stairs(sign * values / scale, edges, color=look.colour, linestyle=look.line, linewidth=1.2, gid=f"{name} {sign}")
    _axis(ax, unit, steps)
    legend(ax, [Line2D([], [], color=look.colour, linestyle=look.line, label=name) for look, name in zip(LOOKS, series, strict=False)])
    return ax


def _steps(rows: Sequence[Any]) -> Steps:
    """Bins as wide as those of the table, or a multiple of them that can be seen."""
    width = max(int(row.bin_s * SECOND) for row in rows)
    begin, end = min(row.time for row in rows), max(row.time for row in rows) + width
    joined = -(-(end - begin) // (width * MOST_STEPS))
    return Steps(begin, width * joined, -(-(end - begin) // (width * joined)))


def _namer(report: Report, rows: Sequence[Any]) -> Callable[[Any], str]:
    """What each row is drawn as: its session or SA; where these are too many, its connection, whose SAs follow each other."""
    if len({_part(row) for row in rows}) <= MOST_LINES + 1:
        return _part
    tunnels = {row.tunnel: row.vpn for row in report.rows("tunnels")}
    sas = {row.esp_sa: row.vpn for row in report.rows("esp_sas")}

    def name(row: Any) -> str:
        vpn, what = (tunnels.get(row.tunnel), "sessions") if row.esp_sa is None else (sas.get(row.esp_sa), "ESP")
        return _part(row) if vpn is None else f"vpn {vpn}, {what}"

    return name


def _part(row: Any) -> str:
    return f"ESP SA {row.esp_sa}" if row.esp_sa is not None else f"session {row.session}"


def _series(rows: Sequence[Any], name: Callable[[Any], str], steps: Steps) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Bits a second per bin, both ways, of each session, SA or connection, the busiest first, and of the others together."""
    of: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]] = defaultdict(lambda: (np.zeros(steps.number), np.zeros(steps.number)))
    for row in rows:
        way = of[name(row)][0 if row.direction == "to_responder" else 1]
        way[(row.time - steps.begin) // steps.width] += row.octets * 8 * SECOND / steps.width
    ordered = sorted(of.items(), key=lambda item: -float(item[1][0].sum() + item[1][1].sum()))
    if len(ordered) <= MOST_LINES + 1:
        return dict(ordered)
    others = ordered[MOST_LINES:]
    summed = sum((ways[0] for _, ways in others), np.zeros(steps.number)), sum((ways[1] for _, ways in others), np.zeros(steps.number))
    return {**dict(ordered[:MOST_LINES]), f"the other {len(others)} together": summed}


def _width(width: int) -> str:
    return f"{width / SECOND:g} s" if width < 60 * SECOND else duration(width / SECOND)


def _axis(ax: Axes, unit: str, steps: Steps) -> None:
    """Both directions from one line of zero, without signs."""
    low, high = ax.get_ylim()
    most = max(abs(low), abs(high))
    ax.set_ylim(-most if low < 0 else 0, most if high > 0 else 0)
    ax.axhline(0, color=QUIET, linewidth=0.8)
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{abs(value):,.6g}"))
    ax.set_ylabel(f"{unit}, mean of {_width(steps.width)}", fontsize=NORMAL, color=INK)
    for at, words, side in ((0.985, "to the responder ▲", "top"), (0.015, "to the initiator ▼", "bottom")):
        ax.text(0.995, at, words, transform=ax.transAxes, ha="right", va=side, fontsize=SMALL, color=INK, **PLAIN)
    faint_grid(ax)
