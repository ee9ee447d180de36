"""What the rules ask of ICMP errors."""

from __future__ import annotations

from l2tpscope.analysis.names import endpoint_name
from l2tpscope.findings.rule import Finding, Place
from l2tpscope.frames import Endpoint
from l2tpscope.model.refusal import Refusal

SOFT = ("fragmentation needed", "packet too big", "time exceeded", "reassembly", "source quench", "redirect", "time to live", "hop limit")
"""Errors that do not say that nobody is there."""


def is_hard(refusal: Refusal) -> bool:
    """Whether it says that the datagram had nowhere to go."""
    return not any(word in refusal.error for word in SOFT)


def who(refusal: Refusal) -> str:
    """Who says it: the host that was called, or one on the way."""
    reporter = endpoint_name(Endpoint(refusal.reporter, None))
    return f"the server {reporter}" if refusal.reporter == refusal.receiver.address else f"{reporter}, which is not the server,"


def about_refusal(refusal: Refusal, *, vpn: int | None, what: str, wireshark_filter: str) -> Finding:
    """A finding about one refusal."""
    return Finding(
        grade="certain",
        subject=f"vpn {vpn}" if vpn is not None else "capture",
        vpn=vpn,
        summary=f"{who(refusal)} refuses {what} on UDP port {refusal.receiver.port}: ICMP {refusal.error}",
        evidence=(Place(refusal.capture, refusal.frame),),
        first=refusal.first,
        last=refusal.last,
        wireshark_filter=wireshark_filter,
    )
