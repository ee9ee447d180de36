"""protocols: what PPP frames carry, by the first octets of their protocol, as columns.

*Source*: RFC 1661 §2 and §6.5 (compressed protocols are odd), RFC 1662 §3.1 (FF 03 before them).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from l2tpscope.frames import Frames

Int64s = NDArray[np.int64]
Octet = NDArray[np.uint8]

CONTROL = 0x80
"""From here on the upper octet is that of a control protocol, LCP and authentication among them."""
USE = (0x21, 0x57, 0x2D, 0x2F, 0x3D, 0xFD)
"""Protocols of what a session is there for: IPv4, IPv6, header-compressed TCP (RFC 1144), multilink fragments (RFC 1990), and what CCP
compresses or MPPE encrypts (RFC 1962); all below 0x100."""
ADDRESS = 0xFF


def begins_with(frames: Frames, rows: Int64s) -> Octet:
    """Upper octet of the PPP protocol of each data row, or its only octet; 0 where it is not an upper octet of control.

    *Shape*: (n,). A compressed protocol is odd and gives 0, as do rows of which too little was captured.
    """
    octets = np.frombuffer(frames.octets, np.uint8)
    at, short = _begins(frames, rows)
    upper: Octet = octets.take(at + 2 * (octets.take(at) == ADDRESS))
    upper[short | ((upper & 1) == 1)] = 0
    return upper


def are_use(frames: Frames, rows: Int64s) -> NDArray[np.bool_]:
    """Whether each data row carries what a session is there for: IP packets, in whatever wrapping. *Shape*: (n,)."""
    octets = np.frombuffer(frames.octets, np.uint8)
    at, short = _begins(frames, rows)
    at = at + 2 * (octets.take(at) == ADDRESS)
    first = octets.take(at)
    protocol = np.where(first == 0, octets.take(at + 1), first)
    use: NDArray[np.bool_] = np.isin(protocol, USE) & ~short
    return use


PLACES = (0, 4, 8, 12)
"""Octets of cookie and sublayer that may stand before a frame in L2TPv3 (RFC 3931 §4.1)."""
CONTROL_PROTOCOLS = (0xC021, 0xC023, 0xC025, 0xC223, 0xC227, 0x8021, 0x8057, 0x80FD)
CONTROL_WORDS = np.array([0xFF030000 | protocol for protocol in CONTROL_PROTOCOLS], np.uint32)
"""Address, control, and a protocol, as a frame of a control protocol begins whose header nobody compressed."""


def control_begins(frames: Frames, rows: Int64s) -> Int64s:
    """How many octets stand before a PPP control packet in each row of L2TPv3; -1 where there is none. *Shape*: (n,).

    *Bias*: packets with a compressed address and control field are not found.
    """
    octets = np.frombuffer(frames.octets, np.uint8)
    begin = frames.body.take(rows)
    end = np.minimum(begin + frames.body_octets.take(rows), frames.payload.take(rows) + frames.payload_captured.take(rows))
    found = np.full(len(rows), -1)
    for skip in PLACES:
        there = np.flatnonzero((found < 0) & (end - begin >= skip + SHORTEST))
        words = octets[(begin[there] + skip)[:, None] + np.arange(4)].view(">u4").reshape(-1)
        found[there[np.isin(words, CONTROL_WORDS)]] = skip
    return found


def _begins(frames: Frames, rows: Int64s) -> tuple[Int64s, NDArray[np.bool_]]:
    """Where each PPP frame begins, and which are too short to tell anything (these point at 0)."""
    at = frames.body.take(rows)
    end = np.minimum(at + frames.body_octets.take(rows), frames.payload.take(rows) + frames.payload_captured.take(rows))
    short = end - at < SHORTEST
    if short.any():
        at = np.where(short, 0, at)
    return at, short


SHORTEST = 5
"""Octets: FF 03, protocol, and one that it carries; no packet of a control or network protocol is shorter."""
