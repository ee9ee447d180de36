"""Captures of L2F, written down message by message as RFC 2341 draws them."""

from __future__ import annotations

import struct

from script import A, B, Script

CONF, OPEN, CLOSE, ECHO, ECHO_RESP = 1, 2, 3, 4, 5
PPP, SLIP = 2, 3
K, S = 0x4000, 0x1000
SECRET_NAS, SECRET_GATEWAY, RESPONSE, PASSWORD = b"chal-of-nas", b"chal-of-hgw", b"response-16-octs", b"hunter2"


def option(number: int, value: bytes, *, long: bool = False) -> bytes:
    """A sub-option with its length (§4.4.2)."""
    return bytes([number]) + len(value).to_bytes(2 if long else 1, "big") + value


def conf(name: bytes, challenge: bytes, clid: int) -> bytes:
    """A L2F_CONF (§4.4.2)."""
    return bytes([CONF]) + option(2, name) + option(3, challenge) + b"\x04" + clid.to_bytes(4, "big")


def close(why: int, text: bytes = b"") -> bytes:
    """A L2F_CLOSE (§4.4.5)."""
    return bytes([CLOSE, 1]) + why.to_bytes(4, "big") + (option(2, text, long=True) if text else b"")


def ask(name: bytes, authentication: int = 3) -> bytes:
    """A L2F_OPEN for a client (§4.4.4)."""
    return bytes([OPEN, 6, authentication]) + option(1, name) + option(3, PASSWORD)


class L2fScript(Script):
    """A is the NAS, B the home gateway; A gives out the CLID *a*, B *b*."""

    def __init__(self, a: int = 7, b: int = 42) -> None:
        super().__init__()
        self.a, self.b = a, b
        self.numbers: dict[tuple[bytes, int], int] = {}

    def packet(
        self, time: float, source: bytes, clid: int, payload: bytes, *, mid: int = 0, protocol: int = 1, number: int | None = 0
    ) -> None:
        """One packet with a key; *number* None: S is clear."""
        key = b"" if payload[:1] == bytes([CONF]) and protocol == 1 else b"\xca\xfe\xba\xbe"
        flags = (K if key else 0) | (S if number is not None else 0) | 1
        head = struct.pack(">HBBHHH", flags, protocol, (number or 0) & 0xFF, mid, clid, 10 + len(key) + len(payload))
        self.udp(time, source, B if source == A else A, head + key + payload)

    def say(self, time: float, source: bytes, payload: bytes, *, mid: int = 0, clid: int | None = None) -> None:
        """A message, numbered per MID (§4.2.5)."""
        number = self.numbers.get((source, mid), 0)
        self.numbers[source, mid] = number + 1
        self.packet(time, source, (self.b if source == A else self.a) if clid is None else clid, payload, mid=mid, number=number)

    def data(self, time: float, source: bytes, mid: int, number: int | None = None, *, octets: int = 40) -> None:  # type: ignore[override]
        """Payload of a client: a PPP frame of IPv4."""
        clid = self.b if source == A else self.a
        self.packet(time, source, clid, b"\xff\x03\x00\x21" + bytes(octets), mid=mid, protocol=PPP, number=number)

    def set_up(self, time: float) -> None:  # type: ignore[override]
        """A tunnel comes up in 0.3 s (§4.3.1)."""
        self.say(time, A, conf(b"nas", SECRET_NAS, self.a), clid=0)
        self.say(time + 0.1, B, conf(b"hgw", SECRET_GATEWAY, self.b))
        self.say(time + 0.2, A, bytes([OPEN]) + option(3, RESPONSE))
        self.say(time + 0.3, B, bytes([OPEN]) + option(3, RESPONSE))

    def client(self, time: float, mid: int, name: bytes) -> None:
        """A client is accepted in 0.1 s (§4.3.2)."""
        self.say(time, A, ask(name), mid=mid)
        self.say(time + 0.1, B, bytes([OPEN]), mid=mid)

    def echo(self, time: float, source: bytes, payload: bytes, took: float) -> None:
        """An echo and its answer."""
        self.say(time, source, bytes([ECHO]) + payload)
        self.say(time + took, B if source == A else A, bytes([ECHO_RESP]) + payload)


def whole() -> L2fScript:
    """A tunnel with two clients, echoes of both sides and payload, closed by the home gateway; 25 s."""
    script = L2fScript()
    script.set_up(0)
    script.client(1, 1, b"alice")
    script.client(2, 2, b"bob")
    for number in range(20):
        script.data(3 + number / 10, A, 1, octets=40)
        script.data(3.05 + number / 10, B, 1, octets=60)
        if number not in (4, 9):
            script.data(3.07 + number / 10, B, 2, number, octets=60)
    script.echo(10, A, b"\0\0\0\1", 0.02)
    script.echo(11, B, b"\0\0\0\1", 0.03)
    script.echo(12, A, b"\0\0\0\2", 0.01)
    script.say(20, A, close(0x4), mid=1)
    script.say(25, B, close(0x4, b"maintenance"))
    return script
