"""Loss by IP ids in the laboratory captures: against the sender's own capture beside the tap's, datagram by datagram."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import Any

import lab
import loss
import pytest
from conftest import SHARED
from conversations import RESPONDER, Tunnel
from hand import Control, Data

import l2tpscope
from l2tpscope.analysis.ip_id import LEAST
from l2tpscope.capture import merged, open_captures
from l2tpscope.frames import Decoder
from l2tpscope.model.ip_id import IpIdCounter
from l2tpscope.track.data import DataTracker
from l2tpscope.track.ip_id import SAMPLE, IpIdTracker
from l2tpscope.track.l2tp import L2tpTracker

pytestmark = [pytest.mark.shared, pytest.mark.skipif(not lab.LAB.is_dir(), reason="the laboratory captures (../shared) are not here")]

SEQUENCED = ("atk_replay", "kl2tpd_lossy", "l2tp_clear_loss_seq", "l2tp_clear_reorder_seq")
NO_SENDER = ("l2tpipsec_ok_gro", "l2tpipsec_tunnelmode")
"""What the sender sent is ESP in its own capture."""
CASES = [case for case in lab.CASES if case[0] not in SEQUENCED + NO_SENDER and case[0] not in ("l2tp_ipv6", "atk_sccrq_flood")]
MEASURED = {
    ("l2tp_clear_loss", 1, "to_responder"),
    ("l2tp_clear_loss", 1, "to_initiator"),
    ("l2tp_clear_loss_capvariants", 1, "to_responder"),
    ("l2tp_clear_loss_capvariants", 1, "to_initiator"),
    ("l2tp_clear_ok", 1, "to_responder"),
    ("l2tp_clear_ok", 1, "to_initiator"),
    ("multi_s2s", 1, "to_responder"),
    ("multi_s2s", 1, "to_initiator"),
}
"""Every tunnel and direction of these captures with data enough; all in the plain data path of the kernel."""
SILENT = (
    *(f"lab/f_ike_id_mismatch_then_clear/{point}" for point in lab.BOTH_WAYS),  # SoftEther, and few packets the other way
    *(f"lab/{name}/{point}" for name in SEQUENCED for point in lab.BOTH_WAYS),
    *(f"lab/{name}/{point}" for name in ("softether_l2tpipsec", "ql2tpd_v3_udp_hello") for point in lab.BOTH_WAYS),
    *(f"lab/l2tp_ipv6/{point}" for point in lab.BOTH_WAYS),
    "public/c001__test-l2tp.pcap",  # one host takes every other id for something else
)

Packet = Data | Control


def _ids(packets: list[Packet]) -> dict[int, int]:
    """Every id and when it passed."""
    return {packet.packet.ip_id: packet.packet.time for packet in packets if packet.packet.ip_id is not None}


def _data(tunnel: Tunnel, receiver: str) -> list[Packet]:
    found: list[Packet] = [packet for session in tunnel.sessions for packet in session.data[receiver]]
    return sorted(found, key=lambda packet: packet.packet.frame)


def _sent(tunnel: Tunnel, receiver: str) -> list[int]:
    """The ids that the sender gave to data, in its own capture, and to control messages between that take the next one."""
    data = _data(tunnel, receiver)
    every = sorted([*data, *tunnel.control[receiver]], key=lambda packet: packet.packet.frame)
    ids: list[int] = []
    for packet in every:
        number = packet.packet.ip_id or 0
        if isinstance(packet, Data) or (ids and number == (ids[-1] + 1) & 0xFFFF):
            ids.append(number)
    return ids


@cache
def counters(scenario: str, point: str) -> dict[tuple[int, str, int], IpIdCounter]:
    """What the tracker took for counters at a capture point, by Tunnel ID, sender's address and port."""
    decoder, l2tp, data, ip_ids = Decoder(()), L2tpTracker(None), DataTracker(), IpIdTracker()
    end = 0
    for batch in merged(open_captures([str(path) for path in lab.files(scenario, point)])):
        if len(batch):
            frames = decoder.decode(batch)
            ip_ids.feed(frames, *data.feed(frames, l2tp.feed(frames)))
            end = int(batch.time[-1])
    of_number = {series.number: series for series in data.finish(end)}
    found = {}
    for counter in ip_ids.finish(end):
        series = of_number[counter.series[0]]
        found[series.tunnel, ".".join(map(str, series.sender.address)), series.sender.port or 0] = counter
    return found


@cache
def report(scenario: str, point: str) -> Any:
    """The program's report of a capture point."""
    return l2tpscope.read([str(path) for path in lab.files(scenario, point)])


@pytest.mark.parametrize(("scenario", "point"), CASES, ids=["/".join(case) for case in CASES])
def test_gaps_are_what_the_sender_sent_and_the_tap_lacks(scenario: str, point: str) -> None:
    """For every tunnel and direction with data enough to be looked at, however little: lost is, to the datagram, what is missing."""
    found = counters(scenario, point)
    for tunnel in lab.conversations(scenario, point).tunnels:
        for receiver, numbers in tunnel.ids.items():
            tap = _data(tunnel, receiver)
            host = lab.conversations(scenario, "client.pcap" if receiver == RESPONDER else "server.pcap")
            own = next((other for other in host.tunnels if other.ids == tunnel.ids), None)
            counter = found.get((numbers, *_sender(tap))) if tap else None
            if counter is None:
                continue
            assert own is not None
            sent = _sent(own, receiver)
            assert all((b - a) & 0xFFFF == 1 for a, b in pairwise(sent)), "the sender's ids do not count by one"
            passed = _ids([*tap, *tunnel.control[receiver]])
            at = {number: place for place, number in enumerate(sent)}
            first = at[tap[0].packet.ip_id or 0]
            last = max(at[number] for number in passed if number in at)
            flushed = lab.stopped(scenario) - loss.UNFLUSHED_NS
            missing = [number for number in sent[first:last] if number not in passed]
            assert counter.count.lost + counter.count.pending == len(missing), (tunnel.ids, receiver, counter, missing)
            assert counter.count.pending <= 3
            if tap[-1].packet.time < flushed:
                assert counter.count.received == last - first + 1 - len(missing)
            assert counter.count.expected == counter.count.received + len(missing)
            assert (counter.wild, counter.shared, counter.count.restarts) == (0, 0, 0)


def _sender(tap: list[Packet]) -> tuple[str, int]:
    return tap[0].packet.source, tap[0].packet.source_port


@pytest.mark.parametrize(("scenario", "point"), CASES, ids=["/".join(case) for case in CASES])
def test_every_tunnel_of_the_kernel_is_looked_at(scenario: str, point: str) -> None:
    """A tunnel with so many data packets one way is taken for a counter, unless a daemon in user space sends them."""
    found = counters(scenario, point)
    for tunnel in lab.conversations(scenario, point).tunnels:
        for receiver, numbers in tunnel.ids.items():
            tap = _data(tunnel, receiver)
            if len(tap) >= SAMPLE:
                irregular = scenario == "f_ike_id_mismatch_then_clear" and receiver != RESPONDER
                assert ((numbers, *_sender(tap)) in found) is not irregular, (tunnel.ids, receiver)


@pytest.mark.parametrize(("scenario", "point"), CASES, ids=["/".join(case) for case in CASES])
def test_rows_are_of_those_with_data_enough(scenario: str, point: str) -> None:
    """A row for each tunnel and direction with hundreds of packets, which says what its counter counted; none for the others."""
    rows = [row for row in report(scenario, point).rows("loss") if row.space == "l2tp-data-ip-id"]
    assert {(scenario, row.tunnel, row.direction) for row in rows} == {one for one in MEASURED if one[0] == scenario}
    counts = [counter.count for counter in counters(scenario, point).values() if counter.count.received >= LEAST]
    assert sorted((row.received, row.lost, row.pending) for row in rows) == sorted((one.received, one.lost, one.pending) for one in counts)
    for row in rows:
        assert row.measurable
        assert row.session is None
        assert row.upstream_lost == row.lost
        assert row.loss_low_ratio <= row.loss_ratio <= row.loss_high_ratio


@pytest.mark.parametrize("name", SILENT)
def test_irregular_ids_say_nothing(name: str) -> None:
    """No row where a daemon in user space chose the ids, where others share them, where there are none, or where Ns tells it better."""
    report = l2tpscope.read(str(SHARED / "captures" / name))
    assert [row for row in report.rows("loss") if row.space == "l2tp-data-ip-id"] == []
