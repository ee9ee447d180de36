"""payloads: what each IKE payload holds, as far as anybody may want to read it. Keys, nonces and proofs leave their lengths only.

```
 0                   1                   2                   3
+---------------+-+-------------+-------------------------------+
| Next Payload  |C|  Reserved   |  Payload Length (with these 4) |   RFC 2408 §3.2, RFC 7296 §3.2
+---------------+-+-------------+-------------------------------+
```
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from l2tpscope.wire.ike.names import CERTIFICATE_ENCODINGS, GROUPS, ID_TYPES, NotifyV1, NotifyV2
from l2tpscope.wire.ike.vendors import VENDOR_IDS
from l2tpscope.wire.reader import Reader, decode_text

MOST_SPIS = 64


@dataclass(frozen=True, slots=True)
class Payload:
    """Any payload: its type and the length of its body."""

    kind: int
    octets: int


@dataclass(frozen=True, slots=True)
class Transform:
    """One transform of a proposal."""

    kind: int
    """IKEv2: transform type; 0 in IKEv1, where the attributes say everything."""
    identifier: int
    attributes: tuple[tuple[int, int], ...]
    """Type and value; long values as numbers."""

    def get(self, attribute: int) -> int | None:
        """The first value of an attribute."""
        return next((value for kind, value in self.attributes if kind == attribute), None)


@dataclass(frozen=True, slots=True)
class Proposal:
    """One proposal of a security association."""

    number: int
    protocol: int
    spi: bytes
    transforms: tuple[Transform, ...]


@dataclass(frozen=True, slots=True)
class SecurityAssociation(Payload):
    """Proposals; of a responder, the one that it chose."""

    doi: int | None
    proposals: tuple[Proposal, ...]


@dataclass(frozen=True, slots=True)
class KeyExchange(Payload):
    """A public value; IKEv2 names its group."""

    group: str | None


@dataclass(frozen=True, slots=True)
class Identification(Payload):
    """Who somebody claims to be."""

    type: str
    protocol: int
    port: int
    text: str


@dataclass(frozen=True, slots=True)
class Certificate(Payload):
    """A certificate, or a request for one."""

    encoding: str


@dataclass(frozen=True, slots=True)
class Notify(Payload):
    """An error or a status."""

    protocol: int
    type: NotifyV1 | NotifyV2
    spi: bytes
    data: bytes

    @property
    def is_error(self) -> bool:
        """Whether it says that something failed."""
        return int(self.type) < (8192 if isinstance(self.type, NotifyV1) else 16384)


@dataclass(frozen=True, slots=True)
class Delete(Payload):
    """SAs that are deleted."""

    protocol: int
    spis: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class VendorId(Payload):
    """What software it is, or what it can do."""

    octets_sent: bytes
    name: str | None


@dataclass(frozen=True, slots=True)
class NatD(Payload):
    """A hash of an address and port (RFC 3947 §3.2)."""

    digest: bytes


@dataclass(frozen=True, slots=True)
class NatOa(Payload):
    """The address before NAT (RFC 3947 §5.2)."""

    address: str


@dataclass(frozen=True, slots=True)
class Fragment(Payload):
    """A piece of a message: of Cisco and Microsoft (`total` unknown but for the last), or RFC 7383."""

    number: int
    total: int | None


@dataclass(frozen=True, slots=True)
class Authentication(Payload):
    """IKEv2 AUTH; seen in clear only where something is broken."""

    method: int


def read_payload(major: int, kind: int, reader: Reader) -> Payload:
    """The payload of that type; raises Short where its fields reach beyond its body."""
    octets = reader.left
    read = (_READERS_V1 if major == 1 else _READERS_V2).get(kind)
    return read(kind, octets, reader) if read is not None else Payload(kind, octets)


# ---- security associations -------------------------------------------------------------------------------------------

MOST_PROPOSALS, MOST_TRANSFORMS, MOST_ATTRIBUTES = 128, 256, 32


def _sa_v1(kind: int, octets: int, reader: Reader) -> SecurityAssociation:
    doi = reader.u32()
    reader.u32()  # situation: identity only, in all that is in use (RFC 2407 §4.2)
    return SecurityAssociation(kind, octets, doi, _proposals(reader, _transform_v1))


def _sa_v2(kind: int, octets: int, reader: Reader) -> SecurityAssociation:
    return SecurityAssociation(kind, octets, None, _proposals(reader, _transform_v2))


def _proposals(reader: Reader, read: object) -> tuple[Proposal, ...]:
    """RFC 2408 §3.5, RFC 7296 §3.3.1."""
    proposals: list[Proposal] = []
    budget = MOST_TRANSFORMS
    while reader.left and len(proposals) < MOST_PROPOSALS:
        reader.u16()
        inner = _sub(reader, reader.u16() - 4)
        number, protocol, spi_octets, count = inner.u8(), inner.u8(), inner.u8(), inner.u8()
        spi = inner.take(spi_octets)
        transforms: list[Transform] = []
        while inner.left and len(transforms) < min(count, budget):
            inner.u16()
            body = _sub(inner, inner.u16() - 4)
            transforms.append(read(body))  # type: ignore[operator]
        budget -= len(transforms)
        proposals.append(Proposal(number, protocol, spi, tuple(transforms)))
    return tuple(proposals)


def _sub(reader: Reader, octets: int) -> Reader:
    """A reader of the next octets only."""
    at = reader.at
    reader.take(octets)
    return Reader(reader.octets, at, at + octets)


def _transform_v1(reader: Reader) -> Transform:
    reader.u8()  # its number
    identifier = reader.u8()
    reader.u16()
    return Transform(0, identifier, _attributes(reader))


def _transform_v2(reader: Reader) -> Transform:
    kind = reader.u8()
    reader.u8()
    return Transform(kind, reader.u16(), _attributes(reader))


def _attributes(reader: Reader) -> tuple[tuple[int, int], ...]:
    """RFC 2408 §3.3: basic ones have the value in place of the length."""
    found: list[tuple[int, int]] = []
    while reader.left and len(found) < MOST_ATTRIBUTES:
        kind, word = reader.u16(), reader.u16()
        found.append((kind & 0x7FFF, word if kind & 0x8000 else int.from_bytes(reader.take(word)[:8], "big")))
    return tuple(found)


# ---- the others ------------------------------------------------------------------------------------------------------


def _key_v1(kind: int, octets: int, _: Reader) -> KeyExchange:
    return KeyExchange(kind, octets, None)


def _key_v2(kind: int, octets: int, reader: Reader) -> KeyExchange:
    number = reader.u16()
    return KeyExchange(kind, octets, GROUPS.get(number, f"group {number}"))


def _identification(kind: int, octets: int, reader: Reader) -> Identification:
    number, protocol, port = reader.u8(), reader.u8(), reader.u16()
    name = ID_TYPES.get(number, f"UNKNOWN_{number}")
    return Identification(kind, octets, name, protocol, port, _identity(name, reader.rest()))


def _identity(name: str, octets: bytes) -> str:
    if name == "IPV4_ADDR" and len(octets) == 4:
        return str(IPv4Address(octets))
    if name == "IPV6_ADDR" and len(octets) == 16:
        return str(IPv6Address(octets))
    if name in ("FQDN", "USER_FQDN"):
        return decode_text(octets)
    text = decode_text(octets)
    return text if name == "KEY_ID" and text.isprintable() else octets.hex()


def _certificate(kind: int, octets: int, reader: Reader) -> Certificate:
    number = reader.u8()
    return Certificate(kind, octets, CERTIFICATE_ENCODINGS.get(number, f"encoding {number}"))


def _notify_v1(kind: int, octets: int, reader: Reader) -> Notify:
    reader.u32()  # DOI
    protocol, spi_octets = reader.u8(), reader.u8()
    number = reader.u16()
    return Notify(kind, octets, protocol, NotifyV1(number), reader.take(spi_octets), reader.rest())


def _notify_v2(kind: int, octets: int, reader: Reader) -> Notify:
    protocol, spi_octets = reader.u8(), reader.u8()
    number = reader.u16()
    return Notify(kind, octets, protocol, NotifyV2(number), reader.take(spi_octets), reader.rest())


def _delete_v1(kind: int, octets: int, reader: Reader) -> Delete:
    reader.u32()
    return _delete_v2(kind, octets, reader)


def _delete_v2(kind: int, octets: int, reader: Reader) -> Delete:
    protocol, spi_octets, count = reader.u8(), reader.u8(), reader.u16()
    return Delete(kind, octets, protocol, tuple(reader.take(spi_octets) for _ in range(min(count, MOST_SPIS))))


def _vendor(kind: int, octets: int, reader: Reader) -> VendorId:
    sent = reader.rest()
    return VendorId(kind, octets, sent, vendor_name(sent))


def _nat_d(kind: int, octets: int, reader: Reader) -> NatD:
    return NatD(kind, octets, reader.rest())


def _nat_oa(kind: int, octets: int, reader: Reader) -> NatOa:
    number = reader.u8()
    reader.take(3)
    return NatOa(kind, octets, _identity(ID_TYPES.get(number, ""), reader.rest()))


def _fragment_v1(kind: int, octets: int, reader: Reader) -> Fragment:
    reader.u16()  # which message it is a piece of
    number, last = reader.u8(), reader.u8() & 1
    return Fragment(kind, octets, number, number if last else None)


def _fragment_v2(kind: int, octets: int, reader: Reader) -> Fragment:
    return Fragment(kind, octets, reader.u16(), reader.u16())


def _authentication(kind: int, octets: int, reader: Reader) -> Authentication:
    return Authentication(kind, octets, reader.u8())


_READERS_V1 = {
    1: _sa_v1,
    4: _key_v1,
    5: _identification,
    6: _certificate,
    7: _certificate,
    11: _notify_v1,
    12: _delete_v1,
    13: _vendor,
    15: _nat_d,
    16: _nat_oa,
    20: _nat_d,
    21: _nat_oa,
    130: _nat_d,
    131: _nat_oa,
    132: _fragment_v1,
}
_READERS_V2 = {
    33: _sa_v2,
    34: _key_v2,
    35: _identification,
    36: _identification,
    37: _certificate,
    38: _certificate,
    39: _authentication,
    41: _notify_v2,
    42: _delete_v2,
    43: _vendor,
    53: _fragment_v2,
}


def _index() -> dict[int, dict[bytes, tuple[bool, str]]]:
    """Vendor IDs by their length."""
    found: dict[int, dict[bytes, tuple[bool, str]]] = {}
    for octets, whole, name in VENDOR_IDS:
        sent = bytes.fromhex(octets)
        found.setdefault(len(sent), {})[sent] = (whole, name)
    return dict(sorted(found.items(), reverse=True))


_VENDORS = _index()


def vendor_name(octets: bytes) -> str | None:
    """The name of a vendor ID: of the longest that it is, or begins with."""
    for size, several in _VENDORS.items():
        found = several.get(octets[:size])
        if found is not None and (size == len(octets) or not found[0]):
            return found[1]
    return None
