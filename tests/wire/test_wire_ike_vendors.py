"""Vendor IDs by name, and the software that they give away."""

from __future__ import annotations

import csv
import hashlib
import re
from collections import Counter
from struct import pack

import pytest
from ike_captures import CAPTURES, read_ike

from l2tpscope.wire.ike import VendorId, decode_ike, implementation
from l2tpscope.wire.ike.vendor_ids import find_vendor
from l2tpscope.wire.ike.vendor_versions import VERSION_IDS
from l2tpscope.wire.ike.vendors import VENDOR_IDS

FACTS = CAPTURES.parent / "facts" / "ike_vendor_ids.csv"
MICROSOFT = "1e2b516905991c7d7c96fcbfb587e461"
NATT, DPD, FRAGMENTATION = "4a131c81070358455c5728f20e95452f", "afcad71368a1f1c96b8696fc77570100", "4048b7d56ebce88525e7de7f00d6c2d3"
WINDOWS_10 = (
    "01528bbbc00696121849ab9a1c5b2a5100000001",
    MICROSOFT + "00000009",
    NATT,
    "90cb80913ebb696e086381b5ec427b1f",
    FRAGMENTATION,
    "fb1de3cdf341b7ea16b7e5be0855f120",
    "26244d38eddb61b3172a36e3d0cfb819",
    "e3a5966a76379fe707228231e5ce8652",
)
shared = pytest.mark.skipif(not CAPTURES.exists(), reason="needs the captures and tables of ../shared")


def named(octets: str) -> str | None:
    """Its name."""
    found = find_vendor(bytes.fromhex(octets))
    return None if found is None else found[0]


def software(*vendor_ids: str) -> str | None:
    """What sends these vendor IDs."""
    body = b""
    for index, vendor_id in enumerate(vendor_ids):
        octets = bytes.fromhex(vendor_id)
        body += pack(">BBH", 13 if index + 1 < len(vendor_ids) else 0, 0, 4 + len(octets)) + octets
    return implementation([decode_ike(bytes(16) + pack(">BBBBII", 13 if body else 0, 0x10, 2, 0, 0, 28 + len(body)) + body)])


def test_rows_are_whole() -> None:
    """Hex in lower case, a name, no row twice, in order."""
    for table in (VENDOR_IDS, VERSION_IDS):
        assert [row[:2] for row in table] == sorted({row[:2] for row in table})
        for begin, whole, name, _ in table:
            assert re.fullmatch(r"([0-9a-f]{2})+", begin)
            assert whole == 0 or whole >= len(begin) // 2
            assert name == name.strip() != ""


def test_hashes_are_those_of_their_texts() -> None:
    """Most vendor IDs are the MD5 of a text that stands in their name (RFC 2408 §3.16): recomputed."""
    found = Counter[str]()
    for begin, _, name, vendor in (*VENDOR_IDS, *VERSION_IDS):
        for text in (name, name.removesuffix(" with a newline") + "\n"):
            if hashlib.md5(text.encode(), usedforsecurity=False).hexdigest() == begin:
                found[vendor] += 1
    assert found["strongSwan"] > 100
    assert found[""] >= 10
    assert hashlib.md5(b"MS NT5 ISAKMPOAKLEY", usedforsecurity=False).hexdigest() == MICROSOFT


@pytest.mark.parametrize(
    ("octets", "name"),
    [
        (NATT, "RFC 3947 Negotiation of NAT-Traversal in the IKE"),
        (DPD, "Dead Peer Detection 1.0 (RFC 3706)"),
        ("afcad71368a1f1c96b8696fc77570999", "Dead Peer Detection (RFC 3706)"),
        (MICROSOFT + "00000009", "MS NT5 ISAKMPOAKLEY 9 (Windows 8 or later)"),
        (MICROSOFT + "000000ff", "MS NT5 ISAKMPOAKLEY"),
        (FRAGMENTATION + "80000000", "FRAGMENTATION (Cisco, strongSwan)"),
        (FRAGMENTATION, "FRAGMENTATION"),
        (b"OE-Libreswan-4.10".hex(), "Libreswan (3.6+)"),
        ("4f456b5262475852766d5045", "Openswan(project)"),
        ("00" * 9 + b"Teldat".hex(), "Teldat"),
        ("00" * 16, None),
        ("", None),
    ],
)
def test_names(octets: str, name: str | None) -> None:
    """The longest row that fits has the word; what is in no row has no name."""
    assert named(octets) == name


def test_a_vendor_id_of_a_fixed_length_has_that_length() -> None:
    """What must be all of it is not found at the begin of a longer one."""
    whole = next(row for row in VENDOR_IDS if row[1] == len(row[0]) // 2 == 16)
    assert named(whole[0]) == whole[2]
    assert named(whole[0] + "00") != whole[2]


@pytest.mark.parametrize(
    ("vendor_ids", "name"),
    [
        (" ".join(WINDOWS_10), "Windows 10 or later"),
        (f"{MICROSOFT}00000009 {NATT} {FRAGMENTATION}", "Windows 8 or later"),
        (f"{MICROSOFT}00000007 {NATT}", "Windows 7"),
        (f"{MICROSOFT}00000042", "Windows"),
        (f"{NATT} 4df37928e9fc4fd1b3262170d515c662 8f8d83826d246b6fc7a8a6a428c11de8 {DPD}", "macOS or iOS"),
        (f"{NATT} {DPD}", None),
        (f"{DPD} {NATT} {FRAGMENTATION}", None),
        (f"{FRAGMENTATION} {DPD} {NATT}", "Libreswan"),
        (f"09002689dfd6b712 {DPD} {FRAGMENTATION}80000000 {NATT}", "strongSwan"),
        (f"09002689dfd6b712 {DPD} {FRAGMENTATION}80000000", None),
        (f"{NATT} 12f5f28c457168a9702d9fe274cc0100 {DPD} {'5a' * 16} 09002689dfd6b712", "Cisco IOS"),
        (f"4f456b5262475852766d5045 {DPD}", "Openswan or Libreswan"),
        ("4f456b5262475852766d5045aabbccdd", None),
        (b"OpenIKED-7.2".hex(), "OpenBSD iked"),
        ("20a3622c1cea7ce37bee3ca484425276", "racoon (ipsec-tools)"),
        ("", None),
    ],
)
def test_software(vendor_ids: str, name: str | None) -> None:
    """Lists as products send them; capabilities that many share say nothing."""
    assert software(*vendor_ids.split()) == name


@shared
@pytest.mark.shared
def test_every_fact_is_in_the_tables() -> None:
    """Each vendor ID of the collected facts has a name of that collection, but for four that have none there."""
    with FACTS.open() as text:
        facts = list(csv.DictReader(text))
    plain = [fact for fact in facts if re.fullmatch(r"([0-9a-f]{2})+", fact["hex"])]
    assert (len(facts), len(plain)) == (575, 570)
    unnamed = [fact["hex"] for fact in plain if named(fact["hex"]) is None]
    assert [fact["name"] for fact in plain if fact["hex"] in unnamed] == ["unnamed (seen in capture only)"] * 4


@shared
@pytest.mark.shared
@pytest.mark.parametrize(
    ("scenario", "client", "server"),
    [
        ("l2tpipsec_nat", "strongSwan", "strongSwan"),
        ("ike_aggressive_ok", "strongSwan", "strongSwan"),
        ("libreswan_l2tpipsec_nat", "strongSwan", "Libreswan"),
        ("softether_l2tpipsec", "strongSwan", "SoftEther"),
        ("l2tpipsec_ikev2", None, None),
    ],
)
def test_software_of_the_laboratory(scenario: str, client: str | None, server: str | None) -> None:
    """The daemons that ran; strongSwan says nothing of itself in IKEv2."""
    sides: dict[bytes, list[object]] = {}
    sent = list(read_ike(CAPTURES / "lab" / scenario / "client.pcap"))
    for one in sent:
        sides.setdefault(one.sender.address, []).append(one.message)
    found = [implementation([one.message for one in sent if one.sender.address == address]) for address in sides]
    assert found == [client, server]
    names = [payload.name for one in sent for payload in one.message.payloads if isinstance(payload, VendorId)]
    assert None not in names
