"""Streams of TCP: every message once, however they are cut, repeated or reordered; memory bounded."""

from __future__ import annotations

import struct
from collections import Counter
from typing import Any

from frame_builders import Record, decode
from hypothesis import given, settings
from hypothesis import strategies as st
from tcp_builders import PREFIX, Talk, esp, framed, ike_message, records_of, tcp

from l2tpscope.frames.messages import Piece
from l2tpscope.frames.streams import MAX_CONNECTIONS, MAX_HELD, MAX_OCTETS, MAX_SPANS, Segment, Streams
from l2tpscope.frames.window import Arena

SLACK = 64


def messages_of(rows: list[dict[str, Any]], *, server: bool) -> list[bytes]:
    """What a side sent, as far as it was found."""
    return [row["payload"] for row in rows if (row["source_port"] == 4500) == server]


@st.composite
def talks(draw: st.DrawFn) -> tuple[Talk, list[list[bytes]]]:
    """A connection whose sides send messages, cut anywhere; and these messages."""
    talk = Talk(stamped=draw(st.integers(0, 1)))
    if draw(st.booleans()):
        talk.handshake()
    sent: list[list[bytes]] = [[], []]
    sequence = 1
    for turn in range(draw(st.integers(1, 4))):
        for server in (False, True):
            some = [ike_message(turn, draw(st.integers(60, 3000)), response=server)]
            for _ in range(draw(st.integers(0, 4))):
                some.append(esp(sequence, 0xC0FFEE01 + server, draw(st.integers(40, 400))))
                sequence += 1
            sent[server] += some
            stream = (b"" if turn or server else PREFIX) + b"".join(framed(message) for message in some)
            first = [len(PREFIX)] if not turn and not server else []
            cuts = [cut for cut in draw(st.lists(st.integers(1, len(stream)), max_size=5)) if not first or cut >= len(PREFIX)]
            talk.cut(stream, cuts, server=server)
    return talk, sent


@settings(max_examples=150, deadline=None)
@given(talks(), st.integers(1, 9))
def test_every_message_is_found_once_however_it_is_cut(talk: tuple[Talk, list[list[bytes]]], size: int) -> None:
    """The messages of both sides come out in their order, whatever segments and batches they were cut into."""
    frames = records_of(talk[0].frames)
    rows, counts = decode(frames)
    assert [messages_of(rows, server=server) for server in (False, True)] == talk[1]
    assert counts.total() == len(frames)
    assert decode(frames, size) == (rows, counts)
    headers = sum(34 + (frame[46] >> 4) * 4 - 14 for frame in talk[0].frames if len(frame) > 34 + (frame[46] >> 4) * 4)
    octets = sum(2 + len(message) for side in talk[1] for message in side)
    assert sum(row["ip_octets"] for row in rows) == octets + headers + len(PREFIX)


@settings(max_examples=150, deadline=None)
@given(talks(), st.data())
def test_repeated_segments_give_no_rows(talk: tuple[Talk, list[list[bytes]]], data: st.DataObject) -> None:
    """A segment sent again, at once or later, whole or together with the one behind it, adds nothing and takes nothing."""
    frames, often = talk[0].frames, []
    for number, frame in enumerate(frames):
        often.append(frame)
        often += [frames[data.draw(st.integers(0, number))] for _ in range(data.draw(st.integers(0, 2)))]
    rows, _ = decode(records_of(often))
    assert [messages_of(rows, server=server) for server in (False, True)] == talk[1]


@settings(max_examples=200, deadline=None)
@given(talks(), st.data())
def test_reordered_segments_lose_nothing(talk: tuple[Talk, list[list[bytes]]], data: st.DataObject) -> None:
    """Segments that overtake each other, behind the prefix, still give every message once."""
    frames = talk[0].frames
    first = next(number for number, frame in enumerate(frames) if PREFIX in frame) + 1
    late = [(number + data.draw(st.integers(0, 4)), number) for number in range(first, len(frames))]
    order = [*range(first), *(number for _, number in sorted(late))]
    rows, counts = decode(records_of([frames[number] for number in order]))
    assert [Counter(messages_of(rows, server=server)) for server in (False, True)] == [Counter(side) for side in talk[1]]
    assert decode(records_of([frames[number] for number in order]), 3) == (rows, counts)


def follow(streams: Streams, octets: bytes, sequence: int, key: int = 1, *, proven: bool = True, captured: int | None = None) -> list[Any]:
    """What a segment of the client's gives."""
    arena = Arena(bytearray(octets + bytes(SLACK)))
    there = len(octets) if captured is None else captured
    segment = Segment(True, sequence, 1, syn=False, piece=Piece(0, len(octets), there), before=40)
    return [found.message[3:] for found in streams.follow(arena, key, segment, proven=proven)]


def test_a_gap_is_bridged_where_lengths_fit_an_sa_known() -> None:
    """Behind a gap the first segment of whole messages of an SA seen before is followed; what is no whole message is counted."""
    streams = Streams()
    assert len(follow(streams, PREFIX + framed(ike_message()) + framed(esp(1)), 100)) == 2
    part = framed(esp(3, size=200))[60:]
    assert follow(streams, part, 2000) == []
    assert streams.unfollowed == 1
    assert follow(streams, framed(esp(4)), 2000 + len(part)) == [(9, 0xC0FFEE01, 4)]
    assert follow(streams, framed(esp(9, 0xBEEFBEEF)), 9000) == [], "an SPI never seen"
    assert follow(streams, framed(esp(10, 0xBEEFBEEF)), 9062) == [(9, 0xBEEFBEEF, 10)], "but twice in a row it is believed"
    assert streams.unfollowed == 2


def test_what_fills_a_gap_late_is_read_then() -> None:
    """A message of which the middle comes last is whole with it, and its segment is not counted as lost."""
    streams, message = Streams(), framed(ike_message(size=4000))
    follow(streams, PREFIX + message[:1000], 2**32 - 500)
    assert follow(streams, message[2000:], 2**32 - 500 + 2006) == []
    assert streams.unfollowed == 1
    assert follow(streams, message[1000:2000], 506) == [(8, 0, -1)]
    assert (streams.unfollowed, streams.held) == (0, 0)


def test_lengths_without_sense_stop_the_stream() -> None:
    """After a Length of 0 or 1 nothing is read, until a segment of whole messages comes; the Length 2 is an empty message."""
    for bad in (b"\0\0", b"\0\1"):
        streams = Streams()
        opening = PREFIX + framed(ike_message()) + framed(esp(1))
        follow(streams, opening, 0)
        assert follow(streams, bad + framed(esp(2)), len(opening)) == []
        assert streams.unfollowed == 1
        at = len(opening) + 64
        assert follow(streams, framed(esp(3)), at) == [(9, 0xC0FFEE01, 3)]
        assert follow(streams, b"\0\2" + framed(b"\xff") + framed(esp(4)), at + 62) == [(9, 0xC0FFEE01, 4)]
        assert streams.unfollowed == 1


def test_lengths_without_end_are_bounded() -> None:
    """A segment full of tiny messages is left after a few; many connections that hold open messages stay in bounds."""
    streams = Streams()
    tiny = PREFIX + framed(esp(1, size=8)) * 6500
    assert len(follow(streams, tiny, 0)) <= 1 + len(tiny) // 32
    assert streams.unfollowed == 1
    for key in range(MAX_CONNECTIONS + 50):
        follow(streams, PREFIX + b"\xff\xff" + bytes(60000), 0, key)
        assert streams.held <= MAX_OCTETS
    assert len(streams) <= MAX_CONNECTIONS
    assert len(streams) >= MAX_OCTETS // 60100


def test_gaps_are_bounded() -> None:
    """However many gaps a stream has, a few are kept open, and little is held behind them."""
    streams = Streams()
    follow(streams, PREFIX + framed(ike_message()), 0)
    for number in range(100):
        follow(streams, bytes(range(250)) * 6, 10_000 + 2000 * number)
    connection = streams._connections[1]
    assert len(connection.directions[True].spans) <= MAX_SPANS
    for number in range(60):
        follow(streams, bytes(1) * 1400, 10**6 + 1400 * number)
    assert streams.held <= MAX_HELD + MAX_SPANS * 1500


def test_octets_not_captured_cost_their_message_only() -> None:
    """Of a frame cut by the capture the last message is known as far as it is there, and the next frame is followed."""
    streams, opening = Streams(), PREFIX + framed(ike_message()) + framed(esp(1, size=400))
    arena = Arena(bytearray(opening + bytes(SLACK)))
    segment = Segment(True, 0, 1, syn=False, piece=Piece(0, len(opening), 130), before=40)
    found = streams.follow(arena, 1, segment, proven=True)
    assert [(one.message.octets, one.message.captured) for one in found] == [(104, 104), (400, 16)]
    cut = framed(esp(2, size=300))
    assert follow(streams, cut[:200], len(opening), captured=100) == []
    assert follow(streams, cut[200:] + framed(esp(3)), len(opening) + 200) == [(9, 0xC0FFEE01, 2), (9, 0xC0FFEE01, 3)]
    assert streams.unfollowed == 0


def test_another_connection_on_the_same_ports_begins_anew() -> None:
    """A stream prefix far from what was seen, or a SYN, opens another stream: its octets are not taken for repeated ones."""
    streams, opening = Streams(), PREFIX + framed(ike_message())
    assert len(follow(streams, opening, 1000)) == 1
    assert follow(streams, opening, 1000) == []
    assert len(follow(streams, opening, 5 * 10**8)) == 1
    syn = Segment(True, 5 * 10**8 + 10, 0, syn=True, piece=Piece(0, 0, 0), before=40)
    assert streams.follow(Arena(bytearray(SLACK)), 1, syn, proven=False) == []
    assert len(follow(streams, opening, 5 * 10**8 + 10)) == 1


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.binary(max_size=80), st.integers(0, 400), st.booleans()), max_size=30), st.integers(0, 7))
def test_garbage_behind_the_prefix_breaks_nothing(parts: list[tuple[bytes, int, bool]], cut: int) -> None:
    """Octets without sense, at any place of the stream: no exception, each frame counted once, batches of one give the same."""
    frames = [tcp(PREFIX + framed(ike_message()), 1)]
    frames += [tcp(struct.pack(">H", 7) * (step % 3) + octets, 1 + step, flags=2 * syn) for octets, step, syn in parts]
    whole = [b"\2" * 12 + b"\x08\0\x45\0" + struct.pack(">H", 20 + len(one)) + bytes(5) + b"\6\0\0" + bytes(8) + one for one in frames]
    records = [Record(frame[: len(frame) - cut], len(frame)) for frame in whole]
    rows, counts = decode(records)
    assert decode(records, 1) == (rows, counts)
    assert counts.total() == len(records)
    assert all(row["payload_captured"] <= row["payload_octets"] for row in rows)
