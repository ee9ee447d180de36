"""ESP per security association: the vectors that measuring tools get wrong, from octets on, and a plain model of the rules."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from esp_frames import ALICE, BOB, CAROL, MILLISECOND, Packet, follow, frames_of, run_of
from hypothesis import given, settings
from hypothesis import strategies as st

from l2tpscope.model.esp import WINDOWS, EspSeries
from l2tpscope.track import esp, samples
from l2tpscope.track.esp import EspTracker

TOP = 2**32
STEADY = [*range(1, 2001)]

VECTORS: dict[str, tuple[list[int], dict[str, Any]]] = {
    "a swap": ([1, 2, 4, 3, 5], {"expected": 5, "received": 5, "lost": 0, "reordered": 1, "max_reorder_extent": 1, "duplicate": 0}),
    "a loss": ([1, 2, 4, 5], {"expected": 5, "received": 4, "lost": 1, "reordered": 0}),
    "birth at 1": ([1, 2, 3], {"first_number": 1, "expected": 3, "lost": 0}),
    "begun in the middle": ([5000, 5001, 5003], {"first_number": 5000, "expected": 4, "lost": 1}),
    "a repeat": ([1, 2, 3, 2, 4], {"received": 4, "duplicate": 1, "lost": 0, "reordered": 0}),
    "a repeat beside a loss": ([1, 2, 2, 4], {"received": 3, "duplicate": 1, "lost": 1}),
    "a wrap of 32 bits": ([TOP - 2, TOP - 1, 0, 1], {"expected": 4, "received": 4, "lost": 0, "restarts": 0, "wraps": 1}),
    "a loss across the wrap": ([TOP - 2, TOP - 1, 2, 3], {"expected": 6, "received": 4, "lost": 2, "restarts": 0, "wraps": 1}),
    "a swap across the wrap": ([TOP - 1, 1, 0, 2], {"lost": 0, "reordered": 1, "restarts": 0, "wraps": 1}),
    "a failover that leaps a million ahead": (
        [*range(1, 11), *range(1_000_010, 1_000_021)],
        {"expected": 21, "received": 21, "lost": 0, "restarts": 1, "wraps": 0},
    ),
    "a new begin far below": ([*range(900_001, 900_011), *range(1, 11)], {"expected": 20, "received": 20, "lost": 0, "restarts": 1}),
    "a corrupt number": ([1, 2, 3_000_000_000, 3, 4], {"received": 4, "lost": 0, "strays": 1, "restarts": 0}),
    "a replay of a run long past": (
        [*STEADY, *range(100, 120), *range(2001, 2011)],
        {"expected": 2010, "received": 2010, "duplicate": 20, "lost": 0, "restarts": 0, "strays": 0},
    ),
    "a replay among the living": (
        [*STEADY, 100, 2001, 101, 2002, 102, 2003],
        {"expected": 2003, "received": 2003, "duplicate": 3, "lost": 0, "restarts": 0, "strays": 0},
    ),
    "one that was 1500 late": (
        [*range(1, 11), *range(12, 1512), 11],
        {"expected": 1511, "received": 1511, "lost": 0, "reordered": 1, "duplicate": 0, "max_reorder_extent": 1500},
    ),
    "a repeat of what came before the capture": ([*range(5000, 6000), 5500 - 1000], {"expected": 1000, "lost": 0, "strays": 1}),
}
"""Sequence numbers 10 ms apart, and what is to be counted."""


def told(series: EspSeries) -> dict[str, Any]:
    """All counts of a series by name."""
    assert series.count is not None
    names = type(series.count).__slots__
    return {name: getattr(series.count, name) for name in names} | {"wraps": series.wraps}


@pytest.mark.parametrize("name", VECTORS)
@pytest.mark.parametrize("ports", [None, (4500, 4500)], ids=["ip", "udp"])
def test_vector(name: str, ports: tuple[int, int] | None) -> None:
    """Each order of numbers is counted as the RFCs define it, directly in IP as in UDP, whole and one record at a time."""
    numbers, expected = VECTORS[name]
    for rows in (None, 1, 7):
        (series,) = follow(run_of(numbers, ports=ports), rows=rows)
        counts = told(series)
        assert {key: counts[key] for key in expected} == expected
        assert series.packets == len(numbers)
        assert counts["expected"] == counts["received"] + counts["lost"] + counts["pending"]


def test_an_outage_is_loss_and_a_leap_is_not() -> None:
    """At 1000 packets a second, 10,000 numbers missing after ten seconds were lost; missing at once, they were not sent."""
    before = run_of(range(1, 1001), gap=MILLISECOND)
    outage = run_of(range(11_001, 11_101), gap=MILLISECOND, begin=11_000 * MILLISECOND)
    leap = run_of(range(11_001, 11_101), gap=MILLISECOND, begin=1_001 * MILLISECOND)
    assert [told(follow([*before, *after])[0])["lost"] for after in (outage, leap)] == [10_000, 0]
    assert [told(follow([*before, *after])[0])["restarts"] for after in (outage, leap)] == [0, 1]


def test_a_burst_lost_at_the_end_is_pending() -> None:
    """Numbers missing for 50 ms when the capture ends may still come; nothing lost is claimed."""
    packets = run_of([1, 2, 3, 30])
    assert told(follow(packets, now=80 * MILLISECOND)[0])["pending"] == 26
    assert told(follow(packets, now=80 * MILLISECOND)[0])["lost"] == 0


def test_the_same_spi_to_two_receivers_is_two_sas() -> None:
    """The receiver chooses the SPI (RFC 4303 §2.1): 1 2 to Bob and 1 2 to Carol are no duplicates."""
    to_bob, to_carol = run_of([1, 2]), run_of([1, 2], destination=CAROL)
    series = follow([to_bob[0], to_carol[0], to_bob[1], to_carol[1]])
    assert [(one.receiver.address, one.packets, told(one)["duplicate"]) for one in series] == [(BOB, 2, 0), (CAROL, 2, 0)]


def test_encapsulations_and_protocols_are_series_of_their_own() -> None:
    """The same SPI and receiver directly in IP, in UDP, and as AH: three."""
    series = follow([Packet(), Packet(time=MILLISECOND, ports=(4500, 4500)), Packet(time=2 * MILLISECOND, protocol=51, octets=64)])
    assert [(one.protocol, one.encapsulation, one.spi) for one in series] == [
        ("esp", "ip", 0x1234),
        ("esp", "udp", 0x1234),
        ("ah", "ip", 0x1234),
    ]


def test_a_copy_by_the_capture_is_no_duplicate() -> None:
    """A mirror port that sends each frame twice, 0.1 ms apart, changes no count; the same octets 3 ms later are a repeat."""
    packets = run_of([1, 2, 3])
    copies = [replace(packet, time=packet.time + MILLISECOND // 10) for packet in packets]
    mirrored = [packet for pair in zip(packets, copies, strict=True) for packet in pair]
    assert told(follow(mirrored)[0]) == told(follow(packets)[0])
    repeated = [*packets, replace(packets[2], time=packets[2].time + 3 * MILLISECOND)]
    assert told(follow(repeated)[0])["duplicate"] == 1


def test_a_mapping_that_changes_moves_the_series() -> None:
    """A NAT that gives another port, then another address: one SA, two moves, each told with its first frame."""
    ports = [(4500, 4500)] * 3 + [(61991, 4500)] * 3
    packets = [replace(one, ports=pair) for one, pair in zip(run_of(range(1, 7)), ports, strict=True)]
    packets += run_of(range(7, 9), begin=60 * MILLISECOND, ports=(61991, 4500), source=CAROL)
    for rows in (None, 1, 4):
        (series,) = follow(packets, rows=rows)
        assert (series.moved, told(series)["lost"], told(series)["duplicate"]) == (2, 0, 0)
        assert [(move.frame, move.sender) for move in series.moves] == [(4, (ALICE, 61991)), (7, (CAROL, 61991))]
        assert series.sender == (ALICE, 4500)


def test_the_receivers_port_may_move_too() -> None:
    """A server that sends to a client behind a NAT follows its new port: the same SA."""
    packets = [replace(one, ports=(4500, port)) for one, port in zip(run_of([1, 2, 3]), (4500, 39075, 39075), strict=True)]
    (series,) = follow(packets)
    assert [(move.frame, move.receiver) for move in series.moves] == [(2, (BOB, 39075))]


def test_moves_are_counted_beyond_those_that_are_kept() -> None:
    """Two senders that take turns: every change is counted, 100 are kept."""
    packets = [replace(one, source=(ALICE, CAROL)[one.number % 2]) for one in run_of(range(500))]
    (series,) = follow(packets)
    assert (series.moved, len(series.moves)) == (499, esp.MOST_MOVES)


def test_what_replay_windows_drop() -> None:
    """A packet 50 late falls out of a window of 32 alone; a repeat out of every one (RFC 4303 §3.4.3)."""
    (series,) = follow(run_of([*range(1, 11), *range(12, 62), 11, 61]))
    assert series.would_drop == {32: 2, 64: 1, 128: 1, 1024: 1}


def test_after_a_new_begin_a_receiver_drops_everything() -> None:
    """A sender that begins at 1 again is shut out by every window until it is past the highest number."""
    (series,) = follow(run_of([*range(2001, 2011), *range(1, 21)]))
    assert series.would_drop == dict.fromkeys(WINDOWS, 20)
    (leapt,) = follow(run_of([*range(1, 11), *range(1_000_010, 1_000_021)]))
    assert leapt.would_drop == dict.fromkeys(WINDOWS, 0)


def test_sizes_and_octets_are_those_of_the_headers() -> None:
    """ESP octets are counted without UDP and IP headers, also where the capture cut the packet."""
    packets = [replace(one, octets=size, ports=(4500, 4500)) for one, size in zip(run_of(range(1, 5)), (68, 68, 1400, 84), strict=True)]
    (series,) = follow(packets, snaplen=64)
    assert (series.octets, series.sizes) == (68 + 68 + 1400 + 84, {68: 2, 84: 1, 1400: 1})


def test_samples_are_the_first_last_and_small_packets() -> None:
    """Of 200 packets the first and last 64 are kept, and all of at most 100 octets, each with its number and frame."""
    packets = [replace(one, octets=68 if one.number % 5 == 0 else 500) for one in run_of(range(1, 201))]
    for rows in (None, 1, 70):
        (series,) = follow(packets, rows=rows)
        assert series.head is not None
        assert series.tail is not None
        assert series.small is not None
        assert series.head.sequence.tolist() == [*range(1, 65)]
        assert series.tail.sequence.tolist() == series.tail.frame.tolist() == [*range(137, 201)]
        assert series.small.sequence.tolist() == [*range(5, 201, 5)]
        assert set(series.small.octets.tolist()) == {68}
        assert series.small_unkept == 0


def test_small_packets_are_thinned_alike_however_they_are_fed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound each SA keeps its first so many, and says how many it did not; the cut into batches changes nothing."""
    monkeypatch.setattr(samples, "MOST_SMALL", 60)
    packets = [replace(one, spi=0x1000 + one.number % 3) for one in run_of(range(300))]
    results = []
    for rows in (None, 1, 50):
        series = follow(packets, rows=rows)
        results.append([(one.small.frame.tolist(), one.small_unkept) for one in series if one.small is not None])
    assert results[0] == results[1] == results[2]
    assert all(len(frames) + unkept == 100 and len(frames) == 19 for frames, unkept in results[0])


def test_random_spis_do_not_fill_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """SAs beyond the bound are counted in one note."""
    monkeypatch.setattr(esp, "MOST", 50)
    tracker = EspTracker()
    for frames in frames_of([replace(one, spi=0x1000 + one.number) for one in run_of(range(200))], rows=30):
        tracker.feed(frames)
    assert len(tracker.finish(0)) == 49
    assert tracker.notes() == ["151 ESP packets belong to SAs too many to be told apart (over 50): not in the tables"]


def test_a_packet_cut_before_its_number_is_counted_without_it() -> None:
    """In UDP a snaplen of 48 leaves the SPI and cuts the number: packets and octets, no sequence."""
    (series,) = follow(run_of([1, 2], ports=(4500, 4500)), snaplen=48)
    assert (series.packets, series.count) == (2, None)


@st.composite
def orders(draw: st.DrawFn) -> list[int]:
    """Numbers that went forward with gaps, swaps and repeats, none further back than 60."""
    numbers, head = [], draw(st.integers(1, 2**32 - 1))
    for move in draw(st.lists(st.sampled_from("nnnnnngbd"), max_size=120)):
        step = {"n": 1, "g": draw(st.integers(2, 40)), "b": -draw(st.integers(1, 60)), "d": 0}[move]
        numbers.append((head + step) % TOP)
        head += max(step, 0)
    return numbers


def plain_model(numbers: list[int]) -> dict[str, Any]:
    """The counts of a run of numbers, read one by one: what was seen is a set."""
    seen: set[int] = set()
    duplicate, reordered, extent, highest, base = 0, 0, 0, 0, 0
    dropped = dict.fromkeys(WINDOWS, 0)
    for at, number in enumerate(numbers):
        near = number if not at else highest + (number - highest + TOP // 2) % TOP - TOP // 2
        highest, base = (near, near) if not at else (highest, min(base, near))
        repeat = near in seen
        for window in WINDOWS:
            dropped[window] += repeat or near <= highest - window
        duplicate += repeat
        late = not repeat and near < highest
        reordered += late
        extent = max(extent, highest - near) if late else extent
        seen.add(near)
        highest = max(highest, near)
    expected = highest - base + 1 if numbers else 0
    return {
        "expected": expected,
        "received": len(seen),
        "lost": expected - len(seen),
        "duplicate": duplicate,
        "reordered": reordered,
        "max_reorder_extent": extent,
        "would_drop": dropped,
    }


@settings(max_examples=150, deadline=None)
@given(orders(), st.lists(st.integers(1, 100), max_size=3))
def test_counts_are_those_of_the_plain_model(numbers: list[int], cuts: list[int]) -> None:
    """Whatever the order, and however it is cut, each count equals that of a reading one by one."""
    packets = run_of(numbers)
    borders = sorted({0, len(packets), *[cut for cut in cuts if cut < len(packets)]})
    tracker = EspTracker()
    every = list(frames_of(packets, rows=1))
    assert len(every) == len(packets)
    for begin, end in pairwise(borders):
        for frames in frames_of(packets[begin:end]):
            tracker.feed(frames)
    for series in tracker.finish(10**15):
        expected = plain_model(numbers)
        counts = told(series) | {"would_drop": series.would_drop}
        assert {name: counts[name] for name in expected} == expected


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from([0, 1, 2, 3, 2000, 5000, 10**6, 2**31, 2**32 - 1])), max_size=80))
def test_batches_do_not_matter(steps: list[tuple[int, int]]) -> None:
    """Leaps and all: one record at a time, and all at once, give the same series to the last field."""
    heads, packets = [1, 2**32 - 5, 70_000], []
    for at, (which, step) in enumerate(steps):
        heads[which] = (heads[which] + step) % TOP
        packets.append(Packet(heads[which], at * 7 * MILLISECOND, spi=0x2000 + which, identification=at))
    results = [follow(packets, rows=rows) for rows in (None, 1, 9)]
    for one, *others in zip(*results, strict=True):
        for other in others:
            assert told(one) == told(other)
            assert (one.would_drop, one.last_sequence, one.sizes, one.first, one.last) == (
                other.would_drop,
                other.last_sequence,
                other.sizes,
                other.first,
                other.last,
            )


def test_long_runs_between_leaps_are_counted_like_short_ones() -> None:
    """A space that leaps within a large batch is taken in columns between its leaps: the same counts as record by record."""
    dice = np.random.default_rng(4)
    numbers: list[int] = []
    for begin in (1, 2_000_000, 9_000_000, 9_000_500):
        kept = np.flatnonzero(dice.random(9000) > 0.01) + begin
        numbers += kept.tolist()
    packets = run_of(numbers, gap=MILLISECOND)
    (whole,), (cut,) = follow(packets), follow(packets, rows=311)
    assert told(whole) == told(cut)
    assert told(whole)["restarts"] == 3
