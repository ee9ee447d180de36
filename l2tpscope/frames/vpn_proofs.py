"""What proves that a flow is OpenVPN, WireGuard or SSTP: one message of its handshake, octet by octet.

*Source*: the OpenVPN wire protocol (opcode and key id; session id; HMAC; acknowledgements; packet id), WireGuard's protocol page,
[MS-SSTP] 3.2.4.1.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from l2tpscope.frames.columns import Kind
from l2tpscope.frames.datagrams import Payloads
from l2tpscope.frames.window import Bools, Int64s, Views

OPENVPN_PORT = 1194
CLIENT_V1, SERVER_V1, CLIENT_V2, SERVER_V2, CLIENT_V3 = 0x08, 0x10, 0x38, 0x40, 0x50
"""First octets of OpenVPN's hard resets: opcode, and key id 0."""
P_DATA_V2 = 9
INITIATION, RESPONSE = 1, 2
WIREGUARD_OCTETS = {INITIATION: 148, RESPONSE: 92, 3: 64}
"""Length by message type; data, type 4, are 32 and a multiple of 16."""
FIRST_OCTETS = (INITIATION, RESPONSE, CLIENT_V1, SERVER_V1, CLIENT_V2, SERVER_V2, CLIENT_V3, *range(P_DATA_V2 << 3, (P_DATA_V2 + 1) << 3))

CLIENT_OCTETS = (14, 38, 42, 54, 86)
"""Of a client's reset: no HMAC, or one of MD5, SHA1, SHA256 or SHA512, with packet id and time."""
SERVER_OCTETS = (26, 50, 54, 66, 72, 98)
"""Of a server's, which acknowledges one packet; 72: of tls-crypt-v2, with what it negotiates early."""
TLS_CRYPT_OCTETS = {CLIENT_V2: (54,), SERVER_V2: (66, 72)}
WRAPPED = 54
"""Octets of a reset of tls-crypt-v2 before the client's wrapped key, whose last two octets are its length."""
LONGEST = 1600
"""Octets of a handshake's message that are read."""
DUPLEX_POST = b"SSTP_DUPLEX_POST "


class Proof(NamedTuple):
    """What a message proves its flow to be, and which way it went."""

    kind: Kind
    to_server: bool


def reset_size(views: Views, first: Int64s, payload: Payloads) -> Bools:
    """Which datagrams have the first octet and the length of one of OpenVPN's resets. *Shape*: (n,)."""
    client = (first == CLIENT_V1) | (first == CLIENT_V2)
    server = (first == SERVER_V1) | (first == SERVER_V2)
    sized: Bools = (client & np.isin(payload.octets, CLIENT_OCTETS)) | (server & np.isin(payload.octets, SERVER_OCTETS))
    wrapped = np.flatnonzero((first == CLIENT_V3) & (payload.octets > WRAPPED + 2) & (payload.captured == payload.octets))
    octets = payload.octets[wrapped]
    sized[wrapped] = views.u16(payload.at[wrapped] + octets - 2) == octets - WRAPPED
    return sized


def proof_in_udp(octets: bytes, ports: tuple[int, int]) -> Proof | None:
    """What a datagram between two ports proves, if all of its octets bear it out."""
    if octets[1:4] == bytes(3) and octets[0] in (INITIATION, RESPONSE):
        return _wireguard(octets)
    if octets[0] >> 3 == P_DATA_V2:
        peer = octets[1:4]
        believed = OPENVPN_PORT in ports and (peer[:2] == bytes(2) or peer == b"\xff\xff\xff")
        return Proof(Kind.OPENVPN, ports[1] == OPENVPN_PORT) if believed else None
    return openvpn_reset(octets)


def proof_in_segment(octets: bytes) -> Proof | None:
    """What a segment of TCP proves: SSTP's request in clear, or one reset of OpenVPN behind its length and nothing else."""
    if octets.startswith(DUPLEX_POST):
        return Proof(Kind.SSTP, to_server=True)
    return openvpn_reset(octets[2:]) if octets[:2] == (len(octets) - 2).to_bytes(2, "big") else None


def _wireguard(octets: bytes) -> Proof | None:
    """Type, three zero octets, the length, and keys and ciphertext that look like it; 64 or 108 octets of them."""
    kind = octets[0]
    if len(octets) != WIREGUARD_OCTETS[kind]:
        return None
    ciphertext = octets[8:116] if kind == INITIATION else octets[12:76]
    return Proof(Kind.WIREGUARD, kind == INITIATION) if random_looking(ciphertext) else None


def openvpn_reset(octets: bytes) -> Proof | None:
    """A hard reset: acknowledgements and packet id as a first packet has them, or encrypted as tls-crypt does."""
    first, size = octets[0], len(octets)
    to_server = first in (CLIENT_V1, CLIENT_V2, CLIENT_V3)
    acknowledges_nothing = size in CLIENT_OCTETS and first in (CLIENT_V1, CLIENT_V2) and octets[-5:] == bytes(5)
    acknowledges_one = size in SERVER_OCTETS and first in (SERVER_V1, SERVER_V2) and octets[-17:-12] == b"\1\0\0\0\0"
    clear = acknowledges_nothing or (acknowledges_one and octets[-4:] == bytes(4))
    session = any(octets[1:9])
    return Proof(Kind.OPENVPN, to_server) if session and (clear or _encrypted_reset(octets)) else None


def _encrypted_reset(octets: bytes) -> bool:
    """tls-crypt: the first packet ids, then time, tag and ciphertext; of version 2 the client's key is behind it."""
    first, size = octets[0], len(octets)
    if first == CLIENT_V3:
        right = size > WRAPPED + 2 and int.from_bytes(octets[-2:], "big") == size - WRAPPED
        numbered = octets[11] == 0  # before it, what the client can negotiate early
    else:
        right = size in TLS_CRYPT_OCTETS.get(first, ())
        numbered = octets[9:12] == bytes(3)
    return right and numbered and octets[12] > 0 and random_looking(octets[17:WRAPPED])


def random_looking(octets: bytes) -> bool:
    """Whether so many octets differ as of ciphertext do: of random octets, one message in a million has too few.

    Of n random octets 256 (1 - (255/256)^n) differ on average; three quarters of these are asked for.
    """
    expected = 256 * (1 - (255 / 256) ** len(octets))
    return len(set(octets)) >= 0.75 * expected
