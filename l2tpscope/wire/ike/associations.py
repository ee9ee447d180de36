"""associations: SA payloads: proposals, transforms and their attributes.

```
+---------------+---------------+-------------------------------+
| 0 last 2 more |   Reserved    |        Proposal Length        |   RFC 2408 §3.5, RFC 7296 §3.3.1
+---------------+---------------+---------------+---------------+
|  Proposal #   |  Protocol ID  |   SPI Size    | # Transforms  |
+---------------+---------------+---------------+---------------+
| 0 last 3 more |   Reserved    |       Transform Length        |
+---------------+---------------+-------------------------------+
|  v1: number   |  v1: ID       |           Reserved            |   RFC 2408 §3.6
|  v2: type     |  Reserved     |         Transform ID          |   RFC 7296 §3.3.2
+---------------+---------------+-------------------------------+
|AF|      Attribute Type        |  AF=1: value; AF=0: length    |   RFC 2408 §3.3, RFC 7296 §3.3.5
+--+----------------------------+-------------------------------+
```
"""

from __future__ import annotations

from functools import lru_cache

from l2tpscope.core.anomaly import Anomaly, AnomalyKind
from l2tpscope.wire.ike.payloads import Proposal, SecurityAssociation, Transform
from l2tpscope.wire.reader import Reader, Short

MOST_PROPOSALS, MOST_TRANSFORMS, MOST_ATTRIBUTES = 64, 256, 32
"""Of one SA payload (transforms: of all proposals), and of one transform."""
IPSEC_DOI, IDENTITY_ONLY = 1, 1
"""With another situation, labels stand before the proposals (RFC 2407 §4.6.1); nobody uses them."""
HEAD = 8
"""Octets of a proposal before its SPI, and of a transform before its attributes."""
GENERIC = 4
LONGEST_NUMBER = 8
"""Octets of a long value that is kept: longer ones are primes and curves of private groups."""
_KEEP_OCTETS = 64


class _Unread(Exception):  # noqa: N818 - not an error of ours
    """Why the rest of an SA is not read; never leaves this file."""

    def __init__(self, what: str, kind: AnomalyKind = AnomalyKind.MALFORMED) -> None:
        super().__init__(what)
        self.kind = kind


def read_association(major: int, kind: int, size: int, reader: Reader, faults: list[Anomaly]) -> SecurityAssociation:
    """The SA, with all proposals up to where it is cut, contradicts itself, or has too many."""
    cut = reader.left < size
    found: list[Proposal] = []
    doi: int | None = None
    whole = not cut
    try:
        if major == 1:
            doi = reader.u32()
            situation = reader.u32()
            if (doi, situation) != (IPSEC_DOI, IDENTITY_ONLY) and doi != 0:
                raise _Unread(f"an SA of DOI {doi}, situation {situation}", AnomalyKind.UNKNOWN)
        _proposals(major, reader, found, cut=cut)
    except _Unread as unread:
        whole = False
        if not cut or unread.kind is not AnomalyKind.MALFORMED:
            faults.append(Anomaly(unread.kind, str(unread), reader.at))
    except Short as short:
        whole = False
        if not cut:
            faults.append(Anomaly(AnomalyKind.MALFORMED, "an SA whose proposals do not fit", short.offset))
    return SecurityAssociation(kind, size, doi, tuple(found), whole)


def _proposals(major: int, reader: Reader, found: list[Proposal], *, cut: bool) -> None:
    budget = MOST_TRANSFORMS
    while reader.left:
        if len(found) >= MOST_PROPOSALS:
            raise _Unread(f"more than {MOST_PROPOSALS} proposals")
        inner = _inside(reader, "proposal", cut=cut)
        number, protocol, spi_octets, count = inner.u8(), inner.u8(), inner.u8(), inner.u8()
        spi = inner.take(spi_octets)
        transforms: list[Transform] = []
        try:
            _transforms(major, inner, transforms, budget)
        finally:
            found.append(Proposal(number, protocol, spi, tuple(transforms)))
        if len(transforms) != count:
            raise _Unread(f"a proposal of {count} transforms has {len(transforms)}")
        budget -= count


def _transforms(major: int, reader: Reader, found: list[Transform], most: int) -> None:
    while reader.left:
        if len(found) >= most:
            raise _Unread(f"more than {MOST_TRANSFORMS} transforms")
        octets = _inside(reader, "transform", cut=False).rest()
        try:
            found.append(_transform(major, octets))
        except Short:
            raise _Unread("a transform whose attributes do not fit") from None


def _inside(reader: Reader, what: str, *, cut: bool) -> Reader:
    """What stands in the next proposal or transform, without the four octets before it; of a *cut* one, what is there."""
    reader.u16()
    octets = reader.u16()
    if octets < HEAD:
        raise _Unread(f"a {what} of length {octets}")
    at = reader.at
    reader.take(min(octets - GENERIC, reader.left) if cut else octets - GENERIC)
    return Reader(reader.octets, at, reader.at)


def _transform(major: int, octets: bytes) -> Transform:
    """Most are met again in the next message; long ones are not kept, for they could fill the memory."""
    return _kept(major, octets) if len(octets) <= _KEEP_OCTETS else _read(major, octets)


def _read(major: int, octets: bytes) -> Transform:
    reader = Reader(octets)
    if major == 1:
        reader.u8()  # its number
        kind, identifier = 0, reader.u8()
        reader.u16()
    else:
        kind = reader.u8()
        reader.u8()
        identifier = reader.u16()
    attributes: list[tuple[int, int]] = []
    while reader.left:
        if len(attributes) >= MOST_ATTRIBUTES:
            raise _Unread(f"more than {MOST_ATTRIBUTES} attributes")
        name, word = reader.u16(), reader.u16()
        if name & 0x8000:
            attributes.append((name & 0x7FFF, word))
        elif len(value := reader.take(word)) <= LONGEST_NUMBER:
            attributes.append((name, int.from_bytes(value, "big")))
    return Transform(kind, identifier, tuple(attributes))


_kept = lru_cache(maxsize=4096)(_read)
