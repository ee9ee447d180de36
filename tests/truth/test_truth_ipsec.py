"""The program's word on every laboratory capture with IPsec, from every capture point, against the facts of `ipsec.py`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import esp_facts
import ike_facts
import ipsec
import ipsec_logs
import lab
import pytest
from conversations import INITIATOR, OTHER, RESPONDER

import l2tpscope

pytestmark = [pytest.mark.shared, pytest.mark.skipif(not lab.LAB.is_dir(), reason="the laboratory captures (../shared) are not here")]

EVERY_CAPTURE = pytest.mark.parametrize(("scenario", "point"), ipsec.CASES, ids=[f"{scenario}/{point}" for scenario, point in ipsec.CASES])
SIDES = (INITIATOR, RESPONDER)


@cache
def report(scenario: str, point: str) -> Any:
    """The program's report of a capture point."""
    return l2tpscope.read([str(path) for path in lab.files(scenario, point)])


def ike_pairs(scenario: str, point: str) -> list[tuple[ike_facts.IkeSa, Any]]:
    """Each expected IKE SA beside its row."""
    rows = {row.initiator_spi: row for row in report(scenario, point).rows("ike_sas")}
    return [(sa, rows[sa.initiator_spi]) for sa in ike_facts.sas(scenario, point)]


def esp_rows(scenario: str, point: str) -> dict[str, Any]:
    """ESP SAs by SPI."""
    return {row.spi: row for row in report(scenario, point).rows("esp_sas")}


# ---- IKE -------------------------------------------------------------------------------------------------------------


@EVERY_CAPTURE
def test_ike_sas(scenario: str, point: str) -> None:
    """Exactly the IKE SAs that were there, with both SPIs, version and kind of exchange."""
    rows = report(scenario, point).rows("ike_sas")
    got = [(row.initiator_spi, row.responder_spi, row.version, row.exchange) for row in rows]
    expected = []
    for sa in ike_facts.sas(scenario, point):
        first = sa.said[0].message
        expected.append((sa.initiator_spi, sa.responder_spi, first.version, ike_facts.EXCHANGES[first.exchange]))
    assert got == expected


@EVERY_CAPTURE
def test_ike_messages(scenario: str, point: str) -> None:
    """Messages, repeats and begun child exchanges of each IKE SA, and the furthest step, are those counted by hand."""
    for sa, row in ike_pairs(scenario, point):
        assert row.messages == len(sa.said)
        assert row.retransmissions_to_responder == sa.count(RESPONDER, again=True)
        assert row.retransmissions_to_initiator == sa.count(INITIATOR, again=True)
        assert row.child_exchanges == sa.children()
        assert row.furthest == sa.furthest()


@EVERY_CAPTURE
def test_names_of_ike_messages(scenario: str, point: str) -> None:
    """Each message has the frame, direction and name that it has by hand, and counts as a repeat where its octets were there before."""
    rows = {row.frame: row for row in report(scenario, point).rows("ike_messages")}
    expected = {one.message.packet.frame: one for sa in ike_facts.sas(scenario, point) for one in sa.said}
    assert set(rows) == set(expected)
    for frame, one in expected.items():
        row = rows[frame]
        got = (row.direction, row.name, row.fit == "retransmission", row.encrypted, row.octets, row.message_id)
        message = one.message
        assert got == (f"to_{one.receiver}", one.name, one.again, message.encrypted, len(message.octets), message.message_id), frame


LOGGED = {
    "AES_CBC": "AES-CBC",
    "3DES_CBC": "3DES-CBC",
    "HMAC_SHA1_96": "SHA1",
    "HMAC_SHA2_256_128": "SHA2-256",
    "HMAC_SHA2_384_192": "SHA2-384",
}
"""As strongSwan writes it -> as the tables of IKEv1 do."""


@EVERY_CAPTURE
def test_what_was_agreed(scenario: str, point: str) -> None:
    """Cipher, key length, hash and group are those that the client's log calls selected; PSK and life time those of its configuration."""
    log = ipsec_logs.read(lab.LAB / scenario, "cl")
    assert log is not None
    for _, row in ike_pairs(scenario, point):
        if not log.proposals:
            assert (row.encryption, row.integrity, row.dh_group) == (None, None, None)
            continue
        cipher, integrity, prf, group = log.proposals[0].split("/")
        name, _, bits = cipher.rpartition("_") if cipher[-3:].isdigit() else (cipher, "", "")
        assert row.encryption == LOGGED[name]
        assert row.key_bits == (int(bits) if bits else None)
        assert row.dh_group == group.replace("_", "-")
        if row.version == 1:
            assert row.integrity == LOGGED[integrity]
            assert row.authentication == "PSK"
            assert row.lifetime_s == (log.lifetime_s or 3600)
        else:
            assert (row.integrity, row.prf) == (integrity.replace("_", "-"), prf.removeprefix("PRF_").replace("_", "-"))
            assert (row.authentication, row.lifetime_s) == (None, None)


@EVERY_CAPTURE
def test_who_is_behind_nat(scenario: str, point: str) -> None:
    """The client behind the NAT that the laboratory built, nobody elsewhere; nothing where no hash passed, or a false one."""
    for sa, row in ike_pairs(scenario, point):
        for side, expected in ike_facts.nat(scenario, sa).items():
            got = row.nat_initiator if side == INITIATOR else row.nat_responder
            if isinstance(expected, lab.Unknown):
                assert got is None, (side, expected.why)
            elif scenario == "ike_aggressive_ok":
                assert got in (expected, None), f"{side}: the initiator's hashes are in an encrypted message"
            else:
                assert got is expected, side
        assert row.natt == any(4500 in (one.message.packet.source_port, one.message.packet.destination_port) for one in sa.said)


@EVERY_CAPTURE
def test_state_of_ike_sas(scenario: str, point: str) -> None:
    """State and closing side: as the daemons' logs have it, or less, never something else."""
    for (sa, row), states in zip(ike_pairs(scenario, point), ipsec.states(scenario, point), strict=True):
        assert row.state in states
        by = ike_facts.deleted_by(scenario, point, sa)
        if row.state == "closed":
            assert row.closed_by == by
        elif row.state in ("refused", "failed"):
            assert row.closed_by in (None, RESPONDER, by)
        else:
            assert row.closed_by in (None, by)


@EVERY_CAPTURE
def test_establishment(scenario: str, point: str) -> None:
    """An IKE SA is established with the last message of its set-up, as both daemons' logs say it was."""
    last = ("MM6", "AM3", "IKE_AUTH response")
    for sa, row in ike_pairs(scenario, point):
        done = [one.message.packet.time for one in sa.firsts() if one.name in last]
        assert row.established == (done[0] if done else None)


@EVERY_CAPTURE
def test_dead_peer_checks(scenario: str, point: str) -> None:
    """No more DPD requests than the daemons sent; each sample of one is a request with its own answer, by the message IDs in the logs."""
    true: set[tuple[int, int, str]] = set()
    for sa, row in ike_pairs(scenario, point):
        checks = ike_facts.dead_peer_checks(scenario, sa)
        assert row.dead_peer_checks <= sum(map(len, checks.values()))
        for side, found in checks.items():
            true |= {(ask.message.packet.frame, answer.message.packet.frame, side) for ask, answer in found if answer is not None}
    told = {(row.frame_request, row.frame_reply, row.side) for row in report(scenario, point).rows("rtt") if row.kind == "dpd"}
    assert told <= true


@EVERY_CAPTURE
def test_ike_round_trips(scenario: str, point: str) -> None:
    """The smallest clean sample of each side is that of the fastest exchange by hand; so it lies off the set delay only as far as the
    daemon took time, which test_truth_ipsec_hand proves. None is shorter than the path allows.
    """
    for sa, row in ike_pairs(scenario, point):
        for side in SIDES:
            trip = ike_facts.round_trip(scenario, point, sa, side)
            got = row.rtt_initiator_side_min_s if side == INITIATOR else row.rtt_responder_side_min_s
            assert (got is None) == (trip.fastest_s is None), (side, got, trip)
            if got is not None and trip.fastest_s is not None:
                assert got == pytest.approx(trip.fastest_s, abs=1e-6), side
                assert got >= trip.floor_s
                assert isinstance(trip.delay_s, lab.Unknown) or abs(got - trip.delay_s) <= trip.tolerance_s


# ---- ESP -------------------------------------------------------------------------------------------------------------


@EVERY_CAPTURE
def test_esp_sas(scenario: str, point: str) -> None:
    """Exactly the ESP SAs that were there: SPI, ends, encapsulation, direction, packets, octets, first and last number, time."""
    rows = esp_rows(scenario, point)
    facts = esp_facts.sas(scenario, point)
    assert sorted(rows) == sorted(facts)
    assert len(report(scenario, point).rows("esp_sas")) == len(facts)
    for spi, sa in facts.items():
        row = rows[spi]
        to = RESPONDER if sa.destination == ike_facts.SERVER else INITIATOR
        assert row.source.partition(":")[0] == sa.source
        assert row.destination.partition(":")[0] == sa.destination
        assert (row.protocol, row.encapsulation, row.direction) == ("esp", "udp" if sa.udp else "esp", f"to_{to}")
        assert (row.packets, row.octets) == (len(sa.packets), sum(len(packet.octets) for packet in sa.packets))
        assert (row.first_sequence, row.last_sequence) == (sa.packets[0].sequence, max(sa.numbers))
        assert (row.first, row.last) == (sa.packets[0].time, sa.packets[-1].time)
        assert row.largest_octets == max(len(packet.octets) for packet in sa.packets)


@EVERY_CAPTURE
def test_esp_loss(scenario: str, point: str) -> None:
    """Lost upstream of the tap, to the packet, by the capture on the sender's host; and what came twice or out of order."""
    for spi, row in esp_rows(scenario, point).items():
        sa = esp_facts.sas(scenario, point)[spi]
        true = esp_facts.upstream_loss(scenario, sa)
        assert row.birth_seen
        assert row.epochs == 1
        assert row.received == len(sa.numbers)
        assert row.duplicate == len(sa.packets) - len(sa.numbers)
        assert row.reordered == sa.reordered()
        assert row.lost + row.pending == true.lost, (spi, true)
        assert row.pending <= true.late, (spi, true)
        assert row.expected == row.received + row.lost + row.pending


@EVERY_CAPTURE
def test_loss_rows_of_esp(scenario: str, point: str) -> None:
    """The table of loss says the same as the table of SAs, one row each."""
    rows = {row.esp_sa: row for row in report(scenario, point).rows("loss") if row.space == "esp"}
    sas = report(scenario, point).rows("esp_sas")
    assert sorted(rows) == [row.esp_sa for row in sas]
    for sa in sas:
        row = rows[sa.esp_sa]
        assert (row.expected, row.received, row.lost, row.pending) == (sa.expected, sa.received, sa.lost, sa.pending)


@EVERY_CAPTURE
def test_pairs_of_child_sas(scenario: str, point: str) -> None:
    """Each SA stands beside the one that was made with it, belongs to the IKE SA that made it, and replaces the one before it."""
    rows = esp_rows(scenario, point)
    made_by = {one.message.message_id: sa.initiator_spi for sa in ike_facts.sas(scenario, point) for one in sa.said if one.name[:2] != "IN"}
    ike = {row.ike_sa: row.initiator_spi for row in report(scenario, point).rows("ike_sas")}
    for connection in ipsec.connections(scenario, point):
        log = ipsec_logs.read(lab.LAB / scenario, connection.client)
        makers = {(one.outbound, one.inbound): one.message_id for one in log.children} if log else {}
        before: dict[int, int | None] = {0: None, 1: None}
        for pair in connection.pairs:
            for way, spi in enumerate(pair):
                if (row := rows.get(spi)) is None:
                    continue
                other = rows.get(pair[1 - way])
                assert row.pair == (other.esp_sa if other is not None else None), spi
                assert ike[row.ike_sa] == made_by[makers[pair]], spi
                assert row.replaces == before[way], spi
                before[way] = row.esp_sa


@EVERY_CAPTURE
def test_heartbeat_round_trips(scenario: str, point: str) -> None:
    """The smallest heartbeat sample of each side lies within 1 ms or 5 % of the delay set there."""
    for side in SIDES:
        trips = [row.rtt_s for row in report(scenario, point).rows("rtt") if row.kind == "esp-heartbeat" and row.side == side]
        delay = ike_facts.path_delay(scenario, point, side).delay_s
        assert not trips or abs(min(trips) - delay) <= max(0.001, 0.05 * delay), (side, min(trips), delay)
        assert all(trip >= delay - 1e-6 for trip in trips), side


# ---- connections -----------------------------------------------------------------------------------------------------


def vpn_keys(report: Any) -> list[ipsec.Key]:
    """What each connection of a report consists of. A tunnel without control messages has no ids: it goes by its counts."""
    ike = {row.ike_sa: row.initiator_spi for row in report.rows("ike_sas")}
    esp = {row.esp_sa: row.spi for row in report.rows("esp_sas")}
    tunnels = {
        row.tunnel: (row.data_packets_to_initiator, row.data_packets_to_responder)
        if row.sessions and row.initiator_id is None and row.responder_id is None
        else (row.initiator_id, row.responder_id)
        for row in report.rows("tunnels")
    }
    return [
        (
            frozenset(ike[one] for one in row.ike_sas),
            frozenset(esp[one] for one in row.esp_sas),
            frozenset(tunnels[one] for one in row.tunnels),
        )
        for row in report.rows("vpns")
    ]


def in_order(keys: Sequence[tuple[frozenset[Any], ...]]) -> list[list[list[str]]]:
    """To compare."""
    return sorted([sorted(map(str, part)) for part in key] for key in keys)


@EVERY_CAPTURE
def test_connections(scenario: str, point: str) -> None:
    """One connection a client, with exactly its IKE SAs, ESP SAs and tunnels; and each of these belongs to one."""
    got = report(scenario, point)
    spis = set(esp_facts.sas(scenario, point))
    assert in_order(vpn_keys(got)) == in_order([one.key(spis) for one in ipsec.connections(scenario, point)])
    owners = {(table, getattr(row, table)): row.vpn for table in ("ike_sa", "esp_sa", "tunnel") for row in got.rows(f"{table}s")}
    for row in got.rows("vpns"):
        for table in ("ike_sa", "esp_sa", "tunnel"):
            assert {owners.pop((table, number)) for number in getattr(row, f"{table}s")} <= {row.vpn}
    assert owners == {}


def rows_of_connections(scenario: str, point: str) -> list[tuple[ipsec.Connection, Any]]:
    """Each expected connection beside its row."""
    got = report(scenario, point)
    by_key = dict(zip(vpn_keys(got), got.rows("vpns"), strict=True))
    spis = set(esp_facts.sas(scenario, point))
    return [(one, by_key[one.key(spis)]) for one in ipsec.connections(scenario, point)]


@EVERY_CAPTURE
def test_stage_of_connections(scenario: str, point: str) -> None:
    """How far each got: the truth of the logs, or less where ciphertext does not show it, never more; certain only what was seen."""
    for connection, row in rows_of_connections(scenario, point):
        end = ipsec.end(scenario, point, connection)
        assert row.stage in end.stages, end.why
        in_clear = bool(connection.tunnels) or not connection.pairs or row.stage == "esp"
        assert in_clear or row.stage_grade != "certain"


def test_stages_are_told() -> None:
    """Where ciphertext is all there is to go by, half the connections at least get the very stage of the logs: silence is no success."""
    right = total = 0
    for scenario, point in ipsec.CASES:
        for connection, row in rows_of_connections(scenario, point):
            if connection.pairs and not connection.tunnels:
                total += 1
                right += row.stage == ipsec.end(scenario, point, connection).stages[0]
    assert right >= total / 2 > 0, (right, total)


@EVERY_CAPTURE
def test_end_of_connections(scenario: str, point: str) -> None:
    """What became of each, and which side ended it."""
    for connection, row in rows_of_connections(scenario, point):
        end = ipsec.end(scenario, point, connection)
        assert row.outcome in end.outcomes, end.why
        assert row.closed_by in end.closed_by, end.why


@EVERY_CAPTURE
def test_packets_of_connections(scenario: str, point: str) -> None:
    """Packets of each connection count once per direction: ESP, and clear L2TP that has no ESP beside it."""
    for connection, row in rows_of_connections(scenario, point):
        sas = esp_facts.sas(scenario, point)
        for side, got in ((RESPONDER, row.packets_to_server), (INITIATOR, row.packets_to_client)):
            way = 0 if side == RESPONDER else 1
            esp = sum(len(sas[pair[way]].packets) for pair in connection.pairs if pair[way] in sas)
            tunnels = [one for one in lab.expected(scenario, point) if connection.tunnels] if (scenario, point) in lab.CASES else []
            clear = sum(one.control[side] + sum(session.data[side] for session in one.sessions) for one in tunnels)
            twice = TWIN_HOST.get((scenario, point)) == OTHER[side]
            assert got == (esp if twice else esp + clear), side


TWIN_HOST = {("l2tpipsec_tunnelmode", "client.pcap"): RESPONDER, ("l2tpipsec_tunnelmode", "server.pcap"): INITIATOR}
"""Who sends what the capture has twice: each host of a tunnel-mode SA sees what it receives decrypted as well (field-notes 33)."""
