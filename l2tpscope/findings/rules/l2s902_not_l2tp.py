"""L2S902 Something else on the port of L2TP.

What is seen: UDP 1701 that is no L2TP: OpenVPN, or nothing that is known.
Why it matters: what is expected here as L2TP is not, and is not followed.
What else could cause it: OpenVPN is run on 1701 to pass firewalls; an L2TP header that is damaged.
What to do: filter by what it is. L2TP on another port is found with `--port N`.
Source: RFC 2661 §3.1
"""

from __future__ import annotations

from collections.abc import Iterable

from l2tpscope.findings.captures import about
from l2tpscope.findings.case import Case
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S902", name="not-l2tp", severity=Severity.INFO, source="RFC 2661 §3.1")


def check(case: Case) -> Iterable[Finding]:
    """Captures with such frames."""
    for row in case.measures.captures:
        several = ((row.openvpn_1701_frames, "OpenVPN"), (row.not_l2tp_1701_frames, "not L2TP"))
        what = [f"{count} frames on UDP 1701 are {name}" for count, name in several if count]
        if what:
            yield from about(
                row,
                grade="certain",
                summary="; ".join(what),
                wireshark_filter="udp.port == 1701",
            )
