"""L2S401 IKE is not answered.

What is seen: the first message of IKE is sent again and again, and nothing comes back. That it is sent again proves that the client got
no answer.
Why it matters: nothing of the VPN can begin. Windows shows 809, also 678 or 651; others "server not responding".
What else could cause it: UDP 500 is filtered on the way or at the server; wrong server address; the IKE daemon is not running, or drops
what it does not accept without a word (libreswan from 5.0 and some 4.x do so with IKEv1); the answer is lost on the way back; the client
is inside the server's own network and its router does not turn the packets round.
What to do: capture at the server at the same time. If the request arrives there, look at the IKE daemon and the host's firewall, else at
the path: UDP 500 and 4500 must be open in the host's, the router's and the cloud's firewall.
Source: RFC 2408 §3.1, RFC 7296 §2.1
"""

from __future__ import annotations

from collections.abc import Iterable

from l2tpscope.analysis.names import endpoint_name
from l2tpscope.findings.case import Case
from l2tpscope.findings.ike import about, in_state, retried
from l2tpscope.findings.rule import Finding, Rule, Severity
from l2tpscope.frames import Endpoint

RULE = Rule(id="L2S401", name="ike-unanswered", severity=Severity.ERROR, source="RFC 2408 §3.1, RFC 7296 §2.1")


def check(case: Case) -> Iterable[Finding]:
    """IKE SAs of which only the initiator's first message was seen, several times."""
    refused = {refusal.receiver for refusal in case.trace.refusals}
    for row in in_state(case, "unanswered"):
        sent = case.ike_messages(row)
        if len(sent) < 2 or sent[0].name not in ("MM1", "AM1", "IKE_SA_INIT request") or _refused(row.responder, refused):
            continue
        yield about(
            row,
            sent,
            grade=case.absent("certain"),
            summary="the first IKE message is sent again and again, and no answer reaches the client",
            against=case.doubts,
            severity=retried(case, row),
        )


def _refused(responder: str, refused: Iterable[Endpoint]) -> bool:
    """Whether ICMP says why: that is a finding of its own."""
    return any(endpoint_name(one) == responder for one in refused)
