"""Fragments: put together, refused, forgotten."""

from __future__ import annotations

import struct
from itertools import pairwise, permutations

import pytest
from frame_builders import Record, decode, ethernet, ipv4, ipv6, l2tp, udp
from hypothesis import given, settings
from hypothesis import strategies as st

from l2tpscope.frames import Decoder
from l2tpscope.frames.fragments import COPY_NS, KEEP_NS, MAX_DATAGRAMS, MAX_OCTETS, STALE_NS, Fragment, Fragments

BODY = b"\xff\x03\x00\x21" + bytes(range(200))
WHOLE = udp(l2tp(ids=(5, 6), body=BODY))
SECOND = 1_000_000_000


def pieces4(content: bytes = WHOLE, cuts: tuple[int, ...] = (64, 128), identification: int = 7, options: int = 0) -> list[bytes]:
    """A datagram of IPv4 in fragments."""
    edges = [0, *cuts, len(content)]
    return [
        ethernet(
            ipv4(
                content[begin:end],
                identification=identification,
                fragment=begin // 8 | (0x2000 if end < len(content) else 0),
                options=options,
            )
        )
        for begin, end in pairwise(edges)
    ]


def pieces6(content: bytes = WHOLE, cuts: tuple[int, ...] = (64, 128)) -> list[bytes]:
    """A datagram of IPv6 in fragments, a Destination Options header before them."""
    edges = [0, *cuts, len(content)]
    frames = []
    for begin, end in pairwise(edges):
        fragment = struct.pack(">BBHI", 17, 0, begin | (end < len(content)), 99) + content[begin:end]
        frames.append(ethernet(ipv6(struct.pack(">BB6x", 44, 0) + fragment, 60), 0x86DD))
    return frames


def timed(frames: list[bytes], step: int = 1000) -> list[Record]:
    """Frames as records, one every *step* nanoseconds."""
    return [Record(frame, len(frame), time=step * number) for number, frame in enumerate(frames)]


@pytest.mark.parametrize("frames", [pieces4(), pieces4(options=3), pieces6()], ids=["IPv4", "IPv4 with options", "IPv6"])
def test_any_order_gives_the_datagram_at_its_last_fragment(frames: list[bytes]) -> None:
    """In whatever order fragments come, the row stands at the last one, with the whole payload and length."""
    for order in permutations(frames):
        rows, counts = decode(timed(list(order)))
        assert [row["frame"] for row in rows] == [3]
        assert rows[0]["body"] == BODY
        assert rows[0]["ip_octets"] in (20 + len(WHOLE), 32 + len(WHOLE), 48 + len(WHOLE))
        assert counts == {"L2TP2_DATA": 3}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 26), unique=True, max_size=8), st.randoms(), st.sampled_from([1, 2, None]))
def test_any_cut_gives_the_datagram(cuts: list[int], random: object, size: int | None) -> None:
    """However a datagram is cut, shuffled and read in batches, it comes out as it went in."""
    frames = pieces4(cuts=tuple(8 * cut for cut in sorted(cuts)))
    random.shuffle(frames)  # type: ignore[attr-defined]
    rows, _ = decode(timed(frames), size)
    assert [row["payload"] for row in rows] == [WHOLE[8:]]


def test_overlaps_refuse_the_datagram() -> None:
    """A fragment that overlaps another one kills the datagram, and every fragment of it is counted as lost."""
    first, second, third = pieces4()
    overlapping = ethernet(ipv4(WHOLE[56:128], identification=7, fragment=7 | 0x2000))
    rows, counts = decode(timed([first, overlapping, second, third]))
    assert rows == []
    assert counts == {"lost": 4}


def test_the_same_fragment_twice_is_no_overlap() -> None:
    """A capture that holds every fragment twice yields one datagram; copies after its end are lost fragments."""
    rows, counts = decode(timed([frame for frame in pieces4() for _ in range(2)]))
    assert [row["frame"] for row in rows] == [5]
    assert counts == {"L2TP2_DATA": 5, "lost": 1}


def test_incomplete_datagrams_wait_then_count_as_lost() -> None:
    """Fragments of what never becomes whole give no row: they wait, and are lost when their time is over."""
    decoder = Decoder()
    frames = timed(pieces4()[:2])
    rows, counts = decode(frames, decoder=decoder)
    assert (rows, counts) == ([], {"waiting": 2})
    late = pieces4(identification=8)[0]
    _, counts = decode([Record(late, len(late), time=KEEP_NS + 2000)], decoder=decoder)
    assert counts == {"lost": 2, "waiting": 1}


def test_an_identification_that_comes_round_begins_anew() -> None:
    """A half datagram does not spoil the next one with its identification: what contradicts it later replaces it."""
    other = udp(l2tp(ids=(9, 9), body=BODY))
    old, new = pieces4()[:1], pieces4(other)
    late = [Record(frame, len(frame), time=STALE_NS + 5000 + number) for number, frame in enumerate(new)]
    rows, counts = decode([*timed(old), *late])
    assert [row["tunnel"] for row in rows] == [9]
    assert counts == {"L2TP2_DATA": 3, "lost": 1}


def test_a_complete_identification_may_come_again() -> None:
    """After the time in which copies come, the same identification is another datagram."""
    again = [Record(frame, len(frame), time=COPY_NS + 10_000 + number) for number, frame in enumerate(pieces4())]
    rows, _ = decode([*timed(pieces4()), *again])
    assert [row["frame"] for row in rows] == [3, 6]


def test_cut_fragments_give_what_is_there() -> None:
    """With a snaplen, lengths are those of the headers and the payload goes as far as the first fragment was captured."""
    records = [Record(frame[:60], len(frame), time=number) for number, frame in enumerate(pieces4())]
    rows, _ = decode(records)
    assert (rows[0]["payload_octets"], rows[0]["payload_captured"]) == (len(WHOLE) - 8, 60 - 14 - 20 - 8)
    assert (rows[0]["tunnel"], rows[0]["body_octets"]) == (5, len(BODY))


def test_atomic_fragments_are_whole() -> None:
    """An IPv6 Fragment header that fragments nothing (RFC 6946) is stepped over."""
    rows, counts = decode(timed(pieces6(cuts=())))
    assert rows[0]["body"] == BODY
    assert counts == {"L2TP2_DATA": 1}


def test_what_is_too_short_counts_with_all_its_fragments() -> None:
    """A datagram captured without its first L2TP word is undecoded, every fragment of it."""
    first, *others = pieces4()
    _, counts = decode([Record(first[: 14 + 20 + 8 + 1], len(first)), *timed(others)])
    assert counts == {"undecoded": 3}


def test_a_refused_identification_may_come_again() -> None:
    """After its time a refused datagram no longer spoils the next one with its identification."""
    overlapping = ethernet(ipv4(WHOLE[56:128], identification=7, fragment=7 | 0x2000))
    again = [Record(frame, len(frame), time=STALE_NS + 5000 + number) for number, frame in enumerate(pieces4())]
    rows, _ = decode([*timed([pieces4()[0], overlapping]), *again])
    assert [row["frame"] for row in rows] == [5]


def test_many_datagrams_of_one_batch_keep_their_octets() -> None:
    """However many datagrams are put together in a batch, each keeps its own octets."""
    contents = [udp(l2tp(ids=(5, number), body=number.to_bytes(2, "big") * 700)) for number in range(300)]
    frames = [frame for number, content in enumerate(contents) for frame in pieces4(content, (800,), identification=number)]
    rows, _ = decode(timed(frames))
    assert [row["payload"] for row in rows] == [content[8:] for content in contents]


def part(begin: int, end: int, last: bool = False, fill: int = 0) -> Fragment:
    """A fragment with a header of 20 octets."""
    return Fragment(begin, end, last, bytes((fill,)) * (end - begin), bytes(20))


def test_memory_is_bounded_in_datagrams() -> None:
    """Of too many unfinished datagrams the oldest is given up."""
    fragments = Fragments()
    for number in range(MAX_DATAGRAMS + 10):
        fragments.add((4, b"", number, 17), part(0, 8), number)
    assert (fragments.waiting, fragments.lost) == (MAX_DATAGRAMS, 10)


def test_memory_is_bounded_in_octets() -> None:
    """Unfinished datagrams never hold more than their share of octets."""
    fragments = Fragments()
    for number in range(200):
        fragments.add((4, b"", number, 17), part(0, 65000), number)
    assert fragments.waiting * 65020 <= MAX_OCTETS
    assert fragments.lost + fragments.waiting == 200


@pytest.mark.parametrize(
    "fragment",
    [part(65528, 65536 + 8, True), part(8, 8, True), part(0, 12), part(0, 65530)],
    ids=["past the largest datagram", "empty", "not in eights", "too long with its header"],
)
def test_impossible_fragments_refuse_the_datagram(fragment: Fragment) -> None:
    """Fragments that no sender can mean are lost, with their datagram."""
    fragments = Fragments()
    assert fragments.add((4, b"", 1, 17), fragment, 0) is None
    assert (fragments.waiting, fragments.lost) == (0, 1)


def test_contradicting_ends_refuse_the_datagram() -> None:
    """Two last fragments that end in different places cannot both be true."""
    fragments = Fragments()
    for fragment in (part(16, 24, True), part(32, 40, True), part(0, 16)):
        assert fragments.add((4, b"", 1, 17), fragment, 0) is None
    assert fragments.lost == 3


def test_a_header_longer_than_the_rest_cannot_overflow() -> None:
    """A first fragment with a long header and a last one that reaches 65,535 are refused, not wrapped."""
    fragments = Fragments()
    fragments.add((4, b"", 1, 17), Fragment(65512, 65515, True, bytes(3), bytes(20)), 0)
    assert fragments.add((4, b"", 1, 17), Fragment(0, 65472, False, b"", bytes(60)), 0) is None
    assert fragments.add((4, b"", 1, 17), Fragment(65472, 65512, False, bytes(40), bytes(20)), 0) is None
    assert fragments.lost == 3


def test_fragments_of_foreign_datagrams_are_counted_as_other() -> None:
    """What is put together and is none of ours counts with all its fragments."""
    _, counts = decode(timed(pieces4(udp(bytes(200), 53, 53))))
    assert counts == {"OTHER": 3}
