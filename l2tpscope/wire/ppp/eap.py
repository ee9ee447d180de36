"""eap: EAP: types, identities, what methods say in clear.

```
RFC 3748 §4
+-------------+-------------+---------------------------+-------------+-------------
|    Code     | Identifier  |          Length           |    Type     |  Data ...
+-------------+-------------+---------------------------+-------------+-------------
```
"""

from __future__ import annotations

from l2tpscope.core.anomaly import AnomalyKind
from l2tpscope.wire.ppp.authentication import read_failure, read_success, read_value
from l2tpscope.wire.ppp.codes import CHALLENGE, EAP_REQUEST, EAP_RESPONSE, FAILURE, RESPONSE, SUCCESS
from l2tpscope.wire.ppp.meanings import (
    EAP_EXPANDED,
    EAP_GTC,
    EAP_IDENTITY,
    EAP_LEAP,
    EAP_MD5,
    EAP_MSCHAPV2,
    EAP_MSCHAPV2_OPCODES,
    EAP_NAK,
    EAP_NOTIFICATION,
    EAP_OTP,
    EAP_TYPES,
)
from l2tpscope.wire.ppp.reading import Reading, clipped

EAP_TLS_LIKE = (13, 21, 25, 43, 55)
"""TLS, TTLS, PEAP, FAST, TEAP: flags stand before what TLS says (RFC 5216 §3.1)."""
TLS_FLAGS = ((0x80, "length"), (0x40, "more fragments"), (0x20, "start"))
MOST_TYPES = 16
"""Of a Nak, that are named."""


def read_eap(reading: Reading) -> None:
    """The type, and what that type has in clear."""
    if reading.code not in (EAP_REQUEST, EAP_RESPONSE):
        return
    reader = reading.reader
    kind = reader.u8()
    reading.add("type", kind, type_name(kind))
    if kind not in EAP_TYPES:
        reading.fault(AnomalyKind.UNKNOWN, f"EAP type {kind}", reader.at - 1)
    elif kind in (EAP_IDENTITY, EAP_NOTIFICATION, EAP_OTP, EAP_GTC):
        _text(reading, kind)
    elif kind == EAP_NAK:
        wanted = reading.rest()[:MOST_TYPES]
        reading.add("wants", ", ".join(type_name(kind) for kind in wanted if kind) or "nothing")
    elif kind == EAP_MD5:
        read_value(reading, is_response=False)
    elif kind == EAP_MSCHAPV2:
        _mschapv2(reading)
    elif kind == EAP_LEAP:
        reader.take(2)
        read_value(reading, is_response=False)
    elif kind == EAP_EXPANDED:
        reading.add("vendor", int.from_bytes(reader.take(3), "big"))
        reading.add("vendor_type", reader.u32())
    elif kind in EAP_TLS_LIKE:
        _tls(reading)


def type_name(kind: int) -> str:
    """`PEAP`; `UNKNOWN_200`."""
    return EAP_TYPES.get(kind, f"UNKNOWN_{kind}")


def _text(reading: Reading, kind: int) -> None:
    """RFC 3748 §5.1, 5.2, 5.5, 5.6: what is asked is text; what answers is a name or a password. Behind a NUL stand options."""
    octets = reading.rest()
    if reading.code == EAP_REQUEST:
        reading.text = clipped(octets.split(b"\0")[0]) or None
    elif kind == EAP_IDENTITY:
        reading.peer = clipped(octets.split(b"\0")[0])
    elif kind in (EAP_OTP, EAP_GTC):
        reading.secret = octets


def _tls(reading: Reading) -> None:
    flags = reading.reader.u8()
    reading.add("flags", flags, ", ".join(name for bit, name in TLS_FLAGS if flags & bit))
    if flags & TLS_FLAGS[0][0]:
        reading.add("tls_octets", reading.reader.u32())


def _mschapv2(reading: Reading) -> None:
    """draft-kamath-pppext-eap-mschapv2 §2: as CHAP, behind an opcode, its own identifier and length. An answer may be the opcode alone."""
    reader = reading.reader
    opcode = reader.u8()
    reading.add("opcode", opcode, EAP_MSCHAPV2_OPCODES.get(opcode, f"UNKNOWN_{opcode}"))
    if not reader.left and not reading.cut and opcode in (SUCCESS, FAILURE):
        return
    reader.take(3)
    if opcode in (CHALLENGE, RESPONSE):
        read_value(reading, is_response=opcode == RESPONSE)
    elif opcode == SUCCESS:
        read_success(reading, reading.rest())
    elif opcode == FAILURE:
        read_failure(reading, reading.rest())
    else:
        reading.secret = reading.rest()
