"""What the rules ask of the proof of identity in IKE: whether it was refused, and whether it rests on certificates or a key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from l2tpscope.analysis.rows import Grade, IkeMessageRow, IkeSaRow
from l2tpscope.findings.case import Case
from l2tpscope.findings.ike import about, named, retried
from l2tpscope.findings.large import unanswered
from l2tpscope.findings.rule import Finding

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
ABOUT_CERTIFICATES = (
    "INVALID_CERTIFICATE",
    "INVALID_CERT_AUTHORITY",
    "INVALID_CERT_ENCODING",
    "CERT_TYPE_UNSUPPORTED",
    "CERTIFICATE_UNAVAILABLE",
)
"""Errors that name the certificate (RFC 2408 §3.14.1)."""
LARGE = 1200
"""Octets from which a message may have been sent as fragments."""
WITH_CERTIFICATE = 800
"""Octets of an IKE_AUTH request: with a key it has 200 to 400, a certificate alone has 600 and more."""
CERTIFICATES = ("RSA", "DSS", "ECDSA")
"""In the names of methods of IKEv1 that rest on them."""
REQUESTS = frozenset({"CERTREQ", "CR", "CERT"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """The proof of identity was not taken."""

    what: str
    evidence: Sequence[IkeMessageRow]
    grade: Grade


def refusal(case: Case, row: IkeSaRow) -> Refusal | None:
    """How an IKE SA that got as far as the proof of identity ended there."""
    if row.established is not None or row.furthest not in (*PROOFS, "IKE_AUTH response"):
        return None
    messages = case.ike_messages(row)
    proof = named(messages, *PROOFS)
    if not proof:
        return None
    after = [one for one in messages if one.time >= proof[0].time and one.direction != proof[0].direction]
    if row.state == "refused":
        return Refusal(_said(row, proof[0].name), [*proof[:2], *after], "likely")
    if row.natt or proof[0].name == "AM2" or len(proof) < 2 or proof[0].octets >= LARGE or unanswered(case, row) is not None:
        return None
    again = " and repeats its own message before it" if any(one.fit == "retransmission" for one in after) else ""
    what = f"{proof[0].name} is sent again and again on a path that worked until then, and the server does not answer it{again}"
    return Refusal(what, [*proof, *after], case.absent("likely"))


def _said(row: IkeSaRow, name: str) -> str:
    said = next((one for one in row.notifies if any(error in one for error in IN_CLEAR + ABOUT_CERTIFICATES)), None)
    who = "the client" if row.closed_by == "initiator" else "the server"
    how = f"in clear: {said.partition(': ')[2]}" if said else "with an encrypted INFORMATIONAL in place of the next message"
    if row.version == 2 and not said:
        how = "with an IKE_AUTH response too short for anything but an error"
    return f"{who} rejects {name}, {how}"


def about_certificates(row: IkeSaRow) -> str | None:
    """The error in clear that names the certificate, with who says it."""
    return next((one for one in row.notifies if any(one.partition(": ")[2].startswith(name) for name in ABOUT_CERTIFICATES)), None)


def by_certificate(case: Case, row: IkeSaRow) -> bool:
    """Whether both sides were to prove who they are by certificates: as IKEv1 agreed in clear; in IKEv2 as a request for one, and the
    length of what answered it, tell.
    """
    if row.version == 1:
        return any(name in (row.authentication or "") for name in CERTIFICATES)
    messages = case.ike_messages(row)
    asked = any(not REQUESTS.isdisjoint(one.payloads) for one in messages if one.direction == "to_initiator" and not one.encrypted)
    sent = [one.octets for one in named(messages, "IKE_AUTH request") if one.fit == "new"]
    return asked and bool(sent) and (sent[0] >= WITH_CERTIFICATE or sum(sent[:8]) >= 2 * WITH_CERTIFICATE)


def never_sent(case: Case, row: IkeSaRow) -> bool:
    """Whether the client owes MM5 with a certificate. Behind NAT it may have gone to UDP 4500 and got lost."""
    if row.state != "failed" or row.furthest != "MM4" or row.nat_initiator or unanswered(case, row) is not None:
        return False
    return any(not REQUESTS.isdisjoint(one.payloads) for one in named(case.ike_messages(row), "MM4"))


def refused(case: Case, row: IkeSaRow, found: Refusal, because: str) -> Finding:
    """The finding of a refusal, and what it is about."""
    return about(
        row,
        sorted(found.evidence, key=lambda one: one.time),
        grade=found.grade,
        summary=f"{found.what}: {because}",
        against=case.doubts,
        severity=retried(case, row),
    )
