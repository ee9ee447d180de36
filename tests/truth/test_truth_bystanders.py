"""Legitimate clients in the same capture as an attack: nothing of it is laid at their door, and what is found of them is what it was."""

from __future__ import annotations

import struct
from collections import Counter
from pathlib import Path

import confusion
import dpkt
import pytest

import l2tpscope
from l2tpscope import findings
from l2tpscope.core.endpoints import split
from l2tpscope.findings import Case, Finding

pytestmark = [pytest.mark.shared, pytest.mark.slow]
SECOND = 1_000_000_000
ATTACKS = ("atk_chap_brute", "atk_replay", "atk_sccrq_flood")
ATTACKER, MOVED = "198.51.100.10", "198.51.100.77"
"""In the laboratory the attacker of one scenario and the client of another have one address: the client gets another."""
HEALTHY = {"l2tp_clear_ok": MOVED, "l2tpipsec_nat": "198.51.100.7", "l2tp_ipv6": "2001:db8:1::10"}
"""Scenarios in which all works, at the same server, and the address of their client."""
OTHERS = ("; answers to others", "; what others wait")
Told = tuple[str, str | None, Finding]
"""A rule, the client of the connection that it speaks of, and what it says."""


def shifted(source: Path, target: Path, begin: float, *, move: bool) -> str:
    """A capture begun at another time, and the client of clear L2TP under another address."""
    old, new = (bytes(map(int, address.split("."))) for address in (ATTACKER, MOVED))
    with source.open("rb") as reading, target.open("wb") as writing:
        reader = dpkt.pcap.UniversalReader(reading)
        writer = dpkt.pcap.Writer(writing, linktype=reader.datalink(), nano=True)
        first = None
        for time, octets in reader:
            first = float(time) if first is None else first
            writer.writepkt(_moved(octets, old, new) if move else octets, begin + float(time) - first)
    return str(target)


def _moved(octets: bytes, old: bytes, new: bytes) -> bytes:
    """With the address replaced, in what an ICMP error quotes too, and the checksum of the IP header made anew."""
    changed = bytearray(octets.replace(old, new))
    if changed[12:14] == b"\x08\0":
        end = 14 + 4 * (changed[14] & 15)
        changed[24:26] = bytes(2)
        total = sum(struct.unpack(f">{(end - 14) // 2}H", changed[14:end]))
        total = (total & 0xFFFF) + (total >> 16)
        changed[24:26] = struct.pack(">H", 0xFFFF - ((total & 0xFFFF) + (total >> 16)))
    return bytes(changed)


def told(*paths: str) -> tuple[list[Told], list[str]]:
    """What every rule finds before it is put together; and the path of each capture, by number."""
    report = l2tpscope.read(list(paths))
    trace, measures = report.measures.findings.args  # type: ignore[union-attr]
    case = Case(trace, measures)
    clients = {row.vpn: split(row.client)[0] for row in measures.vpns}
    modules = [findings.rule(name) for name in findings.names()]
    found = [
        (module.rule.id, clients.get(one.vpn) if one.vpn is not None else None, one) for module in modules for one in module.check(case)
    ]
    return found, [row.path for row in sorted(measures.captures, key=lambda row: row.capture)]


def of(found: list[Told], *clients: str) -> Counter[tuple[str, ...]]:
    """What is said of the connections of some clients; without what a flood says of others, which are there now."""
    return Counter(
        (rule, client, one.grade, str(one.severity), one.summary, *one.against) for rule, client, one in found if client in clients
    )


@pytest.fixture(scope="module", params=ATTACKS)
def together(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Told], list[str], str, list[str]]:
    """An attack, and three healthy clients who work at the same time: what is found, the captures, the attack's, the clients'."""
    folder = tmp_path_factory.mktemp("together")
    attack = confusion.LAB / request.param / "server.pcap"
    with attack.open("rb") as file:
        begin = float(next(iter(dpkt.pcap.UniversalReader(file)))[0])
    healthy = [
        shifted(confusion.LAB / name / "server.pcap", folder / f"{name}.pcap", begin + 0.5 + place, move=name == "l2tp_clear_ok")
        for place, name in enumerate(HEALTHY)
    ]
    return *told(str(attack), *healthy), str(attack), healthy


def test_healthy_clients_are_found_as_they_were(together: tuple[list[Told], list[str], str, list[str]]) -> None:
    """Of each healthy connection the findings are those of its capture alone: same rules, grades and sentences."""
    found, _, _, healthy = together
    for path, client in zip(healthy, HEALTHY.values(), strict=True):
        alone, _ = told(path)
        assert of(found, client) == of(alone, client)
    assert of(found, MOVED)


def test_an_attack_names_no_healthy_client(together: tuple[list[Told], list[str], str, list[str]]) -> None:
    """What is said of no connection, or of the attacker's, has no address of a healthy client, and shows frames of the attack alone."""
    found, paths, attack, _ = together
    others = [(rule, one) for rule, client, one in found if client not in HEALTHY.values() and not rule.startswith("L2S9")]
    assert others
    for rule, one in others:
        text = f"{one.subject} {one.summary} {one.wireshark_filter}"
        assert not any(f"{address}{end}" in text for address in HEALTHY.values() for end in (" ", ":", ",", ")")), rule
        assert {paths[place.capture - 1] for place in one.evidence} <= {attack}, rule


def test_an_attack_is_found_as_it_was(together: tuple[list[Told], list[str], str, list[str]]) -> None:
    """What is said of the attack is what its capture alone says, but for how fast others were answered, which can be measured now."""
    found, _, attack, _ = together
    alone, _ = told(attack)

    def said(every: list[Told]) -> Counter[tuple[str, str]]:
        rows = ((rule, one.summary) for rule, client, one in every if client not in HEALTHY.values() and not rule.startswith("L2S9"))
        return Counter((rule, min((text.partition(end)[0] for end in OTHERS), key=len)) for rule, text in rows)

    assert said(found) == said(alone)
    flood = [one.summary for rule, _, one in found if rule == "L2S605"]
    assert all(OTHERS[0] in text or OTHERS[1] in text for text in flood)
