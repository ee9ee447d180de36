"""L2TPv3 in the laboratory: layout, ids, counts and loss as the configuration and the sender's own capture have them.

Frames are read here with dpkt and `struct`, where cookie and sublayer are known from truth.json, and so nothing is concluded.
"""

from __future__ import annotations

import json
import struct
from functools import cache
from typing import Any, NamedTuple

import dpkt
import lab
import pytest
from conftest import SHARED

import l2tpscope

pytestmark = [pytest.mark.shared, pytest.mark.skipif(not lab.LAB.is_dir(), reason="the laboratory captures (../shared) are not here")]

STATIC = ("l2tpv3_ip_c4", "l2tpv3_ipv6_udp", "l2tpv3_udp_c0", "l2tpv3_udp_c8", "l2tpv3_udp_nosub", "l2tpv3_udp_seq_loss")
CASES = [(scenario, point) for scenario in STATIC for point in lab.BOTH_WAYS]
PUBLIC = SHARED / "captures" / "public"


class Packet(NamedTuple):
    """One data packet: its session, and what follows."""

    session: int
    rest: bytes


@cache
def report(scenario: str, point: str) -> l2tpscope.Report:
    """What l2tpscope says of one capture."""
    return l2tpscope.read(lab.LAB / scenario / point)


@cache
def config(scenario: str) -> dict[str, Any]:
    """How the session was set up."""
    loaded: dict[str, Any] = json.loads((lab.LAB / scenario / "truth.json").read_text())["config"]
    return loaded


@cache
def packets(scenario: str, point: str) -> list[Packet]:
    """Every data packet of a capture."""
    found = []
    for _, octets in dpkt.pcap.Reader((lab.LAB / scenario / point).open("rb")):
        ip = dpkt.ethernet.Ethernet(octets).data
        if not isinstance(ip, (dpkt.ip.IP, dpkt.ip6.IP6)):
            continue
        if ip.p == dpkt.ip.IP_PROTO_UDP and isinstance(ip.data, dpkt.udp.UDP) and ip.data.dport == 1701:
            found.append(Packet(struct.unpack(">I", ip.data.data[4:8])[0], ip.data.data[8:]))
        elif ip.p == 115:
            found.append(Packet(struct.unpack(">I", bytes(ip.data)[:4])[0], bytes(ip.data)[4:]))
    return found


def numbers(scenario: str, point: str, session: int) -> list[int]:
    """The sequence numbers of one direction, as they passed."""
    cookie = config(scenario)["l2tpv3"]["cookie_len"]
    words = [struct.unpack(">I", packet.rest[cookie : cookie + 4])[0] for packet in packets(scenario, point) if packet.session == session]
    return [word & 0xFFFFFF for word in words if word >> 24 == 0x40]


@pytest.mark.parametrize(("scenario", "point"), CASES)
def test_layout_is_as_it_was_configured(scenario: str, point: str) -> None:
    """Cookie, sublayer, sequencing and what is carried come out as set, marked likely, in both directions."""
    (row,) = report(scenario, point).rows("sessions")
    told = config(scenario)["l2tpv3"]
    sublayer = "none" if told.get("l2spec") == "none" else "default"
    assert (row.cookie_octets_to_responder, row.cookie_octets_to_initiator) == (told["cookie_len"],) * 2
    assert (row.sublayer_to_responder, row.sublayer_to_initiator) == (sublayer,) * 2
    assert (row.layout_grade_to_responder, row.layout_grade_to_initiator) == ("likely",) * 2
    assert (row.sequenced_to_responder, row.sequenced_to_initiator) == (told.get("seq", False),) * 2
    assert row.pseudowire == "Ethernet"


@pytest.mark.parametrize(("scenario", "point"), CASES)
def test_the_session_is_static_with_its_ids_and_counts(scenario: str, point: str) -> None:
    """One session without control messages, its ids by the side that receives under them, every packet of it counted."""
    (tunnel,), (row,) = report(scenario, point).rows("tunnels"), report(scenario, point).rows("sessions")
    told = config(scenario)
    client = tunnel.initiator.strip("[]").startswith(("198.51.100.10", "2001:db8:1:"))
    ids = told["l2tpv3"]["session_ids"]
    sides = ("initiator", "responder") if client else ("responder", "initiator")
    assert (tunnel.version, tunnel.encapsulation, tunnel.state, row.call) == (3, told["l2tpv3"]["encap"], "partial", "static")
    assert row.state == "established"
    for side, id_of in zip(sides, ("on_wire_to_cl", "on_wire_to_sv"), strict=True):
        assert getattr(row, f"{side}_id") == ids[id_of]
        assert getattr(row, f"data_packets_to_{side}") == sum(packet.session == ids[id_of] for packet in packets(scenario, point))


@pytest.mark.parametrize("point", lab.BOTH_WAYS)
@pytest.mark.parametrize("side", ["initiator", "responder"])
def test_loss_equals_the_numbers_that_the_sender_sent_and_the_tap_lacks(point: str, side: str) -> None:
    """Where packets are numbered, those lost are the sender's own less the tap's, up to the last that passed."""
    scenario = "l2tpv3_udp_seq_loss"
    ids = config(scenario)["l2tpv3"]["session_ids"]
    session, sender = (ids["on_wire_to_cl"], "server.pcap") if side == "initiator" else (ids["on_wire_to_sv"], "client.pcap")
    passed = numbers(scenario, point, session)
    sent = {number for number in numbers(scenario, sender, session) if passed[0] <= number <= max(passed)}
    sent |= set(passed)  # the sender's capture ends a little earlier than the tap's
    rows = report(scenario, point).rows("loss")
    (row,) = [row for row in rows if row.space == "l2tp-data" and row.direction == f"to_{side}"]
    assert (row.measurable, row.expected, row.received, row.lost) == (True, len(sent), len(set(passed)), len(sent - set(passed)))


@pytest.mark.parametrize(("scenario", "point"), [case for case in CASES if case[0] != "l2tpv3_udp_seq_loss"])
def test_without_numbers_loss_is_not_measurable(scenario: str, point: str) -> None:
    """Data without sequence numbers has no loss of its own, and the reason says so."""
    rows = [row for row in report(scenario, point).rows("loss") if row.space == "l2tp-data"]
    assert len(rows) == 2
    assert all(not row.measurable and row.lost is None and "no sequence numbers" in row.why_not for row in rows)


@pytest.mark.parametrize("point", lab.BOTH_WAYS)
def test_hello_and_ack_without_a_set_up(point: str) -> None:
    """go-l2tp's minimal control channel: ids, HELLOs sent 3 times and their repeats as its log has them; 7 packets give no cookie."""
    made = report("ql2tpd_v3_udp_hello", point)
    (tunnel,), (session,) = made.rows("tunnels"), made.rows("sessions")
    assert (tunnel.initiator_id, tunnel.responder_id) in ((3001, 4001), (4001, 3001))
    assert (tunnel.retransmissions_to_responder, tunnel.retransmissions_to_initiator, tunnel.hellos) == (2, 2, 2)
    kinds = [row.message for row in made.rows("messages")]
    assert (kinds.count("HELLO"), kinds.count("ACK")) == (6, 6)
    assert session.cookie_octets_to_responder is None
    assert any("too few" in why for why in session.layout_why)


def test_public_capture_with_a_set_up() -> None:
    """An Ethernet VLAN pseudowire over UDP by its AVPs; both ids as Wireshark shows them, data given to the session by them."""
    (capture,) = PUBLIC.glob("c007__*")
    made = l2tpscope.read(capture)
    (tunnel,), (session,) = made.rows("tunnels"), made.rows("sessions")
    assert (tunnel.initiator_id, tunnel.responder_id) == (0x92C98460, 0x7D7E5CC9)
    assert (session.initiator_id, session.responder_id) == (3147457057, 456721127)
    assert (session.pseudowire, session.cookie_octets_to_responder, session.sublayer_to_responder) == ("Ethernet VLAN", 0, "none")
    assert session.layout_grade_to_responder == "certain"
    assert (session.data_packets_to_responder, session.data_packets_to_initiator) == (55, 62)


def test_depi_sessions_of_a_public_capture() -> None:
    """Six DOCSIS sessions over IP, the ids of each as Wireshark shows them; a peer that counts ACKs makes no message missing; numbers of
    16 bits, of which 99,671 data packets without a gap speak.
    """
    (capture,) = PUBLIC.glob("c005__*")
    made = l2tpscope.read(capture)
    ids = [(row.initiator_id, row.responder_id) for row in made.rows("sessions")]
    assert ids == [(1, 4390912), (2, 4390913), (3, 6553600), (5, 13893632), (6, 11796480), (7, 8650752)]
    assert made.rows("captures")[0].acknowledged_unseen == 0
    assert {row.pseudowire for row in made.rows("sessions")} == {"PSP"}
    loss = {row.session: row for row in made.rows("loss") if row.space == "l2tp-data" and row.measurable}
    assert {session: (row.expected, row.lost) for session, row in loss.items()} == {1: (50032, 0), 2: (393, 0), 4: (49246, 0)}
    assert {row.session: row.data_packets_to_responder for row in made.rows("sessions") if row.session in loss} == {
        session: row.received for session, row in loss.items()
    }


@pytest.mark.parametrize(("scenario", "point"), [case for case in CASES if case[0] != "l2tpv3_ipv6_udp"])
def test_loss_by_ip_id_equals_what_the_tap_lacks(scenario: str, point: str) -> None:
    """IP ids of static sessions over IPv4 count one tunnel: lost are as many as the sender's own capture has and the tap lacks."""
    told = config(scenario)["l2tpv3"]["session_ids"]
    rows = [row for row in report(scenario, point).rows("loss") if row.space == "l2tp-data-ip-id"]
    assert len(rows) == 2
    for row in rows:
        from_client = row.direction == "to_responder"
        session, sender = (told["on_wire_to_sv"], "client.pcap") if from_client else (told["on_wire_to_cl"], "server.pcap")
        sent = sum(packet.session == session for packet in packets(scenario, sender))
        passed = sum(packet.session == session for packet in packets(scenario, point))
        assert row.measurable
        assert abs(row.lost - (sent - passed)) <= 2, "the captures do not end at the same packet"
        assert row.received == passed


@pytest.mark.parametrize("point", lab.BOTH_WAYS)
def test_ipv6_has_no_ip_ids(point: str) -> None:
    """Over IPv6 there is nothing to count."""
    assert not any(row.space == "l2tp-data-ip-id" and row.measurable for row in report("l2tpv3_ipv6_udp", point).rows("loss"))
