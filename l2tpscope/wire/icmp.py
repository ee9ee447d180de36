"""ICMP and ICMPv6 errors, and the datagram that they quote.

```
RFC 792, RFC 4443 §3
 0                   1                   2                   3
 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|     Type      |     Code      |          Checksum             |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|      unused, pointer, address, or MTU (v4: the low 16 bits)   |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|      the datagram in question, as much as the sender quotes
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
```

What is quoted is not traffic: it tells only what somebody once sent, and that it did not arrive.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from l2tpscope.core.anomaly import Anomaly, AnomalyKind
from l2tpscope.wire.reader import Reader, Short

UDP, TCP = 17, 6
REDIRECT = 5
"""The type of ICMP whose second word is an address (RFC 792)."""
FRAGMENT = 44
IP6_HEADERS: dict[int, Callable[[int], int]] = {
    0: lambda length: length * 8 + 8,
    43: lambda length: length * 8 + 8,
    FRAGMENT: lambda _length: 8,
    51: lambda length: length * 4 + 8,
    60: lambda length: length * 8 + 8,
}
"""IPv6 headers that may stand before the payload: their octets, by their length field (RFC 8200, RFC 4302)."""

TYPES4: dict[int, str] = {
    3: "destination unreachable",
    4: "source quench",
    5: "redirect",
    11: "time exceeded",
    12: "parameter problem",
}
CODES4: dict[tuple[int, int], str] = {
    (3, 0): "network unreachable",
    (3, 1): "host unreachable",
    (3, 2): "protocol unreachable",
    (3, 3): "port unreachable",
    (3, 4): "fragmentation needed, but not allowed",
    (3, 5): "source route failed",
    (3, 6): "network unknown",
    (3, 7): "host unknown",
    (3, 8): "host isolated",
    (3, 9): "network prohibited",
    (3, 10): "host prohibited",
    (3, 11): "network unreachable for this service",
    (3, 12): "host unreachable for this service",
    (3, 13): "administratively prohibited",
    (3, 14): "host precedence violation",
    (3, 15): "precedence cut off",
    (11, 0): "time to live exceeded",
    (11, 1): "fragment reassembly time exceeded",
    (12, 0): "bad header",
    (12, 1): "missing option",
    (12, 2): "bad length",
}
TYPES6: dict[int, str] = {
    1: "destination unreachable",
    2: "packet too big",
    3: "time exceeded",
    4: "parameter problem",
}
CODES6: dict[tuple[int, int], str] = {
    (1, 0): "no route",
    (1, 1): "administratively prohibited",
    (1, 2): "beyond scope of source address",
    (1, 3): "address unreachable",
    (1, 4): "port unreachable",
    (1, 5): "source address failed policy",
    (1, 6): "route rejected",
    (3, 0): "hop limit exceeded",
    (3, 1): "fragment reassembly time exceeded",
    (4, 0): "bad header field",
    (4, 1): "unknown next header",
    (4, 2): "unknown option",
}


class Quoted(NamedTuple):
    """The datagram that an error quotes."""

    source: bytes
    """4 or 16 octets; who sent what did not arrive."""
    destination: bytes
    protocol: int
    source_port: int | None
    """None: no UDP or TCP, or not quoted."""
    destination_port: int | None
    octets: int
    """Its length, as its IP header says."""
    payload: bytes
    """What is quoted after the UDP header, or after the IP header where it is not UDP."""


class IcmpError(NamedTuple):
    """One error."""

    version: int
    type: int
    code: int
    name: str
    """`port unreachable`; of an unknown code the type's name with the number."""
    mtu: int | None
    """Of the next hop, where the error is about size and says it."""
    quoted: Quoted | None
    """None: nothing readable is quoted."""
    anomalies: tuple[Anomaly, ...]


def decode_icmp_error(octets: bytes, octets_on_wire: int | None = None) -> IcmpError:
    """The ICMP message that begins at *octets*; never raises. What is no error has the name `not an error`."""
    return _decode(octets, octets_on_wire, 4)


def decode_icmp6_error(octets: bytes, octets_on_wire: int | None = None) -> IcmpError:
    """The ICMPv6 message that begins at *octets*; never raises. What is no error has the name `not an error`."""
    return _decode(octets, octets_on_wire, 6)


def _decode(octets: bytes, octets_on_wire: int | None, version: int) -> IcmpError:
    reader = Reader(octets)
    cut = octets_on_wire is not None and len(octets) < octets_on_wire
    try:
        kind, code = reader.u8(), reader.u8()
    except Short as short:
        return IcmpError(version, -1, -1, "unreadable", None, None, (_short(short, "shorter than its header", cut=cut),))
    name = _name(version, kind, code)
    if name == "not an error":
        return IcmpError(version, kind, code, name, None, None, ())
    mtu: int | None = None
    quoted: Quoted | None = None
    anomalies: tuple[Anomaly, ...] = ()
    try:
        reader.take(2)
        word = reader.u32()
        if (version, kind) == (6, 2):
            mtu = word
        elif (version, kind, code) == (4, 3, 4):
            mtu = word & 0xFFFF or None
        quoted = _read_quoted(reader)
    except Short as short:
        anomalies = (_short(short, "the quoted datagram is shorter than its headers", cut=cut),)
    return IcmpError(version, kind, code, name, mtu, quoted, anomalies)


def _short(short: Short, what: str, *, cut: bool) -> Anomaly:
    return Anomaly(AnomalyKind.TRUNCATED if cut else AnomalyKind.MALFORMED, what, short.offset)


def _name(version: int, kind: int, code: int) -> str:
    types, codes = (TYPES4, CODES4) if version == 4 else (TYPES6, CODES6)
    if kind not in types:
        return "not an error"
    if (kind, code) in codes:
        return codes[kind, code]
    return types[kind] if kind in (4, 5) or not code else f"{types[kind]} (code {code})"


def _read_quoted(reader: Reader) -> Quoted:
    first = reader.u8()
    ip = _read_ip6(reader) if first >> 4 == 6 else _read_ip4(reader, first)
    source_port = destination_port = None
    if ip.protocol in (UDP, TCP) and ip.begins and reader.left >= 4:
        source_port, destination_port = reader.u16(), reader.u16()
        if ip.protocol == UDP:
            reader.take(min(4, reader.left))
    return Quoted(ip.source, ip.destination, ip.protocol, source_port, destination_port, ip.octets, reader.rest())


class _Ip(NamedTuple):
    source: bytes
    destination: bytes
    protocol: int
    octets: int
    begins: bool
    """Its payload begins here: not a later fragment."""


def _read_ip4(reader: Reader, first: int) -> _Ip:
    begin = reader.at - 1
    reader.take(1)
    size = reader.u16()
    reader.take(2)
    fragment = reader.u16() & 0x1FFF
    reader.take(1)
    protocol = reader.u8()
    reader.take(2)
    source, destination = reader.take(4), reader.take(4)
    options = (first & 0x0F) * 4 - 20
    if first >> 4 != 4 or options < 0:
        raise Short(begin, 20, 0)
    reader.take(options)
    return _Ip(source, destination, protocol, size, not fragment)


def _read_ip6(reader: Reader) -> _Ip:
    reader.take(3)
    size = reader.u16() + 40
    protocol = reader.u8()
    reader.take(1)
    source, destination = reader.take(16), reader.take(16)
    begins = True
    while protocol in IP6_HEADERS and reader.left >= 8:
        following, length = reader.u8(), reader.u8()
        rest = reader.take(min(IP6_HEADERS[protocol](length) - 2, reader.left))
        if protocol == FRAGMENT and Reader(rest).u16() >> 3:
            begins = False
        protocol = following
    return _Ip(source, destination, protocol, size, begins)
