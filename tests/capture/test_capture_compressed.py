"""Compressed captures: several members, damage, and bombs."""

from __future__ import annotations

import gzip
import io
import lzma
import random
import resource
import struct

import pytest
import zstandard
from builders import COMPRESS, FORMATS, Record

from l2tpscope.capture import open_capture
from l2tpscope.capture.compressed import COMPRESSIONS, Frames, Zstd
from l2tpscope.capture.inputs import FileInput, look

NOISE = random.Random(3).randbytes(90)
RECORDS = [Record(n * 1000, NOISE[: n % 90][::-1]) for n in range(400)]
CAPTURE = FORMATS["us-little"](RECORDS)
HALF = len(FORMATS["us-little"](RECORDS[:200]))
PACKED = ["gzip", "xz", "zstd"]


def count(data: bytes) -> tuple[int, str | None, bool]:
    """Frames read, the problem, and whether the file is said to be cut."""
    source = open_capture(io.BytesIO(data), block_octets=1000)
    frames = sum(map(len, source.batches()))
    return frames, source.info.problem, source.info.truncated_file


@pytest.mark.parametrize("name", PACKED)
def test_members(name: str) -> None:
    """Members one after another, empty ones too, and zeros behind them, are one stream."""
    pack = COMPRESS[name]
    pieces = [CAPTURE[:10], b"", CAPTURE[10:5000], CAPTURE[5000:]]
    data = b"".join(map(pack, pieces))
    assert count(data) == (400, None, False)
    if name != "zstd":
        assert count(data + bytes(64)) == (400, None, False)


@pytest.mark.parametrize("name", PACKED)
def test_cut(name: str) -> None:
    """A stream cut anywhere gives what it held, and says that it is cut; also where the cut hits no record."""
    whole = COMPRESS[name](CAPTURE[:HALF])
    data = whole + COMPRESS[name](CAPTURE[HALF:])
    assert count(whole) == (200, None, False)
    most = 200
    for size in range(len(whole) + 1, len(data), 11):
        frames, problem, truncated = count(data[:size])
        assert truncated
        assert f"{name} data is cut short" in str(problem) or f"no {name}" in str(problem)
        assert frames >= most
        most = frames


@pytest.mark.parametrize("name", PACKED)
def test_damage(name: str) -> None:
    """A damaged stream ends there, what came before is read, and it never raises."""
    whole = COMPRESS[name](CAPTURE[:HALF])
    data = bytearray(whole + COMPRESS[name](CAPTURE[HALF:]))
    silent = 0
    for at in range(len(whole), len(data), 7):
        broken = data.copy()
        broken[at] ^= 0xFF
        frames, problem, _ = count(bytes(broken))
        assert 200 <= frames <= 400
        silent += problem is None
    # gzip looks at its checksum once all is out; zstd has none unless asked for. A flipped literal may go unnoticed.
    assert silent < (len(data) - len(whole)) // 7 // 4 or name == "zstd"


@pytest.mark.parametrize("name", PACKED)
def test_garbage_behind(name: str) -> None:
    """Octets behind the compressed data that are none are reported; what came before is read."""
    frames, problem, _ = count(COMPRESS[name](CAPTURE) + b"garbage that is no member")
    assert frames == 400
    assert problem


@pytest.mark.parametrize("name", PACKED)
def test_bomb(name: str) -> None:
    """A small file that claims gigabytes takes no memory: a record that lies ends it, an endless run of small ones streams."""
    record = struct.pack("<IIII", 1, 0, 0, 0)
    bomb = COMPRESS[name](CAPTURE[:24] + record * (2 << 20))
    assert len(bomb) < 1 << 20
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    source = open_capture(io.BytesIO(bomb))
    assert sum(map(len, source.batches())) == 2 << 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40_000


def test_zstd_variants() -> None:
    """Frames of zstd with and without size and checksum, skippable ones between, end where they end."""
    plain = zstandard.ZstdCompressor(write_content_size=False).compress(CAPTURE)
    checked = zstandard.ZstdCompressor(write_checksum=True).compress(CAPTURE)
    skippable = struct.pack("<II", 0x184D2A53, 5) + b"hello"
    for parts in ([plain], [checked], [skippable, plain], [plain, skippable, checked], [zstandard.compress(bytes(1 << 20))]):
        data = b"".join(parts)
        for step in (1, 7, 1 << 20):
            frames = Frames()
            ends = []
            for at in range(0, len(data), step):
                frames.feed(data[at : at + step])
                ends.append(frames.complete())
            assert ends[-1]
            assert sum(ends) <= len(parts)
    assert count(checked + skippable) == (400, None, False)


def test_position_counts_compressed_octets() -> None:
    """The position of a compressed file is in compressed octets."""
    data = gzip.compress(CAPTURE)
    source = open_capture(io.BytesIO(data))
    list(source.batches())
    assert source.position() == (len(data), None)


def test_xz_memory_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """An xz stream that wants more memory than it gets is refused as damaged, in one line."""
    monkeypatch.setattr("l2tpscope.capture.compressed.XZ_MEMORY_OCTETS", 1 << 16)
    head, source = look(COMPRESSIONS[2](FileInput(io.BytesIO(lzma.compress(CAPTURE)), owned=False)), 24)
    assert head == b""
    assert "xz data is damaged" in str(source.problem)


def test_zstd_ends_for_good() -> None:
    """After its end a zstd stream stays ended."""
    packed = Zstd(FileInput(io.BytesIO(zstandard.compress(b"abc")), owned=False))
    room = memoryview(bytearray(10))
    assert [packed.readinto(room) for _ in range(3)] == [3, 0, 0]
    assert packed.problem is None
