"""svg: ladders as a picture: searchable text, light and dark, nothing fetched. Every text is escaped here, and nowhere before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from l2tpscope.output.blocks import Cell, Tone
from l2tpscope.output.escape import html, terminal
from l2tpscope.output.ladder.model import Ladder, Rung
from l2tpscope.output.ladder.text import SEPARATOR, shown_delta
from l2tpscope.output.page import cells, fold
from l2tpscope.output.values import clock

LETTER = 7.25
"""Pixels of a letter of 12 pixels in a monospaced font: 0.6 em, and a little."""
LINE = 16
PAD = 12
TIME, DELTA, TAG = 15, 9, 9
LANES, NOTES = 54, 58
"""Columns, in letters."""
NAT_AT = 9
HEAD = 5
"""Half the width of an arrow's head."""
COLOURS = (
    ("ink", "#1b1b1b", "#e8eaed"),
    ("dim", "#5f6368", "#a8adb3"),
    ("good", "#1b6e20", "#81c995"),
    ("warn", "#8a4b00", "#fdc069"),
    ("bad", "#b3261e", "#f6aea9"),
    ("lane", "#9aa0a6", "#5f6368"),
    ("paper", "#ffffff", "#16181c"),
)
"""Each on a light page and on a dark one, readable on either; marks and words say the same."""
LIGHT, DARK = (";".join(f"--l2tp-{name}:{pair[dark]}" for name, *pair in COLOURS) for dark in (0, 1))
STYLE = f"""
.l2tp-ladder{{{LIGHT};background:var(--l2tp-paper);font:12px ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace}}
@media (prefers-color-scheme:dark){{.l2tp-ladder{{{DARK}}}}}
@media print{{.l2tp-ladder{{{LIGHT}}}}}
.l2tp-ladder text{{fill:var(--l2tp-ink)}}.l2tp-ladder text.title{{font-weight:bold;font-size:14px}}
.l2tp-ladder text.dim{{fill:var(--l2tp-dim)}}.l2tp-ladder text.good{{fill:var(--l2tp-good)}}
.l2tp-ladder text.warn{{fill:var(--l2tp-warn)}}.l2tp-ladder text.bad{{fill:var(--l2tp-bad);font-weight:bold}}
.l2tp-ladder line{{stroke:var(--l2tp-ink);stroke-width:1.3}}.l2tp-ladder polygon{{fill:var(--l2tp-ink)}}
.l2tp-ladder rect.paper{{fill:var(--l2tp-paper)}}
.l2tp-ladder line.lane{{stroke:var(--l2tp-lane);stroke-width:1}}
.l2tp-ladder .warn line{{stroke:var(--l2tp-warn)}}.l2tp-ladder .warn polygon{{fill:var(--l2tp-warn)}}
.l2tp-ladder .bad line{{stroke:var(--l2tp-bad)}}.l2tp-ladder .bad polygon{{fill:var(--l2tp-bad)}}
.l2tp-ladder line.unseen{{stroke-dasharray:2 4}}.l2tp-ladder .stream line{{stroke-width:5;stroke-opacity:.35}}
"""

WIDTH = round(2 * PAD + (TIME + DELTA + TAG + LANES + NOTES + 4) * LETTER)
LANES_AT = PAD + (TIME + DELTA + TAG + 2) * LETTER
NOTES_AT = LANES_AT + (LANES + 2) * LETTER


class Piece(NamedTuple):
    """Some of the picture, and how high it is."""

    height: float
    parts: list[str]


def svg(ladders: Sequence[Ladder]) -> str:
    """All ladders, one below the other."""
    pieces: list[str] = []
    at = float(PAD)
    for ladder in ladders:
        piece = _ladder(ladder)
        pieces.append(f'<g transform="translate(0 {at:g})">{"".join(piece.parts)}</g>')
        at += piece.height + 2 * PAD
    names = html("; ".join(ladder.title for ladder in ladders) or "nothing to draw")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="l2tp-ladder" role="img" aria-label="{names}" width="{WIDTH}" height="{at:g}" '
        f'viewBox="0 0 {WIDTH} {at:g}"><title>{names}</title><style>{STYLE}</style>{"".join(pieces)}</svg>\n'
    )


def fragment(ladder: Ladder) -> str:
    """One ladder for a page of HTML: a figure that scrolls sideways where it must, with a caption."""
    about = html("; ".join(cell.text for cell in ladder.about))
    return (
        f'<figure class="l2tpscope-ladder" tabindex="0" style="margin: 1em 0; overflow-x: auto">'
        f"<figcaption>{html(ladder.title)}: {about}</figcaption>{svg([ladder])}</figure>"
    )


def _ladder(ladder: Ladder) -> Piece:
    parts: list[str] = []
    at = float(LINE)
    for cell in [Cell(ladder.title, "title"), *ladder.about]:
        at = _written(parts, cell, PAD, at, WIDTH - 2 * PAD)
    at += LINE / 2
    at = _heads(parts, ladder, at)
    top = at
    rungs = []
    for rung, delta in zip(ladder.rungs, ladder.deltas(), strict=True):
        piece = _rung(ladder, rung, delta)
        rungs.append(f'<g transform="translate(0 {at:g})" class="{rung.line} {rung.tone}">{"".join(piece.parts)}</g>')
        at += piece.height
    lanes = (f'<line class="lane" x1="{x:g}" x2="{x:g}" y1="{top:g}" y2="{at:g}"/>' for x in _places(ladder))
    parts += [*lanes, *rungs]
    at += LINE
    for cell in ladder.footer:
        at = _written(parts, cell, PAD, at, WIDTH - 2 * PAD)
    return Piece(at, parts)


def _places(ladder: Ladder) -> list[float]:
    """Where each lane stands."""
    first, last = ladder.seen
    end, step = LANES_AT + LANES * LETTER, NAT_AT * LETTER
    return [LANES_AT, LANES_AT + step][: first + 1] + [end - step, end][1 - (len(ladder.lanes) - 1 - last) :]


def _heads(parts: list[str], ladder: Ladder, at: float) -> float:
    """The names of the lanes, and under them where they are; at the edges they grow inwards."""
    places = _places(ladder)
    for number, (lane, x) in enumerate(zip(ladder.lanes, places, strict=True)):
        anchor = "start" if number <= ladder.seen[0] else "end" if number >= ladder.seen[1] else "middle"
        parts.append(_text(lane.name, x, at, anchor=anchor, tone="title" if lane.endpoint else ""))
        parts.append(_text(lane.endpoint, x, at + LINE, anchor=anchor, tone="dim"))
    return at + 1.5 * LINE


def _rung(ladder: Ladder, rung: Rung, delta: int | None) -> Piece:
    parts = [
        _text(clock(rung.time, decimals=6), PAD, LINE, tone="dim"),
        _text(shown_delta(delta), PAD + (TIME + DELTA) * LETTER, LINE, anchor="end", tone="dim"),
        _text(rung.tag, PAD + (TIME + DELTA + 1) * LETTER, LINE),
    ]
    parts += _drawn(ladder, rung)
    at = float(LINE)
    for note in _said(ladder, rung):
        at = _written(parts, note, NOTES_AT, at, NOTES * LETTER)
    height = max(at - LINE + 4, 1.9 * LINE)
    begin = len(parts), height
    for detail in rung.details:
        height = _written(parts, Cell(detail, "dim"), LANES_AT + LETTER, height + LINE - 4, WIDTH - LANES_AT - PAD - 2 * LETTER) - LINE + 4
    if rung.details:
        at, y = begin
        room = f'x="{LANES_AT + 2:g}" y="{y + 2:g}" width="{WIDTH - LANES_AT - PAD:g}" height="{height - y:g}"'
        parts.insert(at, f'<rect class="paper" {room}/>')  # so that no lane runs through the words
        height += 4
    return Piece(height, parts)


def _said(ladder: Ladder, rung: Rung) -> Iterator[Cell]:
    """Frames and calm remarks together, then those that stand out."""
    calm = [ladder.frames(rung), *(note.text for note in rung.notes if not note.tone)]
    yield Cell(SEPARATOR.join(word for word in calm if word))
    if rung.line in ("fact", "guess"):
        yield Cell(rung.label, rung.tone)
    yield from (note for note in rung.notes if note.tone)


def _drawn(ladder: Ladder, rung: Rung) -> Iterator[str]:
    """The label, and under it the arrow: dotted where it was not seen."""
    if rung.line in ("fact", "guess"):
        return
    places = _places(ladder)
    begin, end = places[ladder.seen[0]], places[ladder.seen[1]]
    yield _text(rung.label, (begin + end) / 2, LINE - 3, anchor="middle", tone="warn" if rung.line == "gap" else "")
    if rung.source is None or rung.target is None:
        return
    y = LINE + 5
    low, high = sorted((places[rung.source], places[rung.target]))
    yield f'<line x1="{begin:g}" x2="{end:g}" y1="{y}" y2="{y}"/>'
    yield from (f'<line class="unseen" x1="{a:g}" x2="{b:g}" y1="{y}" y2="{y}"/>' for a, b in ((low, begin), (end, high)) if a < b)
    if rung.both or rung.source < rung.target:
        yield f'<polygon points="{high:g},{y} {high - 2 * HEAD:g},{y - HEAD} {high - 2 * HEAD:g},{y + HEAD}"/>'
    if rung.both or rung.source > rung.target:
        yield f'<polygon points="{low:g},{y} {low + 2 * HEAD:g},{y - HEAD} {low + 2 * HEAD:g},{y + HEAD}"/>'


def _written(parts: list[str], cell: Cell, x: float, y: float, width: float) -> float:
    """The lines of a text, at most so wide; where the next one goes."""
    lines = fold(terminal(cell.text), int(width / LETTER), hanging=2) if cell.text else []
    for number, line in enumerate(lines):
        indent = (cells(line) - cells(line.lstrip())) * LETTER if number else 0
        parts.append(_text(line.strip(), x + indent, y, tone=cell.tone))
        y += LINE
    return y


def _text(words: str, x: float, y: float, *, anchor: str = "start", tone: Tone = "") -> str:
    if not words:
        return ""
    style = f' class="{tone}"' if tone else ""
    place = f' text-anchor="{anchor}"' if anchor != "start" else ""
    return f'<text x="{x:g}" y="{y:g}"{place}{style}>{html(words)}</text>'


def document(ladders: Iterable[Ladder]) -> str:
    """A file of its own."""
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + svg(list(ladders))
