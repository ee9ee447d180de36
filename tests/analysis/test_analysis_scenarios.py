"""What the field does, message by message: ports, restarts, crossings, unknown ids, one side only."""

from __future__ import annotations

import struct
from importlib import import_module

import pytest
from script import A, B, C, Script, u16

from l2tpscope.report import Report
from l2tpscope.track import l2tp


def fits(report: Report) -> list[str]:
    """How every control frame fits."""
    return [row.fit for row in report.rows("messages")]


def test_a_reply_may_come_from_another_port() -> None:
    """RFC 2661 §8.1: the responder answers from any port, and the tunnel goes on there."""
    script = Script()
    script.set_up(0.0, sport=40000, reply_port=50123)
    script.data(0.5, A, B, 9, 3, sport=40000, dport=50123)
    script.data(0.6, B, A, 5, 4, sport=50123, dport=40000)
    (tunnel,) = script.report().rows("tunnels")
    assert (tunnel.initiator, tunnel.responder) == ("198.51.100.10:40000", "203.0.113.5:50123")
    assert (tunnel.initiator_id, tunnel.responder_id, tunnel.state) == (5, 9, "established")
    assert (tunnel.data_packets_to_responder, tunnel.data_packets_to_initiator) == (1, 1)


def test_many_tunnels_on_one_pair_of_ports_are_told_apart_by_id() -> None:
    """Ids, not the 5-tuple, name a tunnel."""
    script = Script()
    for number in range(20):
        script.set_up(number * 0.01, a=100 + number, b=200 + number)
    rows = script.report().rows("tunnels")
    assert {(row.initiator_id, row.responder_id) for row in rows} == {(100 + n, 200 + n) for n in range(20)}
    assert {row.linked_by for row in rows} == {"assigned-id AVP"}


def test_two_clients_behind_one_address_may_choose_the_same_id() -> None:
    """Behind a NAT two initiators have one address; their ports keep them apart."""
    script = Script()
    script.set_up(0.0, a=5, b=9, sport=40000)
    script.set_up(0.05, a=5, b=10, sport=40001)
    script.control(1.0, B, A, "HELLO", 5, 1, 2, dport=40000)
    script.control(1.1, A, B, "ZLB", 9, 2, 2, sport=40000)
    rows = script.report().rows("tunnels")
    assert [(row.initiator, row.responder_id, row.hellos) for row in rows] == [
        ("198.51.100.10:40000", 9, 1),
        ("198.51.100.10:40001", 10, 0),
    ]


def test_a_restart_with_the_same_ids_is_another_tunnel() -> None:
    """A daemon that restarts hands out the same ids; what is sent after the new SCCRQ belongs to the new tunnel, data too."""
    script = Script()
    script.set_up(0.0)
    script.data(1.0, A, B, 9, 3)
    script.control(5.0, A, B, "StopCCN", 9, 2, 1, assigned=5, result=u16(1))
    script.set_up(10.0)
    script.data(11.0, A, B, 9, 3)
    script.data(11.1, A, B, 9, 3)
    first, second = script.report().rows("tunnels")
    assert (first.state, second.state) == ("closed", "established")
    assert (first.data_packets_to_responder, second.data_packets_to_responder) == (1, 2)


def test_a_restart_without_a_goodbye_is_seen_too() -> None:
    """A SCCRQ that is no copy of the one that began the tunnel begins another, though nobody closed the first."""
    script = Script()
    script.set_up(0.0)
    script.control(30.0, A, B, "HELLO", 9, 2, 1)
    script.set_up(60.0, b=17)
    assert [row.responder_id for row in script.report().rows("tunnels")] == [9, 17]


def test_a_repeated_request_is_no_second_tunnel() -> None:
    """The same SCCRQ after one second is a retransmission; its round trip is not clean (Karn)."""
    script = Script()
    script.control(0.0, A, B, "SCCRQ", 0, 0, 0, assigned=5)
    script.control(1.0, A, B, "SCCRQ", 0, 0, 0, assigned=5)
    script.control(1.04, B, A, "SCCRP", 5, 0, 1, assigned=9)
    report = script.report()
    (tunnel,) = report.rows("tunnels")
    assert tunnel.retransmissions_to_responder == 1
    (sample,) = report.rows("rtt")
    assert (sample.quality, round(sample.rtt_s, 6), round(sample.rtt_low_s or 0, 6)) == ("ambiguous", 1.04, 0.04)
    assert report.rows("messages")[1].retransmission_of == 1


def test_a_retransmission_may_renew_nr() -> None:
    """RFC 2661 §5.8: a message is its Ns and its AVPs; Nr of a repeat is that of now."""
    script = Script()
    script.set_up(0.0)
    script.control(1.0, A, B, "HELLO", 9, 2, 1)
    script.control(1.5, B, A, "HELLO", 5, 1, 2)
    script.control(2.0, A, B, "HELLO", 9, 2, 2)
    assert fits(script.report())[-3:] == ["new", "new", "retransmission"]


def test_a_zlb_takes_no_number() -> None:
    """A ZLB names the next Ns; the next message then has it, and is new."""
    script = Script()
    script.set_up(0.0)
    script.control(1.0, B, A, "HELLO", 5, 1, 2)
    script.control(1.1, A, B, "ZLB", 9, 2, 2)
    script.control(2.0, A, B, "HELLO", 9, 2, 2)
    script.control(2.1, B, A, "ZLB", 5, 2, 3)
    assert set(fits(script.report())) == {"new"}


def test_numbers_wrap_around() -> None:
    """Ns goes from 65535 to 0 without loss or violation."""
    script = Script()
    for number in range(20):
        script.control(number, A, B, "HELLO", 9, 65530 + number, 7)
        script.control(number + 0.1, B, A, "ZLB", 5, 7, 65531 + number)
    report = script.report()
    assert set(fits(report)) == {"new"}
    (loss,) = [row for row in report.rows("loss") if row.direction == "to_responder"]
    assert (loss.expected, loss.lost) == (20, 0)


def test_sessions_are_followed_from_request_to_disconnect() -> None:
    """ICRQ with header Session ID 0, ICRP, ICCN, CDN with result and error: who called, ids, who ended it and why."""
    script = Script()
    script.set_up(0.0)
    script.control(1.0, A, B, "ICRQ", 9, 2, 1, own_session=31)
    script.control(1.1, B, A, "ICRP", 5, 1, 3, session=31, own_session=47)
    script.control(1.2, A, B, "ICCN", 9, 3, 2, session=47)
    script.control(9.0, B, A, "CDN", 5, 2, 4, session=31, own_session=47, result=u16(2) + u16(4) + b"no address")
    (session,) = script.report().rows("sessions")
    assert (session.call, session.initiator_id, session.responder_id, session.call_serial) == ("incoming", 31, 47, 7)
    assert (session.state, session.closed_by, session.result_code, session.error_code) == ("closed", "responder", 2, 4)
    assert session.error_message == "no address"
    assert round(session.setup_s or 0, 6) == 0.2


def test_a_disconnect_before_the_session_has_an_id_is_a_refusal() -> None:
    """CDN with header Session ID 0 names the session by AVP 14 (RFC 2661 §6.12)."""
    script = Script()
    script.set_up(0.0)
    script.control(1.0, A, B, "ICRQ", 9, 2, 1, own_session=31)
    script.control(1.5, A, B, "CDN", 9, 3, 1, session=0, own_session=31, result=u16(3))
    (session,) = script.report().rows("sessions")
    assert (session.state, session.closed_by, session.initiator_id, session.responder_id) == ("refused", "initiator", 31, None)


def test_an_outgoing_call_is_followed_too() -> None:
    """OCRQ and OCRP and OCCN: the LNS, here the responder, calls; the LAC connects (RFC 2661 §7.5)."""
    script = Script()
    script.set_up(0.0)
    script.control(1.0, B, A, "OCRQ", 5, 1, 2, own_session=47)
    script.control(1.1, A, B, "OCRP", 9, 2, 2, session=47, own_session=31)
    script.control(1.2, A, B, "OCCN", 9, 3, 2, session=47)
    report = script.report()
    (session,) = report.rows("sessions")
    assert (session.call, session.initiator_id, session.responder_id, session.state) == ("outgoing", 31, 47, "established")
    assert "violation" not in fits(report)


def test_crossing_stopccns_are_one_end() -> None:
    """Both sides close at once: the first that passes the tap counts, the other is no violation."""
    script = Script()
    script.set_up(0.0)
    script.control(5.0, A, B, "StopCCN", 9, 2, 1, assigned=5, result=u16(6))
    script.control(5.01, B, A, "StopCCN", 5, 1, 2, assigned=9, result=u16(1))
    report = script.report()
    (tunnel,) = report.rows("tunnels")
    assert (tunnel.state, tunnel.closed_by, tunnel.result_code) == ("closed", "initiator", 6)
    assert "violation" not in fits(report)


def test_a_tunnel_that_never_got_an_answer_is_unanswered() -> None:
    """xl2tpd sends StopCCN with Tunnel ID 0 and its own id in AVP 9 when nobody answered; it belongs to that attempt."""
    script = Script()
    for time in (0.0, 1.0, 3.0, 7.0, 15.0):
        script.control(time, A, B, "SCCRQ", 0, 0, 0, assigned=5)
    script.control(31.0, A, B, "StopCCN", 0, 1, 0, assigned=5, result=u16(1))
    (tunnel,) = script.report().rows("tunnels")
    assert (tunnel.state, tunnel.closed_by, tunnel.retransmissions_to_responder) == ("unanswered", "initiator", 4)


def test_a_refused_tunnel_says_why() -> None:
    """StopCCN in place of SCCRP: refused by the responder, result 4 not authorized."""
    script = Script()
    script.control(0.0, A, B, "SCCRQ", 0, 0, 0, assigned=5)
    script.control(0.1, B, A, "StopCCN", 5, 0, 1, assigned=9, result=u16(4))
    (tunnel,) = script.report().rows("tunnels")
    assert (tunnel.state, tunnel.closed_by, tunnel.result_code, tunnel.responder_id) == ("refused", "responder", 4, 9)


def test_one_direction_alone_tells_what_it_can() -> None:
    """Only what the initiator sent: ids of the responder from the headers, no loss of the other side, no round trips."""
    script = Script()
    script.set_up(0.0)
    script.control(60.0, A, B, "HELLO", 9, 2, 1)
    script.records = [record for number, record in enumerate(script.records) if number not in (1, 3)]
    report = script.report()
    (tunnel,) = report.rows("tunnels")
    assert (tunnel.initiator_id, tunnel.responder_id, tunnel.state) == (5, 9, "established")
    assert report.rows("rtt") == []
    (unseen,) = [row for row in report.rows("loss") if row.direction == "to_initiator"]
    assert not unseen.measurable
    assert report.rows("captures")[0].one_sided


def test_a_moved_port_is_the_same_tunnel() -> None:
    """A NAT forgets its mapping: the client goes on from another port, the tunnel is the same, and an event says so."""
    script = Script()
    script.set_up(0.0, sport=40000)
    script.control(90.0, A, B, "HELLO", 9, 2, 1, sport=41234)
    script.control(90.1, B, A, "ZLB", 5, 1, 3, dport=41234)
    report = script.report()
    (tunnel,) = report.rows("tunnels")
    assert (tunnel.initiator, tunnel.hellos) == ("198.51.100.10:41234", 1)
    assert [row.detail for row in report.rows("events") if row.event == "moved"] == ["198.51.100.10:40000 goes on as 198.51.100.10:41234"]


def test_both_sides_may_call_at_once() -> None:
    """Crossing SCCRQs (RFC 2661 §4.4.3, tie breaker): two attempts, one of which comes up."""
    script = Script()
    script.control(0.0, A, B, "SCCRQ", 0, 0, 0, assigned=5, extra=b"\0\x0e\0\0\0\5" + bytes(7) + b"\1")
    script.control(0.01, B, A, "SCCRQ", 0, 0, 0, assigned=9, extra=b"\0\x0e\0\0\0\5" + bytes(7) + b"\2")
    script.control(0.1, B, A, "SCCRP", 5, 0, 1, assigned=10)
    script.control(0.2, A, B, "SCCCN", 10, 1, 1)
    script.control(0.3, B, A, "ZLB", 5, 1, 2)
    script.control(30.0, B, A, "HELLO", 5, 1, 2)
    rows = script.report().rows("tunnels")
    assert [(row.initiator, row.state) for row in rows] == [("198.51.100.10:1701", "established"), ("203.0.113.5:1701", "unanswered")]


def test_a_capture_that_saw_both_the_old_and_the_new_tunnel_keeps_them_apart() -> None:
    """A live tunnel when the capture began, and then another one between the same hosts."""
    script = Script()
    for number in range(3):
        script.control(number, A, B, "HELLO", 700, 40 + number, 11)
        script.control(number + 0.1, B, A, "ZLB", 800, 11, 41 + number)
    script.set_up(10.0)
    old, new = script.report().rows("tunnels")
    assert {old.initiator_id, old.responder_id} == {700, 800}
    assert (old.linked_by, new.linked_by) == ("Ns/Nr agree", "assigned-id AVP")
    assert (new.initiator_id, new.responder_id) == (5, 9)


def test_an_answer_from_another_host_is_not_taken_for_the_tunnel() -> None:
    """A message under the right id, but from a host that takes no part, makes a tunnel of its own."""
    script = Script()
    script.set_up(0.0)
    script.control(1.0, C, B, "HELLO", 9, 77, 4)
    rows = script.report().rows("tunnels")
    assert len(rows) == 2
    assert rows[0].hellos == 0


def test_a_flood_is_counted_and_its_answered_request_is_followed() -> None:
    """Of thousands of SCCRQs from random sources a sample is followed, the rest counted; the one that is answered is whole."""
    script = Script()
    for number in range(12_000):
        source = bytes([100, 64 + (number >> 16), number >> 8 & 255, number & 255])
        script.control(number * 1e-4, source, B, "SCCRQ", 0, 0, 0, assigned=1 + number)
    script.set_up(1.2)
    report = script.report()
    rows = report.rows("tunnels")
    assert len(rows) < 6000
    (up,) = [row for row in rows if row.state == "established"]
    assert (up.initiator_id, up.responder_id, up.initiator_host_name) == (5, 9, "host")
    counted = 12_001 - len(rows)
    assert any(str(counted) in note and "SCCRQ" in note for note in report.notes)


def test_an_icmp_error_is_told_of_the_tunnel_that_it_quotes() -> None:
    """Port unreachable, three times: one event of the tunnel, with who said it, of what, how often; it answers nothing."""
    script = Script()
    for time in (0.0, 1.0, 3.0):
        script.control(time, A, B, "SCCRQ", 0, 0, 0, assigned=5)
        quoted = script.records[-1][1][14:]
        icmp = b"\x03\x03" + bytes(6) + quoted
        ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(icmp), 7, 0, 64, 1, 0, B, A)
        script.records.append((time + 0.02, b"\x02\0\0\0\0\1\x02\0\0\0\0\2\x08\0" + ip + icmp))
    report = script.report()
    (event,) = [row for row in report.rows("events") if row.event == "icmp error"]
    assert (event.subject, event.frame) == ("tunnel 1", 2)
    assert event.detail == "ICMP port unreachable from 203.0.113.5: 198.51.100.10:1701 to 203.0.113.5:1701, 3 times in 3.0 s"
    assert report.rows("tunnels")[0].messages_to_initiator == 0


def test_a_session_of_one_direction_was_up() -> None:
    """The caller's messages and data alone, as on a gateway that shows the other direction as ESP: connected, then closed."""
    script = Script()
    script.control(0.0, A, B, "SCCRQ", 0, 0, 0, assigned=5)
    script.control(0.2, A, B, "SCCCN", 9, 1, 1)
    script.control(0.21, A, B, "ICRQ", 9, 2, 1, own_session=31)
    script.control(0.4, A, B, "ICCN", 9, 3, 2, session=47)
    script.data(1.0, A, B, 9, 47)
    script.control(9.0, A, B, "StopCCN", 9, 4, 2, assigned=5, result=u16(1))
    report = script.report()
    (session,) = report.rows("sessions")
    assert (session.initiator_id, session.responder_id, session.state) == (31, 47, "closed")
    assert session.data_packets_to_responder == 1
    assert fits(report) == ["new"] * 5


def test_one_acknowledgement_for_four_times_only_the_newest() -> None:
    """A ZLB that acknowledges a window of four gives one clean round trip; of the older ones it is an upper bound only."""
    script = Script()
    script.set_up(0.0)
    for number in range(4):
        script.control(1.0 + number / 100, A, B, "HELLO", 9, 2 + number, 1)
    script.control(1.1, B, A, "ZLB", 5, 1, 6)
    samples = [row for row in script.report().rows("rtt") if row.frame_reply == 9]
    assert [(row.quality, round(row.rtt_s, 6)) for row in samples] == [
        ("cumulative", 0.1),
        ("cumulative", 0.09),
        ("cumulative", 0.08),
        ("clean", 0.07),
    ]


def test_a_copy_made_by_the_capture_is_no_retransmission() -> None:
    """The same datagram twice within 2 ms, from a mirror port, is a duplicate: not sent again, and counted once."""
    script = Script()
    script.set_up(0.0)
    script.control(1.0, A, B, "HELLO", 9, 2, 1)
    script.records.append((1.0005, script.records[-1][1]))
    report = script.report()
    (tunnel,) = report.rows("tunnels")
    assert fits(report)[-2:] == ["new", "duplicate"]
    assert (tunnel.retransmissions_to_responder, tunnel.messages_to_responder) == (0, 3)
    assert report.rows("captures")[0].duplicate_frames == 1


def test_numbers_before_the_first_of_a_new_session_are_lost() -> None:
    """A session that began in the capture began at 0 (RFC 2661 §5.4): 0, 1, 2 are missing before 3, and 5 after it."""
    script = Script()
    script.set_up(0.0)
    script.call(1.0)
    for step, number in enumerate((3, 4, 6, 7, 8)):
        script.sequenced(2.0 + step / 10, A, B, 9, 47, number)
    script.control(60.0, A, B, "HELLO", 9, 4, 2)
    (row,) = [row for row in script.report().rows("loss") if row.space == "l2tp-data" and row.direction == "to_responder"]
    assert (row.expected, row.received, row.lost, row.upstream_lost, row.downstream_lost) == (9, 5, 4, 4, None)
    assert row.loss_low_ratio is not None
    assert row.loss_low_ratio < 4 / 9 < (row.loss_high_ratio or 0)


def test_sequencing_switched_off_and_on_goes_on_where_it_stopped() -> None:
    """RFC 2661 §5.4: packets without the S bit take no number, so that nothing is lost between 2 and 3."""
    script = Script()
    script.set_up(0.0)
    script.call(1.0)
    for time, number in ((2.0, 0), (2.1, 1), (2.2, 2)):
        script.sequenced(time, A, B, 9, 47, number)
    script.data(2.3, A, B, 9, 47)
    script.sequenced(2.4, A, B, 9, 47, 3)
    script.control(60.0, A, B, "HELLO", 9, 4, 2)
    report = script.report()
    (row,) = [row for row in report.rows("loss") if row.space == "l2tp-data" and row.direction == "to_responder"]
    assert (row.expected, row.lost) == (4, 0)
    (session,) = report.rows("sessions")
    assert (session.data_packets_to_responder, session.sequenced_to_responder) == (5, True)


def test_a_sessions_id_given_out_again_is_another_session() -> None:
    """Within one tunnel an id may be used again after a CDN; data goes to the session that had it at the time."""
    script = Script()
    script.set_up(0.0)
    script.call(1.0)
    script.data(2.0, A, B, 9, 47)
    script.control(3.0, A, B, "CDN", 9, 4, 2, session=47, own_session=31, result=u16(3))
    script.control(4.0, A, B, "ICRQ", 9, 5, 2, own_session=31)
    script.control(4.1, B, A, "ICRP", 5, 2, 6, session=31, own_session=47)
    script.control(4.2, A, B, "ICCN", 9, 6, 3, session=47)
    script.data(5.0, A, B, 9, 47)
    script.data(5.1, A, B, 9, 47)
    rows = script.report().rows("sessions")
    assert [(row.state, row.data_packets_to_responder) for row in rows] == [("closed", 1), ("established", 2)]


def test_a_message_under_a_number_that_another_had_is_a_violation() -> None:
    """One Ns, two messages: no two correct peers do that."""
    script = Script()
    script.set_up(0.0)
    script.control(1.0, A, B, "HELLO", 9, 2, 1)
    script.control(1.5, A, B, "ICRQ", 9, 2, 1, own_session=31)
    report = script.report()
    assert fits(report)[-1] == "violation"
    assert report.rows("messages")[-1].anomalies == ["Ns 2 was HELLO before"]


def test_what_never_came_up_is_forgotten_when_it_is_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answered floods are bounded too: the oldest tunnels that never came up go, the ones that did stay, and a note says so."""
    monkeypatch.setattr(l2tp, "MOST_UNPROVEN", 20)
    script = Script()
    script.set_up(0.0, a=1000, b=2000)
    for number in range(50):
        time, source = 1.0 + number, bytes([100, 64, 0, number])
        script.control(time, source, B, "SCCRQ", 0, 0, 0, assigned=1 + number)
        script.control(time + 0.1, B, source, "SCCRP", 1 + number, 0, 1, assigned=100 + number)
    for number in range(30):
        script.control(60.0 + number, A, B, "HELLO", 3000 + number, 7, 7)
    report = script.report()
    rows = report.rows("tunnels")
    assert rows[0].initiator_id == 1000
    assert len(rows) <= 21
    assert any("never came up" in note for note in report.notes)


def test_frames_beyond_the_bound_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """When more control frames come than are kept, the report says how many were not followed."""
    monkeypatch.setattr(l2tp, "MOST_FRAMES", 10)
    script = Script()
    script.set_up(0.0)
    for number in range(20):
        script.control(1.0 + number, A, B, "HELLO", 9, 2 + number, 1)
    report = script.report()
    assert len(report.rows("messages")) == 10
    assert report.notes == ["14 control frames were counted but not followed: more than 10"]


def test_more_under_way_than_the_window_holds_is_told() -> None:
    """Without a Receive Window Size the window is 4 (RFC 2661 §4.4.3): the fifth message without an acknowledgement exceeds it."""
    script = Script()
    script.set_up(0.0)
    for number in range(5):
        script.control(1.0 + number / 100, A, B, "HELLO", 9, 2 + number, 1)
    rows = script.report().rows("messages")[-5:]
    assert [row.anomalies for row in rows] == [[], [], [], [], ["5 messages under way, the receive window is 4"]]
    assert {row.fit for row in rows} == {"new"}


def test_data_under_random_ids_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of data under ids that nobody gave out makes a bounded number of tunnels, and a note of the rest."""
    monkeypatch.setattr(import_module("l2tpscope.analysis.pair"), "MOST_OF_DATA_ALONE", 5)
    script = Script()
    script.set_up(0.0)
    script.data(0.5, A, B, 9, 47)
    for number in range(20):
        script.data(1.0 + number, A, B, 100 + number, 47)
    report = script.report()
    assert len(report.rows("tunnels")) == 6
    assert report.rows("tunnels")[0].data_packets_to_responder == 1
    assert report.notes == ["15 data packets belong to tunnels without a control message, of which 5 halves are shown"]


def test_a_jump_of_ns_is_no_loss() -> None:
    """A peer that goes on 5000 numbers further has lost no 4999 messages: no window is that large. The jump itself is told."""
    script = Script()
    script.set_up(0.0)
    script.control(1.0, A, B, "HELLO", 9, 2, 1)
    script.control(2.0, A, B, "HELLO", 9, 5002, 1)
    report = script.report()
    (row,) = [row for row in report.rows("loss") if row.direction == "to_responder"]
    assert (row.expected, row.received, row.lost) == (4, 4, 0)
    assert "Ns jumps by 5000" in report.rows("messages")[-1].anomalies
