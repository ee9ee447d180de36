"""What is said against algorithms is what the RFCs say."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from example_ipsec import esp_sa, ike_message, ike_sa, vpn
from example_report import SECOND, T0
from test_findings_made import check

from l2tpscope.analysis.rows import Measures
from l2tpscope.findings.strength import ENCRYPTION, GROUPS, INTEGRITY, PRFS
from l2tpscope.wire.ike import transforms

FACTS = Path(__file__).resolve().parents[3] / "shared" / "facts" / "crypto_strength.csv"
NAMES = {
    "encryption": {*transforms.ENCRYPTION_V1.values(), *transforms.ENCRYPTION_V2.values()},
    "integrity": {*transforms.HASHES_V1.values(), *transforms.INTEGRITY.values()},
    "prf": set(transforms.PRFS.values()),
}


@pytest.mark.shared
def test_groups_are_those_of_the_facts() -> None:
    """Each group is as broken or weak as crypto_strength.csv has it from RFC 8247 §2.4, and no other is."""
    with FACTS.open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["category"] == "DH group"]
    assert len(rows) > 20
    assert {int(row["algorithm_or_mode"]): row["verdict"] for row in rows if not row["verdict"].startswith("ok")} == GROUPS


@pytest.mark.parametrize(("column", "table"), [("encryption", ENCRYPTION), ("integrity", INTEGRITY), ("prf", PRFS)])
def test_names_are_those_of_the_decoder(column: str, table: dict[str, str]) -> None:
    """A name that no IKE SA can have would never be found."""
    assert set(table) <= NAMES[column]


@pytest.mark.parametrize(
    ("group", "weak"),
    [(1, True), (2, True), (5, True), (14, False), (16, False), (19, False), (22, True), (23, True), (24, True), (25, True), (31, False)],
)
def test_weak_groups_are_named(group: int, weak: bool) -> None:
    """An IKE SA of a group that RFC 8247 §2.4 does not want is told, one of its MUST and SHOULD is not."""
    name = transforms.GROUPS[group]
    values = {"encryption": "AES-CBC", "integrity": "SHA2-256", "prf": None, "dh_group": name, "established": T0}
    made = Measures(ike_sas=[ike_sa(**values)], ike_messages=[ike_message(frame=1, time=T0, ike_sa=1, direction="to_initiator")])
    assert [found.summary for found in check("L2S603", made)] == ([f"the IKE SA uses weak algorithms: {name}"] if weak else [])


@pytest.mark.parametrize(("lifetime", "told"), [(86_400, False), (86_401, True), (None, False)])
def test_ike_sas_of_more_than_a_day(lifetime: int | None, told: bool) -> None:
    """crypto_strength.csv: an IKE SA of more than 24 h is to be looked at; a day, or what is not known, is not told."""
    made = Measures(ike_sas=[ike_sa(lifetime_s=lifetime)], ike_messages=[ike_message(frame=1, time=T0, ike_sa=1)])
    expected = ["the IKE SA is agreed on for 86401 s: more than 86400 s, a day"] if told else []
    assert [found.summary for found in check("L2S616", made)] == expected


def test_ike_sas_that_are_used_for_more_than_a_day() -> None:
    """IKEv2 agrees on no lifetime (RFC 7296 §2.8): what is seen counts, from the time when it came up to its last message."""
    for hours, told in ((23, 0), (30, 1)):
        messages = [ike_message(frame=at, time=T0 + at * 3600 * SECOND, ike_sa=1) for at in (0, hours)]
        made = Measures(ike_sas=[ike_sa(version=2, lifetime_s=None, established=T0)], ike_messages=messages)
        assert len(check("L2S616", made)) == told


@pytest.mark.parametrize(
    ("hours", "octets", "block", "severity"),
    [(7.9, 10**9, 16, []), (8.1, 10**9, 16, [None]), (1, 35 * 10**9, 8, ["warning"]), (1, 34 * 10**9, 8, []), (1, 35 * 10**9, 16, [])],
)
def test_esp_sas_that_are_used_for_long(hours: float, octets: int, block: int, severity: list[str | None]) -> None:
    """More than 8 h under one key, or more than 2^32 blocks (34.36 GB) of a cipher with blocks of 64 bits (RFC 8221 §5), are told."""
    used = esp_sa(first=T0, last=T0 + int(hours * 3600) * SECOND, octets=octets, cipher_block_octets=block, protocol="esp")
    assert [found.severity for found in check("L2S616", Measures(vpns=[vpn(esp_sas=[1])], esp_sas=[used]))] == severity
