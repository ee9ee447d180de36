"""L2S305 The way to the server leads into the tunnel.

What is seen: inside a session there is L2TP, IKE or ESP to the very server that the tunnel goes to.
Why it matters: what carries the tunnel is put into the tunnel: it comes up, and is dead within seconds; pppd says "recursion detected".
What else could cause it: a second VPN to the same server that is meant to run inside this one.
What to do: give the client a host route to the server by its old gateway before the default route goes into the tunnel; see that the
address that the server gives as its own inside (IPCP) is not its address outside.
Source: RFC 2661 §1; RFC 1332 §3.3
"""

from __future__ import annotations

from collections.abc import Iterable

from l2tpscope.core.endpoints import split
from l2tpscope.findings.case import Case
from l2tpscope.findings.l2tp import about_session
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S305", name="route-into-tunnel", severity=Severity.ERROR, source="RFC 2661 §1")
PORTS = frozenset({"500", "1701", "4500"})
ESP = "ESP"


def check(case: Case) -> Iterable[Finding]:
    """Sessions in which somebody speaks to the outer address of the server, on a port of the VPN itself."""
    for session in case.measures.sessions:
        server = split(case.tunnel(session.tunnel).responder)[0]
        flows = [
            flow
            for flow in case.group("inner_flows", "session").get(session.session, [])
            if split(flow.responder)[0] == server and (split(flow.responder)[1] in PORTS or flow.protocol == ESP)
        ]
        if not flows:
            continue
        packets = sum(flow.packets_to_responder for flow in flows)
        yield about_session(
            case,
            session,
            [],
            grade="certain",
            first=min(flow.first for flow in flows),
            last=max(flow.last for flow in flows),
            summary=f"inside the session {packets} packets of the VPN itself go to the outer address of its server",
        )
