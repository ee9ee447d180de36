"""L2S504 One side vanishes.

What is seen: everything went both ways; from one moment on nothing of one side is seen any more, neither ESP nor IKE, while the other
goes on sending and asks (dead peer detection) in vain.
Why it matters: the connection is dead; the other side notices only when its timers run out.
What else could cause it: the path from the silent side to here broke; its host is down, asleep, or has another address; a NAT or firewall
forgot the mapping; the silent side gave the connection up because it no longer heard the other one: then the path to it broke, after this
point.
What to do: compare with a capture at the silent side: what it sends tells whether it died or the path. Dead peer detection on both sides
with a restart action brings it back sooner.
Source: RFC 3706 §5
"""

from __future__ import annotations

from collections.abc import Iterable

from l2tpscope.findings.case import SHOWN, Case
from l2tpscope.findings.esp import FROM, about_vpn, sas, silence, taken_over
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S504", name="peer-vanished", severity=Severity.ERROR, source="RFC 3706 §5")


def check(case: Case) -> Iterable[Finding]:
    """Lost connections of whose silent side nothing more is heard."""
    if case.one_sided:
        return
    for vpn in case.measures.vpns:
        found = silence(case, vpn) if vpn.outcome == "lost" else None
        if found is None or len(found.heard) > 1 or taken_over(case, vpn, found):
            continue
        clear = [
            FROM[one.direction]
            for number in vpn.tunnels
            for one in case.messages(case.tunnel(number))
            if one.time > found.since and not vpn.twin
        ]
        against = [f"{found.who} goes on in clear L2TP: it lives, and has given up its SAs"] if found.who in clear else []
        yield about_vpn(
            vpn,
            sas(case, vpn),
            grade=case.absent("likely" if against or found.heard else "certain"),
            summary=f"from one moment on neither ESP nor IKE comes from {found.who}, while the other side goes on",
            evidence=tuple(found.vain[:SHOWN]),
            first=found.since,
            last=found.last,
            against=(*case.doubts, *against),
        )
