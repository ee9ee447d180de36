"""The expected ESP SAs of a laboratory capture; loss upstream of the tap from the capture of the sender's own host."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import ipsec_hand
import ipsec_logs
import lab
from ike_facts import SERVER
from ipsec_hand import Esp
from loss import UNFLUSHED_NS

HORIZON_NS, HORIZON_NUMBERS = 100_000_000, 3
"""What is missing so near the end may still be called pending (methodology C.5)."""


@dataclass(slots=True)
class EspSa:
    """One SPI at a tap."""

    spi: str
    source: str
    destination: str
    udp: bool
    packets: list[Esp] = field(default_factory=list)

    @property
    def numbers(self) -> set[int]:
        """The distinct sequence numbers."""
        return {packet.sequence for packet in self.packets}

    def reordered(self) -> int:
        """First copies below the highest number seen (RFC 4737 §4.1)."""
        seen: set[int] = set()
        found = 0
        for packet in self.packets:
            found += packet.sequence not in seen and bool(seen) and packet.sequence < max(seen)
            seen.add(packet.sequence)
        return found


@dataclass(frozen=True, slots=True)
class Loss:
    """Numbers that the sender sent and the tap lacks, up to the highest that the tap saw."""

    lost: int
    late: int
    """Of these, those that a tap may still call pending."""


@cache
def sas(scenario: str, point: str) -> dict[str, EspSa]:
    """The ESP SAs of one capture point by SPI; no two receivers chose the same."""
    found: dict[str, EspSa] = {}
    for path in lab.files(scenario, point):
        for packet in ipsec_hand.ipsec(path):
            if isinstance(packet, Esp):
                sa = found.setdefault(packet.spi, EspSa(packet.spi, packet.source, packet.destination, packet.udp))
                if sa.destination != packet.destination:
                    raise ValueError(f"{packet.spi} goes to {sa.destination} and {packet.destination}")
                sa.packets.append(packet)
    return found


def sender_point(scenario: str, sa: EspSa) -> str:
    """The capture on the host that sends: the server, or the client that chose the other SPI of the pair."""
    if sa.source == SERVER:
        return "server.pcap"
    second = ipsec_logs.pairs(lab.LAB / scenario, "cl2")
    return "client2.pcap" if sa.spi in {to_responder for to_responder, _ in second} else "client.pcap"


def upstream_loss(scenario: str, sa: EspSa) -> Loss:
    """What was lost before the tap. A sender numbers from 1 without holes (RFC 4303 §2.2), which its own capture must show too."""
    own = sas(scenario, sender_point(scenario, sa))[sa.spi]
    end = lab.stopped(scenario) - UNFLUSHED_NS
    sent = {packet.sequence for packet in own.packets if packet.time < end}
    if sent != set(range(1, max(sent) + 1)):
        raise ValueError(f"{sa.spi}: the sender's own capture has holes")
    highest = max(sa.numbers)
    missing = set(range(1, highest + 1)) - sa.numbers
    last = sa.packets[-1].time
    late = [one for one in missing if highest - one < HORIZON_NUMBERS or last - _passed(sa, one) < HORIZON_NS]
    return Loss(len(missing), len(late))


def _passed(sa: EspSa, number: int) -> int:
    """When the tap first saw a higher number."""
    return next(packet.time for packet in sa.packets if packet.sequence > number)
