"""The document of docs/format.md as JSON, whole or one row a line (NDJSON).

Instants are RFC 3339 in UTC with nine decimals; unknown, and what is no number, is null. The text is ASCII (anything else
as `\\u` escapes), so that neither an encoding nor a terminal can be harmed by what came off the wire; a parser gets the
text exactly as it was, but for lone surrogates (octets that were no UTF-8), which become `\\udc80` in letters.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from typing import Any

from l2tpscope.output.values import rfc3339
from l2tpscope.report import Report, clean, columns

Record = dict[str, Any]


def records(report: Report, table: str, most: int | None = None) -> Iterator[Record]:
    """The rows of a table as JSON values; the first ones, where not more than *most* are wanted."""
    for row in report.rows(table)[:most]:
        yield record(table, row)


def record(table: str, row: Any) -> Record:
    """One row of a table as JSON values."""
    return {column.name: _value(getattr(row, column.name), column.kind) for column in columns(table)}


def _value(value: Any, kind: str) -> Any:
    if value is None:
        return None
    if kind == "time":
        return rfc3339(value)
    if kind == "float":
        return float(value) if math.isfinite(value) else None
    if kind == "list":
        return [clean(item) for item in value]
    return clean(value) if kind in ("string", "category") else value


def head(report: Report) -> Record:
    """What the document says before its tables."""
    return {
        "schema": report.schema,
        "tool": report.tool,
        "options": dict(report.options),
        "interrupted": report.interrupted,
        "notes": [clean(note) for note in report.notes],
    }


def document(report: Report, tables: Iterable[str]) -> Iterator[str]:
    """The document with the tables named, in pieces: one row a line, so that it never stands whole in memory."""
    members = (f"{json.dumps(key)}: {_text(value)}" for key, value in head(report).items())
    yield "{\n" + ",\n".join(members)
    for table in tables:
        yield f",\n{json.dumps(table)}: ["
        separator = "\n"
        for values in records(report, table):
            yield separator + _text(values)
            separator = ",\n"
        yield "]"
    yield "\n}\n"


def lines(report: Report, tables: Iterable[str]) -> Iterator[str]:
    """NDJSON: a line for the head (`"table": "report"`), then a line a row."""
    yield _text({"table": "report", **head(report)}) + "\n"
    for table in tables:
        yield from (text_of(table, values) for values in records(report, table))


def text_of(table: str, values: Record) -> str:
    """One row as a line of NDJSON."""
    return _text({"table": table, **values}) + "\n"


def _text(value: Any) -> str:
    return json.dumps(value, allow_nan=False)
