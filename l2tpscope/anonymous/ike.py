"""ike: SPIs, keys, nonces, identities, certificates, hashes and what is encrypted replaced; NAT-D hashes made anew where they fitted."""

from __future__ import annotations

from typing import NamedTuple

from l2tpscope.anonymous.addresses import Addresses
from l2tpscope.anonymous.key import Key
from l2tpscope.frames import Endpoint
from l2tpscope.wire.ike import decode_ike, nat_d
from l2tpscope.wire.ike.message import FRAGMENT_V1, GENERIC, HEADER, SK, SKF
from l2tpscope.wire.ike.payloads import Notify, Payload, SecurityAssociation, VendorId
from l2tpscope.wire.ike.vendor_ids import TELDAT

ID_IPV4, ID_IPV6, ID_NAMES = (1, 4, 7), (5, 6, 8), (2, 3)
"""*Source*: RFC 2407 §4.6.2.1, RFC 7296 §3.5: an address, a subnet, a range; names of hosts and users."""
IDENTITIES, NAT_OA, NAT_D, VENDORS = (5, 35, 36), (16, 21, 131), (15, 20, 130), (13, 43)
NUMBERED = {6: 1, 37: 1, 7: 1, 38: 1, 34: 4, 39: 4, 132: 4, 53: 4}
"""Payloads that begin with numbers, of so many octets: certificates and their requests, key exchange, AUTH, fragments."""
DELETES = {12: 8, 42: 4}
"""And the octets before their SPIs; three before these stands how long one is."""
NOTIFY_NAT = ("NAT_DETECTION_SOURCE_IP", "NAT_DETECTION_DESTINATION_IP")
NOTIFY_ADDRESS = ("ADDITIONAL_IP4_ADDRESS", "ADDITIONAL_IP6_ADDRESS", "UNITY_LOAD_BALANCE")
"""RFC 4555 §4.2; and the gateway to go to."""
NOTIFY_GATEWAY = ("REDIRECT", "REDIRECTED_FROM")
GATEWAYS = {1: 1, 2: 5, 3: 2}
"""Types of gateway identity (RFC 5685 §9) as types of Identification."""
OF_NUMBERS = frozenset({
    "UNSUPPORTED_CRITICAL_PAYLOAD", "INVALID_KE_PAYLOAD", "INVALID_MAJOR_VERSION", "INVALID_MESSAGE_ID", "SET_WINDOW_SIZE",
    "REPLAY_STATUS", "AUTH_LIFETIME", "SIGNATURE_HASH_ALGORITHMS", "RESPONDER_LIFETIME", "R_U_THERE", "R_U_THERE_ACK",
})  # fmt: skip
"""Notifies whose data say nothing of anybody: groups, times, counters, algorithms."""
TELDAT_AT = 9
"""Octets that differ, before its name."""
CISCO_DEVICE = bytes.fromhex("3e984048")
"""How Cisco IOS begins a Vendor ID of which the rest is another one after each boot: it tells one device from all others."""
SHORT = 4
"""Octets of Windows' status, at the end of what it says."""
SITUATION, PROPOSAL, LONGEST_NUMBER = 8, 8, 8
"""Octets of DOI and situation; of a proposal before its SPI and of a transform before its attributes; of a number."""
READ = (bytes.fromhex("0000000100000001"), bytes.fromhex("0000000000000001"), bytes(8))
"""DOI and situation before which no labels stand (RFC 2407 §4.6.1)."""


class Ends(NamedTuple):
    """Between whom a message goes, before and after."""

    old: tuple[Endpoint, Endpoint]
    new: tuple[Endpoint, Endpoint]


class Ike:
    """Rewrites messages."""

    def __init__(self, key: Key, addresses: Addresses) -> None:
        self._key, self._addresses = key, addresses

    def spis(self, octets: bytes) -> bytes:
        """The two SPIs (cookies of IKEv1) at the begin of a message."""
        return b"".join(self._key.keyed("ike spi", octets[at : min(at + 8, 16)]) for at in (0, 8)) if octets else b""

    def message(self, octets: bytes, size: int, ends: Ends) -> bytes:
        """A message without a non-ESP marker; *size*: how long it was on the wire."""
        message = decode_ike(octets, size)
        made = bytearray(self.spis(octets[:16]) + octets[16:HEADER])
        at = HEADER
        for payload in message.payloads:
            end = at + GENERIC + payload.octets
            made += octets[at : at + GENERIC] + self._payload(payload, octets[at + GENERIC : end], octets[:16], ends)
            at = min(end, len(octets))
        return bytes(made[: len(octets)]) + self._key.keyed("encrypted", octets[len(made) :])

    def _payload(self, payload: Payload, body: bytes, spis: bytes, ends: Ends) -> bytes:
        kind = payload.kind
        if isinstance(payload, SecurityAssociation):
            made = self._association(payload, body)
        elif isinstance(payload, Notify):
            made = self._notify(payload, body, spis, ends)
        elif isinstance(payload, VendorId) and payload.name is not None:
            made = self._vendor(body)
        elif kind in NAT_D:
            made = self._nat_d(body, spis, ends)
        elif kind in IDENTITIES or kind in NAT_OA:
            made = body[:4] + self._identity(body[0] if body else 0, body[4:])
        elif kind in DELETES:
            head = DELETES[kind]
            made = body[:head] + self._many_spis(body[head:], body[head - 3] if len(body) >= head else 0)
        else:
            made = self._other(kind, body)
        return made

    def _other(self, kind: int, body: bytes) -> bytes:
        """Keys, nonces, hashes, signatures, certificates, pieces, and what is encrypted."""
        kept = NUMBERED.get(kind, 0)
        if kind == FRAGMENT_V1 and body[2:3] == b"\x01":
            return body[:kept] + self.spis(body[kept : kept + 16]) + self._key.keyed("encrypted", body[kept + 16 :])
        return body[:kept] + self._key.keyed("encrypted" if kind in (SK, SKF) else f"payload {kind}", body[kept:])

    def _vendor(self, body: bytes) -> bytes:
        """A Vendor ID that is known, but for what differs from device to device in it."""
        begin, end = (0, len(CISCO_DEVICE)) if body.startswith(CISCO_DEVICE) else (0, len(body))
        if body.find(TELDAT) == TELDAT_AT:
            begin, end = TELDAT_AT, TELDAT_AT + len(TELDAT)
        return self._key.keyed("device", body[:begin]) + body[begin:end] + self._key.keyed("device", body[end:])

    def _association(self, payload: SecurityAssociation, body: bytes) -> bytes:
        """Its SPIs, and what is too long for a number; of what does not fit, all but the numbers before it."""
        made, at = bytearray(body), SITUATION if payload.doi is not None else 0
        if at and body[:at] not in READ:
            at = len(body)
            made[SITUATION:] = self._key.keyed("situation", body[SITUATION:])
        while at < len(body):
            size, spi_octets = int.from_bytes(body[at + 2 : at + 4], "big"), body[at + 6] if at + 6 < len(body) else 0
            end = at + size if PROPOSAL <= size <= len(body) - at else len(body)
            spi_end = min(at + PROPOSAL + spi_octets, end)
            made[at + PROPOSAL : spi_end] = self._spi(body[at + PROPOSAL : spi_end])
            self._transforms(made, spi_end, end)
            at = end
        return bytes(made[: len(body)])

    def _transforms(self, made: bytearray, at: int, end: int) -> None:
        while at + PROPOSAL <= end:
            size = int.from_bytes(made[at + 2 : at + 4], "big")
            fits = PROPOSAL <= size <= end - at
            until = at + size if fits else end
            self._attributes(made, at + PROPOSAL, until)
            at = until

    def _attributes(self, made: bytearray, at: int, end: int) -> None:
        """RFC 2408 §3.3: a type with its top bit set is followed by its value, any other by a length."""
        while at + GENERIC <= end:
            size = 0 if made[at] & 0x80 else int.from_bytes(made[at + 2 : at + 4], "big")
            at += GENERIC
            if at + size > end:
                break
            if size > LONGEST_NUMBER:
                made[at : at + size] = self._key.keyed("attribute", bytes(made[at : at + size]))
            at += size
        made[at:end] = self._key.keyed("rest", bytes(made[at:end]))

    def _spi(self, spi: bytes) -> bytes:
        return self._key.spi(int.from_bytes(spi, "big")).to_bytes(4, "big") if len(spi) == 4 else self._key.keyed("ike spi", spi)

    def _many_spis(self, octets: bytes, size: int) -> bytes:
        if size == 16:  # both cookies of IKEv1
            size = 8
        if not size:
            return self._key.keyed("spis", octets)
        return b"".join(self._spi(octets[at : at + size]) for at in range(0, len(octets), size))

    def _notify(self, payload: Notify, body: bytes, spis: bytes, ends: Ends) -> bytes:
        head = (8 if payload.kind == 11 else 4) if len(body) >= 8 or payload.kind == 41 else len(body)
        spi_end = head + len(payload.spi)
        data = self._told(payload.type.name, body[spi_end:], spis, ends)
        return body[:head] + self._many_spis(body[head:spi_end], len(payload.spi)) + data

    def _told(self, name: str, data: bytes, spis: bytes, ends: Ends) -> bytes:
        """What a notify says, by the name of its type."""
        if name in OF_NUMBERS:
            return data
        if name in NOTIFY_NAT:
            return self._nat_d(data, spis, ends)
        if name in NOTIFY_ADDRESS and len(data) in (4, 16):
            return self._addresses.replace(data)
        if name in NOTIFY_GATEWAY and len(data) >= 2 + data[1:2][0]:
            end = 2 + data[1]
            return data[:2] + self._identity(GATEWAYS.get(data[0], 0), data[2:end]) + self._key.keyed("notify", data[end:])
        if name == "INVALID_SPI":
            return self._spi(data)
        kept = data[-SHORT:] if name == "MS_NOTIFY_STATUS" else b""
        return self._key.keyed("notify", data[: len(data) - len(kept)]) + kept

    def _identity(self, kind: int, value: bytes) -> bytes:
        width = 4 if kind in ID_IPV4 else 16 if kind in ID_IPV6 else 0
        if width and len(value) >= width:
            ranged = kind in (7, 8)
            rest = self._addresses.replace(value[width:]) if ranged and len(value) == 2 * width else value[width:]
            return self._addresses.replace(value[:width]) + rest
        return self._key.name("host" if kind == 2 else "user", value) if kind in ID_NAMES else self._key.keyed("identity", value)

    def _nat_d(self, digest: bytes, spis: bytes, ends: Ends) -> bytes:
        """The hash of the new address, where this was the one of the old address; else one that fits none."""
        old = int.from_bytes(spis[:8], "big"), int.from_bytes(spis[8:16], "big")
        turned = self.spis(spis)
        new = int.from_bytes(turned[:8], "big"), int.from_bytes(turned[8:16], "big")
        for before, after in zip(ends.old, ends.new, strict=True):
            if nat_d(len(digest), *old, before.address, before.port or 0) == digest:
                return nat_d(len(digest), *new, after.address, after.port or 0) or digest
        return self._key.keyed("nat-d", digest)
