"""PPP frames of captures: those inside L2TP, found as the program finds them, and those of PPPoE and plain PPP links."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from plain_reader import CAPTURES, find_ip, find_payload, read_frames

from l2tpscope.capture import merged, open_captures
from l2tpscope.frames import Decoder, Kind
from l2tpscope.wire.ppp import PppFrame, decode_ppp

__all__ = ["CAPTURES", "Carried", "read_gre", "read_plain", "read_tunnelled"]

PPP_LINKS = {9: 0, 50: 0, 204: 1}
"""Link types PPP, PPP in HDLC-like framing, and PPP behind an octet that says the direction."""
PPPOE_SESSION = b"\x88\x64"
VLAN_TAGS = (b"\x81\x00", b"\x88\xa8")


class Carried(NamedTuple):
    """One PPP frame, and the number of the frame that carried it."""

    frame: int
    ppp: PppFrame


def read_tunnelled(path: Path) -> Iterator[Carried]:
    """What L2TPv2 data carries."""
    decoder = Decoder(())
    for batch in merged(open_captures([str(path)])):
        if not len(batch):
            continue
        frames = decoder.decode(batch)
        for row in (frames.kind == Kind.L2TP2_DATA).nonzero()[0].tolist():
            at, size = int(frames.body[row]), int(frames.body_octets[row])
            there = int(frames.payload[row]) + int(frames.payload_captured[row]) - at
            octets = bytes(frames.octets[at : at + max(0, min(size, there))])
            yield Carried(int(frames.frame[row]), decode_ppp(octets, size))


def read_plain(path: Path) -> Iterator[Carried]:
    """What PPPoE or a PPP link carries."""
    for frame, link, octets, on_wire in read_frames(path):
        if link in PPP_LINKS:
            before = PPP_LINKS[link]
            yield Carried(frame, decode_ppp(octets[before:], on_wire - before))
        elif link == 1:
            at = 12
            while octets[at : at + 2] in VLAN_TAGS:
                at += 4
            if octets[at : at + 2] == PPPOE_SESSION:
                size = int.from_bytes(octets[at + 6 : at + 8], "big")
                yield Carried(frame, decode_ppp(octets[at + 8 : at + 8 + size], size))


def read_gre(path: Path) -> Iterator[Carried]:
    """What PPTP carries: GRE of version 1 (RFC 2637 §4.1); acknowledgements carry nothing."""
    for frame, link, octets, _ in read_frames(path):
        ip = find_ip(link, octets)
        found = find_payload(octets, ip) if ip is not None else None
        if found is None or found[0] != 47 or octets[found[1] + 1] & 7 != 1:
            continue
        at = found[1]
        begin = at + 8 + 4 * (octets[at] >> 4 & 1) + 4 * (octets[at + 1] >> 7)
        size = int.from_bytes(octets[at + 4 : at + 6], "big")
        if size:
            yield Carried(frame, decode_ppp(octets[begin : begin + size], size))
