"""L2S607 Packets come again.

What is seen: the same sequence numbers again, of ESP, which never sends one twice, or of L2TP data with sequence numbers, which is not
sent again either.
Why it matters: somebody on the path replays recorded packets, or the network copies them. ESP drops them; L2TP data without IPsec may be
taken twice.
What else could cause it: a loop or a mirror in the network copies packets; the capture took packets twice in a way that does not look
like copies.
What to do: compare the TTL and the MAC addresses of both copies: another path tells who sends the second one. IPsec drops replayed
packets; clear L2TP does not.
Source: RFC 4303 §3.4.3, RFC 2661 §9
"""

from __future__ import annotations

from collections.abc import Iterable

from l2tpscope.findings.case import Case
from l2tpscope.findings.losses import about_loss
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S607", name="packets-replayed", severity=Severity.WARNING, source="RFC 4303 §3.4.3")
LEAST, SHARE = 5, 0.01
MUCH = 0.2


def check(case: Case) -> Iterable[Finding]:
    """Sequence spaces in which numbers come again that must not; of much of the data, it is an error."""
    for row in case.measures.loss:
        again, received = row.duplicate or 0, row.received or 0
        if row.space not in ("esp", "l2tp-data") or again < LEAST or again < SHARE * received:
            continue
        yield about_loss(
            case,
            row,
            grade="likely",
            summary=f"beside {received} packets there are {again} that repeat a sequence number: replayed, or copied on the way",
            severity=Severity.ERROR if again >= MUCH * received else None,
        )
