"""fold: what was found, in the order in which to read it: the first layer that broke first, what followed from it under it, and what
happened to many told once.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from l2tpscope.analysis.rows import FindingRow, Grade
from l2tpscope.core.runs import numbers
from l2tpscope.findings.case import SHOWN, Case
from l2tpscope.findings.rule import Finding, Module, Severity

PATH = "45123"
"""The layers of a connection in the order in which they come up, by the digit of their rules: IKE, ESP and NAT, L2TP control, loss
and order of data, PPP. Where one broke, what is wrong with later ones follows from it.
"""
READ = "9" + PATH + "6"
"""The order of reading."""
SEVERITIES = tuple(Severity)
GRADES: tuple[Grade, ...] = ("certain", "likely", "hint")
FILTERS = 6
"""Filters that are joined for one finding."""
LISTED = 60
"""Columns of a list of numbers."""


@dataclass(slots=True, eq=False)
class Found:
    """A finding with its rule, and the rule whose finding explains it."""

    module: Module
    finding: Finding
    cause: str | None = None

    @property
    def severity(self) -> Severity:
        """Of the finding, else of the rule."""
        return self.finding.severity or self.module.rule.severity

    @property
    def layer(self) -> str:
        """The digit of the rule."""
        return self.module.rule.layer


def rows(found: Sequence[Found], case: Case) -> list[FindingRow]:
    """The table."""
    explain(found)
    made = [_row(group, case) for group in _groups(found)]
    made.sort(key=lambda pair: pair[0])
    return list(_under_their_causes([row for _, row in made]))


def explain(found: Sequence[Found]) -> None:
    """Of each connection: an error in one layer is why later layers fail from then on."""
    of: dict[int, list[Found]] = defaultdict(list)
    for one in found:
        if one.finding.vpn is not None and one.layer in PATH:
            of[one.finding.vpn].append(one)
    for several in of.values():
        several.sort(key=lambda one: (PATH.index(one.layer), one.finding.first))
        for at, one in enumerate(several):
            causes = (root for root in several[:at] if _explains(root, one))
            root = next(causes, None)
            one.cause = root.module.rule.id if root is not None else None


def _explains(root: Found, one: Found) -> bool:
    earlier = PATH.index(root.layer) < PATH.index(one.layer) and root.finding.first <= one.finding.first
    return earlier and root.severity == Severity.ERROR and root.cause is None and one.severity != Severity.INFO


def _groups(found: Iterable[Found]) -> list[list[Found]]:
    groups: dict[tuple[object, ...], list[Found]] = defaultdict(list)
    for one in found:
        finding = one.finding
        groups[one.module.rule.id, one.severity, finding.grade, one.cause, finding.same or finding.summary].append(one)
    return list(groups.values())


def _row(group: list[Found], case: Case) -> tuple[tuple[object, ...], FindingRow]:
    """What is the same, as one row, and where it stands."""
    found, first = [one.finding for one in group], group[0]
    one, rule = first.finding, first.module.rule
    evidence = list(dict.fromkeys(place for finding in found for place in finding.evidence[: max(1, SHOWN // len(found))]))
    evidence = sorted(evidence[:SHOWN])
    vpns = {finding.vpn for finding in found}
    alternatives = first.module.alternatives if one.alternatives is None else one.alternatives
    row = FindingRow(
        finding=rule.id,
        name=rule.name,
        severity=first.severity.value,
        grade=one.grade,
        subject=_subject(found),
        vpn=one.vpn if len(vpns) == 1 else None,
        count=len(found),
        first=min(finding.first for finding in found),
        last=max(finding.last for finding in found),
        summary=_counted(one.summary, vpns, case),
        evidence=[place.frame for place in evidence],
        evidence_captures=[place.capture for place in evidence],
        against=list(dict.fromkeys(text for finding in found for text in finding.against))[:SHOWN],
        alternatives=list(alternatives),
        advice=first.module.advice if one.advice is None else one.advice,
        wireshark_filter=_filter(found),
        consequence_of=first.cause,
    )
    order = READ.index(rule.layer)
    return (SEVERITIES.index(first.severity), order, GRADES.index(one.grade), -len(found), row.first, rule.id), row


def _counted(summary: str, vpns: set[int | None], case: Case) -> str:
    """How many connections it happened to, where there are several."""
    total = len(case.measures.vpns)
    if None in vpns or total < 2 or len(vpns) < 2:
        return summary
    return f"{len(vpns)} of {total} connections: {summary}"


def _subject(found: Sequence[Finding]) -> str:
    """`vpn 3`, `vpns 1-4, 7`; where they are of different kinds or too many, the first and how many more."""
    subjects = list(dict.fromkeys(finding.subject for finding in found))
    if len(subjects) == 1:
        return subjects[0]
    parts = [re.fullmatch(r"(\w+) (\d+)", subject) for subject in subjects]
    words = {part[1] if part else None for part in parts}
    if len(words) == 1 and None not in words:
        listed = f"{words.pop()}s {numbers(int(part[2]) for part in parts if part)}"
        if len(listed) <= LISTED:
            return listed
    return f"{subjects[0]} and {len(subjects) - 1} more"


def _filter(found: Sequence[Finding]) -> str:
    filters = list(dict.fromkeys(finding.wireshark_filter for finding in found))[:FILTERS]
    return filters[0] if len(filters) == 1 else " || ".join(f"({one})" for one in filters)


def _under_their_causes(made: list[FindingRow]) -> Iterator[FindingRow]:
    """Each cause, then what follows from it."""
    following: dict[str, list[FindingRow]] = defaultdict(list)
    for row in made:
        if row.consequence_of is not None:
            following[row.consequence_of].append(row)
    for row in made:
        if row.consequence_of is None:
            yield row
            yield from following.pop(row.finding, [])
