"""Is the truth of IPsec true? What was read from the bytes, against the daemons' logs, the kernels' SAs and the laboratory's own counts."""

from __future__ import annotations

import esp_facts
import ike_facts
import ipsec
import ipsec_logs
import lab
import pytest
from conversations import INITIATOR, OTHER, RESPONDER
from ipsec_hand import Esp, Ike
from ipsec_hand import ipsec as ipsec_packets
from loss import UNFLUSHED_NS

pytestmark = [pytest.mark.shared, pytest.mark.skipif(not lab.LAB.is_dir(), reason="the laboratory captures (../shared) are not here")]

EVERY_SCENARIO = pytest.mark.parametrize("scenario", ipsec.SCENARIOS)
EVERY_CAPTURE = pytest.mark.parametrize(("scenario", "point"), ipsec.CASES, ids=[f"{scenario}/{point}" for scenario, point in ipsec.CASES])


def kernel_spis(scenario: str) -> set[str]:
    """SPIs that the laboratory read out of the kernels."""
    snapshots: dict[str, list[dict[str, str]]] = lab.truth(scenario).get("esp_sas", {})  # type: ignore[assignment]
    return {one["spi"] for snapshot in snapshots.values() for one in snapshot}


@EVERY_SCENARIO
def test_spis_on_the_wire_are_those_of_the_daemons(scenario: str) -> None:
    """Every SPI of an ESP packet is one that a daemon had up, and every one that a kernel held is among these."""
    wire = {spi for point in ipsec.POINTS for spi in esp_facts.sas(scenario, point)}
    logged = {spi for client in ipsec_logs.CLIENTS for pair in ipsec_logs.pairs(lab.LAB / scenario, client) for spi in pair}
    assert wire <= logged
    assert kernel_spis(scenario) <= logged


@EVERY_SCENARIO
def test_both_daemons_name_the_same_pairs(scenario: str) -> None:
    """What one side calls inbound is the other's outbound."""
    server = ipsec_logs.read(lab.LAB / scenario, ipsec_logs.SERVER)
    known = [(one.inbound, one.outbound) for one in server.children] if server else ipsec_logs.pluto_children(lab.LAB / scenario)
    clients = [pair for client in ipsec_logs.CLIENTS for pair in ipsec_logs.pairs(lab.LAB / scenario, client)]
    assert not known or sorted(known) == sorted(clients)


@EVERY_SCENARIO
def test_ike_sas_are_as_many_as_the_daemons_had(scenario: str) -> None:
    """At the clients' own taps there are the IKE SAs that their logs say came up, and only there others that did not."""
    logs = [log for client in ipsec_logs.CLIENTS if (log := ipsec_logs.read(lab.LAB / scenario, client)) is not None]
    up = sum(len(log.ike_up) for log in logs)
    seen = [sa for point in ("client.pcap", "client2.pcap") for sa in ike_facts.sas(scenario, point)]
    done = [sa for sa in seen if sa.furthest() in ("MM6", "QM1", "QM3", "IKE_AUTH response")]
    assert up == len(done) - (scenario == "f_ike_id_mismatch_then_clear")
    assert len(seen) == max(up, 1)


@EVERY_SCENARIO
def test_deletes_in_the_logs_are_in_the_captures(scenario: str) -> None:
    """The message IDs under which a daemon deleted its IKE SAs pass its own tap."""
    for daemon in (*ipsec_logs.CLIENTS, ipsec_logs.SERVER):
        log = ipsec_logs.read(lab.LAB / scenario, daemon)
        point = {"cl": "client.pcap", "cl2": "client2.pcap", "sv": "server.pcap"}[daemon]
        passed = {one.message.message_id for sa in ike_facts.sas(scenario, point) for one in sa.said}
        assert log is None or set(log.deletes) <= passed


@EVERY_CAPTURE
def test_every_message_has_a_name(scenario: str, point: str) -> None:
    """The messages of the set-up come in the order of their names, each step after the one that it answers."""
    for sa in ike_facts.sas(scenario, point):
        names = [one.name for one in sa.firsts()]
        steps = [name for name in names if name[:2] in ("MM", "AM")]
        assert steps == sorted(steps)
        assert len(steps) == len(set(steps))
        for at, name in enumerate(names):
            assert ike_facts.PAIRS.get(name, name) in names[: at + 1]


COUNTED = {"client": ("client.pcap", "client2.pcap"), "server": ("server.pcap",)}


@pytest.mark.parametrize("scenario", [name for name in ipsec.SCENARIOS if name != "l2tpipsec_nat"])
def test_packets_sent_are_those_the_laboratory_counted(scenario: str) -> None:
    """IKE messages and ESP packets of each sending host are as many as truth.json says, by another program's count.

    Not where packets came in fragments (l2tpipsec_nat), which that program counts one by one.
    """
    matching: dict[str, dict[str, dict[str, int]]] = lab.truth(scenario)["packet_matching"]  # type: ignore[assignment]
    end = lab.stopped(scenario) - UNFLUSHED_NS
    for host, points in COUNTED.items():
        way = "fwd" if host == "client" else "bwd"
        counted = next(rows for key, rows in matching.items() if key.startswith(f"{host}->") and way in key)
        found = {"ike500": 0, "udp4500_ike": 0, "esp": 0, "udp4500_esp": 0}
        for one in [one for point in points for path in lab.files(scenario, point) for one in ipsec_packets(path)]:
            if isinstance(one, Ike):
                name = "ike500" if 500 in (one.packet.source_port, one.packet.destination_port) else "udp4500_ike"
                sent = (one.packet.source == ike_facts.SERVER) == (host == "server") and one.packet.time < end
            elif isinstance(one, Esp):
                name = "udp4500_esp" if one.udp else "esp"
                sent = (one.source == ike_facts.SERVER) == (host == "server") and one.time < end
            else:
                continue
            found[name] += sent
        assert found == {name: counted.get(name, {"sent": 0})["sent"] for name in found}, host


CLOCK_S = 1e-5
"""Two captures on one host may take their time stamps at different places in the kernel."""
NOISY = {"f_no_proposal_ike", "f_sa_deleted", "f_wrong_psk", "l2tpipsec_ikev2"}
"""Their machines were so busy that no exchange passed at the set delay."""


@EVERY_CAPTURE
def test_exchanges_spend_the_set_delay_on_the_path(scenario: str, point: str) -> None:
    """What an exchange takes at a tap, less what it takes at the host that answers, is the delay that was set, within 1 ms or 2 %."""
    for sa in ike_facts.sas(scenario, point):
        for side in (INITIATOR, RESPONDER):
            share, delay = ike_facts.path_share(scenario, sa, side), ike_facts.path_delay(scenario, point, side).delay_s
            if share is not None:
                assert share >= delay - CLOCK_S
                assert scenario in NOISY or share - delay <= max(0.001, 0.02 * delay)


def test_dead_peer_checks_are_answered() -> None:
    """On a good path every DPD request of the logs has its answer, and both daemons ask."""
    for point in ("client.pcap", "wan.pcap", "server.pcap"):
        sa = ike_facts.sas("l2tpipsec_ok", point)[0]
        checks = ike_facts.dead_peer_checks("l2tpipsec_ok", sa)
        assert all(answer is not None for side in checks.values() for _, answer in side)
        assert all(checks[side] for side in (INITIATOR, RESPONDER))
        assert {OTHER[answer.receiver] for side, found in checks.items() for _, answer in found if answer} == set(checks)


def test_loss_between_taps_is_that_of_the_laboratory() -> None:
    """ESP lost before each tap of l2tpipsec_nat agrees with the taps among each other: what is lost earlier is lost later too."""
    lost = {}
    for point in ("client.pcap", "nat_outside.pcap", "wan.pcap", "server.pcap"):
        for sa in esp_facts.sas("l2tpipsec_nat", point).values():
            lost[point, sa.source == ike_facts.SERVER] = esp_facts.upstream_loss("l2tpipsec_nat", sa).lost
    assert lost["client.pcap", False] == 0 < lost["wan.pcap", False] < lost["server.pcap", False]
    assert lost["server.pcap", True] == 0 < lost["wan.pcap", True] < lost["client.pcap", True]
