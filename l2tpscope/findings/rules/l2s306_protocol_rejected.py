"""L2S306 A protocol that is needed is rejected.

What is seen: LCP Protocol-Reject of IPCP or IPV6CP where nothing else for IP comes up; or encryption (CCP with MPPE, ECP) is refused, and
the side that wanted it ends the session.
Why it matters: the tunnel and its authentication are well, and the session ends all the same or carries nothing. Windows shows 720, 733,
741 or 742.
What else could cause it: the side that rejects has that protocol switched off or not at all (`noip`, `noipv6`, `noccp`, a kernel without
MPPE); encryption is demanded by one side only, which inside IPsec nobody needs; MPPE is refused because the authentication made no keys
for it (PAP, CHAP with MD5); the server has no address left and so does not run IPCP.
What to do: switch on what is rejected, or do not ask for it. Inside IPsec: no MPPE on either side (`nomppe`, `noccp`; Windows: "optional
encryption"). Without IPsec: MS-CHAPv2, so that there are keys.
Source: RFC 1661 §5.7, RFC 3078 §2, RFC 3079
"""

from __future__ import annotations

from collections.abc import Iterable

from l2tpscope.findings.case import Case
from l2tpscope.findings.l2tp import about_session
from l2tpscope.findings.ppp import rejection
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S306", name="ppp-protocol-rejected", severity=Severity.ERROR, source="RFC 1661 §5.7")


def check(case: Case) -> Iterable[Finding]:
    """Sessions that ended, or carry nothing, of a refusal."""
    for row in case.measures.sessions:
        found = rejection(case, row)
        if found is not None:
            yield about_session(case, row, found.evidence, grade=found.grade, summary=found.summary)
