"""L2S301 PPP authentication fails.

What is seen: CHAP Failure, PAP Authenticate-Nak or EAP-Failure from the server, mostly followed by LCP Terminate-Request and CDN.
Why it matters: the user gets no session. Windows shows 691.
What else could cause it: wrong user name or password; the user name lacks or has the domain (`DOMAIN\\user`); the account is locked,
expired or may not dial in; the authentication server (RADIUS) does not answer; the server has no secret for this method.
What to do: check name and password first, then the account. Codes in the message of MS-CHAP: E=691 wrong name or password, E=647
disabled, E=648 password expired, E=649 no permission to dial in, E=646 not at this hour.
Source: RFC 1994 §4.2, RFC 1334 §2.2, RFC 2759 §6, RFC 3748 §4.2
"""

from __future__ import annotations

from collections.abc import Iterable

from l2tpscope.findings.case import Case
from l2tpscope.findings.guessing import guessers
from l2tpscope.findings.l2tp import about_session
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S301", name="ppp-authentication-failed", severity=Severity.ERROR, source="RFC 1994 §4.2")
PROTOCOLS = ("PAP", "CHAP", "EAP")
VERDICTS = ("Failure", "Authenticate-Nak")


def check(case: Case) -> Iterable[Finding]:
    """Sessions whose last word about authentication was no; where somebody guesses, that is the finding."""
    guessed = {row.session for rows in guessers(case).values() for row in rows}
    for row in case.measures.sessions:
        if row.ppp_state != "authentication failed" or row.session in guessed:
            continue
        said = [one for one in case.ppp(row) if one.protocol in PROTOCOLS or one.code == "Terminate-Request"]
        method = row.ppp_auth or "the server's method"
        user = f' of user "{row.ppp_user}"' if row.ppp_user else ""
        why = f": {row.ppp_reason}" if row.ppp_reason else ""
        yield about_session(
            case, row, said, grade="certain", summary=f"PPP authentication{user} by {method} fails{why}", same=f"{row.ppp_user}/{method}"
        )
