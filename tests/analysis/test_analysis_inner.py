"""Traffic inside sessions: which echoes are lost, pending or ambiguous, when loss of TCP is measurable, and that nobody has to look."""

from __future__ import annotations

import struct
import sys
from io import BytesIO
from pathlib import Path

import pytest

import l2tpscope
from l2tpscope.analysis import inner_flows
from l2tpscope.analysis.rows import LossRow

sys.path.insert(0, str(Path(__file__).parents[1] / "track"))

import inner_frames as build
from inner_frames import FRAMED, MS, Packet, capture

LCP_ECHO = b"\xc0\x21\x09\x01\x00\x08\0\0\0\0"


def read(packets: list[Packet], **options: bool) -> l2tpscope.Report:
    """The report of a capture of these packets."""
    return l2tpscope.read(BytesIO(capture(sorted(packets, key=lambda one: one.time))), **options)


def ask(time: int, number: int, *, back: bool = False) -> Packet:
    """An echo request at so many milliseconds."""
    return Packet(time * MS, FRAMED + build.ipv4(build.echo(number), 1, back=back), back)


def answer(time: int, number: int, *, back: bool = True) -> Packet:
    """Its reply."""
    return Packet(time * MS, FRAMED + build.ipv4(build.echo(number, reply=True), 1, back=back), back)


def loss(report: l2tpscope.Report, space: str) -> list[LossRow]:
    """The rows of a space."""
    return [row for row in report.rows("loss") if row.space == space]


def side_of(report: l2tpscope.Report, address: str) -> str:
    """The side of the tunnel that an address outside is on: of data alone, roles are guessed."""
    (tunnel,) = report.rows("tunnels")
    return "responder" if address in tunnel.responder else "initiator"


def test_a_request_is_lost_if_a_later_one_was_answered_and_pending_at_the_end() -> None:
    """The second of four is lost although the capture ends at once; the last one is not judged."""
    report = read([ask(0, 1), answer(30, 1), ask(200, 2), ask(400, 3), answer(430, 3), ask(600, 4)])
    (row,) = loss(report, "icmp-echo")
    assert (row.expected, row.received, row.lost, row.pending) == (3, 2, 1, 1)
    assert row.direction == f"to_{side_of(report, '203.0.113.5')}"


def test_a_request_is_lost_if_the_other_side_is_heard_long_after_it() -> None:
    """What comes back a second later shows that the session was alive; half a second is not enough."""
    heard = Packet(1700 * MS, FRAMED + build.ipv4(build.udp(9, (53, 5000)), 17, back=True), back=True)
    (row,) = loss(read([ask(0, 1), answer(30, 1), ask(200, 2), ask(1200, 3), heard]), "icmp-echo")
    assert (row.expected, row.lost, row.pending) == (2, 1, 1)


def test_echoes_of_one_direction_alone_have_no_loss() -> None:
    """Where nothing came back, nobody knows."""
    (row,) = loss(read([ask(number * 100, number) for number in range(50)]), "icmp-echo")
    assert (row.measurable, row.lost, row.why_not) == (False, None, "nothing came back after the echo requests")


def test_a_request_that_was_repeated_gives_bounds() -> None:
    """The same identifier and number twice before the reply: one request, and a round trip of which only the bounds are known."""
    report = read([ask(0, 1), ask(50, 1), answer(80, 1), ask(100, 2), answer(130, 2)])
    trips = [row for row in report.rows("rtt") if row.kind == "icmp-echo"]
    assert [(row.rtt_s, row.rtt_low_s, row.quality, row.frame_request) for row in trips] == [
        (0.08, 0.03, "ambiguous", 1),
        (0.03, None, "clean", 4),
    ]
    assert {row.side for row in trips} == {side_of(report, "203.0.113.5")}
    (row,) = loss(report, "icmp-echo")
    assert (row.expected, row.lost) == (2, 0)


def test_both_sides_may_ask() -> None:
    """The same identifier and number in either direction are two requests."""
    report = read([ask(0, 1), ask(5, 1, back=True), answer(30, 1), answer(45, 1, back=False)])
    assert sorted((row.rtt_s, row.side) for row in report.rows("rtt")) == [
        (0.03, side_of(report, "203.0.113.5")),
        (0.04, side_of(report, "198.51.100.10")),
    ]
    assert len(loss(report, "icmp-echo")) == 2


def test_echoes_to_groups_are_left_out() -> None:
    """Anybody may answer a multicast, so silence is no loss."""
    octets = bytearray(build.ipv4(build.echo(1), 1))
    octets[16:20] = bytes((224, 0, 0, 1))
    assert not loss(read([Packet(0, FRAMED + bytes(octets)), ask(10, 1), answer(20, 1)]), "icmp-echo")[0].lost
    assert not loss(read([Packet(0, FRAMED + bytes(octets))]), "icmp-echo")


def stream(count: int, *, skipped: tuple[int, ...] = (), again: tuple[int, ...] = ()) -> list[Packet]:
    """So many segments, one a 10 ms; those *skipped* pass at the end only, those *again* a second time there."""
    order = [number for number in range(count) if number not in skipped] + list(skipped) + list(again)
    return [
        Packet(place * 10 * MS, FRAMED + build.ipv4(build.tcp(1 + 100 * number, 1, 100), 6, number=place))
        for place, number in enumerate(order)
    ]


def test_what_was_lost_before_the_tap_and_after_it() -> None:
    """Two fill gaps: lost before; three passed twice: lost after. Expected are all that were sent, the two unseen copies too."""
    (row,) = loss(read(stream(100, skipped=(10, 20), again=(5, 6, 7))), "tcp")
    assert (row.expected, row.received, row.lost, row.duplicate) == (105, 100, 5, 3)
    assert (row.upstream_lost, row.downstream_lost) == (2, 3)
    assert row.loss_ratio == pytest.approx(5 / 105)


def test_few_segments_say_nothing() -> None:
    """Under 20 segments there is no figure."""
    (row,) = loss(read(stream(19)), "tcp")
    assert (row.measurable, row.lost, row.why_not) == (False, None, "19 TCP segments: fewer than 20")


def test_what_was_inside_is_told_of_the_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contents by count, the most first, fragments at last; the conversations with most octets, and how many are left out."""
    monkeypatch.setattr(inner_flows, "MOST_ROWS", 2)
    packets = [Packet(place * MS, FRAMED + build.ipv4(build.udp(100 * place, (place, 53)), 17)) for place in range(1, 5)]
    packets += [Packet(9 * MS, b"\xff\x03\x00\xfd\x90\x00\x01"), Packet(10 * MS, LCP_ECHO), Packet(20 * MS, LCP_ECHO)]
    packets += [Packet(30 * MS, FRAMED + build.ipv4(bytes(16), 17, fragment=0x2002))]
    report = read(packets)
    (session,) = report.rows("sessions")
    assert session.inner == ["IPv4 5", "PPP control 2", "compressed or encrypted as CCP agreed 1", "IP fragments 1"]
    rows = report.rows("inner_flows")
    ours = side_of(report, "198.51.100.10")
    assert [(row.flow, row.protocol, getattr(row, ours)) for row in rows] == [(1, "UDP", "10.99.0.10:4"), (2, "UDP", "10.99.0.10:3")]
    assert [note for note in report.notes if "inner_flows" in note] == [
        "inner_flows has the 2 conversations with most octets; 3 more had 392 octets together"
    ]


def test_mppe_is_named_where_ccp_agreed_on_it() -> None:
    """An acknowledged option 18 with a bit for keys (RFC 3078 §2.1) makes compressed packets encrypted ones."""
    ccp = struct.pack(">HHBBHBBI", 0xFF03, 0x80FD, 2, 1, 10, 18, 6, 0x01000040)
    (session,) = read([Packet(0, ccp), Packet(MS, b"\xff\x03\x00\xfd\x90\x00\x01")]).rows("sessions")
    assert sorted(session.inner) == ["MPPE-encrypted 1", "PPP control 1"]


def test_nobody_has_to_look() -> None:
    """Without it there are no conversations, no contents, no round trips and losses inside; the sessions are the same."""
    packets = [ask(0, 1), answer(30, 1), *stream(50)]
    looked, not_looked = read(packets), read(packets, inner=False)
    assert not not_looked.rows("inner_flows")
    assert {row.kind for row in not_looked.rows("rtt")} == set()
    assert {row.space for row in looked.rows("loss")} - {row.space for row in not_looked.rows("loss")} == {"icmp-echo", "tcp"}
    (before,), (after,) = looked.rows("sessions"), not_looked.rows("sessions")
    assert (after.inner, after.data_packets_to_responder) == ([], before.data_packets_to_responder)
    assert not_looked.options["inner"] is False
