"""What is no capture is refused in one line that says what was found and what to do."""

from __future__ import annotations

import gzip
import io
import os
from pathlib import Path

import pytest
from builders import FORMATS, Record, section

from l2tpscope.capture import COMPRESSIONS, SOURCES, CaptureError, open_capture, open_captures

CAPTURE = FORMATS["us-little"]([Record(1000, b"abc")])


def refusal(path: Path | io.BytesIO | str) -> str:
    """The one line that opening *path* is refused with."""
    with pytest.raises(CaptureError) as caught:
        open_capture(path)
    line = str(caught.value)
    assert line.isprintable()
    return line


FOREIGN = [
    (b"snoop\0\0\0\0\0\0\2", "Sun snoop", "editcap"),
    (b"GMBU\0\2\1\1", "NetMon 2.x", "editcap"),
    (b"\x07\x46\xa9\x06\xd5\x06\x0f\x01", "pppd log", "editcap"),
    (b"frame 1: 60 bytes on wire\n", "text", "accepted"),
    (b"PK\x03\x04\x14\0", "ZIP archive", "unpack"),
    (b"BZh91AY&SY", "bzip2", "decompress"),
    (bytes(257) + b"ustar\x0000", "tar archive", "unpack"),
    (bytes(300), "octets 0 only", ""),
    (b"\xde\xad\xbe\xef\x01\x02\x03\x04\x05", "unknown data (first octets de ad be ef 01 02 03 04)", ""),
]


@pytest.mark.parametrize(("head", "what", "advice"), FOREIGN)
def test_foreign(tmp_path: Path, head: bytes, what: str, advice: str) -> None:
    """A file of another kind is named, with what is read and what to do."""
    path = tmp_path / "x.pcap"
    path.write_bytes(head)
    line = refusal(path)
    assert line.startswith(f"{path}: found {what}")
    assert "pcap and pcapng are read" in line
    assert advice.replace("accepted", "read") in line


def test_system_errors(tmp_path: Path) -> None:
    """A directory, a missing file, a file not to be read, and an impossible name are refused by name."""
    assert refusal(tmp_path) == f"{tmp_path}: is a directory; name the captures in it"
    assert refusal(tmp_path / "none") == f"{tmp_path / 'none'}: no such file"
    assert "null" in refusal("a\0b")
    assert "\\n" in refusal("a\nb")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_permission(tmp_path: Path) -> None:
    """A file that may not be read is refused."""
    path = tmp_path / "x"
    path.write_bytes(CAPTURE)
    path.chmod(0)
    assert refusal(path) == f"{path}: Permission denied"


def test_empty_and_cut_headers(tmp_path: Path) -> None:
    """An empty file and one that ends within its header are refused; one with a header only holds nothing."""
    assert "empty" in refusal(io.BytesIO(b""))
    assert "empty in gzip data" in refusal(io.BytesIO(gzip.compress(b"")))
    for size in range(4, 24):
        assert f"only {size} of the 24 octets" in refusal(io.BytesIO(CAPTURE[:size]))
    for size in range(4, 16):
        assert f"only {size} of the 28 octets" in refusal(io.BytesIO(section("<")[:size]))
    assert not list(open_capture(io.BytesIO(CAPTURE[:24])).batches())


def test_pcapng_of_another_version() -> None:
    """A pcapng draft of another version, and a section without its byte-order magic, are refused."""
    other = bytearray(section(">"))
    other[12:14] = b"\x01\x00"
    assert "version 256.0" in refusal(io.BytesIO(other))
    other[8:12] = b"abcd"
    assert "no byte-order magic" in refusal(io.BytesIO(other))


def test_cut_compression() -> None:
    """Compressed data that is cut before any capture begins is refused, and said to be cut."""
    assert "gzip data is cut short" in refusal(io.BytesIO(gzip.compress(CAPTURE)[:12]))


def test_text_mode() -> None:
    """A file object opened as text is refused."""
    assert "mode 'rb'" in refusal(io.StringIO("abc"))  # type: ignore[arg-type]


def test_first_failure_is_told(tmp_path: Path) -> None:
    """Among several captures, the one that is none is named."""
    good, bad = tmp_path / "a", tmp_path / "b"
    good.write_bytes(CAPTURE)
    bad.write_bytes(b"text")
    with pytest.raises(CaptureError, match=f"^{bad}: found text"):
        open_captures([good, bad])


def test_lists_are_explicit() -> None:
    """Every format and compression is known by magic octets that no other one begins with."""
    magics = [magic for reader in SOURCES for magic in reader.MAGICS] + [compression.MAGIC for compression in COMPRESSIONS]
    assert len(magics) == 10
    assert not [(a, b) for a in magics for b in magics if a is not b and a.startswith(b)]


def test_any_file_name(tmp_path: Path) -> None:
    """The magic octets decide, not the name; nothing is left open."""
    path = tmp_path / "x.txt"
    path.write_bytes(CAPTURE)
    before = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0
    for _ in range(3):
        assert sum(map(len, open_capture(path).batches())) == 1
    open_captures([path] * 50)
    assert before == (len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0)
