"""PPP of sessions, packet by packet: what is agreed, who failed, echoes that come back or not, ids that are given out anew."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from script import A, B, Script
from simulation import avp

from l2tpscope.report import Report
from l2tpscope.track import ppp

LCP, PAP, CHAP, IPCP = 0xC021, 0xC023, 0xC223, 0x8021
REQUEST, ACK, NAK, TERMINATE, ECHO, REPLY = 1, 2, 3, 5, 9, 10
CHALLENGE, RESPONSE, SUCCESS, FAILURE = 1, 2, 3, 4
MAGIC = b"\0\0\0\1"


class PppScript(Script):
    """A tunnel with one session (ids 31 and 47), and PPP in it."""

    def __init__(self) -> None:
        super().__init__()
        self.set_up(0.0)
        self.call(0.5)

    def ppp(self, time: float, up: bool, protocol: int, code: int, identifier: int, body: bytes = b"", *, compressed: bool = False) -> None:
        """A control packet; *up*: from the initiator. Compressed: without FF 03."""
        packet = struct.pack(">BBH", code, identifier, 4 + len(body)) + body
        frame = (b"" if compressed else b"\xff\x03") + struct.pack(">H", protocol) + packet
        tunnel, session = (9, 47) if up else (5, 31)
        self.udp(time, *((A, B) if up else (B, A)), struct.pack(">HHH", 2, tunnel, session) + frame)

    def negotiate(self, time: float, *, authentication: bytes = b"\x03\x05\xc2\x23\x05") -> None:
        """LCP up in 0.2 s: both sides ask, both acknowledge."""
        for at, up, options in ((time, True, b"\x01\x04\x05\x78"), (time + 0.1, False, b"\x01\x04\x05\x82" + authentication)):
            self.ppp(at, up, LCP, REQUEST, 1, options)
            self.ppp(at + 0.05, not up, LCP, ACK, 1, options)


def session(report: Report) -> Any:
    """The row of the only session."""
    (row,) = report.rows("sessions")
    return row


def test_what_both_sides_agreed_on() -> None:
    """MRUs and authentication count once they are acknowledged (RFC 1661 §5.2); addresses after a Nak are the second request's."""
    script = PppScript()
    script.negotiate(1.0)
    script.ppp(1.3, False, CHAP, CHALLENGE, 7, b"\x04abcdlns")
    script.ppp(1.4, True, CHAP, RESPONSE, 7, b"\x10" + bytes(16) + b"alice")
    script.ppp(1.5, False, CHAP, SUCCESS, 7, b"welcome")
    script.ppp(1.6, True, IPCP, REQUEST, 1, b"\x03\x06\0\0\0\0")
    script.ppp(1.7, False, IPCP, NAK, 1, b"\x03\x06\x0a\x63\0\x0a")
    script.ppp(1.8, True, IPCP, REQUEST, 2, b"\x03\x06\x0a\x63\0\x0a")
    script.ppp(1.9, False, IPCP, ACK, 2, b"\x03\x06\x0a\x63\0\x0a")
    script.ppp(1.8, False, IPCP, REQUEST, 1, b"\x03\x06\x0a\x63\0\x01")
    script.ppp(1.9, True, IPCP, ACK, 1, b"\x03\x06\x0a\x63\0\x01")
    row = session(script.report())
    assert (row.mru_to_initiator, row.mru_to_responder) == (1400, 1410)
    assert (row.ppp_auth, row.ppp_user, row.ppp_state) == ("CHAP MD5", "alice", "up")
    assert (row.assigned_ip, row.peer_ip) == ("10.99.0.10", "10.99.0.1")


@pytest.mark.parametrize(
    ("upto", "state"),
    [
        (0, None),
        (1, "negotiating LCP"),
        (4, "LCP up"),
        (5, "authenticating"),
        (6, "authenticating"),
        (7, "authenticated"),
        (8, "negotiating IPCP"),
    ],
)
def test_how_far_it_got(upto: int, state: str | None) -> None:
    """The last phase that was begun (RFC 1661 §3.2)."""
    script = PppScript()
    before = len(script.records)
    script.negotiate(1.0)
    script.ppp(1.3, False, CHAP, CHALLENGE, 7, b"\x04abcdlns")
    script.ppp(1.4, True, CHAP, RESPONSE, 7, b"\x10" + bytes(16) + b"alice")
    script.ppp(1.5, False, CHAP, SUCCESS, 7)
    script.ppp(1.6, True, IPCP, REQUEST, 1, b"\x03\x06\0\0\0\0")
    del script.records[before + upto :]
    assert session(script.report()).ppp_state == state


def test_a_failed_authentication_is_told_and_the_password_is_not() -> None:
    """PAP: the user's name is in the row, the peer's message in the events, the password nowhere in the document."""
    script = PppScript()
    script.negotiate(1.0, authentication=b"\x03\x04\xc0\x23")
    script.ppp(1.3, True, PAP, 1, 7, b"\x05alice\x08hunter42")
    script.ppp(1.4, False, PAP, 3, 7, b"\x09no access")
    script.ppp(1.5, False, LCP, TERMINATE, 9, b"Authentication failed")
    report = script.report()
    row = session(report)
    assert (row.ppp_auth, row.ppp_user, row.ppp_state) == ("PAP", "alice", "authentication failed")
    assert row.ppp_reason == 'PAP Authenticate-Nak from the responder: "no access"'
    events = {each.event: each.detail for each in report.rows("events")}
    assert events["authentication failed"] == 'PAP Authenticate-Nak from the responder: "no access"'
    assert events["PPP terminated"] == 'LCP Terminate-Request from the responder: reason "Authentication failed"'
    assert "hunter42" not in report.to_json()
    assert b"hunter42".hex() not in report.to_json()
    assert [each.secret for each in script.report(show_secrets=True).rows("ppp") if each.protocol == "PAP"] == ["hunter42", None]


def test_echoes_give_round_trips_and_losses() -> None:
    """Ten echoes of the responder, of which one gets no reply: 1 of 10 lost, and nine round trips to the initiator's side."""
    script = PppScript()
    for number in range(10):
        script.ppp(2.0 + number * 10, False, LCP, ECHO, number, MAGIC)
        if number != 4:
            script.ppp(2.03 + number * 10, True, LCP, REPLY, number, MAGIC)
    script.data(105.0, A, B, 9, 47)
    report = script.report()
    trips = [row for row in report.rows("rtt") if row.kind == "lcp-echo"]
    assert [(row.side, row.quality) for row in trips] == [("initiator", "clean")] * 9
    assert all(row.rtt_s == pytest.approx(0.03) for row in trips)
    (loss,) = [row for row in report.rows("loss") if row.space == "lcp-echo"]
    assert (loss.direction, loss.expected, loss.received, loss.lost, loss.pending) == ("to_initiator", 10, 9, 1, 0)


def test_echoes_to_a_peer_that_is_gone_are_no_losses() -> None:
    """After the last word of the other side nothing is lost on the way: nobody is there."""
    script = PppScript()
    script.ppp(2.0, False, LCP, ECHO, 1, MAGIC)
    script.ppp(2.03, True, LCP, REPLY, 1, MAGIC)
    for number in range(2, 6):
        script.ppp(2.0 + number * 10, False, LCP, ECHO, number, MAGIC)
    (loss,) = [row for row in script.report().rows("loss") if row.space == "lcp-echo"]
    assert (loss.expected, loss.lost, loss.pending) == (1, 0, 4)


def test_a_request_sent_twice_under_one_identifier_is_ambiguous() -> None:
    """Which copy was answered is not to be told (Karn)."""
    script = PppScript()
    script.ppp(1.0, True, LCP, REQUEST, 1, b"\x01\x04\x05\x78")
    script.ppp(4.0, True, LCP, REQUEST, 1, b"\x01\x04\x05\x78")
    script.ppp(4.5, False, LCP, ACK, 1, b"\x01\x04\x05\x78")
    (trip,) = [row for row in script.report().rows("rtt") if row.kind == "ppp-negotiation"]
    assert (trip.quality, trip.rtt_s) == ("ambiguous", pytest.approx(0.5))


def test_framing_is_taken_as_found() -> None:
    """Without address and control octets the packet is the same (RFC 1661 §6.6)."""
    script = PppScript()
    script.ppp(1.0, True, LCP, ECHO, 1, MAGIC, compressed=True)
    (row,) = script.report().rows("ppp")
    assert (row.protocol, row.code, row.identifier, row.direction, row.session) == ("LCP", "Echo-Request", 1, "to_responder", 1)


def test_a_session_whose_ids_are_given_out_anew_begins_anew() -> None:
    """After CDN and a new call under the same ids, PPP belongs to the new session."""
    script = PppScript()
    script.ppp(1.0, True, LCP, REQUEST, 1, b"\x01\x04\x05\x78")
    script.control(2.0, A, B, "CDN", 9, 4, 2, session=47, own_session=31, result=b"\0\1")
    script.control(2.5, A, B, "ICRQ", 9, 5, 2, own_session=31)
    script.control(2.6, B, A, "ICRP", 5, 2, 6, session=31, own_session=47)
    script.control(2.7, A, B, "ICCN", 9, 6, 3, session=47)
    script.ppp(3.0, True, LCP, REQUEST, 1, b"\x01\x04\x05\x82")
    rows = script.report().rows("ppp")
    assert [(row.session, row.summary) for row in rows] == [(1, "MRU 1400"), (2, "MRU 1410")]


def test_what_the_lac_negotiated_before_it_called() -> None:
    """Proxy LCP and authentication AVPs of ICCN (RFC 2661 §4.4.5) stand in where PPP says nothing in the session."""
    script = Script()
    script.set_up(0.0)
    proxy = avp(27, b"\x01\x04\x05\x82\x03\x04\xc0\x23") + avp(28, b"\x01\x04\x05\x78") + avp(29, b"\0\3") + avp(30, b"alice")
    script.control(0.5, A, B, "ICRQ", 9, 2, 1, own_session=31)
    script.control(0.6, B, A, "ICRP", 5, 1, 3, session=31, own_session=47)
    script.control(0.7, A, B, "ICCN", 9, 3, 2, session=47, extra=proxy + avp(33, b"hunter42"))
    report = script.report()
    row = session(report)
    assert (row.ppp_auth, row.ppp_user, row.ppp_state) == ("PAP (by proxy)", "alice", None)
    assert (row.mru_to_initiator, row.mru_to_responder) == (1400, 1410)
    assert "hunter42" not in report.to_json()


def test_traffic_is_told_from_negotiation() -> None:
    """LCP alone is a session; an IP packet in it is traffic."""
    script = PppScript()
    script.negotiate(1.0)
    assert script.report().rows("vpns")[0].stage == "l2tp-session"
    script.data(2.0, A, B, 9, 47)
    assert script.report().rows("vpns")[0].stage == "traffic"


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound packets are counted and told of, not kept."""
    monkeypatch.setattr(ppp, "MOST_OF_SESSION", 5)
    script = PppScript()
    for number in range(9):
        script.ppp(1.0 + number, True, LCP, ECHO, number, MAGIC)
    report = script.report()
    assert len(report.rows("ppp")) == 5
    assert "4 PPP control packets were not kept: the bound on memory" in report.notes
