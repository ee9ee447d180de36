"""L2S104 The tunnel is refused.

What is seen: StopCCN before the tunnel is up; its result and error code, and often a text, say why.
Why it matters: no tunnel comes up, whatever the client tries.
What else could cause it: the client's address or host name is not allowed (result 4, "No Authorization"); the tunnel secret differs,
where challenges are seen (result 4, or 2 with error 6, after the response); a limit of tunnels (error 4); an AVP that must be understood
and is not (error 8); the protocol version (result 5); a peer that takes legal AVPs for wrong.
What to do: do what the text says. Without one: compare the tunnel secrets, the list of peers that are allowed, and the limits of the
server; its log has the reason.
Source: RFC 2661 §4.4.2, §5.1.1
"""

from __future__ import annotations

from collections.abc import Iterable

from l2tpscope.findings.case import Case
from l2tpscope.findings.l2tp import WHO, about_tunnel, ending
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S104", name="tunnel-refused", severity=Severity.ERROR, source="RFC 2661 §4.4.2")


def check(case: Case) -> Iterable[Finding]:
    """Tunnels that ended with StopCCN before they were up."""
    for row in case.measures.tunnels:
        if row.state != "refused":
            continue
        said = [one for one in case.messages(row) if one.message in ("SCCRQ", "SCCRP", "SCCCN", "StopCCN")]
        secret = f"; tunnel authentication: {row.authentication}" if row.authentication else ""
        yield about_tunnel(row, said, grade="certain", summary=f"{WHO[row.closed_by]} refuses the tunnel: {ending(row)}{secret}")
