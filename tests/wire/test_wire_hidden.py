"""What a shared secret opens: every vector, and secrets that do not fit."""

from __future__ import annotations

import csv
import tomllib
from pathlib import Path
from typing import Any

import pytest
from plain_reader import CAPTURES, SHARED, read_controls

from l2tpscope.core.anomaly import AnomalyKind
from l2tpscope.wire.l2tp import MessageType, challenge_response, check_digest, check_response, decode_control, reveal
from l2tpscope.wire.l2tp.codes import DigestType
from l2tpscope.wire.l2tp.hidden import digest_key, hiding_key, message_digest, open_hidden

VECTORS: dict[str, list[dict[str, Any]]] = tomllib.loads((Path(__file__).parents[1] / "vectors" / "l2tp_auth.toml").read_text())
SECRET = b"secret"
RANDOM_VECTOR = bytes(range(16))


def name(vector: dict[str, Any]) -> str:
    """Its name, for the test's."""
    return str(vector["name"])


def hidden_message(*avps: bytes, version: int = 2) -> bytes:
    """An ICCN of that version with a Random Vector, then these AVPs."""
    body = bytes.fromhex("800800000000000c" + "801600000024") + RANDOM_VECTOR + b"".join(avps)
    return bytes([0xC8, version]) + (12 + len(body)).to_bytes(2, "big") + bytes(8) + body


def hide(attribute: int, cipher: bytes) -> bytes:
    """A hidden AVP."""
    return (0xC000 | 6 + len(cipher)).to_bytes(2, "big") + bytes(2) + attribute.to_bytes(2, "big") + cipher


@pytest.mark.parametrize("vector", VECTORS["hidden"], ids=name)
def test_hidden_value_opens(vector: dict[str, Any]) -> None:
    """The cipher text of each vector opens to its value, padding dropped."""
    key = hiding_key(SECRET, vector["version"])
    assert open_hidden(key, vector["attribute"], RANDOM_VECTOR, bytes.fromhex(vector["cipher"])) == bytes.fromhex(vector["value"])


@pytest.mark.parametrize("vector", VECTORS["hidden"], ids=name)
def test_hidden_avp_is_revealed_in_its_message(vector: dict[str, Any]) -> None:
    """In a message the vector's AVP has no value until the secret is given, and then the right one."""
    octets = hidden_message(hide(vector["attribute"], bytes.fromhex(vector["cipher"])), version=vector["version"])
    message = decode_control(octets)
    assert message.get(vector["attribute"]) is None
    revealed = reveal(message, SECRET)
    avp = revealed.avps[-1]
    assert (avp.hidden, avp.raw.hex()) == (True, vector["cipher"])
    value = revealed.get(vector["attribute"])
    clear = bytes.fromhex(vector["value"])
    assert value in (clear, clear.decode("latin-1"), int.from_bytes(clear, "big"))


def test_wrong_secret_opens_nothing() -> None:
    """With a secret that does not fit all AVPs stay hidden, and an anomaly says why and where."""
    octets = hidden_message(*(hide(vector["attribute"], bytes.fromhex(vector["cipher"])) for vector in VECTORS["hidden"][:4]))
    for secret in (b"", b"Secret", b"secret ", bytes(200)):
        message = reveal(decode_control(octets), secret)
        assert [avp.value for avp in message.avps if avp.hidden] == [None] * 4
        (misfit,) = [anomaly for anomaly in message.anomalies if anomaly.kind is AnomalyKind.SECRET]
        assert octets[misfit.offset] & 0x40


def test_right_secret_opens_all_of_a_message() -> None:
    """Several hidden AVPs behind one Random Vector open together."""
    octets = hidden_message(*(hide(vector["attribute"], bytes.fromhex(vector["cipher"])) for vector in VECTORS["hidden"][:4]))
    message = reveal(decode_control(octets), SECRET)
    assert (message.get(9), message.get(30), message.get(33), message.get(22)) == (0x1234, "alice@example.net", b"hunter2", "")
    assert message.anomalies == decode_control(octets).anomalies


def test_nearest_random_vector_counts() -> None:
    """Each hidden AVP uses the Random Vector that stands nearest before it."""
    other = bytes.fromhex("800a00000024") + b"abcd"
    octets = hidden_message(other, bytes.fromhex("801600000024") + RANDOM_VECTOR, hide(9, bytes.fromhex("be6a0ff3")))
    assert reveal(decode_control(octets), SECRET).get(9) == 0x1234


def test_hidden_without_random_vector_is_a_violation() -> None:
    """A hidden AVP with no Random Vector before it is said to be so, and no secret opens it."""
    body = bytes.fromhex("800800000000000c") + hide(9, bytes.fromhex("be6a0ff3"))
    message = decode_control(bytes.fromhex("c802") + (12 + len(body)).to_bytes(2, "big") + bytes(8) + body)
    assert any("no Random Vector" in anomaly.what and anomaly.offset == 20 for anomaly in message.anomalies)
    assert reveal(message, SECRET).get(9) is None


def test_what_must_not_be_hidden_is_a_violation() -> None:
    """A hidden Host Name is against the RFC, which the message says."""
    message = decode_control(hidden_message(hide(7, bytes(10))))
    assert any(anomaly.what == "Host Name must not be hidden" for anomaly in message.anomalies)


@pytest.mark.parametrize("vector", VECTORS["response"], ids=name)
def test_challenge_response(vector: dict[str, Any]) -> None:
    """The response to each vector's challenge is the vector's."""
    assert challenge_response(SECRET, vector["type"], bytes.fromhex(vector["challenge"])).hex() == vector["response"]


@pytest.mark.parametrize("vector", VECTORS["key"], ids=name)
def test_derived_keys(vector: dict[str, Any]) -> None:
    """The keys that v3 derives from the secret are the vector's."""
    assert (hiding_key(SECRET, 3) if vector["hidden"] else digest_key(SECRET)).hex() == vector["key"]


@pytest.mark.parametrize("vector", VECTORS["digest"], ids=name)
def test_message_digest(vector: dict[str, Any]) -> None:
    """The digest over nonces and zeroed message is the vector's."""
    octets = bytes.fromhex(vector["nonces"]) + bytes.fromhex(vector["message"])
    assert message_digest(digest_key(SECRET), DigestType(vector["type"]), octets).hex() == vector["digest"]


def test_digest_of_a_message_is_checked() -> None:
    """The SCCRQ of the vector, its digest filled in, verifies with the secret alone, and with nothing else changed."""
    vector = VECTORS["digest"][0]
    octets = bytearray.fromhex(vector["message"])
    octets[27:43] = bytes.fromhex(vector["digest"])
    message = decode_control(bytes(octets))
    assert message.type == MessageType.SCCRQ
    assert check_digest(message, SECRET, b"ignored in SCCRQ") is True
    assert check_digest(message, b"wrong") is False
    octets[-1] ^= 1
    assert check_digest(decode_control(bytes(octets)), SECRET) is False


def test_digest_of_later_messages_needs_the_nonces() -> None:
    """An ACK's digest verifies with the sender's nonce first, and not with the two exchanged."""
    ours, theirs = b"1" * 16, b"2" * 16
    head = bytes.fromhex("c803002b00000000000000008008000000000014" + "80170000003b00")
    digest = message_digest(digest_key(SECRET), DigestType.HMAC_MD5, ours + theirs + head + bytes(16))
    message = decode_control(head + digest)
    assert check_digest(message, SECRET, ours, theirs) is True
    assert check_digest(message, SECRET, theirs, ours) is False


def test_no_digest_is_none() -> None:
    """A message without a digest, or cut by the capture, is neither right nor wrong."""
    hello = bytes.fromhex("c8030014000000000000000080080000 00000006")
    assert check_digest(decode_control(hello), SECRET) is None
    assert check_response(decode_control(hello), b"x", SECRET) is None


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="needs the tables of ../shared")
def test_every_published_vector_is_here() -> None:
    """No vector of the shared table is left out, and each has the same result."""
    with (SHARED / "facts" / "l2tp_auth_test_vectors.csv").open() as lines:
        theirs = {row["case"]: row["output_hex"] for row in csv.DictReader(lines)}
    result = {"hidden": "cipher", "response": "response", "key": "key", "digest": "digest"}
    assert {vector["name"]: vector[result[kind]] for kind, vectors in VECTORS.items() for vector in vectors} == theirs


@pytest.mark.shared
@pytest.mark.skipif(not CAPTURES.exists(), reason="needs the captures of ../shared")
def test_real_tunnel_authentication_has_its_pairs() -> None:
    """In the laboratory's authenticated tunnel each challenge meets a response, which no wrong secret makes."""
    path = CAPTURES / "lab" / "l2tp_tunnel_auth_ok" / "wan.pcap"
    messages = {message.name: message for message in (decode_control(control.octets) for control in read_controls(path))}
    for asking, answering in (("SCCRQ", "SCCRP"), ("SCCRP", "SCCCN")):
        challenge = messages[asking].get(11)
        assert len(challenge) == 16
        assert check_response(messages[answering], challenge, b"wrong") is False
