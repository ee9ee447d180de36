"""Makes the captures that the speed of the program is measured on: `python tests/bench/make.py FOLDER`, or one of them to standard output.

Made with numpy in blocks, always the same octets. L2TP data of 600 sessions in 60 tunnels, each set up by its own control messages, so that
everything pairs; every tenth session is sequenced and loses every 500th number. In each session one TCP connection, both sides of
which send and acknowledge what they got. ESP of 300 security associations, 150 of them in UDP, each
of which loses every 500th number.
"""

from __future__ import annotations

import argparse
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Octets = NDArray[np.uint8]
Ints = NDArray[np.int64]

TUNNELS, CALLS = 60, 10
SESSIONS = TUNNELS * CALLS
SEQUENCED_EVERY, LOST_EVERY = 10, 500
BEGIN = 1_700_000_000 * 10**9
STEP = 20_000
"""Nanoseconds from frame to frame."""
BLOCK = 100_000
WIDEST = 1460
HEAD = 14 + 20 + 8
SIZES = np.array([HEAD + 6 + 4 + 40, HEAD + 6 + 4 + 160, WIDEST])
SHARES = [0.45, 0.15, 0.40]


@dataclass(frozen=True)
class Shape:
    """One capture."""

    packets: int
    snaplen: int
    foreign: float = 0.0
    """Share of frames that are not L2TP."""
    ng: bool = False


SHAPES = {
    "a": Shape(3_000_000, 128),
    "a_full": Shape(3_000_000, 65535),
    "c": Shape(3_000_000, 128, foreign=0.95),
    "a_ng": Shape(3_000_000, 128, ng=True),
    "a_ten_times": Shape(30_000_000, 128),
}
"""The captures of data; the floods and `ten` are made apart."""
FLOOD = 1_000_000
PAIRS = 150
"""Pairs of SAs; of the odd ones ESP is in UDP on port 4500, and every thousandth packet is a keepalive in place of ESP."""
ESP_SIZES = np.array([8 + 16 + 16 * n + 12 for n in (4, 5, 14, 85)])
ESP_SHARES = [0.35, 0.15, 0.15, 0.35]
ESP_PACKETS = 3_000_000


def capture(shape: Shape) -> Iterator[bytes]:
    """The octets of a capture, block by block."""
    writer = _ng_records if shape.ng else _records
    yield _ng_head(shape.snaplen) if shape.ng else _head(shape.snaplen)
    frames = list(_set_up())
    yield b"".join(_one(writer, frame, BEGIN + at * STEP, shape.snaplen) for at, frame in enumerate(frames))
    begin, dice, sent, octets = BEGIN + len(frames) * STEP, np.random.default_rng(1), *np.zeros((2, 2, SESSIONS), np.int64)
    for at in range(0, shape.packets, BLOCK):
        size = min(BLOCK, shape.packets - at)
        rows, length = _data_block(dice, size, sent, octets, shape.foreign)
        yield writer(rows, length, begin + (at + np.arange(size)) * STEP, shape.snaplen)
    end = begin + (shape.packets + 1) * STEP
    yield b"".join(_one(writer, frame, end + at * STEP, shape.snaplen) for at, frame in enumerate(_tear_down()))


def lost_numbers(packets: int) -> int:
    """How many data packets of sequenced sessions a capture of so many packets lacks between those that it has."""
    dice, sent, octets = np.random.default_rng(1), *np.zeros((2, 2, SESSIONS), np.int64)
    for at in range(0, packets, BLOCK):
        _data_block(dice, min(BLOCK, packets - at), sent, octets, 0.0)
    numbered = sent[:, ::SEQUENCED_EVERY]
    return int(((numbered - 1).clip(0) // (LOST_EVERY - 1)).sum())


def _data_block(dice: np.random.Generator, size: int, sent: Ints, octets: Ints, foreign: float) -> tuple[Octets, Ints]:
    """Frames of data as rows, and their lengths. `sent` counts the packets of each way and session, `octets` its TCP's; both go on."""
    session, way = dice.integers(0, SESSIONS, size), dice.integers(0, 2, size)
    other = dice.random(size) < foreign
    length = dice.choice(SIZES, size, p=SHARES)
    numbered = session % SEQUENCED_EVERY == 0
    length += 4 * (numbered & (length < WIDEST))
    rows = np.zeros((size, WIDEST), np.uint8)
    tunnel = session // CALLS
    _ethernet_ip(rows, length, np.where(way == 1, 1, 0), tunnel, np.arange(size))
    _put(rows, 34, np.where(other, 443, 1701), 2)
    _put(rows, 36, np.where(other, 40000 + session, 1701), 2)
    _put(rows, 38, length - 34, 2)
    _put(rows, HEAD, np.where(numbered, 0x0802, 0x0002), 2)
    _put(rows, HEAD + 2, _tunnel_id(tunnel, way), 2)
    _put(rows, HEAD + 4, _session_id(session, way), 2)
    number = _number(session, way, sent, ~other)
    number += number // (LOST_EVERY - 1)
    _put(rows, HEAD + 6, np.where(numbered, number & 0xFFFF, 0xFF03), 2)
    _put(rows, HEAD + 8, np.where(numbered, 0, 0x0021), 2)
    for begin, which in ((10, ~numbered), (14, numbered)):
        some = rows[which]
        if begin > 10:
            _put(some, HEAD + 10, np.full(len(some), 0xFF030021), 4)
        _connection(some[:, HEAD + begin :], length[which] - HEAD - begin, session[which], way[which], octets)
        rows[which] = some
    rows[other, 23] = 6
    rows[other, HEAD : HEAD + 8] = dice.integers(0, 256, (int(other.sum()), 8), dtype=np.uint8)
    return rows, length


def _connection(rows: Octets, length: Ints, session: Ints, way: Ints, octets: Ints) -> None:
    """IPv4 and TCP of the session's connection, in place: each side acknowledges all that came before."""
    order = np.argsort(session, kind="stable")
    first = np.flatnonzero(np.r_[True, np.diff(session[order]) != 0])
    many = np.diff(np.r_[first, len(order)])
    numbers = np.zeros((2, len(order)), np.int64)
    for side in (0, 1):
        carried = (length - 40)[order] * (way[order] == side)
        before = np.cumsum(carried) - carried
        numbers[side, order] = before - np.repeat(before[first], many) + octets[side][session[order]]
        np.add.at(octets[side], session[order], carried)
    hosts, ports = np.stack([0x0A630000 + session + 1, np.full(len(session), 0x0A630001 + SESSIONS)]), (40000, 443)
    rows[:, 0], rows[:, 6], rows[:, 8], rows[:, 9] = 0x45, 0x40, 64, 6
    _put(rows, 2, length, 2)
    every = np.arange(len(session))
    for at, side in ((0, way), (1, 1 - way)):
        _put(rows, 12 + 4 * at, hosts[side, every], 4)
        _put(rows, 20 + 2 * at, np.take(ports, side), 2)
        _put(rows, 24 + 4 * at, numbers[side, every] & 0xFFFFFFFF, 4)
    rows[:, 32], rows[:, 33] = 0x50, 0x10


def _number(session: Ints, way: Ints, sent: Ints, counts: NDArray[np.bool_]) -> Ints:
    """The running number of each packet in its session and way; those that do not count get any."""
    key = way * SESSIONS + session
    number = np.zeros(len(key), np.int64)
    rows = np.flatnonzero(counts)
    order = rows[np.argsort(key[rows], kind="stable")]
    keys = key[order]
    first = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]]) if len(keys) else np.zeros(0, np.int64)
    many = np.diff(np.r_[first, len(keys)])
    number[order] = np.arange(len(keys)) - np.repeat(first, many) + sent.ravel()[keys]
    np.add.at(sent.ravel(), keys, 1)
    return number


def _tunnel_id(tunnel: Ints, way: Ints) -> Ints:
    return np.where(way == 1, 1000 + tunnel, 3000 + tunnel)


def _session_id(session: Ints, way: Ints) -> Ints:
    return np.where(way == 1, 10_000 + session, 20_000 + session)


def _put(rows: Octets, at: int, values: Ints, octets: int) -> None:
    for place in range(octets):
        rows[:, at + place] = (values >> (8 * (octets - 1 - place))) & 0xFF


def _ethernet_ip(rows: Octets, length: Ints, back: Ints, tunnel: Ints, ip_id: Ints) -> None:
    """Ethernet and IPv4 headers: 60 LACs in 10.1/16, one LNS in 10.2/16."""
    rows[:, 12] = 8
    rows[:, 14] = 0x45
    _put(rows, 16, length - 14, 2)
    _put(rows, 18, ip_id & 0xFFFF, 2)
    rows[:, 22], rows[:, 23] = 64, 17
    lac, lns = 0x0A010000 + tunnel + 1, np.full(len(tunnel), 0x0A020001)
    _put(rows, 26, np.where(back == 1, lns, lac), 4)
    _put(rows, 30, np.where(back == 1, lac, lns), 4)


def _frame(tunnel: int, way: int, body: bytes) -> bytes:
    """One frame of a tunnel; way 0 goes to the LNS."""
    row = np.zeros((1, HEAD), np.uint8)
    size = np.array([HEAD + len(body)])
    _ethernet_ip(row, size, np.array([way]), np.array([tunnel]), np.array([1]))
    for at, value in ((34, 1701), (36, 1701), (38, len(body) + 8)):
        _put(row, at, np.array([value]), 2)
    return row.tobytes() + body


def _control(tunnel: int, session: int, ns: int, nr: int, *avps: tuple[int, bytes]) -> bytes:
    body = b"".join(struct.pack(">HHH", 0x8006 + len(value), 0, kind) + value for kind, value in avps)
    return struct.pack(">HHHHHH", 0xC802, 12 + len(body), tunnel, session, ns, nr) + body


def _word(value: int) -> bytes:
    return struct.pack(">H", value)


def _start(message: int, assigned: int) -> tuple[tuple[int, bytes], ...]:
    """The AVPs of SCCRQ and SCCRP."""
    name = b"lac.example" if message == 1 else b"lns.example"
    return (0, _word(message)), (2, b"\x01\x00"), (3, b"\0\0\0\3"), (7, name), (9, _word(assigned)), (10, _word(8)), (8, b"bench")


def _set_up() -> Iterator[bytes]:
    """Every tunnel and session set up, one after another."""
    for tunnel in range(TUNNELS):
        lac, lns = 1000 + tunnel, 3000 + tunnel
        yield _frame(tunnel, 0, _control(0, 0, 0, 0, *_start(1, lac)))
        yield _frame(tunnel, 1, _control(lac, 0, 0, 1, *_start(2, lns)))
        yield _frame(tunnel, 0, _control(lns, 0, 1, 1, (0, _word(3))))
        yield _frame(tunnel, 1, _control(lac, 0, 1, 2))
        for call in range(CALLS):
            mine, theirs = 10_000 + tunnel * CALLS + call, 20_000 + tunnel * CALLS + call
            ns, nr = 2 + 2 * call, 1 + call
            yield _frame(tunnel, 0, _control(lns, 0, ns, nr, (0, _word(10)), (14, _word(mine)), (15, struct.pack(">I", call))))
            yield _frame(tunnel, 1, _control(lac, mine, nr, ns + 1, (0, _word(11)), (14, _word(theirs))))
            yield _frame(
                tunnel, 0, _control(lns, theirs, ns + 1, nr + 1, (0, _word(12)), (24, struct.pack(">I", 10**8)), (19, b"\0\0\0\1"))
            )
            yield _frame(tunnel, 1, _control(lac, 0, nr + 1, ns + 2))


def _tear_down() -> Iterator[bytes]:
    for tunnel in range(TUNNELS):
        lac, lns, ns, nr = 1000 + tunnel, 3000 + tunnel, 2 + 2 * CALLS, 1 + CALLS
        yield _frame(tunnel, 0, _control(lns, 0, ns, nr, (0, _word(4)), (9, _word(lac)), (1, b"\0\1\0\0")))
        yield _frame(tunnel, 1, _control(lac, 0, nr, ns + 1))


def flood(count: int) -> Iterator[bytes]:
    """SCCRQs from random addresses."""
    body = np.frombuffer(_frame(0, 0, _control(0, 0, 0, 0, *_start(1, 0))), np.uint8)
    assigned = bytes(body).index(b"\x80\x08\x00\x00\x00\x09") + 6
    dice = np.random.default_rng(2)
    yield _head(65535)
    for at in range(0, count, BLOCK):
        size = min(BLOCK, count - at)
        rows = np.tile(body, (size, 1))
        _put(rows, 26, dice.integers(1 << 24, 223 << 24, size), 4)
        _put(rows, 34, dice.integers(1024, 65536, size), 2)
        _put(rows, assigned, dice.integers(1, 65536, size), 2)
        yield _records(rows, np.full(size, len(body)), BEGIN + (at + np.arange(size)) * STEP, 65535)


def ike_flood(count: int) -> Iterator[bytes]:
    """First messages of IKEv1 from random addresses, each under an SPI of its own; one proposal in each."""
    transform = struct.pack(">BBHBBH", 0, 0, 28, 1, 1, 0) + bytes.fromhex("80010007800e010080020002800300018004000e")
    proposal = struct.pack(">BBHBBBB", 0, 0, 8 + len(transform), 1, 1, 0, 1) + transform
    association = struct.pack(">BBHII", 0, 0, 12 + len(proposal), 1, 1) + proposal
    message = struct.pack(">8s8sBBBBII", bytes(8), bytes(8), 1, 0x10, 2, 0, 0, 28 + len(association)) + association
    frame = bytearray(_frame(0, 0, message))
    frame[34:38] = struct.pack(">HH", 500, 500)
    body, dice = np.frombuffer(bytes(frame), np.uint8), np.random.default_rng(4)
    yield _head(65535)
    for at in range(0, count, BLOCK):
        size = min(BLOCK, count - at)
        rows = np.tile(body, (size, 1))
        _put(rows, 26, dice.integers(1 << 24, 223 << 24, size), 4)
        rows[:, 42:50] = dice.integers(1, 256, (size, 8), np.uint8)
        yield _records(rows, np.full(size, len(body)), BEGIN + (at + np.arange(size)) * STEP, 65535)


def esp(packets: int, snaplen: int = 128) -> Iterator[bytes]:
    """ESP of 150 clients of one gateway."""
    yield _head(snaplen)
    dice, sent = np.random.default_rng(3), np.zeros((2, SESSIONS), np.int64)
    for at in range(0, packets, BLOCK):
        size = min(BLOCK, packets - at)
        rows, length = _esp_block(dice, size, sent)
        yield _records(rows, length, BEGIN + (at + np.arange(size)) * STEP, snaplen)


def lost_esp_numbers(packets: int) -> int:
    """How many numbers a capture of so many packets of ESP lacks between those that it has."""
    dice, sent = np.random.default_rng(3), np.zeros((2, SESSIONS), np.int64)
    for at in range(0, packets, BLOCK):
        _esp_block(dice, min(BLOCK, packets - at), sent)
    return int(((sent - 1).clip(0) // (LOST_EVERY - 1)).sum())


def _esp_block(dice: np.random.Generator, size: int, sent: Ints) -> tuple[Octets, Ints]:
    """Frames of ESP as rows, and their lengths. `sent` counts the packets of each way and pair, and goes on counting."""
    pair, way = dice.integers(0, PAIRS, size), dice.integers(0, 2, size)
    in_udp = pair % 2 == 1
    octets = dice.choice(ESP_SIZES, size, p=ESP_SHARES)
    alive = in_udp & (dice.random(size) < 0.001)
    octets[alive] = 1
    at = np.where(in_udp, HEAD, 34)
    length = at + octets
    rows = np.zeros((size, WIDEST + 8), np.uint8)
    _ethernet_ip(rows, length, np.where(way == 1, 1, 0), pair, np.arange(size))
    rows[~in_udp, 23] = 50
    number = _number(pair, way, sent, ~alive)
    number += number // (LOST_EVERY - 1) + 1
    head = np.zeros((size, 16), np.uint8)
    _put(head, 0, np.full(size, 4500), 2)
    _put(head, 2, np.full(size, 4500), 2)
    _put(head, 4, octets + 8, 2)
    _put(head, 8, np.where(way == 1, 0xC0000000, 0xD0000000) + pair, 4)
    _put(head, 12, number, 4)
    head[alive, 8] = 0xFF
    rows[in_udp, 34:50] = head[in_udp]
    rows[~in_udp, 34:42] = head[~in_udp, 8:16]
    cipher = dice.integers(0, 256, (size, 16), dtype=np.uint8)
    rows[in_udp, 50:66], rows[~in_udp, 42:58] = cipher[in_udp], cipher[~in_udp]
    return rows, length


def ten() -> Iterator[bytes]:
    """The first ten packets: one tunnel, one session and a half."""
    yield _head(65535)
    for at, frame in zip(range(10), _set_up(), strict=False):
        yield _one(_records, frame, BEGIN + at * STEP * 100, 65535)


def _one(writer: object, frame: bytes, time: int, snaplen: int) -> bytes:
    assert callable(writer)
    row = np.frombuffer(frame, np.uint8).reshape(1, -1)
    octets: bytes = writer(row, np.array([len(frame)]), np.array([time]), max(snaplen, len(frame)))
    return octets


def _head(snaplen: int) -> bytes:
    return struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, snaplen, 1)


def _ng_head(snaplen: int) -> bytes:
    section = struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)
    return section + struct.pack("<IIHHIHHB3xHHI", 1, 32, 1, 0, snaplen, 9, 1, 9, 0, 0, 32)


def _records(rows: Octets, length: Ints, time: Ints, snaplen: int) -> bytes:
    """pcap records of the rows."""
    captured = np.minimum(length, snaplen)
    head = np.stack([time // 10**9, time % 10**9, captured, length], axis=1).astype("<u4").view(np.uint8)
    whole = np.hstack([head, rows[:, : int(captured.max())]])
    return whole[np.arange(whole.shape[1]) < (16 + captured)[:, None]].tobytes()


def _ng_records(rows: Octets, length: Ints, time: Ints, snaplen: int) -> bytes:
    """Enhanced Packet Blocks of the rows."""
    captured = np.minimum(length, snaplen)
    padded = (captured + 3) // 4 * 4
    fields = [np.full(len(rows), 6), padded + 32, np.zeros(len(rows), np.int64), time >> 32, time & 0xFFFFFFFF, captured, length]
    head = np.stack(fields, axis=1).astype("<u4").view(np.uint8)
    widest = int(padded.max())
    body = np.zeros((len(rows), widest + 4), np.uint8)
    there = min(widest, rows.shape[1])
    body[:, :there] = rows[:, :there]
    for place in range(4):
        body[np.arange(len(rows)), padded + place] = ((padded + 32) >> (8 * place)) & 0xFF
    whole = np.hstack([head, body])
    return whole[np.arange(whole.shape[1]) < (32 + padded)[:, None]].tobytes()


def octets_of(name: str) -> Iterator[bytes]:
    """The octets of a capture by name."""
    if name in ("flood", "ike_flood"):
        return {"flood": flood, "ike_flood": ike_flood}[name](FLOOD)
    if name == "esp":
        return esp(ESP_PACKETS)
    return ten() if name == "ten" else capture(SHAPES[name])


FILES = ("a", "a_full", "c", "a_ng", "esp", "flood", "ike_flood", "ten")


def make(name: str, folder: Path) -> Path:
    """The capture as a file; one that is there already stays."""
    path = folder / f"{name}.{'pcapng' if name == 'a_ng' else 'pcap'}"
    if not path.exists():
        part = path.with_suffix(".part")
        with part.open("wb") as out:
            for block in octets_of(name):
                out.write(block)
        part.rename(path)
    return path


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", help="where the files go")
    parser.add_argument("--pipe", choices=[*SHAPES, "esp", "flood", "ike_flood", "ten"], help="write this one to standard output instead")
    given = parser.parse_args()
    if given.pipe:
        for block in octets_of(given.pipe):
            sys.stdout.buffer.write(block)
        return
    if given.folder is None:
        parser.error("a folder, or --pipe")
    given.folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        print(make(name, given.folder))


if __name__ == "__main__":
    main()
