"""What the listings of all tables are made of: a column is a head and a function that gives a row's text in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from l2tpscope.analysis.rows import EspSaRow, IkeMessageRow, LossRow, MessageRow, RttRow, ThroughputRow
from l2tpscope.output.blocks import Head
from l2tpscope.output.values import UNKNOWN, clock, date


class Shown(NamedTuple):
    """One column of a listing: its head, and a row's text in it."""

    head: Head
    text: Callable[[Any], str]
    optional: bool = False
    """Left out where no row has a value in it."""


def left(name: str, text: Callable[[Any], str], *, optional: bool = False, elastic: bool = False, spare: int = 0) -> Shown:
    """A column of words."""
    return Shown(Head(name, elastic=elastic, spare=spare), text, optional)


def right(name: str, text: Callable[[Any], str], *, optional: bool = False, spare: int = 0) -> Shown:
    """A column of numbers."""
    return Shown(Head(name, right=True, spare=spare), text, optional)


def known(value: object) -> str:
    """The value, or the dash for what is unknown."""
    return UNKNOWN if value is None else str(value)


def instant(time: int | None) -> str:
    """Day and time of day to the microsecond, UTC; JSON and CSV have the nanoseconds."""
    return UNKNOWN if time is None else f"{date(time)[5:]} {clock(time, decimals=6)}"


def second(time: int | None) -> str:
    """Day and time of day to the second, UTC."""
    return UNKNOWN if time is None else f"{date(time)[5:]} {clock(time)}"


def arrow(row: MessageRow | IkeMessageRow | EspSaRow | LossRow | ThroughputRow) -> str:
    """The direction as an arrow: `→` to the responder."""
    return "→" if row.direction == "to_responder" else "←"


def association(row: RttRow | LossRow | ThroughputRow) -> str:
    """The SA that it was measured from: `ike 1`, `esp 3`; a dash for what was measured in clear L2TP."""
    if row.esp_sa is not None:
        return f"esp {row.esp_sa}"
    ike_sa = row.ike_sa if isinstance(row, RttRow) else None
    return UNKNOWN if ike_sa is None else f"ike {ike_sa}"
