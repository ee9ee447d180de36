"""authentication: PAP and CHAP, MS-CHAP and MS-CHAPv2 with what their messages say.

```
PAP, RFC 1334 §2.2                       CHAP, RFC 1994 §4.1
+--------+---------+--------+----------+ +--------+-----------+------------
| length | peer id | length | password | | length | value ... | name ...
+--------+---------+--------+----------+ +--------+-----------+------------
```
"""

from __future__ import annotations

from l2tpscope.core.anomaly import AnomalyKind
from l2tpscope.wire.ppp.codes import CHALLENGE, FAILURE, PAP_REQUEST, RESPONSE, SUCCESS
from l2tpscope.wire.ppp.meanings import MSCHAP_ERRORS
from l2tpscope.wire.ppp.packet import Value
from l2tpscope.wire.ppp.reading import LONGEST_TEXT, Reading, clipped
from l2tpscope.wire.reader import decode_text

MD5_OCTETS, MSCHAP_OCTETS = 16, 49
LONGEST_NUMBER = 10
"""Digits (RFC 2759 §6)."""
AUTHENTICATOR_DIGITS = 40


def read_pap(reading: Reading) -> None:
    """Peer id and password, or a message."""
    reader = reading.reader
    if reading.code == PAP_REQUEST:
        reading.peer = clipped(reader.take(reader.u8()))
        reading.secret = reader.take(reader.u8())
        return
    if not reader.left and not reading.cut:
        reading.fault(AnomalyKind.VIOLATION, "a PAP message without its length", reader.at)
        return
    reading.text = clipped(reader.take(reader.u8())) or None


def read_chap(reading: Reading) -> None:
    """Challenge, response, message, or a changed password."""
    if reading.code in (CHALLENGE, RESPONSE):
        read_value(reading, is_response=reading.code == RESPONSE)
    elif reading.code == SUCCESS:
        read_success(reading, reading.rest())
    elif reading.code == FAILURE:
        read_failure(reading, reading.rest())
    else:
        reading.secret = reading.rest()


def read_value(reading: Reading, *, is_response: bool) -> None:
    """A challenge or a response, and the name behind it."""
    size = reading.reader.u8()
    reading.add("value_octets", size)
    reading.secret = reading.reader.take(size)
    if is_response:
        reading.values[-1] = Value("value_octets", size, response_form(reading.secret))
    reading.peer = reading.rest_text()


def response_form(response: bytes) -> str:
    """Whose form a response has: `MD5`, `MS-CHAP`, `MS-CHAPv2`; empty: no telling.

    *Bias*: by form alone. MS-CHAPv2 has 16 octets of challenge and 8 of zero where MS-CHAP has its LM response, which is zero as a
    whole or, but for one time in 2^64, nowhere near (RFC 2433 §6, RFC 2759 §4).
    """
    if len(response) == MD5_OCTETS:
        return "MD5"
    if len(response) != MSCHAP_OCTETS:
        return ""
    return "MS-CHAPv2" if any(response[:16]) and not any(response[16:24]) else "MS-CHAP"


def read_success(reading: Reading, octets: bytes) -> None:
    """`S=<authenticator response> M=<message>` (RFC 2759 §5), or any text."""
    text = decode_text(octets)
    digits = text[2 : 2 + AUTHENTICATOR_DIGITS]
    if text.startswith("S=") and len(digits) == AUTHENTICATOR_DIGITS and _is_hex(digits):
        reading.secret = bytes.fromhex(digits)
        text = text[2 + AUTHENTICATOR_DIGITS :].lstrip(" ").removeprefix("M=")
    reading.text = text[:LONGEST_TEXT] or None


def read_failure(reading: Reading, octets: bytes) -> None:
    """`E=691 R=1 C=<challenge> V=3 M=<message>` (RFC 2433 §5, RFC 2759 §6), or any text."""
    text = decode_text(octets)
    head, marker, message = text.partition(" M=")
    words = head.split()
    if not words or not words[0].startswith("E=") or not _is_number(words[0][2:]):
        reading.text = text[:LONGEST_TEXT] or None
        return
    reading.text = (message if marker else "")[:LONGEST_TEXT] or None
    for word in words:
        name, _, value = word.partition("=")
        if name == "C":
            reading.secret = bytes.fromhex(value) if _is_hex(value) else value.encode()
        elif name in ("E", "R", "V") and _is_number(value):
            reading.add(name, int(value), _meaning(name, int(value)))


def _meaning(name: str, number: int) -> str:
    if name == "E":
        return MSCHAP_ERRORS.get(number, "")
    return {0: "final", 1: "retry allowed"}.get(number, "") if name == "R" else ""


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER


def _is_hex(text: str) -> bool:
    return len(text) % 2 == 0 and all(letter in "0123456789abcdefABCDEF" for letter in text)
