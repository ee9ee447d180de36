"""No false link: all laboratory captures in one file, and still every connection is told apart as in a file of its own."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hand
import ipsec
import lab
import merging
import pytest
from test_truth_ipsec import in_order, report, vpn_keys

import l2tpscope

pytestmark = [
    pytest.mark.shared,
    pytest.mark.slow,
    pytest.mark.skipif(not lab.LAB.is_dir(), reason="the laboratory captures (../shared) are not here"),
]

NATTED = tuple(name for name in ipsec.SCENARIOS if lab.truth(name)["config"]["topology"]["nat"])  # type: ignore[index]
LEFT_OPEN = ("opening", "established", "up")
"""What a capture that ends too soon has to say; a longer one may know more."""
FIRST = "l2tpipsec_ok"


STATIC = ("l2tpv3_ip_c4", "l2tpv3_ipv6_udp", "l2tpv3_udp_c0", "l2tpv3_udp_c8", "l2tpv3_udp_nosub", "l2tpv3_udp_seq_loss")
"""L2TPv3 sessions set by hand, all with the same ids: between the same hosts nothing tells where one ends and the next begins."""


def every(point: str) -> tuple[str, ...]:
    """All scenarios that have the capture point, with IPsec or without."""
    return tuple(sorted(path.parent.name for path in lab.LAB.glob(f"*/{point}")))


def with_ids(point: str) -> tuple[str, ...]:
    """Those whose tunnels have control messages."""
    return tuple(name for name in every(point) if name not in STATIC)


@dataclass(frozen=True)
class Merging:
    """One way to make one file of many."""

    name: str
    point: str
    scenarios: tuple[str, ...]
    write: Callable[[list[Path], Path], Path]
    true_addresses: bool = True
    one_nat: bool = False


WAYS = [
    way
    for point in ("wan.pcap", "server.pcap", "client.pcap")
    for way in (
        Merging("at once", point, every(point), merging.at_once, true_addresses=False),
        Merging("2 s apart", point, with_ids(point), functools.partial(merging.one_after_the_other, pause_s=2)),
        Merging("60 s apart", point, with_ids(point), functools.partial(merging.one_after_the_other, pause_s=60)),
        Merging("20 s apart, backwards", point, with_ids(point)[::-1], functools.partial(merging.one_after_the_other, pause_s=20)),
    )
] + [
    Merging("one NAT", point, NATTED, merging.behind_one_nat, true_addresses=False, one_nat=True)
    for point in ("nat_outside.pcap", "wan.pcap", "server.pcap")
]


@pytest.fixture(scope="module", params=WAYS, ids=lambda way: f"{way.point}, {way.name}")
def merged(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Merging, Any]:
    """How it was merged, and the report of the merged capture."""
    way: Merging = request.param
    target = tmp_path_factory.mktemp("merged") / "merged.pcap"
    return way, l2tpscope.read(str(way.write([lab.LAB / scenario / way.point for scenario in way.scenarios], target)))


def test_connections_are_told_apart(merged: tuple[Merging, Any]) -> None:
    """The connections of the merged capture are those of the single ones: the same IKE SAs and ESP SAs together, none else."""
    way, together = merged
    apart = [key[:2] for scenario in way.scenarios for key in vpn_keys(report(scenario, way.point)) if any(key[:2])]
    assert in_order([key[:2] for key in vpn_keys(together) if any(key[:2])]) == in_order(apart)


def test_tunnels_in_clear_keep_to_their_own(merged: tuple[Merging, Any]) -> None:
    """A tunnel in clear belongs to the SAs of its own client; behind one NAT it may stand alone, for nothing shows whose it is."""
    way, together = merged
    apart = {ids: key[0] for scenario in way.scenarios for key in vpn_keys(report(scenario, way.point)) for ids in key[2]}
    got = {ids: key[0] for key in vpn_keys(together) for ids in key[2]}
    assert set(got) == set(apart)
    for ids, owner in got.items():
        assert owner == apart[ids] or (way.one_nat and owner == frozenset()), ids


def test_esp_sas_are_the_same(merged: tuple[Merging, Any]) -> None:
    """Packets, loss and repeats of each ESP SA, and which SPI it is paired with and replaces, are those of the single captures."""
    way, together = merged
    apart = {spi: row for scenario in way.scenarios for spi, row in _esp(report(scenario, way.point)).items()}
    assert _esp(together) == apart


def _esp(report: Any) -> dict[str, tuple[object, ...]]:
    rows = report.rows("esp_sas")
    spis = {row.esp_sa: row.spi for row in rows} | {None: None}
    return {
        row.spi: (
            row.packets,
            row.octets,
            row.lost,
            row.duplicate,
            row.reordered,
            row.direction,
            spis[row.pair],
            spis[row.replaces],
            row.birth_seen,
            row.epochs,
            row.moves,
        )
        for row in rows
    }


def test_ike_sas_are_the_same(merged: tuple[Merging, Any]) -> None:
    """Messages, steps and ends of each IKE SA too, but for what its own capture left open."""
    way, together = merged
    got = {row.initiator_spi: _ike(row) for row in together.rows("ike_sas")}
    rows = [row for scenario in way.scenarios for row in report(scenario, way.point).rows("ike_sas")]
    assert sorted(got) == sorted(row.initiator_spi for row in rows)
    for row in rows:
        if row.state not in LEFT_OPEN:
            assert got[row.initiator_spi] == _ike(row), row.initiator_spi


def _ike(row: Any) -> tuple[object, ...]:
    repeats = (row.retransmissions_to_responder, row.retransmissions_to_initiator)
    return row.responder_spi, row.messages, repeats, row.furthest, row.state, row.closed_by, row.encryption, row.dh_group


def test_stories_are_the_same(merged: tuple[Merging, Any]) -> None:
    """Stage, outcome, closing side and packets of each connection too. NAT only with the true addresses: moved ones fit no hash."""
    way, together = merged
    got = dict(zip(vpn_keys(together), together.rows("vpns"), strict=True))
    for scenario in way.scenarios:
        single = report(scenario, way.point)
        for key, row in zip(vpn_keys(single), single.rows("vpns"), strict=True):
            if way.one_nat and key[2]:
                continue
            other = got[key]
            assert (other.kind, other.stage, other.stage_grade) == (row.kind, row.stage, row.stage_grade), (scenario, key)
            packets = (other.packets_to_server, other.packets_to_client, other.twin_packets)
            assert packets == (row.packets_to_server, row.packets_to_client, row.twin_packets), (scenario, key)
            if row.outcome not in LEFT_OPEN:
                assert (other.outcome, other.closed_by) == (row.outcome, row.closed_by), (scenario, key)
            assert not way.true_addresses or other.nat == row.nat, (scenario, key)


def test_moving_addresses_keeps_the_rest(tmp_path: Path) -> None:
    """The merging itself: one capture with moved addresses has the same packets, and its IP checksums hold."""
    path = merging.at_once([lab.LAB / FIRST / "wan.pcap"], tmp_path / "moved.pcap")
    moved, whole = l2tpscope.read(str(path)), report(FIRST, "wan.pcap")
    assert [row.spi for row in moved.rows("esp_sas")] == [row.spi for row in whole.rows("esp_sas")]
    assert {row.destination for row in moved.rows("esp_sas")} == {"11.0.3.5", "11.0.1.10"}
    first = next(hand.records(path)).octets[14:34]
    assert merging.checksum(first) == 0
