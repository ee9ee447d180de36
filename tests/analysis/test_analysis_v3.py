"""L2TPv3 message by message: both versions offered, digests, sessions without a set-up, cookies that are not the right ones."""

from __future__ import annotations

import hmac
import struct

import pytest
from script import A, B, Script, u16
from simulation import avp
from simulation_v3 import header, u32

MACS = {name: b"\x02\0\0\0\0" + bytes([ord(name)]) for name in "abcd"}
SECRET = b"s3cret"


class Script3(Script):
    """Frames of L2TPv3 over UDP put together by hand."""

    def message(
        self, time: float, source: bytes, destination: bytes, kind: int, connection: int, numbers: tuple[int, int], avps: bytes
    ) -> None:
        """A control message with its AVPs."""
        octets = avp(0, u16(kind)) + avps
        self.udp(time, source, destination, header(connection, len(octets), *numbers) + octets)

    def frame(self, time: float, source: bytes, destination: bytes, session: int, before: bytes, stations: str) -> None:
        """A data packet: cookie and sublayer, an Ethernet frame from one station to another."""
        ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 46, len(self.records), 0, 64, 17, 0, b"\x0a\0\0\1", b"\x0a\0\0\2") + bytes(26)
        inside = MACS[stations[1]] + MACS[stations[0]] + b"\x08\0" + ip
        self.udp(time, source, destination, b"\0\3\0\0" + u32(session) + before + inside)

    def up(self, time: float) -> None:
        """A control connection: 501 to the initiator, 502 to the responder."""
        self.message(time, A, B, 1, 0, (0, 0), avp(7, b"a") + avp(61, u32(501)))
        self.message(time + 0.1, B, A, 2, 501, (0, 1), avp(7, b"b") + avp(61, u32(502)))
        self.message(time + 0.2, A, B, 3, 502, (1, 1), b"")
        self.message(time + 0.3, B, A, 20, 501, (1, 2), b"")

    def call(self, time: float, *, cookie: bytes = b"", sublayer: int = 0) -> None:
        """A session of it: 601 to the initiator, which wants the cookie, 602 to the responder."""
        wants = (avp(65, cookie) if cookie else b"") + avp(69, u16(sublayer))
        self.message(time, A, B, 10, 502, (2, 1), avp(63, u32(601)) + avp(64, u32(0)) + avp(68, u16(5)) + wants)
        self.message(time + 0.1, B, A, 11, 501, (1, 3), avp(63, u32(602)) + avp(64, u32(601)))
        self.message(time + 0.2, A, B, 12, 502, (3, 2), avp(63, u32(601)) + avp(64, u32(602)))


def both_offered(script: Script3) -> None:
    """A SCCRQ of version 2 that offers version 3 too: Tunnel ID 5, Control Connection ID 77777 (RFC 3931 §4.7.3)."""
    octets = avp(0, u16(1)) + avp(2, b"\1\0") + avp(3, u32(3)) + avp(7, b"a") + avp(9, u16(5)) + avp(61, u32(77777)) + avp(62, u16(5))
    script.udp(0.0, A, B, struct.pack(">HHHHHH", 0xC802, 12 + len(octets), 0, 0, 0, 0) + octets)


def test_a_responder_of_version_3_takes_the_offer() -> None:
    """A SCCRQ with both versions, answered in version 3, is one tunnel of version 3 with ids of 32 bits."""
    script = Script3()
    both_offered(script)
    script.message(0.1, B, A, 2, 77777, (0, 1), avp(7, b"b") + avp(61, u32(88888)))
    script.message(0.2, A, B, 3, 88888, (1, 1), b"")
    (tunnel,) = script.report().rows("tunnels")
    assert (tunnel.version, tunnel.initiator_id, tunnel.responder_id, tunnel.state) == (3, 77777, 88888, "established")
    assert (tunnel.linked_by, tunnel.roles) == ("assigned-id AVP", "seen")


def test_a_responder_of_version_2_falls_back() -> None:
    """The same SCCRQ, answered in version 2, is one tunnel of version 2 with its Tunnel IDs."""
    script = Script3()
    both_offered(script)
    script.control(0.1, B, A, "SCCRP", 5, 0, 1, assigned=9)
    script.control(0.2, A, B, "SCCCN", 9, 1, 1)
    (tunnel,) = script.report().rows("tunnels")
    assert (tunnel.version, tunnel.initiator_id, tunnel.responder_id, tunnel.state) == (2, 5, 9, "established")


def digested(kind: int, connection: int, numbers: tuple[int, int], avps: bytes, nonces: bytes, secret: bytes = SECRET) -> bytes:
    """The AVPs of a message with its digest in front: HMAC-MD5 over nonces and message, its own value zero (RFC 3931 §5.4.1)."""
    key = hmac.digest(secret, b"\x02", "md5")
    blank = avp(0, u16(kind)) + avp(59, bytes(17)) + avps
    digest = hmac.digest(key, nonces + header(connection, len(blank), *numbers) + blank, "md5")
    return avp(59, b"\0" + digest) + avps


@pytest.mark.parametrize(("secret", "said"), [(SECRET, "3 of 3 digests fit the secret"), (b"other", "0 of 3 digests fit the secret")])
def test_message_digests_are_checked_with_the_secret(secret: bytes, said: str) -> None:
    """Digests over both nonces, computed here after the RFC, fit the right secret and no other."""
    mine, yours = b"n" * 16, b"m" * 16
    script = Script3()
    request = digested(1, 0, (0, 0), avp(7, b"a") + avp(61, u32(501)) + avp(73, mine), b"")
    reply = digested(2, 501, (0, 1), avp(7, b"b") + avp(61, u32(502)) + avp(73, yours), yours + mine)
    connected = digested(3, 502, (1, 1), b"", mine + yours)
    script.message(0.0, A, B, 1, 0, (0, 0), request)
    script.message(0.1, B, A, 2, 501, (0, 1), reply)
    script.message(0.2, A, B, 3, 502, (1, 1), connected)
    (tunnel,) = script.report(secret=secret).rows("tunnels")
    assert tunnel.authentication == said
    (unasked,) = script.report().rows("tunnels")
    assert unasked.authentication == "3 messages with a digest (not checked, no secret given)"


def test_a_digest_without_secret_is_a_checksum() -> None:
    """Without a secret and nonces anybody can check it (RFC 3931 §5.4.1)."""
    script = Script3()
    script.message(0.0, A, B, 1, 0, (0, 0), digested(1, 0, (0, 0), avp(7, b"a") + avp(61, u32(501)), b"", b""))
    script.message(0.1, B, A, 2, 501, (0, 1), digested(2, 501, (0, 1), avp(7, b"b") + avp(61, u32(502)), b"", b""))
    (tunnel,) = script.report().rows("tunnels")
    assert tunnel.authentication == "2 of 2 digests are right as checksums"


def test_a_retransmission_with_another_nr_has_another_digest() -> None:
    """A SCCRQ sent again is the same tunnel, though Message Digest and Nr may differ."""
    script = Script3()
    for time, digest in ((0.0, b"\0" + b"x" * 16), (1.0, b"\0" + b"y" * 16)):
        script.message(time, A, B, 1, 0, (0, 0), avp(59, digest) + avp(7, b"a") + avp(61, u32(501)))
    (tunnel,) = script.report().rows("tunnels")
    assert tunnel.retransmissions_to_responder == 1


def test_data_goes_to_the_session_whose_ids_were_given_out() -> None:
    """Two control connections between the same hosts: data names a session alone, and finds the tunnel in which it was given out."""
    script = Script3()
    script.up(0.0)
    script.message(1.0, A, B, 1, 0, (0, 0), avp(7, b"a") + avp(61, u32(701)))
    script.message(1.1, B, A, 2, 701, (0, 1), avp(7, b"b") + avp(61, u32(702)))
    script.message(1.2, A, B, 3, 702, (1, 1), b"")
    script.call(2.0)
    for number in range(3):
        script.frame(3.0 + number, A, B, 602, b"", "ab")
        script.frame(3.5 + number, B, A, 601, b"", "ba")
    rows = script.report().rows("tunnels")
    assert [(row.initiator_id, row.data_packets_to_responder, row.data_packets_to_initiator) for row in rows] == [(501, 3, 3), (701, 0, 0)]


def test_static_sessions_are_paired_by_their_stations() -> None:
    """Two static sessions with four ids: those between the same stations belong together."""
    script = Script3()
    for number in range(25):
        for session, stations in ((11, "ab"), (12, "cd")):
            script.frame(number + session / 100, A, B, session, u32(0x11110000 + session), stations)
        for session, stations in ((21, "dc"), (22, "ba")):
            script.frame(number + session / 100, B, A, session, u32(0x22220000 + session), stations)
    rows = script.report().rows("sessions")
    ids = {frozenset((row.initiator_id, row.responder_id)) for row in rows}
    assert ids == {frozenset((11, 22)), frozenset((12, 21))}
    assert {row.cookie_octets_to_initiator for row in rows} == {4}


def test_a_wrong_cookie_is_told() -> None:
    """Packets that begin with another cookie than the one that was asked for are counted among those looked at."""
    script = Script3()
    script.up(0.0)
    script.call(1.0, cookie=b"\xca\xfe\xba\xbe")
    for number in range(10):
        script.frame(2.0 + number, B, A, 601, b"\xca\xfe\xba\xbe" if number < 7 else b"\xca\xfe\xba\xbf", "ba")
    (session,) = script.report().rows("sessions")
    assert (session.cookie_octets_to_initiator, session.layout_grade_to_initiator) == (4, "certain")
    assert session.layout_why[1] == "to initiator: as its AVPs say; but 3 of 10 packets looked at begin with another cookie"


def test_encrypted_contents_give_no_layout() -> None:
    """Packets behind which no known frame begins have no cookie that could be told, and so no loss."""
    script = Script3()
    for number in range(40):
        noise = hmac.digest(b"k", bytes([number]), "sha256") * 2
        script.udp(number * 1.0, A, B, b"\0\3\0\0" + u32(9) + noise)
    report = script.report()
    (session,) = report.rows("sessions")
    assert (session.cookie_octets_to_responder, session.layout_grade_to_responder) == (None, None)
    (row,) = [row for row in report.rows("loss") if row.space == "l2tp-data" and row.direction == "to_responder"]
    assert not row.measurable
    assert "not known" in row.why_not


def test_ppp_in_a_pseudowire_is_read() -> None:
    """LCP behind a cookie of 8 octets and a sublayer is in the session that carries it; the same octets inside Ethernet are not PPP."""
    script = Script3()
    script.up(0.0)
    script.call(1.0, cookie=b"\1\2\3\4\5\6\7\x08", sublayer=1)
    echo = b"\xff\x03\xc0\x21" + b"\x09\x07\x00\x08" + u32(0x1234)
    script.udp(2.0, B, A, b"\0\3\0\0" + u32(601) + b"\1\2\3\4\5\6\7\x08" + u32(0) + echo)
    script.udp(2.1, A, B, b"\0\3\0\0" + u32(602) + echo.replace(b"\x09\x07", b"\x0a\x07"))
    script.udp(2.2, A, B, b"\0\3\0\0" + u32(602) + MACS["a"] + MACS["b"] + b"\x08\0" + echo)
    report = script.report()
    assert [(row.session, row.direction, row.code) for row in report.rows("ppp")] == [
        (1, "to_initiator", "Echo-Request"),
        (1, "to_responder", "Echo-Reply"),
    ]
    (trip,) = [row for row in report.rows("rtt") if row.kind == "lcp-echo"]
    assert abs(trip.rtt_s - 0.1) < 1e-5
