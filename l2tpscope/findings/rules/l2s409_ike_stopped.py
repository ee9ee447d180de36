"""L2S409 IKE stops half-way.

What is seen: IKE began, both sides spoke, and then one of them says nothing more, before anybody had to prove who he is.
Why it matters: the last message tells who owes the next one: look there.
What else could cause it: the next message was lost each time, as large ones are that are sent in fragments; the client did not accept
what the server chose, or its list of vendor IDs (Windows after the updates of January 2022); the client has no certificate for the
server's request; the capture lacks one direction or port.
What to do: look into the log of the side that owes the next message. If the message that is repeated is larger than 1400 octets, look for
lost fragments and switch IKE fragmentation on.
Source: RFC 2409 §5, RFC 7296 §1.2
"""

from __future__ import annotations

from collections.abc import Iterable

from l2tpscope.findings.case import Case
from l2tpscope.findings.ike import about, in_state, retried
from l2tpscope.findings.large import unanswered
from l2tpscope.findings.proof import by_certificate, never_sent
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S409", name="ike-stopped", severity=Severity.ERROR, source="RFC 2409 §5")
OWED = {
    "MM2": ("MM3", "client"),
    "MM3": ("MM4", "server"),
    "MM4": ("MM5", "client"),
    "AM2": ("AM3", "client"),
    "IKE_SA_INIT response": ("IKE_AUTH", "client"),
}
"""After a step, what is due, and from whom."""


def check(case: Case) -> Iterable[Finding]:
    """IKE SAs that failed between the first answer and the proof of identity."""
    for row in in_state(case, "failed"):
        if row.furthest not in OWED or (row.nat_initiator and row.furthest in ("MM4", "IKE_SA_INIT response")):
            continue
        if unanswered(case, row) is not None or (by_certificate(case, row) and never_sent(case, row)):
            continue  # a finding of its own
        due, owed_by = OWED[row.furthest]
        yield about(
            row,
            case.ike_messages(row),
            grade=case.absent("likely"),
            summary=f"IKE stops after {row.furthest}: {due} from the {owed_by} never comes",
            against=case.doubts,
            severity=retried(case, row),
        )
