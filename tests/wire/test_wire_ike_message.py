"""IKE messages: header, payload chain, and what each payload holds."""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path
from struct import pack
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2tpscope.core.anomaly import AnomalyKind
from l2tpscope.wire.ike import IkeMessage, Notify, VendorId, chosen, decode_ike, exchange_name, implementation, offered
from l2tpscope.wire.ike.bodies import MOST_DATA, MOST_KEPT, MOST_SPIS
from l2tpscope.wire.ike.message import MOST_PAYLOADS
from l2tpscope.wire.ike.payloads import (
    CertificateRequest,
    Delete,
    Fragment,
    Identification,
    KeyExchange,
    NatOa,
    Payload,
    SecurityAssociation,
)

VECTORS: list[dict[str, Any]] = tomllib.loads((Path(__file__).parents[1] / "vectors" / "ike.toml").read_text())["message"]
BY_NAME = {vector["name"]: bytes.fromhex(vector["octets"]) for vector in VECTORS}
SPIS = bytes(range(1, 17))


def message(version: int, exchange: int, payloads: list[tuple[int, bytes]], flags: int = 0) -> bytes:
    """A message of these payloads."""
    kinds = [kind for kind, _ in payloads] + [0]
    body = b"".join(pack(">BBH", after, 0, len(octets) + 4) + octets for (_, octets), after in zip(payloads, kinds[1:], strict=True))
    return SPIS + pack(">BBBBII", kinds[0], version, exchange, flags, 0, 28 + len(body)) + body


def only(kind: type[Payload], octets: bytes) -> Any:
    """The only payload of that class."""
    (found,) = [payload for payload in decode_ike(octets).payloads if isinstance(payload, kind)]
    return found


def anomalies(octets: bytes, on_wire: int | None = None) -> list[str]:
    """As a row shows them."""
    return [str(anomaly) for anomaly in decode_ike(octets, on_wire).anomalies]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_vectors(vector: dict[str, Any]) -> None:
    """Header, payloads and notifies of daemons' messages and of the RFCs' layouts, without an anomaly."""
    decoded = decode_ike(bytes.fromhex(vector["octets"]))
    header = vector["header"]
    assert (f"{decoded.initiator_spi:016x}", f"{decoded.responder_spi:016x}") == (header["initiator"], header["responder"])
    assert (decoded.major, decoded.minor, decoded.exchange) == (header["major"], header["minor"], header["exchange"])
    assert (decoded.flags, decoded.message_id, decoded.length) == (header["flags"], header["message_id"], header["length"])
    assert decoded.payload_names == vector["payloads"]
    assert [payload.type.name for payload in decoded.payloads if isinstance(payload, Notify)] == vector.get("notifies", [])
    assert decoded.anomalies == ()


@pytest.mark.parametrize(
    ("major", "exchange", "name"),
    [
        (1, 2, "Identity Protection (Main Mode)"),
        (1, 4, "Aggressive"),
        (1, 32, "Quick Mode"),
        (1, 243, "AuthIP Main Mode"),
        (1, 34, "UNKNOWN_34"),
        (2, 34, "IKE_SA_INIT"),
        (2, 43, "IKE_INTERMEDIATE"),
        (2, 2, "UNKNOWN_2"),
    ],
)
def test_exchanges_have_the_names_of_their_version(major: int, exchange: int, name: str) -> None:
    """The same number is another exchange, or none, in the other version."""
    assert exchange_name(major, exchange) == name


def test_encrypted_bodies_leave_no_payload_of_ikev1_and_one_of_ikev2() -> None:
    """The E flag hides everything; SK hides what is in it, and its length is that of the ciphertext."""
    assert decode_ike(BY_NAME["QM1"]).encrypted
    assert decode_ike(BY_NAME["QM1"]).payloads == ()
    auth = decode_ike(BY_NAME["IKE_AUTH request"])
    assert auth.encrypted
    assert auth.payloads == (Payload(46, auth.length - 28 - 4),)
    assert (auth.from_initiator_flag, auth.is_response) == (True, False)
    response = decode_ike(BY_NAME["INFORMATIONAL response"])
    assert (response.from_initiator_flag, response.is_response) == (True, True)
    assert not decode_ike(BY_NAME["MM3"]).encrypted
    assert not decode_ike(BY_NAME["IKE_SA_INIT request"]).encrypted


def test_fragments() -> None:
    """RFC 7383 tells number and total; Cisco's tell which is the last, and stand in clear even under the E flag."""
    assert only(Fragment, BY_NAME["IKE_AUTH fragment 2 of 3"]) == Fragment(53, 68, 0, 2, 3)
    assert decode_ike(BY_NAME["IKE_AUTH fragment 2 of 3"]).encrypted
    assert only(Fragment, BY_NAME["Main Mode, last piece in Cisco fragments"]) == Fragment(132, 44, 1, 3, 3)
    under_e = message(0x10, 2, [(132, pack(">HBB", 7, 1, 0) + bytes(20))], flags=1)
    assert only(Fragment, under_e) == Fragment(132, 24, 7, 1, None)


def test_identities() -> None:
    """Addresses, subnets, ranges, names and distinguished names as text; what is no text, in hex."""
    texts = {
        (1, "c6336407"): "198.51.100.7",
        (4, "0a000000ffffff00"): "10.0.0.0/255.255.255.0",
        (7, "0a0000010a000009"): "10.0.0.1-10.0.0.9",
        (5, "20010db8" + "00" * 11 + "01"): "2001:db8::1",
        (2, b"vpn.example.com".hex()): "vpn.example.com",
        (3, b"user@example.com\0".hex()): "user@example.com",
        (11, b"group".hex()): "group",
        (11, "00ff"): "00ff",
        (1, "c63364"): "c63364",
        (9, "3003310100"): "3003310100",
        (200, "aa"): "aa",
    }
    for (kind, octets), text in texts.items():
        found = only(Identification, message(0x10, 4, [(5, bytes((kind, 17)) + pack(">H", 1701) + bytes.fromhex(octets))]))
        assert (found.text, found.protocol, found.port) == (text, 17, 1701)
    found = only(Identification, BY_NAME["AM1 of a distinguished name"])
    assert (found.type, found.text) == ("DER_ASN1_DN", "C=NL, O=Example, CN=gateway")
    assert only(Identification, BY_NAME["AM1"]).text == "198.51.100.10"


def test_certificate_requests_name_the_authority() -> None:
    """IKEv1 asks by distinguished name; IKEv2 by hashes, which name nobody."""
    asked = only(CertificateRequest, BY_NAME["MM4 with a certificate request"])
    assert (asked.encoding, asked.authority) == ("X.509 Certificate - Signature", "C=NL, O=Example, CN=gateway")
    assert only(CertificateRequest, message(0x10, 2, [(7, b"\4")])).authority is None
    assert only(CertificateRequest, message(0x20, 34, [(38, b"\4" + bytes(40))])).authority is None


def test_deletes_and_original_addresses() -> None:
    """A Delete lists its SPIs; NAT-OA is an address."""
    assert only(Delete, BY_NAME["Delete in clear"]).spis == (b"\xca\xfe\0\1", b"\xca\xfe\0\2")
    assert only(NatOa, BY_NAME["Quick Mode in clear with NAT-OA"]).address == "198.51.100.10"


@pytest.mark.parametrize(
    ("name", "says", "error"),
    [
        ("IKE_SA_INIT response that wants another group", "wants ECP-384", True),
        ("IKE_SA_INIT response that redirects", "gateway 203.0.113.9", False),
        ("IKE_SA_INIT response with a cookie", None, False),
        ("NO_PROPOSAL_CHOSEN in clear", None, True),
        ("INFORMATIONAL about an unknown SPI", None, True),
    ],
)
def test_notifies_say_what_they_want(name: str, says: str | None, error: bool) -> None:
    """The data of a notify in words, and whether it is an error."""
    notify = only(Notify, BY_NAME[name])
    assert (notify.says, notify.is_error) == (says, error)


def test_errors_are_told_by_their_number() -> None:
    """Types up to 16383 are errors, vendors' among them; Windows' status is none (RFC 2408 §3.14.1, RFC 7296 §3.10.1)."""
    for version, kind, head in ((0x10, 11, bytes(4)), (0x20, 41, b"")):
        for number, error in ((14, True), (9000, True), (16383, True), (16384, False), (12345, False), (36136, False)):
            notify = only(Notify, message(version, 5 if version == 0x10 else 37, [(kind, head + pack(">BBH", 1, 0, number))]))
            assert notify.is_error is error, (version, number)


def test_names_of_gateways_and_numbers_without_a_name() -> None:
    """A redirect may name a host; an unknown type keeps its number."""
    redirect = pack(">BBH", 0, 0, 16407) + bytes((3, 11)) + b"example.com" + bytes(16)
    assert only(Notify, message(0x20, 34, [(41, redirect)])).says == "gateway example.com"
    assert only(Notify, message(0x20, 34, [(41, pack(">BBH", 0, 0, 16407) + b"\1\4\1")])).says is None
    assert only(Notify, message(0x20, 34, [(41, pack(">BBH", 0, 0, 50000))])).type.name == "UNKNOWN_50000"


def test_the_key_exchange_of_ikev2_names_its_group() -> None:
    """The group stands before the value."""
    assert only(KeyExchange, BY_NAME["IKE_SA_INIT request"]).group == "MODP-2048"
    assert only(KeyExchange, message(0x20, 34, [(34, pack(">HH", 4711, 0))])).group == "group 4711"
    assert only(KeyExchange, BY_NAME["MM3"]).group is None


def test_secrets_are_not_kept() -> None:
    """Of key exchange, nonce, hash and signature nothing is kept but the length."""
    secret = b"\xa5" * 40
    for version, kinds in ((0x10, (4, 8, 9, 10, 14)), (0x20, (34, 39, 40, 46))):
        for kind in kinds:
            decoded = decode_ike(message(version, 4 if version == 0x10 else 34, [(kind, secret)]))
            assert [payload.octets for payload in decoded.payloads] == [40]
            assert secret[2:] not in b"".join(bytes(value) for value in _octets(decoded))
            assert "a5a5" not in repr(decoded)


def _octets(value: Any) -> list[bytes]:
    if isinstance(value, bytes):
        return [value]
    if isinstance(value, tuple):
        return [found for one in value for found in _octets(one)]
    if dataclasses.is_dataclass(value):
        return [found for field in dataclasses.fields(value) for found in _octets(getattr(value, field.name))]
    return []


# ---- what is odd -----------------------------------------------------------------------------------------------------


def test_what_a_cut_message_holds_is_kept() -> None:
    """Whole payloads, whole transforms of a cut SA, and that SK is there; the capture is to blame, not the peer."""
    octets = BY_NAME["MM1 with three transforms"]
    cut = octets[: 28 + 12 + 8 + 36 + 10]
    decoded = decode_ike(cut, len(octets))
    assert offered(decoded) == ["AES-CBC-256 SHA2-256 ECP-384 PSK 86400 s"]
    assert chosen(decoded) is None
    assert anomalies(cut, len(octets)) == [f"truncated: {len(cut)} of {len(octets)} octets captured"]
    auth = BY_NAME["IKE_AUTH request"]
    for size in (28, 30, 32, 60):
        decoded = decode_ike(auth[:size], len(auth))
        assert decoded.encrypted
        assert decoded.payloads == (Payload(46, len(auth) - 32),)
    vendor = decode_ike(BY_NAME["AM1"][:-4], len(BY_NAME["AM1"])).payloads[-1]
    assert vendor == Payload(13, 16)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_every_cut_is_told(vector: dict[str, Any]) -> None:
    """One octet that the capture lacks is said to be missing; what stands behind Length is no part of the message."""
    octets = bytes.fromhex(vector["octets"])
    for size in (len(octets) - 1, 28, 27, 1):
        assert anomalies(octets[:size], len(octets)) == [f"truncated: {size} of {len(octets)} octets captured"]
    assert [anomaly.kind for anomaly in decode_ike(octets, len(octets) + 4).anomalies] == [AnomalyKind.MALFORMED]


def test_no_octets_and_no_header() -> None:
    """Less than a header is the peer's doing, unless the capture cut it."""
    assert anomalies(b"") == ["malformed: no header"]
    assert anomalies(SPIS[:8]) == ["malformed: no header"]
    assert anomalies(SPIS[:8], 200) == ["truncated: 8 of 200 octets captured"]
    assert decode_ike(SPIS[:8], 200).initiator_spi == 0x0102030405060708


@pytest.mark.parametrize(
    ("octets", "told"),
    [
        (BY_NAME["MM1"] + b"\0", "malformed: Length is 180, the datagram has 181 octets"),
        (BY_NAME["MM3"][:-1], "malformed: Length is 372, the datagram has 371 octets"),
        (message(0x10, 2, [(13, b"")])[:-4] + b"\0\0\0\3", "malformed: payload 13 of 3 octets where 4 are left"),
        (SPIS + pack(">BBBBII", 13, 0x10, 2, 0, 0, 28), "malformed: payload 13 is announced, and 0 octets are left"),
        (message(0x20, 34, [(41, b"\0\4\0\1")]), "malformed: payload 41 of 4 octets does not hold what its type needs"),
        (message(0x20, 34, [(99, b"")]), "unknown: payload type 99 in IKEv2"),
        (message(0x10, 34, []), "unknown: exchange type 34 in IKEv1"),
        (message(0x30, 34, [(33, b"")]), "unknown: version 3.0"),
        (message(0x10, 2, [(1, pack(">II", 2, 1))]), "unknown: an SA of DOI 2, situation 1"),
        (message(0x20, 34, [(33, pack(">BBH", 0, 0, 4))]), "malformed: a proposal of length 4"),
        (message(0x20, 34, [(33, pack(">BBHBBBB", 0, 0, 9, 1, 1, 0, 0))]), "malformed: an SA whose proposals do not fit"),
        (message(0x20, 34, [(33, pack(">BBHBBBB", 0, 0, 8, 1, 1, 0, 1))]), "malformed: a proposal of 1 transforms has 0"),
        (
            message(0x20, 34, [(33, pack(">BBHBBBB", 0, 0, 18, 1, 1, 0, 1) + pack(">BBHBBHH", 0, 0, 10, 1, 0, 12, 14))]),
            "malformed: a transform whose attributes do not fit",
        ),
    ],
)
def test_contradictions_are_told(octets: bytes, told: str) -> None:
    """Lengths that do not fit, fields that are missing, and what is in no table."""
    assert told in anomalies(octets)


def test_a_contradictory_sa_chooses_nothing() -> None:
    """What an SA said before it contradicts itself is told as offered, and nothing is concluded from it."""
    whole = BY_NAME["MM2"]
    assert chosen(decode_ike(whole)) is not None
    at = 28 + 4 + 8 + 7
    assert whole[at] == 1
    broken = whole[:at] + b"\2" + whole[at + 1 :]
    assert offered(decode_ike(broken)) == offered(decode_ike(whole))
    assert chosen(decode_ike(broken)) is None


def test_bounds_are_kept_and_told() -> None:
    """More payloads, proposals, transforms or attributes than anybody sends are left out, and that is told."""
    payloads = decode_ike(message(0x20, 34, [(43, b"")] * 1000))
    assert len(payloads.payloads) == MOST_PAYLOADS
    assert [str(anomaly) for anomaly in payloads.anomalies] == ["malformed: more than 200 payloads"]
    transform = pack(">BBHBBH", 0, 0, 8, 1, 0, 12)
    proposal = pack(">BBHBBBB", 0, 0, 16, 1, 1, 0, 1) + transform
    many = only(SecurityAssociation, message(0x20, 34, [(33, proposal * 100)]))
    assert (len(many.proposals), many.whole) == (64, False)
    long = pack(">BBHBBBB", 0, 0, 8 + 8 * 255, 1, 1, 0, 255) + transform * 255
    both = only(SecurityAssociation, message(0x20, 34, [(33, long + long)]))
    assert sum(len(one.transforms) for one in both.proposals) == 256
    assert "malformed: more than 256 transforms" in anomalies(message(0x20, 34, [(33, long + long)]))
    wide = pack(">BBHBBH", 0, 0, 8 + 4 * 40, 1, 0, 12) + pack(">HH", 0x800E, 1) * 40
    assert "malformed: more than 32 attributes" in anomalies(
        message(0x20, 34, [(33, pack(">BBHBBBB", 0, 0, 8 + len(wide), 1, 1, 0, 1) + wide)])
    )


def test_long_fields_keep_their_begin() -> None:
    """Of vendor IDs, notifies and deletes no more is kept than anybody needs; lengths stay what they were."""
    vendor = only(VendorId, message(0x10, 2, [(13, b"v" * 9000)]))
    assert (len(vendor.octets_sent), vendor.octets) == (MOST_KEPT, 9000)
    notify = only(Notify, message(0x20, 37, [(41, pack(">BBH", 0, 0, 16390) + b"c" * 9000)]))
    assert len(notify.data) == MOST_DATA
    delete = only(Delete, message(0x20, 37, [(42, pack(">BBH", 3, 4, 1000) + bytes(4000))]))
    assert len(delete.spis) == MOST_SPIS


@given(
    version=st.sampled_from([0x10, 0x20]),
    exchange=st.sampled_from([2, 4, 5, 32, 34, 35, 37, 243]),
    flags=st.sampled_from([0, 1, 8, 32]),
    payloads=st.lists(
        st.tuples(st.sampled_from([1, 4, 5, 6, 7, 11, 12, 13, 15, 20, 21, 132, *range(33, 55)]), st.binary(max_size=60)), max_size=6
    ),
    cut=st.integers(0, 60),
)
def test_any_payloads(version: int, exchange: int, flags: int, payloads: list[tuple[int, bytes]], cut: int) -> None:
    """Any payloads, cut anywhere, decode to a message that can be asked everything; cut by the capture, it has no more faults."""
    octets = message(version, exchange, payloads, flags)
    whole = _ask(decode_ike(octets))
    there = octets[: max(0, len(octets) - cut)]
    assert _ask(decode_ike(there, len(octets))) - {AnomalyKind.TRUNCATED} <= whole
    _ask(decode_ike(there))


def _ask(decoded: IkeMessage) -> set[AnomalyKind]:
    """Everything that a message offers; the kinds of its anomalies."""
    assert len(decoded.payload_names) == len(decoded.payloads)
    assert all(isinstance(line, str) for line in offered(decoded))
    assert chosen(decoded) is None or len(decoded.payloads) > 0
    assert implementation([decoded]) is None or any(isinstance(payload, VendorId) for payload in decoded.payloads)
    assert all(payload.says is None or payload.says for payload in decoded.payloads if isinstance(payload, Notify))
    return {anomaly.kind for anomaly in decoded.anomalies}
