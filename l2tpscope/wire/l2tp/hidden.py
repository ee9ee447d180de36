"""What a shared secret opens: hidden AVPs, challenge responses, message digests.

Nothing here guesses: each takes the secret that the user gave, as octets.
*Source*: RFC 2661 §4.3, §5.1.1; RFC 3931 §4.3, §5.3, §5.4.1.
"""

from __future__ import annotations

import hmac
from hashlib import md5
from typing import Any

from l2tpscope.core.anomaly import Anomaly, AnomalyKind
from l2tpscope.wire.l2tp.avp import AVP_HEADER_OCTETS, Avp, read_value
from l2tpscope.wire.l2tp.avps import AVPS
from l2tpscope.wire.l2tp.codes import DigestType, MessageType
from l2tpscope.wire.l2tp.control import ControlMessage
from l2tpscope.wire.l2tp.values import Digest
from l2tpscope.wire.reader import Reader, Short

RANDOM_VECTOR = 36
CHALLENGE_RESPONSE = 13
MESSAGE_DIGEST = 59
_BLOCK = 16


def hiding_key(secret: bytes, version: int) -> bytes:
    """The key that hides AVPs: the secret itself in v2, derived from it in v3 (RFC 3931 §5.3)."""
    return hmac.digest(secret, b"\x01", "md5") if version == 3 else secret


def digest_key(secret: bytes) -> bytes:
    """The key of message digests (RFC 3931 §5.4.1)."""
    return hmac.digest(secret, b"\x02", "md5")


def open_hidden(key: bytes, attribute: int, vector: bytes, cipher: bytes) -> bytes | None:
    """The value under a hidden one; None where the length inside is impossible, so the key is wrong.

    Chained on the cipher text (RFC 2661 §4.3); l2tpns chains on the plain text, and garbles what is longer than a block.
    """
    plain = bytearray()
    pad = _md5(attribute.to_bytes(2, "big") + key + vector)
    reader = Reader(cipher)
    while reader.left:
        block = reader.take(min(_BLOCK, reader.left))
        plain += bytes(octet ^ mask for octet, mask in zip(block, pad, strict=False))
        pad = _md5(key + block)
    clear = Reader(bytes(plain))
    try:
        return clear.take(clear.u16())
    except Short:
        return None


def reveal(message: ControlMessage, secret: bytes) -> ControlMessage:
    """The message with its hidden AVPs open, where the secret fits.

    One secret hides them all, and nothing in an AVP proves the key right; so it fits only if every hidden AVP of the
    message opens to a possible length and a value of its format. If one does not, all stay hidden, and an anomaly says so.
    *Bias*: a wrong secret passes a single 2-octet value once in some 16,000 tries.
    """
    if not any(avp.hidden for avp in message.avps):
        return message
    key = hiding_key(secret, message.version)
    vector: bytes | None = None
    at = len(message.octets) - len(message.body)
    avps = []
    for avp in message.avps:
        if avp.key == RANDOM_VECTOR:
            vector = avp.raw
        if avp.hidden and vector is not None:
            value = _open_value(avp, key, vector)
            if value is None:
                misfit = Anomaly(AnomalyKind.SECRET, f"the secret does not fit the hidden {avp.name}", at)
                return message._replace(anomalies=(*message.anomalies, misfit))
            avp = avp._replace(value=value)  # noqa: PLW2901 - the revealed one in place of the hidden
        avps.append(avp)
        at += avp.octets
    return message._replace(avps=tuple(avps))


def _open_value(avp: Avp, key: bytes, vector: bytes) -> Any:
    """The value of a hidden AVP; None where the key does not fit."""
    clear = open_hidden(key, avp.type, vector, avp.raw)
    if clear is None:
        return None
    value, anomalies = read_value(AVPS.get(avp.key), clear)
    return None if anomalies else value


def challenge_response(secret: bytes, message_type: int, challenge: bytes) -> bytes:
    """What answers *challenge* in a message of that type (2: SCCRP, 3: SCCCN)."""
    return _md5(bytes([message_type & 0xFF]) + secret + challenge)


def check_response(message: ControlMessage, challenge: bytes, secret: bytes) -> bool | None:
    """Whether the Challenge Response of *message* answers *challenge*; None: it has none that can be read."""
    response = message.get(CHALLENGE_RESPONSE)
    if response is None or message.type is None:
        return None
    return hmac.compare_digest(response, challenge_response(secret, message.type.number, challenge))


def message_digest(key: bytes, kind: DigestType, octets: bytes) -> bytes:
    """The HMAC of nonces and message, its digests zeroed, under a digest key."""
    return hmac.digest(key, octets, "sha1" if kind == DigestType.HMAC_SHA1 else "md5")


def check_digest(message: ControlMessage, secret: bytes, sender_nonce: bytes = b"", receiver_nonce: bytes = b"") -> bool | None:
    """Whether a Message Digest of *message* is right; None: it has none, or is cut.

    The nonces are those of SCCRQ and SCCRP, empty where none was sent; in SCCRQ none counts. With an empty secret and no
    nonces it is a checksum. Two digests serve the change of a secret: one right suffices (RFC 3931 §5.4.1).
    """
    digests = [avp.value for avp in message.avps if avp.key == MESSAGE_DIGEST and isinstance(avp.value, Digest)]
    if not digests or message.truncated:
        return None
    nonces = b"" if message.type == MessageType.SCCRQ else sender_nonce + receiver_nonce
    octets = nonces + _with_digests_zeroed(message)
    key = digest_key(secret)
    return any(hmac.compare_digest(found.digest, message_digest(key, found.type, octets)) for found in digests)


def _with_digests_zeroed(message: ControlMessage) -> bytes:
    octets = bytearray(message.octets)
    at = len(octets) - len(message.body)
    for avp in message.avps:
        if avp.key == MESSAGE_DIGEST:
            begin, end = at + AVP_HEADER_OCTETS + 1, at + avp.octets
            octets[begin:end] = bytes(max(0, end - begin))
        at += avp.octets
    return bytes(octets)


def _md5(octets: bytes) -> bytes:
    return md5(octets, usedforsecurity=False).digest()
