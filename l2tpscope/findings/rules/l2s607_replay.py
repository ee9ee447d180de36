"""L2S607 Packets come again.

What is seen: the same sequence numbers again, of ESP, which never sends one twice, or of L2TP data with sequence numbers, which is not
sent again either. What comes 64 numbers late and more, behind the smallest replay window in use, was not copied on its way.
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
from itertools import pairwise

from l2tpscope.findings.case import Case
from l2tpscope.findings.losses import about_loss
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S607", name="packets-replayed", severity=Severity.WARNING, source="RFC 4303 §3.4.3")
LEAST, SHARE = 5, 0.01
MUCH = 0.2
BEHIND, TWICE = 3, 0.5
"""Numbers that come again long after: none is chance; but where so much does, the capture has two interfaces, a queue between them."""


def check(case: Case) -> Iterable[Finding]:
    """Sequence spaces in which numbers come again that must not; of much of the data, it is an error."""
    twice = _two_points(case)
    for row in case.measures.loss:
        again, received, behind = row.duplicate or 0, row.received or 0, row.duplicate_behind or 0
        behind = 0 if twice or again >= TWICE * received else behind
        often = again >= LEAST and again >= SHARE * received
        if row.space not in ("esp", "l2tp-data") or not (often or behind >= BEHIND):
            continue
        how = "replayed, or copied on the way"
        if behind >= BEHIND:
            how = f"{behind} of them 64 numbers and more behind, so late that no network copies them: replayed"
        yield about_loss(
            case,
            row,
            grade="likely",
            summary=f"beside {received} packets there are {again} that repeat a sequence number: {how}",
            severity=Severity.ERROR if again >= MUCH * received else None,
        )


def _two_points(case: Case) -> bool:
    """Whether captures overlap in time: what passes two taps comes again without anybody's doing."""
    spans = sorted((row.time_start, row.time_end) for row in case.measures.captures if row.time_start and row.time_end)
    return any(after[0] < before[1] for before, after in pairwise(spans))
