"""L2S606 Passwords are guessed.

What is seen: many failed authentications from one address in a short time.
Why it matters: somebody tries names and passwords; with MS-CHAP and CHAP each try costs the server a tunnel, a session and a question to
RADIUS.
What else could cause it: a device with an old password that dials again by itself: then it is always the same user.
What to do: block the address, or limit tries per address (fail2ban reads the log of pppd); see that none of the names has a weak
password, and whether one try was accepted.
Source: RFC 2759 §12, RFC 1994 §2.3
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from l2tpscope.findings.case import Case
from l2tpscope.findings.guessing import guessers
from l2tpscope.findings.l2tp import about_session
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S606", name="password-guessing", severity=Severity.ERROR, source="RFC 2759 §12")
NAMED = 3


def check(case: Case) -> Iterable[Finding]:
    """Addresses with many failures; a name alone, always the same, may be a device."""
    for source, rows in guessers(case).items():
        users = Counter(row.ppp_user or "?" for row in rows)
        named = ", ".join(f'"{user}" {count} times' for user, count in users.most_common(NAMED))
        times = [row.opened for row in rows if row.opened is not None]
        over = (max(times) - min(times)) / 1e9
        said = [one for row in rows[:12] for one in case.ppp(row) if one.code in ("Failure", "Authenticate-Nak")][:12]
        good = [
            row
            for row in case.measures.sessions
            if row.assigned_ip is not None and case.tunnel(row.tunnel).initiator.startswith(source + ":") and row.ppp_user in users
        ]
        accepted = f"; {len(good)} tries were accepted" if good else "; none was accepted"
        yield about_session(
            case,
            rows[0],
            said,
            grade="likely",
            subject=f"client {source}",
            vpn=None,
            summary=f"{len(rows)} failed authentications from {source} in {over:.0f} s ({named}){accepted}",
        )
