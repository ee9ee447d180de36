"""L2S204 ESP comes so late that a replay window would drop it.

What is seen: ESP packets whose numbers are far behind the highest one.
Why it matters: the receiver drops what is older than its replay window, however well it arrived: loss that no counter of the path shows.
What else could cause it: several queues or paths (quality of service, multi-path) after numbering; the order here is not the order at the
receiver; the capture mixes packets of several queues.
What to do: a larger window at the receiver (`replay_window = 1024`); one queue for all of an SA.
Source: RFC 4303 §3.4.3
"""

from __future__ import annotations

from collections.abc import Iterable

from l2tpscope.findings.case import Case
from l2tpscope.findings.esp import about_vpn, first_place
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S204", name="replay-window", severity=Severity.WARNING, source="RFC 4303 §3.4.3")
LEAST = 5


def check(case: Case) -> Iterable[Finding]:
    """SAs of which a window of 32 would drop packets that are no repeats."""
    for row in case.measures.esp_sas:
        late = (row.replay_dropped_32 or 0) - (row.duplicate or 0)
        vpn = case.vpn(row.vpn)
        if late < LEAST or vpn is None:
            continue
        windows = ((32, row.replay_dropped_32), (64, row.replay_dropped_64), (128, row.replay_dropped_128), (1024, row.replay_dropped_1024))
        by = ", ".join(f"window {window}: {dropped}" for window, dropped in windows)
        yield about_vpn(
            vpn,
            [row],
            grade="likely",
            summary=f"ESP in one direction is out of order by more than small replay windows bear; a receiver would drop, by {by}",
            evidence=first_place(case, row),
        )
