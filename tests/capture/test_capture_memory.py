"""Reading takes a few blocks of memory, however large the captures are and however many."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

import pytest
from builders import FORMATS, Record, enhanced, interface, section

PROGRAM = """
import resource, sys
import numpy
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
from l2tpscope.capture import merged, open_captures
count = sum(map(len, merged(open_captures(sys.argv[1:]))))
print(count, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def read(*paths: Path) -> tuple[int, int]:
    """Frames, and MiB of memory over what NumPy takes, of a process that reads *paths*."""
    told = subprocess.run([sys.executable, "-c", PROGRAM, *map(str, paths)], capture_output=True, text=True, check=True)
    frames, mebibytes = told.stdout.split()
    return int(frames), int(mebibytes)


@pytest.mark.parametrize("name", ["us-little", "pcapng-little"])
def test_large_capture(name: str, tmp_path: Path) -> None:
    """A capture of 60 MB is read in less than 45 MiB."""
    path = tmp_path / "x"
    piece = [Record(1_700_000_000_000_000_000 + n * 1000, bytes(range(120))) for n in range(10_000)]
    data = FORMATS[name](piece)
    header = len(FORMATS[name]([]))
    path.write_bytes(data + data[header:] * 40)
    frames, mebibytes = read(path)
    assert frames == 410_000
    assert mebibytes < 45


def test_many_captures_that_overlap(tmp_path: Path) -> None:
    """Thirty captures of the same time, of 3 MB each, share the memory of a few blocks."""
    paths = []
    for number in range(30):
        paths.append(tmp_path / f"{number}")
        paths[-1].write_bytes(FORMATS["ns-little"]([Record(n * 1000 + number, bytes(100)) for n in range(25_000)]))
    frames, mebibytes = read(*paths)
    assert frames == 750_000
    assert mebibytes < 80


LIES = {
    "pcap": FORMATS["us-little"]([Record(0, b"x")]) + struct.pack("<IIII", 0, 0, 0xFFFFFFF0, 0xFFFFFFF0),
    "pcapng": section("<") + interface("<") + enhanced("<", 0, 0, b"x") + struct.pack("<II", 6, 0xFFFFFFF0),
}


@pytest.mark.parametrize("name", sorted(LIES))
def test_lie_before_much(name: str, tmp_path: Path) -> None:
    """A length that promises gigabytes takes none of them, though the file goes on."""
    path = tmp_path / "x"
    path.write_bytes(LIES[name] + bytes(60 << 20))
    frames, mebibytes = read(path)
    assert frames == 1
    assert mebibytes < 45
