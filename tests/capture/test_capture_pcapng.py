"""What pcapng has beyond packets of one interface: sections, interfaces, older blocks, drop counters, blocks of no interest."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from builders import Record, block, enhanced, interface, obsolete, option, pcapng, section, simple, statistics
from hypothesis import given, settings
from hypothesis import strategies as st

from l2tpscope.capture import CaptureInfo, open_capture

ORDERS = pytest.mark.parametrize("order", ["<", ">"])
BLOCK_SIZES = (1, 100, 1 << 20)


def read(*parts: bytes) -> tuple[list[tuple[int, int, bytes, int]], CaptureInfo]:
    """(time, link type, octets, frame) of every packet, and what is known of the capture: the same for any block size."""
    seen = []
    for size in BLOCK_SIZES:
        source = open_capture(io.BytesIO(b"".join(parts)), block_octets=size)
        rows = []
        for batch in source.batches():
            for row, at in enumerate(batch.offset.tolist()):
                data = bytes(batch.octets[at : at + int(batch.captured[row])])
                rows.append((int(batch.time[row]), int(batch.link_type[row]), data, int(batch.frame[row])))
        seen.append((rows, source.info))
    assert seen[0] == seen[1] == seen[2]
    return seen[0]


def clock(order: str, resolution: int, offset_s: int = 0) -> bytes:
    """Options of an interface's clock."""
    return option(order, 9, bytes([resolution])) + option(order, 14, struct.pack(f"{order}q", offset_s)) + option(order, 0, b"")


@ORDERS
def test_interfaces_have_their_own_link_type_and_clock(order: str) -> None:
    """Each packet has the link type of its interface, and the time by its resolution and offset."""
    rows, info = read(
        section(order),
        interface(order, 1),
        interface(order, 113, options=clock(order, 9)),
        enhanced(order, 0, 5, b"a"),
        enhanced(order, 1, 5, b"b"),
        interface(order, 276, options=clock(order, 128 | 1, offset_s=-3)),
        enhanced(order, 2, 5, b"c"),
        enhanced(order, 0, 6, b"d"),
        interface(order, 12, options=clock(order, 3, offset_s=7)),
        enhanced(order, 3, 5, b"e"),
    )
    assert rows == [(5000, 1, b"a", 1), (5, 113, b"b", 2), (-500_000_000, 276, b"c", 3), (6000, 1, b"d", 4), (7_005_000_000, 12, b"e", 5)]
    assert info.link_types == ["Ethernet", "Linux cooked v1", "Linux cooked v2", "raw IP"]
    assert info.time_resolution_s == 0.5


def test_sections_begin_anew() -> None:
    """A section has its own byte order and interfaces; frame numbers go on."""
    rows, info = read(
        *(section("<"), interface("<", 1), enhanced("<", 0, 1, b"a")),
        *(section("<"), interface("<", 9), enhanced("<", 0, 2, b"b")),
        *(section(">"), interface(">", 101), enhanced(">", 0, 3, b"c")),
        *(section("<"), interface("<", 1), interface("<", 12), enhanced("<", 1, 4, b"d")),
    )
    assert rows == [(1000, 1, b"a", 1), (2000, 9, b"b", 2), (3000, 101, b"c", 3), (4000, 12, b"d", 4)]
    assert info.problem is None


@ORDERS
def test_older_blocks(order: str) -> None:
    """Packet Blocks are read like enhanced ones; a Simple Packet Block takes the time before it and counts as undated."""
    rows, info = read(
        section(order),
        interface(order, 1, snaplen=3),
        simple(order, b"abc"),
        enhanced(order, 0, 7, b"defgh"),
        simple(order, b"ijk", length=99),
        obsolete(order, 0, 9, b"lmno", length=50),
        simple(order, b"p"),
    )
    assert rows == [(0, 1, b"abc", 1), (7000, 1, b"defgh", 2), (7000, 1, b"ijk", 3), (9000, 1, b"lmno", 4), (9000, 1, b"p", 5)]
    assert (info.undated_frames, info.cut_frames, info.octets) == (3, 2, 3 + 5 + 99 + 50 + 1)
    assert (info.first_time, info.last_time) == (7000, 9000)


def test_only_undated() -> None:
    """Where no packet has a time stamp, the capture has no first and last time."""
    rows, info = read(section("<"), interface("<"), simple("<", b"a"), simple("<", b"b"))
    assert [row[0] for row in rows] == [0, 0]
    assert (info.first_time, info.last_time, info.undated_frames) == (None, None, 2)


@ORDERS
def test_uninteresting_blocks(order: str) -> None:
    """Names, secrets, unknown blocks are passed over; custom blocks too, but they have frame numbers, as in Wireshark."""
    custom = block(order, 0xBAD, struct.pack(f"{order}I", 32473) + b"abcd")
    rows, info = read(
        section(order),
        block(order, 4, b"names"),
        interface(order),
        custom,
        enhanced(order, 0, 1, b"a"),
        block(order, 10, struct.pack(f"{order}II", 0x544C534B, 5) + b"CLIEN"),
        block(order, 0x40000BAD, b"\0" * 8),
        block(order, 0x80000001, b"whatever"),
        enhanced(order, 0, 2, b"b"),
        custom,
    )
    assert rows == [(1000, 1, b"a", 2), (2000, 1, b"b", 4)]
    assert info.frames == 2
    assert info.problem is None


@ORDERS
def test_drop_counters(order: str) -> None:
    """Losses are those of the last statistics of each interface, or those told by its packets where these are more."""
    count = option(order, 4, struct.pack(f"{order}Q", 3)) + option(order, 0, b"")
    flags = option(order, 2, b"\0\0\0\1") + count
    _, info = read(
        *(section(order), interface(order), interface(order), interface(order)),
        enhanced(order, 0, 1, b"abc", options=count),
        enhanced(order, 0, 2, b"abcd", options=flags),
        enhanced(order, 0, 2, b"", options=option(order, 2, b"\0\0\0\1")),
        *(statistics(order, 0, ifdrop=1), statistics(order, 0, ifdrop=2, osdrop=1)),
        *(statistics(order, 1, osdrop=5), statistics(order, 1, ifdrop=2**64 - 1), statistics(order, 99, ifdrop=1)),
        obsolete(order, 2, 4, b"z", drops=4),
        obsolete(order, 2, 4, b"z", drops=0xFFFF),
        *(section(order), interface(order), statistics(order, 0, ifdrop=100)),
    )
    assert info.reported_drops == (3 + 3) + 5 + 4 + 100


def test_no_drop_counters() -> None:
    """Where nothing is said of losses, none are reported, not even 0; where 0 is said, 0 is."""
    assert read(section("<"), interface("<"), enhanced("<", 0, 1, b"a"))[1].reported_drops is None
    assert read(section("<"), interface("<"), statistics("<", 0, ifrecv=7))[1].reported_drops is None
    assert read(section("<"), interface("<"), statistics("<", 0, ifdrop=0))[1].reported_drops == 0


def test_placeholder_drop_count_and_lying_options() -> None:
    """A drop count of all ones says nothing; options that reach beyond their block, or have no end, are harmless."""
    ones = option("<", 4, b"\xff" * 8)
    lying = struct.pack("<HH", 4, 8) + b"\1\0\0\0"
    endless = option("<", 1, b"") * 5000 + option("<", 4, b"\1" + b"\0" * 7)
    parts = [enhanced("<", 0, 1, b"a", options=options) for options in (ones, lying, endless)]
    rows, info = read(section("<"), interface("<"), *parts)
    assert (len(rows), info.reported_drops) == (3, None)


GOOD = [section("<"), interface("<"), enhanced("<", 0, 1, b"a")]
BAD = [
    (enhanced("<", 1, 2, b"b"), "names an interface that was not described"),
    (obsolete("<", 7, 2, b"b"), "names an interface that was not described"),
    (section(">") + simple(">", b"x"), "names an interface that was not described"),
    (struct.pack("<II", 11, 8), "claims 8 octets"),
    (struct.pack("<II", 6, 28) + bytes(20) + struct.pack("<I", 28), "claims 28 octets"),
    (struct.pack("<II", 11, 0xFFFFFFF0), "claims 4294967280 octets"),
    (
        struct.pack("<II", 6, 1 << 24) + struct.pack("<IIIII", 0, 0, 0, 300_000, 0),
        "has 16777216 octets and claims to hold 300000 of a packet",
    ),
    (block("<", 6, struct.pack("<IIIII", 0, 0, 0, 9, 9) + bytes(8)), "has 40 octets and claims to hold 9 of a packet"),
    (struct.pack("<III", 3, 300_000, 1), "claims to hold 299984 octets"),
    (enhanced("<", 0, 2, b"b")[:-4] + bytes(4), "has 36 octets at its begin and 0 at its end"),
    (block("<", 1, bytes(4)), "describes an interface in 16 octets"),
    (section("<")[:12] + b"\x02\0" + section("<")[14:], "is of version 2.0"),
    (block("<", 0x0A0D0D0A, bytes(16)), "has no byte-order magic"),
    (block("<", 0x0A0D0D0A, b"\x4d\x3c\x2b\x1a\x01\0\0\0"), "begins a section in 20 octets"),
]


@pytest.mark.parametrize(("bad", "why"), BAD)
def test_unsound_blocks(bad: bytes, why: str) -> None:
    """A block that contradicts itself ends the reading, with its place and reason; what came before is delivered."""
    more = enhanced("<", 0, 9, b"after") * 3
    rows, info = read(*GOOD, bad, more)
    assert rows == [(1000, 1, b"a", 1)]
    at = sum(map(len, GOOD)) + (28 if bad.startswith(section(">")) else 0)
    assert f"the block at octet {at} {why}" in str(info.problem)
    assert info.problem
    assert info.problem.endswith("after 1 frames")
    assert not info.truncated_file


def test_padding_left_out_of_the_length() -> None:
    """A block whose total length leaves out its padding, as some writers have it, is read."""
    body = struct.pack("<IIIII", 0, 0, 2, 5, 5) + b"hello"
    odd = struct.pack("<II", 6, 12 + len(body)) + body + b"\0" * 3 + struct.pack("<I", 12 + len(body))
    whole = odd[:-7] + b"\0\0\0" + odd[-4:]
    rows, info = read(*GOOD, whole, enhanced("<", 0, 3, b"x"))
    assert [row[2] for row in rows] == [b"a", b"hello", b"x"]
    assert info.problem is None


def test_too_many_interfaces(monkeypatch: pytest.MonkeyPatch) -> None:
    """A section that describes interfaces without end is left; sections each with a few are not."""
    monkeypatch.setattr("l2tpscope.capture.pcapng.INTERFACE_LIMIT", 10)
    assert "more than 10 interfaces" in str(read(*GOOD, interface("<") * 10)[1].problem)
    assert read(*(GOOD * 30))[1].problem is None


def test_too_many_byte_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that turns its byte order without end is left."""
    monkeypatch.setattr("l2tpscope.capture.pcapng.TURNS_LIMIT", 5)
    turning = [section(order) + interface(order) + enhanced(order, 0, 1, b"a") for order in "<>"]
    rows, info = read(*turning * 10)
    assert len(rows) == 6
    assert "turns the byte order for the 6th time" in str(info.problem)


def test_large_uninteresting_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """A block of no interest that is larger than the buffer is passed over."""
    monkeypatch.setattr("test_capture_pcapng.BLOCK_SIZES", (5000, 20_000, 1 << 20))
    rows, info = read(*GOOD, block("<", 4, bytes(300_000)), GOOD[2])
    assert (len(rows), info.problem) == (2, None)


PARTS = st.one_of(
    st.builds(lambda n, t, d: enhanced("<", n, t, d), st.integers(0, 3), st.integers(0, 1 << 64), st.binary(max_size=30)),
    st.builds(lambda n, t, d: obsolete("<", n, t, d, drops=n), st.integers(0, 3), st.integers(0, (1 << 64) - 1), st.binary(max_size=30)),
    st.builds(lambda d, more: simple("<", d, len(d) + more), st.binary(max_size=30), st.integers(0, 30)),
    st.builds(lambda link, r, o: interface("<", link, 20, clock("<", r, o)), st.integers(0, 300), st.integers(0, 255), st.integers(-9, 9)),
    st.just(section("<")),
    st.just(section(">") + interface(">") + enhanced(">", 0, 1, b"x")),
    st.builds(lambda d: block("<", 0xBAD, d), st.binary(max_size=20)),
    st.binary(max_size=8),
)


@settings(deadline=None, max_examples=200)
@given(st.lists(PARTS, max_size=25), st.integers(0, 20))
def test_block_size_changes_nothing(parts: list[bytes], cut: int) -> None:
    """Whatever the file holds, sound or not, it is read the same in blocks of any size, and never raises."""
    data = b"".join([section("<"), interface("<"), *parts])
    rows, info = read(data[: max(len(data) - cut, 28)])
    assert info.frames == len(rows)
    assert sorted(row[3] for row in rows) == [row[3] for row in rows]


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_flipped_octets(data: st.DataObject) -> None:
    """A file with some octets changed is read the same in blocks of any size, and never raises."""
    octets = bytearray(pcapng("<", [Record(n * 1000, bytes(range(40))) for n in range(20)]))
    for _ in range(data.draw(st.integers(1, 6))):
        octets[data.draw(st.integers(28, len(octets) - 1))] = data.draw(st.integers(0, 255))
    rows, info = read(bytes(octets))
    assert info.frames == len(rows)


def test_interfaces_by_the_thousand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of interfaces, each with its own clock, are told apart, quickly."""
    count = 3000
    parts = [interface("<", n % 300, options=clock("<", 9, n)) for n in range(count)]
    packets = [enhanced("<", n, n, b"") for n in np.random.default_rng(1).permutation(count).tolist()]
    monkeypatch.setattr("test_capture_pcapng.BLOCK_SIZES", (5000, 20_000, 1 << 20))
    rows, _ = read(section("<"), *parts, *packets)
    assert sorted(rows) == [(n * 10**9 + n, n % 300, b"", frame) for (n, frame) in sorted((row[0] % 10**9, row[3]) for row in rows)]
