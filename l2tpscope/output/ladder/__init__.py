"""Ladders: the flow of each connection between its lanes, IKE, ESP, L2TP and PPP in one; as text, SVG and HTML."""

from __future__ import annotations

from l2tpscope.output.ladder.build import MOST, ChoiceError, choice, ladders, page
from l2tpscope.output.ladder.model import Ladder, Lane, Rung
from l2tpscope.output.ladder.svg import document, fragment, svg
from l2tpscope.output.ladder.text import NARROWEST, WIDEST, text

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
    "fragment",
    "ladders",
    "page",
    "svg",
    "text",
]
