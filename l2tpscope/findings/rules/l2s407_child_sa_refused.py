"""L2S407 Phase 2 fails.

What is seen: the IKE SA is up, the client asks for a child SA (QM1), and gets an encrypted INFORMATIONAL in place of QM2, or nothing;
or it answers QM2 with one in place of QM3.
Why it matters: no ESP can flow. Windows shows 789, 791 or 792. Why it was refused is encrypted; only the two ends can say.
What else could cause it: PFS is demanded by one side alone; no common ESP proposal; the selectors differ (17/1701 against 17/0 or
17/%any, subnets); the mode differs (transport, tunnel); the server's policy has no connection for this client.
What to do: on the server pfs=no, the selector 17/%any for the client's side, transport mode, and an ESP proposal that the client has (AES
with SHA-1 fits all). The server's log names the payload that did not fit.
Source: RFC 2409 §5.5
"""

from __future__ import annotations

from collections.abc import Iterable

from l2tpscope.findings.case import SECOND, Case
from l2tpscope.findings.ike import about, named, retried
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S407", name="child-sa-refused", severity=Severity.ERROR, source="RFC 2409 §5.5")
AT_ONCE = 5 * SECOND
"""An INFORMATIONAL so soon after QM1 or QM2 is about it."""
REFUSED = {
    "QM1": "the server answers the request for a child SA (QM1)",
    "QM2": "the client answers what the server chose for the child SA (QM2)",
}


def check(case: Case) -> Iterable[Finding]:
    """IKE SAs that came up and whose Quick Mode was never answered by QM2, or not by QM3."""
    for row in case.measures.ike_sas:
        vpn = case.vpn(row.vpn)
        if row.furthest not in REFUSED or row.established is None or vpn is None or vpn.esp_sas:
            continue
        messages = case.ike_messages(row)
        asked = named(messages, row.furthest)
        refusal = [
            one
            for one in messages
            if one.name == "INF" and one.direction != asked[0].direction and 0 <= one.time - asked[0].time <= AT_ONCE
        ]
        if refusal:
            what = f"{REFUSED[row.furthest]} with an encrypted INFORMATIONAL: it refuses phase 2"
            yield about(row, [*asked, *refusal[:1]], grade="likely", summary=what, severity=retried(case, row))
        elif row.furthest == "QM1" and len(asked) > 1:
            what = "the request for a child SA (QM1) is sent again and again and not answered, although the IKE SA is up"
            yield about(row, asked, grade=case.absent("certain"), summary=what, against=case.doubts, severity=retried(case, row))
