"""Pipes and file objects: what is there is read at once, and nothing but `read` is needed."""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from builders import FORMATS, Record

from l2tpscope.capture import open_capture, open_captures

RECORDS = [Record(n * 1000, bytes([n % 256]) * 100) for n in range(50)]


def frames(source: object) -> int:
    """How many frames a source gives."""
    return sum(map(len, source.batches()))  # type: ignore[attr-defined]


class OnlyRead:
    """An object that has `read` and nothing else; it gives a few octets at a time."""

    def __init__(self, data: bytes, most: int) -> None:
        self._rest = io.BytesIO(data)
        self._most = most

    def read(self, size: int) -> bytes:
        """At most `most` octets."""
        return self._rest.read(min(size, self._most))


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_only_read(name: str) -> None:
    """An object with only `read` is enough, compressed or not."""
    data = FORMATS[name](RECORDS)
    assert frames(open_capture(OnlyRead(data, 37))) == 50  # type: ignore[arg-type]
    assert frames(open_capture(OnlyRead(gzip.compress(data), 5))) == 50  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["us-little", "pcapng-big"])
@pytest.mark.parametrize("packed", [False, True])
def test_slow_writer(name: str, packed: bool) -> None:
    """Records of a slow writer come out while it waits, before the pipe is closed; compressed ones as they are flushed."""
    first, rest = FORMATS[name](RECORDS[:3]), FORMATS[name](RECORDS)[len(FORMATS[name](RECORDS[:3])) :]
    if packed:
        whole = gzip.compress(first), gzip.compress(rest)
        first, rest = whole
    reading, writing = os.pipe()
    go_on = threading.Event()

    def write() -> None:
        os.write(writing, first)
        go_on.wait(20)
        os.write(writing, rest)
        os.close(writing)

    writer = threading.Thread(target=write)
    writer.start()
    with os.fdopen(reading, "rb") as file:
        source = open_capture(file)
        batches = source.batches()
        begin = time.monotonic()
        assert len(next(batches)) == 3
        assert time.monotonic() - begin < 10
        assert source.position() == (len(first), None)
        go_on.set()
        assert sum(map(len, batches)) == 47
    writer.join()
    assert source.info.problem is None


def test_fast_writer_fills_blocks() -> None:
    """A pipe that is written fast is gathered into blocks, not read in the pieces that a pipe holds."""
    data = FORMATS["us-little"]([Record(n * 1000, bytes(100)) for n in range(20_000)])
    with subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read())"], stdin=-1, stdout=-1
    ) as child:
        assert child.stdin
        assert child.stdout
        threading.Thread(target=lambda: (child.stdin.write(data), child.stdin.close())).start()
        sizes = [len(batch) for batch in open_capture(child.stdout).batches()]
    assert sum(sizes) == 20_000
    assert len(sizes) < len(data) // 65536 // 2


def test_standard_input(tmp_path: Path) -> None:
    """`-` is standard input, as a pipe and as a file."""
    path = tmp_path / "x.pcap.gz"
    path.write_bytes(gzip.compress(FORMATS["ns-big"](RECORDS)))
    program = "from l2tpscope.capture import open_captures as o; s, = o(['-']); print(sum(map(len, s.batches())), s.info.path)"
    with path.open("rb") as file:
        told = subprocess.run([sys.executable, "-c", program], stdin=file, capture_output=True, check=True, text=True)
    assert told.stdout == "50 -\n"
    told = subprocess.run([sys.executable, "-c", program], input=path.read_bytes(), capture_output=True, check=True)
    assert told.stdout == b"50 -\n"


def test_named_pipe(tmp_path: Path) -> None:
    """A named pipe is read once, without being opened again."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=lambda: path.write_bytes(FORMATS["us-big"](RECORDS)))
    writer.start()
    (source,) = open_captures([path])
    assert frames(source) == 50
    writer.join()


def test_descriptor_that_does_not_block() -> None:
    """A descriptor that does not block is waited for."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    data = FORMATS["us-little"](RECORDS)
    timer = threading.Timer(0.1, lambda: (os.write(writing, data), os.close(writing)))
    timer.start()
    with os.fdopen(reading, "rb", buffering=0) as file:
        assert frames(open_capture(file)) == 50  # type: ignore[arg-type]


def test_error_while_reading() -> None:
    """An error of the system ends the reading, keeps what was read, and becomes the problem of the capture."""

    class Broken(OnlyRead):
        def read(self, size: int) -> bytes:
            data = super().read(size)
            if not data:
                raise OSError(5, "Input/output error")
            return data

    source = open_capture(Broken(FORMATS["us-little"](RECORDS)[:-10], 1000))  # type: ignore[arg-type]
    assert frames(source) == 49
    assert source.info.truncated_file
    assert "cannot be read further: Input/output error" in str(source.info.problem)


def test_position_grows(tmp_path: Path) -> None:
    """The position of a file runs from its begin to its size."""
    path = tmp_path / "x"
    path.write_bytes(FORMATS["us-little"](RECORDS))
    source = open_capture(path, block_octets=600)
    seen = [source.position()[0] for _ in source.batches()]
    assert seen == sorted(seen)
    assert source.position() == (path.stat().st_size, path.stat().st_size)
