"""What is said against algorithms is what the RFCs say."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from example_ipsec import ike_message, ike_sa
from example_report import T0
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
