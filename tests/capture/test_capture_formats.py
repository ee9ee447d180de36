"""Every variant of pcap and pcapng, plain and compressed, gives the same columns."""

from __future__ import annotations

import io
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders import COMPRESS, FORMATS, PCAPS, Record
from hypothesis import given, settings
from hypothesis import strategies as st

from l2tpscope.capture import SLACK, CaptureError, open_capture

INSTANTS = st.integers(0, (1 << 32) * 1_000_000 - 1).map(lambda microseconds: microseconds * 1000)
RECORDS = st.lists(st.builds(Record, INSTANTS, st.binary(max_size=90), st.integers(0, 2000)), max_size=30)


def columns(data: bytes, **options: Any) -> list[tuple[int, bytes, int, int, int, int]]:
    """Every record as (time, octets, length, link type, capture, frame)."""
    rows: list[tuple[int, bytes, int, int, int, int]] = []
    for batch in open_capture(io.BytesIO(data), **options).batches():
        assert len(batch) <= options.get("rows", len(batch))
        assert len(batch.octets) >= int((batch.offset + batch.captured).max()) + SLACK
        for at, size, *rest in zip(
            batch.offset.tolist(),
            batch.captured.tolist(),
            batch.time,
            batch.length,
            batch.link_type,
            batch.capture,
            batch.frame,
            strict=True,
        ):
            time, length, link_type, capture, frame = (int(value) for value in rest)
            rows.append((time, bytes(batch.octets[at : at + size]), length, link_type, capture, frame))
    return rows


@settings(deadline=None, max_examples=150)
@given(
    records=RECORDS,
    name=st.sampled_from(sorted(FORMATS)),
    compression=st.sampled_from(sorted(COMPRESS)),
    block=st.sampled_from([13, 64, 1000, 4 << 20]),
    rows=st.sampled_from([1, 7, 1 << 16]),
)
def test_round_trip(records: list[Record], name: str, compression: str, block: int, rows: int) -> None:
    """What was written is read, whatever the variant, the compression, the block size and the number of rows."""
    data = COMPRESS[compression](FORMATS[name](records))
    expected = [(r.time, r.data, len(r.data) + r.more, 1, 3, n) for n, r in enumerate(records, 1)]
    assert columns(data, capture=3, block_octets=block, rows=rows) == expected


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_info(name: str) -> None:
    """`info` sums up the frames of every variant."""
    records = [Record(3_000_000_000, b"abc", 5), Record(1_000_000_000, b"defg"), Record(2_000_000_000, b"h")]
    source = open_capture(io.BytesIO(FORMATS[name](records)), block_octets=16)
    assert sum(len(batch) for batch in source.batches()) == 3
    info = source.info
    assert (info.frames, info.octets, info.cut_frames) == (3, 13, 1)
    assert (info.first_time, info.last_time) == (1_000_000_000, 3_000_000_000)
    assert (info.backward_steps, info.largest_backward_step_s) == (1, 2.0)
    assert info.link_types == ["Ethernet"]
    assert not info.truncated_file
    assert info.problem is None
    assert info.time_resolution_s == {"ns": 1e-9, "2^": 2**-32}.get(name[:2] if name[:2] == "ns" else name[7:9], info.time_resolution_s)


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_cut_anywhere(name: str) -> None:
    """A file cut at any octet gives the records that are whole, and says that it was cut, and where."""
    records = [Record(n * 1000, bytes([n]) * n) for n in range(1, 6)]
    data = FORMATS[name](records)
    whole = [len(FORMATS[name](records[:count])) for count in range(6)]
    for size in range(whole[0], len(data)):
        source = open_capture(io.BytesIO(data[:size]), block_octets=64)
        count = sum(len(batch) for batch in source.batches())
        assert count == sum(size >= end for end in whole[1:])
        assert source.info.truncated_file == (size not in whole)
        assert (source.info.problem is None) == (size in whole)
        if size not in whole:
            assert f"octet {whole[count]};" in str(source.info.problem)


@pytest.mark.parametrize("name", sorted(PCAPS))
@pytest.mark.parametrize("claimed", [262145, 0x7FFFFFFF, 0xFFFFFFFF])
def test_absurd_length(name: str, claimed: int) -> None:
    """A record that claims an absurd length ends the reading, without memory being spent on it."""
    variant = PCAPS[name]
    records = [Record(1000, b"abc"), Record(2000, b"defgh")]
    data = bytearray(variant.build(records))
    at = len(variant.build(records[:1]))
    data[at + 8 : at + 16] = claimed.to_bytes(4, "little" if variant.order == "<" else "big") * 2
    source = open_capture(io.BytesIO(data + bytes(1000)))
    octets = [len(batch.octets) for batch in source.batches() if len(batch)]
    assert max(octets) < 9 << 20
    assert source.info.frames == 1
    assert not source.info.truncated_file
    assert f"octet {at} claims {claimed} octets" in str(source.info.problem)


def test_longest_record() -> None:
    """A record of the greatest credible length is read, also in blocks much smaller than it."""
    data = FORMATS["us-little"]([Record(0, bytes(262144)), Record(1000, b"x")])
    assert [len(row[1]) for row in columns(data, block_octets=4096)] == [262144, 1]


def test_seconds_beyond_2038_and_fractions_beyond_a_second() -> None:
    """Seconds are unsigned, and a fraction of more than a second is added as it stands."""
    data = bytearray(FORMATS["ns-little"]([Record(0, b"x")]))
    data[24:32] = b"\xff" * 8
    assert columns(bytes(data))[0][0] == 0xFFFFFFFF * 1_000_000_000 + 0xFFFFFFFF


@pytest.mark.parametrize(("major", "minor"), [(1, 4), (3, 0), (543, 0)])
def test_other_versions_are_refused(major: int, minor: int) -> None:
    """Only versions 2.x of pcap are read."""
    data = bytearray(FORMATS["us-little"]([]))
    data[4:8] = major.to_bytes(2, "little") + minor.to_bytes(2, "little")
    with pytest.raises(CaptureError, match=rf"found pcap of version {major}\.{minor}"):
        open_capture(io.BytesIO(data))


def test_read_once() -> None:
    """A capture is read once."""
    source = open_capture(io.BytesIO(FORMATS["us-little"]([])))
    assert not list(source.batches())
    with pytest.raises(RuntimeError, match="read already"):
        list(source.batches())


def test_columns_have_their_types() -> None:
    """The columns have the types that Batch documents."""
    (batch,) = open_capture(io.BytesIO(FORMATS["pcapng-big"]([Record(0, b"x")]))).batches()
    assert [batch.offset.dtype, batch.captured.dtype, batch.length.dtype, batch.time.dtype, batch.frame.dtype] == [np.int64] * 5
    assert [batch.link_type.dtype, batch.capture.dtype] == [np.uint16] * 2
    assert isinstance(batch.octets, bytearray)


@pytest.mark.tshark
@pytest.mark.parametrize("name", sorted(FORMATS))
def test_capinfos_reads_the_same(name: str, tmp_path: Path) -> None:
    """What the tests write is what capinfos takes it for, so that it is no mere agreement with ourselves."""
    records = [Record(1_700_000_000_123_456_000 + n * 1_000_000, bytes(n), n) for n in range(10)]
    path = tmp_path / "x"
    path.write_bytes(FORMATS[name](records))
    told = subprocess.run(
        ["capinfos", "-T", "-M", "-r", "-c", "-d", "-a", "-e", "-S", str(path)], capture_output=True, text=True, check=True
    )
    _, frames, octets, first, last = told.stdout.strip().split("\t")
    assert (int(frames), int(octets)) == (10, sum(len(record.data) + record.more for record in records))
    assert [int(Decimal(time).scaleb(9)) for time in (first, last)] == [records[0].time, records[-1].time]
