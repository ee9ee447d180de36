"""What a text is made of before anyone decides how it looks: lines and grids. Terminal and HTML render the same blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Tone = Literal["", "good", "warn", "bad", "dim", "title"]
"""What a cell means; a renderer may colour it, and the words alone must say it too."""


class Cell(NamedTuple):
    """One cell. Its text may come off the wire: only renderers show it, and they escape it."""

    text: str
    tone: Tone = ""


class Head(NamedTuple):
    """One column of a grid."""

    name: str
    right: bool = False
    """Numbers stand to the right."""
    elastic: bool = False
    """May be narrowed, its text folded, where the page is too narrow."""
    spare: int = 0
    """Above 0: left out where the page is too narrow, the highest first, before anything is narrowed."""


@dataclass(slots=True)
class Row:
    """One row, and what is to be said about it below."""

    cells: Sequence[Cell]
    details: Sequence[Cell] = ()


@dataclass(slots=True)
class Block:
    """A title, lines under it, a grid under those, and what is said after it. Any of them may be missing."""

    title: str = ""
    lines: Sequence[Cell] = ()
    heads: Sequence[Head] = ()
    rows: Sequence[Row] = ()
    after: Sequence[Cell] = field(default_factory=list)
