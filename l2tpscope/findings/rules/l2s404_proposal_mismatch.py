"""L2S404 No IKE proposal in common.

What is seen: the responder answers NO_PROPOSAL_CHOSEN in clear.
Why it matters: nothing of the VPN can begin. Windows shows 788 or 789.
What else could cause it: no connection on the server fits the client's address, identity or version of IKE, and it says so in these
words; the server's software dropped what an old client offers (MODP-1024, 3DES, IKEv1 at all), or a new client dropped it.
What to do: compare what is offered with the server's configuration, and add one common proposal: AES-256, SHA-2 and MODP-2048 if both
sides can, else what the older one has.
Source: RFC 2408 §3.14.1, RFC 7296 §3.10.1
"""

from __future__ import annotations

from collections.abc import Iterable

from l2tpscope.findings.case import Case
from l2tpscope.findings.ike import about, in_state, retried
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S404", name="ike-proposal-mismatch", severity=Severity.ERROR, source="RFC 2408 §3.14.1")
OFFERS = 3


def check(case: Case) -> Iterable[Finding]:
    """IKE SAs that ended with NO_PROPOSAL_CHOSEN before any reply."""
    for row in in_state(case, "refused"):
        if row.established is None and any("NO_PROPOSAL_CHOSEN" in notify for notify in row.notifies):
            more = f" and {len(row.offered) - OFFERS} more" if len(row.offered) > OFFERS else ""
            offered = f" (offered: {'; '.join(row.offered[:OFFERS])}{more})" if row.offered else ""
            yield about(
                row,
                case.ike_messages(row),
                grade="certain",
                summary=f"the server accepts none of the client's IKE proposals: NO_PROPOSAL_CHOSEN{offered}",
                severity=retried(case, row),
            )
