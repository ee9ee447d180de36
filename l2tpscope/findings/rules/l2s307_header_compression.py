"""L2S307 Compressed headers that the other side does not take.

What is seen: one side rejects a protocol whose number none can have: it is a compressed protocol field, or address and control, read as a
protocol (0x2145 is 0x21, IPv4, and the begin of an IP header); or TCP comes with compressed headers (VJ) that nobody asked for.
Why it matters: the session is up, and IP in one direction is thrown away.
What else could cause it: a fault of the software at one end: it agrees to compression and does not undo it (Cisco and RouterOS 6 with
`ppp pfc`), or compresses what it was not asked to; a frame that was damaged on the way; the negotiation before was not captured.
What to do: switch compression of the PPP header off at one end (`nopcomp`, `noaccomp`, `no ppp pfc`, `no ppp acfc`), that of TCP too
(`novj`), or update that end.
Source: RFC 1661 §2, §6.5, §6.6, RFC 1144, RFC 1332 §4
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from l2tpscope.analysis.rows import PppRow, SessionRow
from l2tpscope.findings.case import Case
from l2tpscope.findings.l2tp import TO, about_session
from l2tpscope.findings.ppp import BACK, agreed, both_agreed, rejected
from l2tpscope.findings.rule import Finding, Rule, Severity
from l2tpscope.wire.ppp.protocols import protocol_name

RULE = Rule(id="L2S307", name="header-compression", severity=Severity.ERROR, source="RFC 1661 §6.5")
ADDRESS_CONTROL = 0xFF03
VJ = "VJ"


def check(case: Case) -> Iterable[Finding]:
    """Sessions in which headers are misread, or compressed unasked."""
    for row in case.measures.sessions:
        misread = [(one, number) for one in case.ppp(row) if (number := rejected(one)) is not None and number & 0x0100]
        if misread:
            yield _misread(case, row, misread)
        yield from _unasked(case, row)


def _misread(case: Case, row: SessionRow, found: list[tuple[PppRow, int]]) -> Finding:
    """The first octet of every protocol's number is even (RFC 1661 §2)."""
    one, number = found[0]
    who = TO[one.direction]
    option = "ACFC" if number == ADDRESS_CONTROL else "PFC"
    what = "address and control (FF 03)" if number == ADDRESS_CONTROL else f"0x{number >> 8:02x} ({protocol_name(number >> 8)}), compressed"
    said = [each for each in case.ppp(row) if each.time <= one.time]
    own = ""
    if number != ADDRESS_CONTROL and both_agreed(said, "LCP"):
        asked = agreed(said, "LCP", option, one.direction)
        own = f", though it asked for {option} itself" if asked else f", and it did not ask for {option}"
    times = f", {len(found)} times" if len(found) > 1 else ""
    summary = f"{who} rejects protocol 0x{number:04x}{times}, which is none: it is {what}, and what follows it{own}"
    return about_session(case, row, [each for each, _ in found], grade="certain", summary=summary)


def _unasked(case: Case, row: SessionRow) -> Iterator[Finding]:
    """TCP with compressed headers, where IPCP was seen to come up and nobody said to take it."""
    compressed = next((part for part in row.inner if part.startswith(VJ)), None)
    said = case.ppp(row) if compressed is not None else []
    if not both_agreed(said, "IPCP") or any(agreed(said, "IPCP", "compression", way) for way in BACK):
        return
    yield about_session(
        case,
        row,
        [one for one in said if (one.protocol, one.code) == ("IPCP", "Configure-Ack")],
        grade="likely",
        summary=f"TCP comes with compressed headers ({compressed} packets), and neither side agreed in IPCP to take them",
        severity=Severity.WARNING,
    )
