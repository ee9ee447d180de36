"""L2S615 MPPE is weak, or refused and gone without.

What is seen: in a session that no IPsec protects, CCP agrees on MPPE with keys of 40 or 56 bits; or one side asks for MPPE, the other
refuses, and the session carries IP all the same; or asks for stateless MPPE and gets it with state.
Why it matters: keys of 40 and 56 bits are found by trying them all; without MPPE everything crosses in clear, though one side did not want
that. With state, one lost packet makes the next ones unreadable until both sides begin anew.
What else could cause it: an old device at one end; export rules of long ago in its settings; the capture was made where IPsec has been
taken off already; the side that asked does not insist.
What to do: IPsec around L2TP: then MPPE is not needed. Where there is none, demand MPPE with 128 bits and stateless on both sides
(`require-mppe-128`, `nomppe-stateful`), knowing that this is weak too: RC4, with keys from MS-CHAPv2.
Source: RFC 3078 §2.1, RFC 3079
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from l2tpscope.analysis.rows import PppRow, SessionRow
from l2tpscope.findings.case import Case
from l2tpscope.findings.clear import sessions_in_clear
from l2tpscope.findings.l2tp import TO, about_session
from l2tpscope.findings.ppp import BACK, rejected
from l2tpscope.findings.rule import Finding, Rule, Severity
from l2tpscope.wire.ppp.protocols import CCP

RULE = Rule(id="L2S615", name="mppe-weak", severity=Severity.WARNING, source="RFC 3078 §2.1")
WEAK = ("40-bit", "56-bit")
STRONG = "128-bit"
IP = ("IPv4", "IPv6")


class _Said(NamedTuple):
    """What is wrong, what shows it, and how bad it is."""

    summary: str
    evidence: Sequence[PppRow]
    severity: Severity | None = None


def check(case: Case) -> Iterable[Finding]:
    """Sessions in clear in which MPPE was spoken of."""
    for _, _, row in sessions_in_clear(case):
        said = [one for one in case.ppp(row) if one.protocol == "CCP" or rejected(one) == CCP]
        found = _agreed(said) or _refused(row, said)
        if found is not None:
            yield about_session(case, row, found.evidence, grade="certain", summary=found.summary, severity=found.severity)


def _mppe(one: PppRow) -> str:
    """The option for encryption in a packet of CCP; empty: none."""
    part = next((part for part in one.summary.split(", ") if part.startswith("MPPE ")), "")
    return "" if "no encryption" in part else part


def _agreed(said: Sequence[PppRow]) -> _Said | None:
    acks = [one for one in said if one.code == "Configure-Ack" and _mppe(one)]
    weak = [one for one in acks if any(bits in _mppe(one) for bits in WEAK) and STRONG not in _mppe(one)]
    if weak:
        bits = ", ".join(dict.fromkeys(bits for one in weak for bits in WEAK if bits in _mppe(one)))
        return _Said(f"MPPE encrypts with {bits} keys: they are found by trying them all", weak)
    for ack in acks:
        asked = [one for one in said if one.code == "Configure-Request" and one.direction == BACK[ack.direction] and one.time < ack.time]
        if "stateless" not in _mppe(ack) and any("stateless" in _mppe(one) for one in asked):
            summary = f"{TO[BACK[ack.direction]]} asked for stateless MPPE, and agreed to MPPE with state"
            return _Said(summary, [asked[0], ack], Severity.INFO)
    return None


def _refused(row: SessionRow, said: Sequence[PppRow]) -> _Said | None:
    """Asked for, never granted, and IP passes all the same; where nothing but IP passed after the refusal, it is in clear."""
    asked = next((one for one in said if one.code == "Configure-Request" and _mppe(one)), None)
    if asked is None or any(one.code == "Configure-Ack" and _mppe(one) for one in said) or not row.last_data:
        return None
    no = next(
        (
            one
            for one in said
            if one.direction != asked.direction
            and one.time > asked.time
            and (rejected(one) == CCP or (one.code == "Configure-Reject" and _mppe(one)))
        ),
        None,
    )
    if no is None or not any(part.startswith(IP) for part in row.inner):
        return None
    summary = f"{TO[asked.direction]} wanted to encrypt with MPPE, {TO[no.direction]} refused, and IP passes without it"
    return _Said(summary, [asked, no])
