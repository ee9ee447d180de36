"""L2S412 IKE refused with an error in clear.

What is seen: a Notify of an error type, not encrypted, and the IKE SA never comes up.
Why it matters: whoever sends it names what it did not accept.
What else could cause it: after AM1, AUTHENTICATION_FAILED says that the server takes no aggressive mode with a pre-shared key
(strongSwan, unless told otherwise), or has no key for this client; a forged message: nothing in clear is authenticated.
What to do: look the error up, and into the log of whoever sent it. INVALID_MAJOR_VERSION, or an exchange that is not supported: the
server does not speak this version of IKE (libreswan from 5.0 has no IKEv1). After AM1: let the client use main mode.
Source: RFC 2408 §3.14.1, RFC 7296 §3.10.1
"""

from __future__ import annotations

from collections.abc import Iterable

from l2tpscope.findings.case import Case
from l2tpscope.findings.ike import about, in_state, retried
from l2tpscope.findings.proof import about_certificates
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S412", name="ike-error", severity=Severity.ERROR, source="RFC 2408 §3.14.1")
PROVEN = ("MM5", "AM2", "IKE_AUTH request", "IKE_AUTH response")
"""After these, an error is about who one is: a rule of its own."""
FORGED = "a forged message: nothing in clear is authenticated"
OF_AM1 = (
    "the server takes no aggressive mode with a pre-shared key (strongSwan, unless told otherwise)",
    "the server has no key for this client",
    FORGED,
)
OTHER_MODE = "let the client use main mode; where it cannot, see in the server's log whether a key for this client is missing."
OTHER_VERSION = (
    "let both sides use the same version of IKE: the one who says so does not speak the other's (libreswan from 5.0 has no IKEv1)."
)
LOOK_UP = "look the error up (`l2tpscope explain NAME`), and into the log of whoever sent it."


def check(case: Case) -> Iterable[Finding]:
    """IKE SAs refused in clear for another reason than the proposals."""
    for row in in_state(case, "refused"):
        if (
            not row.notifies
            or row.established is not None
            or row.furthest in PROVEN
            or any("NO_PROPOSAL_CHOSEN" in one for one in row.notifies)
            or about_certificates(row) is not None
        ):
            continue
        said = "; ".join(row.notifies[:3]).replace("initiator: ", "the client says ").replace("responder: ", "the server says ")
        yield about(
            row,
            case.ike_messages(row),
            grade="certain",
            summary=f"IKE is refused in clear after {row.furthest}: {said}",
            severity=retried(case, row),
            alternatives=OF_AM1 if row.furthest == "AM1" and "AUTHENTICATION_FAILED" in said else (FORGED,),
            advice=_advice(row.furthest, said),
        )


def _advice(step: str | None, said: str) -> str:
    """What helps against this error."""
    if "INVALID_MAJOR_VERSION" in said:
        return OTHER_VERSION
    return OTHER_MODE if step == "AM1" and "AUTHENTICATION_FAILED" in said else LOOK_UP
