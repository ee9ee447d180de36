"""Frames for the tests, built and as hypothesis strategies."""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

from l2tpscope.capture.batch import SLACK, Batch
from l2tpscope.frames import Decoder, Frames
from l2tpscope.frames.table import COLUMNS


@dataclass(frozen=True)
class Record:
    """One captured frame."""

    octets: bytes
    wire: int
    link_type: int = 1
    time: int = 0


def batch_of(records: list[Record], first: int = 1) -> Batch:
    """Records as a batch, with noise between and behind them, as record headers are in a file."""
    noise = b"\xc8\x02\x00\x0c" * 4
    octets = bytearray(b"".join(noise + record.octets for record in records) + noise * (SLACK // 16))
    captured = np.array([len(record.octets) for record in records], np.int64)
    return Batch(
        octets,
        np.cumsum(captured + 16) - captured,
        captured,
        np.array([record.wire for record in records], np.int64),
        np.array([record.time for record in records], np.int64),
        np.array([record.link_type for record in records], np.uint16),
        np.ones(len(records), np.uint16),
        np.arange(first, first + len(records), dtype=np.int64),
    )


def ipv4(payload: bytes, protocol: int = 17, *, source: bytes = b"\x0a\0\0\1", destination: bytes = b"\x0a\0\0\2", **more: int) -> bytes:
    """An IPv4 datagram; `options` in words, `identification`, `fragment`, `total`, `ttl` as wanted."""
    options = more.get("options", 0)
    total = more.get("total", 20 + 4 * options + len(payload))
    head = struct.pack(
        ">BBHHHBBH", 0x45 + options, 0, total, more.get("identification", 1), more.get("fragment", 0), more.get("ttl", 64), protocol, 0
    )
    return head + source + destination + b"\x01" * (4 * options) + payload


def ipv6(payload: bytes, protocol: int = 17, *, source: bytes = b"\x20" * 16, destination: bytes = b"\x21" * 16, **more: int) -> bytes:
    """An IPv6 datagram; `total` is its payload length if it is to lie."""
    return struct.pack(">IHBB", 0x60000000, more.get("total", len(payload)), protocol, more.get("ttl", 64)) + source + destination + payload


def extension(payload: bytes, following: int, words: int = 0) -> bytes:
    """An IPv6 extension header of 8 + 8 * words octets before a payload."""
    return bytes((following, words)) + b"\0" * (6 + 8 * words) + payload


def udp(payload: bytes, source: int = 1701, destination: int = 1701, length: int | None = None) -> bytes:
    """A UDP datagram."""
    return struct.pack(">HHHH", source, destination, 8 + len(payload) if length is None else length, 0xABCD) + payload


def l2tp(
    flags: int = 0x0002,
    *,
    body: bytes = b"\xff\x03\x00\x21",
    length: int | None = None,
    pad: int = 0,
    ids: tuple[int, int] = (7, 9),
    **more: int,
) -> bytes:
    """An L2TPv2 packet; `ns`, `nr`, `offset` as wanted."""
    head = struct.pack(">HH", *ids)
    if flags & 0x0800:
        head += struct.pack(">HH", more.get("ns", 3), more.get("nr", 4))
    if flags & 0x0200:
        head += struct.pack(">H", more.get("offset", pad)) + b"\0" * pad
    size = 4 + len(head) + len(body)
    return struct.pack(">H", flags) + (struct.pack(">H", size if length is None else length) if flags & 0x4000 else b"") + head + body


def message(kind: int, **more: int) -> bytes:
    """An L2TPv2 control message with its Message Type AVP alone."""
    return l2tp(0xC802, body=struct.pack(">HHHH", 0x8008, 0, 0, kind), **more)


def ethernet(payload: bytes, ethertype: int = 0x0800, tags: tuple[int, ...] = ()) -> bytes:
    """An Ethernet frame, with VLAN tags of these kinds."""
    head = b"\2\0\0\0\0\2\2\0\0\0\0\1"
    for tag in tags:
        head += struct.pack(">HH", tag, 5)
    return head + struct.pack(">H", ethertype) + payload


LINKS = {1: 14, 113: 16, 276: 20, 0: 4, 108: 4, 12: 0, 14: 0, 101: 0, 228: 0, 229: 0}
"""Link types that the plain reference knows."""


def ike(
    *,
    version: int = 0x20,
    exchange: int = 34,
    flags: int = 0x08,
    following: int = 33,
    spis: tuple[int, int] = (0x1122334455667788, 0),
    message_id: int = 0,
    body: bytes = b"\0\0\0\x08\x01\x02\x03\x04",
    length: int | None = None,
) -> bytes:
    """An IKE message: by default the first of IKEv2."""
    octets = 28 + len(body) if length is None else length
    return struct.pack(">QQBBBBII", *spis, following, version, exchange, flags, message_id, octets) + body


@st.composite
def ipsec(draw: st.DrawFn) -> bytes:
    """What UDP carries for IPsec: IKE with a marker or without, right or almost; ESP; a keepalive."""
    shape = draw(st.integers(0, 5))
    if shape == 0:
        return b"\xff"
    if shape == 1:
        return struct.pack(">II", draw(st.sampled_from([0x1234, 255, 2**31])), 9) + bytes(draw(st.integers(0, 30)))
    version, exchange, flags, following = draw(
        st.sampled_from([(0x20, 34, 8, 33), (0x20, 35, 8, 46), (0x10, 2, 0, 1), (0x10, 5, 1, 8), (0x10, 32, 1, 8), (0x20, 37, 0x20, 53)])
    )
    if draw(st.integers(0, 4)) == 0:
        version, exchange = draw(st.sampled_from([0x10, 0x11, 0x20, 0x30])), draw(st.sampled_from([1, 3, 34, 37, 200]))
        flags, following = draw(st.sampled_from([0, 1, 8, 0x40])), draw(st.sampled_from([0, 1, 8, 33, 46, 99]))
    message = ike(
        version=version,
        exchange=exchange,
        flags=flags,
        following=following,
        spis=(draw(st.sampled_from([0, 5, 2**60])), draw(st.sampled_from([0, 6, 2**61]))),
        message_id=draw(st.sampled_from([0, 0, 1])),
        body=draw(st.sampled_from([b"\0\0\0\x08\1\2\3\4", b"\0\0\0\x09\1\2\3\4", b"\0\0\0\x03", b""])),
        length=draw(st.one_of(st.none(), st.none(), st.none(), st.sampled_from([0, 28, 36, 40]))),
    )
    return draw(st.sampled_from([b"", bytes(4), b"\0\0\0\1"])) + message


@st.composite
def payloads(draw: st.DrawFn) -> bytes:
    """What UDP carries: L2TP of all kinds, true and lying, and octets that mean nothing."""
    flags = draw(
        st.sampled_from(
            [
                0x0002,
                0x4002,
                0x0802,
                0x4802,
                0x0202,
                0x0302,
                0x4A02,
                0xC802,
                0xC802,
                0xC803,
                0x8802,
                0xC002,
                0xCA02,
                0x0003,
                0x2002,
                0xC902,
                0x0001,
                0xC009,
                0x4009,
            ]
        )
    )
    body = draw(
        st.sampled_from(
            [
                b"",
                b"\x21",
                b"\xff\x03\xc0\x21",
                b"\x21\x45",
                b"\x00\xfd" + bytes(30),
                struct.pack(">HHHH", 0x8008, 0, 0, 1) + bytes(9),
                b"random",
            ]
        )
    )
    shape = draw(st.integers(0, 11))
    if shape == 0:
        return draw(st.binary(max_size=60))
    if shape >= 10:
        return draw(ipsec())
    if shape == 1:
        first = draw(st.sampled_from([0x38, 0x40, 0x48, 0x50, 0x20, 0x28, 0x30]))
        return bytes((first,)) + draw(st.sampled_from([bytes(3), b"\xff" * 3, b"\1\2\3"])) + bytes(draw(st.sampled_from([10, 38, 60])))
    if shape == 2:
        return struct.pack(">HHII", flags & 0xFF0F, draw(st.sampled_from([0, 12, 20])), draw(st.sampled_from([0, 7])), 5) + body
    if shape == 3:
        first, protocol = draw(st.sampled_from([0x0001, 0x1009, 0x4001, 0xC009, 0x0101])), draw(st.integers(0, 4))
        return struct.pack(">HBBHHH", first, protocol, 0, 1, 2, draw(st.integers(8, 20))) + body
    length = draw(st.one_of(st.none(), st.none(), st.integers(0, 100)))
    pad = draw(st.integers(0, 3))
    offset = draw(st.sampled_from([pad, pad, 0, 400, 65535]))
    return l2tp(flags, body=body, length=length, pad=pad, offset=offset, ns=draw(st.integers(0, 65535)))


@st.composite
def datagrams(draw: st.DrawFn) -> tuple[int, bytes]:
    """An EtherType and an IP datagram."""
    ports = st.sampled_from([1701, 1701, 500, 4500, 5000, 5001, 443])
    protocol = draw(st.sampled_from([17, 17, 17, 17, 17, 6, 50, 51, 115]))
    content = draw(payloads())
    if protocol == 17:
        length = draw(st.one_of(st.none(), st.none(), st.none(), st.integers(0, 40)))
        content = udp(content, draw(ports), draw(ports), length)
    elif protocol == 115:
        content = draw(st.sampled_from([bytes(4), b"\0\0\0\1"])) + content
    address = st.sampled_from([b"\x0a\0\0\1", b"\x0a\0\0\2"])
    lie = draw(st.sampled_from([None, None, None, None, 0, 20, 27, 28, 60]))
    more = {} if lie is None else {"total": lie}
    if draw(st.booleans()):
        return 0x0800, ipv4(
            content, protocol, source=draw(address), destination=draw(address), options=draw(st.sampled_from([0, 0, 1, 10])), **more
        )
    for following in draw(st.lists(st.sampled_from([0, 43, 60, 44, 135]), max_size=3)):
        content, protocol = extension(content, protocol, 0 if following == 44 else draw(st.integers(0, 2))), following
    return 0x86DD, ipv6(content, protocol, source=draw(address) * 4, destination=draw(address) * 4, **more)


@st.composite
def records(draw: st.DrawFn) -> Record:
    """A frame of any link, whole or cut, with padding behind it or not."""
    link_type = draw(st.sampled_from([1, 1, 1, 1, *LINKS]))
    ethertype, datagram = draw(datagrams())
    if link_type == 1:
        frame = ethernet(datagram, ethertype, tuple(draw(st.lists(st.sampled_from([0x8100, 0x88A8, 0x9100]), max_size=4))))
    elif link_type == 113:
        frame = b"\0\0\0\1\0\6\2\0\0\0\0\1\0\0" + struct.pack(">H", ethertype) + datagram
    elif link_type == 276:
        frame = struct.pack(">HHIHBB8s", ethertype, 0, 2, 1, 0, 6, b"\2\0\0\0\0\1\0\0") + datagram
    elif link_type in (0, 108):
        frame = (
            struct.pack(draw(st.sampled_from("<>")) + "I", 2 if ethertype == 0x0800 else draw(st.sampled_from([10, 24, 28, 30]))) + datagram
        )
    else:
        frame = datagram
    frame += draw(st.sampled_from([b"", b"", b"\xc8\x02" * 9]))
    cut = draw(st.one_of(st.none(), st.integers(0, len(frame)), st.integers(1, 20).map(lambda short: -short)))
    return Record(frame[:cut], len(frame), link_type)


def rows_of(frames: Frames) -> list[dict[str, Any]]:
    """The rows of `Frames` as dicts that do not depend on where the octets lie, payload and body as they were captured."""
    rows = []
    for index in range(len(frames)):
        row = {name: int(getattr(frames, name)[index]) for name in COLUMNS if name not in ("ip", "payload", "body")}
        at, body = int(frames.payload[index]), int(frames.body[index])
        end = at + row["payload_captured"]
        row["payload"] = bytes(frames.octets[at:end])
        row["body"] = bytes(frames.octets[body : min(end, body + row["body_octets"])])
        row["from"], row["to"] = frames.source_endpoint(index), frames.destination_endpoint(index)
        rows.append(row)
    return rows


def decode(frames: list[Record], size: int | None = None, decoder: Decoder | None = None) -> tuple[list[dict[str, Any]], Counter[str]]:
    """All rows of some frames, read in batches of *size*; and the counts, with those of what gave no row."""
    decoder = decoder or Decoder()
    rows, counts = [], Counter[str]()
    for start in range(0, len(frames), size or len(frames) or 1):
        found = decoder.decode(batch_of(frames[start : start + (size or len(frames))], start + 1))
        rows += rows_of(found)
        counts.update({kind.name: count for kind, count in found.counts.items()})
        counts.update(undecoded=found.undecoded, lost=found.lost_fragments)
    counts["waiting"] = decoder.waiting_fragments
    return rows, +counts


def one(octets: bytes, link_type: int = 1, wire: int | None = None) -> dict[str, Any] | None:
    """The row of a single frame, or None."""
    rows, _ = decode([Record(octets, wire or len(octets), link_type)])
    return rows[0] if rows else None


def pcap_records(path: Path) -> list[Record]:
    """The records of a classic pcap file, plain or gzip, as far as they are whole: a plain reader for the tests' own use."""
    data = path.read_bytes()
    if data[:2] == b"\x1f\x8b":
        data = zlib.decompressobj(31).decompress(data)
    order = {b"\xd4\xc3\xb2\xa1": "<", b"\x4d\x3c\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">", b"\xa1\xb2\x3c\x4d": ">"}[data[:4]]
    unit = 1 if data[:4] in (b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d") else 1000
    link_type = struct.unpack(order + "I", data[20:24])[0] & 0xFFFF
    records, at = [], 24
    while at + 16 <= len(data):
        seconds, fraction, captured, wire = struct.unpack(order + "IIII", data[at : at + 16])
        if at + 16 + captured > len(data):
            break
        records.append(Record(data[at + 16 : at + 16 + captured], wire, link_type, seconds * 10**9 + fraction * unit))
        at += 16 + captured
    return records


SHARED = Path(__file__).resolve().parents[2].parent / "shared"
