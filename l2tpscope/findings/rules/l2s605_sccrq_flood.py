"""L2S605 Flood of SCCRQ.

What is seen: many requests for tunnels (SCCRQ) in a short time, of which hardly any becomes a tunnel.
Why it matters: the server keeps state for each and answers it several times: real clients are answered late or not at all, and forged
addresses get the answers.
What else could cause it: very many clients that come back at once after an outage, and whose answers are lost.
What to do: drop UDP 1701 that does not come through IPsec; limit SCCRQ per second before the daemon. Where sources are forged, blocking
them is of no use.
Source: RFC 2661 §9.1
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from l2tpscope.analysis.rows import TunnelRow
from l2tpscope.core.endpoints import split
from l2tpscope.findings.case import SECOND, Case
from l2tpscope.findings.filters import address
from l2tpscope.findings.l2tp import about_tunnel
from l2tpscope.findings.others import effect
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S605", name="sccrq-flood", severity=Severity.ERROR, source="RFC 2661 §9.1")
MANY, A_SECOND, SHARE = 100, 20, 0.5
FORGED = 0.8
"""So many sources for each request are not so many clients."""


def check(case: Case) -> Iterable[Finding]:
    """By responder: requests that came to nothing, many, fast, and most of all."""
    for responder, rows in case.group("tunnels", "responder").items():
        vain = [row for row in rows if row.state in ("unanswered", "opening") and row.roles == "seen" and row.opened is not None]
        flood = case.trace.flood
        count = len(vain) + flood.count
        peak = max([flood.peak, *Counter((row.opened or 0) // SECOND for row in vain).values()], default=0)
        if vain and count >= MANY and peak >= A_SECOND and count >= SHARE * (len(rows) + flood.count):
            yield _finding(case, responder, vain, count, peak)


def _finding(case: Case, responder: str, vain: Sequence[TunnelRow], count: int, peak: int) -> Finding:
    flood = case.trace.flood
    sources = max(len({split(row.initiator)[0] for row in vain}), flood.sources if flood.count else 0)
    replies = sum(row.messages_to_initiator for row in vain)
    forged = ": forged, by their number" if sources >= FORGED * count else ""
    answered = f"; the server sends {replies} packets in answer to {len(vain)} of them" if replies else "; none is answered here"
    first = min(row.opened or 0 for row in vain)
    last = max([row.opened or 0 for row in vain] + ([flood.last] if flood.count else []))
    asked = [one for row in vain[:12] for one in case.messages(row)[:1]]
    over = max((last - first) / 1e9, 0.001)
    others = effect(case, split(responder)[0], (first, last), tunnels={row.tunnel for row in vain})
    return about_tunnel(
        vain[0],
        asked,
        grade="certain",
        subject=f"server {address(responder)}",
        vpn=None,
        summary=f"{count} SCCRQs in {over:.1f} s (up to {peak} a second) from about {sources} addresses{forged}; none becomes a tunnel"
        + answered
        + others,
        first=first,
        last=last,
        wireshark_filter=f"l2tp.avp.message_type == 1 && {'ipv6' if ':' in address(responder) else 'ip'}.dst == {address(responder)}",
    )
