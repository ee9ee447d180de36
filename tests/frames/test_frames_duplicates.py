"""Copies that the capture made, and repetitions that the sender made."""

from __future__ import annotations

import pytest
from frame_builders import Record, decode, ethernet, ipv4, ipv6, l2tp, message, udp

from l2tpscope.frames.duplicates import LAGS

MS = 1_000_000
DATA = udp(l2tp(body=b"\xff\x03\x00\x21" + bytes(60)))


def marks(frames: list[tuple[int, bytes]], size: int | None = None) -> list[bool]:
    """Which of some frames, each with its time in nanoseconds, are copies."""
    rows, _ = decode([Record(frame, len(frame), time=10**18 + time) for time, frame in frames], size)
    return [bool(row["duplicate"]) for row in rows]


@pytest.mark.parametrize("size", [1, None])
@pytest.mark.parametrize(("delay", "copy"), [(0, True), (2 * MS, True), (2 * MS + 1, False), (-1, False)])
def test_a_copy_comes_within_two_milliseconds(size: int | None, delay: int, copy: bool) -> None:
    """The same datagram is a copy up to 2 ms after the first, not later and not earlier, in whatever batch it is."""
    frame = ethernet(ipv4(DATA))
    assert marks([(0, frame), (delay, frame)], size) == [False, copy]


def test_a_router_alters_time_to_live_and_checksum() -> None:
    """A datagram seen before and after a router is one datagram; one with another octet is another."""
    before, after, other = ipv4(DATA), bytearray(ipv4(DATA, ttl=63)), ipv4(DATA[:-1] + b"\1")
    after[10:12] = b"\xbe\xef"
    assert marks([(0, ethernet(before)), (1, ethernet(bytes(after))), (2, ethernet(other))]) == [False, True, False]


def test_a_retransmission_is_no_copy() -> None:
    """The same message in another IP datagram is a retransmission, even at once."""
    sccrq = udp(message(1))
    assert marks([(0, ethernet(ipv4(sccrq))), (1, ethernet(ipv4(sccrq, identification=2)))]) == [False, False]


@pytest.mark.parametrize(
    "network", [lambda content: (ipv6(content), 0x86DD), lambda content: (ipv4(content, identification=0, fragment=0x4000), 0x0800)]
)
def test_without_a_number_of_its_own_a_repetition_is_no_copy(network: object) -> None:
    """Data without S bit and IP identification may repeat; with another link header, or with a number, it is a copy."""
    assert callable(network)
    plain, kind = network(DATA)
    numbered, _ = network(udp(l2tp(0x0802)))
    zlb, _ = network(udp(l2tp(0xC802, body=b"")))
    hello, _ = network(udp(message(6)))
    elsewhere = b"\2\0\0\0\0\x09" + ethernet(plain, kind)[6:]
    for datagram, copy in ((plain, False), (zlb, False), (numbered, True), (hello, True)):
        assert marks([(0, ethernet(datagram, kind)), (1, ethernet(datagram, kind))]) == [False, copy]
    assert marks([(0, ethernet(plain, kind)), (1, elsewhere)]) == [False, True]
    assert marks([(0, ethernet(plain, kind)), (1, ethernet(plain, kind, tags=(0x8100,)))]) == [False, True]


@pytest.mark.parametrize(("between", "copy"), [(LAGS - 1, True), (LAGS, False)])
@pytest.mark.parametrize("size", [1, 5, None])
def test_a_copy_is_looked_for_among_sixteen_rows(between: int, copy: bool, size: int | None) -> None:
    """Sixteen rows back a copy is found, seventeen not; foreign frames between do not count."""
    frame = ethernet(ipv4(DATA))
    others = [ethernet(ipv4(udp(l2tp(ids=(1, number))), identification=100 + number)) for number in range(between)]
    foreign = [ethernet(ipv4(udp(b"dns", 53, 53)))] * 20
    assert marks([(0, f) for f in [frame, *others, *foreign, frame]], size)[-1] is copy


def test_cut_copies_compare_as_far_as_both_were_captured() -> None:
    """A copy may be captured shorter; a datagram of another length is none."""
    frame = ethernet(ipv4(DATA))
    whole, cut = Record(frame, len(frame)), Record(frame[:60], len(frame))
    assert [row["duplicate"] for row in decode([whole, cut])[0]] == [0, 1]
    longer = ethernet(ipv4(DATA, total=21 + len(DATA)) + b"\0")
    assert marks([(0, frame), (0, longer)]) == [False, False]


def test_another_link_of_the_same_datagram_makes_a_copy() -> None:
    """A tap that shows a datagram with and without its link header shows it twice."""
    datagram = ipv6(DATA)
    rows, _ = decode([Record(ethernet(datagram, 0x86DD), len(datagram) + 14), Record(datagram, len(datagram), 101)])
    assert [row["duplicate"] for row in rows] == [0, 1]


def test_datagrams_put_together_have_no_link() -> None:
    """Two equal datagrams that came in fragments are told by their numbers alone."""
    frames = [
        ethernet(ipv6(bytes((17, 0, 0, begin | more, 0, 0, 0, number)) + DATA[begin : begin + 40], 44), 0x86DD)
        for number in (1, 2)
        for begin, more in ((0, 1), (40, 0))
    ]
    assert marks([(0, frame) for frame in frames]) == [False, False]


def test_many_copies_of_one_are_all_found() -> None:
    """Of a datagram that is there five times, four are copies."""
    assert marks([(number, ethernet(ipv4(DATA))) for number in range(5)]) == [False, True, True, True, True]
