"""NAT keepalives, counted by sender and receiver in bounded memory."""

from __future__ import annotations

import struct
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from l2tpscope.capture import merged, open_captures
from l2tpscope.frames import Decoder, Endpoint
from l2tpscope.model.keepalive import Keepalives
from l2tpscope.track import keepalive as module
from l2tpscope.track.keepalive import KeepaliveTracker

SERVER = b"\xcb\x00\x71\x05"
Sent = tuple[int, int, int]
"""Microseconds, last octet of the client's address, its port."""


def capture(sent: list[Sent], payload: bytes = b"\xff", dport: int = 4500) -> BytesIO:
    """A pcap of datagrams to the server."""
    records = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)]
    for number, (time, host, port) in enumerate(sent):
        udp = struct.pack(">HHHH", port, dport, 8 + len(payload), 0) + payload
        source = bytes((198, 51, 100, host))
        ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), number & 0xFFFF, 0, 64, 17, 0, source, SERVER)
        frame = b"\x02\0\0\0\0\1\x02\0\0\0\0\2\x08\0" + ip + udp
        records.append(struct.pack("<IIII", time // 1_000_000, time % 1_000_000, len(frame), len(frame)) + frame)
    return BytesIO(b"".join(records))


def followed(file: BytesIO, rows: int | None = None) -> tuple[list[Keepalives], list[str]]:
    """What the tracker makes of it, read *rows* records at a time."""
    decoder, tracker = Decoder(()), KeepaliveTracker()
    for batch in merged(open_captures([file], rows=rows)):
        if len(batch):
            tracker.feed(decoder.decode(batch))
    return tracker.finish(), tracker.notes()


def test_each_sender_has_its_count_and_cadence() -> None:
    """Two clients behind one NAT are told apart by their ports, with the median of their intervals."""
    sent = [(20_000_000 * number, 7, 4500) for number in range(10)] + [(5_000_000 + 15_000_000 * number, 7, 39075) for number in range(5)]
    rows, notes = followed(capture(sorted(sent)))
    assert [(row.sender.port, row.count, row.median_s, row.frame) for row in rows] == [(4500, 10, 20.0, 1), (39075, 5, 15.0, 2)]
    assert {row.receiver for row in rows} == {Endpoint(SERVER, 4500)}
    assert not notes


def test_a_single_one_has_no_cadence() -> None:
    """Of one keepalive no interval is known."""
    rows, _ = followed(capture([(0, 7, 4500)]))
    assert [(row.count, row.median_s) for row in rows] == [(1, None)]


@pytest.mark.parametrize(("payload", "dport"), [(b"\xfe", 4500), (b"\xff\xff", 4500), (b"\xff", 1701)])
def test_other_datagrams_are_no_keepalives(payload: bytes, dport: int) -> None:
    """Another octet, two octets, or another port are something else."""
    assert not followed(capture([(0, 7, 5000), (20_000_000, 7, 5000)], payload, dport))[0]


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(1, 3), st.sampled_from((4500, 5000))), max_size=60))
def test_the_rows_do_not_depend_on_how_they_are_cut(sent: list[Sent]) -> None:
    """Read one at a time, seven at a time or all at once, the result is that of a dictionary."""
    sent.sort()
    whole = followed(capture(sent))[0]
    assert whole == followed(capture(sent), rows=1)[0] == followed(capture(sent), rows=7)[0]
    assert {(row.sender.address[3], row.sender.port): row.count for row in whole} == {
        (host, port): sum(one[1:] == (host, port) for one in sent) for _, host, port in sent
    }


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond so many senders keepalives are only counted, and intervals beyond so many are not kept."""
    monkeypatch.setattr(module, "MOST", 5)
    monkeypatch.setattr(module, "MOST_INTERVALS", 3)
    sent = [(1000 * number, number % 200 + 1, 4500) for number in range(200)]
    rows, notes = followed(capture(sent))
    assert len(rows) == 5
    assert notes == ["195 NAT keepalives were not counted: they are of more than 5 senders"]
    many = [(1_000_000 * number if number < 4 else 4_000_000 * number, 7, 4500) for number in range(50)]
    assert [(row.count, row.median_s) for row in followed(capture(many))[0]] == [(50, 1.0)]
