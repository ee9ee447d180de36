"""L2S405 IKE authentication fails.

What is seen: the keys are exchanged, and then the message that proves who one is (MM5, AM2, IKE_AUTH) is not taken: an encrypted
INFORMATIONAL in place of the answer, an error in clear, or silence while the same path works.
Why it matters: most often the pre-shared keys differ. Windows shows 789, iOS "the L2TP-VPN server did not respond".
What else could cause it: the pre-shared keys differ; the identity (IDii, IDir) is not the one expected, as with a server or client behind
NAT; a certificate that is missing, expired or not trusted, where it cannot be told whether certificates are used (IKEv2); the server looks
the key up under another address or name (a wrong `%any` entry).
What to do: type the pre-shared key anew on both sides (trailing blanks, quotes, include files); then compare the identities. The server's
log says which.
Source: RFC 2409 §5, RFC 7296 §1.2, §2.21.2
"""

from __future__ import annotations

from collections.abc import Iterable

from l2tpscope.findings.case import Case
from l2tpscope.findings.ike import in_state
from l2tpscope.findings.proof import about_certificates, by_certificate, refusal, refused
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S405", name="ike-authentication-rejected", severity=Severity.ERROR, source="RFC 2409 §5")


def check(case: Case) -> Iterable[Finding]:
    """IKE SAs that got as far as the proof of identity, and no further; those with certificates are a finding of their own."""
    for row in in_state(case, "refused", "failed"):
        found = refusal(case, row)
        if found is None or about_certificates(row) is not None or by_certificate(case, row):
            continue
        yield refused(case, row, found, "the pre-shared keys differ, or an identity is not accepted")
