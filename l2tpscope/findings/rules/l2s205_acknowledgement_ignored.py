"""L2S205 Acknowledgements are not taken.

What is seen: messages of the control channel are sent again, several times, after an acknowledgement for them has passed here.
Why it matters: the sender gives the tunnel up although its peer hears and answers it.
What else could cause it: the acknowledgements are lost between here and the sender; the sender wants another form of acknowledgement
(go-l2tp's HELLO ignores a ZLB or ACK; xl2tpd ignores one whose Ns is not the one expected).
What to do: capture at the sender: if the acknowledgement arrives there, it is the software: update it, or switch its HELLO off.
Source: RFC 2661 §5.8, RFC 3931 §4.2
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from l2tpscope.analysis.rows import MessageRow
from l2tpscope.findings.case import Case
from l2tpscope.findings.l2tp import TO, about_tunnel, copies
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S205", name="acknowledgement-ignored", severity=Severity.WARNING, source="RFC 2661 §5.8")
LEAST = 2
"""Copies after the acknowledgement: one may have crossed it."""


def check(case: Case) -> Iterable[Finding]:
    """Tunnels in which some message was repeated that often after its acknowledgement."""
    for row in case.measures.tunnels:
        if row.retransmissions_to_initiator + row.retransmissions_to_responder < LEAST:
            continue
        messages = case.messages(row)
        late = []
        for group in copies(messages):
            acked = _acknowledged(group[0], messages)
            after = [one for one in group if acked is not None and one.time > acked] if len(group) > LEAST else []
            late += after if len(after) >= LEAST else []
        if late:
            names = ", ".join(dict.fromkeys(f"{one.message} from {TO[one.direction]}" for one in late))
            summary = f"{names} is sent again and again after its acknowledgement has passed here"
            yield about_tunnel(row, late, grade="likely", summary=summary)


def _acknowledged(first: MessageRow, messages: Sequence[MessageRow]) -> int | None:
    """When its acknowledgement passed, which may be in another capture than itself."""
    answers = (one.time for one in messages if one.frame == first.acked_by and one.direction != first.direction and one.time >= first.time)
    return min(answers, default=None)
