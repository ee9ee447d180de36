"""L2S414 A certificate is refused, or not there.

What is seen: IKE with certificates (IKEv1 agrees on signatures; IKEv2: a request for a certificate, and an IKE_AUTH as long as one) ends at
the proof of identity: an error that names the certificate, an encrypted error in place of the answer, silence; or the server asks for a
certificate and the client does not go on.
Why it matters: pre-shared keys play no part here: it is the certificates to look at. Windows shows 766, 781, 786, 789, 810, 835 or 13806.
What else could cause it: the certificate is missing, has expired, or its time has not come (the clock); its issuer, or one between, is not
trusted or not sent; it lacks the purpose (IKE, server authentication) or the name that the other side expects (subjectAltName); its
revocation list cannot be fetched; its private key cannot be used; the identity (ID) does not fit it.
What to do: look into the log of the side that refuses. On Windows the certificate belongs into the computer's store, with its chain; see
`ipsec listcerts`, `swanctl --list-certs` or `certutil -verify` for validity, issuer, names and purposes.
Source: RFC 2408 §3.9, §3.14.1, RFC 4945 §3, RFC 7296 §2.21.2
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from l2tpscope.analysis.rows import IkeSaRow
from l2tpscope.findings.case import Case
from l2tpscope.findings.ike import about, in_state, named, retried
from l2tpscope.findings.proof import about_certificates, by_certificate, never_sent, refusal, refused
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S414", name="certificate-refused", severity=Severity.ERROR, source="RFC 2408 §3.14.1")
WHO = {"initiator": "the client", "responder": "the server"}


def check(case: Case) -> Iterable[Finding]:
    """IKE SAs with certificates that never came up."""
    for row in in_state(case, "refused", "failed"):
        if row.established is not None:
            continue
        said = about_certificates(row)
        if said is not None:
            side, _, error = said.partition(": ")
            summary = f"{WHO.get(side, side)} says in clear, after {row.furthest}, what is wrong with a certificate: {error}"
            yield about(row, case.ike_messages(row), grade="certain", summary=summary, severity=retried(case, row))
        elif by_certificate(case, row):
            yield from _refused(case, row)


def _refused(case: Case, row: IkeSaRow) -> Iterator[Finding]:
    found = refusal(case, row)
    if found is not None:
        yield refused(case, row, found, "a certificate or an identity is not accepted")
    elif never_sent(case, row):
        asked = named(case.ike_messages(row), "MM3", "MM4")
        yield about(
            row,
            asked,
            grade=case.absent("likely"),
            summary="the server asks for a certificate (MM4) and MM5 from the client never comes: the client has none that fits",
            against=case.doubts,
            severity=retried(case, row),
        )
