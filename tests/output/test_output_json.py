"""JSON and NDJSON hold the whole document, exactly and in ASCII."""

from __future__ import annotations

import json
from typing import Any

import pytest
from example_report import HOSTILE, measures, report, trip

from l2tpscope.analysis.rows import ROWS
from l2tpscope.output import Page, pieces
from l2tpscope.report import columns


def written(what: str, form: Any) -> str:
    """What is written of the example."""
    return b"".join(pieces(report(), what, form, Page())).decode("ascii")


def test_the_document_has_every_table_and_column() -> None:
    """The document says its schema and tool, and has every table with every column of its rows."""
    document = json.loads(written("summary", "json"))
    assert document["schema"] == "l2tpscope/1"
    assert document["tool"]["name"] == "l2tpscope"
    for table in ROWS:
        assert len(document[table]) == len(report().rows(table)) > 0
        assert list(document[table][0]) == [column.name for column in columns(table)]


def test_one_table_is_the_document_with_it_alone() -> None:
    """A command for one table writes the same document with no other table."""
    document = json.loads(written("rtt", "json"))
    assert document["rtt"] == json.loads(written("summary", "json"))["rtt"]
    assert set(ROWS) & set(document) == {"rtt"}


def test_ndjson_is_the_document_line_by_line() -> None:
    """Every line is an object that names its table; together they hold what the document holds."""
    head, *lines = [json.loads(line) for line in written("summary", "ndjson").splitlines()]
    document = json.loads(written("summary", "json"))
    assert head == {"table": "report", **{key: value for key, value in document.items() if key not in ROWS}}
    assert lines == [{"table": table, **row} for table in ROWS for row in document[table]]


def test_times_have_nine_decimals_and_unknown_is_null() -> None:
    """Instants are RFC 3339 with nanoseconds; what is unknown is null."""
    tunnel = json.loads(written("tunnels", "json"))["tunnels"][0]
    assert tunnel["opened"] == "2025-11-24T16:02:11.123456789Z"
    assert tunnel["established"] is None
    assert tunnel["error_code"] is None


def test_text_survives_exactly() -> None:
    """A parser gets hostile text as it was, but for lone surrogates, which are spelt out."""
    tunnel = json.loads(written("tunnels", "json"))["tunnels"][1]
    assert tunnel["error_message"] == HOSTILE.replace("\udc80", r"\udc80")


def test_lists_of_numbers_are_arrays_of_numbers() -> None:
    """The SAs of a connection are numbers in JSON, as the tables that they join."""
    given = measures()
    given.vpns[0].esp_sas = [3, 4]
    text = b"".join(pieces(report(measures=given), "vpns", "json", Page())).decode("ascii")
    assert json.loads(text)["vpns"][0]["esp_sas"] == [3, 4]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_null(value: float) -> None:
    """NaN and infinities never reach the document."""
    given = measures()
    given.rtt = [trip(value)]
    text = b"".join(pieces(report(measures=given), "rtt", "json", Page())).decode()
    assert json.loads(text)["rtt"][0]["rtt_s"] is None


def test_an_empty_report_is_a_document() -> None:
    """Without rows there are empty tables."""
    document = json.loads(report(measures=type(measures())()).to_json())
    assert all(document[table] == [] for table in ROWS)
