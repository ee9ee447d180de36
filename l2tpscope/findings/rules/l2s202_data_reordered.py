"""L2S202 Numbered data arrives out of order.

What is seen: L2TP data with sequence numbers (S bit) that overtakes other data.
Why it matters: a receiver without a reorder buffer, as Linux has none unless told so, discards what comes late. TCP, and PPP itself, may
stop: LCP echoes are lost, and the session ends with "Peer not responding".
What else could cause it: several paths or queues between the sender and here; the capture itself mixes packets of several queues.
What to do: switch sequence numbers of data off on both sides (they are of use for protocols that cannot stand disorder alone), or give
the receiver a reorder timeout (`reorder_timeout`).
Source: RFC 2661 §5.4
"""

from __future__ import annotations

from collections.abc import Iterable

from l2tpscope.findings.case import Case
from l2tpscope.findings.losses import about_loss
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S202", name="data-reordered", severity=Severity.WARNING, source="RFC 2661 §5.4")
LEAST, SHARE = 3, 0.005
REASON = "not responding"


def check(case: Case) -> Iterable[Finding]:
    """Numbered data of which much is late; an error where PPP ended for want of answers."""
    died = {row.session for row in case.measures.sessions if row.ppp_state == "terminated" and REASON in (row.ppp_reason or "")}
    for row in case.measures.loss:
        if row.space != "l2tp-data" or not row.reordered or row.reordered < LEAST or row.reordered < SHARE * (row.received or 0):
            continue
        ended = row.session in died
        yield about_loss(
            case,
            row,
            grade="likely",
            summary=f"of {row.received} numbered data packets {row.reordered} come late: a receiver without a reorder buffer discards them"
            + ("; PPP ended for want of answers" if ended else ""),
            severity=Severity.ERROR if ended else None,
        )
