"""L2S405 IKE authentication fails.

What is seen: the keys are exchanged, and then the message that proves who one is (MM5, AM2, IKE_AUTH) is not taken: an encrypted
INFORMATIONAL in place of the answer, an error in clear, or silence while the same path works.
Why it matters: most often the pre-shared keys differ. Windows shows 789, iOS "the L2TP-VPN server did not respond".
What else could cause it: the pre-shared keys differ; the identity (IDii, IDir) is not the one expected, as with a server or client behind
NAT; a certificate that is missing, expired or not trusted; the server looks the key up under another address or name (a wrong `%any`
entry).
What to do: type the pre-shared key anew on both sides (trailing blanks, quotes, include files); then compare the identities. The server's
log says which.
Source: RFC 2409 §5, RFC 7296 §1.2, §2.21.2
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from l2tpscope.analysis.rows import Grade, IkeMessageRow, IkeSaRow
from l2tpscope.findings.case import Case
from l2tpscope.findings.ike import about, in_state, named, retried
from l2tpscope.findings.large import unanswered
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S405", name="ike-authentication-rejected", severity=Severity.ERROR, source="RFC 2409 §5")
PROOFS = ("MM5", "AM2", "IKE_AUTH request")
IN_CLEAR = (
    "AUTHENTICATION_FAILED",
    "INVALID_HASH_INFORMATION",
    "INVALID_SIGNATURE",
    "INVALID_ID_INFORMATION",
    "PAYLOAD_MALFORMED",
    "INVALID_PAYLOAD_TYPE",
)
"""Errors with which responders say that they could not read or accept MM5."""
LARGE = 1200
"""Octets from which a message may have been sent as fragments."""


def check(case: Case) -> Iterable[Finding]:
    """IKE SAs that got as far as the proof of identity, and no further."""
    for row in in_state(case, "refused", "failed"):
        if row.established is not None or row.furthest not in (*PROOFS, "IKE_AUTH response"):
            continue
        messages = case.ike_messages(row)
        proof = named(messages, *PROOFS)
        if not proof:
            continue
        after = [one for one in messages if one.time >= proof[0].time and one.direction != proof[0].direction]
        if row.state == "refused":
            yield _finding(case, row, [*proof[:2], *after], _refusal(row, proof[0].name), "likely")
        elif not row.natt and proof[0].name != "AM2" and len(proof) > 1 and proof[0].octets < LARGE and unanswered(case, row) is None:
            again = " and repeats its own message before it" if any(one.fit == "retransmission" for one in after) else ""
            what = f"{proof[0].name} is sent again and again on a path that worked until then, and the server does not answer it{again}"
            yield _finding(case, row, [*proof, *after], what, case.absent("likely"))


def _refusal(row: IkeSaRow, name: str) -> str:
    said = next((one for one in row.notifies if any(error in one for error in IN_CLEAR)), None)
    who = "the client" if row.closed_by == "initiator" else "the server"
    how = f"in clear: {said.partition(': ')[2]}" if said else "with an encrypted INFORMATIONAL in place of the next message"
    if row.version == 2 and not said:
        how = "with an IKE_AUTH response too short for anything but an error"
    return f"{who} rejects {name}, {how}: {_likely(row)}"


def _likely(row: IkeSaRow) -> str:
    by_key = row.authentication is None or "PSK" in row.authentication
    return "the pre-shared keys differ, or an identity is not accepted" if by_key else "a certificate or an identity is not accepted"


def _finding(case: Case, row: IkeSaRow, evidence: Sequence[IkeMessageRow], summary: str, grade: Grade) -> Finding:
    if row.state != "refused":
        summary = f"{summary}: {_likely(row)}"
    return about(
        row, sorted(evidence, key=lambda one: one.time), grade=grade, summary=summary, against=case.doubts, severity=retried(case, row)
    )
