"""Each row of the shared tables of facts can be asked for, and has its name and its meaning here."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

import pytest
from conftest import SHARED

from l2tpscope.explain import Entry, ask
from l2tpscope.explain.search import catalogue

FACTS = SHARED / "facts"
pytestmark = [pytest.mark.shared, pytest.mark.skipif(not FACTS.exists(), reason="needs the tables of ../shared")]

TOLD_BESIDES = {651: "failures report it where nothing answers", 784: "it is local, and said so"}
"""Errors of Windows that the facts do not count as of L2TP, and of which something is said."""
CALLED = {
    ("CHAP algorithm", "0x80"): "MS-CHAP",
    ("CHAP algorithm", "0x06"): "SHA1",
}
"""What is called otherwise here than in the facts."""
NAMELESS = {("EAP type", "7"), ("EAP type", "8"), ("MS-CHAP error", "other"), ("MS-CHAPv2 success", "3"), ("MS-CHAP failure", "4")}
"""EAP 7 and 8 are assigned to nobody in particular; the others are formats, not codes."""
AUTHENTICATION = {
    "PAP": "pap {}",
    "CHAP code": "chap {}",
    "MS-CHAPv1 code": "ms-chap {}",
    "MS-CHAPv2 code": "mschapv2 {}",
    "CHAP algorithm": "chap algorithm {}",
    "MS-CHAP error": "E={}",
    "EAP code": "eap {}",
    "EAP-MSCHAPv2 opcode": "eap-mschapv2 {}",
    "EAP type": "eap type {}",
}
SCOPES = {"StopCCN": "stopccn/{}", "CDN": "cdn/{}", "MSEN": "msen/{}", "general-error": "general error {}", "CDN-30 TDM error": "tdm {}"}


def facts(name: str) -> Iterator[dict[str, str]]:
    """The rows of one table."""
    with (FACTS / name).open(encoding="utf-8") as lines:
        yield from csv.DictReader(lines)


def exact(question: str) -> tuple[Entry, ...]:
    """What a question means exactly."""
    answer = ask(question)
    assert answer.how == "exact", question
    return answer.entries


def ends(numbers: str) -> list[int]:
    """`31-8191`: its two ends; one number: that."""
    return [int(number) for number in numbers.split("-")]


def words(text: str) -> set[str]:
    """The words of a name that carry its meaning."""
    return {word for word in re.findall(r"[a-z0-9]+", text.lower()) if len(word) > 1}


def test_windows_errors() -> None:
    """The same numbers and names, no more and no fewer; what the wire shows wherever the facts have it."""
    rows = list(facts("windows_ras_errors.csv"))
    assert {f"windows {row['number']}" for row in rows} == {entry.term for entry in catalogue() if entry.term.startswith("windows ")}
    for row in rows:
        (entry,) = exact(f"windows {row['number']}")
        assert entry.title == f"Windows error {row['number']}: {row['name']}"
        relevant = row["relevant_to_l2tp"] == "yes" or int(row["number"]) in TOLD_BESIDES
        assert relevant != entry.meaning.startswith("Says nothing of L2TP")
        assert not row["l2tp_wire_symptom"] or entry.look_for


@pytest.mark.parametrize("version", [1, 2])
def test_notifies(version: int) -> None:
    """The same names, the same class of error or status, and a meaning wherever the facts have one; ranges at both their ends."""
    for row in facts(f"ike_v{version}_notify.csv"):
        for number in ends(row["value"]):
            (entry,) = exact(f"ikev{version} {number}")
            if "-" not in row["value"] and row["name"] not in ("RESERVED", "<UNKNOWN>"):
                assert entry.title.upper() == f"IKEV{version} NOTIFY {number}: {row['name'].split('?')[0].upper()}"
            for kind in {"error", "status"} & words(row["class"]):
                assert kind in entry.meaning or number == 12_345
            if row.get("meaning") or (row.get("note") and "unverified" not in row["note"]):
                assert entry.look_for or "-" in row["value"], entry.title


def test_result_codes() -> None:
    """The same codes of the same scope, with the same short name and the same RFC."""
    for row in facts("l2tp_result_codes.csv"):
        (entry,) = [one for one in exact(SCOPES[row["scope"]].format(row["code"])) if "result" in one.title or "error" in one.title]
        assert entry.title.endswith(f": {row['short_name']}")
        number = re.search(r"RFC(\d+)", row["rfc"])
        assert number is None or f"RFC {number[1]}" in entry.source


def test_attributes() -> None:
    """Every AVP of the IETF and of vendors, each with its name."""
    for row in facts("l2tp_avps.csv"):
        if row["number"] == "-":
            continue
        question = f"avp {row['number']}" if row["vendor_id"] == "0" else f"avp {row['vendor_id']}/{row['number']}"
        (entry,) = exact(question)
        assert entry.title.startswith(f"AVP {row['number']} of ")
        assert words(entry.title.partition(": ")[2]) & words(row["name"]), question


def test_messages() -> None:
    """Every message by its number, its acronym and its name; the reserved numbers as such."""
    for row in facts("l2tp_message_types.csv"):
        numbers = re.findall(r"\d+", row["number"])
        (entry,) = exact(f"message {'/'.join(numbers)}")
        assert row["name"].lower().split(" (")[0].split()[0] in entry.title.lower()
        if row["acronym"] and len(numbers) == 1:
            assert entry in exact(row["acronym"])
            assert entry in exact(row["name"])


def test_disconnect_causes() -> None:
    """Every cause, with both directions where the facts have them; unassigned and private ranges at both ends."""
    for row in facts("l2tp_ppp_disconnect_causes.csv"):
        if row["group"] == "direction":
            continue
        for number in ends(row["code"]):
            (entry,) = exact(f"disconnect {number}")
            said = f"{entry.title} {entry.meaning}"
            assert "-" not in row["code"] or words(said) & words(row["meaning"])
            for direction in re.findall(r"(?:^|;)([12]) ", row["direction_values"]):
                assert any(line.startswith(f"Direction {direction}: ") for line in entry.look_for)
                assert exact(f"disconnect {number} {direction}")


def test_authentication() -> None:
    """Every code, algorithm, error, operation and type of PAP, CHAP and EAP."""
    for row in facts("ppp_auth.csv"):
        kind = (row["group"], row["value"])
        if kind in NAMELESS:
            continue
        titles = " ".join(entry.title for entry in exact(AUTHENTICATION[row["group"]].format(row["value"])))
        if row["group"] == "MS-CHAP error":
            (windows,) = exact(f"windows {row['value']}")
            assert windows.title.endswith(row["name"])
            continue
        assert words(CALLED.get(kind, row["name"])) & words(titles), kind


def test_control_codes() -> None:
    """Every code of LCP, and those that only CCP and ECP have."""
    for row in facts("lcp_codes.csv"):
        protocol = "lcp" if "LCP" in row["used_by"] else "ccp"
        assert any(
            entry.title.lower() == f"{protocol} code {row['code']}: {row['name'].lower()}" for entry in exact(f"{protocol} {row['code']}")
        )
