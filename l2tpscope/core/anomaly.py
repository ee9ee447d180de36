"""Anomaly: a named oddity of some octets. It says what is there, not whether anybody should worry."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class AnomalyKind(StrEnum):
    """Whose doing an anomaly is."""

    TRUNCATED = "truncated"
    """The capture kept only a part: says nothing of the peer."""
    MALFORMED = "malformed"
    """The octets contradict themselves."""
    VIOLATION = "violation"
    """Readable, but the RFC says MUST, and it is not so."""
    UNKNOWN = "unknown"
    """Not in our tables; kept raw."""
    SECRET = "secret"  # noqa: S105 - a kind of anomaly, not a password
    """Hidden octets that the given secret does not open."""


class Anomaly(NamedTuple):
    """One oddity, and where."""

    kind: AnomalyKind
    what: str
    """One line, lower case, without the kind."""
    offset: int
    """Octets from the beginning of the message to what is odd."""

    def __str__(self) -> str:
        return f"{self.kind}: {self.what}"
