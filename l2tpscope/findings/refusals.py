"""What the rules ask of ICMP errors."""

from __future__ import annotations

from l2tpscope.analysis.names import endpoint_name
from l2tpscope.findings.case import Case
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


def refused_tunnels(case: Case) -> dict[int, Refusal]:
    """By tunnel that got no answer, the ICMP error that quotes what its initiator sent."""
    hard = {(refusal.sender, refusal.receiver): refusal for refusal in reversed(case.trace.refusals) if is_hard(refusal)}
    by_names = {(endpoint_name(sender), endpoint_name(receiver)): refusal for (sender, receiver), refusal in hard.items()}
    unanswered = (row for row in case.measures.tunnels if row.state in ("unanswered", "opening") and not row.messages_to_initiator)
    return {row.tunnel: by_names[row.initiator, row.responder] for row in unanswered if (row.initiator, row.responder) in by_names}


def refused_towards(case: Case, endpoint: str) -> Refusal | None:
    """The first error with which a host says that nobody listens at this endpoint of its own."""
    own = (one for one in case.trace.refusals if is_hard(one) and one.reporter == one.receiver.address)
    return next((one for one in own if endpoint_name(one.receiver) == endpoint), None)
