"""The control message header of both versions.

```
L2TPv2 (RFC 2661 §3.1); control: T=L=S=1, O=P=0
 0                   1                   2                   3
 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|T|L|x|x|S|x|O|P|x|x|x|x|  Ver  |          Length (opt)         |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|           Tunnel ID           |           Session ID          |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|             Ns (opt)          |             Nr (opt)          |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|      Offset Size (opt)        |    Offset pad... (opt)
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+

L2TPv3 (RFC 3931 §3.2.1); over IP four zero octets stand before it, which Length does not count
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|T|L|x|x|S|x|x|x|x|x|x|x|  Ver  |             Length            |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|                     Control Connection ID                     |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|               Ns              |               Nr              |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
```

Every healthy control header has 12 octets, so the common case is one `unpack`; the rest are read field by field.
"""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple

from l2tpscope.core.anomaly import Anomaly, AnomalyKind
from l2tpscope.wire.reader import Reader, Short

T_BIT, L_BIT, S_BIT, O_BIT, P_BIT = 0x8000, 0x4000, 0x0800, 0x0200, 0x0100
VERSION_MASK = 0x000F
CONTROL_OCTETS = 12

HEADER2 = Struct(">HHHHHH")
HEADER3 = Struct(">HHIHH")


class Header(NamedTuple):
    """A control header, as far as it could be read; -1 for a field that is not there."""

    flags: int
    length: int
    tunnel: int
    session: int
    ns: int
    nr: int
    begin: int
    """Where the AVPs begin."""
    whole: bool
    """All of it is there, and it is that of a control message: AVPs may follow."""
    anomalies: tuple[Anomaly, ...]


def decode_header(octets: bytes, octets_on_wire: int) -> Header:
    """The header of a control message; never raises."""
    if len(octets) >= CONTROL_OCTETS:
        flags, length, tunnel, session, ns, nr = HEADER2.unpack_from(octets)
        # T, L, S set, O and P clear, nothing reserved but what real stacks might set: ignored on receipt (§3.1).
        if flags & (T_BIT | L_BIT | S_BIT | O_BIT | P_BIT | VERSION_MASK) == 0xC802:
            return Header(flags, length, tunnel, session, ns, nr, CONTROL_OCTETS, True, ())
        if flags & (T_BIT | L_BIT | S_BIT | VERSION_MASK) == 0xC803:
            return Header(flags, length, tunnel << 16 | session, 0, ns, nr, CONTROL_OCTETS, True, ())
    return _read_odd_header(Reader(octets), octets_on_wire)


def _read_odd_header(reader: Reader, octets_on_wire: int) -> Header:
    """Any other header: short, or with bits that a control message must not have."""
    fields = dict.fromkeys(("flags", "length", "tunnel", "session", "ns", "nr"), -1)
    anomalies: list[Anomaly] = []
    whole = False
    try:
        flags = fields["flags"] = reader.u16()
        anomalies += _flag_anomalies(flags)
        if flags & VERSION_MASK in (2, 3) and flags & T_BIT:
            _read_fields(reader, fields, flags)
            whole = True
    except Short as short:
        cut = len(reader.octets) < octets_on_wire
        kind = AnomalyKind.TRUNCATED if cut else AnomalyKind.MALFORMED
        anomalies.append(Anomaly(kind, "the header is cut off" if cut else "shorter than its header", short.offset))
    return Header(begin=reader.at, whole=whole, anomalies=tuple(anomalies), **fields)


def _read_fields(reader: Reader, fields: dict[str, int], flags: int) -> None:
    version = flags & VERSION_MASK
    if version == 3:
        fields["length"] = reader.u16()
        fields["tunnel"] = reader.u32()
        fields["session"] = 0
    else:
        if flags & L_BIT:
            fields["length"] = reader.u16()
        fields["tunnel"] = reader.u16()
        fields["session"] = reader.u16()
    if version == 3 or flags & S_BIT:
        fields["ns"] = reader.u16()
        fields["nr"] = reader.u16()
    if version == 2 and flags & O_BIT:
        reader.take(reader.u16())


def _flag_anomalies(flags: int) -> list[Anomaly]:
    version = flags & VERSION_MASK
    if version not in (2, 3):
        return [Anomaly(AnomalyKind.MALFORMED, f"version {version}: not L2TP", 0)]
    odd = []
    if not flags & T_BIT:
        odd.append(Anomaly(AnomalyKind.MALFORMED, "the T bit is 0: not a control message", 0))
    if not flags & L_BIT:
        odd.append(Anomaly(AnomalyKind.MALFORMED, "a control message without the L bit", 0))
    if not flags & S_BIT:
        odd.append(Anomaly(AnomalyKind.MALFORMED, "a control message without the S bit", 0))
    if version == 2 and flags & O_BIT:
        odd.append(Anomaly(AnomalyKind.MALFORMED, "a control message with the O bit", 0))
    if version == 2 and flags & P_BIT:
        odd.append(Anomaly(AnomalyKind.VIOLATION, "a control message with the P bit", 0))
    return odd
