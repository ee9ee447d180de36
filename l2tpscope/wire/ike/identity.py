"""identity: what an Identification says, as text: addresses, names, distinguished names.

*Source*: RFC 2407 §4.6.2.1, RFC 7296 §3.5; distinguished names are DER (X.690) of RFC 5280 §4.1.2.4.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

from l2tpscope.wire.reader import Reader, Short, decode_text

MOST_OCTETS = 256
"""Of an identity that is kept as text; longer ones are cut."""
ADDRESSES = {1: (4, 1), 5: (16, 1), 4: (4, 2), 6: (16, 2), 7: (4, 2), 8: (16, 2)}
"""ID types that are addresses: octets of one, and how many."""
BETWEEN = {4: "/", 6: "/", 7: "-", 8: "-"}
"""Subnets have a mask after them, ranges their end."""
FQDN, USER_FQDN, DER_ASN1_DN, KEY_ID = 2, 3, 9, 11

SEQUENCE, SET, OBJECT_IDENTIFIER = 0x30, 0x31, 0x06
UTF16 = 0x1E
"""BMPString: UTF-16."""
MOST_NAMES = 32
ATTRIBUTES: dict[str, str] = {
    "550403": "CN",
    "550404": "SN",
    "550405": "serialNumber",
    "550406": "C",
    "550407": "L",
    "550408": "ST",
    "550409": "street",
    "55040a": "O",
    "55040b": "OU",
    "55040c": "title",
    "55042a": "GN",
    "0992268993f22c640101": "UID",
    "0992268993f22c640119": "DC",
    "2a864886f70d010901": "E",
}
"""By object identifier, in hex: as RFC 4514 §3 names them."""


def identity(kind: int, octets: bytes) -> str:
    """The text of an identity of that type; hex where it is none."""
    size, count = ADDRESSES.get(kind, (0, 0))
    if count and len(octets) == size * count:
        make = IPv4Address if size == 4 else IPv6Address
        return BETWEEN.get(kind, "").join(str(make(octets[at : at + size])) for at in range(0, len(octets), size))
    kept = octets[:MOST_OCTETS]
    if kind in (FQDN, USER_FQDN):
        return decode_text(kept)
    if kind == DER_ASN1_DN:
        return distinguished_name(octets) or kept.hex()
    text = decode_text(kept)
    return text if kind == KEY_ID and text.isprintable() else kept.hex()


def distinguished_name(octets: bytes) -> str | None:
    """`C=NL, O=Example, CN=gateway`, in the order of the octets; None: they are no such name."""
    parts: list[str] = []
    try:
        names = _inside(Reader(octets), SEQUENCE)
        while names.left and len(parts) < MOST_NAMES:
            several = _inside(names, SET)
            while several.left and len(parts) < MOST_NAMES:
                parts.append(_attribute(_inside(several, SEQUENCE)))
    except (Short, ValueError):
        return None
    return ", ".join(parts)[:MOST_OCTETS] or None


def _attribute(reader: Reader) -> str:
    """One type and its value."""
    oid = _inside(reader, OBJECT_IDENTIFIER).rest().hex()
    tag = reader.u8()
    value = reader.take(_length(reader))
    text = value.decode("utf-16-be", "replace") if tag == UTF16 else decode_text(value)
    return f"{ATTRIBUTES.get(oid, oid)}={text}"


def _inside(reader: Reader, tag: int) -> Reader:
    """The content of the next element, which must have that tag."""
    if reader.u8() != tag:
        raise ValueError("another element was due")
    octets = _length(reader)
    at = reader.at
    reader.take(octets)
    return Reader(reader.octets, at, at + octets)


def _length(reader: Reader) -> int:
    """The length of an element (X.690 §8.1.3); the short form, or the long one of one or two octets."""
    first = reader.u8()
    if first < 0x80:
        return first
    if first == 0x81:
        return reader.u8()
    if first == 0x82:
        return reader.u16()
    raise ValueError("no length of a name")
