"""sequence: the numbers (Ns) of control messages over time: a level stretch of signs is a message sent again and again.

Data is not in it: of the numbers of data packets only what was missed and came late is kept, which `loss` shows over time.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from l2tpscope.output.plots.canvas import INK, LOOKS, NORMAL, QUIET, around, canvas, days, faint_grid, legend, nothing, time_axis, title
from l2tpscope.output.plots.choice import parts
from l2tpscope.report import Report

MOST_LINES = len(LOOKS)
"""Tunnels with a line and a colour of their own, those with most repeats; of the others there are dots."""
OTHERS = 0
"""No tunnel has this number."""
FITS = {
    "new": ("o", 4.0),
    "retransmission": ("v", 6.5),
    "duplicate": ("s", 5.5),
    "out-of-order": ("D", 5.5),
    "violation": ("X", 6.5),
}


def sequence(report: Report, ax: Axes | None = None, *, vpn: int | None = None) -> Axes:
    """Draw a sign for every row of `messages` that has an Ns of its own (acknowledgements use up none)."""
    wanted = parts(report, vpn)
    rows = [row for row in report.rows("messages") if row.ns is not None and row.message not in ("ZLB", "ACK") and wanted.has(row)]
    if not rows:
        why = "no control message of L2TP in clear" if vpn is None else f"no control message in clear of connection {vpn}"
        return nothing(ax, "Control messages", report, why)
    ax = canvas(ax, 4.6)
    time_axis(ax, *around(report, min(row.time for row in rows), max(row.time for row in rows)))
    title(ax, "Control messages", report)
    again = Counter(row.tunnel for row in rows if row.fit != "new")
    tunnels = sorted({row.tunnel for row in rows}, key=lambda tunnel: (-again[tunnel], tunnel))
    looks = dict(zip(tunnels, LOOKS, strict=False))
    of: dict[tuple[int, str], list[Any]] = defaultdict(list)
    for row in rows:
        of[row.tunnel if row.tunnel in looks else OTHERS, row.direction].append(row)
    for (tunnel, direction), several in sorted(of.items()):
        _draw(ax, several, looks.get(tunnel), filled=direction == "to_responder")
    ax.set_ylabel("Ns, number of the message", fontsize=NORMAL, color=INK)
    ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    faint_grid(ax)
    legend(ax, _signs(rows, looks, len(tunnels)))
    return ax


def _draw(ax: Axes, rows: Sequence[Any], look: Any, *, filled: bool) -> None:
    """One tunnel and direction: a line through the new ones, a sign on each."""
    colour = look.colour if look else QUIET
    new = [row for row in rows if row.fit == "new"]
    if look:
        ax.plot(days([row.time for row in new]), [row.ns for row in new], color=colour, linestyle=look.line, linewidth=0.8, zorder=2)
    for fit, (marker, size) in FITS.items():
        some = [row for row in rows if row.fit == fit]
        if some:
            ax.plot(
                days([row.time for row in some]),
                [row.ns for row in some],
                linestyle="none",
                marker=marker,
                markersize=size if look else size * 0.6,
                markerfacecolor=colour if filled else "white",
                markeredgecolor=colour if fit == "new" else INK,
                markeredgewidth=0.8,
                zorder=3 if fit == "new" else 4,
                gid=f"{fit} tunnel {some[0].tunnel}",
            )


def _signs(rows: Sequence[Any], looks: dict[int, Any], tunnels: int) -> list[Line2D]:
    signs = [Line2D([], [], color=look.colour, linestyle=look.line, label=f"tunnel {tunnel}") for tunnel, look in looks.items()]
    if tunnels > len(looks):
        signs.append(
            Line2D([], [], linestyle="none", marker="o", color=QUIET, markersize=3, label=f"the other {tunnels - len(looks)} tunnels")
        )
    for direction, face in (("to_responder", INK), ("to_initiator", "white")):
        if any(row.direction == direction for row in rows):
            words = f"to the {direction.removeprefix('to_')}"
            signs.append(Line2D([], [], linestyle="none", marker="o", markerfacecolor=face, markeredgecolor=INK, markersize=6, label=words))
    for fit, (marker, size) in FITS.items():
        count = sum(row.fit == fit for row in rows)
        if count:
            signs.append(
                Line2D(
                    [], [], linestyle="none", marker=marker, color=QUIET, markeredgecolor=INK, markersize=size, label=f"{fit} ({count:,})"
                )
            )
    return signs
