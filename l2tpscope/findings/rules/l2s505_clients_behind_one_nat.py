"""L2S505 Two clients behind one NAT collide.

What is seen: two clients come from one address, each with its own IKE SA and port; when the SAs of the second come into use, ESP from the
server to the first one stops, while the first one goes on sending.
Why it matters: only one of them can work at a time: in transport mode the server's policy for the address and UDP 1701 holds one of them.
What else could cause it: the server lost the first client's SAs at that moment for another reason.
What to do: let the server tell clients apart (strongSwan's connmark plugin, libreswan's `overlapip` with marks, an ephemeral L2TP source
port), or use IKEv2 for clients behind one NAT.
Source: RFC 3948 §5.2
"""

from __future__ import annotations

from collections.abc import Iterable

from l2tpscope.findings.case import SHOWN, Case
from l2tpscope.findings.esp import about_vpn, first_place, sas, silence, taken_over
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S505", name="clients-behind-one-nat", severity=Severity.ERROR, source="RFC 3948 §5.2")


def check(case: Case) -> Iterable[Finding]:
    """Connections that the server fell silent to when another from the same address began."""
    if case.one_sided:
        return
    for vpn in case.measures.vpns:
        found = silence(case, vpn) if vpn.outcome == "lost" else None
        other = taken_over(case, vpn, found) if found is not None else None
        if found is None or other is None:
            continue
        began = sas(case, other)[0]
        yield about_vpn(
            vpn,
            [*sas(case, vpn), *sas(case, other)],
            grade=case.absent("likely"),
            summary="ESP from the server to this client stops when another client behind the same NAT begins, which takes its place",
            evidence=(*first_place(case, began), *found.vain[: SHOWN - 1]),
            first=found.since,
            last=found.last,
            against=case.doubts,
        )
