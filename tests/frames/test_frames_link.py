"""Link headers: every link type leads to the same datagram."""

from __future__ import annotations

import struct

import pytest
from frame_builders import Record, decode, ethernet, ipv4, ipv6, l2tp, one, udp

from l2tpscope.frames import Kind

DATAGRAM = ipv4(udp(l2tp(ids=(258, 772))))
DATAGRAM6 = ipv6(udp(l2tp(ids=(258, 772))))
SLL = struct.pack(">HHH8s", 0, 1, 6, bytes(8))

FRAMES = {
    "ethernet": (1, ethernet(DATAGRAM)),
    "ethernet, IPv6": (1, ethernet(DATAGRAM6, 0x86DD)),
    "802.1Q": (1, ethernet(DATAGRAM, tags=(0x8100,))),
    "QinQ": (1, ethernet(DATAGRAM, tags=(0x88A8, 0x8100))),
    "four tags": (1, ethernet(DATAGRAM, tags=(0x9100, 0x88A8, 0x8100, 0x8100))),
    "SLL": (113, SLL + b"\x08\x00" + DATAGRAM),
    "SLL with a tag": (113, SLL + b"\x81\x00\x00\x05\x08\x00" + DATAGRAM),
    "SLL2": (276, b"\x86\xdd" + bytes(18) + DATAGRAM6),
    "raw 12": (12, DATAGRAM),
    "raw 14": (14, DATAGRAM6),
    "raw 101": (101, DATAGRAM),
    "raw 228": (228, DATAGRAM),
    "raw 229": (229, DATAGRAM6),
    "null, little": (0, b"\x02\0\0\0" + DATAGRAM),
    "null, big": (0, b"\0\0\0\x1e" + DATAGRAM6),
    "loop": (108, b"\0\0\0\x02" + DATAGRAM),
    "PPP": (9, b"\xff\x03\x00\x21" + DATAGRAM),
    "PPP without address and control": (9, b"\x00\x57" + DATAGRAM6),
    "PPP, protocol of one octet": (9, b"\x21" + DATAGRAM),
    "PPP serial": (50, b"\xff\x03\x00\x21" + DATAGRAM),
    "Cisco HDLC": (50, b"\x0f\x00\x08\x00" + DATAGRAM),
    "PPPoE without Ethernet": (51, b"\x11\0\0\x05\0\x40\x00\x21" + DATAGRAM),
    "PPP with direction": (204, b"\x01\xff\x03\x00\x21" + DATAGRAM),
}


@pytest.mark.parametrize("name", FRAMES)
def test_every_link_leads_to_the_datagram(name: str) -> None:
    """The tunnel and session ids are read behind every link header."""
    link_type, frame = FRAMES[name]
    row = one(frame, link_type)
    assert row is not None
    assert (row["kind"], row["tunnel"], row["session"]) == (Kind.L2TP2_DATA, 258, 772)


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_cut_in_its_headers_gives_no_row(name: str) -> None:
    """However short, no frame raises; one without its first L2TP word has no kind."""
    link_type, frame = FRAMES[name]
    until = len(frame) - len(l2tp()) + 2
    rows, counts = decode([Record(frame[:cut], len(frame), link_type) for cut in range(until)])
    assert rows == []
    assert counts.total() == until


def test_links_may_be_mixed_in_a_batch() -> None:
    """Records of different link types in one batch are each read by their own, and keep their order."""
    rows, _ = decode([Record(frame, len(frame), link_type) for link_type, frame in FRAMES.values()])
    assert [row["frame"] for row in rows] == list(range(1, len(FRAMES) + 1))


def test_five_tags_are_too_many() -> None:
    """Behind a fifth VLAN tag one frame at a time is read: nothing is lost, and eight headers are the end."""
    assert one(ethernet(DATAGRAM, tags=(0x8100,) * 5)) is not None
    assert one(ethernet(DATAGRAM, tags=(0x8100,) * 40)) is None


def test_unknown_links_are_undecoded() -> None:
    """Frames of a link that nobody reads here are counted as undecoded."""
    _, counts = decode([Record(DATAGRAM, len(DATAGRAM), 105)])
    assert counts == {"undecoded": 1}


def test_ethernet_padding_is_not_payload() -> None:
    """What stands behind the end of the datagram does not count."""
    row = one(ethernet(ipv4(udp(l2tp(body=b"\xff\x03"))) + b"\xee" * 20))
    assert row is not None
    assert (row["payload_octets"], row["payload_captured"], row["body"]) == (8, 8, b"\xff\x03")


def test_total_length_zero_means_the_frame() -> None:
    """A datagram whose length is 0 (segmentation offload) ends with the frame."""
    row = one(ethernet(ipv4(udp(l2tp(body=b"\xff\x03" * 40), length=0), total=0)))
    assert row is not None
    assert (row["ip_octets"], row["body_octets"]) == (20 + 8 + 6 + 80, 80)
