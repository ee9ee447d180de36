"""Many captures as one: with addresses of their own and all at once, with the same ones one after the other, or all behind one NAT."""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Iterable
from pathlib import Path

import container
import hand
from hand import Record

NETWORKS = {b"\xcb\x00\x71": b"\x0b%c\x03", b"\xc6\x33\x64": b"\x0b%c\x01", b"\xc0\xa8\x4d": b"\x0a%c\x4d"}
"""/24 of the laboratory -> that of one capture: public ones stay public (11.n.3, 11.n.1), the private one private (10.n.77)."""
NAT = b"\xc6\x33\x64\x07"
"""198.51.100.7."""
PORTS = 1013
ICMP = 1
QUOTED = 8
"""Octets of an ICMP error before the packet that it quotes."""


def at_once(paths: Iterable[Path], target: Path) -> Path:
    """Each capture with addresses of its own; all begin at the same time."""
    every = []
    for number, path in enumerate(paths):
        records = list(hand.records(path))
        every += [dataclasses.replace(one, octets=_moved(one.octets, number), time=one.time - records[0].time + 10**18) for one in records]
    return _written(every, target)


def one_after_the_other(paths: Iterable[Path], target: Path, pause_s: float) -> Path:
    """The addresses as they are; each capture begins so long after the one before it ended."""
    every: list[Record] = []
    for path in paths:
        records = list(hand.records(path))
        begin = every[-1].time + int(pause_s * 1e9) if every else 10**18
        shift = begin - records[0].time
        every += [dataclasses.replace(one, time=one.time + shift) for one in records]
    return _written(every, target)


def behind_one_nat(paths: Iterable[Path], target: Path) -> Path:
    """Captures of clients behind the laboratory's NAT, all at once behind that one address: each from ports of its own."""
    every = []
    for number, path in enumerate(paths):
        records = list(hand.records(path))
        every += [
            dataclasses.replace(one, octets=_other_port(one.octets, number), time=one.time - records[0].time + 10**18) for one in records
        ]
    return _written(every, target)


def _other_port(frame: bytes, number: int) -> bytes:
    """An Ethernet frame in which the NAT chose another port; what ICMP errors quote is left alone."""
    octets = bytearray(frame)
    at = 14 + (octets[14] & 15) * 4
    if octets[12:14] != b"\x08\x00" or octets[23] != hand.UDP or struct.unpack(">H", octets[20:22])[0] & 0x1FFF:
        return frame
    for address, port in ((26, at), (30, at + 2)):
        if octets[address : address + 4] == NAT:
            octets[port : port + 2] = struct.pack(">H", struct.unpack(">H", octets[port : port + 2])[0] + PORTS * (number + 1))
    octets[at + 6 : at + 8] = bytes(2)
    return bytes(octets)


def _written(records: list[Record], target: Path) -> Path:
    return container.write(target, container.pcap(sorted(records, key=lambda one: one.time)))


def _moved(octets: bytes, number: int) -> bytes:
    """An Ethernet frame with its IPv4 addresses moved into the networks of that number; other frames as they are."""
    return octets[:14] + _packet(octets[14:], number) if octets[12:14] == b"\x08\x00" else octets


def _packet(packet: bytes, number: int) -> bytes:
    head = bytearray(packet)
    size = (head[0] & 15) * 4
    for at in (12, 16):
        network = NETWORKS.get(bytes(head[at : at + 3]))
        if network is not None:
            head[at : at + 3] = network % number
    head[10:12] = bytes(2)
    head[10:12] = struct.pack(">H", checksum(bytes(head[:size])))
    if head[9] == hand.UDP and not struct.unpack(">H", head[6:8])[0] & 0x1FFF and len(head) >= size + 8:
        head[size + 6 : size + 8] = bytes(2)
    if head[9] == ICMP and len(head) >= size + QUOTED + 20 and head[size] in (3, 11):
        return bytes(head[: size + QUOTED]) + _packet(bytes(head[size + QUOTED :]), number)
    return bytes(head)


def checksum(octets: bytes) -> int:
    """That of an IPv4 header (RFC 1071): 0 over one that holds its own."""
    total: int = sum(struct.unpack(f">{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF
