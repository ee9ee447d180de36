"""A plain, slow reader of captures for these tests: frame number -> octets of L2TP control messages.

Not the project's reader: a second opinion, and only for what the shared captures hold.
"""

from __future__ import annotations

import gzip
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

SHARED = Path(__file__).resolve().parents[3] / "shared"
CAPTURES = SHARED / "captures"


class Control(NamedTuple):
    frame: int
    octets: bytes
    on_wire: int
    over_ip: bool


def read_frames(path: Path) -> Iterator[tuple[int, int, bytes, int]]:
    """(frame, link type, octets, length on the wire), from pcap or pcapng, packed or not."""
    octets = path.read_bytes()
    if octets[:2] == b"\x1f\x8b":
        octets = gzip.decompress(octets)
    if octets[:4] == b"\x0a\x0d\x0d\x0a":
        yield from _read_pcapng(octets)
    else:
        yield from _read_pcap(octets)


def _read_pcap(octets: bytes) -> Iterator[tuple[int, int, bytes, int]]:
    order = "<" if octets[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    link = struct.unpack_from(order + "I", octets, 20)[0] & 0xFFFF
    at, frame = 24, 0
    while at + 16 <= len(octets):
        captured, length = struct.unpack_from(order + "II", octets, at + 8)
        frame += 1
        yield frame, link, octets[at + 16 : at + 16 + captured], length
        at += 16 + captured


def _read_pcapng(octets: bytes) -> Iterator[tuple[int, int, bytes, int]]:
    at, frame, order, links = 0, 0, "<", []
    while at + 12 <= len(octets):
        kind = octets[at : at + 4]
        if kind == b"\x0a\x0d\x0d\x0a":
            order = "<" if octets[at + 8 : at + 12] == b"\x4d\x3c\x2b\x1a" else ">"
            links = []
        number, size = struct.unpack_from(order + "II", octets, at)
        if number == 1:
            links.append(struct.unpack_from(order + "H", octets, at + 8)[0])
        elif number == 6:
            interface, _, _, captured, length = struct.unpack_from(order + "IIIII", octets, at + 8)
            frame += 1
            yield frame, links[interface], octets[at + 28 : at + 28 + captured], length
        elif number == 3:
            frame += 1
            length = struct.unpack_from(order + "I", octets, at + 8)[0]
            yield frame, links[0], octets[at + 12 : at + 12 + min(length, size - 16)], length
        at += max(size, 12)


FIXED = {0: 4, 12: 0, 14: 0, 101: 0, 113: 16, 228: 0, 229: 0, 276: 20}
"""Link types whose header has one length."""


def find_ip(link: int, octets: bytes) -> int | None:
    """Where the IP header begins."""
    if link in FIXED:
        return FIXED[link]
    if link != 1:
        return None
    at = 12
    while octets[at : at + 2] in (b"\x81\x00", b"\x88\xa8"):
        at += 4
    if octets[at : at + 2] == b"\x88\x64" and octets[at + 8 : at + 10] in (b"\x00\x21", b"\x00\x57"):
        return at + 10
    return at + 2 if octets[at : at + 2] in (b"\x08\x00", b"\x86\xdd") else None


def find_payload(octets: bytes, ip: int) -> tuple[int, int, int, tuple[int, int]] | None:
    """(protocol, offset of the payload, its length by the IP header, UDP ports); None for fragments and the rest."""
    if len(octets) < ip + 20:
        return None
    if octets[ip] >> 4 == 4:
        header = (octets[ip] & 15) * 4
        total, fragment = struct.unpack_from(">H2xH", octets, ip + 2)
        if fragment & 0x3FFF or header < 20:
            return None
        protocol, at, end = octets[ip + 9], ip + header, ip + total
    elif octets[ip] >> 4 == 6 and len(octets) >= ip + 40:
        protocol, at = octets[ip + 6], ip + 40
        end = at + struct.unpack_from(">H", octets, ip + 4)[0]
    else:
        return None
    if protocol == 17 and len(octets) >= at + 8:
        source, destination, size = struct.unpack_from(">HHH", octets, at)
        return 17, at + 8, size - 8, (source, destination)
    return protocol, at, end - at, (0, 0)


def read_controls(path: Path, *, ports: tuple[int, ...] = (1701,)) -> Iterator[Control]:
    """Every L2TP control message (T bit, version 2 or 3) on UDP with one of *ports* (none: any), or IP protocol 115."""
    for frame, link, octets, _ in read_frames(path):
        ip = find_ip(link, octets)
        found = find_payload(octets, ip) if ip is not None else None
        if found is None:
            continue
        protocol, at, size, udp = found
        over_ip = protocol == 115 and octets[at : at + 4] == bytes(4)
        if over_ip:
            at, size = at + 4, size - 4
        elif protocol != 17 or (ports and not set(ports) & set(udp)):
            continue
        head = octets[at : at + 2]
        if len(head) == 2 and head[0] & 0x80 and head[1] & 15 in (2, 3):
            yield Control(frame, octets[at : at + size], size, over_ip)
