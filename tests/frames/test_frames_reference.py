"""The columns equal the plain decode."""

from __future__ import annotations

from typing import Any

from frame_builders import Record, batch_of, records
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_decode import RareError, Reference, UnreadableError

from l2tpscope.frames import Decoder, Frames

NAMES = ("kind", "ip_octets", "payload_octets", "payload_captured", "flags", "tunnel", "session", "ns", "nr", "body_octets")
OFFSETS = ("ip", "payload", "body")


def reference_rows(frames: list[Record], ports: tuple[int, ...] = ()) -> tuple[dict[int, dict[str, Any]], set[int], int]:
    """Rows by frame number, the numbers of the frames that the reference leaves out, and how many are unreadable."""
    reference, rows, rare, unreadable = Reference(ports), {}, set(), 0
    for number, record in enumerate(frames, 1):
        try:
            row = reference.decode(record.octets, record.link_type, record.wire)
        except RareError:
            rare.add(number)
        except UnreadableError:
            unreadable += 1
        else:
            if row is not None:
                rows[number] = row
    return rows, rare, unreadable


def decoded_rows(frames: list[Record], found: Frames, offsets: list[int]) -> dict[int, dict[str, Any]]:
    """The rows of `Frames` in the shape of the reference's."""
    rows = {}
    for index in range(len(found)):
        number = int(found.frame[index])
        row = {name: int(getattr(found, name)[index]) for name in NAMES}
        row |= {name: int(getattr(found, name)[index]) - offsets[number - 1] for name in OFFSETS}
        row["addresses"] = found.source_endpoint(index).address, found.destination_endpoint(index).address
        row["ports"] = int(found.source_port[index]), int(found.destination_port[index])
        rows[number] = row
    return rows


def assert_equal(frames: list[Record]) -> None:
    """Every field, offset, address and count of some frames is the reference's."""
    batch = batch_of(frames)
    found = Decoder().decode(batch)
    expected, rare, unreadable = reference_rows(frames)
    actual = decoded_rows(frames, found, batch.offset.tolist())
    for number in set(expected) | set(actual) - rare:
        shown = {name: expected[number][name] for name in (*NAMES, *OFFSETS, "addresses", "ports")} if number in expected else None
        assert actual.get(number) == shown, (number, frames[number - 1].octets.hex())
    if not rare:
        assert found.undecoded == unreadable
        assert sum(found.counts.values()) + unreadable == len(frames)


@settings(max_examples=400, deadline=None)
@given(st.lists(records(), max_size=12))
def test_columns_equal_the_plain_decode(frames: list[Record]) -> None:
    """Every field of every generated frame is what the plain decode says."""
    assert_equal(frames)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.binary(max_size=120), st.sampled_from([0, 1, 12, 101, 113, 276, 300])), max_size=12))
def test_columns_equal_the_plain_decode_on_random_octets(frames: list[tuple[bytes, int]]) -> None:
    """Octets that mean nothing are read like the plain decode reads them, and raise nothing."""
    assert_equal([Record(octets, len(octets), link_type) for octets, link_type in frames])
