"""What the rules ask of PPP: which protocol was rejected, what was agreed, and whether the session ended of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from l2tpscope.analysis.rows import Grade, PppRow, SessionRow
from l2tpscope.findings.case import SECOND, Case
from l2tpscope.findings.l2tp import TO

IPCP, IPV6CP, CCP, ECP = 0x8021, 0x8057, 0x80FD, 0x8053
NETWORK = {IPCP: "IPCP", IPV6CP: "IPV6CP"}
ENCRYPTION = {CCP: "CCP", ECP: "ECP"}
BACK = {"to_responder": "to_initiator", "to_initiator": "to_responder"}
AT_ONCE = 3 * SECOND
"""What ends so soon after a refusal ended of it."""
DEMANDED = re.compile(r"MPPE|encrypt|compression protocol required|error=74[123]\b", re.IGNORECASE)
"""Reasons for ending that name encryption: pppd's and Windows' (741 to 743)."""
_NUMBER = re.compile(r"\(0x([0-9a-f]{4})\)$")


@dataclass(frozen=True, slots=True)
class Rejection:
    """A protocol that one side needs and the other refuses, and that ended the session or kept it from coming up."""

    summary: str
    evidence: Sequence[PppRow]
    grade: Grade


def rejected(row: PppRow) -> int | None:
    """The protocol of an LCP Protocol-Reject."""
    found = _NUMBER.search(row.summary) if (row.protocol, row.code) == ("LCP", "Protocol-Reject") else None
    return int(found[1], 16) if found else None


def agreed(said: Iterable[PppRow], protocol: str, option: str, direction: str) -> bool:
    """Whether what was asked for in that direction with an option was acknowledged."""
    acks = (one for one in said if (one.protocol, one.code, one.direction) == (protocol, "Configure-Ack", BACK[direction]))
    return any(option in one.summary.split(", ") or f"{option} " in one.summary for one in acks)


def both_agreed(said: Iterable[PppRow], protocol: str) -> bool:
    """Whether both sides had what they asked for acknowledged."""
    return {one.direction for one in said if (one.protocol, one.code) == (protocol, "Configure-Ack")} == set(BACK)


def rejection(case: Case, row: SessionRow) -> Rejection | None:
    """The protocol without which this session is of no use to one side."""
    said = case.ppp(row)
    return _network(row, said) or _encryption(said)


def _network(row: SessionRow, said: Sequence[PppRow]) -> Rejection | None:
    """Neither IPv4 nor IPv6 came up, and the negotiation of one was rejected as a whole."""
    if row.ppp_state == "up" or any(both_agreed(said, name) for name in NETWORK.values()):
        return None
    no = next((one for one in said if rejected(one) in NETWORK), None)
    if no is None:
        return None
    name = NETWORK[rejected(no) or 0]
    asked = [one for one in said if (one.protocol, one.code) == (name, "Configure-Request") and one.direction != no.direction]
    summary = f"{TO[no.direction]} rejects {name} as a whole (Protocol-Reject), and nothing else for IP comes up"
    return Rejection(summary, [*asked[:3], no], "certain")


def _encryption(said: Sequence[PppRow]) -> Rejection | None:
    """Encryption was refused, and who had asked for it ended the session."""
    end = next((one for one in said if (one.protocol, one.code) == ("LCP", "Terminate-Request")), None)
    if end is None:
        return None
    before = [one for one in said if one.time <= end.time]
    no = next((one for one in reversed(before) if one.direction != end.direction and _refuses(one)), None)
    asked = [one for one in before if one.direction == end.direction and one.protocol in ENCRYPTION.values()]
    asked = [one for one in asked if one.code == "Configure-Request" and (one.protocol == "ECP" or _keys(one.summary))]
    if no is None or not asked:
        return None
    named = DEMANDED.search(end.summary) is not None
    if not named and end.time - no.time > AT_ONCE:
        return None
    name = ENCRYPTION.get(rejected(no) or 0, no.protocol)
    words = f": {end.summary}" if end.summary else ""
    how = f"{name} as a whole (Protocol-Reject)" if no.code == "Protocol-Reject" else f"what is asked for by {name} ({no.code})"
    summary = f"{TO[no.direction]} rejects {how}; {TO[end.direction]} wanted to encrypt by it, and ends the session{words}"
    return Rejection(summary, [asked[0], no, end], "certain" if named else "likely")


def _refuses(one: PppRow) -> bool:
    return rejected(one) in ENCRYPTION or (one.protocol in ENCRYPTION.values() and one.code in ("Configure-Reject", "Terminate-Request"))


def _keys(summary: str) -> bool:
    """Whether an option of CCP asks for encryption."""
    return "MPPE" in summary and "no encryption" not in summary
