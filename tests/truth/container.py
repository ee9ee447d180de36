"""Captures written by hand, to cut, split and disguise those that `hand.py` reads."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path

from hand import Record


def pcap(records: Iterable[Record], link_type: int = 1) -> bytes:
    """A little-endian pcap file with nanosecond time stamps."""
    head = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, link_type)
    return head + b"".join(struct.pack("<IIII", *divmod(one.time, 10**9), len(one.octets), one.length) + one.octets for one in records)


def pcapng(records: Iterable[Record], link_type: int = 1) -> bytes:
    """A big-endian pcapng file of one section and one interface with nanosecond time stamps."""
    nanoseconds = struct.pack(">HHB3xHH", 9, 1, 9, 0, 0)
    parts = [
        _block(0x0A0D0D0A, struct.pack(">IHHq", 0x1A2B3C4D, 1, 0, -1)),
        _block(1, struct.pack(">HHI", link_type, 0, 262144) + nanoseconds),
    ]
    for one in records:
        head = struct.pack(">IIIII", 0, one.time >> 32, one.time & 0xFFFFFFFF, len(one.octets), one.length)
        parts.append(_block(6, head + one.octets + bytes(-len(one.octets) % 4)))
    return b"".join(parts)


def _block(kind: int, body: bytes) -> bytes:
    size = len(body) + 12
    return struct.pack(">II", kind, size) + body + struct.pack(">I", size)


def write(path: Path, octets: bytes) -> Path:
    """Put a capture into a file, and say where it is."""
    path.write_bytes(octets)
    return path
