"""windows: the errors that a Windows client shows to its user, and the errors of MS-CHAP, which are numbered alike."""

from __future__ import annotations

from l2tpscope.explain import causes
from l2tpscope.explain.entry import Entry, numbered
from l2tpscope.explain.windows_errors import ERRORS
from l2tpscope.explain.windows_names import OTHER_ERRORS
from l2tpscope.wire.ppp.meanings import MSCHAP_ERRORS, RAS_ERRORS

_ASKED = ("", "windows", "win", "ras", "rasdial")
_SOURCE = "raserror.h"
_SOURCE_IKE = "winerror.h"
_FIRST_IKE = 13_000


def entries() -> list[Entry]:
    """Errors of Windows, then those that CHAP carries."""
    return [*_told(), *_untold(), *_mschap()]


def _told() -> list[Entry]:
    return [
        Entry(
            f"windows {error.number}",
            f"Windows error {error.number}: {error.name}",
            _sentence(error.meaning or RAS_ERRORS[error.number]),
            _look_for(error.number, error.seen),
            f"{_SOURCE_IKE if error.number > _FIRST_IKE else _SOURCE}; what the wire shows is inferred, not measured",
            _keys(error.number, error.name),
        )
        for error in ERRORS
    ]


def _look_for(number: int, seen: str) -> tuple[str, ...]:
    found = causes.lines(number)
    shown = f"What the wire shows: {seen}." if seen else ""
    where = "Several failures show this number; the wire tells which. Ask for one by its first word:" if len(found) > 1 else ""
    return tuple(filter(None, (shown, where, *found)))


def _untold() -> list[Entry]:
    return [
        Entry(
            f"windows {number}",
            f"Windows error {number}: {name}",
            "Says nothing of L2TP, PPP or IPsec; its name is all that is known here.",
            source=_SOURCE,
            keys=_keys(number, name),
        )
        for number, name in OTHER_ERRORS.items()
    ]


def _mschap() -> list[Entry]:
    return [
        Entry(
            f"E={number}",
            f"MS-CHAP error E={number}, in the message of a CHAP Failure",
            _sentence(meaning),
            (
                "R=1 allows another try, R=0 is final; C= is the new challenge, V= the version, M= a text.",
                "After Failure: LCP Terminate-Request, then CDN. Windows shows the same number to its user.",
            ),
            "RFC 2433, RFC 2759 §6",
            numbered(("e", "mschap", "ms chap", "mschap e", "ms chap e", "mschapv2", "ms chapv2", "chap e", ""), number),
        )
        for number, meaning in MSCHAP_ERRORS.items()
    ]


def _keys(number: int, name: str) -> tuple[str, ...]:
    return numbered(_ASKED, number, names=(name, name.removeprefix("ERROR_")))


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
