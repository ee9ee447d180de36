"""What proposals say in words, and what the responder chose."""

from __future__ import annotations

import tomllib
from pathlib import Path
from struct import pack

import pytest

from l2tpscope.wire.ike import Agreed, chosen, decode_ike, offered

_VECTORS = tomllib.loads((Path(__file__).parents[1] / "vectors" / "ike.toml").read_text())["message"]
BY_NAME = {vector["name"]: bytes.fromhex(vector["octets"]) for vector in _VECTORS}


def sa(version: int, body: bytes) -> bytes:
    """A message whose only payload is an SA."""
    kind, exchange = (1, 2) if version == 1 else (33, 34)
    head = pack(">II", 1, 1) if version == 1 else b""
    payload = pack(">BBH", 0, 0, 4 + len(head) + len(body)) + head + body
    return bytes(range(16)) + pack(">BBBBII", kind, version << 4, exchange, 0, 0, 28 + len(payload)) + payload


def v1(*transforms: list[tuple[int, int]]) -> bytes:
    """Phase 1 with these transforms: attributes and values."""
    rows = [b"".join(pack(">HH", 0x8000 | kind, value) for kind, value in one) for one in transforms]
    body = b"".join(pack(">BBHBBH", 3, 0, 8 + len(row), number, 1, 0) + row for number, row in enumerate(rows, 1))
    return sa(1, pack(">BBHBBBB", 0, 0, 8 + len(body), 1, 1, 0, len(rows)) + body)


def v2(*transforms: tuple[int, int, int]) -> bytes:
    """A proposal of these transforms: type, id, key bits."""
    rows = [
        pack(">BBHBBH", 3, 0, 12 if bits else 8, kind, 0, number) + (pack(">HH", 0x800E, bits) if bits else b"")
        for kind, number, bits in transforms
    ]
    body = b"".join(rows)
    return sa(2, pack(">BBHBBBB", 0, 0, 8 + len(body), 1, 1, 0, len(rows)) + body)


def agreed(octets: bytes) -> Agreed:
    """What is chosen, which must be something."""
    found = chosen(decode_ike(octets))
    assert found is not None
    return found


def test_offers_are_a_line_each() -> None:
    """IKEv1: each transform, with its lifetime in seconds, not kilobytes. IKEv2: each proposal, with its alternatives."""
    assert offered(decode_ike(BY_NAME["MM1 with three transforms"])) == [
        "AES-CBC-256 SHA2-256 ECP-384 PSK 86400 s",
        "AES-CBC-128 SHA1 MODP-2048 PSK 28800 s",
        "3DES-CBC MD5 MODP-1024 RSA signatures 3600 s",
    ]
    assert offered(decode_ike(BY_NAME["IKE_SA_INIT request, AEAD or not, with ML-KEM after the first key exchange"])) == [
        "AES-GCM-16-256 HMAC-SHA2-256 Curve25519 ML-KEM-768",
        "AES-CBC-256/AES-CBC-128 HMAC-SHA2-256-128 HMAC-SHA2-256 MODP-2048",
    ]
    assert offered(decode_ike(BY_NAME["MM3"])) == []


def test_what_strongswan_chose() -> None:
    """The responder's SA of the laboratory: as its configuration says."""
    found = agreed(BY_NAME["MM2"])
    assert (found.encryption, found.key_bits, found.integrity, found.dh_group) == ("AES-CBC", 256, "SHA1", "MODP-2048")
    assert (found.authentication, found.lifetime_s, found.prf) == ("PSK", 3600, None)
    assert (found.cipher_block_octets, found.hash_octets) == (16, 20)
    found = agreed(BY_NAME["IKE_SA_INIT response"])
    assert (found.encryption, found.key_bits, found.integrity) == ("AES-CBC", 256, "HMAC-SHA2-256-128")
    assert (found.prf, found.dh_group, found.cipher_block_octets, found.hash_octets) == ("HMAC-SHA2-256", "MODP-2048", 16, None)


@pytest.mark.parametrize(
    "octets",
    [
        BY_NAME["MM1 with three transforms"],
        BY_NAME["IKE_SA_INIT request, AEAD or not, with ML-KEM after the first key exchange"],
        BY_NAME["MM3"],
        BY_NAME["IKE_AUTH request"],
        v2((1, 12, 256), (1, 12, 128), (2, 5, 0)),
    ],
)
def test_a_choice_that_is_left_is_not_made(octets: bytes) -> None:
    """Several transforms of one kind, several proposals, or none: nothing is agreed."""
    assert chosen(decode_ike(octets)) is None


@pytest.mark.parametrize(
    ("cipher", "name", "block"),
    [
        (1, "DES-CBC", 8),
        (5, "3DES-CBC", 8),
        (3, "BLOWFISH-CBC", 8),
        (7, "AES-CBC", 16),
        (8, "CAMELLIA-CBC", 16),
        (4711, "cipher 4711", None),
    ],
)
def test_blocks_of_ikev1_ciphers(cipher: int, name: str, block: int | None) -> None:
    """The block is what a cipher of that name has; of a cipher that is in no table, none is told."""
    found = agreed(v1([(1, cipher), (2, 2)]))
    assert (found.encryption, found.cipher_block_octets) == (name, block)


@pytest.mark.parametrize(
    ("number", "name", "octets"),
    [(1, "MD5", 16), (2, "SHA1", 20), (4, "SHA2-256", 32), (5, "SHA2-384", 48), (6, "SHA2-512", 64), (99, "hash 99", None)],
)
def test_lengths_of_ikev1_hashes(number: int, name: str, octets: int | None) -> None:
    """The hash has the length of its algorithm."""
    found = agreed(v1([(1, 7), (2, number)]))
    assert (found.integrity, found.hash_octets) == (name, octets)


@pytest.mark.parametrize(
    ("cipher", "name", "block"),
    [
        (12, "AES-CBC", 16),
        (3, "3DES", 8),
        (13, "AES-CTR", 1),
        (16, "AES-CCM-16", 1),
        (20, "AES-GCM-16", 1),
        (23, "CAMELLIA-CBC", 16),
        (28, "CHACHA20-POLY1305", 1),
        (11, "NULL", None),
        (999, "cipher 999", None),
    ],
)
def test_blocks_of_ikev2_ciphers(cipher: int, name: str, block: int | None) -> None:
    """Modes that make a stream have no block to fill; of what is not known, none is told."""
    found = agreed(v2((1, cipher, 0), (2, 5, 0), (4, 14, 0)))
    assert (found.encryption, found.cipher_block_octets) == (name, block)


def test_none_is_no_algorithm() -> None:
    """Integrity NONE beside AES-GCM, and NONE for a further key exchange, are the absence of one (RFC 7296 §3.3.2, RFC 9370)."""
    found = agreed(v2((1, 20, 256), (2, 5, 0), (3, 0, 0), (4, 31, 0), (6, 0, 0), (7, 37, 0)))
    assert (found.integrity, found.dh_group, found.additional) == (None, "Curve25519", ("ML-KEM-1024",))
    assert offered(decode_ike(v2((1, 20, 256), (2, 5, 0), (3, 0, 0), (4, 31, 0)))) == ["AES-GCM-16-256 HMAC-SHA2-256 Curve25519"]


def test_numbers_without_a_name_are_told() -> None:
    """Nothing is left out because it is in no table."""
    assert offered(decode_ike(v1([(1, 700), (2, 71), (4, 720), (3, 7300)]))) == ["cipher 700 hash 71 group 720 method 7300"]
    assert offered(decode_ike(v2((1, 900, 0), (2, 901, 0), (3, 902, 0), (4, 903, 0)))) == ["cipher 900 integrity 902 prf 901 group 903"]


def test_lifetimes_follow_their_type() -> None:
    """Kilobytes are no seconds; a duration without a type is not guessed at; a value of four octets is a number too."""
    assert agreed(v1([(1, 7), (11, 2), (12, 4096)])).lifetime_s is None
    assert agreed(v1([(1, 7), (12, 3600)])).lifetime_s is None
    assert agreed(v1([(1, 7), (11, 2), (12, 4096), (11, 1), (12, 3600)])).lifetime_s == 3600
    assert offered(decode_ike(BY_NAME["MM1 with three transforms"]))[0].endswith(" 86400 s")


def test_values_too_long_for_a_number_are_none() -> None:
    """A lifetime of nine octets is not cut to a smaller number."""
    attributes = pack(">HHHH", 0x8001, 7, 0x800B, 1) + pack(">HH", 12, 9) + bytes(range(9))
    body = pack(">BBHBBH", 0, 0, 8 + len(attributes), 1, 1, 0) + attributes
    found = agreed(sa(1, pack(">BBHBBBB", 0, 0, 8 + len(body), 1, 1, 0, 1) + body))
    assert (found.encryption, found.lifetime_s) == ("AES-CBC", None)
