"""L2S403 UDP 4500 does not get through.

What is seen: IKE works on UDP 500, then moves to UDP 4500 because of NAT, and nothing ever comes back from there.
Why it matters: behind NAT everything from MM5 on, ESP included, needs UDP 4500. Windows shows 809 or 789.
What else could cause it: UDP 4500 is filtered on the way or at the server; the pre-shared keys differ and the server says nothing
(libreswan then repeats MM4); a router's "IPsec passthrough" takes the packets; the answer is lost on the way back.
What to do: open UDP 4500 beside UDP 500 everywhere, switch "IPsec passthrough" off. If the packets on 4500 do arrive at the server,
compare the pre-shared keys.
Source: RFC 3947 §4, RFC 7296 §2.23
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from l2tpscope.analysis.rows import IkeMessageRow, IkeSaRow
from l2tpscope.findings import filters
from l2tpscope.findings.case import Case
from l2tpscope.findings.ike import about, in_state, named, retried
from l2tpscope.findings.large import LARGE, unanswered
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S403", name="natt-blocked", severity=Severity.ERROR, source="RFC 3947 §4")
MOVES = ("MM5", "IKE_AUTH request")
BEFORE = ("MM4", "IKE_SA_INIT response")
OF_LARGE = (
    "UDP 4500 is filtered on the way or at the server",
    "the request is too large for one packet (certificates), and its IP fragments are lost on the way: switch IKE fragmentation on",
    "the server says nothing to a proof that it does not accept",
    'a router\'s "IPsec passthrough" takes the packets',
    "the answer is lost on the way back",
)


def check(case: Case) -> Iterable[Finding]:
    """IKE SAs whose first message on 4500 nobody answered; or, at the server, whose client behind NAT did not go on."""
    for row in in_state(case, "failed", "opening"):
        if unanswered(case, row) is not None:
            continue  # a finding of its own
        messages = case.ike_messages(row)
        if row.natt and row.furthest in MOVES:
            yield from _sent(case, row, messages)
        elif row.furthest in BEFORE and row.nat_initiator and not row.natt and not any("REDIRECT" in said for said in row.notifies):
            yield from _not_received(case, row, messages)


def _sent(case: Case, row: IkeSaRow, messages: Sequence[IkeMessageRow]) -> Iterable[Finding]:
    asked = named(messages, *MOVES)
    back = [one for one in messages if one.direction == "to_initiator" and one.time >= asked[0].time and one.fit != "retransmission"]
    if back or not any(one.fit == "retransmission" for one in asked):  # two pieces of one message are no repetition
        return
    yield about(
        row,
        [*named(messages, *BEFORE), *asked],
        grade=case.absent("likely"),
        summary=f"IKE works on UDP 500, but {asked[0].name} on UDP 4500 is sent again and again and not answered",
        against=case.doubts,
        alternatives=OF_LARGE if asked[0].octets > LARGE else None,
        severity=retried(case, row),
        wireshark_filter=filters.ike_sa(row),
    )


def _not_received(case: Case, row: IkeSaRow, messages: Sequence[IkeMessageRow]) -> Iterable[Finding]:
    last = named(messages, *BEFORE)
    if not last:
        return
    waited = (case.end - last[0].time) / 1e9
    yield about(
        row,
        last,
        grade=case.absent("likely" if waited >= 10 else "hint"),
        summary=f"the client is behind NAT and must go on on UDP 4500 after {last[0].name}, and nothing arrives there",
        against=(*case.doubts, *([] if waited >= 10 else ["the capture ends there: it may have been stopped"])),
        alternatives=(
            "UDP 4500 is filtered between the client and here",
            "the client gave up or lost the answer",
            "the capture does not take UDP 4500",
        ),
        severity=retried(case, row),
    )
