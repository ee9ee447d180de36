"""names: what the numbers of L2F stand for. *Source*: RFC 2341 §4.2.4 (protocols), §4.4 (messages and their sub-options)."""

from __future__ import annotations

from enum import Enum, auto
from typing import NamedTuple

from l2tpscope.core.codes import OpenEnum


class L2fProtocol(OpenEnum):
    """What a packet carries (RFC 2341 §4.2.4)."""

    ILLEGAL = 0
    L2F_PROTO = 1
    """Management."""
    L2F_PPP = 2
    L2F_SLIP = 3


class L2fMessage(OpenEnum):
    """Management messages (RFC 2341 §4.4)."""

    INVALID = 0
    L2F_CONF = 1
    L2F_OPEN = 2
    L2F_CLOSE = 3
    L2F_ECHO = 4
    L2F_ECHO_RESP = 5
    UNREADABLE = 256
    """So little was captured, or sent, that there is no message."""


class L2fForm(Enum):
    """How long the value of a sub-option is."""

    OCTETS = auto()
    """An octet of length, not zero, before it."""
    LONG = auto()
    """Two octets of length before it."""
    NUMBER = auto()
    """One octet."""
    CLID = auto()
    """Four octets; of a CLID the upper two are zero."""
    MASK = auto()
    """Four octets."""


class L2fKind(NamedTuple):
    """A sub-option that a message may have."""

    name: str
    form: L2fForm
    secret: bool = False
    """Challenge, response or password: never for showing."""


OPTIONS: dict[tuple[int, int], L2fKind] = {
    (L2fMessage.L2F_CONF, 2): L2fKind("L2F_CONF_NAME", L2fForm.OCTETS),
    (L2fMessage.L2F_CONF, 3): L2fKind("L2F_CONF_CHAL", L2fForm.OCTETS, secret=True),
    (L2fMessage.L2F_CONF, 4): L2fKind("L2F_CONF_CLID", L2fForm.CLID),
    (L2fMessage.L2F_OPEN, 1): L2fKind("L2F_OPEN_NAME", L2fForm.OCTETS),
    (L2fMessage.L2F_OPEN, 2): L2fKind("L2F_OPEN_CHAL", L2fForm.OCTETS, secret=True),
    (L2fMessage.L2F_OPEN, 3): L2fKind("L2F_OPEN_RESP", L2fForm.OCTETS, secret=True),
    (L2fMessage.L2F_OPEN, 4): L2fKind("L2F_ACK_LCP1", L2fForm.LONG),
    (L2fMessage.L2F_OPEN, 5): L2fKind("L2F_ACK_LCP2", L2fForm.LONG),
    (L2fMessage.L2F_OPEN, 6): L2fKind("L2F_OPEN_TYPE", L2fForm.NUMBER),
    (L2fMessage.L2F_OPEN, 7): L2fKind("L2F_OPEN_ID", L2fForm.NUMBER),
    (L2fMessage.L2F_OPEN, 8): L2fKind("L2F_REQ_LCP0", L2fForm.LONG),
    (L2fMessage.L2F_CLOSE, 1): L2fKind("L2F_CLOSE_WHY", L2fForm.MASK),
    (L2fMessage.L2F_CLOSE, 2): L2fKind("L2F_CLOSE_STR", L2fForm.LONG),
}
"""By message and number. *Source*: RFC 2341 §4.4 (numbers), §4.4.2 to §4.4.5 (forms)."""

CONF_NAME, CONF_CHAL, CONF_CLID = 2, 3, 4
"""A L2F_CONF has all three (§4.4.2)."""
OPEN_NAME, OPEN_TYPE = 1, 6
CLOSE_WHY, CLOSE_STR = 1, 2

AUTHENTICATIONS = {
    1: "textual username and password (SLIP)",
    2: "PPP CHAP",
    3: "PPP PAP",
    4: "PPP, no authentication",
    5: "SLIP, no authentication",
}
"""How the NAS knew who a client is: L2F_OPEN_TYPE (§4.4.4)."""

REASONS = {
    0x0001: "authentication failed",
    0x0002: "out of resources",
    0x0004: "administrative intervention",
    0x0008: "user quota exceeded",
    0x0010: "protocol error",
    0x0020: "unknown user",
    0x0040: "incorrect password",
    0x0080: "PPP configuration incompatible",
    0x0100: "wrong multilink PPP destination",
}
"""Bits of L2F_CLOSE_WHY (§4.4.5)."""


def explain_close(mask: int) -> str:
    """What a mask of L2F_CLOSE_WHY says; bits without a name as numbers; `no reason` where none is set."""
    said = [text for bit, text in REASONS.items() if mask & bit]
    rest = mask & ~sum(REASONS)
    return ", ".join([*said, *([f"reason 0x{rest:08x}"] if rest else [])]) or "no reason"
