"""Wireshark's word on every IKE message of the public captures (its fields, stored beside them)."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from ike_captures import CAPTURES, read_ike

from l2tpscope.packets.reasons import TEXT
from l2tpscope.packets.wireshark_fields import first
from l2tpscope.packets.wireshark_fields import ike as ours
from l2tpscope.packets.wireshark_fields import wiresharks_ike as wiresharks

pytestmark = [pytest.mark.shared, pytest.mark.skipif(not CAPTURES.exists(), reason="needs the captures of ../shared")]

TRUTHS = sorted((CAPTURES / "public_truth").glob("c*.isakmp.tsv"))

NOT_IKE: dict[str, set[int]] = {
    "c056": {1},  # version 11.14 and a length that the datagram does not have, by a fuzzer; Wireshark goes by the port alone
    "c058": {1},  # Length is 0x7f000000, likewise
    "c059": {1},  # Length is 0xffef7f20, likewise
}
"""Frames that Wireshark calls ISAKMP and we do not."""

REASONS: dict[tuple[str, int, str], str] = {
    **dict.fromkeys([("c045", 3, "payloads"), ("c045", 4, "payloads")], TEXT["draft-nat-d"]),
    ("c061", 1, "payloads"): TEXT["malformed-ike"],
    ("c079", 1, "payloads"): TEXT["malformed-ike"],  # a vendor ID of 3 octets, less than its own header
}
"""By capture, frame and field: why we differ."""


def truth(path: Path) -> Iterator[dict[str, str]]:
    """The rows of ISAKMP on the wire: not of IKE inside L2TP, nor of keepalives and ESP, which have no SPIs of IKE."""
    with path.open() as text:
        for row in csv.DictReader(text, delimiter="\t", quoting=csv.QUOTE_NONE):
            if row["isakmp.ispi"] and "l2tp" not in row["frame.protocols"]:
                yield row


def compared(path: Path) -> Iterator[tuple[int, dict[str, object], dict[str, object] | None]]:
    """(frame, Wireshark's fields, ours) of a capture; None: we found no IKE there."""
    (capture,) = (CAPTURES / "public").glob(path.name.split(".")[0] + "__*")
    found = {sent.frame: sent.message for sent in read_ike(capture)}
    for row in truth(path):
        frame = int(row["frame.number"])
        message = found.get(frame)
        yield frame, wiresharks(row), None if message is None else ours(message)


def test_every_field_equals_wiresharks() -> None:
    """Header fields, payload types, vendor IDs, notify types and fragment numbers are Wireshark's; each difference has a reason."""
    absent: dict[str, set[int]] = {}
    different = set()
    for path in TRUTHS:
        capture = path.name.split(".")[0]
        for frame, theirs, mine in compared(path):
            if mine is None:
                absent.setdefault(capture, set()).add(frame)
                continue
            different |= {(capture, frame, field) for field, value in theirs.items() if mine[field] != value}
    assert absent == NOT_IKE
    assert different == set(REASONS)


def test_the_comparison_is_not_empty() -> None:
    """259 messages of 34 captures were compared, in all versions and most exchanges."""
    rows = [(path.name.split(".")[0], row) for path in TRUTHS for row in truth(path)]
    assert len(rows) - sum(map(len, NOT_IKE.values())) == 259
    assert len({capture for capture, _ in rows} - set(NOT_IKE)) == 34
    assert {first(row["isakmp.exchangetype"]) for _, row in rows} >= {"2", "4", "5", "32", "34", "35", "36", "37", "43"}


def test_ike_inside_l2tp_is_not_ours() -> None:
    """The Main Mode messages that c001 carries inside L2TP belong to the inner flow, not to the tunnel's ends."""
    (capture,) = (CAPTURES / "public").glob("c001__*")
    assert list(read_ike(capture)) == []


def test_differences_are_told_as_anomalies() -> None:
    """Where Wireshark says that a message is malformed, so do we, but for the drafts' NAT-D, which is in order."""
    told = {}
    for capture in ("c045", "c061", "c079"):
        (path,) = (CAPTURES / "public").glob(f"{capture}__*")
        told[capture] = [str(anomaly) for sent in read_ike(path) for anomaly in sent.message.anomalies]
    assert told == {
        "c045": [],
        "c061": ["malformed: an SA whose proposals do not fit", "malformed: payload 34 of 43690 octets where 236 are left"],
        "c079": ["malformed: payload 13 of 3 octets where 80 are left"],
    }
