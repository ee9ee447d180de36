"""Ladders: the flow of each connection between its lanes, IKE, ESP, L2TP and PPP in one; as text, SVG and HTML."""

from __future__ import annotations

from typing import Any

from l2tpscope.output.ladder.build import MOST, ChoiceError, choice, ladders, page
from l2tpscope.output.ladder.model import Ladder, Lane, Rung
from l2tpscope.output.ladder.svg import document, fragment, svg
from l2tpscope.output.ladder.text import NARROWEST, WIDEST, text
from l2tpscope.output.page import Page
from l2tpscope.report import Report

__all__ = [
    "MOST",
    "NARROWEST",
    "WIDEST",
    "ChoiceError",
    "Ladder",
    "Lane",
    "Rung",
    "choice",
    "document",
    "drawn",
    "fragment",
    "ladders",
    "page",
    "svg",
    "text",
]


def drawn(report: Report, on: Page, *, picture: bool = False, **how: Any) -> str:
    """The ladders as `ladders` makes them of *how*: as text, or as a picture, for which one of many has to be chosen.

    *Raises*: ChoiceError.
    """
    made = ladders(report, **how)
    if picture and not made and report.measures.vpns:
        raise ChoiceError(f"{len(report.measures.vpns)} connections: choose one with --vpn N or --tunnel N")
    return document(made) if picture else page(report, made, on)
