"""What all pictures share: axes without pyplot, a time axis in UTC, text that is nothing but text, styles that differ without colour."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import UTC
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from matplotlib import dates
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from l2tpscope.output.escape import terminal
from l2tpscope.output.values import SECOND, clock, date, span
from l2tpscope.report import Report

DAY = 86_400 * SECOND
SMALL, NORMAL = 7.5, 8.5
"""Sizes of text, in points."""
PLAIN: dict[str, Any] = {"parse_math": False, "usetex": False}
"""For every text: a dollar sign is a dollar sign."""
INK, QUIET = "#222222", "#8a8a8a"
PAD = 4.8
"""From the axes to what stands under them, in sizes of text: ticks and the name of the axis are between."""
WIDTH = 10.0
"""Of a picture, in inches."""


class Look(NamedTuple):
    """How one of several things is drawn: by any of the three alone it differs from the others."""

    colour: str
    marker: str
    line: Any


LOOKS = (
    Look("#0b4f8a", "o", "-"),
    Look("#d55e00", "s", (0, (5, 2))),
    Look("#009e73", "^", (0, (1, 1))),
    Look("#cc79a7", "D", (0, (5, 1, 1, 1))),
    Look("#56b4e9", "v", (0, (8, 2))),
    Look("#b59a00", "P", (0, (3, 1, 1, 1, 1, 1))),
    Look("#7a4b9d", "X", (0, (2, 3))),
    Look("#444444", "*", (0, (10, 3, 2, 3))),
)
"""Colours after Okabe and Ito, told apart by people who are colour-blind; markers and lines for the printer."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "<", ">", "p", "h", "d")
"""More than there are kinds of round trips, and of sequence spaces."""


class Picture(Axes):
    """Axes that a notebook shows, whether pyplot is loaded or not."""

    def _repr_png_(self) -> bytes:
        stream = io.BytesIO()
        self.get_figure(root=True).savefig(stream, format="png", dpi=110)  # type: ignore[union-attr]
        return stream.getvalue()


def canvas(ax: Axes | None, height: float) -> Axes:
    """The axes given, or new ones in a figure of their own, *height* inches high; no state outside them is touched."""
    if ax is not None:
        return ax
    made: Axes = Figure(figsize=(WIDTH, height), layout="constrained").add_subplot(axes_class=Picture)
    return made


def days(times: Sequence[int] | NDArray[np.int64]) -> NDArray[np.float64]:
    """Instants as matplotlib counts them: days since 1970; they keep their microseconds."""
    return np.array([time / DAY for time in times], dtype=np.float64)  # Python's whole numbers: a bin may end after the last int64


def plain(text: str, most: int | None = None) -> str:
    """Text of a peer, harmless and cut to *most* characters; what the font cannot draw is written as its number."""
    known = _glyphs()
    safe = "".join(character if ord(character) in known else _named(character) for character in terminal(text))
    return safe if most is None or len(safe) <= most else safe[: most - 1] + "…"


@cache
def _glyphs() -> frozenset[int]:
    """The characters of the font that is in use, so that two names never become the same row of boxes."""
    return frozenset(get_font(findfont(FontProperties())).get_charmap())


def _named(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def captured(report: Report) -> tuple[int, int] | None:
    """From the first to the last time stamp of all captures; None where there is none."""
    begins = [row.time_start for row in report.rows("captures") if row.time_start is not None]
    ends = [row.time_end for row in report.rows("captures") if row.time_end is not None]
    return (min(begins), max(ends)) if begins and ends else None


def around(report: Report, begin: int, end: int) -> tuple[int, int]:
    """The whole capture, where what is drawn takes up a quarter of it or more: then all pictures have one axis of time."""
    seen = captured(report)
    if seen is None or seen[0] > begin or seen[1] < end - 2 * SECOND or (end - begin) * 4 < seen[1] - seen[0]:
        return begin, end
    return seen[0], max(seen[1], end)


def title(ax: Axes, what: str, report: Report) -> None:
    """What it shows, of which capture, and how far that is to be trusted."""
    rows = report.rows("captures")
    names = plain(rows[0].path.rpartition("/")[2], 40) if rows else "no capture"
    more = f" and {len(rows) - 1} more" if len(rows) > 1 else ""
    bad = sorted({row.verdict for row in rows if row.verdict in ("doubtful", "poor")}, reverse=True)
    quality = f"   (quality of the capture: {', '.join(bad)})" if bad else ""
    ax.set_title(f"{what}: {names}{more}{quality}", loc="left", fontsize=NORMAL + 1.5, color=INK, **PLAIN)


def nothing(ax: Axes | None, what: str, report: Report, why: str) -> Axes:
    """An empty picture that says why it is empty."""
    ax = canvas(ax, 2.2)
    title(ax, what, report)
    ax.set_axis_off()
    ax.text(
        0.5, 0.5, f"nothing to show: {why}", ha="center", va="center", transform=ax.transAxes, fontsize=11, color=INK, wrap=True, **PLAIN
    )
    return ax


def time_axis(ax: Axes, begin: int, end: int) -> None:
    """Time of day in UTC from *begin* to *end*; the days are under the axis, and at the ticks where there are several."""
    room = max((end - begin) // 50, SECOND // 100)
    ax.set_xlim(*days([begin - room, end + room]))
    locator = dates.AutoDateLocator(tz=UTC, minticks=4, maxticks=9)  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(FuncFormatter(_Clock(begin, end)))
    exact = f"{date(begin)} {clock(begin, decimals=3)} to {clock(end, decimals=3)} UTC" if end - begin < 5 * SECOND else span(begin, end)
    ax.set_xlabel(f"time, {exact}", fontsize=NORMAL, color=INK)
    ax.tick_params(labelsize=SMALL, colors=INK)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)


class _Clock:
    """The text of a tick, as exact as the span needs."""

    def __init__(self, begin: int, end: int) -> None:
        self.several = date(begin) != date(end)
        self.length = end - begin

    def __call__(self, value: float, _: int | None = None) -> str:
        time = round(value * 86_400_000) * (SECOND // 1000)  # ticks lie on milliseconds, matplotlib's days only near them
        if self.length > 12 * DAY:
            return date(time)
        shown = clock(time, decimals=3) if self.length < 5 * SECOND else clock(time)
        if self.length >= 900 * SECOND:
            shown = shown[:5]
        return f"{shown}\n{date(time)[5:]}" if self.several else shown


def legend(ax: Axes, handles: Iterable[Any]) -> None:
    """What the signs mean, under the picture, so that nothing is hidden by it."""
    shown = list(handles)
    if not shown:
        return
    made = ax.legend(
        handles=shown,
        loc="upper left",
        bbox_to_anchor=(0, 0),
        borderaxespad=PAD + (1.4 if _with_days(ax) else 0),
        ncols=_columns(ax, [each.get_label() for each in shown]),
        fontsize=SMALL,
        frameon=False,
        handlelength=2.6,
        columnspacing=1.4,
    )
    for each in made.get_texts():
        each.set_parse_math(False)


def _with_days(ax: Axes) -> bool:
    """Whether the ticks have a second line."""
    formatter = ax.xaxis.get_major_formatter()
    return isinstance(formatter, FuncFormatter) and getattr(formatter.func, "several", False)


def _columns(ax: Axes, labels: Sequence[str]) -> int:
    """As many columns as fit: a sign and its margins are as wide as nine letters."""
    room = letters_wide(ax, SMALL) - 6
    for columns in range(min(7, len(labels)), 1, -1):
        split = np.array_split([len(label) + 9 for label in labels], columns)
        if sum(int(column.max()) for column in split) <= room:
            return columns
    return 1


def _dpi(ax: Axes) -> float:
    return ax.get_figure(root=True).dpi  # type: ignore[union-attr]


def letters_wide(ax: Axes, size: float) -> int:
    """How many letters of a size go beside each other; one is about 0.55 of its size wide."""
    return int(ax.get_window_extent().width * 72 / _dpi(ax) / (0.55 * size))


def points_high(ax: Axes) -> float:
    """The height of the axes in points; of new ones, before title and legend take their room."""
    return ax.get_window_extent().height * 72 / _dpi(ax)


def faint_grid(ax: Axes, axis: Any = "y") -> None:
    """Lines that help to read values and are not taken for data."""
    ax.grid(axis=axis, color="#dddddd", linewidth=0.6)
    ax.set_axisbelow(True)
