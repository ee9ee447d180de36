"""L2S101 SCCRQ is not answered.

What is seen: the client asks for a tunnel (SCCRQ) in clear, again and again, and nothing comes back. That it asks again proves that it
got no answer.
Why it matters: no tunnel comes up. xl2tpd gives up after 31 s ("Maximum retries exceeded"); Windows shows 809 or 678.
What else could cause it: UDP 1701 is filtered on the way or at the server; the server takes L2TP only through IPsec, and this SCCRQ came
in clear (firewall rule "policy match ipsec"); the client does no IPsec at all (ProhibitIpSec, no pre-shared key set), or its IPsec policy
does not match what it sends; no L2TP daemon, or it listens on another address; a tunnel or session limit is reached and the server says
nothing (accel-ppp, SoftEther); the answer is lost on the way back.
What to do: if the server wants IPsec, see why the client sends in clear: nothing of it may be seen here but ESP. Else start the L2TP
daemon, open UDP 1701, and capture at the server to see whether SCCRQ arrives.
Source: RFC 2661 §5.8, RFC 3193 §4
"""

from __future__ import annotations

from collections.abc import Iterable

from l2tpscope.findings.case import Case
from l2tpscope.findings.l2tp import about_tunnel
from l2tpscope.findings.refusals import refused_tunnels
from l2tpscope.findings.rule import Finding, Rule, Severity
from l2tpscope.findings.stale import held

RULE = Rule(id="L2S101", name="sccrq-unanswered", severity=Severity.ERROR, source="RFC 2661 §5.8")


def check(case: Case) -> Iterable[Finding]:
    """Tunnels asked for several times, without a single message back."""
    refused = refused_tunnels(case).keys() | {one.new.tunnel for one in held(case)}
    for row in case.measures.tunnels:
        if row.state != "unanswered" or row.messages_to_initiator or row.tunnel in refused:
            continue
        asked = [one for one in case.messages(row) if one.message == "SCCRQ"]
        if len(asked) < 2:
            continue
        ipsec = any(one.ike_sas for one in case.measures.vpns)
        alone = "" if ipsec else ", and no IPsec is seen"
        yield about_tunnel(
            row,
            asked,
            grade=case.absent("certain"),
            summary=f"SCCRQ is sent in clear again and again, and no answer reaches the client{alone}",
            against=case.doubts,
        )
