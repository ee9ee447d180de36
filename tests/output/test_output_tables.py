"""CSV and Parquet hold one table each."""

from __future__ import annotations

import csv
import io
import json
import sys

import pandas as pd
import pytest
from example_report import HOSTILE, T0, measures, report

from l2tpscope.analysis.rows import ROWS
from l2tpscope.output import OutputError, Page, pieces
from l2tpscope.report import Report, columns


def read_csv(table: str, given: Report | None = None) -> list[dict[str, str]]:
    """The rows that a CSV reader finds."""
    text = b"".join(pieces(given or report(), table, "csv", Page())).decode()
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("table", ROWS)
def test_csv_has_every_row_and_column(table: str) -> None:
    """A table in CSV has a line of names and a line a row."""
    rows = read_csv(table)
    assert len(rows) == len(report().rows(table))
    assert list(rows[0]) == [column.name for column in columns(table)]


def test_csv_cells_are_harmless() -> None:
    """Hostile text is one line without controls, a formula has an apostrophe, unknown is empty, an instant has its nanoseconds."""
    hostile = read_csv("tunnels")[1]
    assert hostile["error_message"].startswith(r"\x1b[2J\r\nevil\u202e<script>")
    assert hostile["error_code"] == ""
    assert read_csv("events")[0]["detail"] == "'=HYPERLINK(1)"
    assert read_csv("events")[0]["time"] == "2025-11-24T16:02:11.123456789Z"
    assert read_csv("loss")[1]["measurable"] == "false"


def test_csv_joins_lists() -> None:
    """The items of a list are joined by semicolons."""
    given = measures()
    given.captures[0].reasons = ["one", "=two"]
    assert read_csv("captures", report(measures=given))[0]["reasons"] == "one; =two"


def test_csv_joins_numbers() -> None:
    """Lists of numbers are joined by semicolons as well; an empty one is an empty cell."""
    given = measures()
    given.vpns[0].esp_sas = [3, 4, 11]
    row = read_csv("vpns", report(measures=given))[0]
    assert row["esp_sas"] == "3; 4; 11"
    assert row["ike_sas"] == ""


@pytest.mark.parametrize("empty", [False, True])
def test_parquet_types_lists(empty: bool) -> None:
    """Columns of lists hold integers or text by their annotation, with rows or without."""
    from pyarrow import parquet  # noqa: PLC0415

    given = measures()
    given.vpns[0].esp_sas = [3, 4]
    made = report(measures=type(given)() if empty else given)
    table = parquet.read_table(io.BytesIO(b"".join(pieces(made, "vpns", "parquet", Page()))))
    assert str(table.schema.field("esp_sas").type) == "list<element: int64>"
    assert str(table.schema.field("linked_by").type) == "list<element: string>"
    assert empty or table["esp_sas"][0].as_py() == [3, 4]


@pytest.mark.parametrize("table", ROWS)
@pytest.mark.parametrize("empty", [False, True])
def test_parquet_keeps_the_types(table: str, empty: bool) -> None:
    """A table read back from Parquet has the columns and the values it had, with rows or without."""
    given = report(measures=type(measures())()) if empty else report()
    content = b"".join(pieces(given, table, "parquet", Page()))
    back = pd.read_parquet(io.BytesIO(content))
    assert list(back.columns) == [column.name for column in columns(table)]
    assert len(back) == len(given.rows(table))
    for column in columns(table):
        if column.kind == "time":
            assert back[column.name].dtype == "datetime64[ns, UTC]"


def test_parquet_holds_hostile_text_and_attributes() -> None:
    """Text is unchanged but for lone surrogates, and the frame's attributes are in the file's metadata."""
    from pyarrow import parquet  # noqa: PLC0415

    content = io.BytesIO(b"".join(pieces(report(), "tunnels", "parquet", Page())))
    table = parquet.read_table(content)
    assert table["error_message"][1].as_py() == HOSTILE.replace("\udc80", r"\udc80")
    assert table["opened"][0].value == T0
    assert json.loads(table.schema.metadata[b"l2tpscope"])["units"]["setup_s"] == "seconds"


def test_parquet_without_pyarrow_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where pyarrow is absent, one line says how to get it."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(OutputError, match=r"pip install 'l2tpscope\[parquet\]'"):
        list(pieces(report(), "tunnels", "parquet", Page()))


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_summary_is_not_one_table(form: str) -> None:
    """The summary cannot be written in a format for one table, and the line says what can."""
    with pytest.raises(OutputError, match="l2tpscope tunnels --format"):
        list(pieces(report(), "summary", form, Page()))  # type: ignore[arg-type]
