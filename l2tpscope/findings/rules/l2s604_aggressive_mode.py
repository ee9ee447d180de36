"""L2S604 Aggressive mode with a pre-shared key.

What is seen: IKEv1 in aggressive mode, authenticated by a pre-shared key.
Why it matters: whoever asks the server for it, or listens, gets a hash of the key to try words against, off line; and the identities
cross in clear.
What else could cause it: clients with changing addresses and keys of their own, for which IKEv1 has nothing else.
What to do: main mode with certificates, or IKEv2. Until then a pre-shared key of 20 random characters or more.
Source: RFC 2409 §5.4
"""

from __future__ import annotations

from collections.abc import Iterable

from l2tpscope.findings.case import Case
from l2tpscope.findings.ike import about, named
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S604", name="aggressive-mode", severity=Severity.WARNING, source="RFC 2409 §5.4")


def check(case: Case) -> Iterable[Finding]:
    """IKE SAs in aggressive mode whose responder answered with its hash."""
    for row in case.measures.ike_sas:
        if row.exchange != "aggressive" or row.version != 1 or "PSK" not in (row.authentication or ""):
            continue
        answer = named(case.ike_messages(row), "AM2")
        if answer:
            yield about(
                row,
                answer,
                grade="certain",
                summary="IKEv1 in aggressive mode with a pre-shared key: its hash crosses where anybody can try words against it",
            )
