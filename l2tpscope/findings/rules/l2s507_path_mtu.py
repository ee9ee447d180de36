"""L2S507 Packets are too large for the path.

What is seen: a router answers a datagram of the tunnel that must not be fragmented with an ICMP error that names a smaller MTU.
Why it matters: where the sender does not take the error to heart, or a firewall drops it, large packets vanish: connections open, and
pages hang.
What else could cause it: the sender is only learning the path's MTU, as it should: then nothing more follows.
What to do: MTU and MRU of PPP 1400 or less (`mtu 1400`, `mru 1400`), and clamp the MSS of TCP to fit (1360). Let ICMP "fragmentation
needed" pass every firewall.
Source: RFC 1191 §4, RFC 8201 §4, RFC 2661 §8.1
"""

from __future__ import annotations

from collections.abc import Iterable

from l2tpscope.analysis.names import endpoint_name
from l2tpscope.core.endpoints import split
from l2tpscope.findings.case import Case
from l2tpscope.findings.filters import between
from l2tpscope.findings.rule import Finding, Place, Rule, Severity
from l2tpscope.frames import Endpoint

RULE = Rule(id="L2S507", name="path-mtu", severity=Severity.WARNING, source="RFC 1191 §4")
TOO_BIG = ("fragmentation needed", "packet too big")


def check(case: Case) -> Iterable[Finding]:
    """ICMP errors about size that quote the tunnel."""
    hosts = {frozenset((split(row.client)[0], split(row.server)[0])): row.vpn for row in reversed(case.measures.vpns)}
    for refusal in case.trace.refusals:
        if not any(word in refusal.error for word in TOO_BIG):
            continue
        sender, receiver = endpoint_name(refusal.sender), endpoint_name(refusal.receiver)
        vpn = hosts.get(frozenset((split(sender)[0], split(receiver)[0])))
        reporter = endpoint_name(Endpoint(refusal.reporter, None))
        mtu = f"its next hop takes {refusal.mtu} octets" if refusal.mtu else "it does not say what would fit"
        times = f", {refusal.count} times" if refusal.count > 1 else ""
        yield Finding(
            grade="certain",
            subject=f"vpn {vpn}" if vpn is not None else "capture",
            vpn=vpn,
            summary=f"{reporter} says that datagrams from {split(sender)[0]} to {split(receiver)[0]} are too large: {mtu}{times}",
            evidence=(Place(refusal.capture, refusal.frame),),
            first=refusal.first,
            last=refusal.last,
            wireshark_filter=f"{between(sender, receiver)} && ((icmp.type == 3 && icmp.code == 4) || icmpv6.type == 2)",
        )
