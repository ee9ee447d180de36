"""L2S108 The peer began anew, and the old tunnel is still used.

What is seen: one side asks for a new tunnel (SCCRQ) while an older one between the same hosts is up; from then on it says nothing in any
older one, and what the other side repeats there is not acknowledged; or the other side goes on in the old one and does not even answer
the new request.
Why it matters: until the old tunnel is given up (xl2tpd: 31 s and more) its sessions are dead, their addresses are taken, and some servers
do not answer the new request, or end the new tunnel with the old one: the client cannot come back for minutes.
What else could cause it: the side that began anew was restarted, or lost its power or its network, and has forgotten the ids of before; it
gave the old tunnel up on its own, because nothing came back; two hosts behind one NAT that look like one; tie-breaking is off, and both
sides hold a tunnel.
What to do: let the daemon close its tunnels when it stops (StopCCN), and a shorter HELLO interval on the side that stays; restart both
sides where it does not come back.
Source: RFC 2661 §5.7, §5.8, §3.1
"""

from __future__ import annotations

from collections.abc import Iterable

from l2tpscope.core.endpoints import split
from l2tpscope.findings.case import Case
from l2tpscope.findings.l2tp import TO, about_tunnel
from l2tpscope.findings.rule import Finding, Rule, Severity
from l2tpscope.findings.stale import held, stale

RULE = Rule(id="L2S108", name="stale-tunnel", severity=Severity.ERROR, source="RFC 2661 §5.8")


def check(case: Case) -> Iterable[Finding]:
    """Tunnels of before that one side alone still uses."""
    for one in stale(case):
        asked = case.messages(one.new)[:1]
        user = TO[one.direction]
        answer = "comes up" if one.new.established is not None else "does not come up"
        first = one.vain[0]
        yield about_tunnel(
            one.old,
            [*asked, *one.vain],
            grade=case.absent("likely"),
            summary=f"{split(one.new.initiator)[0]} began a new tunnel, which {answer}, and says nothing any more in the old one, which"
            f" {user} still uses: {first.message} is sent {len(one.vain)} times in vain",
            against=case.doubts,
        )
    for one in held(case):
        asked = [message for message in case.messages(one.new) if message.message == "SCCRQ"]
        server = split(one.new.responder)[0]
        yield about_tunnel(
            one.new,
            sorted([*asked[:6], *one.vain[:6]], key=lambda message: message.time),
            grade=case.absent("likely"),
            summary=f"SCCRQ of {split(one.new.initiator)[0]} is not answered ({len(asked)} times), while {server} goes on in an older"
            " tunnel with it, in which it says nothing any more: the old one is held, and the new one not taken",
            against=case.doubts,
        )
