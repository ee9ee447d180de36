"""L2S413 A large IKE message does not get through.

What is seen: a message of IKE that is larger than a packet, mostly the one with certificates (MM5, MM6, IKE_AUTH), is sent again and
again and IKE stops there: of its IP fragments some never come, or it goes in pieces that IKE itself made (RFC 7383, Cisco's of IKEv1).
Why it matters: nothing of the VPN comes up, although the same path takes small messages. With a pre-shared key it often works. Windows
shows 809.
What else could cause it: a firewall or NAT on the way drops IP fragments, all but the first of which have no ports; the path takes
smaller packets than its ends believe; a piece is lost each time; the message arrives, and its receiver says nothing (libreswan to a
wrong key); the capture's filter takes the first fragments alone, or the others take another way than this point sees.
What to do: switch IKE fragmentation on at both sides (`fragmentation=yes`), or let IP fragments pass on the way; a shorter chain of
certificates. Capture at the receiver, without a filter by port: what arrives there tells where the rest is lost.
Source: RFC 7383 §1, RFC 791 §3.2
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from l2tpscope.findings.case import Case
from l2tpscope.findings.filters import between
from l2tpscope.findings.ike import about, in_state, retried
from l2tpscope.findings.large import OPEN, unanswered
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S413", name="large-ike-message", severity=Severity.ERROR, source="RFC 7383 §1")


def check(case: Case) -> Iterable[Finding]:
    """IKE SAs that stop at a message that does not fit one packet."""
    for row in in_state(case, *OPEN):
        found = unanswered(case, row)
        if found is None:
            continue
        fragments = "ipv6.fraghdr.nxt" if row.initiator.startswith("[") else "ip.flags.mf == 1 || ip.frag_offset > 0"
        finding = about(
            row,
            case.ike_messages(row),
            grade=found.grade,
            summary=found.summary,
            first=found.first,
            last=found.last,
            against=(*case.doubts, *found.against),
            alternatives=found.alternatives,
            advice=found.advice,
            severity=retried(case, row),
            wireshark_filter=f"{between(row.initiator, row.responder)} && (isakmp || {fragments})",
        )
        yield replace(finding, evidence=found.evidence)
