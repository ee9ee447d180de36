"""L2S304 PPP gives up a peer that does not answer.

What is seen: LCP Echo-Requests without replies, then Terminate-Request with the reason "Peer not responding".
Why it matters: the session ends although L2TP itself may be well: data does not pass in one direction, or not in order.
What else could cause it: data is lost in one direction, after the tap or before; the receiver discards data whose sequence numbers are
out of order; the other host sleeps or is gone; the default route goes into the tunnel itself, so that nothing leaves any more.
What to do: see in which direction replies are missing, and whether data is lost or out of order there. On the client, keep a host route
to the server outside the tunnel.
Source: RFC 1661 §5.8
"""

from __future__ import annotations

from collections.abc import Iterable

from l2tpscope.findings.case import Case
from l2tpscope.findings.l2tp import WHO, about_session
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S304", name="ppp-peer-silent", severity=Severity.ERROR, source="RFC 1661 §5.8")
REASON = "not responding"


def check(case: Case) -> Iterable[Finding]:
    """Sessions that LCP ended for want of answers."""
    for row in case.measures.sessions:
        if row.ppp_state != "terminated" or row.ppp_reason is None or REASON not in row.ppp_reason:
            continue
        over = [one for one in case.ppp(row) if one.protocol == "LCP" and one.code == "Terminate-Request" and REASON in one.summary]
        if over:
            who = WHO["initiator" if over[0].direction == "to_responder" else "responder"]
            yield about_session(
                case, row, over, grade="certain", summary=f"{who} ends PPP because the other side does not answer its LCP Echo-Requests"
            )
