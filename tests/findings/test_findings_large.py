"""Messages and packets too large for the path: what fires the rules, and what nearly does."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "analysis"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "track"))

from inner_frames import ACK, FRAMED, SYN, echo, ipv4, tcp
from ipsec_script import AUTH, INIT, INITIATOR_FLAG, MAIN, RESPONSE_FLAG, IpsecScript, payloads
from script import A, B, Script

from l2tpscope.analysis.rows import FindingRow

FILTERED = "no later fragment of UDP is in the capture at all: a filter such as 'udp port 500' takes the first ones alone"
ENCRYPTED, PIECE = 46, 53
MTU = 1480
"""Octets of IP payload in a fragment, a multiple of eight."""


def found(script: Script, rule: str) -> list[FindingRow]:
    """What that rule says of the frames."""
    return [row for row in script.report().rows("findings") if row.finding == rule]


def rules(script: Script) -> list[str]:
    """Every rule that fires as an error."""
    return [row.finding for row in script.report().rows("findings") if row.severity == "error"]


def cut(script: Script, keep: int | None) -> None:
    """Turn the last datagram into IP fragments (RFC 791 §3.2), and let only so many of them arrive here."""
    time, frame = script.records.pop()
    ether, header, body = frame[:14], frame[14:34], frame[34:]
    number = (len(script.records) + 7) & 0xFFFF
    for at in list(range(0, len(body), MTU))[:keep]:
        part = body[at : at + MTU]
        more = 0x2000 if at + len(part) < len(body) else 0
        ip = header[:2] + struct.pack(">HHH", 20 + len(part), number, more | at // 8) + header[8:]
        script.records.append((time, ether + ip + part))


def ikev2(*, keep: int | None, times: int = 3, answered: bool = False, size: int = 3000) -> IpsecScript:
    """IKE_SA_INIT, then an IKE_AUTH request with certificates in three IP fragments, again after 1, 2, 4 ... s."""
    script = IpsecScript()
    sa = (33, b"\0\0\0\x2c\1\1\0\4" + b"\3\0\0\x0c\1\0\0\x0c\x80\x0e\1\0" + b"\3\0\0\x08\2\0\0\5\3\0\0\x08\3\0\0\x0c\0\0\0\x08\4\0\0\x0e")
    keys = (34, struct.pack(">HH", 14, 0) + bytes(256))
    script.ike(0.0, True, INIT, 0, payloads(sa, keys, (40, bytes(32))), flags=INITIATOR_FLAG, major=2, responder=0)
    script.ike(0.1, False, INIT, 0, payloads(sa, keys, (40, b"\1" * 32)), flags=RESPONSE_FLAG, major=2)
    body = bytes(range(256)) * (size // 256)
    for number in range(times):
        script.ike(
            0.2 + 2**number - 1, True, AUTH, 1, (ENCRYPTED, struct.pack(">BBH", 39, 0, 4 + len(body)) + body), flags=INITIATOR_FLAG, major=2
        )
        cut(script, keep)
    if answered:
        script.ike(0.3, False, AUTH, 1, (ENCRYPTED, struct.pack(">BBH", 36, 0, 1204) + bytes(1200)), flags=RESPONSE_FLAG, major=2)
        script.records.sort(key=lambda record: record[0])
    script.udp(40.0, A, B, b"\xff", sport=4500, dport=4500)
    return script


def test_an_ike_message_of_which_fragments_never_come() -> None:
    """IKE_AUTH three times as a first fragment alone is why IKE stops; a hint, for a filter by port would take the others away."""
    (row,) = found(ikev2(keep=1), "L2S413")
    assert row.summary == (
        "IKE_AUTH from the client (2876 octets) comes 3 times as IP fragments of which only some are here, the first among them,"
        " and IKE stops there"
    )
    assert (row.grade, row.severity, row.against) == ("hint", "error", [FILTERED])
    assert set(row.evidence) == {1, 2, 3, 4, 5}
    assert rules(ikev2(keep=1)) == ["L2S413"]


def test_where_later_fragments_pass_it_is_likely() -> None:
    """Of two fragments the second is there each time and the last is not: no filter of the capture does that."""
    (row,) = found(ikev2(keep=2, size=4096), "L2S413")
    assert (row.grade, row.against) == ("likely", [])


def test_fragments_that_are_only_not_captured() -> None:
    """First fragments alone, of a message that is answered, are the capture's filter: nothing is said. Nor of one that came once."""
    assert rules(ikev2(keep=1, times=1, answered=True)) == []
    assert found(ikev2(keep=1, times=1), "L2S413") == []
    assert found(ikev2(keep=None, times=1, answered=True), "L2S413") == []


def test_a_large_message_that_is_here_and_not_answered() -> None:
    """All fragments of IKE_AUTH are here, three times, and no answer comes: they may be lost behind this point."""
    (row,) = found(ikev2(keep=None), "L2S413")
    assert row.summary == "IKE_AUTH request of 2848 octets, more than most packets hold, is sent again and again and not answered"
    assert row.grade == "likely"
    assert found(ikev2(keep=None, size=1024), "L2S413") == []


def pieces(*, answered: bool = False, times: int = 3, natt: bool = False) -> IpsecScript:
    """IKE_AUTH in three pieces of RFC 7383, all sent several times; *natt*: on UDP 4500."""
    script = ikev2(keep=None, times=0)
    if natt:
        script.ports = {True: 4500, False: 4500}
    for attempt in range(times):
        for number in (1, 2, 3):
            body = struct.pack(">BBHHH", 35 if number == 1 else 0, 0, 508, number, 3) + bytes([number]) * 500
            script.ike(1.0 + 3 * attempt + number / 1000, True, AUTH, 1, (PIECE, body), flags=INITIATOR_FLAG, major=2)
    if answered:
        script.ike(8.0, False, AUTH, 1, (ENCRYPTED, struct.pack(">BBH", 36, 0, 1204) + bytes(1200)), flags=RESPONSE_FLAG, major=2)
    script.records.sort(key=lambda record: record[0])
    return script


def test_pieces_of_ike_itself() -> None:
    """IKE_AUTH in three pieces (RFC 7383), each three times, without an answer, is no wrong key; answered at last, it is nothing."""
    (row,) = found(pieces(), "L2S413")
    assert row.summary == "IKE_AUTH request from the client goes in 3 pieces, is sent again and again, and the other side does not go on"
    assert rules(pieces()) == ["L2S413"]
    assert rules(pieces(answered=True)) == []
    assert found(pieces(times=1), "L2S413") == []


def test_pieces_that_were_sent_once_are_no_repetition() -> None:
    """Three pieces of an IKE_AUTH on 4500 (RFC 7383 §2.5) are one request: nothing is sent again, and no port is said to be blocked."""
    assert rules(pieces(times=1, natt=True)) == []


def test_pieces_are_no_ip_fragments() -> None:
    """Where IKE has made the pieces already, nobody is told to switch that on; on UDP 4500 the port may be why, and comes first."""
    (plain,) = found(pieces(), "L2S413")
    (natt,) = found(pieces(natt=True), "L2S413")
    for row in (plain, natt):
        assert "fragmentation=yes" not in row.advice
        assert not any("IP fragments" in one for one in row.alternatives)
    assert natt.alternatives[0].startswith("UDP 4500 is filtered")
    assert not any("4500" in one for one in plain.alternatives)


def main_mode(keep: int | None) -> IpsecScript:
    """Main Mode with signatures whose MM5 of 2000 octets comes in IP fragments."""
    script = IpsecScript()
    script.main_mode(0.0, upto=4)
    for number in range(3):
        script.encrypted(0.1 + 4 * number, True, MAIN, 0, 2000, fill=7)
        cut(script, keep)
    script.udp(40.0, A, B, b"\xff", sport=4500, dport=4500)
    return script


def test_mm5_of_which_fragments_never_come() -> None:
    """The fifth message of Main Mode is named, though no more of it than a header is here, and it is not said that it never comes."""
    (row,) = found(main_mode(1), "L2S413")
    assert row.summary.startswith("MM5 from the client (2028 octets) comes 3 times as IP fragments")
    assert rules(main_mode(1)) == ["L2S413"]


def test_anonymised_fragments_tell_nobody() -> None:
    """The addresses of a datagram that never became whole are replaced as those of its conversation are: the finding stays, they do not."""
    pytest.importorskip("cryptography")
    report = ikev2(keep=1).report(anonymize="-")
    (row,) = [one for one in report.rows("findings") if one.finding == "L2S413"]
    assert "198.51.100.10" not in row.wireshark_filter + row.summary
    assert row.subject == "vpn 1"


# ---- data ------------------------------------------------------------------------------------------------------------


class Session(Script):
    """A tunnel with a session, and IP packets in it."""

    def __init__(self) -> None:
        super().__init__()
        self.set_up(0.0)
        self.call(1.0)
        self.number = 100

    def packet(self, time: float, payload: bytes, protocol: int, *, back: bool = False) -> None:
        """An IP packet from the client, or *back* from the server, each with a new Identification."""
        self.number += 1
        ends, ids = ((B, A), (5, 31)) if back else ((A, B), (9, 47))
        body = FRAMED + ipv4(payload, protocol, back=back, number=self.number)
        self.udp(time, *ends, struct.pack(">HHH", 2, *ids) + body)

    def page(self, time: float, port: int, *, size: int = 1360, copies: int = 5, acknowledged: bool = False) -> None:
        """A connection of the client: a request, and a first large segment of the answer, at the timers of RFC 6298."""
        there, back = (port, 443), (443, port)
        self.packet(time, tcp(1000, 0, flags=SYN, ports=there), 6)
        self.packet(time + 0.05, tcp(5000, 1001, flags=SYN | ACK, ports=back), 6, back=True)
        self.packet(time + 0.06, tcp(1001, 5001, ports=there), 6)
        self.packet(time + 0.07, tcp(1001, 5001, 200, ports=there), 6)
        self.packet(time + 0.12, tcp(5001, 1201, ports=back), 6, back=True)
        for number in range(copies):
            self.packet(time + 0.2 + 2**number - 1, tcp(5001, 1201, size, ports=back), 6, back=True)
        if acknowledged:
            self.packet(time + 40, tcp(1201, 5001 + size, ports=there), 6)

    def pings(self, begin: float, end: float) -> None:
        """An echo of the server each second, answered."""
        for number in range(int(end - begin)):
            self.packet(begin + number, echo(number), 1, back=True)
            self.packet(begin + number + 0.05, echo(number, reply=True), 1)

    def done(self) -> Session:
        """In the order of time."""
        self.records.sort(key=lambda record: record[0])
        return self


def browsing(*, pings: bool = True, **page: object) -> Session:
    """Two pages that the client asks for, and pings beside them."""
    session = Session()
    session.page(3.0, 40001, **page)  # type: ignore[arg-type]
    session.page(4.0, 40002, **page)  # type: ignore[arg-type]
    if pings:
        session.pings(2.0, 40.0)
    return session.done()


def test_full_segments_that_nobody_acknowledges() -> None:
    """The first full segment of two answers five times, unacknowledged, while pings pass: large packets do not get through."""
    (row,) = found(browsing(), "L2S509")
    assert row.summary == (
        "inside the session large TCP segments from the server's side (from 1360 octets of data on) do not get through: 2 connections sent"
        " the first one up to 5 times without an acknowledgement, and small packets pass"
    )
    assert (row.grade, row.severity, len(row.evidence)) == ("likely", "error", 8)
    flows = [one.large_unacknowledged_to_initiator for one in browsing().report().rows("inner_flows") if one.protocol == "TCP"]
    assert flows == [5, 5]


def test_what_is_no_black_hole() -> None:
    """Small segments, three copies, an acknowledgement at last, a host that is gone altogether, and another large answer that passed."""
    assert found(browsing(size=600), "L2S509") == []
    assert found(browsing(copies=3), "L2S509") == []
    assert found(browsing(acknowledged=True), "L2S509") == []
    assert found(browsing(pings=False), "L2S509") == []
    other = browsing()
    other.page(50.0, 40003, copies=1, acknowledged=True)
    assert found(other.done(), "L2S509") == []


def torn_data(*, torn: int, whole: int = 0, parts: int = 1) -> Session:
    """Data packets of 2000 octets in IP fragments, of which some are complete, and of others only the first are here."""
    session = Session()
    for number in range(torn + whole):
        session.packet(2.0 + number, bytes(1950), 17)
        cut(session, parts if number < torn else None)
    session.pings(60.0, 62.0)
    return session.done()


def test_datagrams_whose_later_fragments_never_come() -> None:
    """Six first fragments and one whole datagram are likely a path that drops fragments; a filter by port would not let the one pass."""
    (row,) = found(torn_data(torn=6, whole=1), "L2S509")
    assert row.summary == (
        "of 6 L2TP datagrams from 198.51.100.10 that were sent as IP fragments (up to 2008 octets) only some fragments are here,"
        " the first among them; 1 came whole"
    )
    assert (row.grade, row.severity, len(row.evidence)) == ("likely", "error", 6)


def test_lost_fragments_are_no_black_hole() -> None:
    """Four are too few; six beside two whole ones are loss; where no later fragment is there at all, it is a hint, and good to know."""
    assert found(torn_data(torn=4, whole=0), "L2S509") == []
    assert found(torn_data(torn=6, whole=2), "L2S509") == []
    (row,) = found(torn_data(torn=6), "L2S509")
    assert (row.grade, row.severity) == ("hint", "info")


def esp_again(*, gaps: tuple[float, ...], octets: int = 1460, answered: bool = True) -> IpsecScript:
    """A connection with traffic; then the server sends a full packet again and again, and the client goes on with small ones."""
    script = IpsecScript()
    script.main_mode(0.0)
    script.quick_mode(0.2, 77)
    script.traffic(1.0, (0xAA, 0xBB), 20)
    at, number = 5.0, 30
    for gap in (0.0, *gaps):
        at, number = at + gap, number + 1
        script.esp(at, False, 0xBB, number, octets)
    for second in range(int(at) + 3 if answered else 0):
        script.esp(4.5 + second, True, 0xAA, 30 + second, 68)
    script.records.sort(key=lambda record: record[0])
    return script


def test_ciphertext_that_looks_like_a_full_segment_again_and_again() -> None:
    """Full ESP after 0.4, 0.8 ... 6.4 s (RFC 6298 §5.5), the client alive, is a hint; even intervals and short packets are not."""
    (row,) = found(esp_again(gaps=(0.4, 0.8, 1.6, 3.2, 6.4)), "L2S509")
    assert (row.grade, row.severity) == ("hint", "warning")
    assert "of its full length (1460 octets) at intervals that double (0.4, 0.8, 1.6, 3.2, 6.4 s)" in row.summary
    assert found(esp_again(gaps=(1.0, 1.0, 1.0, 1.0, 1.0)), "L2S509") == []
    assert found(esp_again(gaps=(0.4, 0.8, 1.6, 3.2, 6.4), octets=900), "L2S509") == []
    assert found(esp_again(gaps=(0.4, 0.8, 1.6)), "L2S509") == []
    assert found(esp_again(gaps=(0.4, 0.8, 1.6, 3.2, 6.4), answered=False), "L2S509") == []
