"""L2S107 The server ends it.

What is seen: an orderly StopCCN or CDN from the server, of a tunnel or session that was up.
Why it matters: it was no failure of the path: somebody or something at the server ended it.
What else could cause it: an administrator or a restart of the daemon ("Server closing"); an idle or session timeout; PPP of the session
ended first.
What to do: look into the server's log at that time.
Source: RFC 2661 §5.7
"""

from __future__ import annotations

from collections.abc import Iterable

from l2tpscope.findings.case import Case
from l2tpscope.findings.l2tp import about_tunnel, ending
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S107", name="ended-by-server", severity=Severity.INFO, source="RFC 2661 §5.7")


def check(case: Case) -> Iterable[Finding]:
    """Tunnels that were up and that the responder closed."""
    for row in case.measures.tunnels:
        if row.state == "closed" and row.closed_by == "responder" and row.established is not None:
            stops = [one for one in case.messages(row) if one.message == "StopCCN"]
            yield about_tunnel(row, stops, grade="certain", summary=f"the server closes the tunnel in order: {ending(row)}")
