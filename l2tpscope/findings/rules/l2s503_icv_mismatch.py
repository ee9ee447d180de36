"""L2S503 The integrity checks have different lengths.

What is seen: ESP of the client has an integrity check of 12 octets where that of HMAC-SHA2-256 should have 16, and nothing is answered;
or each direction has a length of its own.
Why it matters: the receiver discards every packet: "connected", and nothing works.
What else could cause it: one side cuts HMAC-SHA2-256 to 96 bits (Android 6 and 7, Linux before 2.6.33, `sha2-truncbug`), and the other
does not; a cipher and integrity check whose lengths look the same, and another reason for the silence (no L2TP daemon, firewall after
decryption).
What to do: use SHA-1 or SHA2-512 for ESP, or set `sha2-truncbug` on the server for these clients alone. `/proc/net/xfrm_stat` of the
receiver counts XfrmInStateProtoError.
Source: RFC 4868 §2.6
"""

from __future__ import annotations

from collections.abc import Iterable

from l2tpscope.findings.case import Case
from l2tpscope.findings.esp import about_vpn, concluded, head, sas
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S503", name="icv-mismatch", severity=Severity.ERROR, source="RFC 4868 §2.6")


def check(case: Case) -> Iterable[Finding]:
    """Connections of which the lengths of ESP show it."""
    for vpn in case.measures.vpns:
        found = concluded(case, vpn, "icv-mismatch")
        rows = sas(case, vpn)
        if found is None or not rows:
            continue
        yield about_vpn(
            vpn,
            rows,
            grade=case.absent(found.grade),
            summary=f"ESP is not answered, and its lengths tell why: {found.value}",
            evidence=head(case, rows[0]),
            against=(*case.doubts, *([found.against] if found.against else [])),
        )
