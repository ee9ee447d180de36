"""Captures made octet by octet, in every variant of pcap and pcapng: independent of the code under test."""

from __future__ import annotations

import gzip
import lzma
import struct
from collections.abc import Callable, Sequence
from typing import NamedTuple

import zstandard


class Record(NamedTuple):
    """One record as it is to be written."""

    time: int
    """Nanoseconds since the epoch."""
    data: bytes
    more: int = 0
    """Octets on the wire beyond those captured."""


class Pcap(NamedTuple):
    """A variant of classic pcap."""

    magic: int
    order: str
    unit: int
    """Nanoseconds in a unit of the fraction."""
    header: int = 16
    minor: int = 4
    link_type: int = 1

    def build(self, records: Sequence[Record]) -> bytes:
        """A whole file."""
        out = [struct.pack(f"{self.order}IHHiIII", self.magic, 2, self.minor, 0, 0, 262144, self.link_type)]
        for record in records:
            seconds, rest = divmod(record.time, 1_000_000_000)
            lengths = [len(record.data), len(record.data) + record.more]
            if self.minor < 3:
                lengths.reverse()
            out.append(struct.pack(f"{self.order}IIII", seconds, rest // self.unit, *lengths))
            if self.header == 24:
                out.append(struct.pack(f"{self.order}IHBB", 7, 0x800, 0, 0))
            out.append(record.data)
        return b"".join(out)


PCAPS = {
    "us-little": Pcap(0xA1B2C3D4, "<", 1000),
    "us-big": Pcap(0xA1B2C3D4, ">", 1000),
    "ns-little": Pcap(0xA1B23C4D, "<", 1),
    "ns-big": Pcap(0xA1B23C4D, ">", 1),
    "modified-little": Pcap(0xA1B2CD34, "<", 1000, header=24),
    "modified-big": Pcap(0xA1B2CD34, ">", 1000, header=24),
    "version-2.1": Pcap(0xA1B2C3D4, "<", 1000, minor=1),
    "version-2.3": Pcap(0xA1B2C3D4, ">", 1000, minor=3),
    "fcs-bits": Pcap(0xA1B2C3D4, "<", 1000, link_type=0x24000001),
}


def option(order: str, code: int, value: bytes) -> bytes:
    """One option, padded."""
    return struct.pack(f"{order}HH", code, len(value)) + value + bytes(-len(value) % 4)


def block(order: str, kind: int, body: bytes) -> bytes:
    """One block, padded."""
    body += bytes(-len(body) % 4)
    total = struct.pack(f"{order}I", len(body) + 12)
    return struct.pack(f"{order}I", kind) + total + body + total


def section(order: str) -> bytes:
    """A Section Header Block."""
    return block(order, 0x0A0D0D0A, struct.pack(f"{order}IHHq", 0x1A2B3C4D, 1, 0, -1))


def interface(order: str, link_type: int = 1, snaplen: int = 0, options: bytes = b"") -> bytes:
    """An Interface Description Block."""
    return block(order, 1, struct.pack(f"{order}HHI", link_type, 0, snaplen) + options)


def enhanced(order: str, number: int, stamp: int, data: bytes, length: int | None = None, options: bytes = b"") -> bytes:
    """An Enhanced Packet Block."""
    stamp &= (1 << 64) - 1
    head = struct.pack(f"{order}IIIII", number, stamp >> 32, stamp & 0xFFFFFFFF, len(data), len(data) if length is None else length)
    return block(order, 6, head + data + bytes(-len(data) % 4) + options)


def obsolete(order: str, number: int, stamp: int, data: bytes, length: int | None = None, drops: int = 0xFFFF) -> bytes:
    """A Packet Block."""
    head = struct.pack(f"{order}HHIIII", number, drops, stamp >> 32, stamp & 0xFFFFFFFF, len(data), len(data) if length is None else length)
    return block(order, 2, head + data)


def simple(order: str, data: bytes, length: int | None = None) -> bytes:
    """A Simple Packet Block."""
    return block(order, 3, struct.pack(f"{order}I", len(data) if length is None else length) + data)


def statistics(order: str, number: int, **counts: int) -> bytes:
    """An Interface Statistics Block."""
    codes = {"ifrecv": 4, "ifdrop": 5, "osdrop": 7}
    options = b"".join(option(order, codes[key], struct.pack(f"{order}Q", value)) for key, value in counts.items())
    return block(order, 5, struct.pack(f"{order}III", number, 0, 0) + options)


def pcapng(order: str, records: Sequence[Record], resolution: int = 9) -> bytes:
    """A whole file of one section and one interface, in a power of ten or, from 128 on, of two."""
    units = 1 << (resolution & 127) if resolution & 128 else 10**resolution
    out = [section(order), interface(order, options=option(order, 9, bytes([resolution])) + option(order, 0, b""))]
    for record in records:
        # Rounded up to whole units: rounded down again when it is read, the nanoseconds are what they were.
        stamp = -(-record.time * units // 1_000_000_000)
        out.append(enhanced(order, 0, stamp, record.data, len(record.data) + record.more))
    return b"".join(out)


FORMATS: dict[str, Callable[[Sequence[Record]], bytes]] = {
    **{name: variant.build for name, variant in PCAPS.items()},
    "pcapng-little": lambda records: pcapng("<", records),
    "pcapng-big": lambda records: pcapng(">", records),
    "pcapng-us": lambda records: pcapng("<", records, 6),
    "pcapng-2^-32": lambda records: pcapng("<", records, 128 | 32),
}
"""Every variant of a whole file; all of them keep microseconds, at least."""

COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda data: data,
    "gzip": gzip.compress,
    "zstd": zstandard.compress,
    "xz": lzma.compress,
}
