"""L2S406 IKE SA deleted as soon as it is up.

What is seen: both sides have proved who they are, and at once one of them sends an encrypted message of the length of a Delete, and no
child SA is asked for.
Why it matters: who deletes did not accept the other's identity or proof, though the other accepted its own. Windows shows 789; strongSwan
logs "IDir '...' does not match".
What else could cause it: the identity of the other side is not the one configured (a server behind NAT that names its inner address,
SoftEther that names 0.0.0.0); its certificate is not accepted; the user cancelled.
What to do: let the side that deletes accept the other's identity (`rightid=%any`, `leftid=` on the other side), or turn off identity
checking there.
Source: RFC 2407 §4.6.2, RFC 2409 §5
"""

from __future__ import annotations

from collections.abc import Iterable

from l2tpscope.findings.case import SECOND, Case
from l2tpscope.findings.ike import about, in_state, retried
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S406", name="ike-deleted-after-authentication", severity=Severity.ERROR, source="RFC 2407 §4.6.2")
AT_ONCE = 2 * SECOND


def check(case: Case) -> Iterable[Finding]:
    """IKE SAs closed within moments of coming up, without a child SA."""
    for row in in_state(case, "closed"):
        if row.established is None or row.closed is None or row.child_exchanges or row.closed - row.established > AT_ONCE:
            continue
        last = [one for one in case.ike_messages(row) if one.time >= row.established]
        who = {"initiator": "the client", "responder": "the server"}.get(row.closed_by or "", "one side")
        other = "server" if who == "the client" else "client"
        yield about(
            row,
            last,
            grade="likely",
            summary=f"{who} deletes the IKE SA as soon as it is up: it does not accept the identity or the proof of the {other}",
            severity=retried(case, row),
        )
