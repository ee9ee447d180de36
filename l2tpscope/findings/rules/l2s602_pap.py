"""L2S602 A password crosses in clear (PAP).

What is seen: a PAP Authenticate-Request with no IPsec around it.
Why it matters: whoever is on the path reads user name and password.
What else could cause it: the capture was made where IPsec has been taken off already (a gateway's inside).
What to do: change the password. Refuse PAP on both sides (`refuse-pap`), and put IPsec around L2TP; CHAP alone only makes reading it
harder.
Source: RFC 1334 §2, RFC 3193 §1
"""

from __future__ import annotations

from collections.abc import Iterable

from l2tpscope.findings.case import Case
from l2tpscope.findings.clear import sessions_in_clear
from l2tpscope.findings.l2tp import about_session
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S602", name="password-in-clear", severity=Severity.WARNING, source="RFC 1334 §2")


def check(case: Case) -> Iterable[Finding]:
    """Sessions in clear in which a password was sent."""
    for _, _, session in sessions_in_clear(case):
        if session.ppp_user is None or "PAP" not in (session.ppp_auth or "PAP"):
            continue
        sent = [row for row in case.ppp(session) if row.protocol == "PAP" and row.code == "Authenticate-Request"]
        if sent:
            user = f' of user "{session.ppp_user}"' if session.ppp_user else ""
            yield about_session(
                case, session, sent, grade="certain", summary=f"the password{user} crosses in clear: PAP, and no IPsec around it"
            )
