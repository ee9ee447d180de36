"""IKE SAs, ESP SAs and connections, message by message: names, pairs, rekeys, NAT, reconnects, one side only."""

from __future__ import annotations

import pytest
from ipsec_script import (
    AUTH,
    CHILD,
    CLIENT,
    INFORMATIONAL,
    INIT,
    INITIATOR_FLAG,
    MAIN,
    QUICK,
    RESPONSE_FLAG,
    IpsecScript,
    nat_d,
    payloads,
    security_association,
)
from script import A, B, C, Script

from l2tpscope.report import Report


def names(report: Report) -> list[str]:
    """How every IKE message is called."""
    return [row.name for row in report.rows("ike_messages")]


def healthy(client: bytes = A, **options: object) -> IpsecScript:
    """Phase 1, phase 2, and traffic from 1.0 to 2.0 s."""
    script = IpsecScript(client)
    script.main_mode(0.0, **options)  # type: ignore[arg-type]
    script.quick_mode(0.5, 7)
    script.traffic(1.0, (0x10000001, 0x20000001))
    return script


def test_a_healthy_connection_is_one_story() -> None:
    """Nine IKE messages are named (RFC 2409 §5), and IKE SA, both ESP SAs and the connection are joined."""
    report = healthy().report()
    assert names(report) == ["MM1", "MM2", "MM3", "MM4", "MM5", "MM6", "QM1", "QM2", "QM3"]
    (sa,) = report.rows("ike_sas")
    assert (sa.state, sa.furthest, sa.exchange, sa.setup_s) == ("established", "QM3", "main", pytest.approx(0.05))
    assert (sa.encryption, sa.key_bits, sa.lifetime_s, sa.child_exchanges) == ("AES-CBC", 128, 3600, 1)
    up, down = report.rows("esp_sas")
    assert (up.spi, up.pair, up.direction, up.ike_sa, up.birth_seen) == ("0x10000001", 2, "to_responder", 1, True)
    assert (down.spi, down.pair, down.direction, down.ike_sa) == ("0x20000001", 1, "to_initiator", 1)
    (vpn,) = report.rows("vpns")
    assert (vpn.ike_sas, vpn.esp_sas, vpn.outcome, vpn.nat) == ([1], [1, 2], "up", "none")
    assert (vpn.packets_to_server, vpn.packets_to_client) == (10, 10)


def test_each_reply_is_a_round_trip_to_the_side_that_answers() -> None:
    """MM1 to MM2 is the responder's side, MM2 to MM3 the initiator's."""
    rows = healthy(step=0.02).report().rows("rtt")
    assert [(row.kind, row.side, row.quality) for row in rows[:2]] == [("ike", "responder", "clean"), ("ike", "initiator", "clean")]
    assert all(row.rtt_s == pytest.approx(0.02) for row in rows[:5])


def test_a_repeated_request_gives_bounds_instead_of_a_round_trip() -> None:
    """IKE retransmissions are byte-identical (RFC 2408 §5.1); which copy was answered is not to be told (Karn)."""
    script = IpsecScript()
    for time in (0.0, 1.0):
        script.ike(time, True, MAIN, 0, payloads((1, security_association())), responder=0)
    script.ike(1.5, False, MAIN, 0, payloads((1, security_association())))
    report = script.report()
    assert [(row.fit, row.retransmission_of) for row in report.rows("ike_messages")] == [
        ("new", None),
        ("retransmission", 1),
        ("new", None),
    ]
    (trip,) = report.rows("rtt")
    assert (trip.quality, trip.rtt_s, trip.rtt_low_s) == ("ambiguous", pytest.approx(1.5), pytest.approx(0.5))
    (sa,) = report.rows("ike_sas")
    assert (sa.retransmissions_to_responder, sa.rtt_responder_side_min_s) == (1, None)


def test_requests_that_nobody_answers() -> None:
    """The same first message again and again is one IKE SA that nobody answered; its repeats are no violations."""
    script = IpsecScript()
    for time in (0.0, 4.0, 11.0):
        script.ike(time, True, MAIN, 0, payloads((1, security_association())), responder=0)
    report = script.report()
    (sa,) = report.rows("ike_sas")
    assert (sa.state, sa.furthest, sa.responder_spi) == ("unanswered", "MM1", None)
    (vpn,) = report.rows("vpns")
    assert (vpn.kind, vpn.stage, vpn.outcome, vpn.closed_by) == ("ipsec", "ike-request", "unanswered", None)


def test_a_request_just_sent_is_still_open() -> None:
    """One request at the end of the capture says nothing yet."""
    script = IpsecScript()
    script.main_mode(0.0, upto=1)
    (sa,) = script.report().rows("ike_sas")
    assert sa.state == "opening"


def test_no_proposal_chosen_in_clear_is_a_refusal() -> None:
    """N(14) in clear right after MM1 is the responder's no (RFC 2408 §3.14.1)."""
    script = IpsecScript()
    script.main_mode(0.0, upto=1)
    script.ike(0.03, False, INFORMATIONAL, 9, payloads((11, b"\0\0\0\1\1\0\0\x0e")))
    report = script.report()
    (sa,) = report.rows("ike_sas")
    assert (sa.state, sa.furthest, sa.closed_by) == ("refused", "MM1", "responder")
    assert sa.notifies == ["responder: NO_PROPOSAL_CHOSEN"]
    assert report.rows("ike_messages")[1].reply_to == 1


def test_an_encrypted_message_in_place_of_mm6_is_a_refusal() -> None:
    """A responder that cannot read MM5 answers with an INFORMATIONAL, again and again (wrong PSK)."""
    script = IpsecScript()
    script.main_mode(0.0, upto=5)
    for time in (0.06, 4.06):
        script.encrypted(time, False, INFORMATIONAL, int(time) + 5, 76)
    (sa,) = script.report().rows("ike_sas")
    assert (sa.state, sa.furthest, sa.closed_by) == ("refused", "MM5", "responder")


def test_mm5_without_an_answer_has_failed() -> None:
    """Phase 1 that stops at MM5, repeated: 4500 is blocked or the responder is silent."""
    script = IpsecScript()
    script.main_mode(0.0, upto=4)
    script.ports = {True: 4500, False: 4500}
    for time in (0.05, 4.0, 11.0):
        script.encrypted(time, True, MAIN, 0, 108, fill=9)
    report = script.report()
    (sa,) = report.rows("ike_sas")
    assert (sa.state, sa.furthest, sa.natt, sa.retransmissions_to_responder) == ("failed", "MM5", True, 2)
    (vpn,) = report.rows("vpns")
    assert (vpn.stage, vpn.outcome) == ("ike-authentication", "failed")


@pytest.mark.parametrize("last", [52, 60, 108])
@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_quick_mode_of_which_the_tap_missed_one_message(missing: int, last: int) -> None:
    """Only QM3 is short, so that who asked, and what each message is, is known without the others."""
    script = IpsecScript()
    script.main_mode(0.0)
    before = len(script.records)
    script.quick_mode(0.5, 7, last=last)
    del script.records[before + missing]
    expected = ["QM1", "QM2", "QM3"]
    del expected[missing]
    assert names(script.report())[6:] == expected


def test_nat_shows_in_the_hashes() -> None:
    """The client hashes its private address; the tap sees another (RFC 3947 §3.2): the client is behind NAT, the server not."""
    report = healthy(seen_as=(b"\xc0\xa8\x4d\x0a", 500), natt=True).report()
    (sa,) = report.rows("ike_sas")
    assert (sa.nat_initiator, sa.nat_responder, sa.natt) == (True, False, True)
    (vpn,) = report.rows("vpns")
    assert (vpn.nat, vpn.client) == ("client", "198.51.100.10:4500")


def test_false_hashes_of_one_side_tell_nothing() -> None:
    """A responder whose hashes fit no address at all, while the initiator's all fit, sends false ones: no NAT is claimed."""
    script = IpsecScript()
    script.main_mode(0.0, upto=3)
    keys = payloads((4, bytes(256)), (10, bytes(32)), (20, nat_d((1, 2), A, 1)), (20, nat_d((1, 2), B, 1)))
    script.ike(0.05, False, MAIN, 0, keys)
    (sa,) = script.report().rows("ike_sas")
    assert (sa.nat_initiator, sa.nat_responder) == (None, None)


def test_two_clients_behind_one_nat_are_two_connections() -> None:
    """Clients share the address of their NAT; ports and SPIs keep them apart."""
    one, other = IpsecScript(), IpsecScript()
    other.spis = (0x5555, 0x6666)
    for script, port, spi in ((one, 4500, 1), (other, 39075, 2)):
        script.main_mode(spi * 0.003, natt=port)
        script.quick_mode(0.5 + spi * 0.003, spi)
        script.traffic(1.0 + spi * 0.003, (0x10000000 + spi, 0x20000000 + spi))
    report = one.merged(other).report()
    assert sorted(row.client for row in report.rows("vpns")) == ["198.51.100.10:39075", "198.51.100.10:4500"]
    assert [len(row.esp_sas) for row in report.rows("vpns")] == [2, 2]
    spis = {row.spi: row for row in report.rows("esp_sas")}
    assert spis["0x10000001"].vpn == spis["0x20000001"].vpn != spis["0x10000002"].vpn == spis["0x20000002"].vpn


def test_a_nat_that_forgets_its_mapping_moves_the_port_and_not_the_connection() -> None:
    """The SPI goes on from another port: the same SA, the same connection, and a move that is told."""
    script = healthy(natt=True)
    script.ports = {True: 61991, False: 4500}
    script.traffic(5.0, (0x10000001, 0x20000001), first=11)
    report = script.report()
    assert [(row.packets, row.moves, row.lost) for row in report.rows("esp_sas")] == [(20, 1, 0), (20, 1, 0)]
    assert len(report.rows("vpns")) == 1
    assert "198.51.100.10:4500 goes on as 198.51.100.10:61991" in [row.detail for row in report.rows("events") if row.event == "moved"]


def test_new_child_sas_take_the_place_of_the_old() -> None:
    """A second Quick Mode makes new SPIs; each names the one whose place it took."""
    script = healthy()
    script.quick_mode(2.0, 8, by_client=False)
    script.traffic(2.1, (0x10000002, 0x20000002))
    report = script.report()
    rows = {row.spi: row for row in report.rows("esp_sas")}
    assert rows["0x10000002"].replaces == rows["0x10000001"].esp_sa
    assert rows["0x20000002"].replaces == rows["0x20000001"].esp_sa
    assert rows["0x10000002"].pair == rows["0x20000002"].esp_sa
    assert len(report.rows("vpns")) == 1


def test_a_new_ike_sa_while_the_old_one_speaks_takes_its_place() -> None:
    """Reauthentication: new cookies between the same hosts, the old SA is deleted after; one connection."""
    script = healthy()
    script.spis = (0x7777, 0x8888)
    script.main_mode(3.0)
    script.quick_mode(3.5, 8)
    script.traffic(4.0, (0x10000002, 0x20000002))
    script.spis = (CLIENT, 0xAAAABBBBCCCCDDDD)
    script.encrypted(3.2, True, INFORMATIONAL, 77, 76)
    script.encrypted(3.21, False, INFORMATIONAL, 78, 92)
    script.records.sort(key=lambda record: record[0])
    report = script.report()
    assert [row.state for row in report.rows("ike_sas")] == ["replaced", "established"]
    (vpn,) = report.rows("vpns")
    assert vpn.ike_sas == [1, 2]
    assert len(vpn.esp_sas) == 4


def test_a_client_that_comes_back_is_another_connection() -> None:
    """After a crash the client says nothing under the old SA any more; the new one does not take its place."""
    script = healthy()
    script.spis = (0x7777, 0x8888)
    script.main_mode(30.0)
    script.quick_mode(30.5, 8)
    script.traffic(31.0, (0x10000002, 0x20000002))
    report = script.report()
    assert [row.ike_sas for row in report.rows("vpns")] == [[1], [2]]
    assert [row.esp_sas for row in report.rows("vpns")] == [[1, 2], [3, 4]]


def test_esp_alone_is_paired_and_is_a_connection() -> None:
    """Without IKE in the capture, one SA each way between two hosts are a pair: the only candidates."""
    script = IpsecScript()
    script.traffic(0.0, (0x10000001, 0x20000001), first=500)
    report = script.report()
    assert [(row.pair, row.pair_linked_by, row.birth_seen) for row in report.rows("esp_sas")] == [
        (2, "only candidate", False),
        (1, "only candidate", False),
    ]
    (vpn,) = report.rows("vpns")
    assert (vpn.kind, vpn.stage, vpn.ike_sas) == ("ipsec", "esp", [])


def test_esp_belongs_to_an_ike_sa_that_speaks_later() -> None:
    """An IKE SA whose set-up is before the capture may say its first word long after ESP; they share their ends."""
    script = IpsecScript()
    script.ports = {True: 4500, False: 4500}
    script.traffic(0.0, (0x10000001, 0x20000001), first=500)
    script.encrypted(5.0, False, INFORMATIONAL, 9, 92)
    (vpn,) = script.report().rows("vpns")
    assert (vpn.ike_sas, vpn.esp_sas) == ([1], [1, 2])


def test_packets_missing_before_the_first_of_a_new_sa_are_lost() -> None:
    """An SA numbers from 1 (RFC 4303 §2.2): where its making is in the capture, a first number of 4 means 3 lost; else nothing."""
    script = IpsecScript()
    script.main_mode(0.0)
    script.quick_mode(0.5, 7)
    script.traffic(1.0, (0x10000001, 0x20000001), first=4)
    up, _ = script.report().rows("esp_sas")
    assert (up.expected, up.received, up.lost, up.birth_seen) == (13, 10, 3, True)
    alone = IpsecScript()
    alone.traffic(1.0, (0x10000001, 0x20000001), first=4)
    up, _ = alone.report().rows("esp_sas")
    assert (up.expected, up.received, up.lost, up.birth_seen) == (10, 10, 0, False)


def test_one_direction_alone() -> None:
    """A tap that sees the client only: messages are named, nothing is paired; it stays on port 500, so it found no NAT (RFC 3947 §4)."""
    script = healthy()
    script.records = [(time, octets) for time, octets in script.records if octets[26:30] == A]
    report = script.report()
    assert names(report) == ["MM1", "MM3", "MM5", "QM1", "QM3"]
    (sa,) = report.rows("ike_sas")
    assert (sa.nat_initiator, sa.nat_responder, sa.state) == (False, False, "established")
    (esp,) = report.rows("esp_sas")
    assert (esp.pair, esp.ike_sa) == (None, 1)
    assert report.rows("rtt") == []


def test_a_clear_tunnel_after_a_refused_ike_is_a_connection_of_its_own() -> None:
    """The client goes on without IPsec: nothing joins the two but the addresses, and those join nothing."""
    script = IpsecScript()
    script.main_mode(0.0, upto=1)
    script.ike(0.03, False, INFORMATIONAL, 9, payloads((11, b"\0\0\0\1\1\0\0\x0e")))
    script.set_up(1.0)
    report = script.report()
    assert [(row.kind, row.tunnels) for row in report.rows("vpns")] == [("ipsec", []), ("l2tp", [1])]
    assert report.rows("tunnels")[0].vpn == 2


def test_clear_tunnels_alone_are_connections() -> None:
    """Without IPsec each tunnel is a connection."""
    script = Script()
    script.set_up(0.0)
    script.call(0.5)
    (vpn,) = script.report().rows("vpns")
    assert (vpn.kind, vpn.stage, vpn.stage_grade, vpn.outcome, vpn.tunnels, vpn.sessions) == (
        "l2tp",
        "l2tp-session",
        "certain",
        "up",
        [1],
        [1],
    )


def sk(octets: int) -> tuple[int, bytes]:
    """An encrypted payload (RFC 7296 §3.14)."""
    return payloads((46, bytes(octets)))


def ikev2(script: IpsecScript, time: float, *, auth_octets: int = 200) -> None:
    """IKE_SA_INIT and IKE_AUTH."""
    init = payloads((34, b"\0\x0e\0\0" + bytes(256)), (40, bytes(32)))
    script.ike(time, True, INIT, 0, init, flags=INITIATOR_FLAG, major=2, responder=0)
    script.ike(time + 0.01, False, INIT, 0, init, flags=RESPONSE_FLAG, major=2)
    script.ike(time + 0.02, True, AUTH, 1, sk(220), flags=INITIATOR_FLAG, major=2)
    script.ike(time + 0.03, False, AUTH, 1, sk(auth_octets), flags=RESPONSE_FLAG, major=2)


def test_ikev2_exchanges_and_their_children() -> None:
    """IKE_AUTH makes the first child SAs, CREATE_CHILD_SA the next (RFC 7296 §1.2, §1.3); message IDs pair request and response."""
    script = IpsecScript()
    ikev2(script, 0.0)
    script.traffic(1.0, (0x10000001, 0x20000001))
    script.ike(3.0, False, CHILD, 0, sk(200), flags=0, major=2)
    script.ike(3.01, True, CHILD, 0, sk(200), flags=INITIATOR_FLAG | RESPONSE_FLAG, major=2)
    script.traffic(3.1, (0x10000002, 0x20000002))
    report = script.report()
    assert [(row.name, row.reply_to) for row in report.rows("ike_messages")] == [
        ("IKE_SA_INIT request", None),
        ("IKE_SA_INIT response", 1),
        ("IKE_AUTH request", None),
        ("IKE_AUTH response", 3),
        ("CREATE_CHILD_SA request", None),
        ("CREATE_CHILD_SA response", 25),
    ]
    (sa,) = report.rows("ike_sas")
    assert (sa.version, sa.exchange, sa.state, sa.furthest, sa.child_exchanges) == (2, "ike_sa_init", "established", "IKE_AUTH response", 2)
    assert [row.replaces for row in report.rows("esp_sas")] == [None, None, 1, 2]
    assert all(row.ike_sa == 1 for row in report.rows("esp_sas"))


def test_a_short_ike_auth_response_is_a_refusal() -> None:
    """Identity, proof, SA and selectors do not fit in it: an error notify does."""
    script = IpsecScript()
    ikev2(script, 0.0, auth_octets=48)
    (sa,) = script.report().rows("ike_sas")
    assert (sa.state, sa.furthest, sa.closed_by) == ("refused", "IKE_AUTH response", "responder")


def test_a_scan_fills_no_memory() -> None:
    """First messages to nobody beyond the sample are counted, and told."""
    script = IpsecScript()
    for number in range(2600):
        script.ike(number * 0.001, True, MAIN, 0, payloads((1, security_association())), initiator=0x99990000 + number, responder=0)
    report = script.report()
    assert len(report.rows("ike_sas")) == 2500
    assert [row.detail.split(",")[0] for row in report.rows("events") if row.event == "flood"] == [
        "100 requests for an IKE SA without an answer"
    ]


def test_the_same_spi_to_two_receivers_is_two_sas() -> None:
    """The receiver chooses the SPI (RFC 4303 §2.1), so that two may choose the same."""
    one, other = IpsecScript(), IpsecScript(C)
    one.traffic(0.0, (0x10000001, 0x20000001))
    other.traffic(0.005, (0x10000002, 0x20000001))
    report = one.merged(other).report()
    rows = [row for row in report.rows("esp_sas") if row.spi == "0x20000001"]
    assert [(row.packets, row.lost, row.duplicate) for row in rows] == [(10, 0, 0), (10, 0, 0)]


def test_a_quick_mode_that_is_refused_leaves_the_ike_sa() -> None:
    """QM1 and an encrypted answer in its place: the IKE SA is up, the child SAs are not."""
    script = IpsecScript()
    script.main_mode(0.0)
    script.encrypted(0.5, True, QUICK, 7, 172)
    script.encrypted(0.52, False, INFORMATIONAL, 8, 76)
    report = script.report()
    (sa,) = report.rows("ike_sas")
    assert (sa.state, sa.furthest) == ("established", "QM1")
    (vpn,) = report.rows("vpns")
    assert (vpn.stage, vpn.outcome) == ("child-request", "failed")
