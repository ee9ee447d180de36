"""control: LCP and what is made like it: Configure-*, Terminate-*, Rejects, Echo, Identification, Reset-*; CBCP.

```
RFC 1661 §5, §6
 0                   1                   2                   3
 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|     Code      |  Identifier   |            Length             |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|     Type      | Length (>= 2) |    Data ...                       of each option of Configure-*
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
```
"""

from __future__ import annotations

from l2tpscope.core.anomaly import AnomalyKind
from l2tpscope.wire.ppp.codes import (
    CODE_REJECT,
    CONFIGURE,
    DISCARD,
    ECHO,
    ECHO_REPLY,
    IDENTIFICATION,
    PROTOCOL_REJECT,
    TERMINATE,
    TERMINATE_ACK,
    TIME_REMAINING,
    VENDOR,
)
from l2tpscope.wire.ppp.formats import FORMATS, Invalid
from l2tpscope.wire.ppp.meanings import RAS_ERRORS
from l2tpscope.wire.ppp.options import OPTIONS
from l2tpscope.wire.ppp.packet import Option
from l2tpscope.wire.ppp.protocols import LCP, VSNCP
from l2tpscope.wire.ppp.reading import Reading, readable
from l2tpscope.wire.reader import Reader, Short

MOST_OPTIONS = 255
HEADER = 4
WINDOWS_REASON = bytes.fromhex("003ccd74")
"""Windows ends a link with a magic number, these octets, and the number of a RAS error."""


def read_control(reading: Reading) -> None:
    """The body of a packet of LCP or a network control protocol."""
    code = reading.code
    if code in CONFIGURE:
        if reading.protocol != VSNCP:  # RFC 3772 §2: a vendor's number stands before its options, which are the vendor's
            read_options(reading)
    elif code in (TERMINATE, TERMINATE_ACK):
        _terminate(reading)
    elif code == CODE_REJECT:
        reading.rejected = reading.reader.u8()
    elif reading.protocol == LCP and code == PROTOCOL_REJECT:
        reading.rejected = reading.reader.u16()
    elif code == VENDOR or (reading.protocol == LCP and code in (ECHO, ECHO_REPLY, DISCARD, IDENTIFICATION, TIME_REMAINING)):
        _magic(reading)


def decode_options(protocol: int, octets: bytes) -> tuple[Option, ...]:
    """The options of a Configure packet whose header is not there, as the Proxy LCP AVPs hold them (RFC 2661 §4.4.5); never raises."""
    reading = Reading(protocol, Reader(octets), [])
    read_options(reading)
    return tuple(reading.options)


def read_options(reading: Reading) -> None:
    """All options up to where they do not fit."""
    reader = reading.reader
    while reader.left:
        begin = reader.at
        if len(reading.options) >= MOST_OPTIONS:
            reading.fault(AnomalyKind.MALFORMED, f"more than {MOST_OPTIONS} options", begin)
            return
        try:
            kind, size = reader.u8(), reader.u8()
            raw = reader.take(size - 2)
        except Short:
            if not reading.cut or (reader.at == begin + 2 and size < 2):
                reading.fault(AnomalyKind.MALFORMED, f"an option of {_size(reader, begin)} where {reader.end - begin} are left", begin)
            return
        reading.options.append(_option(reading, kind, raw, begin))


def _size(reader: Reader, begin: int) -> str:
    """How long the option that does not fit says that it is."""
    return f"{reader.octets[begin + 1]} octets" if reader.at == begin + 2 else "at least 2 octets"


def _option(reading: Reading, kind: int, raw: bytes, begin: int) -> Option:
    row = OPTIONS.get(reading.protocol, {}).get(kind)
    if row is None:
        reading.fault(AnomalyKind.UNKNOWN, f"option {kind}", begin)
        return Option(kind, f"option {kind}", f"option {kind}", raw.hex(), raw, None)
    name, label, form = row
    try:
        value, number = FORMATS[form](raw)
    except (Short, Invalid):
        reading.fault(AnomalyKind.MALFORMED, f"{name} of {2 + len(raw)} octets", begin)
        value, number = raw.hex(), None
    return Option(kind, name, label, value, raw, number)


def _terminate(reading: Reading) -> None:
    """RFC 1661 §5.5: a reason in text, mostly; Windows has an error's number."""
    reason = reading.rest()
    if len(reason) == 12 and reason[4:8] == WINDOWS_REASON:
        reading.magic, error = int.from_bytes(reason[:4], "big"), int.from_bytes(reason[8:], "big")
        reading.add("error", error, RAS_ERRORS.get(error, ""))
        return
    reading.text = readable(reason)
    if reason and reading.text is None:
        reading.add("data", reason[:16].hex())


def _magic(reading: Reading) -> None:
    """RFC 1661 §5.8, 1570 §2.1, 2.2, 2153 §2.1: packets that begin with a magic number."""
    reading.magic = reading.reader.u32()
    if reading.code == IDENTIFICATION:
        _identification(reading)
    elif reading.code == TIME_REMAINING:
        reading.add("seconds", reading.reader.u32())
        reading.text = readable(reading.rest())
    elif reading.code == VENDOR:
        reading.add("vendor", reading.reader.take(3).hex(":"))
        reading.add("kind", reading.reader.u8())
    elif reading.length > HEADER + 4:
        reading.add("data_octets", reading.length - HEADER - 4)


def _identification(reading: Reading) -> None:
    """A version or a name; the third one of Windows is a GUID in binary."""
    octets = reading.rest()
    reading.text = readable(octets)
    if octets and reading.text is None:
        reading.add("data", octets[:16].hex())
