"""L2S103 The answer to SCCRQ is not taken up.

What is seen: the server answers SCCRQ with SCCRP, again and again, and the client neither acknowledges it nor goes on.
Why it matters: no tunnel comes up, and the server keeps state for it until it gives up.
What else could cause it: the answer is lost between here and the client; it comes from another address or port than the client called (a
server with several addresses); the client is gone or never was: its address is forged.
What to do: see at the client whether SCCRP arrives, and from which address. Let the server answer from the address that was called
(`listen-addr`).
Source: RFC 2661 §5.8, §7.2.1
"""

from __future__ import annotations

from collections.abc import Iterable

from l2tpscope.findings.case import Case
from l2tpscope.findings.l2tp import about_tunnel
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S103", name="sccrp-unanswered", severity=Severity.ERROR, source="RFC 2661 §5.8")
MANY = 20
"""So many are no accident of one path: a flood, which is a finding of its own."""


def check(case: Case) -> Iterable[Finding]:
    """Tunnels that were answered and not taken up."""
    rows = [row for row in case.measures.tunnels if row.state == "unanswered" and row.messages_to_initiator and row.roles == "seen"]
    if len(rows) >= MANY:
        return
    for row in rows:
        said = [one for one in case.messages(row) if one.message in ("SCCRQ", "SCCRP")]
        if sum(one.message == "SCCRP" for one in said) < 2:
            continue
        yield about_tunnel(
            row,
            said,
            grade=case.absent("likely"),
            summary="the server answers SCCRQ again and again, and the client does not take up the answer",
            against=case.doubts,
        )
