"""L2S105 The call is refused.

What is seen: CDN before the session is up, in a tunnel that works; its result and error code, and often a text, say why.
Why it matters: the tunnel is there, and nobody gets a session in it.
What else could cause it: no address left in the pool ("No available IP address", error 4); a limit of sessions for the client or in all
(results 4 and 5); the service or number is not known (result 6, 13); the client hung up itself.
What to do: do what the text says: enlarge the pool (`ip range`) or the limit, or end sessions that are left over. Without a text the
server's log has the reason.
Source: RFC 2661 §4.4.2
"""

from __future__ import annotations

from collections.abc import Iterable

from l2tpscope.findings.case import Case
from l2tpscope.findings.l2tp import WHO, about_session, ending
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S105", name="call-refused", severity=Severity.ERROR, source="RFC 2661 §4.4.2")
ORDINARY = (0, 1)


def check(case: Case) -> Iterable[Finding]:
    """Sessions that ended with CDN before they were up, for a reason that is an error."""
    for row in case.measures.sessions:
        if row.state != "refused" or row.result_code is None or (row.result_code in ORDINARY and not row.error_code):
            continue
        said = [one for one in case.messages(case.tunnel(row.tunnel)) if one.session == row.session]
        yield about_session(case, row, said, grade="certain", summary=f"{WHO[row.closed_by]} refuses the call: {ending(row)}")
