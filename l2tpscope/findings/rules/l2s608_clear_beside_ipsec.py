"""L2S608 L2TP in clear although IPsec was wanted.

What is seen: a client that tried IPsec with this server carries traffic in clear L2TP with it.
Why it matters: user and administrator believe that it is encrypted, and it is not: L2TP went on without IPsec, and the server let it.
What else could cause it: the capture was made where IPsec has been taken off already and ESP was not captured; a second connection that
is meant to be in clear.
What to do: let the server refuse L2TP that does not come through IPsec (firewall: UDP 1701 with policy match ipsec alone), and the client
start L2TP only when the SA is up (`require IPsec`). Then see why IPsec failed.
Source: RFC 3193 §4
"""

from __future__ import annotations

from collections.abc import Iterable

from l2tpscope.core.endpoints import split
from l2tpscope.findings.case import Case
from l2tpscope.findings.clear import hosts, sessions_in_clear
from l2tpscope.findings.l2tp import about_tunnel
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S608", name="clear-beside-ipsec", severity=Severity.ERROR, source="RFC 3193 §4")


def check(case: Case) -> Iterable[Finding]:
    """Tunnels in clear that carry IP between hosts that spoke IKE."""
    tried = {frozenset((split(row.initiator)[0], split(row.responder)[0])) for row in case.measures.ike_sas}
    told: set[int] = set()
    for vpn, tunnel, session in sessions_in_clear(case):
        if hosts(tunnel) not in tried or vpn.stage != "traffic" or tunnel.tunnel in told:
            continue
        told.add(tunnel.tunnel)
        up = [row for row in case.messages(tunnel) if row.message in ("SCCRQ", "SCCCN", "ICCN", "OCCN")]
        times = {"first": session.first_data or vpn.opened, "last": session.last_data or vpn.opened}
        what = "the client tried IPsec with this server, and then carries its traffic through L2TP in clear"
        yield about_tunnel(tunnel, up, grade="certain", summary=what, **times)
