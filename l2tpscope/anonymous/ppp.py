"""ppp: packets of PPP's control protocols: names, passwords, addresses, MACs; what is negotiated stays."""

from __future__ import annotations

from collections.abc import Callable

from l2tpscope.anonymous.addresses import Addresses
from l2tpscope.anonymous.key import Key
from l2tpscope.anonymous.words import identification, outcome, scrub
from l2tpscope.wire.ppp.codes import (
    CHALLENGE,
    CODE_REJECT,
    CONFIGURE,
    EAP_REQUEST,
    FAILURE,
    IDENTIFICATION,
    PAP_REQUEST,
    PROTOCOL_REJECT,
    RESPONSE,
    SUCCESS,
    TERMINATE,
    TERMINATE_ACK,
    TIME_REMAINING,
    VENDOR,
)
from l2tpscope.wire.ppp.control import WINDOWS_REASON
from l2tpscope.wire.ppp.eap import EAP_TLS_LIKE
from l2tpscope.wire.ppp.meanings import EAP_IDENTITY, EAP_LEAP, EAP_MD5, EAP_MSCHAPV2, EAP_NAK
from l2tpscope.wire.ppp.protocols import BCP, CCP, CHAP, EAP, ECP, IPCP, IPV6CP, LCP, LQR, PAP

MSCHAP_OCTETS = 49
HEADER = 4
NUMBERS = {
    LCP: (1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 15, 17, 18, 21, 23, 26, 27, 29, 30),
    IPCP: (2, 144),
    IPV6CP: (2,),
    CCP: (1, 2, 3, 17, 18, 21, 26),
    ECP: (),
    BCP: (3, 4, 5, 7, 8, 9, 10),
}
"""Options that say nothing of anybody; all others are replaced."""
IP_ADDRESSES = (1, 3, 4, 129, 130, 131, 132)
ENDPOINT, CALLBACK, MAC_ADDRESS = 19, 13, 6
CLASS_IP, CLASS_MAC = 2, 3


class Ppp:
    """Rewrites packets; every answer is as long as what was given."""

    def __init__(self, key: Key, addresses: Addresses) -> None:
        self._key, self._addresses = key, addresses

    def packet(self, protocol: int, octets: bytes) -> bytes:
        """A packet from its code on; what stands behind its Length is padding, and goes."""
        if protocol == LQR or len(octets) < HEADER:
            return octets
        code, end = octets[0], max(HEADER, min(len(octets), int.from_bytes(octets[2:4], "big")))
        body = octets[HEADER:end]
        reader = {PAP: self._pap, CHAP: self._chap, EAP: self._eap}.get(protocol)
        body = reader(code, body) if reader is not None else self._control(protocol, code, body)
        return octets[:HEADER] + body + bytes(len(octets) - end)

    def options(self, protocol: int, octets: bytes) -> bytes:
        """Configuration options, as far as they fit."""
        made = bytearray(octets)
        at = 0
        while at + 2 <= len(octets):
            size = octets[at + 1]
            if size < 2 or at + size > len(octets):
                break
            made[at + 2 : at + size] = self._option(protocol, octets[at], octets[at + 2 : at + size])
            at += size
        made[at + 2 :] = self._key.keyed("rest", octets[at + 2 :]) if at + 2 < len(octets) else b""
        return bytes(made)

    def _option(self, protocol: int, kind: int, value: bytes) -> bytes:
        if kind in NUMBERS.get(protocol, ()):
            return value
        if protocol == IPCP and kind in IP_ADDRESSES and len(value) % 4 == 0:
            return b"".join(self._addresses.replace(value[at : at + 4]) for at in range(0, len(value), 4))
        if protocol == LCP and kind == ENDPOINT and value:
            return value[:1] + self._endpoint(value[0], value[1:])
        if protocol == LCP and kind == CALLBACK and value:
            return value[:1] + self._key.name("number", value[1:])
        return self._key.mac(value) if protocol == BCP and kind == MAC_ADDRESS else self._key.keyed("option", value)

    def _endpoint(self, kind: int, address: bytes) -> bytes:
        """RFC 1990 §5.1.3."""
        if kind == CLASS_IP and len(address) == 4:
            return self._addresses.replace(address)
        if kind == CLASS_MAC:
            return self._key.mac(address)
        return self._key.name("endpoint", address) if kind in (1, 5) else self._key.keyed("endpoint", address)

    def _control(self, protocol: int, code: int, body: bytes) -> bytes:
        if code in CONFIGURE:
            return self.options(protocol, body)
        if code in (TERMINATE, TERMINATE_ACK):
            windows = len(body) == 12 and body[4:8] == WINDOWS_REASON
            return body if windows else scrub(body)
        kept = {CODE_REJECT: 1, PROTOCOL_REJECT: 2, VENDOR: 8}.get(code, 4)
        if code in (IDENTIFICATION, TIME_REMAINING) and protocol == LCP:
            kept = 4 if code == IDENTIFICATION else 8
            return body[:kept] + identification(body[kept:], self._key)
        return body[:kept] + self._key.keyed("body", body[kept:])

    def _pap(self, code: int, body: bytes) -> bytes:
        if not body:
            return body
        if code != PAP_REQUEST:
            return body[:1] + scrub(body[1:])
        end = 1 + body[0]
        user, rest = self._key.name("user", body[1:end]), body[end:]
        return body[:1] + user + rest[:1] + self._key.name("password", rest[1:])

    def _chap(self, code: int, body: bytes) -> bytes:
        if code in (CHALLENGE, RESPONSE):
            return self._value(body, "host" if code == CHALLENGE else "user")
        if code in (SUCCESS, FAILURE):
            return outcome(body, self._key)
        return self._key.keyed("body", body)

    def _value(self, body: bytes, kind: str) -> bytes:
        """A challenge or response, and a name: of MS-CHAPv2 the zeros that tell it from MS-CHAP stay (RFC 2759 §4)."""
        end = 1 + body[0] if body else 0
        value = body[1:end]
        new = self._key.keyed("chap", value)
        if len(value) == MSCHAP_OCTETS and not any(value[16:24]):
            new = new[:16] + bytes(8) + new[24:]
        return body[:1] + new + self._key.name(kind, body[end:])

    def _eap(self, code: int, body: bytes) -> bytes:
        if not body:
            return body
        kind, data = body[0], body[1:]
        asks = code == EAP_REQUEST
        if kind == EAP_NAK:
            return body
        if kind == EAP_IDENTITY and not asks:
            name, nul, options = data.partition(b"\0")
            return body[:1] + self._key.name("user", name) + nul + self._key.keyed("options", options)
        readers: dict[int, Callable[[], bytes]] = {
            EAP_MD5: lambda: self._value(data, "host" if asks else "user"),
            EAP_LEAP: lambda: data[:2] + self._value(data[2:], "host" if asks else "user"),
            EAP_MSCHAPV2: lambda: data[:4] + self._chap(data[0] if data else 0, data[4:]),
        }
        if kind in readers:
            return body[:1] + readers[kind]()
        if asks and kind in (EAP_IDENTITY, 2, 5, 6):
            return body[:1] + scrub(data)
        kept = (5 if data[:1] and data[0] & 0x80 else 1) if kind in EAP_TLS_LIKE else 7 if kind == 254 else 0
        return body[:1] + data[:kept] + self._key.keyed("eap", data[kept:])
