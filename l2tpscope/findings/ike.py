"""What the rules about IKE ask of an IKE SA."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from l2tpscope.analysis.rows import IkeMessageRow, IkeSaRow
from l2tpscope.findings import filters
from l2tpscope.findings.case import Case, places
from l2tpscope.findings.rule import Finding, Severity


def in_state(case: Case, *states: str) -> Iterator[IkeSaRow]:
    """The IKE SAs whose set-up is in the capture and that are in one of these states."""
    return (row for row in case.measures.ike_sas if row.state in states and row.exchange is not None)


def named(messages: Iterable[IkeMessageRow], *names: str) -> list[IkeMessageRow]:
    """The messages of these names, every copy."""
    return [row for row in messages if row.name in names]


def retried(case: Case, row: IkeSaRow) -> Severity | None:
    """A failure after which the same client did come through is a warning; None: as bad as the rule says."""
    return Severity.WARNING if row.ike_sa in case.overcome else None


def about(row: IkeSaRow, evidence: Sequence[IkeMessageRow], **given: object) -> Finding:
    """A finding about one IKE SA."""
    finding = {
        "subject": f"vpn {row.vpn}" if row.vpn is not None else f"ike_sa {row.ike_sa}",
        "vpn": row.vpn,
        "evidence": places(evidence),
        "first": evidence[0].time,
        "last": evidence[-1].time,
        "wireshark_filter": filters.ike_sa(row),
    }
    return Finding(**{**finding, **given})  # type: ignore[arg-type]
