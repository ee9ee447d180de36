"""One table as CSV or Parquet.

CSV is for spreadsheets as much as for programs: text is one line without control characters, and text that a spreadsheet
would take for a formula (it begins with `=`, `+`, `-` or `@`) has an apostrophe before it. JSON, NDJSON and Parquet hold
it unchanged. Unknown is an empty cell; the items of a list are joined by `; `; instants are as in JSON.
"""

from __future__ import annotations

import csv as _csv
import io
import json
import math
from collections.abc import Iterator
from typing import Any

from l2tpscope.output.escape import csv as harmless
from l2tpscope.output.values import rfc3339
from l2tpscope.report import Report, columns


class OutputError(Exception):
    """What was asked for cannot be written: one line that says why and what to do."""


def csv(report: Report, table: str) -> Iterator[str]:
    """The table line by line, a line of names first."""
    shape = columns(table)
    yield _line([column.name for column in shape])
    for row in report.rows(table):
        yield _line([_cell(getattr(row, column.name), column.kind) for column in shape])


def _cell(value: Any, kind: str) -> str:
    if value is None or (kind == "float" and not math.isfinite(value)):
        return ""
    if kind == "time":
        return rfc3339(value)
    if kind == "list":
        return harmless("; ".join(value))
    if kind == "numbers":
        return "; ".join(map(str, value))
    if kind == "bool":
        return "true" if value else "false"
    return harmless(value) if isinstance(value, str) else str(value)


def _line(cells: list[str]) -> str:
    buffer = io.StringIO()
    _csv.writer(buffer, lineterminator="\n").writerow(cells)
    return buffer.getvalue()


def parquet(report: Report, table: str) -> bytes:
    """The table as a Parquet file with the dtypes of the DataFrame; its `attrs` are in the file's metadata too.

    *Raises*: OutputError where pyarrow is not installed.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415
        from pyarrow import parquet as pq  # noqa: PLC0415
    except ImportError as error:
        message = "parquet needs pyarrow: pip install 'l2tpscope[parquet]'"
        raise OutputError(message) from error
    frame = report.frame(table)
    attributes = json.dumps(frame.attrs)
    frame.attrs.clear()
    schema = pa.Schema.from_pandas(frame, preserve_index=False)
    items = {"list": pa.string(), "numbers": pa.int64()}
    for column in columns(table):
        if column.kind in items:  # an empty column of lists has no type of its own
            schema = schema.set(schema.get_field_index(column.name), pa.field(column.name, pa.list_(items[column.kind])))
    arrow = pa.Table.from_pandas(frame, schema=schema, preserve_index=False)
    metadata = {**(arrow.schema.metadata or {}), b"l2tpscope": attributes.encode()}
    buffer = io.BytesIO()
    pq.write_table(arrow.replace_schema_metadata(metadata), buffer)
    return buffer.getvalue()
