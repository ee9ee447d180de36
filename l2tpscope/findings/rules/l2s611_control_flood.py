"""L2S611 A tunnel is flooded with control messages.

What is seen: HELLOs or empty acknowledgements in one tunnel at a rate that no daemon has reason to send.
Why it matters: each costs the receiver an answer and processor time; others wait.
What else could cause it: a daemon that answers each acknowledgement with another one (two of them then keep each other busy); a HELLO
interval set far too short; the same frames captured several times.
What to do: see which side sends them (messages), and update or restart it; drop what comes from outside and is none of the peers.
Source: RFC 2661 §5.5, §5.8
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from l2tpscope.core.endpoints import split
from l2tpscope.findings.case import Case
from l2tpscope.findings.l2tp import TO, about_tunnel
from l2tpscope.findings.others import effect
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S611", name="control-flood", severity=Severity.WARNING, source="RFC 2661 §5.5")
MANY, PER_SECOND = 500, 20
IDLE = frozenset({"HELLO", "ZLB", "ACK"})


def check(case: Case) -> Iterable[Finding]:
    """Tunnels of which one direction has many such messages, most of all its messages, in little time."""
    for row in case.measures.tunnels:
        if max(row.messages_to_responder, row.messages_to_initiator) < MANY:
            continue
        for direction, who in TO.items():
            idle = [one for one in case.messages(row) if one.direction == direction and one.message in IDLE and one.fit != "duplicate"]
            if len(idle) < MANY:
                continue
            over = max((idle[-1].time - idle[0].time) / 1e9, 1.0)
            if len(idle) / over < PER_SECOND:
                continue
            flooded = split(row.responder if direction == "to_responder" else row.initiator)[0]
            others = effect(case, flooded, (idle[0].time, idle[-1].time), tunnels={row.tunnel})
            kinds = ", ".join(f"{count} {kind}" for kind, count in Counter(one.message for one in idle).most_common())
            yield about_tunnel(
                row,
                idle[:3],
                grade="certain",
                last=idle[-1].time,
                summary=f"{who} sends {kinds} in {over:.0f} s, {len(idle) / over:.0f} a second{others}",
            )
