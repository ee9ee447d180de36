"""L2S508 The SAs are made and not used.

What is seen: IKE completes, the child SA is made, and no ESP follows, in either direction.
Why it matters: the VPN is set up and nothing goes through it; Windows shows 809 and deletes the SA after about 35 s.
What else could cause it: Windows refuses SAs to a server behind NAT (AssumeUDPEncapsulationContextOnSendRule not set): a registry
setting, which no capture shows; ESP leaves the client and is dropped before here (protocol 50, where no NAT was seen); the capture's
filter left ESP out; the client's L2TP daemon was not started, or its packets do not fit the policy.
What to do: Windows clients of a server behind NAT: set AssumeUDPEncapsulationContextOnSendRule to 2 and reboot. Else capture at the
client to see whether ESP leaves it.
Source: RFC 3193 §4, RFC 3948 §5.2
"""

from __future__ import annotations

from collections.abc import Iterable

from l2tpscope.findings.case import SECOND, Case
from l2tpscope.findings.ike import about
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S508", name="sa-unused", severity=Severity.ERROR, source="RFC 3193 §4")
WAIT = 20 * SECOND
GIVEN_UP = 90 * SECOND
"""Deleted unused so soon: nobody was content with it."""


def check(case: Case) -> Iterable[Finding]:
    """Connections that got no further than the child SA. On UDP 4500 ESP would be in the capture if IKE is; on its own it may not be."""
    if case.one_sided:
        return
    for vpn in case.measures.vpns:
        if vpn.stage != "child-sa" or not vpn.ike_sas:
            continue
        row = case.ike_sas[vpn.ike_sas[-1]]
        made = [one for one in case.ike_messages(row) if one.name in ("QM1", "QM2", "QM3")]
        if len(made) < 3 or (row.closed or case.end) - made[-1].time < WAIT:
            continue
        if not row.natt and (row.closed is None or row.closed - made[-1].time > GIVEN_UP):
            continue
        server = ", and the server is behind NAT" if row.nat_responder else ""
        yield about(
            row,
            made,
            grade=case.absent("likely" if row.natt else "hint"),
            summary=f"the SAs are made, and no ESP follows in either direction{server}",
            against=(*case.doubts, *([] if row.natt else ["ESP without UDP may not be in the capture"])),
        )
