"""One AVP, with its value where it can be read.

```
RFC 2661 §4.1, RFC 3931 §5.1
 0                   1                   2                   3
 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|M|H| rsvd  |      Length       |           Vendor ID           |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|         Attribute Type        |   Attribute Value ... (Length - 6)
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
```
"""

from __future__ import annotations

from struct import Struct
from typing import Any, NamedTuple

from l2tpscope.core.anomaly import Anomaly, AnomalyKind
from l2tpscope.wire.l2tp.avps import AVPS
from l2tpscope.wire.l2tp.formats import FORMATS, Invalid
from l2tpscope.wire.l2tp.rows import AvpRow
from l2tpscope.wire.l2tp.vendor_avps import VENDORS
from l2tpscope.wire.reader import Reader, Short

AVP_HEADER_OCTETS = 6
M_BIT, H_BIT, RESERVED_BITS = 0x8000, 0x4000, 0x3C00

_HEADER = Struct(">HHH")


class Avp(NamedTuple):
    """One Attribute Value Pair. Frozen, and alike for alike octets."""

    vendor: int
    type: int
    name: str
    mandatory: bool
    hidden: bool
    """The H bit, also after the value was revealed."""
    reserved: int
    """The four reserved bits, 0 in healthy AVPs; both RFCs differ in what they mean (ignored here)."""
    raw: bytes
    """The value as on the wire: of a hidden AVP the cipher text."""
    value: Any
    """By the table's format; None where it could not be read, octets where the AVP is unknown, True for a mere flag."""
    secret: bool
    """Outputs mask the value."""
    anomalies: tuple[Anomaly, ...]
    """Offsets counted from the AVP's first octet."""
    key: int
    """`vendor << 16 | type`."""

    @property
    def octets(self) -> int:
        """The whole AVP's length."""
        return AVP_HEADER_OCTETS + len(self.raw)

    @property
    def known(self) -> bool:
        """Whether the table has it."""
        return self.key in AVPS


def read_avp(octets: bytes) -> Avp:
    """The AVP that is exactly *octets*, at least six."""
    word, vendor, kind = _HEADER.unpack_from(octets)
    key = vendor << 16 | kind
    row = AVPS.get(key)
    raw = octets[AVP_HEADER_OCTETS:]
    hidden = bool(word & H_BIT)
    value: Any = None
    anomalies: tuple[Anomaly, ...] = ()
    if not hidden:
        value, anomalies = read_value(row, raw)
    if row is None and vendor == 0:
        anomalies = (*anomalies, Anomaly(AnomalyKind.UNKNOWN, f"AVP {kind} is not registered", 4))
    if word & RESERVED_BITS:
        anomalies = (*anomalies, Anomaly(AnomalyKind.VIOLATION, f"reserved bits {word & RESERVED_BITS:#06x} are set", 0))
    if hidden and row is not None and not row.may_hide:
        anomalies = (*anomalies, Anomaly(AnomalyKind.VIOLATION, f"{row.name} must not be hidden", 0))
    return Avp(
        vendor=vendor,
        type=kind,
        name=row.name if row else _unknown_name(vendor, kind),
        mandatory=bool(word & M_BIT),
        hidden=hidden,
        reserved=(word & RESERVED_BITS) >> 10,
        raw=raw,
        value=value,
        secret=row.secret if row else False,
        anomalies=anomalies,
        key=key,
    )


def read_value(row: AvpRow | None, raw: bytes) -> tuple[Any, tuple[Anomaly, ...]]:
    """The value by the row's format, and what is odd about it; an unknown AVP's value is its octets."""
    if row is None:
        return raw, ()
    reader = Reader(raw)
    try:
        value = FORMATS[row.format](reader)
    except Short:
        return None, (_malformed(row, raw),)
    except Invalid as invalid:
        return invalid.value, (Anomaly(AnomalyKind.VIOLATION, f"{row.name}: {invalid}", AVP_HEADER_OCTETS),)
    if reader.left:
        return None, (_malformed(row, raw),)
    return value, ()


def _malformed(row: AvpRow, raw: bytes) -> Anomaly:
    what = f"{row.name}: {len(raw)} octets do not make its value ({row.format})"
    return Anomaly(AnomalyKind.MALFORMED, what, AVP_HEADER_OCTETS)


def _unknown_name(vendor: int, kind: int) -> str:
    return f"AVP {kind}" if not vendor else f"{VENDORS.get(vendor, f'vendor {vendor}')} AVP {kind}"
