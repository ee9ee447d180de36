"""Counters in the IP ids of data: what is taken for one, what control messages and other tunnels change, and that batches do not matter."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from l2tpscope.capture import merged, open_captures
from l2tpscope.frames import Decoder
from l2tpscope.model.ip_id import IpIdCounter
from l2tpscope.track import ip_id as module
from l2tpscope.track.data import DataTracker
from l2tpscope.track.ip_id import SAMPLE, IpIdTracker

END = 10**15


@dataclass(frozen=True)
class Sent:
    """One datagram of L2TPv2, a millisecond after the one before it."""

    number: int
    """Its IP id."""
    tunnel: int = 7
    control: bool = False
    ns: int | None = None
    """Sequence number of data."""
    source: int = 1

    def frame(self) -> bytes:
        """Ethernet, IPv4, UDP and L2TP."""
        if self.control:
            l2tp = struct.pack(">HHHHHH", 0xC802, 12, self.tunnel, 0, 0, 0)
        elif self.ns is not None:
            l2tp = struct.pack(">HHHHHHHB", 0x0802, self.tunnel, 3, self.ns, 0, 0xFF03, 0x0021, 0x45)
        else:
            l2tp = struct.pack(">HHHHHB", 2, self.tunnel, 3, 0xFF03, 0x0021, 0x45)
        udp = struct.pack(">HHHH", 1701, 1701, 8 + len(l2tp), 0) + l2tp
        ends = bytes((10, 0, 0, self.source, 10, 0, 0, 9))
        ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), self.number & 0xFFFF, 0, 64, 17, 0) + ends
        return b"\x02\0\0\0\0\1\x02\0\0\0\0\2\x08\0" + ip + udp


def found(sent: list[Sent], rows: int | None = None) -> list[IpIdCounter]:
    """What looks like a counter, read *rows* records at a time."""
    records = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)]
    for place, one in enumerate(sent):
        frame = one.frame()
        records.append(struct.pack("<IIII", place // 1000, place % 1000 * 1000, len(frame), len(frame)) + frame)
    decoder, data, tracker = Decoder(()), DataTracker(), IpIdTracker()
    for batch in merged(open_captures([BytesIO(b"".join(records))], rows=rows)):
        if len(batch):
            frames = decoder.decode(batch)
            tracker.feed(frames, *data.feed(frames))
    return tracker.finish(END)


def test_gaps_are_counted_past_the_wrap() -> None:
    """Of ids 65500 to 99 without three of them, three are lost, past 65535 and on."""
    ids = [number for number in range(65500, 65636) if number not in (65520, 65540, 65541)]
    (counter,) = found([Sent(number) for number in ids])
    assert (counter.seen, counter.count.expected, counter.count.received, counter.count.lost) == (133, 136, 133, 3)
    assert (counter.wild, counter.shared) == (0, 0)


@pytest.mark.parametrize("step", [0, 2, 3, 257, 0x100, 40503])
def test_other_steps_are_no_counter(step: int) -> None:
    """Ids that stay, that go by two, that count in the other order of octets, or that leap about, are none of the tunnel's own."""
    assert found([Sent(place * step) for place in range(200)]) == []


def test_too_few_are_no_counter() -> None:
    """Fewer datagrams than the sample say nothing."""
    assert found([Sent(place) for place in range(SAMPLE - 1)]) == []
    assert len(found([Sent(place) for place in range(SAMPLE)])) == 1


def test_numbered_data_are_left_alone() -> None:
    """Data with Ns of their own have no need of it."""
    assert found([Sent(place, ns=place) for place in range(100)]) == []


def test_control_messages_of_the_same_counter_are_no_gaps() -> None:
    """A connected socket gives its next id to control messages too: each is counted, also many in a row, and none is missed."""
    sent = [Sent(place, control=place % 7 == 3 or 60 <= place < 100) for place in range(200)]
    (counter,) = found(sent)
    assert (counter.seen, counter.count.received, counter.count.lost, counter.count.duplicate) == (200, 200, 0, 0)


def test_control_messages_with_ids_of_their_own_are_left_out() -> None:
    """Where they come from another counter they neither count nor stand in for what is lost."""
    sent = [Sent(place) if place % 5 else Sent(30_000 + place, control=True) for place in range(200)]
    (counter,) = found(sent)
    assert (counter.seen, counter.count.received, counter.count.lost) == (160, 160, 39)


def test_tunnels_that_share_a_counter_are_told() -> None:
    """Where one tunnel's gaps are another's ids, that is seen: nobody shall take them for loss."""
    sent = [Sent(place, tunnel=8 if place % 10 == 9 else 7) for place in range(1000)]
    (counter,) = found(sent)
    assert counter.count.lost == 99
    assert counter.shared > 20


def test_tunnels_with_counters_of_their_own_do_not_share() -> None:
    """Two tunnels between the same hosts, each with its own socket, are two counters."""
    sent = [Sent(place + 20_000 * (place % 2), tunnel=7 + place % 2) for place in range(200)]
    assert found(sent) == []
    sent = [Sent(place // 2 + 20_000 * (place % 2), tunnel=7 + place % 2) for place in range(200)]
    assert [(one.seen, one.shared, one.count.lost) for one in found(sent)] == [(100, 0, 0), (100, 0, 0)]


def test_a_counter_that_goes_wild_is_dropped() -> None:
    """What begins as a counter and goes on at random is none, and costs nothing from then on."""
    sent = [Sent(place) for place in range(100)] + [Sent(place * 40503) for place in range(200)]
    assert found(sent) == []


def test_tunnels_beyond_the_bound_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded: further tunnels are not looked at, which is said."""
    monkeypatch.setattr(module, "MOST", 1)
    sent = [Sent(place // 2, tunnel=7 + place % 2, source=1 + place % 2) for place in range(200)]
    assert [one.count.received for one in found(sent)] == [100]


MOVES = {"n": 1, "g": 2, "G": 5, "b": -3, "d": 0, "w": 20_000}


@st.composite
def traffic(draw: st.DrawFn) -> list[Sent]:
    """Two or three tunnels, with losses, late ids, repeats, leaps, and control messages within their counters and without."""
    heads = [draw(st.integers(0, 65535)) for _ in range(3)]
    sent = []
    for _ in range(draw(st.integers(1, 6))):
        which, size = draw(st.integers(0, 2)), draw(st.integers(1, 60))
        moves = draw(st.lists(st.sampled_from("nnnnnnnnnngGbdw"), min_size=1, max_size=8))
        for place in range(size):
            heads[which] += MOVES[moves[place % len(moves)] if place % 9 == 8 else "n"]
            sent.append(Sent(heads[which], tunnel=7 + which, control=place % 11 == 10))
        sent += [Sent(12_345, tunnel=7 + which, control=True)] * draw(st.integers(0, 2))
    return sent


@settings(max_examples=40, deadline=None)
@given(traffic(), st.sampled_from([1, 2, 7, 33, 50]))
def test_batches_do_not_matter(sent: list[Sent], rows: int) -> None:
    """However the records are cut, the counters are the same, and add up."""
    counters = found(sent)
    assert found(sent, rows) == counters
    for counter in counters:
        assert counter.count.expected == counter.count.received + counter.count.lost + counter.count.pending
