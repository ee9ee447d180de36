"""Several captures in one order of time."""

from __future__ import annotations

import heapq
import io
import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from builders import FORMATS, Record, interface, section
from hypothesis import given, settings
from hypothesis import strategies as st

from l2tpscope.capture import CaptureError, merged, open_captures
from l2tpscope.capture.source import FileSource

TIMES = st.lists(st.integers(0, 40).map(lambda time: time * 1000), max_size=12)


def order(captures: list[list[int]]) -> list[tuple[int, int, int]]:
    """(time, capture, frame) of every record: from the heads of all captures, always the earliest one."""
    heads = [(times[0], capture, 0) for capture, times in enumerate(captures, 1) if times]
    heapq.heapify(heads)
    taken = []
    while heads:
        time, capture, index = heapq.heappop(heads)
        taken.append((time, capture, index + 1))
        times = captures[capture - 1]
        if index + 1 < len(times):
            heapq.heappush(heads, (times[index + 1], capture, index + 1))
    return taken


def rows(sources: list[FileSource]) -> list[tuple[int, int, int, bytes]]:
    """(time, capture, frame, octets) of every record that comes out."""
    found = []
    for batch in merged(sources):
        ends = batch.offset + batch.captured
        for row in range(len(batch)):
            data = bytes(batch.octets[int(batch.offset[row]) : int(ends[row])])
            found.append((int(batch.time[row]), int(batch.capture[row]), int(batch.frame[row]), data))
    return found


def named(name: str, data: bytes) -> io.BytesIO:
    """A file object with a name."""
    stream = io.BytesIO(data)
    stream.name = name
    return stream


@settings(deadline=None, max_examples=300)
@given(
    st.lists(TIMES, min_size=1, max_size=4),
    st.sampled_from([1, 60, 1 << 20]),
    st.sampled_from([1, 3, 1000]),
    st.sampled_from(["us-little", "pcapng-big"]),
    st.randoms(),
)
def test_heads_by_time(captures: list[list[int]], block: int, limit: int, name: str, shuffle: object) -> None:
    """Records come as if from the heads of all captures always the earliest was taken; the order of the files is no matter."""
    numbered = sorted(enumerate(captures), key=lambda each: (not each[1], each[1][0] if each[1] else 0, f"{each[0]}"))
    files = [
        (f"{n}", FORMATS[name]([Record(time, f"{n}/{i}".encode()) for i, time in enumerate(times)])) for n, times in enumerate(captures)
    ]
    shuffle.shuffle(files)  # type: ignore[attr-defined]
    sources = open_captures([named(*file) for file in files], block_octets=block, rows=limit)
    assert [source.info.path for source in sources] == [f"{n}" for n, _ in numbered]
    assert [source.info.capture for source in sources] == list(range(1, len(captures) + 1))
    found = rows(sources)
    assert [row[:3] for row in found] == order([times for _, times in numbered])
    assert all(data == f"{numbered[capture - 1][0]}/{frame - 1}".encode() for _, capture, frame, data in found)
    assert [source.info.frames for source in sources] == [len(times) for _, times in numbered]


def rotated(tmp_path: Path, count: int, size: int) -> tuple[list[Path], list[int]]:
    """Files that follow each other in time, and all time stamps."""
    times = [n * 1000 for n in range(count * size)]
    paths = []
    for n in range(count):
        paths.append(tmp_path / f"x.pcap{n}")
        paths[-1].write_bytes(FORMATS["us-little"]([Record(time, b"x" * 20) for time in times[n * size : (n + 1) * size]]))
    return paths, times


def test_rotated_files_are_not_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that do not overlap are read one after the other, one open at a time, and their batches handed on."""
    paths, times = rotated(tmp_path, 40, 10)
    monkeypatch.setattr("l2tpscope.capture.merge.Shared.interleave", None)
    opened: list[int] = []
    batches = FileSource.batches

    def counted(source: FileSource) -> Iterator[object]:
        opened.append(1)
        try:
            yield from batches(source)
        finally:
            opened.pop()

    monkeypatch.setattr(FileSource, "batches", counted)
    most = 0
    sources = open_captures(reversed(paths))
    found = []
    for batch in merged(sources):
        most = max(most, len(opened))
        found += batch.time.tolist()
    assert found == times
    assert most == 1
    assert [source.info.path for source in sources] == [str(path) for path in paths]


def test_overlap_in_large_blocks() -> None:
    """Overlapping captures of many blocks are interleaved exactly."""
    random = np.random.default_rng(2)
    captures = [np.sort(random.integers(0, 10_000_000, 3000) * 1000).tolist() for _ in range(3)]
    captures.sort(key=lambda times: times[0])
    files = [named(f"{n}", FORMATS["ns-big"]([Record(time, b"y" * (time % 50)) for time in times])) for n, times in enumerate(captures)]
    found = rows(open_captures(files, block_octets=2000))
    assert [row[:3] for row in found] == order(captures)
    assert all(len(data) == time % 50 for time, _, _, data in found)


def test_captures_without_records() -> None:
    """Captures without any record come last, take part in nothing, and their problems are known."""
    empty = section("<") + interface("<", 113)
    files = [named("a", empty + b"\0" * 6), named("b", FORMATS["us-little"]([Record(5000, b"z")])), named("c", empty)]
    sources = open_captures(files)
    assert [source.info.path for source in sources] == ["b", "a", "c"]
    assert [row[0] for row in rows(sources)] == [5000]
    assert [source.info.truncated_file for source in sources] == [False, True, False]
    assert sources[2].info.link_types == ["Linux cooked v1"]


def test_stopping_early_closes_files(tmp_path: Path) -> None:
    """Who stops reading leaves nothing open."""
    paths, _ = rotated(tmp_path, 3, 10)
    sources = open_captures(paths, rows=2)
    for batch in itertools.islice(merged(sources), 2):
        assert len(batch) == 2
    reading = merged(sources := open_captures(paths, rows=2))
    next(reading)
    reading.close()  # type: ignore[attr-defined]
    assert sources[0].position()[0] == paths[0].stat().st_size


def test_file_gone_meanwhile(tmp_path: Path) -> None:
    """A file that is gone when its turn comes is reported as such."""
    paths, _ = rotated(tmp_path, 2, 3)
    sources = open_captures(paths)
    paths[1].unlink()
    with pytest.raises(CaptureError, match="no such file"):
        list(merged(sources))


def test_nothing() -> None:
    """No captures, no records."""
    assert list(merged(open_captures([]))) == []
