"""L2S102 ICMP says that L2TP does not get through.

What is seen: ICMP errors that quote the client's SCCRQ.
Why it matters: the error names who refuses. Port unreachable from the server: nothing listens on that UDP port there. L2TP daemons ignore
the error and go on asking until they give up.
What else could cause it: the daemon was restarting; it listens on another address of the server; a forged ICMP error.
What to do: port unreachable from the server: start the L2TP daemon, and see on which address it listens. Prohibited or unreachable: the
firewall or the route of whoever sends the error.
Source: RFC 792, RFC 2661 §8.1
"""

from __future__ import annotations

from collections.abc import Iterable

from l2tpscope.findings.case import Case
from l2tpscope.findings.filters import tunnel
from l2tpscope.findings.refusals import about_refusal, refused_tunnels
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S102", name="l2tp-refused-by-icmp", severity=Severity.ERROR, source="RFC 792, RFC 2661 §8.1")


def check(case: Case) -> Iterable[Finding]:
    """Tunnels that never got an answer but ICMP's."""
    for number, refusal in refused_tunnels(case).items():
        row = case.tunnel(number)
        yield about_refusal(refusal, vpn=row.vpn, what="L2TP", wireshark_filter=tunnel(row))
