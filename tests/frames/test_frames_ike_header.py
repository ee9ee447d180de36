"""IKE on other ports than its own: known by its header alone, and what follows behind a non-ESP marker."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from frame_builders import SHARED, Record, decode, ethernet, ike, ipv4, ipv6, udp

from l2tpscope.capture import CaptureError, merged, open_captures
from l2tpscope.frames import Decoder, Kind

MARKER = bytes(4)
QUICK = {"version": 0x10, "exchange": 32, "flags": 1, "following": 8, "spis": (5, 6), "message_id": 7}


def kinds_of(payloads: list[bytes], ports: tuple[int, int] = (40000, 7000)) -> list[Kind]:
    """The kind of each UDP payload in turn, in both directions of one flow; OTHER where it is no row."""
    frames = []
    for at, payload in enumerate(payloads):
        there, back = b"\x0a\0\0\1", b"\x0a\0\0\2"
        if at % 2:
            frames.append(ethernet(ipv4(udp(payload, *ports[::-1]), source=back, destination=there, identification=at)))
        else:
            frames.append(ethernet(ipv4(udp(payload, *ports), source=there, destination=back, identification=at)))
    records = [Record(frame, len(frame), time=at * 10**7) for at, frame in enumerate(frames)]
    found = {row["frame"]: Kind(row["kind"]) for row in decode(records)[0]}
    return [found.get(at, Kind.OTHER) for at in range(1, len(payloads) + 1)]


@pytest.mark.parametrize("skip", [b"", MARKER], ids=["plain", "marked"])
@pytest.mark.parametrize("version", [4, 6])
def test_ike_is_known_on_any_port(skip: bytes, version: int) -> None:
    """A port forward that gives IKE another port hides nothing: IKE_SA_INIT and Quick Mode, over IPv4 and IPv6."""
    for message in (ike(), ike(**QUICK)):
        datagram = udp(skip + message, 40000, 7000)
        frame = ethernet(ipv4(datagram)) if version == 4 else ethernet(ipv6(datagram), 0x86DD)
        rows, _ = decode([Record(frame, len(frame))])
        assert [row["kind"] for row in rows] == [Kind.IKE]


ALMOST = {
    "length": ike(length=35),
    "version": ike(version=0x30),
    "exchange": ike(exchange=99),
    "flags": ike(flags=0x48),
    "first payload": ike(following=7),
    "no initiator's SPI": ike(spis=(0, 0)),
    "no responder's SPI": ike(**QUICK | {"spis": (5, 0)}),
    "message id of IKE_SA_INIT": ike(message_id=1),
    "no message id in Quick Mode": ike(**QUICK | {"message_id": 0}),
    "payload longer than the message": ike(body=b"\0\0\0\x09\1\2\3\4"),
}


@pytest.mark.parametrize("name", ALMOST)
def test_what_is_almost_ike_is_not(name: str) -> None:
    """One field that does not go with the others, and a datagram on a foreign port is not IKE."""
    assert kinds_of([ALMOST[name], MARKER + ALMOST[name]]) == [Kind.OTHER, Kind.OTHER]


def test_behind_a_marker_the_flow_is_nat_traversal() -> None:
    """Once IKE came behind a non-ESP marker, what is without one is ESP and 0xFF a keepalive, both ways; not before."""
    esp = b"\0\0\x12\x34\0\0\0\1" + bytes(40)
    assert kinds_of([esp, b"\xff", MARKER + ike(), esp, esp, b"\xff"]) == [
        Kind.OTHER,
        Kind.OTHER,
        Kind.IKE,
        Kind.ESP,
        Kind.ESP,
        Kind.NATT_KEEPALIVE,
    ]


def test_without_a_marker_it_is_not() -> None:
    """IKE without marker on a foreign port says nothing of what else the flow carries."""
    assert kinds_of([ike(), b"\0\0\x12\x34\0\0\0\1" + bytes(40)]) == [Kind.IKE, Kind.OTHER]


def test_zeros_on_port_4500_are_not_ike() -> None:
    """A marker alone does not make IKE: behind it a version and a length must be."""
    assert kinds_of([bytes(64), MARKER + ike()], (4500, 4500)) == [Kind.OTHER, Kind.IKE]


def test_random_octets_are_never_ike() -> None:
    """Of 20,000 datagrams of random octets on foreign ports none is IKE or ESP."""
    dice = random.Random(6)
    payloads = [dice.randbytes(dice.randrange(28, 120)) for _ in range(20_000)]
    assert Counter(kinds_of(payloads)) == {Kind.OTHER: 20_000}


ELSEWHERE: dict[str, int] = {}
"""Public captures with IKE on other ports: how many frames."""


@pytest.mark.shared
def test_no_foreign_datagram_is_taken_for_ike() -> None:
    """In all public captures, what is IKE on other ports than 500 and 4500 is what is listed."""
    found: Counter[str] = Counter()
    for path in sorted((SHARED / "captures/public").glob("*__*")):
        try:
            decoder = Decoder()
            for batch in merged(open_captures([path])):
                if len(batch):
                    frames = decoder.decode(batch)
                    ours = (frames.kind >= Kind.IKE) & (frames.kind <= Kind.NATT_KEEPALIVE) & (frames.protocol == 17)
                    for port in (500, 4500):
                        ours &= (frames.source_port != port) & (frames.destination_port != port)
                    found[path.name] += int(ours.sum())
        except CaptureError:
            continue
    assert len(found) > 100
    assert +found == ELSEWHERE
