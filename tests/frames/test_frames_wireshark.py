"""Wireshark's word on every public capture with L2TP: the same frames, the same header fields."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from frame_builders import SHARED, decode, pcap_records

from l2tpscope.frames import Kind

TRUTH = SHARED / "captures/public_truth"
FILES = sorted(path for path in TRUTH.glob("*.tsv*") if path.name.split(".")[1] == "tsv") if SHARED.exists() else []

NOT_L2TP = {
    # T is set and S is not, and Length (514) is more than the UDP datagram holds: RFC 2661 §3.1 has L and S set in every
    # control message. Made by a fuzzer; no message of these 16 frames proves their flows. Wireshark decodes by the port alone.
    "c004": {1, 2, 3, 4, 5, 8, 9, 10, 11, 14, 15, 16, 17, 18, 19, 20},
}
"""Frames that Wireshark calls L2TP and we do not."""

COLUMNS: dict[Kind, dict[str, str]] = {
    Kind.L2TP2_CONTROL: {"l2tp.flags": "flags", "l2tp.tunnel": "tunnel", "l2tp.session": "session", "l2tp.Ns": "ns", "l2tp.Nr": "nr"},
    Kind.L2TP3_CONTROL: {"l2tp.flags": "flags", "l2tp.ccid": "tunnel", "l2tp.Ns": "ns", "l2tp.Nr": "nr"},
    Kind.L2TP3_DATA: {"l2tp.sid": "session"},
}
COLUMNS[Kind.L2TP2_DATA] = COLUMNS[Kind.L2TP2_CONTROL]


def wireshark_rows(path: Path) -> Iterator[dict[str, str]]:
    """The lines of a table of Wireshark's fields."""
    csv.field_size_limit(1 << 30)
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as text:
        yield from csv.DictReader(text, delimiter="\t", quoting=csv.QUOTE_NONE)


def outer(values: str) -> int:
    """The first of several values (L2TP inside L2TP), -1 for none."""
    return int(values.split(",", maxsplit=1)[0], 0) if values else -1


def announced(row: dict[str, Any]) -> int:
    """The Length field of a row's header, -1 where it has none."""
    if row["kind"] == Kind.L2TP3_DATA or not row["flags"] & 0x4000:
        return -1
    begin = row["payload"][4:] if row["payload"][:4] == bytes(4) else row["payload"]
    return int.from_bytes(begin[2:4], "big")


@pytest.mark.shared
@pytest.mark.skipif(not FILES, reason="the shared captures are not here")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name.split(".")[0])
def test_header_fields_are_those_of_wireshark(path: Path) -> None:
    """Flags, Length, ids, Ns and Nr of every L2TP frame equal Wireshark's; the exceptions are listed with their reason."""
    capture = path.name.split(".")[0]
    frames = pcap_records(next((SHARED / "captures/public").glob(f"{capture}__*")))
    l2tp = {row["frame"]: row for row in decode(frames)[0] if row["kind"] in COLUMNS}
    theirs = {int(row["frame.number"]): row for row in wireshark_rows(path) if row["l2tp.version"] or row["l2tp.sid"] or row["l2tp.ccid"]}
    assert theirs.keys() - l2tp.keys() == NOT_L2TP.get(capture, set())
    assert l2tp.keys() <= theirs.keys()
    for number, row in l2tp.items():
        columns = COLUMNS[Kind(row["kind"])]
        expected = {name: outer(theirs[number][theirs_name]) for theirs_name, name in columns.items()}
        assert {name: row[name] for name in columns.values()} == expected, f"frame {number}"
        assert announced(row) == outer(theirs[number]["l2tp.length"]), f"frame {number}"
