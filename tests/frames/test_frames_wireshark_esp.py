"""Wireshark's word on every public capture with ESP: the same frames, the same SPI and sequence number."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from frame_builders import SHARED

from l2tpscope.capture import merged, open_captures
from l2tpscope.frames import Decoder, Kind
from l2tpscope.packets.reasons import TEXT

TRUTH = SHARED / "captures/public_truth"
FILES = sorted(TRUTH.glob("*.esp.tsv")) if SHARED.exists() else []

DIFFERENT: dict[str, tuple[str, set[int]]] = {
    "c051": (TEXT["short-esp"], {1}),
    "c069": ("ESP inside AH: a frame is one row, and that is AH's", set(range(1, 11))),
    "c116": (TEXT["short-esp"], {1}),
}
"""Frames that are told otherwise, and why."""


def ours(path: Path) -> dict[int, tuple[int, int]]:
    """SPI and sequence number by frame."""
    decoder, found = Decoder(), {}
    for batch in merged(open_captures([path])):
        if len(batch):
            frames = decoder.decode(batch)
            for row in (frames.kind == Kind.ESP).nonzero()[0].tolist():
                found[int(frames.frame[row])] = int(frames.session[row]), int(frames.ns[row])
    return found


def number(values: str) -> int:
    """The first of several values, -1 for none."""
    return int(values.split(",", maxsplit=1)[0], 0) if values else -1


@pytest.mark.shared
@pytest.mark.skipif(not FILES, reason="the shared captures are not here")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name.split(".")[0])
def test_spi_and_number_are_those_of_wireshark(path: Path) -> None:
    """SPI and sequence number of every ESP frame equal Wireshark's; the exceptions are listed with their reason."""
    capture = path.name.split(".")[0]
    csv.field_size_limit(1 << 30)
    with path.open() as text:
        rows = list(csv.DictReader(text, delimiter="\t", quoting=csv.QUOTE_NONE))
    theirs = {int(row["frame.number"]): (number(row["esp.spi"]), number(row["esp.sequence"])) for row in rows if row["esp.spi"]}
    found = ours(next((SHARED / "captures/public").glob(f"{capture}__*")))
    assert rows
    different = {frame for frame in theirs.keys() | found.keys() if theirs.get(frame) != found.get(frame)}
    assert different == DIFFERENT.get(capture, ("", set()))[1]
