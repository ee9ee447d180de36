"""Proofs of identity that are refused: with certificates it is another finding than with a pre-shared key."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "analysis"))

from ipsec_script import (
    AES_128_SHA1_PSK,
    AUTH,
    INFORMATIONAL,
    INIT,
    INITIATOR_FLAG,
    MAIN,
    RESPONSE_FLAG,
    IpsecScript,
    attributes,
    payloads,
    security_association,
)
from script import A, B

from l2tpscope.analysis.rows import FindingRow

RSA = attributes((1, 7), (14, 128), (2, 2), (4, 14), (3, 3), (11, 1), (12, 3600))
CERTIFICATE_REQUEST = (7, b"\4" + bytes(40))
"""X.509 certificate for signatures (RFC 2408 §3.10)."""
AES_CBC_256_SHA2_MODP_2048 = (
    b"\0\0\0\x2c\1\1\0\4" + b"\3\0\0\x0c\1\0\0\x0c\x80\x0e\1\0" + b"\3\0\0\x08\2\0\0\5\3\0\0\x08\3\0\0\x0c\0\0\0\x08\4\0\0\x0e"
)


def findings(script: IpsecScript) -> list[FindingRow]:
    """Those of IKE, forty seconds later."""
    script.udp(40.0, A, B, b"\xff", sport=4500, dport=4500)
    return [row for row in script.report().rows("findings") if row.finding.startswith("L2S4")]


def keys_exchanged(transform: bytes, *, asks: bool) -> IpsecScript:
    """Main Mode up to MM4, in which the server may ask for a certificate."""
    script = IpsecScript()
    script.ike(0.0, True, MAIN, 0, payloads((1, security_association(transform))), responder=0)
    script.ike(0.1, False, MAIN, 0, payloads((1, security_association(transform))))
    script.ike(0.2, True, MAIN, 0, payloads((4, b"\1" * 256), (10, b"\1" * 32)))
    script.ike(0.3, False, MAIN, 0, payloads((4, b"\2" * 256), (10, b"\2" * 32), *([CERTIFICATE_REQUEST] if asks else [])))
    return script


def proved(transform: bytes, size: int) -> IpsecScript:
    """And MM5, which the server answers with an encrypted error."""
    script = keys_exchanged(transform, asks=transform is RSA)
    script.encrypted(0.4, True, MAIN, 0, size)
    script.encrypted(0.5, False, INFORMATIONAL, 99, 76)
    return script


def test_a_certificate_is_told_apart_from_a_key() -> None:
    """Where MM2 agreed on RSA signatures, an encrypted error in place of MM6 is about certificates; where on a key, about the key."""
    (row,) = findings(proved(RSA, 1764))
    assert (row.finding, row.grade, row.severity) == ("L2S414", "likely", "error")
    assert row.summary == (
        "the server rejects MM5, with an encrypted INFORMATIONAL in place of the next message: a certificate or an identity is not accepted"
    )
    (row,) = findings(proved(AES_128_SHA1_PSK, 108))
    assert row.finding == "L2S405"
    assert row.summary.endswith("the pre-shared keys differ, or an identity is not accepted")


@pytest.mark.parametrize(
    ("number", "name"),
    [(20, "INVALID_CERTIFICATE"), (21, "CERT_TYPE_UNSUPPORTED"), (22, "INVALID_CERT_AUTHORITY"), (28, "CERTIFICATE_UNAVAILABLE")],
)
def test_an_error_that_names_the_certificate(number: int, name: str) -> None:
    """Errors 19 to 22 and 28 of RFC 2408 §3.14.1 in clear say that it is a certificate, and which part of it."""
    script = keys_exchanged(RSA, asks=True)
    script.encrypted(0.4, True, MAIN, 0, 1100)
    script.ike(0.5, False, INFORMATIONAL, 5, payloads((11, struct.pack(">IBBH", 1, 1, 0, number))))
    (row,) = findings(script)
    assert (row.finding, row.grade) == ("L2S414", "certain")
    assert row.summary == f"the server says in clear, after MM5, what is wrong with a certificate: {name}"


def test_a_client_without_a_certificate() -> None:
    """The server asks for one in MM4, sends that again, and MM5 never comes; where it asks for none, IKE merely stops."""
    for transform, asks, rule in ((RSA, True, "L2S414"), (AES_128_SHA1_PSK, True, "L2S409"), (RSA, False, "L2S409")):
        script = keys_exchanged(transform, asks=asks)
        asked = script.records[-1][1]
        script.records += [(4.3, asked), (11.3, asked)]
        assert [(row.finding, row.severity) for row in findings(script)] == [(rule, "error")]


def ikev2(request: int, *, asks: bool) -> IpsecScript:
    """IKE_AUTH of that length, answered by an error (RFC 7296 §2.21.2: AUTHENTICATION_FAILED, encrypted, is 80 octets long)."""
    script = IpsecScript()
    common = (33, AES_CBC_256_SHA2_MODP_2048), (34, struct.pack(">HH", 14, 0) + bytes(256))
    script.ike(0.0, True, INIT, 0, payloads(*common, (40, bytes(32))), flags=INITIATOR_FLAG, major=2, responder=0)
    wanted = [(38, b"\4" + bytes(20))] if asks else []
    script.ike(0.1, False, INIT, 0, payloads(*common, (40, b"\1" * 32), *wanted), flags=RESPONSE_FLAG, major=2)
    for at, up, octets, flags in ((0.2, True, request, INITIATOR_FLAG), (0.3, False, 80, RESPONSE_FLAG)):
        body = struct.pack(">BBH", 35 if up else 41, 0, octets - 28) + bytes(octets - 32)
        script.ike(at, up, AUTH, 1, (46, body), flags=flags, major=2)
    return script


def test_ikev2_tells_by_the_request_and_the_length() -> None:
    """A request for a certificate and an IKE_AUTH that has room for one, refused, are about certificates; either alone is not enough."""
    assert [row.finding for row in findings(ikev2(1280, asks=True))] == ["L2S414"]
    assert [row.finding for row in findings(ikev2(320, asks=True))] == ["L2S405"]
    assert [row.finding for row in findings(ikev2(1280, asks=False))] == ["L2S405"]


def test_a_certificate_that_was_accepted() -> None:
    """Main Mode with signatures that goes on to Quick Mode has nothing wrong with it."""
    script = keys_exchanged(RSA, asks=True)
    script.encrypted(0.4, True, MAIN, 0, 1764)
    script.encrypted(0.5, False, MAIN, 0, 1932)
    script.quick_mode(0.6, 77)
    script.traffic(1.0, (0xAA, 0xBB), 20)
    assert findings(script) == []
