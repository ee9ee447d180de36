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
from l2tpscope.findings.strength import ENCRYPTION, GROUPS, INTEGRITY, PRFS
from l2tpscope.wire.ike.transforms import GROUPS as NAMES

RULE = Rule(id="L2S603", name="weak-algorithms", severity=Severity.WARNING, source="RFC 8247 §2")
AGAINST: dict[str, dict[str, str]] = {
    "encryption": ENCRYPTION,
    "integrity": INTEGRITY,
    "prf": PRFS,
    "dh_group": {NAMES[number]: verdict for number, verdict in GROUPS.items()},
}
"""What is said against a value, by column."""


def check(case: Case) -> Iterable[Finding]:
    """IKE SAs that came up with one of them."""
    for row in case.measures.ike_sas:
        weak = list(dict.fromkeys(name for name in _chosen(row)))
        if row.established is not None and weak:
            messages = [one for one in case.ike_messages(row) if one.direction == "to_initiator"][:1] or case.ike_messages(row)[:1]
            if messages:
                yield about(row, messages, grade="certain", summary=f"the IKE SA uses weak algorithms: {', '.join(weak)}")


def _chosen(row: IkeSaRow) -> list[str]:
    """Those of the algorithms agreed on that are weak or broken."""
    return [value for column, against in AGAINST.items() if (value := getattr(row, column)) in against]
