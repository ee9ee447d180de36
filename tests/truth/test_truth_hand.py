"""Is the truth true? What was read from the bytes, against the daemons' logs and the laboratory's own packet matching."""

from __future__ import annotations

import hand
import lab
import logs
import pytest
from conversations import INITIATOR, OTHER, RESPONDER, Conversations, Session, Tunnel
from loss import UNFLUSHED_NS

pytestmark = [pytest.mark.shared, pytest.mark.skipif(not lab.LAB.is_dir(), reason="the laboratory captures (../shared) are not here")]

HOSTS = {INITIATOR: "client.pcap", RESPONDER: "server.pcap"}
INSIDE_IPSEC = {"f_dpd_timeout", "l2tpipsec_nat_timeout", "l2tpipsec_ok_gro", "l2tpipsec_tunnelmode"}
"""Most of these tunnels ran inside ESP: the logs know more than the clear packets."""

GONE = "the daemon had ended, or had closed that tunnel or call itself, before it came"
UNHEARD: dict[tuple[str, str], tuple[int, str]] = {
    ("atk_chap_brute", INITIATOR): (1, GONE),
    ("atk_chap_brute", RESPONDER): (1, GONE),
    ("cdn_server", INITIATOR): (1, GONE),
    ("cdn_server", RESPONDER): (1, GONE),
    ("f_1701_filtered", RESPONDER): (1, "the server's firewall dropped it after the capture point"),
    ("f_chap_wrong", INITIATOR): (1, GONE),
    ("f_chap_wrong", RESPONDER): (1, GONE),
    ("f_dpd_timeout", RESPONDER): (1, GONE),
    ("f_dup_client_reconnect", INITIATOR): (1, "the client had given that tunnel up 40 s before"),
    ("f_ike_id_mismatch_then_clear", INITIATOR): (
        2,
        "CDN for a closed call; StopCCN with result code 0, which xl2tpd refuses",
    ),
    ("f_ipcp_rejected", INITIATOR): (1, GONE),
    ("f_ipcp_rejected", RESPONDER): (1, GONE),
    ("f_l2tp_no_ipsec", RESPONDER): (1, "the server's firewall dropped it after the capture point"),
    ("f_lns_killed", RESPONDER): (1, "the daemon had been killed"),
    ("f_ppp_auth_refused", INITIATOR): (1, GONE),
    ("f_ppp_auth_refused", RESPONDER): (1, GONE),
    ("kl2tpd_lossy", INITIATOR): (1, "kl2tpd had dropped its tunnel without a word"),
    ("l2tpipsec_nat_timeout", RESPONDER): (1, GONE),
    ("multi_s2s", RESPONDER): (3, "the LNS had been stopped"),
    ("scale_50x2", RESPONDER): (50, "the LNS had been stopped"),
}
"""Every disagreement between bytes and logs on closings: how many a host received on the wire and its daemon never read, and why."""

LOGGED = [
    (scenario, side)
    for scenario, points in lab.SCENARIOS.items()
    if lab.LAB.is_dir()
    for side in logs.read(lab.LAB / scenario)
    if HOSTS[side] in points
]


def _own_ids(ids: dict[str, int], side: str) -> tuple[int | None, int | None]:
    return ids.get(side), ids.get(OTHER[side])


def _host(scenario: str, side: str) -> tuple[logs.Log, Conversations]:
    return logs.read(lab.LAB / scenario)[side], lab.conversations(scenario, HOSTS[side])


def _up(tunnel: Tunnel, side: str) -> bool:
    needed = hand.SCCRP if side == INITIATOR else hand.SCCCN
    return any(message.kind == needed for message in tunnel.control[side])


def _session_up(session: Session, side: str) -> bool:
    return (hand.ICRP if side == INITIATOR else hand.ICCN) in session.kinds


@pytest.mark.parametrize(("scenario", "side"), [case for case in LOGGED if case[0] not in INSIDE_IPSEC])
def test_ids_of_tunnels_and_sessions_are_those_in_the_logs(scenario: str, side: str) -> None:
    """Bytes and daemon name the same tunnels and sessions, each with both ids."""
    log, seen = _host(scenario, side)
    assert {_own_ids(tunnel.ids, side) for tunnel in seen.tunnels if _up(tunnel, side)} == log.tunnels
    calls = {_own_ids(one.ids, side) for tunnel in seen.tunnels for one in tunnel.sessions if _session_up(one, side)}
    assert calls == log.sessions


@pytest.mark.parametrize(("scenario", "side"), [case for case in LOGGED if case[0] in INSIDE_IPSEC])
def test_ids_in_clear_are_among_those_in_the_logs(scenario: str, side: str) -> None:
    """Where most of a tunnel was encrypted, what shows in clear still carries the daemon's ids."""
    log, seen = _host(scenario, side)
    assert {_own_ids(tunnel.ids, side) for tunnel in seen.tunnels} <= log.tunnels


@pytest.mark.parametrize(("scenario", "side"), LOGGED)
def test_closings_received_are_those_in_the_logs(scenario: str, side: str) -> None:
    """Every StopCCN and CDN that a daemon read is on its host's wire, in order and with its codes; what it missed is listed with why."""
    log, seen = _host(scenario, side)
    if not (lab.LAB / scenario / "logs" / ("xl2tpd-lac.log.ts" if side == INITIATOR else "xl2tpd-lns.log.ts")).exists():
        assert log.told == [], "kl2tpd writes no result codes"
    firsts: dict[tuple[int, int | None, int], hand.Control] = {}
    for number, tunnel in enumerate(seen.tunnels):
        for message in tunnel.control[side]:
            if message.kind in {hand.STOPCCN, hand.CDN}:
                firsts.setdefault((number, message.kind, message.ns), message)
    wire = [(message.kind, *message.codes()) for message in sorted(firsts.values(), key=lambda message: message.packet.time)]
    rest = iter(wire)
    assert all(told in rest for told in log.told), f"{log.told} is no part of {wire}"
    assert len(wire) - len(log.told) == UNHEARD.get((scenario, side), (0, ""))[0]


MATCHED = {"client.pcap": "client", "wan.pcap": "wan", "server.pcap": "server"}
NOT_MATCHED = {
    "atk_sccrq_flood": "the laboratory matched only one client's address",
    "mtu_fragmented": "the laboratory's matching does not put fragments together",
    "mtu_df_icmp": "the laboratory's matching does not put fragments together",
    "f_1701_closed": "the laboratory's record has no matching of what an ICMP error quotes",
}


@pytest.mark.parametrize(
    "scenario", [name for name, points in lab.SCENARIOS.items() if points[:3] == lab.BOTH_WAYS and name not in NOT_MATCHED]
)
def test_packets_sent_are_those_the_laboratory_counted(scenario: str) -> None:
    """Control messages, acknowledgements and data at each sending host are as many as truth.json says, by another program's count."""
    matching: dict[str, dict[str, dict[str, int]]] = lab.truth(scenario)["packet_matching"]  # type: ignore[assignment]
    for host, sender in (("client", INITIATOR), ("server", RESPONDER)):
        counted = next(
            (rows for key, rows in matching.items() if key.startswith(f"{host}->") and ("fwd" in key) == (host == "client")), None
        )
        assert counted is not None
        tunnels = lab.conversations(scenario, f"{host}.pcap").tunnels
        end = lab.stopped(scenario) - UNFLUSHED_NS
        control = [one for tunnel in tunnels for one in tunnel.control[OTHER[sender]] if one.packet.time < end]
        data = [one for tunnel in tunnels for session in tunnel.sessions for one in session.data[OTHER[sender]] if one.packet.time < end]
        ours = {
            "l2tp_ctrl": sum(message.kind is not None for message in control),
            "l2tp_zlb": sum(message.kind is None for message in control),
            "l2tp_data": len(data),
        }
        assert ours == {kind: counted.get(kind, {"sent": 0})["sent"] for kind in ours}


def test_sequence_numbers_of_a_sender_have_no_holes() -> None:
    """At the sender itself the numbers run 0, 1, 2 ...: whatever a tap misses was lost on the way to it."""
    for scenario in ("l2tp_clear_loss_seq", "l2tp_clear_reorder_seq", "kl2tpd_lossy", "atk_replay"):
        for side, point in HOSTS.items():
            for tunnel in lab.conversations(scenario, point).tunnels:
                for session in tunnel.sessions:
                    numbers = [packet.ns for packet in session.data[OTHER[side]] if packet.ns is not None]
                    assert numbers == list(range(len(numbers)))


def test_true_loss_is_that_of_the_laboratory() -> None:
    """Numbers lost between two capture points, summed over sessions, are the data packets that the laboratory found lost there."""
    matching: dict[str, dict[str, dict[str, int]]] = lab.truth("l2tp_clear_loss_seq")["packet_matching"]  # type: ignore[assignment]
    for key, point, receiver in (
        ("client->wan fwd", "wan.pcap", RESPONDER),
        ("client->server fwd", "server.pcap", RESPONDER),
        ("server->wan bwd", "wan.pcap", INITIATOR),
        ("server->client bwd", "client.pcap", INITIATOR),
    ):
        lost = 0
        for tunnel in lab.expected("l2tp_clear_loss_seq", point):
            for session in tunnel.sessions:
                sequence = session.sequences[receiver]
                assert isinstance(sequence, lab.loss.Sequence)
                lost += sequence.lost_inside + sequence.lost_before + sequence.lost_after
        assert lost == matching[key]["l2tp_data"]["lost"], key
