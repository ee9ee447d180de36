"""bodies: the body of each type of payload read.

```
 0                   1                   2                   3
+---------------+-+-------------+-------------------------------+
| Next Payload  |C|  Reserved   |  Payload Length (with these 4) |   RFC 2408 §3.2, RFC 7296 §3.2
+---------------+-+-------------+-------------------------------+
```
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from l2tpscope.core.anomaly import Anomaly, AnomalyKind
from l2tpscope.wire.ike.associations import read_association
from l2tpscope.wire.ike.identity import distinguished_name, identity
from l2tpscope.wire.ike.names import CERTIFICATE_ENCODINGS, ID_TYPES, NotifyV1, NotifyV2
from l2tpscope.wire.ike.payloads import (
    Certificate,
    CertificateRequest,
    Delete,
    Fragment,
    Identification,
    KeyExchange,
    NatD,
    NatOa,
    Notify,
    Payload,
    VendorId,
)
from l2tpscope.wire.ike.transforms import GROUPS
from l2tpscope.wire.ike.vendor_ids import find_vendor
from l2tpscope.wire.reader import Reader, Short

MOST_SPIS = 64
MOST_KEPT = 64
"""Octets of a vendor ID, an SPI or a hash that are kept: more than any has."""
MOST_DATA = 256
"""Octets kept of a notify's data: a cookie has 64 at most, a name of a gateway 255."""
SA_V1, SA_V2 = 1, 33

Read = Callable[[int, int, Reader], Payload]


def read_body(major: int, kind: int, size: int, reader: Reader, faults: list[Anomaly]) -> Payload:
    """The payload of that type, of *size* octets, of which *reader* may have fewer if the capture cut it.

    A body that contradicts itself is a fault; what was read before it is kept of an SA, and of the others their length.
    """
    if kind in (SA_V1, SA_V2):
        return read_association(major, kind, size, reader, faults)
    read = (READERS_V1 if major == 1 else READERS_V2).get(kind)
    if read is None or reader.left < size:
        return plain(kind, size)
    begin = reader.at
    try:
        return read(kind, size, reader)
    except Short:
        faults.append(Anomaly(AnomalyKind.MALFORMED, f"payload {kind} of {size} octets does not hold what its type needs", begin))
        return plain(kind, size)


@lru_cache(maxsize=4096)
def plain(kind: int, octets: int) -> Payload:
    """A payload of which type and length are all."""
    return Payload(kind, octets)


def _key(kind: int, octets: int, reader: Reader) -> KeyExchange:
    """IKEv2: the group stands before the value (RFC 7296 §3.4)."""
    number = reader.u16()
    return KeyExchange(kind, octets, GROUPS.get(number, f"group {number}"))


def _identification(kind: int, octets: int, reader: Reader) -> Identification:
    """RFC 2407 §4.6.2; IKEv2 has zeros for protocol and port (RFC 7296 §3.5)."""
    number, protocol, port = reader.u8(), reader.u8(), reader.u16()
    return Identification(kind, octets, ID_TYPES.get(number, f"UNKNOWN_{number}"), protocol, port, identity(number, reader.rest()))


def _certificate(kind: int, octets: int, reader: Reader) -> Certificate:
    return Certificate(kind, octets, _encoding(reader.u8()))


def _request_v1(kind: int, octets: int, reader: Reader) -> CertificateRequest:
    """RFC 2408 §3.10: the distinguished name of an authority, or nothing for any."""
    encoding = _encoding(reader.u8())
    return CertificateRequest(kind, octets, encoding, distinguished_name(reader.rest()))


def _request_v2(kind: int, octets: int, reader: Reader) -> CertificateRequest:
    return CertificateRequest(kind, octets, _encoding(reader.u8()), None)


def _encoding(number: int) -> str:
    return CERTIFICATE_ENCODINGS.get(number, f"encoding {number}")


def _notify_v1(kind: int, octets: int, reader: Reader) -> Notify:
    reader.u32()  # DOI
    protocol, spi_octets, number = reader.u8(), reader.u8(), reader.u16()
    return Notify(kind, octets, protocol, NotifyV1(number), reader.take(spi_octets)[:MOST_KEPT], reader.rest()[:MOST_DATA])


def _notify_v2(kind: int, octets: int, reader: Reader) -> Notify:
    protocol, spi_octets, number = reader.u8(), reader.u8(), reader.u16()
    return Notify(kind, octets, protocol, NotifyV2(number), reader.take(spi_octets)[:MOST_KEPT], reader.rest()[:MOST_DATA])


def _delete_v1(kind: int, octets: int, reader: Reader) -> Delete:
    reader.u32()  # DOI
    return _delete_v2(kind, octets, reader)


def _delete_v2(kind: int, octets: int, reader: Reader) -> Delete:
    protocol, spi_octets, count = reader.u8(), reader.u8(), reader.u16()
    return Delete(kind, octets, protocol, tuple([reader.take(spi_octets)[:MOST_KEPT] for _ in range(min(count, MOST_SPIS))]))


def _vendor(kind: int, octets: int, reader: Reader) -> VendorId:
    return _known_vendor(kind, octets, reader.rest()[:MOST_KEPT])


@lru_cache(maxsize=4096)
def _known_vendor(kind: int, octets: int, sent: bytes) -> VendorId:
    name, vendor = find_vendor(sent) or (None, "")
    return VendorId(kind, octets, sent, name, vendor or None)


def _nat_d(kind: int, octets: int, reader: Reader) -> NatD:
    return NatD(kind, octets, reader.rest()[:MOST_KEPT])


def _nat_oa(kind: int, octets: int, reader: Reader) -> NatOa:
    number = reader.u8()
    reader.take(3)
    return NatOa(kind, octets, identity(number, reader.rest()))


def _fragment_v1(kind: int, octets: int, reader: Reader) -> Fragment:
    """Nowhere but in draft-smyslov-ipsecme-ikev1-fragmentation and the sources: 16 bits id, 8 number, 8 flags (1: the last)."""
    identifier, number, last = reader.u16(), reader.u8(), reader.u8() & 1
    return Fragment(kind, octets, identifier, number, number if last else None)


def _fragment_v2(kind: int, octets: int, reader: Reader) -> Fragment:
    """RFC 7383 §2.5."""
    return Fragment(kind, octets, 0, reader.u16(), reader.u16())


def _key_v1(kind: int, octets: int, _: Reader) -> KeyExchange:
    return KeyExchange(kind, octets, None)


READERS_V1: dict[int, Read] = {
    4: _key_v1,
    5: _identification,
    6: _certificate,
    7: _request_v1,
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
READERS_V2: dict[int, Read] = {
    34: _key,
    35: _identification,
    36: _identification,
    37: _certificate,
    38: _request_v2,
    41: _notify_v2,
    42: _delete_v2,
    43: _vendor,
    53: _fragment_v2,
}
