"""L2S610 Somebody looks for VPN servers.

What is seen: one address asks many others for a tunnel or for IKE, and hardly any answers.
Why it matters: somebody looks for servers, for weak keys or for old daemons; what answers will be tried next.
What else could cause it: a monitoring system that tests whether servers answer; a client with a long list of servers that are all down.
What to do: see whose address it is. Let only known addresses reach UDP 500, 1701 and 4500 where that is possible; L2TP without IPsec
should not be reachable at all.
Source: RFC 2661 §9.2
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from l2tpscope.analysis.rows import IkeSaRow, TunnelRow
from l2tpscope.core.endpoints import split
from l2tpscope.findings.case import Case
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S610", name="scan", severity=Severity.WARNING, source="RFC 2661 §9.2")
MANY = 8
"""Servers that were asked in vain."""
SILENT = frozenset({"unanswered", "opening", "refused"})


def check(case: Case) -> Iterable[Finding]:
    """Addresses that asked many hosts, most of which said nothing or no."""
    asked: dict[str, dict[str, bool]] = defaultdict(dict)
    times: dict[str, list[int]] = defaultdict(list)
    rows: list[TunnelRow | IkeSaRow] = [*case.measures.tunnels, *case.measures.ike_sas]
    for row in rows:
        source, target = split(row.initiator)[0], split(row.responder)[0]
        silent = row.state in SILENT and row.established is None
        asked[source][target] = asked[source].get(target, True) and silent
        times[source] += [row.opened] if row.opened is not None else []
    for source, targets in asked.items():
        vain = sum(targets.values())
        if vain < MANY or vain < 0.8 * len(targets):
            continue
        over = (max(times[source]) - min(times[source])) / 1e9
        yield Finding(
            grade="likely",
            subject=f"client {source}",
            summary=f"{source} asks {len(targets)} hosts for a VPN within {over:.0f} s, {vain} of them in vain",
            evidence=(),
            first=min(times[source]),
            last=max(times[source]),
            wireshark_filter=f"ip{'v6' if ':' in source else ''}.src == {source} && udp.port in {{500, 1701, 4500}}",
        )
