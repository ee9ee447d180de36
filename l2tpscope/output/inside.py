"""What sessions in clear carried, as the summary says it: one line a session, where there is anything to tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from l2tpscope.analysis.rows import InnerFlowRow, LossRow, Measures, SessionRow
from l2tpscope.output.blocks import Cell
from l2tpscope.output.trips import SIDES
from l2tpscope.output.tunnels import WAYS
from l2tpscope.output.values import count, milliseconds, percent, short

INNER_KINDS = ("icmp-echo", "tcp")
"""Of round trips and of loss. They end where the packets inside end, which may be far behind the tunnel's ends."""
USUAL = ("IPv4", "IPv6", "PPP", "ARP")
"""First words of contents that need no mention."""

Fastest = dict[tuple[int, str], dict[str, float]]
"""By session and kind: to either side, in seconds."""
ECHO_PROTOCOLS = ("ICMP", "ICMPv6")


def insides(measures: Measures) -> dict[int, list[Cell]]:
    """By session, what is to be said of what was in it."""
    busiest: dict[int, InnerFlowRow] = {}
    fastest: Fastest = {}
    for row in measures.rows("inner_flows"):
        busiest.setdefault(row.session, row)
        of_session = fastest.setdefault((row.session, "icmp-echo" if row.protocol in ECHO_PROTOCOLS else "tcp"), {})
        for side in SIDES:
            trip = getattr(row, f"rtt_{side}_side_min_s")
            if trip is not None:
                of_session[side] = min(trip, of_session.get(side, trip))
    lost: dict[tuple[int | None, str], list[LossRow]] = {}
    for row in measures.loss:
        if row.space in INNER_KINDS and row.measurable:
            lost.setdefault((row.session, row.space), []).append(row)
    return {row.session: _inside(row, busiest.get(row.session), lost, fastest) for row in measures.sessions}


def _inside(
    row: SessionRow, busiest: InnerFlowRow | None, lost: Mapping[tuple[int | None, str], Sequence[LossRow]], fastest: Fastest
) -> list[Cell]:
    parts = [each for each in row.inner if not each.startswith(USUAL)]
    if busiest is not None:
        octets = busiest.octets_to_responder + busiest.octets_to_initiator
        parts.append(f"most {busiest.protocol} {busiest.initiator} - {busiest.responder} {short(octets)} octets")
    rows = [one for kind in INNER_KINDS for one in lost.get((row.session, kind), ())]
    for kind, word, verb in (("icmp-echo", "echo", "lost"), ("tcp", "TCP", "sent again")):
        said = [*_fastest(fastest.get((row.session, kind), {})), *_lost(lost.get((row.session, kind), ()), verb)]
        parts += [f"{word} {', '.join(said)}"] if said else []
    return [Cell(f"inside: {'; '.join(parts)}", "warn" if any(one.lost for one in rows) else "")] if parts else []


def _fastest(trips: Mapping[str, float]) -> list[str]:
    """The shortest round trips, from the tap to either side."""
    words = [f"{side} {milliseconds(trips[side])}" for side in SIDES if side in trips]
    return [f"min {' '.join(words)} ms"] if words else []


def _lost(rows: Sequence[LossRow], verb: str) -> list[str]:
    words = []
    for way, arrow in WAYS:
        for row in rows:
            if row.direction == way:
                share = f" {percent(row.loss_ratio)} %" if row.lost else ""
                words.append(f"{arrow} {count(row.lost)}/{count(row.expected)}{share}")
    return [f"{verb} {' '.join(words)}"] if words else []
