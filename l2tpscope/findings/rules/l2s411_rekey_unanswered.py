"""L2S411 Renewing the keys is not answered.

What is seen: an IKE SA that is up asks for a new child SA (Quick Mode, CREATE_CHILD_SA) again and again, and no message of that exchange
comes back.
Why it matters: when the old SA's lifetime ends, so does the traffic: VPNs that die on the hour, or after 24 or 48 minutes.
What else could cause it: the other side does not take part in rekeying (old clients), or does not accept what is proposed (PFS,
lifetimes) and says nothing; it is gone, and only this message shows it; the way to it or back is broken.
What to do: compare PFS and lifetimes of both sides; a longer lifetime on the server and `rekey=no` there leaves rekeying to the client.
The time since the last set-up tells which lifetime it is.
Source: RFC 2409 §5.5, RFC 7296 §2.8
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from l2tpscope.analysis.rows import IkeMessageRow
from l2tpscope.findings.case import Case
from l2tpscope.findings.ike import about
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S411", name="rekey-unanswered", severity=Severity.ERROR, source="RFC 2409 §5.5, RFC 7296 §2.8")
ASKS = ("QM1", "CREATE_CHILD_SA request")
COPIES = 3
SENDER = {"to_responder": "the client", "to_initiator": "the server"}


def check(case: Case) -> Iterable[Finding]:
    """Connections with ESP in which such a request was repeated in vain."""
    for row in case.measures.ike_sas:
        vpn = case.vpn(row.vpn)
        again = max(row.retransmissions_to_initiator, row.retransmissions_to_responder)
        if row.established is None or vpn is None or not vpn.esp_sas or again < COPIES - 1 or case.one_sided:
            continue
        exchanges: dict[int, list[IkeMessageRow]] = defaultdict(list)
        for one in case.ike_messages(row):
            exchanges[one.message_id].append(one)
        for said in exchanges.values():
            asked = [one for one in said if one.name in ASKS]
            if len(asked) < COPIES or any(one.direction != asked[0].direction for one in said):
                continue
            who = SENDER[asked[0].direction]
            after = (asked[0].time - row.established) / 1e9
            yield about(
                row,
                asked,
                grade=case.absent("certain"),
                summary=f"{who} asks for new keys {after:.0f} s after IKE came up, {len(asked)} times, and gets no answer",
                against=case.doubts,
                same="rekey",
            )
            break
