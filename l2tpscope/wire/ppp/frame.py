"""decode_ppp: one PPP frame: its framing, its protocol, and the packet of a control protocol.

```
RFC 1661 §2, RFC 1662 §3.1
+----------+----------+----------------------+----------------------+
| Address  | Control  |  Protocol, 16 bits,  |  Information ...
|    FF    |    03    |  or 8 if below 0x100 |
+----------+----------+----------------------+----------------------+
```

Framing is read as it stands: a protocol's last octet is odd and its first one even, so that nothing negotiated needs to be known.
"""

from __future__ import annotations

from l2tpscope.core.anomaly import Anomaly, AnomalyKind
from l2tpscope.wire.ppp.authentication import read_chap, read_pap
from l2tpscope.wire.ppp.codes import codes_of
from l2tpscope.wire.ppp.control import HEADER, read_control, read_options
from l2tpscope.wire.ppp.eap import read_eap
from l2tpscope.wire.ppp.packet import NO_CODE, Framing, PppFrame, PppPacket
from l2tpscope.wire.ppp.protocols import CBCP, CHAP, EAP, LQR, PAP, PROTOCOLS, is_control, protocol_name
from l2tpscope.wire.ppp.reading import Reading
from l2tpscope.wire.reader import Reader, Short

ADDRESS_CONTROL = b"\xff\x03"
UNREADABLE = "unreadable"
READERS = {PAP: read_pap, CHAP: read_chap, EAP: read_eap, CBCP: read_options}
"""Protocols that are not here are read like LCP."""
LQR_COUNTERS = (
    "last_out_lqrs",
    "last_out_packets",
    "last_out_octets",
    "peer_in_lqrs",
    "peer_in_packets",
    "peer_in_discards",
    "peer_in_errors",
    "peer_in_octets",
    "peer_out_lqrs",
    "peer_out_packets",
    "peer_out_octets",
)
"""RFC 1989 §2.2."""


def decode_ppp(octets: bytes, octets_on_wire: int | None = None) -> PppFrame:
    """The frame; total: any octets give one, with what is odd about them in `anomalies`.

    *octets*: as L2TP carries them; *octets_on_wire*: how many there were, if the capture cut them.
    """
    size = len(octets) if octets_on_wire is None else max(len(octets), octets_on_wire)
    anomalies: list[Anomaly] = []
    reader = Reader(octets)
    address_control = octets[:2] == ADDRESS_CONTROL
    if address_control:
        reader.take(2)
    try:
        protocol = _protocol(reader, anomalies, cut=len(octets) < size)
    except Short as short:
        anomalies.append(_short(short, "no protocol", cut=len(octets) < size))
        return PppFrame(Framing(address_control, 0), -1, UNREADABLE, None, size - reader.at, tuple(anomalies))
    framing = Framing(address_control, reader.at - 2 * address_control)
    begin = reader.at
    packet = _read(protocol, reader, size, anomalies) if is_control(protocol) else None
    return PppFrame(framing, protocol, protocol_name(protocol), packet, size - begin, tuple(anomalies))


def _short(short: Short, what: str, *, cut: bool) -> Anomaly:
    return Anomaly(AnomalyKind.TRUNCATED if cut else AnomalyKind.MALFORMED, what, short.offset)


def _protocol(reader: Reader, anomalies: list[Anomaly], *, cut: bool) -> int:
    """RFC 1661 §2, §6.5: an odd first octet is the whole number."""
    begin = reader.at
    protocol = reader.u8()
    if cut and reader.octets == ADDRESS_CONTROL[:1]:
        raise Short(1, 1, 0)  # the Address field, of which the capture kept no more
    if not protocol & 1:
        second = Reader(reader.octets, reader.at, reader.end)
        try:
            protocol = protocol << 8 | second.u8()
        except Short:
            reader.at = begin
            raise
        reader.at = second.at
    if protocol not in PROTOCOLS:
        what = f"protocol 0x{protocol:04x}" + ("" if protocol & 1 else ", which is even")
        anomalies.append(Anomaly(AnomalyKind.UNKNOWN if protocol & 1 else AnomalyKind.VIOLATION, what, begin))
    return protocol


def _read(protocol: int, reader: Reader, size: int, anomalies: list[Anomaly]) -> PppPacket | None:
    """The packet that begins where *reader* is; None: not even its header is there."""
    begin = reader.at
    reading = Reading(protocol, reader, anomalies)
    try:
        if protocol == LQR:
            _quality(reading, size)
        elif not _header(reading, size):
            return None
        elif reading.code in codes_of(protocol):
            READERS.get(protocol, read_control)(reading)
    except Short as short:
        if not reading.cut:
            anomalies.append(_short(short, f"{protocol_name(protocol)} {reading.code_name} shorter than its fields", cut=False))
    if reading.cut:
        anomalies.append(Anomaly(AnomalyKind.TRUNCATED, f"{len(reader.octets) - begin} of {reading.length} octets captured", reader.end))
    return reading.packet()


def _header(reading: Reading, size: int) -> bool:
    """Code, Identifier and Length, and where the packet ends: what stands behind it is padding (RFC 1661 §5)."""
    reader = reading.reader
    begin = reader.at
    try:
        reading.code, reading.identifier, reading.length = reader.u8(), reader.u8(), reader.u16()
    except Short as short:
        what = f"{protocol_name(reading.protocol)} packet shorter than its header"
        reading.anomalies.append(_short(short, what, cut=len(reader.octets) < size))
        return False
    name = codes_of(reading.protocol).get(reading.code)
    reading.code_name = name or f"UNKNOWN_{reading.code}"
    if name is None:
        reading.fault(AnomalyKind.UNKNOWN, f"code {reading.code} in {protocol_name(reading.protocol)}", begin)
    if reading.length < HEADER or begin + reading.length > size:
        reading.fault(AnomalyKind.MALFORMED, f"Length is {reading.length} where {size - begin} octets are left", begin + 2)
    end = min(size, begin + max(HEADER, reading.length))
    reading.cut = end > len(reader.octets)
    reading.reader = Reader(reader.octets, reader.at, end)
    return True


def _quality(reading: Reading, size: int) -> None:
    """RFC 1989 §2.2: a magic number and eleven counters, without a header."""
    reader = reading.reader
    reading.code = reading.identifier = NO_CODE
    reading.code_name = "Link-Quality-Report"
    reading.length = size - reader.at
    reading.cut = len(reader.octets) < size
    reading.magic = reader.u32()
    for name in LQR_COUNTERS:
        reading.add(name, reader.u32())
