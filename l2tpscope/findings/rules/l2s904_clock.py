"""L2S904 The capture's clock steps back.

What is seen: a frame whose time stamp lies a hundredth of a second or more before that of the frame before it in the file.
Why it matters: round trips, rates and gaps across the step are wrong. Order in the file is not order in time.
What else could cause it: NTP or an administrator set the clock while capturing; files that were joined without sorting by time; several
queues or interfaces that deliver in blocks.
What to do: do not trust durations across the step. `reordercap` sorts a file whose blocks came late; a clock that was set is not mended.
Source: pcapng, Enhanced Packet Block (time stamps)
"""

from __future__ import annotations

from collections.abc import Iterable

from l2tpscope.findings.case import Case
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S904", name="clock-steps-back", severity=Severity.WARNING, source="pcapng, Enhanced Packet Block")


STEP_S = 0.01
"""Less is the jitter of queues."""
LONG_S = 1.0
"""Blocks of several queues come late by less: more is a clock that was set, or files out of order."""


def check(case: Case) -> Iterable[Finding]:
    """Captures whose time stamps run backwards by more than queues explain, and that have something to time."""
    matter = {row.capture for row in case.measures.captures if row.verdict != "empty"}
    for info, _ in case.trace.captures:
        if info.capture in matter and info.largest_backward_step_s >= STEP_S:
            times = "once" if info.backward_steps == 1 else f"{info.backward_steps} times"
            yield Finding(
                grade="certain",
                subject=f"capture {info.capture}",
                summary=f"time stamps step back {times}, by up to {info.largest_backward_step_s:.3f} s",
                evidence=(),
                first=info.first_time or case.trace.begin,
                last=info.last_time or case.trace.end,
                wireshark_filter="frame.time_delta < 0",
                severity=None if info.largest_backward_step_s >= LONG_S else Severity.INFO,
            )
