"""Captures of IKE and ESP written down message by message."""

from __future__ import annotations

import hashlib
import struct

from script import A, B, Script

CLIENT, SERVER = 0x1111222233334444, 0xAAAABBBBCCCCDDDD
MARKER = bytes(4)
MAIN, AGGRESSIVE, INFORMATIONAL, QUICK = 2, 4, 5, 32
INIT, AUTH, CHILD, INFORMATIONAL_V2 = 34, 35, 36, 37
INITIATOR_FLAG, RESPONSE_FLAG = 0x08, 0x20


def payloads(*several: tuple[int, bytes]) -> tuple[int, bytes]:
    """The first next-payload number, and the chain of payloads (type, body) (RFC 2408 §3.2)."""
    octets = b""
    for index, (_, body) in enumerate(several):
        following = several[index + 1][0] if index + 1 < len(several) else 0
        octets += struct.pack(">BBH", following, 0, 4 + len(body)) + body
    return (several[0][0] if several else 0), octets


def attributes(*pairs: tuple[int, int]) -> bytes:
    """Basic attributes (RFC 2408 §3.3)."""
    return b"".join(struct.pack(">HH", 0x8000 | kind, value) for kind, value in pairs)


AES_128_SHA1_PSK = attributes((1, 7), (14, 128), (2, 2), (4, 14), (3, 1), (11, 1), (12, 3600))


def security_association(transform: bytes = AES_128_SHA1_PSK) -> bytes:
    """An SA payload with one proposal of one transform (RFC 2408 §3.4 to §3.6)."""
    inner = struct.pack(">BBHBBH", 0, 0, 8 + len(transform), 1, 1, 0) + transform
    proposal = struct.pack(">BBHBBBB", 0, 0, 8 + len(inner), 1, 1, 0, 1) + inner
    return struct.pack(">II", 1, 1) + proposal


def nat_d(spis: tuple[int, int], address: bytes, port: int) -> bytes:
    """RFC 3947 §3.2, with SHA-1."""
    return hashlib.sha1(struct.pack(">QQ", *spis) + address + struct.pack(">H", port)).digest()  # noqa: S324


class IpsecScript(Script):
    """Adds IKE and ESP; the client is A unless said otherwise."""

    def __init__(self, client: bytes = A, server: bytes = B) -> None:
        super().__init__()
        self.client, self.server = client, server
        self.ports = {True: 500, False: 500}
        self.spis = (CLIENT, SERVER)

    def ike(
        self, time: float, up: bool, exchange: int, message_id: int, body: tuple[int, bytes], *, flags: int = 0, major: int = 1, **spis: int
    ) -> None:
        """An IKE message; *up*: from client to server. On ports other than 500 it has the non-ESP marker."""
        first, octets = body
        initiator, responder = spis.get("initiator", self.spis[0]), spis.get("responder", self.spis[1])
        header = struct.pack(">QQBBBBII", initiator, responder, first, major << 4, exchange, flags, message_id, 28 + len(octets))
        natt = 4500 in self.ports.values()
        self._send(time, up, (MARKER if natt else b"") + header + octets)

    def _send(self, time: float, up: bool, octets: bytes) -> None:
        ends = (self.client, self.server) if up else (self.server, self.client)
        self.udp(time, *ends, octets, sport=self.ports[up], dport=self.ports[not up])

    def encrypted(self, time: float, up: bool, exchange: int, message_id: int, octets: int, *, fill: int | None = None) -> None:
        """An IKEv1 message of that length of which all is encrypted."""
        body = bytes([(fill if fill is not None else len(self.records)) & 0xFF]) * (octets - 28)
        self.ike(time, up, exchange, message_id, (8 if exchange != MAIN else 5, body), flags=1)

    def main_mode(
        self, time: float, step: float = 0.01, *, seen_as: tuple[bytes, int] | None = None, upto: int = 6, natt: int | bool = False
    ) -> None:
        """Phase 1, a message each *step*; *seen_as*: where the client thinks it is, if a NAT stands between."""
        own = seen_as or (self.client, 500)
        messages = [
            lambda at: self.ike(at, True, MAIN, 0, payloads((1, security_association())), responder=0),
            lambda at: self.ike(at, False, MAIN, 0, payloads((1, security_association()))),
            lambda at: self.ike(at, True, MAIN, 0, self._keys(True, (self.server, 500), own)),
            lambda at: self.ike(at, False, MAIN, 0, self._keys(False, (self.client, self.ports[True]), (self.server, 500))),
            lambda at: self.encrypted(at, True, MAIN, 0, 108),
            lambda at: self.encrypted(at, False, MAIN, 0, 76),
        ]
        for number, message in enumerate(messages[:upto]):
            if number == 4 and natt:
                self.ports = {True: 4500 if natt is True else natt, False: 4500}
            message(time + number * step)

    def _keys(self, up: bool, *ends: tuple[bytes, int]) -> tuple[int, bytes]:
        fill = bytes([1 if up else 2])
        return payloads((4, fill * 256), (10, fill * 32), *((20, nat_d(self.spis, *end)) for end in ends))

    def quick_mode(
        self, time: float, message_id: int, step: float = 0.01, *, by_client: bool = True, upto: int = 3, last: int = 60
    ) -> None:
        """Phase 2; *last*: octets of QM3."""
        sizes = [(by_client, 172), (not by_client, 172), (by_client, last)]
        for number, (up, size) in enumerate(sizes[:upto]):
            self.encrypted(time + number * step, up, QUICK, message_id, size)

    def esp(self, time: float, up: bool, spi: int, sequence: int, octets: int = 100) -> None:
        """An ESP packet of that length, over UDP where IKE moved to port 4500."""
        packet = struct.pack(">II", spi, sequence) + bytes([sequence & 0xFF]) * (octets - 8)
        if 4500 in self.ports.values():
            self._send(time, up, packet)
            return
        ends = (self.client, self.server) if up else (self.server, self.client)
        ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + octets, len(self.records) & 0xFFFF, 0, 64, 50, 0, *ends)
        self.records.append((time, b"\x02\0\0\0\0\1\x02\0\0\0\0\2\x08\0" + ip + packet))

    def traffic(self, time: float, spis: tuple[int, int], count: int = 10, *, first: int = 1, every: float = 0.1) -> None:
        """Packets both ways: to the server under the first SPI, to the client under the second."""
        for number in range(count):
            self.esp(time + number * every, True, spis[0], first + number)
            self.esp(time + number * every + 0.01, False, spis[1], first + number)

    def merged(self, *others: IpsecScript) -> IpsecScript:
        """All records in the order of time."""
        for other in others:
            self.records += other.records
        self.records.sort(key=lambda record: record[0])
        return self
