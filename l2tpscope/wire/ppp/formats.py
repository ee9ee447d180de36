"""formats: the value of an option in words, and as a number where it is one.

A format takes what stands behind type and length. It raises `Short` or `Invalid` where those octets are not what the RFC says.
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address

from l2tpscope.wire.ppp.meanings import CHAP_ALGORITHMS
from l2tpscope.wire.ppp.protocols import CHAP, LQR, protocol_name
from l2tpscope.wire.reader import Reader, decode_text

Read = tuple[str, int | None]


class Invalid(Exception):  # noqa: N818 - not an error of ours: the octets are not what the format says
    """Octets are left over; never leaves `wire.ppp`."""


def authentication_name(raw: bytes) -> str:
    """`PAP`, `CHAP-MD5`, `MS-CHAP`, `MS-CHAPv2`, `EAP`, of what an Authentication-Protocol option holds behind type and length.

    *Source*: RFC 1661 §6.2, RFC 1994 §3. Hex where the octets are too few.
    """
    if len(raw) < 2:
        return raw.hex()
    protocol = Reader(raw).u16()
    if protocol != CHAP:
        return protocol_name(protocol)
    name = CHAP_ALGORITHMS.get(raw[2], f"UNKNOWN_{raw[2]}") if len(raw) > 2 else "UNKNOWN"
    return name if name.startswith("MS-CHAP") else f"CHAP-{name}"


def _authentication(raw: bytes) -> Read:
    protocol = Reader(raw).u16()
    if protocol != CHAP:
        return protocol_name(protocol), protocol
    reader = Reader(raw, 2)
    algorithm = reader.u8()
    _done(reader)
    return f"CHAP {CHAP_ALGORITHMS.get(algorithm, f'UNKNOWN_{algorithm}')}", protocol


def _done(reader: Reader) -> None:
    if reader.left:
        raise Invalid


def _u8(raw: bytes) -> Read:
    value = _number(raw, 1)
    return str(value), value


def _u16(raw: bytes) -> Read:
    value = _number(raw, 2)
    return str(value), value


def _hex32(raw: bytes) -> Read:
    value = _number(raw, 4)
    return f"0x{value:08x}", value


def _number(raw: bytes, octets: int) -> int:
    if len(raw) != octets:
        raise Invalid
    return int.from_bytes(raw, "big")


def _flag(raw: bytes) -> Read:
    _number(raw, 0)
    return "", None


def _hex(raw: bytes) -> Read:
    return raw.hex(), None


def _ipv4(raw: bytes) -> Read:
    value = _number(raw, 4)
    return str(IPv4Address(value)), value


def _ipv4_pair(raw: bytes) -> Read:
    _number(raw, 8)
    return f"{IPv4Address(raw[:4])} {IPv4Address(raw[4:])}", None


def _interface(raw: bytes) -> Read:
    """RFC 5072 §4.1: 0 asks for one."""
    value = _number(raw, 8)
    return ":".join(raw[at : at + 2].hex() for at in range(0, 8, 2)), value


def _mac(raw: bytes) -> Read:
    value = _number(raw, 6)
    return raw.hex(":"), value


def _vendor(raw: bytes) -> Read:
    """RFC 2153 §2.2, RFC 1962 §4.1: OUI, kind, what the vendor likes."""
    reader = Reader(raw)
    oui, kind = reader.take(3).hex(":"), reader.u8()
    return f"{oui} kind {kind} {reader.rest().hex()}".rstrip(), None


def _quality(raw: bytes) -> Read:
    """RFC 1989 §2.1: the period is in hundredths of a second, 0: report whenever one is received."""
    reader = Reader(raw)
    protocol = reader.u16()
    if protocol != LQR:
        return f"{protocol_name(protocol)} {reader.rest().hex()}".rstrip(), None
    period = reader.u32()
    _done(reader)
    return f"LQR every {period / 100:g} s" if period else "LQR without period", period


FCS_BITS = ((1, "null"), (2, "16 bits"), (4, "32 bits"))


def _fcs(raw: bytes) -> Read:
    value = _number(raw, 1)
    return _bits(value, FCS_BITS), value


def _bits(value: int, names: tuple[tuple[int, str], ...]) -> str:
    """The names of the bits that are set, and in hex those without a name."""
    words = [name for bit, name in names if value & bit]
    unnamed = value & ~sum(bit for bit, _ in names)
    if unnamed:
        words.append(f"0x{unnamed:x}")
    return " ".join(words) or "none"


MPPE_BITS = (
    (0x40, "128-bit"),
    (0x80, "56-bit"),
    (0x20, "40-bit"),
    (0x0100_0000, "stateless"),
    (0x10, "obsolete"),
    (0x01, "compression"),
)
"""RFC 3078 §2.1, RFC 2118 §2."""
MPPE_KEYS = 0x40 | 0x80 | 0x20 | 0x10
"""Without any of these bits the option is about compression alone."""


def _mppe(raw: bytes) -> Read:
    value = _number(raw, 4)
    return _bits(value, MPPE_BITS) if value & MPPE_KEYS else f"no encryption {_bits(value, MPPE_BITS)}".removesuffix(" none"), value


CALLBACK_OPERATIONS = {0: "by user", 1: "dialling string", 2: "location", 3: "E.164 number", 4: "distinguished name", 6: "by CBCP"}


def _callback(raw: bytes) -> Read:
    """RFC 1570 §2.3; operation 6 is Microsoft's."""
    reader = Reader(raw)
    operation = reader.u8()
    return f"{CALLBACK_OPERATIONS.get(operation, f'operation {operation}')} {reader.text()}".rstrip(), operation


ENDPOINTS = {0: "none", 1: "local", 2: "IPv4", 3: "MAC", 4: "magic", 5: "number"}


def _endpoint(raw: bytes) -> Read:
    """RFC 1990 §5.1.3."""
    reader = Reader(raw)
    kind = reader.u8()
    address = reader.rest()
    name = ENDPOINTS.get(kind, f"class {kind}")
    if kind == 2:
        return f"{name} {_ipv4(address)[0]}", None
    if kind == 3:
        return f"{name} {_mac(address)[0]}", None
    text = decode_text(address)
    return f"{name} {text if text.isprintable() and kind in (1, 5) else address.hex()}".rstrip(), None


def _multilink(raw: bytes) -> Read:
    """RFC 2686 §3."""
    reader = Reader(raw)
    code, classes = reader.u8(), reader.u8()
    _done(reader)
    form = {2: "long", 6: "short"}.get(code, f"code {code}")
    return f"{form} {classes} classes", code


def _language(raw: bytes) -> Read:
    """RFC 2484 §3: the number of a character set, and a tag."""
    reader = Reader(raw)
    charset = reader.u32()
    return f"charset {charset} {reader.text()}".rstrip(), charset


IP_COMPRESSION = {0x0003: "ROHC", 0x002D: "VJ", 0x0037: "VJ (RFC 1172)", 0x004F: "IPv6 header compression", 0x0061: "IPHC"}
VJ = 0x002D


def _ip_compression(raw: bytes) -> Read:
    """RFC 1332 §3.2: of VJ the highest slot, and whether the slot's number may be left out; RFC 3544, 3241 of others."""
    reader = Reader(raw)
    protocol = reader.u16()
    name = IP_COMPRESSION.get(protocol) or protocol_name(protocol)
    if protocol != VJ or not reader.left:
        return f"{name} {reader.rest().hex()}".rstrip(), protocol
    highest, leaves_out = reader.u8(), reader.u8()
    _done(reader)
    return f"{name} {highest + 1} slots{' numbers left out' if leaves_out else ''}", protocol


STAC_CHECKS = {0: "no check", 1: "LCB", 2: "CRC", 3: "sequence numbers", 4: "extended"}


def _stac(raw: bytes) -> Read:
    """RFC 1974 §3; with another length it is Ascend's."""
    if len(raw) != 3:
        return raw.hex(), None
    histories = Reader(raw).u16()
    return f"{histories} histories {STAC_CHECKS.get(raw[2], f'check {raw[2]}')}", histories


def _bsd(raw: bytes) -> Read:
    """RFC 1977 §2: version and bits of the dictionary."""
    value = _number(raw, 1)
    return f"version {value >> 5} {value & 31} bits", value & 31


def _deflate(raw: bytes) -> Read:
    """RFC 1979 §2: the window is 2 ^ (first half + 8); method 8 is zlib's, check 0 sequence numbers."""
    value = _number(raw, 2)
    window = (value >> 12) + 8
    usual = (value >> 8) & 15 == 8 and not value & 0xFF
    return f"window 2^{window}" + ("" if usual else f" 0x{value:04x}"), window


MAC_TYPES = {1: "Ethernet", 2: "802.4", 3: "802.5 non-canonical", 4: "FDDI non-canonical", 11: "802.5 canonical", 12: "FDDI canonical"}


def _mac_type(raw: bytes) -> Read:
    """RFC 3518 §4.3."""
    value = _number(raw, 1)
    return MAC_TYPES.get(value, f"type {value}"), value


def _enabled(raw: bytes) -> Read:
    """RFC 3518 §4.4, 4.5, 4.8."""
    value = _number(raw, 1)
    return {1: "on", 2: "off"}.get(value, str(value)), value


def _lan(raw: bytes) -> Read:
    """RFC 3518 §4.1: 12 bits of LAN segment, 4 of bridge."""
    value = _number(raw, 2)
    return f"segment {value >> 4} bridge {value & 15}", value


def _cbcp(raw: bytes) -> Read:
    """Delay in seconds, then addresses: a type, and text that a NUL ends. An empty option offers itself."""
    reader = Reader(raw)
    if not reader.left:
        return "", None
    delay = reader.u8()
    numbers = [decode_text(text[1:]) for text in reader.rest().split(b"\0")]
    return " ".join([f"after {delay} s", *filter(None, numbers)]), delay


FORMATS: dict[str, Callable[[bytes], Read]] = {
    "u8": _u8,
    "u16": _u16,
    "hex32": _hex32,
    "flag": _flag,
    "hex": _hex,
    "ipv4": _ipv4,
    "ipv4pair": _ipv4_pair,
    "interface": _interface,
    "mac": _mac,
    "vendor": _vendor,
    "authentication": _authentication,
    "quality": _quality,
    "fcs": _fcs,
    "mppe": _mppe,
    "callback": _callback,
    "endpoint": _endpoint,
    "multilink": _multilink,
    "language": _language,
    "ipcompression": _ip_compression,
    "stac": _stac,
    "bsd": _bsd,
    "deflate": _deflate,
    "mactype": _mac_type,
    "enabled": _enabled,
    "lan": _lan,
    "cbcp": _cbcp,
}
