"""L2S603 Weak algorithms.

What is seen: the IKE SA uses an algorithm or a group that RFC 8247 forbids or advises against.
Why it matters: DES, MD5 and MODP-768 can be broken by one person with money; MODP-1024 by a state, for all who share it; 3DES leaks after
32 GB of one key.
What else could cause it: an old device at one end is the only reason for them.
What to do: offer AES-256, SHA2-256 and MODP-2048 or ECP-256 on both sides, and take the weak ones out of the server's list once no client
needs them.
Source: RFC 8247 §2, RFC 8221 §5
"""

from __future__ import annotations

from collections.abc import Iterable

from l2tpscope.analysis.rows import IkeSaRow
from l2tpscope.findings.case import Case
from l2tpscope.findings.ike import about
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S603", name="weak-algorithms", severity=Severity.WARNING, source="RFC 8247 §2")
WEAK: dict[str, frozenset[str]] = {
    "encryption": frozenset(
        {"DES-CBC", "DES", "DES-IV64", "DES-IV32", "3DES-CBC", "3DES", "BLOWFISH-CBC", "CAST-CBC", "IDEA-CBC", "RC5-R16-B64-CBC"}
    ),
    "integrity": frozenset({"MD5", "HMAC-MD5-96", "DES-MAC", "KPDK-MD5", "HMAC-MD5-128"}),
    "prf": frozenset({"HMAC-MD5", "HMAC-TIGER"}),
    "dh_group": frozenset({"MODP-768", "MODP-1024", "MODP-1536", "MODP-1024-S160"}),
}
"""RFC 8247: MUST NOT and SHOULD NOT."""


def check(case: Case) -> Iterable[Finding]:
    """IKE SAs that came up with one of them."""
    for row in case.measures.ike_sas:
        weak = list(dict.fromkeys(name for name in _chosen(row)))
        if row.established is not None and weak:
            messages = [one for one in case.ike_messages(row) if one.direction == "to_initiator"][:1] or case.ike_messages(row)[:1]
            if messages:
                yield about(row, messages, grade="certain", summary=f"the IKE SA uses weak algorithms: {', '.join(weak)}")


def _chosen(row: IkeSaRow) -> list[str]:
    """Those of the algorithms agreed on that are weak."""
    return [value for column, names in WEAK.items() if (value := getattr(row, column)) in names]
