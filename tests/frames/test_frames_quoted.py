"""ICMP errors: which quote a datagram of ours."""

from __future__ import annotations

import struct

import pytest
from frame_builders import Record, decode, ethernet, ipv4, ipv6, message, udp
from hypothesis import given, settings
from hypothesis import strategies as st

from l2tpscope.frames import Kind

A, B, C = b"\x0a\0\0\1", b"\x0a\0\0\2", b"\x0a\0\0\3"
PROOF = ethernet(ipv4(udp(message(1), 5000, 6000), source=A, destination=B))


def error(quoted: bytes, kind: int = 3, source: bytes = B) -> bytes:
    """An ICMP message that quotes a datagram."""
    return ethernet(ipv4(struct.pack(">BBHI", kind, 3, 0, 0) + quoted, 1, source=source, destination=A))


def error6(quoted: bytes, kind: int = 1) -> bytes:
    """The same of ICMPv6."""
    return ethernet(ipv6(struct.pack(">BBHI", kind, 4, 0, 0) + quoted, 58), 0x86DD)


QUOTED = {
    "L2TP": error(ipv4(udp(b"", 1701, 9))),
    "source quench": error(ipv4(udp(b"", 9, 1701)), 4),
    "redirect": error(ipv4(udp(b"", 500, 500)), 5),
    "time exceeded": error(ipv4(udp(b"", 4500, 9), fragment=0x2000), 11),
    "parameter problem": error(ipv4(udp(b"", 1701, 9), options=2), 12),
    "ESP": error(ipv4(bytes(8), 50)),
    "L2TP over IP": error(ipv4(bytes(8), 115)),
    "v6, L2TP": error6(ipv6(udp(b"", 1701, 9))),
    "v6, too big": error6(ipv6(bytes(8), 50), 2),
    "v6, proven by nothing but its port": error6(ipv6(udp(b"", 9, 4500)), 4),
}
FOREIGN = {
    "echo": error(ipv4(udp(b"", 1701, 9)), 8),
    "DNS": error(ipv4(udp(b"", 53, 9))),
    "TCP 1701": error(ipv4(struct.pack(">HHI", 1701, 1701, 0), 6)),
    "a later fragment": error(ipv4(udp(b"", 1701, 9), fragment=5)),
    "nothing": error(b""),
    "no ports": error(ipv4(b"")),
    "v6, echo": error6(ipv6(udp(b"", 1701, 9)), 128),
    "v6, other ports": error6(ipv6(udp(b"", 53, 9))),
    "an unproven flow": error(ipv4(udp(b"", 5000, 6000), source=A, destination=B)),
}


@pytest.mark.parametrize("name", QUOTED)
def test_errors_that_quote_ours_are_rows(name: str) -> None:
    """The row's payload is the quoted datagram; type and code stand before it."""
    rows, counts = decode([Record(QUOTED[name], len(QUOTED[name]))])
    assert counts == {"ICMP_ERROR": 1}
    assert rows[0]["payload"][0] >> 4 in (4, 6)
    assert (rows[0]["source_port"], rows[0]["session"], rows[0]["ns"]) == (0, 0, -1)


@pytest.mark.parametrize("name", FOREIGN)
def test_errors_about_others_are_not(name: str) -> None:
    """Other messages, and errors about other datagrams, are none of ours."""
    _, counts = decode([Record(FOREIGN[name], len(FOREIGN[name]))])
    assert counts == {"OTHER": 1}


def test_a_proven_flow_may_be_quoted() -> None:
    """An error about a flow on any ports is ours once the flow is proven, not before, and not about its neighbour."""
    about = error(ipv4(udp(b"", 5000, 6000), source=A, destination=B))
    neighbour = error(ipv4(udp(b"", 5000, 6000), source=A, destination=C))
    rows, _ = decode([Record(frame, len(frame)) for frame in (about, PROOF, about, neighbour)])
    assert [(row["frame"], row["kind"]) for row in rows] == [(2, Kind.L2TP2_CONTROL), (3, Kind.ICMP_ERROR)]


def test_what_is_quoted_is_not_traffic() -> None:
    """A quoted control message proves no flow."""
    quoted = error(ipv4(udp(message(1), 5000, 6000), source=A, destination=B))
    data = ethernet(ipv4(udp(b"\0\x02\0\x07\0\x09\xff\x03\0\x21", 5000, 6000), source=A, destination=B))
    rows, _ = decode([Record(frame, len(frame)) for frame in (quoted, data)])
    assert rows == []


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 255), st.integers(0, 8))
def test_random_messages_are_survived(octets: bytes, kind: int, cut: int) -> None:
    """Noise in ICMP raises nothing and counts once."""
    frames = [error(octets, kind), error6(octets, kind), error(ipv4(udp(octets))[: 20 + cut], kind)]
    _, counts = decode([Record(frame, len(frame)) for frame in frames])
    assert counts.total() == 3
