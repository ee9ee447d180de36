"""rtt: every round trip over time, by the side of the tap that answered, its kind and its quality."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from l2tpscope.output.plots.canvas import INK, MARKERS, NORMAL, QUIET, around, canvas, days, faint_grid, legend, nothing, time_axis, title
from l2tpscope.output.plots.choice import parts
from l2tpscope.report import Report

SIDES = {"initiator": "#0b4f8a", "responder": "#f0a030"}
"""Dark and light, so that they differ in grey as well."""
CROSSED = 20
"""Largest over smallest from which on the axis is logarithmic: what was waited for would press the rest flat."""
POINT = 16.0
"""Size of a sign, in square points; smaller where there are thousands. The initiator's are larger: a rim around
the other's on the same spot."""


def rtt(report: Report, ax: Axes | None = None, *, vpn: int | None = None) -> Axes:
    """Draw every row of `rtt`, once: the colour is the side, the sign the kind; hollow is what is not clean.

    *Bias*: a sample goes from the tap to one side and back, and includes what that side took. Ambiguous ones are upper bounds;
    a line goes down to the lower one.
    """
    wanted = parts(report, vpn)
    rows = [row for row in report.rows("rtt") if wanted.has(row)]
    if not rows:
        why = "no message of the capture and its answer make a round trip" if vpn is None else f"no round trips of connection {vpn}"
        return nothing(ax, "Round trips", report, why)
    ax = canvas(ax, 4.6)
    time_axis(ax, *around(report, min(row.time for row in rows), max(row.time for row in rows)))
    title(ax, "Round trips", report)
    kinds = sorted({row.kind for row in rows})
    for kind in kinds:
        for side in SIDES:
            for clean in (True, False):
                _draw(
                    ax,
                    [row for row in rows if row.kind == kind and row.side == side and (row.quality == "clean") is clean],
                    kinds,
                    len(rows),
                )
    _axis(ax, [row.rtt_s for row in rows])
    legend(ax, _signs(rows, kinds))
    return ax


def _draw(ax: Axes, rows: Sequence[Any], kinds: Sequence[str], among: int) -> None:
    """The samples of one kind and side that are clean, or those that are not."""
    if not rows:
        return
    first, clean = rows[0], rows[0].quality == "clean"
    colour, marker = SIDES[first.side], MARKERS[kinds.index(first.kind) % len(MARKERS)]
    at, values = days([row.time for row in rows]), np.array([row.rtt_s for row in rows]) * 1e3
    ax.scatter(
        at,
        values,
        s=(POINT if among < 2000 else POINT / 2) * (2.2 if first.side == "initiator" else 1.0),
        marker=marker,
        facecolors=colour if clean else "none",
        edgecolors=INK if clean else colour,
        linewidths=0.3 if clean else 0.8,
        alpha=0.85 if clean else 0.7,
        rasterized=among > 5000,
        zorder=2 + clean + 0.5 * (first.side == "responder"),
        gid=f"{first.kind} {first.side} {'clean' if clean else 'not clean'}",
    )
    bounded = [row for row in rows if row.rtt_low_s is not None]
    if bounded:
        ax.vlines(
            days([row.time for row in bounded]),
            [row.rtt_low_s * 1e3 for row in bounded],
            [row.rtt_s * 1e3 for row in bounded],
            colors=colour,
            linewidth=0.6,
            alpha=0.7,
            zorder=1,
        )


def _axis(ax: Axes, values: Sequence[float]) -> None:
    """Milliseconds, from 0 or, where they differ by much, by powers of ten."""
    positive = [value for value in values if value > 0]
    ax.set_ylabel("round trip, tap to side and back (ms)", fontsize=NORMAL, color=INK)
    if positive and max(positive) > CROSSED * min(positive) and len(positive) == len(values):
        ax.set_yscale("log")
        ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))
        ax.yaxis.set_minor_formatter(NullFormatter())
        ax.set_ylim(min(positive) * 1e3 / 1.3, max(positive) * 1e3 * 1.3)
    else:
        ax.set_ylim(0, max(max(values) * 1.1e3, 1e-3))
    faint_grid(ax)


def _signs(rows: Sequence[Any], kinds: Sequence[str]) -> Iterator[Line2D]:
    """Sides, kinds, qualities, of those that are there."""
    sides = {row.side for row in rows}
    for side, colour in SIDES.items():
        if side in sides:
            yield Line2D(
                [], [], linestyle="none", marker="o", markersize=8, markerfacecolor=colour, markeredgecolor=INK, label=f"{side}'s side"
            )
    for number, kind in enumerate(kinds):
        count = sum(row.kind == kind for row in rows)
        yield Line2D(
            [], [], linestyle="none", marker=MARKERS[number % len(MARKERS)], color=QUIET, markersize=6, label=f"{kind} ({count:,})"
        )
    others = sorted({row.quality for row in rows} - {"clean"})
    if others:
        names = " or ".join(others)
        yield Line2D(
            [], [], linestyle="none", marker="o", markerfacecolor="none", markeredgecolor=INK, markersize=6, label=f"hollow: {names}"
        )
