"""L2F tunnels: set-up, clients, echoes, payload, ends; begun late, one-sided, cut, copied, flooded."""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Iterable
from typing import Any

import pytest
from l2f_script import ECHO, OPEN, PASSWORD, RESPONSE, SECRET_GATEWAY, SECRET_NAS, L2fScript, ask, close, conf, option, whole
from script import A, B

from l2tpscope.report import Report


def only(report: Report) -> Any:
    """The only tunnel."""
    (row,) = report.rows("l2f")
    return row


def kept(script: L2fScript, keep: Iterable[int]) -> L2fScript:
    """Those frames of a capture."""
    script.records = [script.records[number] for number in keep]
    return script


def sides(row: Any, *names: str) -> list[Any]:
    """Some columns of a row."""
    return [getattr(row, name) for name in names]


def test_set_up() -> None:
    """Who asked, who answered, both CLIDs, both names, when it was up: as the messages say (RFC 2341 §4.3.1, §4.4.2)."""
    row = only(whole().report())
    assert sides(row, "initiator", "responder", "roles") == ["198.51.100.10:1701", "203.0.113.5:1701", "seen"]
    assert sides(row, "initiator_clid", "responder_clid", "initiator_name", "responder_name") == [7, 42, "nas", "hgw"]
    assert (row.established - row.opened) / 1e9 == pytest.approx(0.3)
    assert row.setup_s == pytest.approx(0.3)
    assert row.linked_by == "the L2F_CONF of the home gateway names both CLIDs"
    assert row.anomalies == []


def test_end() -> None:
    """The first L2F_CLOSE for MID 0 ends the tunnel; its sender, mask and words are told."""
    row = only(whole().report())
    assert (row.closed - row.opened) / 1e9 == pytest.approx(25)
    assert sides(row, "state", "closed_by", "close_mask", "close_reason", "close_message") == [
        "closed",
        "responder",
        4,
        "administrative intervention",
        "maintenance",
    ]


def test_counts() -> None:
    """Messages, clients, payload packets and octets of each direction are those that were written down."""
    row = only(whole().report())
    assert sides(row, "messages_to_responder", "messages_to_initiator") == [8, 8]
    assert sides(row, "clients", "clients_accepted", "clients_refused") == [2, 2, 0]
    assert sides(row, "client_names", "authentications") == [["alice", "bob"], ["PPP PAP"]]
    assert sides(row, "data_packets_to_responder", "data_packets_to_initiator") == [20, 38]
    assert sides(row, "data_octets_to_responder", "data_octets_to_initiator") == [20 * 44, 38 * 64]


def test_echo_round_trips() -> None:
    """The least round trip of each side: echoes of one side pass the tap, and come back from the other."""
    row = only(whole().report())
    assert row.echo_rtt_responder_side_min_s == pytest.approx(0.01, abs=1e-6)
    assert row.echo_rtt_initiator_side_min_s == pytest.approx(0.03, abs=1e-6)
    assert row.echo_rtts == 3


def test_an_answer_that_two_echoes_fit_is_no_sample() -> None:
    """Two echoes with one payload, one answer: nobody knows to which."""
    script = L2fScript()
    script.set_up(0)
    script.say(1, A, bytes([ECHO]))
    script.echo(2, A, b"", 0.1)
    assert only(script.report()).echo_rtts == 0


def test_loss_where_payload_is_numbered() -> None:
    """Two of 20 numbers are missing towards the NAS; towards the gateway nothing is numbered, so nothing can be told."""
    row = only(whole().report())
    assert sides(row, "lost_to_initiator", "expected_to_initiator") == [2, 20]
    assert sides(row, "lost_to_responder", "expected_to_responder") == [None, None]


def test_numbers_wrap_at_256() -> None:
    """600 packets numbered modulo 256 with one missing: one lost of 600 (RFC 2341 §4.2.5)."""
    script = L2fScript()
    script.set_up(0)
    for number in range(600):
        if number != 300:
            script.data(1 + number / 100, B, 1, number)
    assert sides(only(script.report()), "lost_to_initiator", "expected_to_initiator") == [1, 600]


def test_numbers_that_count_per_tunnel() -> None:
    """Two clients that share one counter (§4.5.1) lose nothing, although each alone seems to lose half."""
    script = L2fScript()
    script.set_up(0)
    for number in range(2, 100):
        script.data(1 + number / 10, B, 1 + number % 2, number)
    assert sides(only(script.report()), "lost_to_initiator", "expected_to_initiator") == [0, 100]


def test_numbers_that_count_per_client() -> None:
    """Two clients with a counter each, of which one loses five of 50, lose five, whatever echoes are numbered between."""
    script = L2fScript()
    script.set_up(0)
    for number in range(1, 51):
        if number % 10 != 5:
            script.data(number, B, 1, number)
        script.data(number + 0.5, B, 2, 100 + number)
        script.echo(number + 0.6, B, bytes([number]), 0.01)
    assert sides(only(script.report()), "lost_to_initiator", "expected_to_initiator") == [5, 100]


def test_numbers_of_which_nobody_can_say_what_they_count() -> None:
    """Where a third of the other packets is out of place in one count of all, neither reading holds, and no loss is told."""
    script = L2fScript()
    script.set_up(0)
    for number in range(1, 91):
        script.data(number, B, 1, 2 * number)
        script.packet(number + 0.5, B, 7, b"\xff\x03\x00\x21", mid=2, protocol=2, number=2 * number + (number % 3 != 0))
    assert sides(only(script.report()), "lost_to_initiator", "expected_to_initiator") == [None, None]


def test_unanswered() -> None:
    """A L2F_CONF sent four times without an answer (§4.5.3) is one tunnel, unanswered; soon after, it is still opening."""
    script = L2fScript()
    for time in range(4):
        script.say(time, A, conf(b"nas", SECRET_NAS, 7), clid=0)
    assert only(script.report()).state == "opening"
    script.udp(60, A, B, b"", 9, 9)
    row = only(script.report())
    assert sides(row, "state", "messages_to_responder", "responder_clid") == ["unanswered", 4, None]


def test_refused_tunnel() -> None:
    """A L2F_CLOSE before both sides sent their L2F_OPEN refuses the tunnel."""
    script = L2fScript()
    script.set_up(0)
    script.records = script.records[:3]
    script.say(0.3, B, close(0x1))
    row = only(script.report())
    assert sides(row, "state", "closed_by", "close_reason", "established") == ["refused", "responder", "authentication failed", None]


def test_refused_client() -> None:
    """A client that is closed before the gateway opened it was refused; one with a MID used before is another one."""
    script = L2fScript()
    script.set_up(0)
    script.client(1, 1, b"alice")
    script.say(2, A, close(0), mid=1)
    script.say(3, A, ask(b"mallory"), mid=1)
    script.say(3.1, B, close(0x20), mid=1)
    row = only(script.report())
    assert sides(row, "clients", "clients_accepted", "clients_refused") == [2, 1, 1]
    assert row.state == "established"


def test_a_request_sent_again_is_no_other_client() -> None:
    """The L2F_OPEN of a client, sent again under another sequence number, counts once."""
    script = L2fScript()
    script.set_up(0)
    script.say(1, A, ask(b"alice"), mid=1)
    script.client(2, 1, b"alice")
    assert sides(only(script.report()), "clients", "clients_accepted") == [1, 1]


def test_lost() -> None:
    """Five echoes without an answer to the end: the peer is gone (§4.4.6); four are not enough, nor where it is heard since."""
    for echoes, more, state in ((4, False, "established"), (5, False, "lost"), (5, True, "established")):
        script = L2fScript()
        script.set_up(0)
        script.echo(1, A, b"first", 0.1)
        for number in range(echoes):
            script.say(2 + number, A, bytes([ECHO, number]))
        if more:
            script.data(8, B, 1)
        assert only(script.report()).state == state


def test_begins_late() -> None:
    """Without its set-up a tunnel is up as its payload shows, both ways are joined, and the client's L2F_OPEN tells the roles."""
    script = kept(whole(), range(6, len(whole().records)))
    row = only(script.report())
    assert sides(row, "state", "initiator", "initiator_clid", "responder_clid", "roles") == ["closed", "198.51.100.10:1701", 7, 42, "seen"]
    assert sides(row, "setup_s", "initiator_name", "clients") == [None, None, 2]
    assert row.linked_by == "the only packets either way between these two"


def test_payload_alone() -> None:
    """Payload alone is a tunnel that is up, with as many clients as Multiplex IDs; who asked for it is guessed."""
    script = L2fScript()
    script.data(0, B, 1)
    script.data(1, A, 1)
    script.data(2, A, 2)
    row = only(script.report())
    assert sides(row, "state", "roles", "clients", "clients_accepted", "messages_to_responder") == ["established", "guessed", 2, 2, 0]


@pytest.mark.parametrize(("source", "clids"), [(A, [7, 42]), (B, [7, 42])])
def test_one_direction(source: bytes, clids: list[int]) -> None:
    """One direction alone is one tunnel with the right roles and CLIDs, and counts nothing of the other."""
    script = whole()
    script.records = [(time, octets) for time, octets in script.records if octets[26:30] == source]
    row = only(script.report())
    assert sides(row, "initiator", "roles", "initiator_clid", "responder_clid") == ["198.51.100.10:1701", "seen", *clids]
    assert row.state == "closed" if source == B else row.state == "established"
    assert (row.data_packets_to_initiator if source == A else row.data_packets_to_responder) == 0
    assert row.echo_rtts == 0


def test_two_tunnels_between_two_hosts() -> None:
    """Two tunnels between the same hosts are told apart by their CLIDs; so are two whose set-up was not seen, as far as that goes."""
    one, two = L2fScript(7, 42), L2fScript(8, 43)
    for script in (one, two):
        script.set_up(0 if script is one else 0.05)
        script.data(2, A, 1)
        script.data(2.1, B, 1)
    both = L2fScript()
    both.records = sorted(one.records + two.records)
    assert [(row.initiator_clid, row.responder_clid, row.data_packets_to_responder) for row in both.report().rows("l2f")] == [
        (7, 42, 1),
        (8, 43, 1),
    ]
    both.records = both.records[8:]
    assert [(row.initiator_clid, row.responder_clid) for row in both.report().rows("l2f")].count((7, 42)) == 0
    assert all(row.linked_by is None for row in both.report().rows("l2f"))


def test_clids_given_out_anew() -> None:
    """A NAS that starts again and uses the same CLIDs makes a second tunnel, whose payload is its own."""
    script = L2fScript()
    for begin, packets in ((0, 3), (100, 5)):
        script.say(begin, A, conf(b"nas", b"challenge %d" % begin, 7), clid=0)
        script.say(begin + 0.1, B, conf(b"hgw", b"other %d" % begin, 42))
        script.say(begin + 0.2, A, bytes([OPEN]) + option(3, RESPONSE))
        script.say(begin + 0.3, B, bytes([OPEN]) + option(3, RESPONSE))
        for number in range(packets):
            script.data(begin + 1 + number, A, 1)
            script.data(begin + 1.5 + number, B, 1)
    for rows in (1, 3, 1000):
        told = [
            sides(row, "data_packets_to_responder", "data_packets_to_initiator", "clients") for row in script.report(rows=rows).rows("l2f")
        ]
        assert told == [[3, 3, 1], [5, 5, 1]]


def test_a_request_repeated_after_its_answer_is_the_same_tunnel() -> None:
    """A L2F_CONF that crosses its answer and is sent again, and its second answer, make no second tunnel."""
    script = L2fScript()
    script.say(0, A, conf(b"nas", SECRET_NAS, 7), clid=0)
    script.say(0.1, B, conf(b"hgw", SECRET_GATEWAY, 42))
    script.say(0.15, A, conf(b"nas", SECRET_NAS, 7), clid=0)
    script.say(0.16, B, conf(b"hgw", SECRET_GATEWAY, 42))
    script.say(0.2, A, bytes([OPEN]) + option(3, RESPONSE))
    script.say(0.3, B, bytes([OPEN]) + option(3, RESPONSE))
    assert sides(only(script.report()), "state", "messages_to_responder", "messages_to_initiator") == ["established", 3, 3]


def test_copies_by_the_capture_do_not_count() -> None:
    """Every frame twice, 1 ms apart, gives the same row."""
    script, single = whole(), only(whole().report())
    script.records = sorted(copy for time, octets in script.records for copy in ((time, octets), (time + 0.001, octets)))
    row = only(script.report())
    assert dataclasses.replace(row) == single


def cut_file(script: L2fScript, snaplen: int) -> bytes:
    """The capture with every frame cut."""
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, snaplen, 1)
    return head + b"".join(
        struct.pack("<IIII", 1_700_000_000 + int(time), round(time % 1 * 1e6), min(snaplen, len(octets)), len(octets)) + octets[:snaplen]
        for time, octets in script.records
    )


@pytest.mark.parametrize("snaplen", [52, 56, 60, 64, 68, 80, 96])
def test_cut_frames(snaplen: int) -> None:
    """However little of each frame was captured behind the header, payload and octets are counted whole, and no peer is blamed."""
    import io  # noqa: PLC0415

    import l2tpscope  # noqa: PLC0415

    rows = l2tpscope.read(io.BytesIO(cut_file(whole(), snaplen))).rows("l2f")
    assert sum(row.data_octets_to_initiator + row.data_octets_to_responder for row in rows) == 20 * 44 + 38 * 64
    assert all("truncated" in anomaly for row in rows for anomaly in row.anomalies)


def test_flood() -> None:
    """More requests from made-up addresses than are kept are counted, and said."""
    script = L2fScript()
    for number in range(2600):
        flags = struct.pack(">HBBHHH", 0x1001, 1, 0, 0, 0, 10 + len(conf(b"x", b"y", 7)))
        script.udp(number / 1000, b"\x0a" + number.to_bytes(3, "big"), B, flags + conf(b"x", b"y", 7))
    report = script.report()
    assert len(report.rows("l2f")) == 2500
    assert "100 requests for an L2F tunnel were counted but not kept: the bound on memory" in report.notes
    assert [row.event for row in report.rows("events")].count("flood") == 1


def test_secrets_are_nowhere() -> None:
    """No challenge, response or password is anywhere in the document or the text."""
    for options in ({}, {"show_secrets": True}):
        report = whole().report(**options)
        for secret in (SECRET_NAS, SECRET_GATEWAY, RESPONSE, PASSWORD):
            for written in (secret.decode(), secret.hex()):
                assert written not in report.to_json() + str(report)


def test_events() -> None:
    """The timeline has the tunnel and its clients: asked for, answered, up, closed."""
    events = [(row.event, row.detail) for row in whole().report().rows("events")]
    assert events == [
        ("opening", "L2F_CONF from 198.51.100.10:1701"),
        ("answered", "L2F_CONF from 203.0.113.5:1701"),
        ("established", "L2F_OPEN of both sides"),
        ("client opening", "MID 1: alice, PPP PAP"),
        ("client established", "MID 1"),
        ("client opening", "MID 2: bob, PPP PAP"),
        ("client established", "MID 2"),
        ("client closed", "MID 1: L2F_CLOSE from the initiator: administrative intervention"),
        ("closed", 'L2F_CLOSE from the responder: administrative intervention, "maintenance"'),
    ]


def test_summary_names_it() -> None:
    """The summary has each tunnel of L2F with its names, clients, round trips, losses and end, within 100 columns."""
    text = str(whole().report())
    for said in (
        "L2F TUNNELS 1: 1 closed",
        "nas → hgw",
        "closed by the responder",
        "alice, bob",
        "← 2 of 20 lost",
        "least rtt initiator 30",
    ):
        assert said in text
    assert all(len(line) <= 100 for line in text.splitlines())


def test_what_is_odd_is_told() -> None:
    """A message that RFC 2341 does not know is named as such, once however often it comes."""
    script = L2fScript()
    script.set_up(0)
    for number in range(3):
        script.say(1 + number, A, bytes([77]))
    (anomaly,) = only(script.report()).anomalies
    assert anomaly == "UNKNOWN_77: unknown: message 77 is not in RFC 2341"
