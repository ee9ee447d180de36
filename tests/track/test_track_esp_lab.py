"""ESP of the laboratory's captures, per SPI, against a plain reading of each file."""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from l2tpscope.capture import merged, open_captures
from l2tpscope.frames import Decoder
from l2tpscope.track.esp import EspTracker

LAB = Path(__file__).resolve().parents[2].parent / "shared/captures/lab"
POINTS = sorted(path.relative_to(LAB) for path in LAB.glob("*/wan.pcap")) if LAB.exists() else []
ETHERNET = 1


def datagrams(path: Path) -> Iterator[tuple[bytes, int, bytes]]:
    """Destination, protocol and payload of every IPv4 datagram of an Ethernet capture, fragments put together."""
    data = path.read_bytes()
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    assert struct.unpack_from(order + "I", data, 20)[0] & 0xFFFF == ETHERNET
    parts: dict[bytes, dict[int, bytes]] = defaultdict(dict)
    at, last = 24, dict[bytes, bool]()
    while at + 16 <= len(data):
        captured = struct.unpack_from(order + "I", data, at + 8)[0]
        frame, at = data[at + 16 : at + 16 + captured], at + 16 + captured
        if frame[12:14] != b"\x08\0":
            continue
        begin, end, word = 14 + 4 * (frame[14] & 15), 14 + int.from_bytes(frame[16:18], "big"), int.from_bytes(frame[20:22], "big")
        key = frame[18:20] + frame[26:34]
        parts[key][8 * (word & 0x1FFF)] = frame[begin:end]
        last[key] = last.get(key, not word & 0x2000) or not word & 0x2000
        whole = b"".join(parts[key][offset] for offset in sorted(parts[key]))
        if last[key] and len(whole) == max(parts[key]) + len(parts[key][max(parts[key])]):
            yield frame[30:34], frame[23], whole
            del parts[key], last[key]


def esp_of(path: Path) -> Iterator[tuple[bytes, int, int, int]]:
    """Destination, SPI, number and octets of every ESP packet."""
    for destination, protocol, octets in datagrams(path):
        if protocol == 17 and 4500 in struct.unpack_from(">HH", octets):
            esp = octets[8 : int.from_bytes(octets[4:6], "big")]
        elif protocol == 50:
            esp = octets
        else:
            continue
        if len(esp) >= 8 and int.from_bytes(esp[:4], "big") >= 256:
            yield destination, *struct.unpack_from(">II", esp), len(esp)


@pytest.mark.shared
@pytest.mark.skipif(not POINTS, reason="the laboratory's captures are not here")
@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.parent.name)
def test_counts_are_those_of_a_plain_reading(point: Path) -> None:
    """Per receiver and SPI: packets, octets, distinct numbers, missing ones and sizes are those that a set of numbers gives."""
    plain: dict[tuple[bytes, int], list[tuple[int, int]]] = defaultdict(list)
    for destination, spi, number, octets in esp_of(LAB / point):
        plain[destination, spi].append((number, octets))
    tracker, decoder = EspTracker(), Decoder()
    for batch in merged(open_captures([LAB / point])):
        if len(batch):
            tracker.feed(decoder.decode(batch))
    found = {(one.receiver.address, one.spi): one for one in tracker.finish(1 << 62)}
    assert found.keys() == plain.keys()
    for key, packets in plain.items():
        numbers, series = {number for number, _ in packets}, found[key]
        assert series.count is not None
        assert (series.packets, series.octets) == (len(packets), sum(octets for _, octets in packets))
        assert (series.count.received, series.count.duplicate) == (len(numbers), len(packets) - len(numbers))
        assert series.count.lost == max(numbers) - min(numbers) + 1 - len(numbers)
        assert sum(octets * count for octets, count in series.sizes.items()) == series.octets
        assert (series.count.restarts, series.count.strays) == (0, 0)
