"""The blocks of a summary as an HTML fragment, for notebooks. Every text is escaped here, and nowhere before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from l2tpscope.output.blocks import Block, Cell, Head, Row, Tone
from l2tpscope.output.escape import html

COLOURS: dict[Tone, str] = {"good": "#2e7d32", "warn": "#a15c00", "bad": "#c62828"}
"""Dark enough on white and light enough on black; the words say the same."""


def fragment(blocks: Iterable[Block]) -> str:
    """All blocks in one element."""
    inner = "".join(part for block in blocks for part in _block(block))
    return f'<div class="l2tpscope" style="font-variant-numeric: tabular-nums">{inner}</div>'


def _block(block: Block) -> Iterator[str]:
    if block.title:
        yield f"<p><strong>{html(block.title)}</strong></p>"
    yield from (f"<div{_style(line)}>{html(line.text)}</div>" for line in block.lines)
    if block.heads and block.rows:
        names = "".join(f'<th scope="col" style="text-align: {_side(head)}">{html(head.name)}</th>' for head in block.heads)
        body = "".join(part for row in block.rows for part in _row(row, block.heads))
        yield f"<table><thead><tr>{names}</tr></thead><tbody>{body}</tbody></table>"
    yield from (f"<div{_style(line)}>{html(line.text)}</div>" for line in block.after)


def _row(row: Row, heads: Iterable[Head]) -> Iterator[str]:
    cells = "".join(
        f'<td style="text-align: {_side(head)}{_colour(cell)}">{html(cell.text)}</td>' for cell, head in zip(row.cells, heads, strict=True)
    )
    yield f"<tr>{cells}</tr>"
    for detail in row.details:
        yield f'<tr><td></td><td colspan="{len(row.cells) - 1}" style="text-align: left{_colour(detail)}">{html(detail.text)}</td></tr>'


def _side(head: Head) -> str:
    return "right" if head.right else "left"


def _colour(cell: Cell) -> str:
    return f"; color: {COLOURS[cell.tone]}" if cell.tone in COLOURS else ""


def _style(cell: Cell) -> str:
    return f' style="color: {COLOURS[cell.tone]}"' if cell.tone in COLOURS else ""
