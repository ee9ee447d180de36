"""L2S203 The control channel repeats itself.

What is seen: many control messages are sent more than once, in a tunnel that lives.
Why it matters: it is one step before the tunnel dies: five copies in vain end it.
What else could cause it: loss on the way, in either direction; acknowledgements that come later than the sender's timer (1 s at first),
because of a long path or a slow peer; a sender that does not take the acknowledgements (go-l2tp ignores those of its HELLO).
What to do: see in `messages` whether the repeated ones had been acknowledged here before they were repeated: then the way back, or the
sender, is at fault; else the way there or the peer.
Source: RFC 2661 §5.8
"""

from __future__ import annotations

from collections.abc import Iterable

from l2tpscope.findings.case import Case
from l2tpscope.findings.l2tp import about_tunnel
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S203", name="control-repeated", severity=Severity.WARNING, source="RFC 2661 §5.8")
LEAST, SHARE = 5, 0.1


def check(case: Case) -> Iterable[Finding]:
    """Tunnels that lived with many retransmissions."""
    for row in case.measures.tunnels:
        again = row.retransmissions_to_initiator + row.retransmissions_to_responder
        every = row.messages_to_initiator + row.messages_to_responder
        if row.state not in ("established", "closed") or again < LEAST or again < SHARE * every:
            continue
        stops = [one.time for one in case.messages(row) if one.message == "StopCCN"]
        repeated = [one for one in case.messages(row) if one.retransmission_of is not None and (not stops or one.time < stops[0])]
        if len(repeated) < LEAST:
            continue
        answered = sum(one.acked_by is not None for one in repeated)
        yield about_tunnel(
            row,
            repeated,
            grade="certain",
            summary=f"many control messages are repeats (here {len(repeated)} of {every}, {answered} of them acknowledged in the end)",
            same="repeats",
        )
