"""A report's tables as DataFrames of documented dtypes, and its light side without pandas."""

from __future__ import annotations

import dataclasses
import pickle
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from example_report import HOSTILE, T0, capture, measures, report

import l2tpscope
from l2tpscope.analysis.rows import ROWS, Measures
from l2tpscope.report import Report, columns

TABLES = pytest.mark.parametrize("table", ROWS)


@TABLES
@pytest.mark.parametrize("empty", [False, True])
def test_dtypes_are_those_documented(table: str, empty: bool) -> None:
    """Every column of every table has the dtype of its annotation, with rows or without."""
    frame = getattr(report(measures=Measures()) if empty else report(), table)
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == {column.name: column.dtype for column in columns(table)}


@TABLES
def test_frames_hold_the_rows(table: str) -> None:
    """A frame has a row for each dataclass, with its values; unknown is NA."""
    given = report()
    frame = getattr(given, table)
    assert len(frame) == len(given.rows(table))
    for column in columns(table):
        for value, row in zip(frame[column.name], given.rows(table), strict=True):
            expected = getattr(row, column.name)
            if expected is None:
                assert pd.isna(value)
            elif column.kind == "time":
                assert value.value == expected
            elif column.kind in ("string", "category"):
                assert value == expected.replace("\udc80", r"\udc80")
            elif column.kind == "list":
                assert value == [item.replace("\udc80", r"\udc80") for item in expected]
            else:
                assert value == expected


def test_annotations_become_kinds() -> None:
    """Each form of annotation in the rows gives its kind, and a category knows its values."""
    shapes = {(table, column.name): column for table in ROWS for column in columns(table)}
    assert shapes["tunnels", "opened"].dtype == "datetime64[ns, UTC]"
    assert shapes["tunnels", "initiator_id"].dtype == "Int64"
    assert shapes["tunnels", "tunnel"].dtype == "int64"
    assert shapes["tunnels", "setup_s"].dtype == "Float64"
    assert shapes["rtt", "rtt_s"].dtype == "float64"
    assert shapes["sessions", "sequenced_to_responder"].dtype == "boolean"
    assert shapes["loss", "measurable"].dtype == "bool"
    assert shapes["captures", "reasons"].dtype == "object"
    assert shapes["captures", "reasons"].kind == "list"
    assert shapes["vpns", "esp_sas"].dtype == "object"
    assert shapes["vpns", "esp_sas"].kind == "numbers"
    assert shapes["rtt", "side"].values == ("initiator", "responder")


def test_units_are_those_of_the_names() -> None:
    """Seconds, octets and ratios are named in the attributes; counts have no unit."""
    assert report().loss.attrs["units"] == {"loss_ratio": "ratio 0..1", "loss_low_ratio": "ratio 0..1", "loss_high_ratio": "ratio 0..1"}
    assert report().throughput.attrs["units"] == {"bin_s": "seconds", "octets": "octets"}
    units = report().tunnels.attrs["units"]
    assert units["data_octets_to_initiator"] == "octets"
    assert "data_packets_to_initiator" not in units


def test_attributes_tell_schema_and_verdict() -> None:
    """A frame carries the schema and how far its captures can be trusted."""
    given = measures()
    given.captures = [capture(verdict="poor", reasons=["dropped"])]
    attributes = report(measures=given).tunnels.attrs
    assert attributes["schema"] == "l2tpscope/1"
    assert attributes["captures"] == [{"path": "wan.pcap", "verdict": "poor", "reasons": ["dropped"]}]


def test_frames_are_made_once() -> None:
    """A table asked for again is the same frame; `frame` makes a new one."""
    given = report()
    assert given.tunnels is given.tunnels
    assert given.frame("tunnels") is not given.tunnels


def test_unknown_tables_are_named() -> None:
    """A table that is not there is answered with those that are."""
    with pytest.raises(ValueError, match="no table 'tunnel': there are captures, tunnels, sessions"):
        report().rows("tunnel")


def test_reports_do_not_change() -> None:
    """A report is frozen."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        report().notes = ()  # type: ignore[misc]


def test_reports_travel() -> None:
    """A report can be pickled, and says the same afterwards."""
    again = pickle.loads(pickle.dumps(report()))  # noqa: S301
    assert str(again) == str(report())
    assert again.to_json() == report().to_json()


def test_what_was_read_travels(samples: Path) -> None:
    """A report that was read can be pickled before any of its tables was asked for."""
    again = pickle.loads(pickle.dumps(l2tpscope.read(samples / "session_limit.pcap")))  # noqa: S301
    assert again.to_json() == l2tpscope.read(samples / "session_limit.pcap").to_json()


def test_without_a_renderer_there_is_a_line() -> None:
    """A report made by hand without a renderer still says what it holds, and what it lacks."""
    bare = Report(measures())
    assert str(bare) == "l2tpscope report: 1 captures, 2 tunnels, 1 sessions, 1 messages"
    assert repr(bare) == f"<{bare}>"
    assert bare._repr_html_() is None
    with pytest.raises(ValueError, match="renderer"):
        bare.to_json()


@pytest.mark.parametrize("kind", ["l2tp2_control", "l2tp2_data", "l2tp3_control", "l2tp3_data", "l2f", "ike", "esp", "ah"])
def test_what_is_of_interest(kind: str) -> None:
    """One frame of L2TP, L2F, IKE, ESP or AH makes a report not empty."""
    nothing = capture(l2tp2_control_frames=0, l2tp2_data_frames=0, openvpn_1701_frames=9)
    assert report(measures=Measures(captures=[nothing])).empty
    setattr(nothing, f"{kind}_frames", 1)
    assert not report(measures=Measures(captures=[nothing])).empty


def test_what_is_partial() -> None:
    """A cut file or an interruption makes a report partial."""
    assert not report().partial
    assert report(interrupted=True).partial
    assert report(measures=Measures(captures=[capture(truncated_file=True)])).partial


def test_import_is_light() -> None:
    """Neither `import l2tpscope` nor its version brings numpy, pandas or click."""
    code = "import sys, l2tpscope; l2tpscope.__version__; print([m for m in ('numpy', 'pandas', 'click', 'rich') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_the_package_has_its_names() -> None:
    """`read` and `Report` are there when asked for, and listed; others are not."""
    assert l2tpscope.Report is Report
    assert callable(l2tpscope.read)
    assert {"read", "Report", "__version__"} <= set(dir(l2tpscope))
    with pytest.raises(AttributeError, match="no attribute 'wach'"):
        _ = l2tpscope.wach  # type: ignore[attr-defined]


def test_the_example_is_hostile() -> None:
    """The example that all these tests read has an instant and a text that no encoder takes."""
    assert report().tunnels.opened[0].value == T0
    with pytest.raises(UnicodeEncodeError):
        HOSTILE.encode()
