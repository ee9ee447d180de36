"""A page of fixed width: blocks as lines of text, in colour or not, in ASCII or not.

The layout is ours and not rich's so that it is the same everywhere: it must survive being pasted into a ticket.
"""

from __future__ import annotations

import codecs
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TextIO

from l2tpscope.output.blocks import Block, Cell, Head, Row, Tone
from l2tpscope.output.escape import terminal

WIDTH = 100
GAP = "  "
INDENT = "    "
NARROWEST = 12
"""An elastic column keeps at least this width, as long as that is enough."""

SGR: dict[Tone, str] = {"good": "32", "warn": "33", "bad": "31", "dim": "2", "title": "1"}
"""Select Graphic Rendition: the 16 colours that every terminal has, so that the user's own scheme applies."""
PLAIN = str.maketrans({"→": ">", "←": "<", "–": "-", "…": "~", "·": "|", "×": "x", "✗": "!", "◆": "*", "═": "=", "Δ": "d"})


@dataclass(frozen=True, slots=True)
class Page:
    """How text is to be shown."""

    width: int = WIDTH
    colour: bool = False
    ascii: bool = False

    def show(self, text: str) -> str:
        """The text without effect on the terminal, in characters that the page has."""
        shown = terminal(text)
        if not self.ascii or shown.isascii():
            return shown
        return shown.translate(PLAIN).encode("ascii", "backslashreplace").decode("ascii")

    def paint(self, text: str, tone: Tone) -> str:
        """The text, shown already, in the colour of its tone."""
        code = SGR.get(tone, "") if self.colour else ""
        return f"\x1b[{code}m{text}\x1b[0m" if code and text else text

    def render(self, blocks: Iterable[Block]) -> str:
        """All blocks, an empty line between them; ends with a newline."""
        return "\n\n".join("\n".join(self._block(block)) for block in blocks) + "\n"

    def _block(self, block: Block) -> Iterator[str]:
        if block.title:
            yield from self._wrapped(Cell(block.title, "title"), "")
        for line in block.lines:
            yield from self._wrapped(line, "  " if block.title else "")
        if block.heads and block.rows:
            yield from self._grid(block.heads, block.rows)
        for line in block.after:
            yield from self._wrapped(line, "  ")

    def _wrapped(self, line: Cell, indent: str) -> Iterator[str]:
        for part in fold(self.show(line.text), self.width - len(indent) - 2, hanging=2):
            yield (indent + self.paint(part, line.tone)).rstrip()

    def _grid(self, heads: Sequence[Head], rows: Sequence[Row]) -> Iterator[str]:
        shown = [[self.show(cell.text) for cell in row.cells] for row in rows]
        widths = [max([cells(self.show(head.name)), *(cells(row[at]) for row in shown)]) for at, head in enumerate(heads)]
        kept = self._kept(heads, widths)
        heads = [heads[at] for at in kept]
        widths = self._narrowed(heads, [widths[at] for at in kept])
        names = [Cell(head.name, "dim") for head in heads]
        yield from self._line([self.show(head.name) for head in heads], names, heads, widths)
        for row, texts in zip(rows, shown, strict=True):
            yield from self._line([texts[at] for at in kept], [row.cells[at] for at in kept], heads, widths)
            for detail in row.details:
                yield from self._wrapped(detail, INDENT)

    def _excess(self, widths: Sequence[int]) -> int:
        """By how many columns a grid of these widths is too wide."""
        return sum(widths) + len(GAP) * len(widths) - self.width

    def _kept(self, heads: Sequence[Head], widths: Sequence[int]) -> list[int]:
        """The columns that stay: the spare ones go, the highest first, until the others fit."""
        kept = list(range(len(heads)))
        for at in sorted((at for at in kept if heads[at].spare), key=lambda at: -heads[at].spare):
            if self._excess([widths[each] for each in kept]) > 0:
                kept.remove(at)
        return kept

    def _narrowed(self, heads: Sequence[Head], widths: list[int]) -> list[int]:
        """As wide as the widest cell; what is too much is taken from the widest elastic ones, then from any."""
        for _ in range(self._excess(widths)):
            elastic = [at for at, head in enumerate(heads) if head.elastic and widths[at] > NARROWEST]
            widths[max(elastic or range(len(heads)), key=lambda at: widths[at])] -= 1
        return widths

    def _line(self, texts: Sequence[str], cells: Sequence[Cell], heads: Sequence[Head], widths: Sequence[int]) -> Iterator[str]:
        folded = [fold(text, width) for text, width in zip(texts, widths, strict=True)]
        for at in range(max(len(parts) for parts in folded)):
            yield "".join(
                GAP + self._padded(parts[at] if at < len(parts) else "", cell.tone, width, right=head.right)
                for parts, cell, width, head in zip(folded, cells, widths, heads, strict=True)
            ).rstrip()

    def _padded(self, text: str, tone: Tone, width: int, *, right: bool) -> str:
        space = " " * (width - cells(text))
        return space + self.paint(text, tone) if right else self.paint(text, tone) + space


def cells(text: str) -> int:
    """How many columns a terminal gives the text: two for a wide letter, none for a combining mark."""
    return len(text) if text.isascii() else sum(_cell(character) for character in text)


def _cell(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def fold(text: str, width: int, *, hanging: int = 0) -> list[str]:
    """The text in lines of at most *width* columns, broken between words where it can be; later lines are indented."""
    if cells(text) <= width:
        return [text]
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        candidate = f"{line} {word}" if line.strip() else line + word
        if cells(candidate) <= width:
            line = candidate
            continue
        if line.strip():
            lines.append(line)
        *full, line = _chopped(" " * hanging + word if lines else word, width)
        lines += full
    return [*lines, line]


def _chopped(word: str, width: int) -> list[str]:
    """A word that is too long, in pieces that fit."""
    pieces, used = [""], 0
    for character in word:
        used += _cell(character)
        if used > width and pieces[-1]:
            pieces.append("")
            used = _cell(character)
        pieces[-1] += character
    return pieces


def colour_wanted(option: str, stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether to colour: the option first, then NO_COLOR, FORCE_COLOR, TERM=dumb, then whether a terminal reads it."""
    if option != "auto":
        return option == "always"
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return True
    return environ.get("TERM") != "dumb" and stream.isatty()


def ascii_needed(stream: TextIO) -> bool:
    """Whether the stream's encoding is another one than UTF-8: then nothing but ASCII is sure to arrive."""
    try:
        return codecs.lookup(stream.encoding or "ascii").name != "utf-8"
    except LookupError:
        return True
