"""L2S612 A tunnel goes on after it was closed.

What is seen: a StopCCN passed, and more than five seconds later data still pass in both directions, as if there had been none.
Why it matters: whoever is on the path, or guesses the ids, can forge a StopCCN and end tunnels that have no IPsec; this one was not
believed, the next may be.
What else could cause it: a StopCCN out of turn that the receiver ignored (its Ns was not the next one); a side that goes on sending
although it closed the tunnel; a session that was set by hand under the same ids.
What to do: compare TTL and path of the StopCCN with those of the messages before it: if they differ, it was forged. Put IPsec around
the tunnel.
Source: RFC 2661 §5.7, §9.2
"""

from __future__ import annotations

from collections.abc import Iterable

from l2tpscope.analysis.rows import TunnelRow
from l2tpscope.findings.case import SECOND, Case
from l2tpscope.findings.l2tp import WHO, about_tunnel
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S612", name="close-without-effect", severity=Severity.WARNING, source="RFC 2661 §5.7")
LATE = 5 * SECOND
"""Data that was on the way, or waits in a queue, comes sooner."""
LEAST = 5
"""Packets in each direction."""


def check(case: Case) -> Iterable[Finding]:
    """Tunnels that a StopCCN closed, and that carried data both ways afterwards."""
    for row in case.measures.tunnels:
        if row.state != "closed" or row.closed is None or not _goes_on(case, row):
            continue
        stops = [one for one in case.messages(row) if one.message == "StopCCN"]
        odd = any(one.fit in ("violation", "out-of-order") for one in stops)
        out_of_turn = ", and the StopCCN is out of turn" if odd else ""
        yield about_tunnel(
            row,
            stops,
            grade="likely",
            summary=f"data go on in both directions after {WHO[row.closed_by]} closed the tunnel{out_of_turn}",
        )


def _goes_on(case: Case, row: TunnelRow) -> bool:
    """Whether more than a few packets passed in either direction so late that none of them was on the way."""
    assert row.closed is not None
    sessions = case.group("sessions", "tunnel").get(row.tunnel, [])
    if not any(one.last_data is not None and one.last_data > row.closed + LATE for one in sessions):
        return False
    late = dict.fromkeys(("to_responder", "to_initiator"), 0)
    for session in sessions:
        for one in case.group("throughput", "session").get(session.session, []):
            late[one.direction] += one.packets if one.time > row.closed + LATE else 0
    return min(late.values()) >= LEAST
