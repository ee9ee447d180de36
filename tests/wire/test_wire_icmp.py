"""ICMP errors: every vector, and the datagrams that cannot be read from them."""

from __future__ import annotations

import ipaddress
import tomllib
from pathlib import Path
from typing import Any

import dpkt
import pytest

from l2tpscope.core.anomaly import AnomalyKind
from l2tpscope.wire.icmp import IcmpError, decode_icmp6_error, decode_icmp_error

TABLES: dict[str, list[dict[str, Any]]] = tomllib.loads((Path(__file__).parents[1] / "vectors" / "icmp.toml").read_text())
VECTORS = [(4, vector) for vector in TABLES["icmp"]] + [(6, vector) for vector in TABLES["icmpv6"]]


def decode(version: int, octets: bytes, on_wire: int | None = None) -> IcmpError:
    """By the version of IP."""
    return (decode_icmp_error if version == 4 else decode_icmp6_error)(octets, on_wire)


def vector_name(value: object) -> str:
    """Its source, for the test's name."""
    return str(value["source"]) if isinstance(value, dict) else f"v{value}"


@pytest.mark.parametrize(("version", "vector"), VECTORS, ids=vector_name)
def test_vector(version: int, vector: dict[str, Any]) -> None:
    """Type, code, MTU and quoted datagram of each vector are as listed."""
    error = decode(version, bytes.fromhex(vector["octets"]))
    assert (error.version, error.type, error.code, error.mtu) == (version, vector["type"], vector["code"], vector.get("mtu"))
    assert error.quoted is not None
    assert str(ipaddress.ip_address(error.quoted.source)) == vector["quoted_source"]
    assert str(ipaddress.ip_address(error.quoted.destination)) == vector["quoted_destination"]
    assert (error.quoted.protocol, error.quoted.octets) == (vector["protocol"], vector["quoted_octets"])
    assert [error.quoted.source_port, error.quoted.destination_port] == vector.get("ports", [None, None])
    assert error.anomalies == ()


@pytest.mark.parametrize("vector", [vector for version, vector in VECTORS if version == 4 and vector["protocol"] == 17], ids=vector_name)
def test_quoted_payload_is_dpkts(vector: dict[str, Any]) -> None:
    """What is quoted behind the UDP header is what dpkt finds there."""
    octets = bytes.fromhex(vector["octets"])
    quoted = dpkt.ip.IP(octets[8:])
    error = decode_icmp_error(octets)
    assert error.quoted is not None
    assert error.quoted.payload == bytes(quoted.data.data)


@pytest.mark.parametrize(
    ("version", "kind", "code", "name"),
    [
        (4, 3, 3, "port unreachable"),
        (4, 3, 4, "fragmentation needed, but not allowed"),
        (4, 3, 13, "administratively prohibited"),
        (4, 3, 99, "destination unreachable (code 99)"),
        (4, 5, 1, "redirect"),
        (4, 8, 0, "not an error"),
        (6, 2, 0, "packet too big"),
        (6, 1, 4, "port unreachable"),
        (6, 3, 0, "hop limit exceeded"),
        (6, 128, 0, "not an error"),
    ],
)
def test_names(version: int, kind: int, code: int, name: str) -> None:
    """Each error has its name, by the version of IP; what is no error says so."""
    assert decode(version, bytes([kind, code]) + bytes(34)).name == name


def test_packet_too_big_says_the_mtu() -> None:
    """ICMPv6 packet too big carries 32 bits of MTU."""
    octets = bytes([2, 0, 0, 0]) + (1280).to_bytes(4, "big") + bytes.fromhex(TABLES["icmpv6"][0]["octets"])[8:]
    assert decode_icmp6_error(octets).mtu == 1280


def test_a_later_fragment_has_no_ports() -> None:
    """Of a quoted later fragment the first octets are not taken for ports."""
    octets = bytearray.fromhex(TABLES["icmp"][2]["octets"])
    octets[8 + 6 : 8 + 8] = b"\x00\x10"
    error = decode_icmp_error(bytes(octets))
    assert error.quoted is not None
    assert (error.quoted.source_port, error.quoted.destination_port) == (None, None)


def test_ipv6_extension_headers_are_passed() -> None:
    """The ports behind a hop-by-hop header and an atomic fragment header are found; behind a later fragment's they are not."""
    octets = bytes.fromhex(TABLES["icmpv6"][0]["octets"])
    ip6, rest = bytearray(octets[8:48]), octets[48:]
    ip6[6] = 0
    hop = bytes([44, 0]) + bytes(6)
    for offset, port in ((0, 1701), (8, None)):
        fragment = bytes([17, 0]) + offset.to_bytes(2, "big") + bytes(4)
        error = decode_icmp6_error(octets[:8] + bytes(ip6) + hop + fragment + rest)
        assert error.quoted is not None
        assert (error.quoted.protocol, error.quoted.source_port) == (17, port)


def test_what_cannot_be_read_is_malformed_or_truncated() -> None:
    """A quote too short for its headers is malformed, or cut where the capture cut it; the error itself stays."""
    octets = bytes.fromhex(TABLES["icmp"][2]["octets"])
    malformed, cut = decode_icmp_error(octets[:20]), decode_icmp_error(octets[:20], len(octets))
    assert (malformed.name, malformed.quoted, cut.name, cut.quoted) == ("port unreachable", None, "port unreachable", None)
    assert [anomaly.kind for anomaly in malformed.anomalies] == [AnomalyKind.MALFORMED]
    assert [anomaly.kind for anomaly in cut.anomalies] == [AnomalyKind.TRUNCATED]


def test_a_quote_that_is_not_ip_is_malformed() -> None:
    """A quote of a version of IP that does not exist gives no addresses."""
    octets = bytearray.fromhex(TABLES["icmp"][2]["octets"])
    octets[8] = 0x55
    error = decode_icmp_error(bytes(octets))
    assert error.quoted is None
    assert [anomaly.kind for anomaly in error.anomalies] == [AnomalyKind.MALFORMED]
