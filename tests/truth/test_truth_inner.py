"""Traffic inside sessions in the laboratory: what `ping` and `iperf3` counted there, what netem was told, and what Wireshark says of TCP.

Every laboratory run sends from the client, so that its requests go to the responder. At the client's own capture all that was sent is
seen, and the round trip to the responder's side is the one that `ping` measured.
"""

from __future__ import annotations

import json
import subprocess
from collections import defaultdict
from functools import cache
from typing import Any

import delays
import lab
import pytest
from conversations import RESPONDER

import l2tpscope
from l2tpscope.analysis.rows import InnerFlowRow, LossRow

pytestmark = [pytest.mark.shared, pytest.mark.skipif(not lab.LAB.is_dir(), reason="the laboratory captures (../shared) are not here")]

INSIDE = ("10.", "172.30.")
KERNEL_DROPS = ("l2tp_clear_loss_seq", "l2tp_clear_reorder_seq", "l2tpv3_udp_seq_loss")
"""The receiving kernel throws away sequenced packets behind a gap, after they have passed the tap: `ping` misses more than is lost."""
ATTACKED = "atk_replay"
ECHOED = (
    "atk_replay",
    "cdn_server",
    "f_dup_client_reconnect",
    "f_lns_killed",
    "f_session_limit",
    "kl2tpd_ok",
    "l2tp_clear_loss",
    "l2tp_clear_loss_capvariants",
    "l2tp_clear_ok",
    "l2tp_hidden_avp",
    "l2tp_ipv6",
    "l2tp_pap",
    "l2tp_tunnel_auth_ok",
    "l2tpv3_ip_c4",
    "l2tpv3_ipv6_udp",
    "l2tpv3_udp_c0",
    "l2tpv3_udp_c8",
    "l2tpv3_udp_nosub",
    "mtu_df_icmp",
    "mtu_fragmented",
    "multi_s2s",
    "scale_50x2",
    "stopccn_server",
)
STREAMED = (
    "l2tp_clear_loss",
    "l2tp_clear_loss_capvariants",
    "l2tp_clear_ok",
    "l2tpv3_ip_c4",
    "l2tpv3_udp_c0",
    "l2tpv3_udp_c8",
    "l2tpv3_udp_nosub",
)
"""With UDP of iperf3 both ways."""
TCP_LOSSY = (
    "l2tp_clear_loss",
    "l2tp_clear_loss_capvariants",
    "l2tp_clear_loss_seq",
    "l2tp_clear_reorder_seq",
    "l2tp_clear_ok",
    "l2tp_ipv6",
)


@cache
def report(scenario: str, point: str) -> l2tpscope.Report:
    """What l2tpscope says of one capture."""
    return l2tpscope.read(lab.LAB / scenario / point)


@cache
def truth(scenario: str) -> dict[str, Any]:
    """What was done, and what the programs that did it say."""
    loaded: dict[str, Any] = json.loads((lab.LAB / scenario / "truth.json").read_text())
    return loaded


def pings(scenario: str) -> list[dict[str, Any]]:
    """Those through the tunnel."""
    return [one for one in truth(scenario)["pings"] if one["dst"].startswith(INSIDE)]


def losses(scenario: str, point: str, space: str) -> list[LossRow]:
    """The measurable rows of a space."""
    return [row for row in report(scenario, point).rows("loss") if row.space == space and row.measurable]


@pytest.mark.parametrize("scenario", ECHOED)
def test_at_the_client_echoes_are_lost_that_ping_missed(scenario: str) -> None:
    """Requests, replies and losses are those that `ping` counted, all of them towards the responder."""
    rows = losses(scenario, "client.pcap", "icmp-echo")
    sent, received = (sum(one[name] for one in pings(scenario)) for name in ("sent", "received"))
    assert {row.direction for row in rows} == {"to_responder"}
    assert sum((row.expected or 0) + (row.pending or 0) for row in rows) == sent
    assert (sum(row.received or 0 for row in rows), sum(row.lost or 0 for row in rows)) == (received, sent - received)


@pytest.mark.parametrize("scenario", KERNEL_DROPS)
def test_no_more_echoes_are_lost_than_ping_missed(scenario: str) -> None:
    """Where the kernel drops what has arrived, `ping` misses at least what the client's capture lacks."""
    rows = losses(scenario, "client.pcap", "icmp-echo")
    assert sum(row.lost or 0 for row in rows) <= sum(one["sent"] - one["received"] for one in pings(scenario))


@pytest.mark.parametrize("scenario", [one for one in ECHOED if one != ATTACKED])
def test_behind_the_client_only_requests_that_passed_count(scenario: str) -> None:
    """Farther from the client fewer requests are seen, and fewer are lost; at the server none, since it answers all that reach it."""
    seen = {point: losses(scenario, point, "icmp-echo") for point in lab.BOTH_WAYS}
    expected = [sum((row.expected or 0) + (row.pending or 0) for row in rows) for rows in seen.values()]
    assert expected == sorted(expected, reverse=True)
    assert sum(row.lost or 0 for row in seen["server.pcap"]) == 0
    assert sum(row.lost or 0 for row in seen["client.pcap"]) >= sum(row.lost or 0 for row in seen["wan.pcap"])


@pytest.mark.parametrize("scenario", ECHOED)
def test_at_the_client_the_fastest_echo_is_that_of_ping(scenario: str) -> None:
    """The smallest clean round trip to the responder's side is `ping`'s minimum, within 1 ms or 2 %."""
    trips = [row.rtt_s for row in report(scenario, "client.pcap").rows("rtt") if row.kind == "icmp-echo" and row.quality == "clean"]
    least = min(one["rtt_ms"]["min"] for one in pings(scenario) if one["rtt_ms"]) / 1000
    assert abs(min(trips) - least) <= max(0.001, 0.02 * least)


@pytest.mark.parametrize("kind", ["icmp-echo", "tcp"])
@pytest.mark.parametrize("point", lab.BOTH_WAYS)
@pytest.mark.parametrize("scenario", ["l2tp_clear_loss", "l2tp_clear_ok", "l2tp_ipv6", "l2tpv3_udp_c8", "l2tpv3_ip_c4", "mtu_fragmented"])
def test_the_fastest_round_trip_is_the_delay_that_was_set(scenario: str, point: str, kind: str) -> None:
    """At every tap the smallest round trip to the responder's side is what netem adds behind that tap, within 1 ms or 2 %."""
    delay = delays.set_delay(truth(scenario)["config"]["netem"], delays.place(point), RESPONDER).delay_s
    client = report(scenario, point).rows("tunnels")[0].initiator.strip("[]").startswith(("198.51.100.10", "2001:db8:1:"))
    side = "responder" if client else "initiator"
    trips = [row.rtt_s for row in report(scenario, point).rows("rtt") if row.kind == kind and row.side == side and row.quality == "clean"]
    assert delay <= min(trips) <= delay + max(0.001, 0.02 * delay)


def flows(scenario: str, point: str, transfer: dict[str, Any], protocol: str) -> list[InnerFlowRow]:
    """The conversations that began while a transfer of iperf3 ran."""
    begin, end = (int(transfer[name] * 1e9) for name in ("t0", "t1"))
    return [row for row in report(scenario, point).rows("inner_flows") if row.protocol == protocol and begin <= row.first <= end]


@pytest.mark.parametrize("label", ["udp_up", "udp_down"])
@pytest.mark.parametrize("scenario", STREAMED)
def test_udp_at_its_sender_has_every_datagram(scenario: str, label: str) -> None:
    """At the sender's own capture the flow has all datagrams that iperf3 sent, to the octet, and the one by which each side says hello."""
    (transfer,) = [one for one in truth(scenario)["transfers"] if one["label"] == label]
    point, way = ("client.pcap", "to_responder") if label == "udp_up" else ("server.pcap", "to_initiator")
    (row,) = flows(scenario, point, transfer, "UDP")
    sent = transfer["udp"]
    assert getattr(row, f"packets_{way}") == sent["packets"] + 1
    assert getattr(row, f"octets_{way}") == sent["bytes"] + 28 * sent["packets"] + 32


@pytest.mark.parametrize(("label", "scenario"), [("udp_up", one) for one in STREAMED] + [("udp_down", one) for one in STREAMED])
def test_udp_at_its_receiver_lacks_what_iperf3_lost(scenario: str, label: str) -> None:
    """At the receiver's capture the flow has what iperf3 got."""
    (transfer,) = [one for one in truth(scenario)["transfers"] if one["label"] == label]
    point, way = ("server.pcap", "to_responder") if label == "udp_up" else ("client.pcap", "to_initiator")
    (row,) = flows(scenario, point, transfer, "UDP")
    sent = transfer["udp"]
    assert getattr(row, f"packets_{way}") - 1 == sent["packets"] - sent["lost_packets"]


@pytest.mark.parametrize(
    ("scenario", "label"),
    [(one, label) for one in ("l2tp_clear_loss_capvariants", "l2tp_clear_loss_seq", "l2tp_clear_ok") for label in ("tcp_up", "tcp_down")],
)
def test_tcp_at_its_sender_has_what_the_kernel_sent_again(scenario: str, label: str) -> None:
    """At the sender's own capture retransmissions are those that its kernel counted; iperf3 asks it before the last one or two."""
    (transfer,) = [one for one in truth(scenario)["transfers"] if one["label"] == label]
    point, way = ("client.pcap", "to_responder") if label == "tcp_up" else ("server.pcap", "to_initiator")
    row = max(flows(scenario, point, transfer, "TCP"), key=lambda one: getattr(one, f"octets_{way}"))
    counted = transfer["tcp"]["retransmits"]
    assert counted <= getattr(row, f"retransmissions_{way}") <= counted + 2


@pytest.mark.parametrize("scenario", ["l2tp_clear_ok", "l2tp_clear_loss", "l2tp_clear_loss_seq"])
def test_a_second_tap_repeats_nothing(scenario: str) -> None:
    """Of two captures read together, what the client sends passes twice with one IP id: what was sent again is that of the first."""
    folder = lab.LAB / scenario
    alone, together = (
        [(row.expected, row.lost) for row in one.rows("loss") if row.space == "tcp" and row.direction == "to_responder"]
        for one in (report(scenario, "client.pcap"), l2tpscope.read([folder / "client.pcap", folder / "server.pcap"]))
    )
    assert alone == together


# ---- Wireshark -------------------------------------------------------------------------------------------------------

FIELDS = ("tcp.srcport", "tcp.dstport", "tcp.analysis.retransmission", "tcp.analysis.out_of_order", "tcp.analysis.ack_rtt")
FIELDS += ("tcp.options.mss_val", "ip.id")


@cache
def wireshark(scenario: str, point: str) -> dict[tuple[str, str], dict[str, Any]]:
    """By ports, from and to: IP ids of all segments, and of those sent again or out of order; the fastest acknowledgement, the MSS."""
    fields = [word for name in FIELDS for word in ("-e", name)]
    command = ["tshark", "-r", str(lab.LAB / scenario / point), "-Y", "tcp", "-T", "fields", *fields]
    found: dict[tuple[str, str], dict[str, Any]] = defaultdict(lambda: {"ids": set(), "late": set(), "rtt": None, "mss": None})
    for line in subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines():
        source, destination, again, disorder, rtt, mss, ids = line.split("\t")
        one, identification = found[source, destination], int(ids.rpartition(",")[2], 16)
        one["ids"].add(identification)
        if again or disorder:
            one["late"].add(identification)
        one["mss"] = one["mss"] or (int(mss) if mss else None)
        if rtt:
            one["rtt"] = min(float(rtt), one["rtt"] or float(rtt))
    return found


def ports(row: InnerFlowRow) -> tuple[str, str]:
    """Of the initiator's side, and of the responder's."""
    return row.initiator.rpartition(":")[2], row.responder.rpartition(":")[2]


@pytest.mark.tshark
@pytest.mark.parametrize("point", lab.BOTH_WAYS)
@pytest.mark.parametrize("scenario", TCP_LOSSY)
def test_tcp_is_as_wireshark_has_it(scenario: str, point: str) -> None:
    """Per connection and direction: segments sent again, the fastest acknowledgement within 1 ms or 2 %, the MSS.

    What was sent again is known at the sender, before anything is lost or overtaken: by the IP ids of those packets. Farther on, one
    that is the first of its octets to pass, with nothing behind it, looks new; and one that a later repetition overtook looks like a copy.
    """
    rows = [row for row in report(scenario, point).rows("inner_flows") if row.protocol == "TCP"]
    assert rows
    for row in rows:
        ours, theirs = ports(row)
        for way, back, side, key in (
            ("to_responder", "to_initiator", "responder", (ours, theirs)),
            ("to_initiator", "to_responder", "initiator", (theirs, ours)),
        ):
            sent, answer = wireshark(scenario, point)[key], wireshark(scenario, point)[key[1], key[0]]
            at_sender = wireshark(scenario, "client.pcap" if way == "to_responder" else "server.pcap")[key]
            missed = len(at_sender["late"] & sent["ids"]) - getattr(row, f"retransmissions_{way}")
            assert missed in (0, 1)
            assert sent["mss"] == getattr(row, f"mss_{back}")
            fastest = getattr(row, f"rtt_{side}_side_min_s")
            if fastest is not None and answer["rtt"] is not None and not sent["late"]:
                assert abs(fastest - answer["rtt"]) <= max(0.001, 0.02 * answer["rtt"])
