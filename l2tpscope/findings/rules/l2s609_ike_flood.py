"""L2S609 Flood of IKE requests.

What is seen: many first messages of IKE in a short time, of which hardly any becomes an IKE SA.
Why it matters: the server keeps a half-open SA for each, and computes for some: real clients time out.
What else could cause it: very many clients that come back at once after an outage; a scan of many servers, where each is asked once.
What to do: IKEv2 cookies from a low threshold on (`cookie_threshold`), a limit per address (`block_threshold`), and a limit per second
before the daemon.
Source: RFC 7296 §2.6, RFC 8019 §3
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from l2tpscope.core.endpoints import split
from l2tpscope.findings.case import SECOND, Case
from l2tpscope.findings.filters import address
from l2tpscope.findings.ike import about
from l2tpscope.findings.others import effect
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S609", name="ike-flood", severity=Severity.ERROR, source="RFC 7296 §2.6")
MANY, A_SECOND, SHARE = 100, 20, 0.5
FIRST = ("MM1", "MM2", "AM1", "AM2", "IKE_SA_INIT request", "IKE_SA_INIT response")


def check(case: Case) -> Iterable[Finding]:
    """By responder: requests that came to nothing, many, fast, and most of all."""
    flood = case.trace.ike_flood
    for responder, rows in case.group("ike_sas", "responder").items():
        vain = [row for row in rows if row.established is None and row.furthest in FIRST and row.opened is not None]
        count = len(vain) + flood.count
        peak = max(Counter((row.opened or 0) // SECOND for row in vain).values(), default=0)
        peak = max(peak, flood.peak)
        if count < MANY or peak < A_SECOND or count < SHARE * (len(rows) + flood.count) or not vain:
            continue
        first = min(row.opened or 0 for row in vain)
        last = max([row.opened or 0 for row in vain] + ([flood.last] if flood.count else []))
        sources = len({split(row.initiator)[0] for row in vain})
        of = f"{max(sources, flood.sources)} addresses, about" if flood.count else f"{sources} addresses"
        asked = [one for row in vain[:12] for one in case.ike_messages(row)[:1]]
        yield about(
            vain[0],
            asked,
            grade="certain",
            subject=f"server {address(responder)}",
            vpn=None,
            summary=f"{count} requests for an IKE SA in {(last - first) / 1e9:.1f} s, up to {peak} a second, from {of}; none is set up"
            + effect(case, split(responder)[0], (first, last), ike_sas={row.ike_sa for row in vain}),
            first=first,
            last=last,
            wireshark_filter=f"isakmp && {'ipv6' if ':' in address(responder) else 'ip'}.dst == {address(responder)}",
        )
