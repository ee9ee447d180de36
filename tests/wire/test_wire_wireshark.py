"""Wireshark's word on every control message of the public captures (its fields, stored beside them)."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from plain_reader import CAPTURES, Control, read_controls

from l2tpscope.packets.wireshark_fields import VALUES, avps, headers
from l2tpscope.wire.l2tp import decode_control

pytestmark = [pytest.mark.shared, pytest.mark.skipif(not CAPTURES.exists(), reason="needs the captures of ../shared")]

TRUTHS = sorted(path for path in (CAPTURES / "public_truth").glob("c*.tsv*") if path.name.count(".") - path.name.endswith(".gz") == 1)


def read_truth(path: Path) -> Iterator[dict[str, str]]:
    """The rows of control messages that are traffic: not those an ICMP error quotes."""
    octets = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    for row in csv.DictReader(io.StringIO(octets.decode()), delimiter="\t", quoting=csv.QUOTE_NONE):
        if row["l2tp.type"] == "1" and "icmp" not in row["frame.protocols"]:
            yield row


def controls(path: Path) -> dict[int, Control]:
    """The same capture's control messages, read by hand."""
    (capture,) = (CAPTURES / "public").glob(path.name.split(".")[0] + "__*")
    return {control.frame: control for control in read_controls(capture, ports=())}


def differences(path: Path) -> Iterator[tuple[str, int, str, str, str]]:
    """(capture, frame, field, Wireshark's, ours)."""
    ours = controls(path)
    for row in read_truth(path):
        frame = int(row["frame.number"])
        control = ours[frame]
        message = decode_control(control.octets, control.on_wire)
        shown = {**headers(message), **avps(message), **{field: show(message) for field, show in VALUES.items()}}
        for field, value in shown.items():
            if row[field] != value:
                yield path.name.split(".")[0], frame, field, row[field], value


def test_every_field_equals_wiresharks() -> None:
    """Header, AVP headers and values of all control messages are Wireshark's, with no difference left to explain."""
    assert [found for path in TRUTHS for found in differences(path)] == []


def test_the_comparison_is_not_empty() -> None:
    """Captures of v2 and v3 with hundreds of control messages were compared."""
    counts = {path.name.split(".")[0]: sum(1 for _ in read_truth(path)) for path in TRUTHS}
    assert {capture: count for capture, count in counts.items() if count} == {
        "c001": 18,
        "c004": 16,
        "c005": 432,
        "c007": 18,
        "c030": 2,
        "c041": 4,
    }
