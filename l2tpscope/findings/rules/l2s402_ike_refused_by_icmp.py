"""L2S402 ICMP says that IKE does not get through.

What is seen: an ICMP error that quotes a datagram to UDP 500 or 4500 of the server.
Why it matters: the error names who refuses: the server itself (port unreachable: no IKE daemon on that port) or a router before it
(prohibited, unreachable).
What else could cause it: the daemon was restarting; a forged ICMP error.
What to do: port unreachable from the server: start the IKE daemon, and see that it listens on that address. Prohibited or unreachable:
the firewall or the route of whoever sends the error.
Source: RFC 792, RFC 1812 §5.2.7.1, RFC 4443
"""

from __future__ import annotations

from collections.abc import Iterable

from l2tpscope.analysis.names import endpoint_name
from l2tpscope.findings.case import Case
from l2tpscope.findings.filters import between
from l2tpscope.findings.refusals import about_refusal, is_hard
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S402", name="ike-refused-by-icmp", severity=Severity.ERROR, source="RFC 792, RFC 1812 §5.2.7.1")
NEVER_UP = ("unanswered", "opening", "failed")


def check(case: Case) -> Iterable[Finding]:
    """Refusals of datagrams to the responder of an IKE SA that never came up."""
    failed = {row.responder: row for row in case.measures.ike_sas if row.state in NEVER_UP}
    for refusal in case.trace.refusals:
        row = failed.get(endpoint_name(refusal.receiver))
        if row is not None and is_hard(refusal) and refusal.receiver.port in (500, 4500):
            yield about_refusal(
                refusal, vpn=row.vpn, what="IKE", wireshark_filter=f"{between(row.initiator, row.responder)} && (isakmp || icmp || icmpv6)"
            )
