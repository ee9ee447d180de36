"""A report as text, JSON, CSV, Parquet, HTML, and its findings as Markdown. What each format takes and gives is in the list FORMATS."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from l2tpscope.analysis.rows import ROWS
from l2tpscope.output import tables as _tables
from l2tpscope.output.page import Page
from l2tpscope.output.summary import summary
from l2tpscope.output.tables import OutputError
from l2tpscope.output.text import text
from l2tpscope.report import Item, Report

if TYPE_CHECKING:
    from l2tpscope.output.plots import Plots

__all__ = ["FORMATS", "OF_FINDINGS", "RENDERER", "FormatName", "OutputError", "Page", "pieces"]

FormatName = Literal["table", "json", "ndjson", "csv", "parquet", "markdown", "svg", "png", "pdf"]
FORMATS: tuple[FormatName, ...] = ("table", "json", "ndjson", "csv", "parquet")
"""How a summary or a table can be written. CSV and Parquet hold one table, so a summary in them is not there."""
OF_FINDINGS: tuple[FormatName, ...] = (*FORMATS, "markdown")
"""How the findings can be written."""
ONE_TABLE = ("csv", "parquet")


def pieces(report: Report, what: str, form: FormatName, page: Page, **further: Any) -> Iterator[bytes]:
    """*what* (`summary`, which is the whole document in JSON, `ladder`, `plot`, or the name of a table) in a format, piece by piece.

    *further*: which ladder, and how much of it, as `ladder.ladders` takes it; which plot, as `plots.picture` takes it.
    *Raises*: OutputError where the format cannot hold it, or what is wanted is not there.
    """
    if what == "ladder":
        from l2tpscope.output import ladder as _ladder  # noqa: PLC0415  the summary on a terminal does not wait for it

        yield _ladder.drawn(report, page, picture=form == "svg", **further).encode("utf-8", "backslashreplace")
        return
    if what == "plot":
        from l2tpscope.output import plots as _plots  # noqa: PLC0415  matplotlib takes half a second

        yield _plots.picture(report, form=form, **further)
        return
    if form in ONE_TABLE and what == "summary":
        message = f"{form} holds one table: l2tpscope tunnels --format {form} (or {', '.join(ROWS)})"
        raise OutputError(message)
    if form == "markdown" and what != "findings":
        message = "markdown is for findings: l2tpscope diagnose --format markdown"
        raise OutputError(message)
    if form == "parquet":
        yield _tables.parquet(report, what)
        return
    for piece in _text_pieces(report, what, form, page):
        yield piece.encode("utf-8", "backslashreplace")


def _text_pieces(report: Report, what: str, form: FormatName, page: Page) -> Iterator[str]:
    tables = list(ROWS) if what == "summary" else [what]
    if form in ("json", "ndjson"):
        from l2tpscope.output import json as _json  # noqa: PLC0415  the summary on a terminal does not wait for it

        yield from _json.document(report, tables) if form == "json" else _json.lines(report, tables)
    elif form == "markdown":
        from l2tpscope.output import markdown as _markdown  # noqa: PLC0415

        yield from _markdown.pieces(report)
    elif form == "csv":
        yield from _tables.csv(report, what)
    else:
        yield text(report, what, page)


@dataclass(frozen=True, slots=True)
class _Renderer:
    """What `str()`, notebooks and `to_json()` of a report show."""

    def text(self, report: Report) -> str:
        return text(report, "summary", Page()).removesuffix("\n")

    def html(self, report: Report) -> str:
        from l2tpscope.output import html as _html  # noqa: PLC0415

        return _html.fragment(summary(report))

    def json(self, report: Report) -> str:
        from l2tpscope.output import json as _json  # noqa: PLC0415

        return "".join(_json.document(report, ROWS))

    def plots(self, report: Report) -> Plots:
        from l2tpscope.output import plots as _plots  # noqa: PLC0415  matplotlib takes half a second

        return _plots.Plots(report)

    def item_text(self, item: Item) -> str:
        from l2tpscope.output import items as _items  # noqa: PLC0415

        return _items.text(item)

    def item_html(self, item: Item) -> str:
        from l2tpscope.output import html as _html  # noqa: PLC0415
        from l2tpscope.output import items as _items  # noqa: PLC0415

        return _html.fragment([_items.block(item)])


RENDERER = _Renderer()
"""Given to every report by api.py, since `report` lies below `output` and does not import it."""
