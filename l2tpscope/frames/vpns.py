"""Other VPNs told apart, counted and not followed: OpenVPN and WireGuard on any port, PPTP and its GRE, SSTP in clear.

A flow of OpenVPN or WireGuard is believed from the first message of its handshake on that its own octets prove. SSTP is inside TLS and
looks like any HTTPS: it is seen only where the TLS was taken off before the capture.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from l2tpscope.frames.columns import Kind
from l2tpscope.frames.datagrams import Datagrams
from l2tpscope.frames.flows import MAX_FLOWS, Keys
from l2tpscope.frames.tables import GRE, PPTP_PORT, TCP, UDP
from l2tpscope.frames.vpn_proofs import (
    CLIENT_V2,
    CLIENT_V3,
    FIRST_OCTETS,
    LONGEST,
    OPENVPN_PORT,
    P_DATA_V2,
    RESPONSE,
    SERVER_V2,
    WIREGUARD_OCTETS,
    Proof,
    proof_in_segment,
    proof_in_udp,
    reset_size,
)
from l2tpscope.frames.window import WIDTH, Bools, Int64s, Octet, Rows, Views

PPP_OVER_GRE = 0x880B
PPTP_MAGIC = 0x1A2B3C4D
AT_UDP = 28
"""Where in a row what UDP carries begins."""
AT_TCP = (40, 52)
"""The same of TCP, behind a header of 20 octets, and of 32 (timestamps)."""
NOBODY = (np.iinfo(np.int64).max, 0, 0)

_BEGINS = np.zeros(256, np.bool_)
_BEGINS[list(FIRST_OCTETS)] = True


class Found(NamedTuple):
    """Frames of other VPNs. *Shape*: every column (n,)."""

    records: Int64s
    """Which of the chunk."""
    kind: Octet
    protocol: Octet
    """Of IP."""
    port: Int64s
    """The server's; of WireGuard, of who answers; 0 where the protocol has none."""


def nothing() -> Found:
    """No frames."""
    none = np.zeros(0, np.int64)
    return Found(none, none.astype(np.uint8), none.astype(np.uint8), none)


def together(some: list[Found], taken: Int64s) -> Found:
    """All of them whose record is not taken by something else, each once."""
    records, kind, protocol, port = (np.concatenate([found[at] for found in some]) for at in range(4))
    which = np.unique(records, return_index=True)[1]
    which = which[~np.isin(records[which], taken)]
    return Found(records[which], kind[which].astype(np.uint8), protocol[which].astype(np.uint8), port[which].astype(np.int64))


def pptp_data(rows: Rows, which: Int64s) -> Found:
    """Those of some rows of plain IPv4 that are PPTP's GRE: version 1, and PPP inside. *Source*: RFC 2637 §4.1."""
    flags, inside = rows["source_port"][which], rows["destination_port"][which]
    gre = which[(rows["protocol"][which] == GRE) & (inside == PPP_OVER_GRE) & (flags & 7 == 1) & (rows["total"][which] >= 28)]
    return _alike(gre, Kind.GRE_PPP, GRE, 0)


def pptp_control(views: Views, segments: Datagrams) -> Found:
    """Those segments to or from TCP port 1723 that begin with a message of PPTP. *Source*: RFC 2637 §2."""
    rows, payload = segments.packets.rows, segments.payload
    which = np.flatnonzero(((rows["source_port"] == PPTP_PORT) | (rows["destination_port"] == PPTP_PORT)) & (payload.captured >= 8))
    words = views.matrix(payload.at[which], 8).view(">u2").astype(np.int64)
    message = (words[:, 0] >= 12) & (words[:, 1] >= 1) & (words[:, 1] <= 2) & (words[:, 2] << 16 | words[:, 3] == PPTP_MAGIC)
    return _alike(segments.packets.index[which[message]], Kind.PPTP, TCP, PPTP_PORT)


def _alike(records: Int64s, kind: Kind, protocol: int, port: int) -> Found:
    size = len(records)
    return Found(records, np.full(size, kind, np.uint8), np.full(size, protocol, np.uint8), np.full(size, port, np.int64))


def first_octets(rows: Rows, which: Int64s) -> Int64s:
    """Those of some rows of UDP whose first octet may begin a handshake."""
    if not len(which):
        return which
    begin: Int64s = which[_BEGINS.take(_octet(rows, AT_UDP)[which])]
    return begin


def first_segments(rows: Rows, tcp: Bools) -> Int64s:
    """Rows of TCP that may begin with a reset of OpenVPN behind its length, or with SSTP's request."""
    found = np.zeros(len(rows), np.bool_)
    for at in AT_TCP:
        third = np.ascontiguousarray(_octet(rows, at + 2))
        found |= (third == CLIENT_V2) | (third == SERVER_V2)
        third &= 0xFB
        found |= third == CLIENT_V3  # and T, the third letter of SSTP's request
    found &= tcp
    return np.flatnonzero(found) if found.any() else np.zeros(0, np.int64)


def _octet(rows: Rows, at: int) -> Octet:
    octets: Octet = rows.view(np.uint8).reshape(-1, WIDTH)[:, at]
    return octets


class OtherVpns:
    """Remembers the flows that were proven to be of another VPN, bounded in number.

    *Bias*: what a flow carried before its proof is not counted, nor after its client's address or port changed, until the next
    handshake. A handshake that the capture cut (snaplen) proves nothing. On OpenVPN's own UDP port its data prove it too.
    TCP is looked at in plain IPv4 only.
    """

    def __init__(self, limit: int = MAX_FLOWS) -> None:
        self.limit = limit
        self._flows: dict[int, tuple[int, int, int]] = {}
        """Since which record, what, and the server's port."""
        self._ports = {UDP: np.zeros(65536, np.bool_), TCP: np.zeros(65536, np.bool_)}

    def __len__(self) -> int:
        return len(self._flows)

    def trim(self) -> None:
        """Forget the flows that are too many, those first whose last proof is the oldest."""
        surplus = len(self._flows) - self.limit
        for key in [key for key, _ in zip(self._flows, range(surplus), strict=False)]:
            del self._flows[key]

    def learn_udp(self, views: Views, data: Datagrams) -> None:
        """Remember the flows that some datagrams prove."""
        for row in np.flatnonzero(_worth_reading(views, data)).tolist():
            self._learn(views, data, row, UDP)

    def learn_tcp(self, views: Views, data: Datagrams) -> None:
        """Remember the flows that some segments prove."""
        payload = data.payload
        there = payload.captured >= 16
        length = np.where(there, views.u16(np.where(there, payload.at, 0)), 0).astype(np.int64)
        sstp = there & (length == int.from_bytes(b"SS", "big"))
        openvpn = there & (length == payload.octets - 2) & (payload.captured == payload.octets)
        for row in np.flatnonzero(sstp | openvpn).tolist():
            self._learn(views, data, row, TCP)

    def _learn(self, views: Views, data: Datagrams, row: int, protocol: int) -> None:
        header, at = data.packets.rows[row], int(data.payload.at[row])
        ports = int(header["source_port"]), int(header["destination_port"])
        octets = bytes(views.octets[at : at + min(int(data.payload.captured[row]), LONGEST)])
        proof: Proof | None = proof_in_udp(octets, ports) if protocol == UDP else proof_in_segment(octets)
        if proof is None:
            return
        key = int(_keys(data, np.array([row]), protocol)[0])
        port = ports[proof.to_server]
        self._flows[key] = self._flows.pop(key, (int(data.record[row]), int(proof.kind), port))
        self._ports[protocol][self._flows[key][2]] = True

    def members(self, rows: Rows, which: Int64s, protocol: int) -> Int64s:
        """Those of some rows that have a port on which another VPN was seen."""
        ports = self._ports[protocol]
        if not len(which) or not self._flows:
            return which[:0]
        members: Int64s = which[ports.take(rows["source_port"][which]) | ports.take(rows["destination_port"][which])]
        return members

    def known(self, data: Datagrams, protocol: int) -> Found:
        """Those datagrams or segments that are of a flow proven in or before them, and look like it."""
        size = len(data.record)
        if not size or not self._flows:
            return nothing()
        different, where = np.unique(_keys(data, np.arange(size), protocol), return_inverse=True)
        table = np.array([self._flows.get(key, NOBODY) for key in different.tolist()], np.int64)
        first, kind, port = table[where].T
        like = _like_udp(data, kind) if protocol == UDP else data.payload.octets > 0
        which = np.flatnonzero((first <= data.record) & like)
        return Found(data.packets.index[which], kind[which].astype(np.uint8), np.full(len(which), protocol, np.uint8), port[which])


def _keys(data: Datagrams, which: Int64s, protocol: int) -> Keys:
    keys: Keys = data.keys(which) ^ np.uint64(protocol)
    return keys


def _worth_reading(views: Views, data: Datagrams) -> Bools:
    """Which datagrams have the first octets and the length of a handshake's; all of it captured, but for data."""
    rows, payload = data.packets.rows, data.payload
    first, octets = rows["flags"].astype(np.int64) >> 8, payload.octets
    sized: NDArray[np.bool_] = np.zeros(len(rows), np.bool_)
    for number, size in list(WIREGUARD_OCTETS.items())[:RESPONSE]:
        sized |= (rows["marker"] == number << 24) & (octets == size)
    sized |= reset_size(views, first, payload)
    sized &= payload.captured == octets
    on_port = (rows["source_port"] == OPENVPN_PORT) | (rows["destination_port"] == OPENVPN_PORT)
    worth: Bools = sized | (on_port & (first >> 3 == P_DATA_V2) & (payload.captured >= 4))
    return worth


def _like_udp(data: Datagrams, kind: Int64s) -> Bools:
    """Whether datagrams look like what their flow carries: an opcode of OpenVPN; type, zeros and length of WireGuard."""
    rows, payload = data.packets.rows, data.payload
    opcode = rows["flags"] >> 11
    openvpn = (kind == Kind.OPENVPN) & (opcode >= 1) & (opcode <= 11) & (payload.captured >= 1)
    wireguard = np.zeros(len(kind), np.bool_)
    for number, size in WIREGUARD_OCTETS.items():
        wireguard |= (rows["marker"] == number << 24) & (payload.octets == size)
    wireguard |= (rows["marker"] == 4 << 24) & (payload.octets >= 32) & (payload.octets % 16 == 0)
    like: Bools = openvpn | ((kind == Kind.WIREGUARD) & wireguard & (payload.captured >= 4))
    return like
