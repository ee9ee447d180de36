"""Round trips: the delay that was set on each side of a capture point, and the cleanest exchanges that the bytes hold."""

from __future__ import annotations

import re
from dataclasses import dataclass

import hand
from conversations import INITIATOR, OTHER, RESPONDER, Tunnel

SEGMENTS = {
    "to_middle": "fwd_seg1 (wa->wb, before wan.pcap)",
    "to_server": "fwd_seg2 (wb->sv)",
    "from_server": "bwd_seg1 (wb->wa, before wan.pcap)",
    "to_client": "bwd_seg2 (wa->client)",
}
"""netem sits on four interfaces; the tap of wan.pcap lies behind `from_server` and before `to_server`."""

BESIDE: dict[str, dict[str, tuple[str, ...]]] = {
    "client": {INITIATOR: (), RESPONDER: tuple(SEGMENTS)},
    "nat_outside": {INITIATOR: (), RESPONDER: tuple(SEGMENTS)},
    "wan": {INITIATOR: ("to_client", "to_middle"), RESPONDER: ("to_server", "from_server")},
    "server": {INITIATOR: tuple(SEGMENTS), RESPONDER: ()},
}
"""The segments that a round trip from a capture point to a side and back crosses. The client is the initiator in every scenario."""


SPONTANEOUS = {hand.STOPCCN, hand.HELLO, hand.CDN}
"""Messages sent of a side's own accord. Their Nr proves nothing of a round trip: xl2tpd counts the ZLB that answers a crossing CDN as a
message, and its next HELLO then acknowledges one that is still under way (f_chap_wrong: 0.04 ms over a path of 40)."""


@dataclass(frozen=True, slots=True)
class Delay:
    """What netem was told for a round trip: the delay, and how much it may vary to either side."""

    delay_s: float
    jitter_s: float


def set_delay(netem: dict[str, str], point: str, side: str) -> Delay:
    """The delay set between a capture point and a side, there and back."""
    parts = [_netem(netem[SEGMENTS[segment]]) for segment in BESIDE[point][side]]
    return Delay(sum(part.delay_s for part in parts), sum(part.jitter_s for part in parts))


def place(point: str) -> str:
    """The place on the path of a capture point."""
    name = point.removesuffix(".pcap")
    return "server" if name.startswith("server") else "wan" if name.startswith("wan") else "client" if name.startswith("client") else name


def _netem(words: str) -> Delay:
    found = re.search(r"delay ([\d.]+)ms(?: ([\d.]+)ms)?", words)
    if found is None:
        raise ValueError(f"no delay in {words!r}")
    return Delay(float(found[1]) / 1000, float(found[2] or 0) / 1000)


def fastest(tunnel: Tunnel, answers: str) -> float | None:
    """The shortest exchange that side *answers* completed, over messages that the capture has once (Karn); seconds.

    The first packet whose Nr passes a message acknowledges it, even if it passed the tap before the message did (then there is no sample);
    only the newest message it acknowledges counts.
    """
    everything = sorted(
        [(message.packet.time, message.packet.frame, receiver, message) for receiver, side in tunnel.control.items() for message in side],
        key=lambda row: row[:2],
    )
    times: dict[int, list[int]] = {}
    acknowledged = -1
    best: int | None = None
    for time, _, receiver, message in everything:
        if receiver == answers and message.kind is not None:
            times.setdefault(message.ns, []).append(time)
        elif receiver == OTHER[answers]:
            newest = max((ns for ns in times if acknowledged < ns < message.nr), default=None)
            acknowledged = max(acknowledged, message.nr - 1)
            if newest is not None and len(times[newest]) == 1 and message.kind not in SPONTANEOUS:
                trip = time - times[newest][0]
                best = trip if best is None else min(best, trip)
    return None if best is None else best / 1e9
