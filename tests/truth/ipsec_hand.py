"""IKE and ESP read by hand, as `hand.py` reads L2TP: what the laboratory captures hold, in plain struct, and nothing else.

UDP 500 is IKE, UDP 4500 is IKE behind four zero octets, ESP, or a keepalive (RFC 3948 §2); IP protocol 50 is ESP.
"""

from __future__ import annotations

import hashlib
import ipaddress
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import hand
from hand import Datagram, Payload

ESP = 50
IKE_PORT, NATT_PORT = 500, 4500
MAIN, AGGRESSIVE, INFORMATIONAL, QUICK, SA_INIT, AUTH, CHILD = 2, 4, 5, 32, 34, 35, 36
SA, KE, NAT_D, NOTIFY_2 = 1, 4, 20, 41
SOURCE_IP, DESTINATION_IP = 16388, 16389
RESPONSE_FLAG, ENCRYPTED_FLAG = 0x20, 0x01
HASHES = {16: hashlib.md5, 20: hashlib.sha1, 32: hashlib.sha256, 48: hashlib.sha384}
"""By length of the digest."""


@dataclass(frozen=True, slots=True)
class Ike:
    """One IKE message."""

    packet: Datagram
    octets: bytes
    """Without a non-ESP marker."""
    initiator_spi: bytes
    responder_spi: bytes
    next_payload: int
    version: int
    exchange: int
    flags: int
    message_id: int

    @property
    def encrypted(self) -> bool:
        """IKEv1: by its flag; in IKEv2 everything after IKE_SA_INIT is."""
        return bool(self.flags & ENCRYPTED_FLAG) if self.version == 1 else self.exchange != SA_INIT

    def payloads(self) -> list[tuple[int, bytes]]:
        """Those in clear: type and body."""
        if self.encrypted:
            return []
        found, kind, at = [], self.next_payload, 28
        while kind and at + 4 <= len(self.octets):
            following, size = struct.unpack(">BxH", self.octets[at : at + 4])
            found.append((kind, self.octets[at + 4 : at + size]))
            kind, at = following, at + max(size, 4)
        return found


@dataclass(frozen=True, slots=True)
class Esp:
    """One ESP packet."""

    time: int
    frame: int
    spi: str
    sequence: int
    source: str
    destination: str
    udp: bool
    octets: bytes


def ipsec(path: Path) -> Iterator[Ike | Esp | Datagram]:
    """Every IKE message, ESP packet and keepalive of a capture, in file order, without copies by the capture."""
    for one in hand.payloads(path, (hand.UDP, ESP)):
        if one.copy:
            continue
        if one.protocol == ESP:
            yield _esp(one, one.octets, udp=False)
        elif len(one.octets) >= 8 and (told := _from_udp(one, hand.udp(one))) is not None:
            yield told


def _from_udp(one: Payload, packet: Datagram) -> Ike | Esp | Datagram | None:
    ports, octets = {packet.source_port, packet.destination_port}, packet.payload
    if IKE_PORT in ports:
        return _ike(packet, octets)
    if NATT_PORT not in ports:
        return None
    if octets == b"\xff":
        return packet
    if octets[:4] == bytes(4):
        return _ike(packet, octets[4:])
    return _esp(one, octets, udp=True)


def _ike(packet: Datagram, octets: bytes) -> Ike:
    initiator, responder, following, version, exchange, flags, message_id, size = struct.unpack(">8s8sBBBBII", octets[:28])
    if size != len(octets):
        raise ValueError(f"frame {packet.frame}: IKE says {size} octets, UDP {len(octets)}")
    return Ike(packet, octets, initiator, responder, following, version >> 4, exchange, flags, message_id)


def _esp(one: Payload, octets: bytes, *, udp: bool) -> Esp:
    spi, sequence = struct.unpack(">II", octets[:8])
    return Esp(one.time, one.frame, f"0x{spi:08x}", sequence, one.source, one.destination, udp, octets)


@dataclass(frozen=True, slots=True)
class NatHashes:
    """Whether the hashes of one message fit the addresses that it was seen with."""

    own: bool
    """That of its sender."""
    other: bool
    """That of its receiver."""


def nat_hashes(message: Ike) -> NatHashes | None:
    """What its NAT-D payloads say (RFC 3947 §3.2: first the destination), or its notifies (RFC 7296 §2.23); None: it has none."""
    payloads = message.payloads()
    first = [body for kind, body in payloads if kind == NAT_D]
    other, own = first[:1], first[1:]
    for kind, body in payloads:
        if kind == NOTIFY_2:
            spi_octets, notify = struct.unpack(">xBH", body[:4])
            if notify == SOURCE_IP:
                own.append(body[4 + spi_octets :])
            elif notify == DESTINATION_IP:
                other.append(body[4 + spi_octets :])
    if not own or not other:
        return None
    packet = message.packet
    return NatHashes(
        any(one == _hash(message, packet.source, packet.source_port, len(one)) for one in own),
        any(one == _hash(message, packet.destination, packet.destination_port, len(one)) for one in other),
    )


def _hash(message: Ike, address: str, port: int, octets: int) -> bytes:
    """HASH(SPIs | IP | port); IKEv2 always takes SHA-1, IKEv1 the hash that was agreed on, which its length tells."""
    data = message.initiator_spi + message.responder_spi + ipaddress.ip_address(address).packed + struct.pack(">H", port)
    return HASHES[octets](data).digest()
