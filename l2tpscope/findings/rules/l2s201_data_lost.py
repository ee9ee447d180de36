"""L2S201 Data is lost.

What is seen: numbers are missing between those that arrive: of ESP, of L2TP data with sequence numbers, or of the IP ids of a tunnel's
data.
Why it matters: TCP slows down from about 1 % on, speech breaks up from about 3 %. Where L2TP data is numbered, a receiver without a
reorder buffer discards some further packets after each hole, so that the loss inside is several times as high.
What else could cause it: the path from the sender to here loses packets; the sender drops after numbering (a full queue); the capture
itself lost them.
What to do: look at the path from the sender to this point first: what is lost after this point does not show here. Capture at the sender
at the same time: what it has and this capture has not is lost between.
Source: RFC 4303 §2.2, RFC 2661 §5.4
"""

from __future__ import annotations

from collections.abc import Iterable

from l2tpscope.findings.case import Case
from l2tpscope.findings.losses import about_loss
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S201", name="data-lost", severity=Severity.WARNING, source="RFC 4303 §2.2")
LEAST = 5
SHARE = 0.005
"""Even the lower end of the interval is above it."""


def check(case: Case) -> Iterable[Finding]:
    """Sequence spaces of data with a loss that is no accident."""
    numbered = {(row.tunnel, row.direction) for row in case.measures.loss if row.space == "l2tp-data" and row.measurable}
    for row in case.measures.loss:
        if row.space == "l2tp-data-ip-id" and (row.tunnel, row.direction) in numbered:
            continue
        if (
            row.space not in ("esp", "l2tp-data", "l2tp-data-ip-id")
            or not row.lost
            or row.lost < LEAST
            or (row.loss_low_ratio or 0) < SHARE
        ):
            continue
        low, ratio, high = (100 * (one or 0) for one in (row.loss_low_ratio, row.loss_ratio, row.loss_high_ratio))
        grade = "hint" if row.capture_suspect else "likely" if row.space == "l2tp-data-ip-id" else "certain"
        yield about_loss(
            case,
            row,
            grade=grade,
            summary=f"{row.lost} of {row.expected} packets are lost before here, {ratio:.1f} % (95 %: {low:.1f} to {high:.1f})",
            against=("the capture may have lost them itself",) if row.capture_suspect else (),
        )
