"""Totality: every decoder takes any octets, and a message that the capture cut is never called malformed."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from l2tpscope.core.anomaly import AnomalyKind
from l2tpscope.wire.l2tp import ControlMessage, decode_control, reveal
from l2tpscope.wire.l2tp.hidden import check_digest, check_response
from l2tpscope.wire.protocol import PROTOCOLS, Protocol

FOLDER = Path(__file__).parent / "vectors"
VECTORS: dict[str, list[bytes]] = {
    protocol: [bytes.fromhex(vector["octets"]) for vector in tomllib.loads((FOLDER / file).read_text())[table]]
    for protocol, file, table in (
        ("l2tp control", "l2tp.toml", "message"),
        ("ike", "ike.toml", "message"),
        ("l2f", "l2f.toml", "packet"),
        ("ppp", "ppp.toml", "frame"),
        ("icmp error", "icmp.toml", "icmp"),
        ("icmpv6 error", "icmp.toml", "icmpv6"),
    )
}
KINDS = set(AnomalyKind)


def protocol_name(protocol: Protocol) -> str:
    """Its name, for the test's."""
    return protocol.name


each_protocol = pytest.mark.parametrize("protocol", PROTOCOLS, ids=protocol_name)


def check(protocol: Protocol, octets: bytes, octets_on_wire: int | None = None) -> list[AnomalyKind]:
    """Decodes, walks all that came out, and gives the kinds of the anomalies."""
    decoded = protocol.decode(octets, octets_on_wire)
    assert repr(decoded)
    for anomaly in decoded.anomalies:
        assert anomaly.kind in KINDS
        assert anomaly.what
        assert 0 <= anomaly.offset <= max(len(octets), octets_on_wire or 0)
    if isinstance(decoded, ControlMessage):
        walk(decoded)
    return [anomaly.kind for anomaly in decoded.anomalies]


def walk(message: ControlMessage) -> None:
    """Uses everything that a message offers."""
    assert isinstance(message.name, str)
    assert isinstance(message.label, str)
    assert len(message.body) == 0 or message.octets.endswith(message.body)
    for avp in message.avps:
        assert message.find(avp.type, avp.vendor) is None or message.get(avp.type, avp.vendor) is not None
        assert isinstance(avp.name, str)
    for secret in (b"", b"secret"):
        revealed = reveal(message, secret)
        assert len(revealed.avps) == len(message.avps)
        check_digest(revealed, secret, b"nonce", b"other")
        check_response(revealed, b"challenge", secret)


def test_every_protocol_has_vectors() -> None:
    """No decoder is without vectors, and no vectors without a decoder."""
    assert set(VECTORS) == {protocol.name for protocol in PROTOCOLS}
    assert all(VECTORS.values())


@each_protocol
@given(octets=st.binary(max_size=200), missing=st.integers(0, 100))
def test_any_octets(protocol: Protocol, octets: bytes, missing: int) -> None:
    """Any octets at all decode to something."""
    check(protocol, octets, len(octets) + missing)


@given(
    flags=st.sampled_from([0xC802, 0xC803, 0xCA02, 0x8002, 0xC002, 0x8803]),
    length=st.integers(0, 200),
    avps=st.lists(
        st.tuples(st.integers(0, 0xFFFF), st.sampled_from([0, 9, 193, 529, 3561, 4491]), st.integers(0, 300), st.binary(max_size=30))
    ),
)
@settings(max_examples=300, deadline=None)
def test_any_avps(flags: int, length: int, avps: list[tuple[int, int, int, bytes]]) -> None:
    """Any AVPs, of any attribute, length and value, behind a header, decode to something."""
    body = b"".join(
        ((word & 0xFC00) | 6 + len(value)).to_bytes(2, "big") + vendor.to_bytes(2, "big") + attribute.to_bytes(2, "big") + value
        for word, vendor, attribute, value in avps
    )
    for stated in (12 + len(body), length):
        octets = flags.to_bytes(2, "big") + stated.to_bytes(2, "big") + bytes(8) + body
        check(PROTOCOLS[0], octets)
        assert decode_control(octets) == decode_control(octets)


@each_protocol
def test_every_vector_cut_at_every_length(protocol: Protocol) -> None:
    """A cut vector says TRUNCATED where the length on the wire is told, never MALFORMED, and asks for no more."""
    for octets in VECTORS[protocol.name]:
        whole = set(check(protocol, octets))
        assert AnomalyKind.MALFORMED not in whole
        for size in range(len(octets)):
            kinds = check(protocol, octets[:size], len(octets))
            assert set(kinds) - {AnomalyKind.TRUNCATED} <= whole
            if protocol.name == "l2tp control":
                # What stands behind Length (padding of Ethernet) is no part of the message, and no loss.
                assert (AnomalyKind.TRUNCATED in kinds) is (size < decode_control(octets).length)
            check(protocol, octets[:size])


@each_protocol
def test_every_vector_with_each_octet_changed(protocol: Protocol) -> None:
    """Whatever octet of a vector is changed, to whatever extreme, it decodes to something."""
    for octets in VECTORS[protocol.name]:
        for place in range(len(octets)):
            for value in (0, 0xFF, octets[place] ^ 1, octets[place] ^ 0x80):
                changed = octets[:place] + bytes([value]) + octets[place + 1 :]
                check(protocol, changed)


def test_one_octet_less_than_length_is_seen() -> None:
    """A control message that loses its last octet, with nobody saying that the capture cut it, is not clean."""
    for octets in VECTORS["l2tp control"]:
        length = decode_control(octets).length
        assert decode_control(octets[: length - 1]).anomalies
