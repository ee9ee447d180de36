"""ranges: numbers that nobody named, and whose they are."""

from __future__ import annotations

from typing import NamedTuple

from l2tpscope.explain.entry import Entry, key

_V1, _V2, _L2TP = "RFC 2408 §3.14.1, RFC 2407 §4.6.3", "RFC 7296 §3.10.1", "IANA l2tp-parameters"


class Range(NamedTuple):
    """Numbers without names of their own."""

    asked: tuple[str, ...]
    low: int
    high: int
    title: str
    meaning: str
    source: str


_NOTIFY = ("n", "notify", "ike", "ike n", "ike notify")
_IKEV1 = (*_NOTIFY, "ikev1", "ikev1 n", "ikev1 notify")
_IKEV2 = (*_NOTIFY, "ikev2", "ikev2 n", "ikev2 notify")
_DISCONNECT = ("disconnect", "cause", "disconnect cause", "ppp disconnect cause")

_RESERVED_V2 = ((0, 0), (2, 3), (6, 6), (8, 8), (10, 10), (12, 13), (15, 16), (18, 23), (25, 33))
"""As types of IKEv1 once were: IKEv2 leaves them out."""

RANGES: tuple[Range, ...] = (
    Range(_IKEV1, 0, 0, "IKEv1 notify {}: reserved", "An error that no RFC names.", _V1),
    Range(_IKEV1, 31, 8191, "IKEv1 notify {}: reserved", "An error that no RFC names.", _V1),
    Range(_IKEV1, 8192, 16_383, "IKEv1 notify {}: private", "An error of a vendor's own.", _V1),
    Range(_IKEV1, 16_385, 24_575, "IKEv1 notify {}: reserved", "A status that no RFC names.", _V1),
    Range(_IKEV1, 24_579, 32_767, "IKEv1 notify {}: of a DOI", "A status of a domain of interpretation.", _V1),
    Range(_IKEV1, 32_768, 40_959, "IKEv1 notify {}: private", "A status of a vendor's own.", _V1),
    Range(_IKEV1, 40_960, 65_535, "IKEv1 notify {}: reserved", "A status that no RFC names.", _V1),
    *(Range(_IKEV2, low, high, "IKEv2 notify {}: reserved", "An error that no RFC names.", _V2) for low, high in _RESERVED_V2),
    Range(_IKEV2, 49, 8191, "IKEv2 notify {}: unassigned", "An error that has no name here.", _V2),
    Range(_IKEV2, 8192, 16_383, "IKEv2 notify {}: private", "An error of a vendor's own.", _V2),
    Range(_IKEV2, 16_445, 40_959, "IKEv2 notify {}: unassigned", "A status that has no name here.", _V2),
    Range(_IKEV2, 40_960, 65_535, "IKEv2 notify {}: private", "A status of a vendor's own.", _V2),
    Range(_DISCONNECT, 21, 65_279, "PPP disconnect cause {}: unassigned", "A cause that no RFC names.", "RFC 3145 §5"),
    Range(_DISCONNECT, 65_280, 65_535, "PPP disconnect cause {}: private", "For experiments, or a vendor's own.", "RFC 3145 §5"),
    *(Range(("message", "message type"), number, number, "L2TP message {}: reserved", "Never valid.", _L2TP) for number in (0, 5, 13)),
)


def find(question: str) -> list[Entry]:
    """What is known of a number that has no name."""
    asked, _, last = key(question).rpartition(" ")
    if not (last.isascii() and last.isdigit()):
        return []
    number = int(last)
    return [
        Entry(question.strip(), found.title.format(number), found.meaning, source=found.source)
        for found in RANGES
        if asked in found.asked and found.low <= number <= found.high
    ]
