"""L2S901 The capture lacks packets.

What is seen: the capturer says that it dropped frames, peers acknowledge what the capture does not have, or one direction is missing.
Why it matters: what seems lost or unanswered may only not have been captured. Findings that rest on something that did not come are
graded down.
What else could cause it: a capturer that is too slow (disk, snaplen, one processor); a mirror port that is too full; traffic that takes
another way in one direction.
What to do: capture again with a filter (`udp port 500 or 4500 or 1701 or esp`), a larger buffer (`tcpdump -B 16384`), and at a point that
sees both directions.
Source: pcapng, Interface Statistics Block
"""

from __future__ import annotations

from collections.abc import Iterable

from l2tpscope.findings.case import Case
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S901", name="capture-incomplete", severity=Severity.WARNING, source="pcapng, Interface Statistics Block")


def check(case: Case) -> Iterable[Finding]:
    """What the captures lack, all together: however they were cut into files."""
    if case.doubts:
        yield Finding(
            grade="certain",
            subject="capture",
            summary=f"{'; '.join(case.doubts)}: what did not come may only not have been captured",
            evidence=(),
            first=case.trace.begin,
            last=case.trace.end,
            wireshark_filter="udp.port in {500, 4500, 1701} || esp",
        )
