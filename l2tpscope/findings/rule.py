"""What a rule is, and what it finds.

A rule is one file in `rules/`. Its docstring is its documentation, with the headings HEADINGS; docs/findings.md is made from it, and
what a finding does not say itself (alternatives, advice) is said in the words of its rule.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from l2tpscope.analysis.rows import Grade

if TYPE_CHECKING:
    from l2tpscope.findings.case import Case

HEADINGS = ("What is seen", "Why it matters", "What else could cause it", "What to do", "Source")
"""Of a rule's docstring, in this order; alternatives are divided by semicolons."""
_HEADING = re.compile(rf"^({'|'.join(HEADINGS)}): ", re.MULTILINE)


class Severity(StrEnum):
    """How bad it is: something does not work; it works, but badly or dangerously; good to know."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Place(NamedTuple):
    """A frame that shows something."""

    capture: int
    frame: int


@dataclass(frozen=True, slots=True)
class Rule:
    """What a rule looks for. Ids are never used again: the digit after `L2S` is the layer."""

    id: str
    name: str
    severity: Severity
    source: str

    @property
    def layer(self) -> str:
        """1 L2TP control, 2 reliability and loss, 3 PPP, 4 IKE, 5 ESP and NAT, 6 security, 9 the capture itself."""
        return self.id[3]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a rule found, once. Its text may hold what a peer wrote: only output escapes it."""

    grade: Grade
    subject: str
    """`vpn 1`, `tunnel 3`, `session 5`, `capture 1`."""
    summary: str
    """One sentence or two, without numbers of the subject, so that what is the same elsewhere reads the same."""
    evidence: tuple[Place, ...]
    first: int
    last: int
    wireshark_filter: str
    vpn: int | None = None
    against: tuple[str, ...] = ()
    """What speaks against it, in this capture."""
    alternatives: tuple[str, ...] | None = None
    """None: those of the rule."""
    advice: str | None = None
    """None: that of the rule."""
    severity: Severity | None = None
    """None: that of the rule."""
    same: str = ""
    """Findings of a rule that are the same here are told once; empty: where their summary is the same."""


@dataclass(frozen=True, slots=True)
class Module:
    """A rule with its code and its words, as discovered."""

    rule: Rule
    check: Callable[[Case], Iterable[Finding]]
    document: str

    @property
    def texts(self) -> dict[str, str]:
        """The text under each heading."""
        return told(self.document)

    @property
    def alternatives(self) -> tuple[str, ...]:
        """What else could cause it, one by one."""
        return tuple(part.strip(" .") for part in self.texts.get(HEADINGS[2], "").split(";") if part.strip(" ."))

    @property
    def advice(self) -> str:
        """What people do about it."""
        return self.texts.get(HEADINGS[3], "")


def told(document: str) -> dict[str, str]:
    """The text under each heading of a rule's docstring, on one line."""
    parts = _HEADING.split(document)
    return {heading: " ".join(text.split()) for heading, text in zip(parts[1::2], parts[2::2], strict=True)}
