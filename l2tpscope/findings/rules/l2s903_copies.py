"""L2S903 The capture has packets twice.

What is seen: frames of L2TP or IPsec that the capture itself made copies of: same IP header, Identification and octets, at once.
Why it matters: here each counts once. Other tools take the copies for retransmissions, replays or duplicates of the network.
What else could cause it: a mirror port (SPAN) that mirrors a packet where it comes in and where it goes out; a capture on several
interfaces at once (`any`); files that were merged although they overlap; a sender that repeats datagrams with one IP Identification.
What to do: mirror one direction of each port or capture on one interface; `editcap -d` removes copies from a file.
Source: RFC 791 §3.1, RFC 6864 §4
"""

from __future__ import annotations

from collections.abc import Iterable

from l2tpscope.findings.captures import about
from l2tpscope.findings.case import Case
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S903", name="copies-in-capture", severity=Severity.INFO, source="RFC 791 §3.1")


def check(case: Case) -> Iterable[Finding]:
    """Captures with copies."""
    for row in case.measures.captures:
        if row.duplicate_frames:
            frames = "1 frame is a copy" if row.duplicate_frames == 1 else f"{row.duplicate_frames} frames are copies"
            yield from about(
                row,
                grade="likely",
                summary=f"{frames} that the capture made; counted once",
                wireshark_filter="udp.port in {500, 4500, 1701} || esp || ah",
            )
