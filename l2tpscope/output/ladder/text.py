"""text: ladders on a page of fixed width: time and delta, protocol, the lanes with their arrows, and beside them what is to be said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import NamedTuple

from l2tpscope.output.blocks import Block, Cell, Tone
from l2tpscope.output.ladder.model import Ladder, Rung
from l2tpscope.output.page import Page, cells, fold
from l2tpscope.output.values import clock, duration

NARROWEST, WIDEST = 80, 200
LANES = (28, 60)
"""Columns of the lanes, at least and at most."""
SHARE = 0.5
"""Of what time, delta and protocol leave, the part of the lanes."""
FINE = 120
"""From this width on times have microseconds."""
BEHIND_NAT = 8
"""Columns from a side to the NAT before it."""
DETAIL = "      "
SEPARATOR = "; "


class Strokes(NamedTuple):
    """The characters that lanes and arrows are made of."""

    lane: str
    message: str
    unseen: str
    stream: str
    left: str
    right: str
    cross: str
    gap: str


UNICODE = Strokes("│", "─", "┄", "═", "◀", "▶", "┼", "┊")
ASCII = Strokes("|", "-", ".", "=", "<", ">", "+", ":")


def text(ladders: Iterable[Ladder], page: Page) -> str:
    """All ladders, an empty line between them; ends with a newline."""
    return "\n\n".join("\n".join(_Sheet(ladder, page).lines()) for ladder in ladders) + "\n"


def shown_delta(delta: int | None) -> str:
    """`+0.023` seconds, `+12:41`; nothing before the first."""
    if delta is None:
        return ""
    seconds = delta / 1e9
    return f"+{seconds:.3f}" if seconds < 60 else f"+{duration(seconds)}"


@dataclass(frozen=True, slots=True)
class Columns:
    """How the width is shared out."""

    time: int
    delta: int
    tag: int
    lanes: int
    notes: int


def columns(ladder: Ladder, width: int) -> Columns:
    """Of a page *width* columns wide, with two between the last ones and one between the others."""
    width = max(NARROWEST, min(WIDEST, width))
    time = 15 if width >= FINE else 12
    delta = max([cells(shown_delta(each)) for each in ladder.deltas()] + [1])
    tag = max([cells(rung.tag) for rung in ladder.rungs] + [1])
    left = width - time - delta - tag - 5
    lanes = max(LANES[0], min(LANES[1], int(left * SHARE)))
    return Columns(time, delta, tag, lanes, left - lanes)


def places(ladder: Ladder, width: int, behind: int) -> list[int]:
    """Where each lane stands in that width: the sides at its ends, a NAT *behind* its side."""
    first, last = ladder.seen
    return [0, behind][: first + 1] + [width - 1 - behind, width - 1][1 - (len(ladder.lanes) - 1 - last) :]


class _Sheet:
    """One ladder on a page."""

    def __init__(self, ladder: Ladder, page: Page) -> None:
        self.ladder, self.page = ladder, page
        self.columns = columns(ladder, page.width)
        self.at = places(ladder, self.columns.lanes, BEHIND_NAT)
        self.strokes = ASCII if page.ascii else UNICODE

    def lines(self) -> Iterator[str]:
        """All of it, without newlines."""
        yield from self.page.render([Block(self.ladder.title, self.ladder.about)]).splitlines()
        yield ""
        yield from self._heads()
        for rung, delta in zip(self.ladder.rungs, self.ladder.deltas(), strict=True):
            yield from self._rung(rung, delta)
        if not self.ladder.rungs:
            yield "  nothing to draw"
        if self.ladder.footer:
            yield ""
            yield from self.page.render([Block(lines=self.ladder.footer)]).splitlines()

    def _heads(self) -> Iterator[str]:
        """The names of the lanes, and where they are as far as there is room."""
        named = self._placed([lane.name for lane in self.ladder.lanes])
        left = f"{'time':<{self.columns.time}} {'Δ s' if not self.page.ascii else 'd s':>{self.columns.delta}} {'':<{self.columns.tag}} "
        yield self.page.paint((left + named + "  frames, remarks").rstrip(), "dim")
        where = [self.page.show(lane.endpoint) for lane in self.ladder.lanes]
        if sum(map(cells, where)) + len(where) - 1 <= self.columns.lanes:
            yield (" " * cells(left) + self._placed(where)).rstrip()

    def _placed(self, words: Sequence[str]) -> str:
        """Words over the lanes, each as near to its lane as the edges allow."""
        line = ""
        for at, word in zip(self.at, words, strict=True):
            begin = max(min(at - cells(word) // 2, self.columns.lanes - cells(word)), 0)
            line += " " * max(begin - cells(line), 1 if line and word else 0) + word
        return line + " " * max(0, self.columns.lanes - cells(line))

    def _rung(self, rung: Rung, delta: int | None) -> Iterator[str]:
        time = clock(rung.time, decimals=6 if self.columns.time == 15 else 3)
        left = f"{time:<{self.columns.time}} {shown_delta(delta):>{self.columns.delta}} "
        left += self.page.show(rung.tag) + " " * (self.columns.tag - cells(rung.tag)) + " "
        drawn, said = self._drawn(rung), list(self._said(rung))
        empty = self._lane_only()
        for number, (lane, note) in enumerate(zip_longest(drawn, said)):
            before = left if not number else " " * cells(left)
            yield (before + (lane if lane is not None else empty) + "  " + (note or "")).rstrip()
        for detail in rung.details:
            for part in fold(self.page.show(detail), max(NARROWEST, min(WIDEST, self.page.width)) - len(DETAIL), hanging=2):
                yield DETAIL + self.page.paint(part, "dim")

    def _said(self, rung: Rung) -> Iterator[str]:
        """Frames and calm remarks together, then those that stand out, each on lines of its own."""
        calm = [self.ladder.frames(rung), *(note.text for note in rung.notes if not note.tone)]
        loud = [note for note in rung.notes if note.tone]
        if rung.line == "fact" or (rung.line == "guess" and not self._fits(rung)):
            loud.insert(0, Cell(rung.label, rung.tone))
        together = self.page.show(SEPARATOR.join(word for word in calm if word))
        for note in [Cell(together), *loud]:
            for part in fold(self.page.show(note.text), self.columns.notes, hanging=2) if note.text else []:
                yield self.page.paint(part, note.tone)

    # ---- lanes -------------------------------------------------------------------------------------------------------

    def _lane_only(self, stroke: str = "") -> str:
        line = [" "] * self.columns.lanes
        for at in self.at:
            line[at] = stroke or self.strokes.lane
        return "".join(line)

    def _span(self) -> tuple[int, int]:
        """The columns between the lanes between which the capture was made."""
        first, last = self.ladder.seen
        return self.at[first] + 1, self.at[last] - 1

    def _fits(self, rung: Rung) -> bool:
        begin, end = self._span()
        return cells(self.page.show(rung.label)) <= end - begin - 5

    def _drawn(self, rung: Rung) -> list[str]:
        """The lines between and on the lanes."""
        if rung.line == "fact":
            return [self._lane_only()]
        if rung.line == "gap":
            return [self._worded(rung, self.strokes.gap)]
        if rung.line == "guess":
            return [self._worded(rung, self.strokes.lane)] if self._fits(rung) else [self._lane_only()]
        begin, end = self._span()
        if self._fits(rung):
            return [self._arrow(rung, f" {self.page.show(rung.label)} ")]
        parts = fold(self.page.show(rung.label), end - begin - 1)
        return [*(self._written(part, self.strokes.lane, "") for part in parts), self._arrow(rung, "")]

    def _worded(self, rung: Rung, lane: str) -> str:
        return self._written(self.page.show(rung.label), lane, rung.tone if rung.line == "gap" else "dim")

    def _written(self, words: str, lane: str, tone: Tone) -> str:
        """Words between the lanes, which stand where they were."""
        begin, end = self._span()
        room = end - begin + 1
        words = fold(words, room)[0]
        before = (room - cells(words)) // 2
        empty = self._lane_only(lane)
        return empty[: begin + before] + self.page.paint(words, tone) + " " * (room - cells(words) - before) + empty[end + 1 :]

    def _arrow(self, rung: Rung, label: str) -> str:
        """From lane to lane; dotted where it was not seen, with its name where it was."""
        assert rung.source is not None
        assert rung.target is not None
        strokes, (begin, end) = self.strokes, self._span()
        line = list(self._lane_only())
        low, high = sorted((self.at[rung.source], self.at[rung.target]))
        seen = strokes.stream if rung.line == "stream" else strokes.message
        for at in range(low + 1, high):
            line[at] = strokes.cross if at in self.at else seen if begin <= at <= end else strokes.unseen
        if rung.both or rung.source < rung.target:
            line[high - 1] = strokes.right
        if rung.both or rung.source > rung.target:
            line[low + 1] = strokes.left
        at = begin + (end - begin + 1 - cells(label)) // 2
        if label:
            line[at : at + cells(label)] = [label]
        whole = "".join(line)
        return whole[0] + self.page.paint(whole[1:-1], rung.tone) + whole[-1]
