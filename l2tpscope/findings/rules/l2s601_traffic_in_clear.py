"""L2S601 User data crosses in clear.

What is seen: L2TP with IP traffic inside, and no IPsec around it.
Why it matters: L2TP encrypts nothing: whoever is on the path reads and changes the traffic, and may end the tunnel.
What else could cause it: the capture was made where IPsec has been taken off already (a gateway's inside); a provider's own network
between LAC and LNS, where that is meant so; the traffic inside protects itself (TLS, SSH).
What to do: put IPsec around it (RFC 3193), and let the server refuse L2TP that does not come through IPsec.
Source: RFC 2661 §9, RFC 3193 §1
"""

from __future__ import annotations

from collections.abc import Iterable

from l2tpscope.analysis.rows import SessionRow
from l2tpscope.core.endpoints import split
from l2tpscope.findings.case import Case
from l2tpscope.findings.clear import hosts, sessions_in_clear
from l2tpscope.findings.l2tp import about_tunnel
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S601", name="traffic-in-clear", severity=Severity.WARNING, source="RFC 2661 §9, RFC 3193 §1")


def check(case: Case) -> Iterable[Finding]:
    """Tunnels whose sessions carried IP and had nothing around them; those beside IPsec are a finding of their own."""
    tried = {frozenset((split(row.initiator)[0], split(row.responder)[0])) for row in case.measures.ike_sas}
    told: set[int] = set()
    for vpn, tunnel, session in sessions_in_clear(case):
        if tunnel.tunnel in told or vpn.stage != "traffic" or hosts(tunnel) in tried:
            continue
        told.add(tunnel.tunnel)
        mppe = _may_have_keys(session) and any(row.code == "Configure-Ack" and "MPPE" in row.summary for row in case.ppp(session))
        what = "is encrypted by MPPE alone, all else is in clear" if mppe else "crosses in clear"
        times = {"first": session.first_data or vpn.opened, "last": session.last_data or vpn.opened}
        up = [row for row in case.messages(tunnel) if row.message in ("SCCCN", "ICCN", "OCCN")]
        yield about_tunnel(tunnel, up, grade="certain", summary=f"L2TP without IPsec: the traffic of users {what}", **times)


def _may_have_keys(row: SessionRow) -> bool:
    """Whether its authentication may have made keys for MPPE (RFC 3079): PAP and CHAP with MD5 do not; what was not seen may."""
    return row.ppp_auth not in ("PAP", "CHAP MD5")
