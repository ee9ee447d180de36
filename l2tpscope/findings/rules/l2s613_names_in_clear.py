"""L2S613 Names of hosts and makers cross in clear.

What is seen: host names, and often the maker and version of the software, in the set-up of a tunnel that nothing encrypts.
Why it matters: whoever is on the path learns how machines are called and what runs on them, and can look for its known holes.
What else could cause it: the capture was made where IPsec has been taken off already.
What to do: put IPsec around L2TP (RFC 3193); names that say nothing do no harm.
Source: RFC 2661 §4.4.3, §9
"""

from __future__ import annotations

from collections.abc import Iterable

from l2tpscope.findings.case import Case
from l2tpscope.findings.clear import hosts
from l2tpscope.findings.l2tp import about_tunnel
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S613", name="names-in-clear", severity=Severity.INFO, source="RFC 2661 §4.4.3")


def check(case: Case) -> Iterable[Finding]:
    """Tunnels outside IPsec that came up, and whose set-up names its ends; once for each two hosts."""
    told = set()
    for row in case.measures.tunnels:
        vpn = case.vpn(row.vpn)
        names = [name for name in (row.initiator_host_name, row.responder_host_name, row.initiator_vendor, row.responder_vendor) if name]
        if vpn is None or vpn.esp_sas or not names or row.established is None:
            continue
        if hosts(row) in case.encrypted_hosts or hosts(row) in told:
            continue
        told.add(hosts(row))
        said = [one for one in case.messages(row) if one.message in ("SCCRQ", "SCCRP")]
        different = ", ".join(f'"{name}"' for name in dict.fromkeys(names))
        yield about_tunnel(row, said[:2], grade="certain", same="names", summary=f"the set-up names {different} to everybody on the path")
