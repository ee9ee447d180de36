"""L2S106 The control channel dies.

What is seen: in a tunnel that was up, a message (mostly HELLO) is sent again and again, and no acknowledgement comes, or none that its
sender takes; then the tunnel is given up.
Why it matters: the tunnel and all its sessions end, even if data still passed. The client reconnects, or the user does.
What else could cause it: the other side is gone (crash, sleep, roaming, power); the path broke, in one or both directions; a NAT or
firewall forgot the mapping of an idle tunnel; the other side has forgotten the tunnel (restart) and ignores ids it does not know; the
control channel is starved by data under load; acknowledgements that the sender ignores (xl2tpd, where their Ns is not the one expected;
go-l2tp).
What to do: find which side fell silent, and whether data went on. If both stopped: the path or the host. If a NAT is between: a HELLO
interval below its timeout (20 to 30 s). Under load: give UDP 1701 control traffic priority.
Source: RFC 2661 §5.5, §5.8
"""

from __future__ import annotations

from collections.abc import Iterable

from l2tpscope.analysis.rows import MessageRow, TunnelRow
from l2tpscope.findings.case import Case
from l2tpscope.findings.l2tp import TO, about_tunnel, copies
from l2tpscope.findings.refusals import refused_towards
from l2tpscope.findings.rule import Finding, Rule, Severity
from l2tpscope.findings.stale import stale

RULE = Rule(id="L2S106", name="control-channel-died", severity=Severity.ERROR, source="RFC 2661 §5.5, §5.8")
VAIN = 3
"""Copies without an acknowledgement."""
OTHER = {"the client": "the server", "the server": "the client"}


def check(case: Case) -> Iterable[Finding]:
    """Tunnels that were given up after a message was repeated in vain, and tunnels that simply fell silent."""
    known = {one.old.tunnel for one in stale(case)}
    for row in case.measures.tunnels:
        if row.tunnel in known:
            continue  # a finding of its own
        again = row.retransmissions_to_initiator + row.retransmissions_to_responder
        if row.state != "lost" and not (row.state == "closed" and again >= VAIN - 1):
            continue
        vain = _in_vain(case.messages(row), row)
        if vain:
            yield _given_up(case, row, vain)
        elif row.state == "lost":
            said = case.messages(row)[-2:]
            what = "nothing is heard any more from either side, though nobody closed the tunnel"
            yield about_tunnel(row, said, grade="hint", summary=what, against=case.doubts, severity=Severity.WARNING)


def _in_vain(messages: list[MessageRow], row: TunnelRow) -> list[list[MessageRow]]:
    """What was repeated in vain before the tunnel was closed."""
    stops = [one.time for one in messages if one.message == "StopCCN"]
    before = [one for one in messages if not stops or one.time < stops[0]]
    several = [group for group in copies(before) if len(group) >= VAIN and group[0].message != "StopCCN"]
    unacknowledged = [group for group in several if group[0].acked_by is None]
    return unacknowledged or (several if row.state == "lost" else [])


def _given_up(case: Case, row: TunnelRow, vain: list[list[MessageRow]]) -> Finding:
    first = vain[0]
    sender = TO[first[0].direction]
    other = OTHER[sender]
    gone = refused_towards(case, row.initiator if other == "the client" else row.responder)
    acked = any(one.acked_by is not None for one in first)
    what = f"{first[0].message} from {sender} is sent {len(first)} times, "
    what += "and the acknowledgement that is seen here is not taken" if acked else f"and {other} does not acknowledge it"
    if gone is not None and first[0].time <= gone.first <= vain[-1][-1].time:
        what += f"; its host says that nobody listens there any more (ICMP {gone.error}): its L2TP daemon ended without a word"
    return about_tunnel(
        row,
        [one for group in vain for one in group],
        grade=case.absent("certain"),
        summary=f"the tunnel was up and is given up: {what}",
        against=case.doubts,
    )
