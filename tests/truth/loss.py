"""True loss of sequenced data: the sender's own capture against the tap, packet by packet."""

from __future__ import annotations

from dataclasses import dataclass

from hand import Data

UNFLUSHED_NS = 1_350_000_000
"""tcpdump had not flushed what came in this last time before it was stopped (README of the laboratory captures)."""


@dataclass(frozen=True, slots=True)
class Sequence:
    """One session in one direction, as a tap saw it, and what the sender really sent."""

    sent: int
    """Distinct numbers in the sender's own capture."""
    received: int
    """Distinct numbers at the tap."""
    duplicate: int
    """Packets at the tap whose number had been there before."""
    reordered: int
    """First copies at the tap with a number below the highest seen (RFC 4737 §4.1)."""
    lost_inside: int
    """Sent, and missing between the first and the highest number that the tap saw: what sequence numbers can show."""
    lost_before: int
    """Sent, and missing below the first number that the tap saw."""
    lost_after: int
    """Sent, and missing above the highest number that the tap saw: invisible at the tap."""
    late: int
    """Of `lost_inside`, those passed less than 100 ms or fewer than 3 packets before the end: a tap may call them pending."""


def compare(sender: list[Data], tap: list[Data], stopped: int) -> Sequence | None:
    """The truth of one direction; None where its data carry no numbers."""
    arrived = [packet for packet in tap if packet.ns is not None]
    if not arrived:
        return None
    sent = {packet.ns: packet.body for packet in sender if packet.ns is not None and packet.packet.time < stopped - UNFLUSHED_NS}
    for packet in arrived:
        if packet.ns in sent and not sent[packet.ns].startswith(packet.body):
            raise ValueError(f"number {packet.ns} carries other octets at the tap than at the sender: the numbering wrapped or began anew")
    seen: set[int] = set()
    highest = reordered = 0
    for packet in arrived:
        number = packet.ns or 0
        reordered += number not in seen and bool(seen) and number < highest
        seen.add(number)
        highest = max(highest, number)
    first = arrived[0].ns or 0
    missing = sorted(set(sent) - seen)
    inside = [number for number in missing if first < number < highest]
    end = arrived[-1].packet.time
    late = [number for number in inside if highest - number < 3 or end - _passed(arrived, number) < 100_000_000]
    return Sequence(
        sent=len(sent),
        received=len(seen),
        duplicate=len(arrived) - len(seen),
        reordered=reordered,
        lost_inside=len(inside),
        lost_before=sum(number < first for number in missing),
        lost_after=sum(number > highest for number in missing),
        late=len(late),
    )


def _passed(arrived: list[Data], number: int) -> int:
    """When the tap first saw a higher number."""
    return next(packet.packet.time for packet in arrived if (packet.ns or 0) > number)
