"""Encapsulations: what is inside comes out as if it stood alone."""

from __future__ import annotations

import struct

import dpkt
import pytest
from frame_builders import Record, decode, ethernet, ipv4, ipv6, l2tp, one, udp
from hypothesis import given, settings
from hypothesis import strategies as st

from l2tpscope.frames import Kind

INNER = ipv4(udp(l2tp(ids=(258, 772))), source=b"\xc0\0\2\1", destination=b"\xc0\0\2\2")
INNER6 = ipv6(udp(l2tp(ids=(258, 772))), source=b"\xc0\0\2\1" * 4, destination=b"\xc0\0\2\2" * 4)
FRAME, TAGGED = ethernet(INNER), ethernet(INNER, tags=(0x8100,))
LABELS = b"\x00\x01\x00\x40\x00\x02\x01\x40"
"""Two MPLS labels; the second is the last."""


def gre(payload: bytes, ethertype: int, **fields: int) -> bytes:
    """GRE as dpkt writes it, in IPv4."""
    packet = dpkt.gre.GRE(flags=fields.get("flags", 0), p=ethertype, data=payload)
    options = b"".join(struct.pack(">I", 7) for bit in (0x8000, 0x2000, 0x1000) if fields.get("flags", 0) & bit)
    return ethernet(ipv4(struct.pack(">HH", packet.flags, packet.p) + options + payload, 47))


CASES = {
    "PPPoE": ethernet(b"\x11\0\0\x07\0\x50\x00\x21" + INNER, 0x8864),
    "PPPoE, IPv6": ethernet(b"\x11\0\0\x07\0\x50\x00\x57" + INNER6, 0x8864),
    "PPPoE, protocol of one octet": ethernet(b"\x11\0\0\x07\0\x50\x21" + INNER, 0x8864),
    "PPPoE under a tag": ethernet(b"\x11\0\0\x07\0\x50\x00\x21" + INNER, 0x8864, tags=(0x8100,)),
    "MPLS": ethernet(LABELS + INNER, 0x8847),
    "MPLS, IPv6": ethernet(LABELS + INNER6, 0x8847),
    "MPLS, multicast": ethernet(LABELS + INNER, 0x8848),
    "pseudowire": ethernet(LABELS + FRAME, 0x8847),
    "pseudowire with control word": ethernet(LABELS + bytes(4) + TAGGED, 0x8847),
    "SNAP": ethernet(b"\xaa\xaa\x03\0\0\0\x08\x00" + INNER, 8 + len(INNER)),
    "GRE": gre(INNER, 0x0800),
    "GRE, IPv6": gre(INNER6, 0x86DD),
    "GRE with checksum, key and sequence": gre(INNER, 0x0800, flags=0xB000),
    "GRE, Ethernet": gre(TAGGED, 0x6558),
    "GRE, MPLS": gre(LABELS + INNER, 0x8847),
    "ERSPAN I": gre(FRAME, 0x88BE),
    "ERSPAN II": gre(b"\x10\x01\0\x05\0\0\0\x01" + FRAME, 0x88BE, flags=0x1000),
    "ERSPAN III": gre(b"\x20\x01\0\x05\0\0\0\x01\0\0\0\0" + FRAME, 0x22EB, flags=0x1000),
    "ERSPAN III with subheader": gre(b"\x20\x01\0\x05\0\0\0\x01\0\0\0\x01" + bytes(8) + FRAME, 0x22EB, flags=0x1000),
    "VXLAN": ethernet(ipv4(udp(b"\x08\0\0\0\0\0\x05\0" + FRAME, 40000, 4789))),
    "VXLAN over IPv6": ethernet(ipv6(udp(b"\x08\0\0\0\0\0\x05\0" + TAGGED, 40000, 4789)), 0x86DD),
    "IPv4 in IPv4": ethernet(ipv4(INNER, 4)),
    "IPv6 in IPv4": ethernet(ipv4(INNER6, 41)),
    "IPv4 in IPv6": ethernet(ipv6(INNER, 4), 0x86DD),
    "MPLS in IP": ethernet(ipv4(LABELS + INNER, 137)),
    "GRE in VXLAN under a tag": ethernet(ipv4(udp(b"\x08\0\0\0\0\0\x05\0" + gre(INNER, 0x0800), 40000, 4789)), tags=(0x88A8,)),
}


@pytest.mark.parametrize("name", CASES)
def test_the_inner_datagram_comes_out(name: str) -> None:
    """Ids, payload, lengths and addresses are those of the innermost datagram."""
    row = one(CASES[name])
    assert row is not None
    assert (row["kind"], row["tunnel"], row["session"], row["payload"]) == (Kind.L2TP2_DATA, 258, 772, l2tp(ids=(258, 772)))
    assert row["from"] in ((b"\xc0\0\2\1", 1701), (b"\xc0\0\2\1" * 4, 1701))
    assert row["ip_octets"] in (len(INNER), len(INNER6))


@pytest.mark.parametrize("name", CASES)
def test_every_cut_is_survived(name: str) -> None:
    """Cut before the first L2TP word a frame is undecoded, cut behind it it has its row, and it never raises."""
    frame = CASES[name]
    first = frame.rindex(l2tp(ids=(258, 772))) + 2
    rows, counts = decode([Record(frame[:cut], len(frame), time=10**10 * cut) for cut in range(len(frame))])
    assert counts == {"undecoded": first, "L2TP2_DATA": len(frame) - first}
    assert {row["tunnel"] for row in rows} == {0, 258}


def test_the_inner_datagram_ends_with_the_outer_one() -> None:
    """What lies behind the end of the outer datagram is padding, also where the inner header says more."""
    row = one(ethernet(ipv4(INNER, 4, total=20 + len(INNER) - 2)))
    assert row is not None
    assert (row["payload_octets"], row["payload_captured"]) == (10, 8)


def test_dpkt_agrees_on_gre_and_addresses() -> None:
    """dpkt finds the same inner addresses in GRE as the decoder."""
    packet = dpkt.ethernet.Ethernet(CASES["GRE"]).data.data
    assert isinstance(packet, dpkt.gre.GRE)
    row = one(CASES["GRE"])
    assert row is not None
    assert (packet.data.src, packet.data.dst) == (row["from"].address, row["to"].address)


FOREIGN = {
    "PPPoE discovery": ethernet(b"\x11\x09\0\0\0\0" + bytes(30), 0x8863),
    "PPPoE, LCP": ethernet(b"\x11\0\0\x07\0\x50\xc0\x21\1\1\0\4" + bytes(30), 0x8864),
    "LLC": ethernet(b"\x42\x42\x03" + bytes(40), 43),
    "ARP": ethernet(bytes(46), 0x0806),
    "GRE with routing": gre(INNER, 0x0800, flags=0x4000),
    "not VXLAN": ethernet(ipv4(udp(b"\xff" * 60, 40000, 4789))),
    "MPLS without end": ethernet(b"\x00\x01\x00\x40" * 17 + INNER, 0x8847),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_what_is_no_encapsulation_of_ours_is_other(name: str) -> None:
    """Foreign protocols are counted as such, not as unreadable."""
    rows, counts = decode([Record(FOREIGN[name], len(FOREIGN[name]))])
    assert (rows, counts) == ([], {"OTHER": 1})


def test_depth_is_bounded() -> None:
    """Eight headers are stripped, no more: an endless nest ends."""
    nest = INNER
    for _ in range(7):
        nest = ipv4(nest, 4)
    assert one(ethernet(nest)) is not None
    assert one(ethernet(ipv4(nest, 4))) is None


def test_fragments_inside_an_encapsulation_are_put_together() -> None:
    """Fragments of a tunnelled datagram, and a tunnelling datagram in fragments, both come out."""
    inside = [
        ethernet(ipv4(ipv4(INNER[20:][begin:end], identification=3, fragment=more), 4)) for begin, end, more in ((0, 8, 0x2000), (8, 99, 1))
    ]
    around = [ethernet(ipv4(INNER[begin:end], 4, identification=4, fragment=more)) for begin, end, more in ((0, 24, 0x2000), (24, 99, 3))]
    rows, counts = decode([Record(frame, len(frame)) for frame in inside + around])
    assert [(row["frame"], row["tunnel"]) for row in rows] == [(2, 258), (4, 258)]
    assert counts == {"L2TP2_DATA": 4}


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([0x8847, 0x8864, 0x6558, 0x8100, 60, 0x0800, 0x86DD]), st.binary(max_size=90), st.sampled_from([4, 41, 47, 137, 17, 44])
)
def test_random_encapsulations_are_survived(ethertype: int, octets: bytes, protocol: int) -> None:
    """Noise inside any encapsulation raises nothing and counts once."""
    frames = [ethernet(octets, ethertype), ethernet(ipv4(octets, protocol)), ethernet(ipv6(octets, protocol), 0x86DD)]
    frames.append(ethernet(ipv4(udp(b"\x08\0\0\0\0\0\x05\0" + octets, 1, 4789))))
    _, counts = decode([Record(frame, len(frame)) for frame in frames])
    assert counts.total() == 4
