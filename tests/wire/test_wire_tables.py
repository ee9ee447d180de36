"""The tables of AVPs, messages and codes are whole: each row of the shared facts has its row here."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import pytest
from plain_reader import SHARED

from l2tpscope.wire.l2tp import DisconnectCause, MessageType, codes, explain_disconnect, explain_error, explain_result
from l2tpscope.wire.l2tp.avps import AVPS, IETF_AVPS
from l2tpscope.wire.l2tp.formats import FORMATS
from l2tpscope.wire.l2tp.results import DISCONNECT_CAUSES, REASONS
from l2tpscope.wire.l2tp.specs import SPECS
from l2tpscope.wire.l2tp.vendor_avps import VENDOR_AVPS, VENDORS

FACTS = SHARED / "facts"
needs_facts = [pytest.mark.shared, pytest.mark.skipif(not FACTS.exists(), reason="needs the tables of ../shared")]
VERSIONS = {"v2": (2,), "v3": (3,), "v2+v3": (2, 3)}


def shared(test: Any) -> Any:
    """Marks a test that reads the shared facts."""
    for mark in needs_facts:
        test = mark(test)
    return test


def facts(name: str) -> list[dict[str, str]]:
    """The rows of one table."""
    with (FACTS / name).open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def test_ietf_attributes_are_without_gap() -> None:
    """Attributes 0 to 103 are all there, each once, and no vendor's row shadows another."""
    assert [row.type for row in IETF_AVPS] == list(range(104))
    assert len(AVPS) == len(IETF_AVPS) + len(VENDOR_AVPS)


def test_every_row_names_a_format_and_every_format_is_used() -> None:
    """No row has a format that does not exist; no format lies idle."""
    assert {row.format for row in AVPS.values()} == set(FORMATS)


def test_every_vendor_has_a_name() -> None:
    """Whoever has a row is named."""
    assert {row.vendor for row in VENDOR_AVPS} < set(VENDORS)


@shared
def test_every_avp_of_the_facts() -> None:
    """Each row of the facts is a row here, for the same versions, and hidden only where it may be."""
    for fact in facts("l2tp_avps.csv"):
        if fact["number"] == "-":
            assert int(fact["vendor_id"]) in VENDORS
            continue
        row = AVPS[int(fact["vendor_id"]) << 16 | int(fact["number"])]
        assert row.versions == VERSIONS[fact["version"]], fact
        assert row.may_hide is (fact["may_hide"] != "no"), fact
    assert len(AVPS) == sum(fact["number"] != "-" for fact in facts("l2tp_avps.csv"))


SAME_NAME = re.compile(r"[^a-z0-9]+")
RENAMED = {5, 15, 20, 24, 34, 38, 47, 48}
"""Attributes whose name in the facts holds more than a name: both versions' names, an abbreviation, a remark."""


@shared
def test_every_avp_has_the_facts_name() -> None:
    """Names are the registry's."""
    for fact in facts("l2tp_avps.csv"):
        if fact["number"] == "-" or (fact["vendor_id"] == "0" and int(fact["number"]) in RENAMED) or "unknown" in fact["name"]:
            continue
        assert AVPS[int(fact["vendor_id"]) << 16 | int(fact["number"])].name == fact["name"]


FIXED_LENGTH = re.compile(r"^\d+$")


@shared
def test_formats_have_the_facts_lengths() -> None:
    """An AVP whose length the facts fix is read at that length, and at no length beside it."""
    from l2tpscope.wire.l2tp.avp import read_value  # noqa: PLC0415 - beside its only use

    checked = 0
    for fact in facts("l2tp_avps.csv"):
        if fact["number"] == "-" or not FIXED_LENGTH.match(fact["avp_length_octets_before_hiding"]):
            continue
        row = AVPS[int(fact["vendor_id"]) << 16 | int(fact["number"])]
        size = int(fact["avp_length_octets_before_hiding"]) - 6
        assert read_value(row, b"\1" * size)[1] == (), fact
        if row.format in {"cookie", "call errors", "octets"}:
            continue
        checked += 1
        assert read_value(row, b"\1" * (size + 1))[1], fact
        if size:
            assert read_value(row, b"\1" * (size - 1))[1], fact
    assert checked > 80


@shared
def test_every_message_of_the_facts() -> None:
    """Each message type has its number, acronym and title, and the AVPs that it must and may carry."""
    specs = {(spec.type, version): spec for spec in SPECS for version in spec.versions}
    for fact in facts("l2tp_message_types.csv"):
        vendor = re.match(r"vendor (\d+) msg (\d+)", fact["number"])
        if vendor:
            assert MessageType.of(int(vendor[1]), int(vendor[2])).known, fact
            continue
        if not fact["acronym"]:
            assert not MessageType(int(fact["number"])).known
            continue
        kind = MessageType(int(fact["number"]))
        assert (kind.label, kind.title) == (fact["acronym"], fact["name"])
        for version in VERSIONS[fact["version"]]:
            spec = specs[kind, version]
            assert set(spec.required) == {int(number) for number in re.findall(r"(?:^|;)(\d+)", fact["required_avps"])}
            assert not set(spec.required) & set(spec.optional)


@shared
def test_every_reason_of_the_facts() -> None:
    """Each result and error code has its row, with the facts' short name, and for the same versions."""
    ours = {(reason.scope, reason.code): reason for reason in REASONS}
    versions = {**VERSIONS, "vendor bug": (2,)}
    theirs = {(fact["scope"], int(fact["code"])): fact for fact in facts("l2tp_result_codes.csv")}
    assert set(ours) == set(theirs)
    for key, fact in theirs.items():
        assert ours[key].name == fact["short_name"]
        assert ours[key].versions == versions[fact["version"]]
        assert ours[key].meaning


@shared
def test_every_disconnect_cause_of_the_facts() -> None:
    """Causes 0 to 20 have a name and words; where the direction matters it has words too."""
    numbered = [fact for fact in facts("l2tp_ppp_disconnect_causes.csv") if fact["code"].isdigit()]
    assert {int(fact["code"]) for fact in numbered} == set(DISCONNECT_CAUSES) == {int(cause) for cause in DisconnectCause}
    for fact in numbered:
        directed = fact["direction_values"] != "0"
        assert (explain_disconnect(int(fact["code"]), 1) != explain_disconnect(int(fact["code"]), 2)) is directed


ENUMERATIONS: dict[str, type[codes.OpenEnum]] = {
    "proxy_authen_type": codes.ProxyAuthenType,
    "l2ss_type": codes.SublayerType,
    "pw_type": codes.PseudowireType,
    "data_sequencing": codes.DataSequencing,
    "atm_alarm_reason": codes.AtmAlarmReason,
    "atm_alarm_type": codes.AtmAlarmType,
    "moh_timeout": codes.HoldTimeout,
    "mcast_priority": codes.MulticastPriority,
    "digest_type": codes.DigestType,
    "accessloop_datalink": codes.AccessDataLink,
    "accessloop_encap1": codes.AccessEncapsulation1,
    "accessloop_encap2": codes.AccessEncapsulation2,
    "ancp_line_type": codes.LineType,
}
BITS: dict[str, type[codes.Bits]] = {
    "framing": codes.FramingBits,
    "bearer": codes.BearerBits,
    "circuit_status": codes.CircuitStatusBits,
    "service_category": codes.ServiceCategoryBits,
    "failover_cap": codes.FailoverBits,
    "vccv_cc": codes.VccvChannelBits,
    "vccv_cv": codes.VccvVerificationBits,
}


@shared
@pytest.mark.parametrize("group", ENUMERATIONS)
def test_every_enumerated_value_of_the_facts(group: str) -> None:
    """The named numbers are those of the facts, but for the reserved."""
    theirs = {int(fact["value"], 0) for fact in facts("l2tp_bits.csv") if fact["group"] == group and fact["name"] != "reserved"}
    assert {int(member) for member in ENUMERATIONS[group]} == theirs


@shared
@pytest.mark.parametrize("group", BITS)
def test_every_bit_of_the_facts(group: str) -> None:
    """The named bits are those of the facts."""
    assert set(BITS[group].NAMES) == {int(fact["value"], 0) for fact in facts("l2tp_bits.csv") if fact["group"] == group}


def test_bits_list_their_names() -> None:
    """Names come lowest first, what has none as a number; the whole still is its number."""
    bits = codes.FramingBits(0x13)
    assert bits.names == ("synchronous", "asynchronous", "0x10")
    assert (bits, str(bits), str(codes.FramingBits(0))) == (0x13, "synchronous, asynchronous, 0x10", "none")


def test_vendor_message_types_are_not_the_ietfs() -> None:
    """Number 2 of a vendor is not SCCRP; one that nobody named says whose it is."""
    assert MessageType.of(529, 2) == MessageType.ASCEND_MDMST != MessageType.SCCRP
    strange = MessageType.of(77, 2)
    assert (strange.name, strange.vendor, strange.number, strange.known) == ("VENDOR_77_2", 77, 2, False)
    assert (MessageType(30).name, MessageType(30).vendor) == ("UNKNOWN_30", 0)


@pytest.mark.parametrize(
    ("kind", "result", "error", "words"),
    [
        (MessageType.STOPCCN, 1, 0, ("ordinary close", None)),
        (MessageType.STOPCCN, 2, 4, ("general error", "no resources")),
        (MessageType.STOPCCN, 5, 0x0100, ("protocol version not supported", "highest version supported 1.0")),
        (MessageType.CDN, 3, None, ("administrative disconnect", None)),
        (MessageType.CDN, 30, 1, ("TDM parameters do not fit", "bit rates differ")),
        (MessageType.MSEN, 3, 0, ("no more receivers", None)),
        (MessageType.CDN, 999, 999, ("unknown result 999", "unknown error 999")),
    ],
)
def test_reasons_in_words(kind: MessageType, result: int, error: int | None, words: tuple[str, str | None]) -> None:
    """A result means what its message makes of it, and so does the error beside it."""
    assert (explain_result(kind, result), explain_error(kind, result, error)) == words


def test_disconnect_causes_in_words() -> None:
    """A cause is explained with whose doing it was; an unknown one is said to be."""
    assert explain_disconnect(16, 1) == "bad name, password or secret (the PPP peer failed the sender's check)"
    assert explain_disconnect(0) == "no information"
    assert explain_disconnect(4711, 2) == "unknown cause 4711"


def test_secrets_are_marked() -> None:
    """What gives a password away, or serves to guess it, is marked so that outputs mask it."""
    assert {row.type for row in AVPS.values() if row.secret} == {11, 13, 31, 33}


def test_no_table_is_longer_than_a_file_should_be() -> None:
    """No module of wire exceeds 400 lines."""
    folder = Path(codes.__file__).parents[1]
    assert [path.name for path in folder.rglob("*.py") if len(path.read_text().splitlines()) > 400] == []
