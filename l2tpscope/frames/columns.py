"""Frames: the header columns of those frames of a batch that concern us, and counts of the rest."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Int64s = NDArray[np.int64]


class Kind(IntEnum):
    """What a frame carries, as its headers tell."""

    OTHER = 0
    L2TP2_CONTROL = 1
    L2TP2_DATA = 2
    L2TP3_CONTROL = 3
    L2TP3_DATA = 4
    L2F = 5
    OPENVPN_1701 = 6
    """OpenVPN on the L2TP port."""
    NOT_L2TP_1701 = 7
    """Anything else on the L2TP port."""
    IKE = 8
    ESP = 9
    AH = 10
    NATT_KEEPALIVE = 11
    ICMP_ERROR = 12
    """An ICMP or ICMPv6 error that quotes a datagram; what it quotes is not traffic."""
    OPENVPN = 13
    """OpenVPN on any other port. This and what follows is counted alone: it has no rows."""
    WIREGUARD = 14
    PPTP = 15
    """A message of PPTP's control connection (TCP)."""
    GRE_PPP = 16
    """PPTP's data: PPP in GRE of version 1."""
    SSTP = 17
    """SSTP whose TLS was taken off before the capture; elsewhere it cannot be told from HTTPS."""


class Other(NamedTuple):
    """Where another VPN was seen."""

    capture: int
    kind: Kind
    protocol: int
    """Of IP."""
    port: int
    """The server's; of WireGuard, of who answers a handshake; 0 where the protocol has none."""


class Endpoint(NamedTuple):
    """One end of a conversation."""

    address: bytes
    """4 or 16 octets."""
    port: int | None
    """None for protocols without ports."""


@dataclass(slots=True)
class Frames:
    """Header columns of the frames that concern us, in frame order.

    *Shape*: every column (n,). Frames of `Kind.OTHER` are not among the rows; `counts` has them. A datagram that came
    in fragments is one row and stands where its last fragment stood; so does one that was inside another encapsulation.

    IKE and ESP over TCP (RFC 9329): a row is a message, so a frame may have several, or none if it only holds a part; a
    message that spans segments stands where the segment stood that completed it. Octets that were seen before,
    retransmitted or copied by the capture, have no row. What could not be followed is in `Decoder.notes`.
    """

    octets: bytearray
    """What `payload` and `body` point into (the batch's buffer, or an extended copy of it)."""
    time: Int64s
    capture: NDArray[np.uint16]
    frame: Int64s
    kind: NDArray[np.uint8]
    ip: Int64s
    """Offset of the IP header in `octets` (the innermost one that carried the payload)."""
    source: NDArray[np.uint64]
    """Address key: an IPv4 address as a number, or 2^63 | 63 bits of a hash of an IPv6 address. Equal keys, equal address."""
    destination: NDArray[np.uint64]
    source_port: NDArray[np.uint16]
    """0 where the protocol has no ports."""
    destination_port: NDArray[np.uint16]
    protocol: NDArray[np.uint8]
    """Of IP, what stands behind its extension headers: 17 UDP, 6 TCP, 50 ESP, 51 AH, 115 L2TPv3."""
    ip_octets: Int64s
    """Length of the whole IP datagram as its header says (all fragments together).

    TCP: the message with its Length, and the IP and TCP headers that no row before it has; so a sum counts nothing twice.
    """
    payload: Int64s
    """Offset in `octets` of what UDP, ESP, AH, protocol 115 or ICMP carries (ESP and AH: of their header; TCP: of the message)."""
    payload_octets: Int64s
    """Its length, as the headers say."""
    payload_captured: Int64s
    """How much of it is there."""
    flags: NDArray[np.uint16]
    """First 16 bits of an L2TP or L2F header; 0 elsewhere."""
    tunnel: NDArray[np.uint32]
    """v2: Tunnel ID; v3 control: Control Connection ID; L2F: CLID; 0 elsewhere. Assigned by the receiver."""
    session: NDArray[np.uint32]
    """v2: Session ID; v3 data: Session ID; ESP, AH: SPI; assigned by the receiver. L2F: Multiplex ID, the same both ways. 0 elsewhere."""
    ns: Int64s
    """Ns of L2TP, sequence number of L2F, ESP and AH; -1 where there is none or it was cut off."""
    nr: Int64s
    """Nr of L2TP; -1 where there is none."""
    body: Int64s
    """Offset in `octets` of what L2TP or L2F carries: AVPs or messages, or a PPP frame (after the offset padding)."""
    body_octets: Int64s
    """Its length as the headers say: the Length field where there is one, else UDP's; 0 for a ZLB. Never negative."""
    duplicate: NDArray[np.bool_]
    """A copy of an earlier frame made by the capture (SPAN both ways, `any`): same datagram, at most 2 ms later."""
    counts: dict[Kind, int] = field(default_factory=dict)
    """How many frames of the batch are of each kind, OTHER included; fragments and copies each counted. A frame of several
    messages of TCP counts once."""
    others: dict[Other, int] = field(default_factory=dict)
    """Frames of other VPNs, by capture and server port; their sums by kind are in `counts` too."""
    undecoded: int = 0
    """Frames whose link or network header could not be read at all; not in `counts`."""
    lost_fragments: int = 0
    """Fragments that came to nothing: never completed, overlapping, or copies of a datagram already complete; not in `counts`."""

    def __len__(self) -> int:
        return len(self.time)

    def source_endpoint(self, row: int) -> Endpoint:
        """Who sent the row, read from its IP header."""
        return self._endpoint(row, from_source=True)

    def destination_endpoint(self, row: int) -> Endpoint:
        """Whom the row is for, read from its IP header."""
        return self._endpoint(row, from_source=False)

    def _endpoint(self, row: int, *, from_source: bool) -> Endpoint:
        at = int(self.ip[row])
        port = int((self.source_port if from_source else self.destination_port)[row]) or None
        if self.octets[at] >> 4 == 4:
            first = at + (12 if from_source else 16)
            return Endpoint(bytes(self.octets[first : first + 4]), port)
        first = at + (8 if from_source else 24)
        return Endpoint(bytes(self.octets[first : first + 16]), port)
