"""L2S502 One side has lost its SAs.

What is seen: ESP went both ways, then one side sends no ESP any more while the other goes on, and IKE of the silent side is alive (dead
peer detection is answered or asked as before).
Why it matters: nothing passes through the tunnel, and neither side notices: dead peer detection looks at IKE, not at ESP.
What else could cause it: the silent side's kernel lost its SAs (restart of a service, flushed state, a failed rekey) while its IKE daemon
lives on; another client behind the same NAT took over its policy at the server; ESP of one direction is dropped on the way, and IKE is
not; the silent side has nothing to say, because it discards what arrives (L2TP daemon ended).
What to do: at the silent side look at `ip xfrm state` and `ip xfrm policy` for these SPIs. Delete the connection and set it up anew; let
heartbeats inside the tunnel (HELLO, LCP echo) end it when nothing comes back.
Source: RFC 3706 §3, RFC 4301 §4.4
"""

from __future__ import annotations

from collections.abc import Iterable

from l2tpscope.findings import filters
from l2tpscope.findings.case import SHOWN, Case
from l2tpscope.findings.esp import about_vpn, sas, silence, taken_over
from l2tpscope.findings.rule import Finding, Place, Rule, Severity

RULE = Rule(id="L2S502", name="sas-lost", severity=Severity.ERROR, source="RFC 3706 §3")
ALIVE = 2
"""Messages of IKE that show that the silent side lives; one may be its goodbye."""


def check(case: Case) -> Iterable[Finding]:
    """Lost connections whose silent side goes on speaking IKE."""
    if case.one_sided:
        return
    for vpn in case.measures.vpns:
        found = silence(case, vpn) if vpn.outcome == "lost" else None
        if found is None or len(found.heard) < ALIVE or taken_over(case, vpn, found):
            continue
        alive = [Place(one.capture, one.frame) for one in found.heard]
        yield about_vpn(
            vpn,
            sas(case, vpn),
            grade=case.absent("likely"),
            summary=f"ESP from {found.who} stops while its IKE goes on and the other side's ESP goes on: {found.who} has lost its SAs",
            evidence=(*alive[:4], *found.vain[: SHOWN - 4]),
            first=found.since,
            last=found.last,
            against=case.doubts,
            wireshark_filter=filters.either(filters.esp(sas(case, vpn)), *(filters.ike_sa(case.ike_sas[number]) for number in vpn.ike_sas)),
        )
