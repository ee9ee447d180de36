"""L2S905 The file or its messages are cut off.

What is seen: the file ends within a packet, or control messages are longer on the wire than in the file (snaplen).
Why it matters: what the missing octets said (AVPs, result codes, proposals, the last packets) is not known, and is not guessed. Data
packets that are cut do no harm: their lengths are known from the IP header.
What else could cause it: a capture that still ran or was killed when the file was copied; a full disk; a transfer that broke off;
`tcpdump -s` with a small number.
What to do: stop the capturer before copying the file; capture with `-s 0`, or at least 512 octets.
Source: pcapng, Enhanced Packet Block (captured and original packet length)
"""

from __future__ import annotations

from collections.abc import Iterable

from l2tpscope.findings.captures import about
from l2tpscope.findings.case import Case
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S905", name="cut-off", severity=Severity.WARNING, source="pcapng, Enhanced Packet Block")


def check(case: Case) -> Iterable[Finding]:
    """Captures that say of themselves that the file, or a control message in it, is not whole."""
    for row in case.measures.captures:
        cut = [reason for reason in row.reasons if "control messages are cut off" in reason]
        what = (["the file ends within a record"] if row.truncated_file else []) + cut
        if what:
            yield from about(
                row,
                grade="certain",
                summary="; ".join(what),
                wireshark_filter="frame.cap_len < frame.len",
            )
