"""Mutated captures: small captures of L2TP and IPsec, disguised, damaged and put into damaged containers. One number, one capture."""

from __future__ import annotations

import dataclasses
import gzip
import random
import struct
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "truth"))

import container  # noqa: E402
import hand  # noqa: E402
from hand import Record  # noqa: E402

GOLDEN = HERE.parent / "golden"
IPSEC = HERE / "seeds"
SEEDS = [
    ("healthy", 0),
    ("loss_with_s_bit", 560),
    ("reordered_with_s_bit", 10),
    ("refused_session", 0),
    ("unanswered", 0),
    ("lns_killed", 0),
    ("multi_tunnels", 0),
    ("ipv6", 0),
    ("fragmented", 150),
    ("begins_late", 70),
    ("one_sided", 0),
    ("crossing_close", 0),
    ("aggressive", 0),
    ("dead_peer", 0),
    ("dead_peer", 90),
    ("decrypted_inbound", 0),
    ("esp_begins_late", 0),
    ("ikev2", 0),
    ("ikev2", 50),
    ("libreswan_nat", 0),
    ("refused", 0),
    ("rekeying", 10),
    ("tunnel_mode", 0),
    ("l2f", 0),
    ("l2f", 26),
    ("two_clients_one_nat", 40),
    ("two_clients_one_nat", 212),
]
"""Golden capture, or one of IPsec, and the frame from which on a few dozen are taken."""
FRAMES = 48
INTERESTING = (0, 1, 2, 11, 12, 13, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFE, 0xFFFF)

PAYLOADS = (0, 1, 2, 4, 5, 11, 12, 13, 20, 33, 34, 40, 41, 42, 43, 46, 48, 53, 130, 132, 255)
EXCHANGES = (0, 2, 4, 5, 6, 32, 34, 35, 36, 37, 43, 243, 246)

Frames = list[Record]


@cache
def seed_frames(name: str, begin: int) -> tuple[Record, ...]:
    """The frames of one seed."""
    ipsec = IPSEC / f"{name}.pcap"
    return tuple(hand.records(ipsec if ipsec.exists() else GOLDEN / name / "capture.pcap"))[begin : begin + FRAMES]


def _foreign(dice: random.Random) -> Frames:
    """Frames that no seed has: L2TPv3 over UDP and IP, IKE, ESP, keepalives, ICMP errors, other things on port 1701."""
    template = seed_frames("healthy", 0)[0]
    bodies = (
        (17, _udp(1701, 1701, b"\xc8\x03\x00\x14\x00\x00\x00\x00\x00\x00\x00\x00" + b"\x80\x08\x00\x00\x00\x00\x00\x01")),
        (17, _udp(1701, 1701, b"\x00\x03\x00\x00" + dice.randbytes(40))),
        (115, b"\x00\x00\x00\x00\xc8\x03\x00\x14" + dice.randbytes(20)),
        (115, dice.randbytes(60)),
        (17, _udp(500, 500, dice.randbytes(16) + b"\x01\x10\x02\x00" + bytes(4) + struct.pack(">I", 80) + dice.randbytes(52))),
        (17, _udp(4500, 4500, b"\xff")),
        (17, _udp(4500, 4500, dice.randbytes(80))),
        (50, dice.randbytes(100)),
        (51, dice.randbytes(100)),
        (6, _tcp(b"IKETCP\x00\x54\x00\x00\x00\x00" + _ike(dice))),
        (6, _tcp(b"IKETCP" + struct.pack(">H", dice.choice(INTERESTING)) + dice.randbytes(90))),
        (17, _udp(4500, 4500, bytes(4) + _ike(dice))),
        (17, _udp(848, 4000, _ike(dice))),
        (1, b"\x03\x03\x00\x00\x00\x00\x00\x00" + template.octets[14:]),
        (17, _udp(1701, 1701, b"\x38" + dice.randbytes(41))),
        (17, _udp(1701, 1701, b"\xc0\x01" + dice.randbytes(30))),
        (47, b"\x00\x00\x08\x00" + template.octets[14:]),
        (47, b"\x30\x01\x88\x0b" + dice.randbytes(40)),
        (4, template.octets[14:]),
        (17, _udp(40000, 4789, b"\x08\x00\x00\x00\x00\x00\x07\x00" + template.octets)),
    )
    chosen = dice.sample(bodies, dice.randint(1, len(bodies)))
    return [dataclasses.replace(template, octets=_ethernet(protocol, body), length=34 + len(body)) for protocol, body in chosen]


def _udp(source: int, destination: int, body: bytes) -> bytes:
    return struct.pack(">HHHH", source, destination, len(body) + 8, 0) + body


def _tcp(body: bytes) -> bytes:
    return struct.pack(">HHIIBBHHH", 40000, 4500, 1000, 0, 0x50, 0x18, 1024, 0, 0) + body


def _ike(dice: random.Random) -> bytes:
    """An IKE message of 80 octets whose payloads are of any type and length: fragments, notifies, deletes and ones that do not exist."""
    head = struct.pack(
        ">BBBBII", dice.choice(PAYLOADS), dice.choice((0x10, 0x20, 0x21, 0x30)), dice.choice(EXCHANGES), dice.randrange(256), 1, 80
    )
    first = struct.pack(">BBH", dice.choice(PAYLOADS), 0, dice.choice((0, 3, 4, 8, 20, 52, 53, 60000)))
    return b"same-spi" + dice.choice((bytes(8), b"answered")) + head + first + dice.randbytes(48)


def _ethernet(protocol: int, body: bytes) -> bytes:
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 1, 0, 64, protocol, 0, b"\xc6\x33\x64\x0a", b"\xcb\x00\x71\x05")
    return bytes(12) + b"\x08\x00" + head + body


def _pick(frames: Frames, dice: random.Random) -> int:
    return dice.randrange(len(frames))


def _with(frames: Frames, at: int, octets: bytes) -> None:
    frames[at] = dataclasses.replace(frames[at], octets=octets, length=max(frames[at].length, len(octets)))


def _transport(octets: bytes) -> int:
    """Where UDP's payload begins in an Ethernet frame."""
    return 14 + (40 if octets[12:14] == b"\x86\xdd" else (octets[14] & 15) * 4 if len(octets) > 14 else 0) + 8


def flip_bits(frames: Frames, dice: random.Random) -> None:
    """Turn up to eight bits of a frame over."""
    at = _pick(frames, dice)
    octets = bytearray(frames[at].octets)
    for _ in range(dice.randint(1, 8) if octets else 0):
        octets[dice.randrange(len(octets))] ^= 1 << dice.randrange(8)
    _with(frames, at, bytes(octets))


def set_word(frames: Frames, dice: random.Random) -> None:
    """Put a number that is often special anywhere into a frame."""
    at = _pick(frames, dice)
    octets = bytearray(frames[at].octets)
    if len(octets) >= 2:
        place = dice.randrange(len(octets) - 1)
        octets[place : place + 2] = struct.pack(">H", dice.choice(INTERESTING))
    _with(frames, at, bytes(octets))


def _set_field(frames: Frames, dice: random.Random, places: tuple[int, ...]) -> None:
    """Change a 16-bit field that lies at one of *places*, counted from UDP's payload."""
    at = _pick(frames, dice)
    octets = bytearray(frames[at].octets)
    place = _transport(octets) + dice.choice(places)
    if 0 <= place <= len(octets) - 2:
        old = int.from_bytes(octets[place : place + 2], "big")
        new = dice.choice((*INTERESTING, old + 1, old - 1, dice.randrange(65536))) & 0xFFFF
        octets[place : place + 2] = struct.pack(">H", new)
    _with(frames, at, bytes(octets))


def lie_length(frames: Frames, dice: random.Random) -> None:
    """Change the length that IP, UDP or L2TP tells."""
    _set_field(frames, dice, (-26, -4, 2))


def change_flags(frames: Frames, dice: random.Random) -> None:
    """Change the L2TP flags and version."""
    _set_field(frames, dice, (0,))


def change_ids(frames: Frames, dice: random.Random) -> None:
    """Change Tunnel ID, Session ID, Ns or Nr."""
    _set_field(frames, dice, (4, 6, 8, 10))


def change_avp(frames: Frames, dice: random.Random) -> None:
    """Change an AVP's length and flags, vendor, type or value."""
    _set_field(frames, dice, (12, 14, 16, 18, 20, 22, 24, 28, 30, 32, 40, 50, 60))


def _change_octet(frames: Frames, dice: random.Random, places: tuple[int, ...], values: tuple[int, ...] = ()) -> None:
    """Change an octet of what IPsec carries at one of *places*, behind a non-ESP marker where there is one."""
    at = _pick(frames, dice)
    octets = bytearray(frames[at].octets)
    begin = _transport(octets) - (8 if octets[23:24] == b"\x32" else 0)
    place = begin + (4 if octets[begin : begin + 4] == bytes(4) else 0) + dice.choice(places)
    if 0 <= place < len(octets):
        octets[place] = dice.choice(values) if values else dice.randrange(256)
    _with(frames, at, bytes(octets))


def change_ike_header(frames: Frames, dice: random.Random) -> None:
    """Change an SPI, the first payload's type, version, exchange, flags, message ID or length of IKE."""
    _change_octet(frames, dice, (0, 7, 8, 15, 16, 17, 18, 19, 20, 23, 24, 26, 27))


def change_ike_payloads(frames: Frames, dice: random.Random) -> None:
    """Change types and lengths of IKE payloads, or what lies in them."""
    _change_octet(frames, dice, (28, 30, 31, 32, 36, 40, 44, 46, 47, 48, 52, 56, 60, 64, 72, 84, 100, 120), (*PAYLOADS, 3, 14, 128, 254))


def change_esp(frames: Frames, dice: random.Random) -> None:
    """Change an SPI or a sequence number of ESP: jumps, wraps, keepalives that are none."""
    _change_octet(frames, dice, (0, 1, 3, 4, 5, 6, 7), (0, 1, 0x7F, 0x80, 0xFF))


def change_marker(frames: Frames, dice: random.Random) -> None:
    """Take the non-ESP marker away, or put one where none was; or move the packet to another port of IPsec."""
    at = _pick(frames, dice)
    octets, begin = frames[at].octets, _transport(frames[at].octets)
    if dice.random() < 0.5:
        octets = octets[:begin] + (octets[begin + 4 :] if octets[begin : begin + 4] == bytes(4) else bytes(4) + octets[begin:])
    else:
        port = begin - dice.choice((8, 6))
        octets = octets[:port] + struct.pack(">H", dice.choice((500, 4500, 1701, 40000))) + octets[port + 2 :]
    _with(frames, at, octets)


def cut_frame(frames: Frames, dice: random.Random) -> None:
    """Keep only the beginning of a frame, as a snaplen does."""
    at = _pick(frames, dice)
    octets = frames[at].octets
    frames[at] = dataclasses.replace(frames[at], octets=octets[: dice.randrange(len(octets) + 1)])


def shorten_frame(frames: Frames, dice: random.Random) -> None:
    """Let a frame end early, as if it had been sent so."""
    at = _pick(frames, dice)
    octets = frames[at].octets[: dice.randrange(len(frames[at].octets) + 1)]
    frames[at] = dataclasses.replace(frames[at], octets=octets, length=len(octets))


def splice(frames: Frames, dice: random.Random) -> None:
    """Head of one frame, tail of another."""
    at, other = _pick(frames, dice), _pick(frames, dice)
    one, two = frames[at].octets, frames[other].octets
    _with(frames, at, one[: dice.randrange(len(one) + 1)] + two[dice.randrange(len(two) + 1) :])


def repeat(frames: Frames, dice: random.Random) -> None:
    """A frame many times over."""
    at = _pick(frames, dice)
    for _ in range(dice.choice((1, 2, 40))):
        frames.insert(_pick(frames, dice) + 1, frames[at])


def shuffle(frames: Frames, dice: random.Random) -> None:
    """Another order."""
    dice.shuffle(frames)


def drop(frames: Frames, dice: random.Random) -> None:
    """Some frames are missing."""
    keep = dice.random()
    frames[:] = [one for one in frames if dice.random() < keep] or frames[:1]


def turn_clock(frames: Frames, dice: random.Random) -> None:
    """Time steps, backwards too, or stands still."""
    at = _pick(frames, dice)
    step = dice.choice((-(10**12), -(10**6), 10**6, 10**12, 10**15))
    for place in range(at, len(frames)):
        frames[place] = dataclasses.replace(frames[place], time=min(max(frames[place].time + step, 0), 2**61))


def fill(frames: Frames, dice: random.Random) -> None:
    """Frames of noise."""
    octets = dice.randbytes(dice.choice((0, 1, 13, 14, 33, 60, 200)))
    frames.insert(_pick(frames, dice), Record(0, frames[0].time, 1, octets, len(octets)))


def foreign(frames: Frames, dice: random.Random) -> None:
    """Frames of other protocols and encapsulations."""
    for one in _foreign(dice):
        frames.insert(_pick(frames, dice), one)


def wrap(frames: Frames, dice: random.Random) -> None:
    """Every frame inside another encapsulation: VLAN, QinQ, MPLS, PPPoE."""
    kind = dice.choice((b"\x81\x00\x00\x05", b"\x88\xa8\x00\x05\x81\x00\x00\x06", b"\x88\x47\x00\x01\x01\x40", b"\x88\x64\x11\x00\x00\x01"))
    for at, one in enumerate(frames):
        inner = one.octets[12:]
        if kind[:2] == b"\x88\x47":
            inner = inner[2:]
        elif kind[:2] == b"\x88\x64":
            inner = struct.pack(">H", len(inner)) + (b"\x00\x57" if inner[:2] == b"\x86\xdd" else b"\x00\x21") + inner[2:]
        _with(frames, at, one.octets[:12] + kind + inner)


MUTATIONS: tuple[Callable[[Frames, random.Random], None], ...] = (
    flip_bits,
    set_word,
    lie_length,
    change_flags,
    change_ids,
    change_avp,
    change_ike_header,
    change_ike_payloads,
    change_esp,
    change_marker,
    cut_frame,
    shorten_frame,
    splice,
    repeat,
    shuffle,
    drop,
    turn_clock,
    fill,
    foreign,
    wrap,
)
LINKS: dict[int, bytes] = {
    1: b"",
    0: b"\x02\x00\x00\x00",
    108: b"\x00\x00\x00\x02",
    9: b"\xff\x03\x00\x21",
    101: b"",
    12: b"",
    228: b"",
    113: bytes(14) + b"\x08\x00",
    276: b"\x08\x00" + bytes(18),
}
"""LINKTYPE_ number, and what stands before an IPv4 header there."""


def _relink(frames: Frames, dice: random.Random) -> int:
    """Most captures stay Ethernet; some become another link type, in a few of them it is a lie."""
    if dice.random() < 0.7:
        return 1
    link_type = dice.choice(list(LINKS))
    if link_type != 1 and dice.random() < 0.8:
        frames[:] = [dataclasses.replace(one, octets=LINKS[link_type] + one.octets[14:]) for one in frames]
    return link_type if dice.random() < 0.95 else dice.randrange(65536)


def _damage(octets: bytes, dice: random.Random) -> bytes:
    """A container that lies: lengths, truncation, turned bits anywhere."""
    damaged = bytearray(octets)
    what = dice.randrange(5)
    if what == 0:
        return octets[: dice.randrange(len(octets) + 1)]
    if what == 1 and len(damaged) > 44:
        place = dice.choice((24, 28, 32, 36, 16, 20, 4, 8))
        damaged[place : place + 4] = struct.pack(
            "<I", dice.choice((0, 1, 0x7FFFFFFF, 0xFFFFFFFF, 0x80000000, 262145, dice.randrange(2**32)))
        )
    elif what == 2:
        for _ in range(dice.randint(1, 20)):
            damaged[dice.randrange(len(damaged))] ^= 1 << dice.randrange(8)
    elif what == 3:
        place = dice.randrange(len(damaged))
        damaged[place:place] = dice.randbytes(dice.randint(1, 40))
    else:
        place = dice.randrange(len(damaged))
        del damaged[place : place + dice.randint(1, 40)]
    return bytes(damaged)


def capture(seed: int, number: int) -> bytes:
    """The mutated capture of a seed and a number: always the same octets."""
    dice = random.Random(f"{seed}:{number}")
    frames = list(seed_frames(*dice.choice(SEEDS)))
    for _ in range(dice.choice((0, 1, 1, 2, 3, 6, 20))):
        dice.choice(MUTATIONS)(frames, dice)
    write = container.pcap if dice.random() < 0.6 else container.pcapng
    octets = write(frames, _relink(frames, dice))
    for _ in range(dice.choice((0, 0, 0, 1, 2))):
        octets = _damage(octets, dice) or octets
    if dice.random() < 0.05:
        octets = gzip.compress(octets, 1, mtime=0)
        if dice.random() < 0.5:
            octets = _damage(octets, dice)
    return octets
