"""L2S302 No common method of authentication.

What is seen: LCP: one side demands a method (PAP, CHAP, MS-CHAPv2, EAP), the other rejects it or wants another each time, and LCP is
terminated.
Why it matters: PPP ends before anybody is asked for a password. Windows shows 628, 629, 691, 734 or 919.
What else could cause it: the client may not use the method (MS-CHAPv2 or CHAP not ticked, `refuse-mschap-v2`); the server demands one
that the client does not have (`require-mschap-v2`); the server wants the client to authenticate although the client, too, wants the
server to.
What to do: allow one method on both sides: MS-CHAPv2 inside IPsec. On Windows tick "Microsoft CHAP Version 2" in the connection's
security settings.
Source: RFC 1661 §5.4, §6.2
"""

from __future__ import annotations

from collections.abc import Iterable

from l2tpscope.findings.case import Case
from l2tpscope.findings.l2tp import about_session
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S302", name="no-common-authentication", severity=Severity.ERROR, source="RFC 1661 §6.2")
DEMAND = "authentication "
OVER = ("terminated", "negotiating LCP", "LCP up")


def check(case: Case) -> Iterable[Finding]:
    """Sessions that ended after a method was rejected, and before anybody authenticated."""
    for row in case.measures.sessions:
        if row.ppp_state not in OVER or row.ppp_user is not None or row.assigned_ip is not None:
            continue
        lcp = [one for one in case.ppp(row) if one.protocol == "LCP"]
        no = [one for one in lcp if one.code in ("Configure-Reject", "Configure-Nak") and DEMAND in one.summary]
        over = [one for one in lcp if one.code == "Terminate-Request"]
        if not no or not (over or row.closed is not None) or (over and over[0].time < no[0].time):
            continue
        asked = [one for one in lcp if one.code == "Configure-Request" and DEMAND in one.summary]
        who = "the client" if no[-1].direction == "to_responder" else "the server"
        method = no[-1].summary[no[-1].summary.index(DEMAND) + len(DEMAND) :].split(",")[0]
        verb = "rejects" if no[-1].code == "Configure-Reject" else "wants instead"
        why = f": {row.ppp_reason}" if row.ppp_reason else ""
        yield about_session(
            case, row, [*asked, *no, *over[:1]], grade="certain", summary=f"no common method of authentication: {who} {verb} {method}{why}"
        )
