"""What sessions in clear carried, as the summary says it: one line a session, where there is anything to tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from l2tpscope.analysis.rows import InnerFlowRow, LossRow, Measures, SessionRow
from l2tpscope.analysis.rtt import Statistic, statistics
from l2tpscope.output.blocks import Cell
from l2tpscope.output.tunnels import WAYS
from l2tpscope.output.values import count, milliseconds, percent, short

INNER_KINDS = ("icmp-echo", "tcp")
"""Of round trips and of loss. They end where the packets inside end, which may be far behind the tunnel's ends."""
USUAL = ("IPv4", "IPv6", "PPP", "ARP")
"""First words of contents that need no mention."""

Trips = Mapping[tuple[int | None, str, str], Statistic]


def insides(measures: Measures) -> dict[int, list[Cell]]:
    """By session, what is to be said of what was in it."""
    busiest: dict[int, InnerFlowRow] = {}
    for row in measures.rows("inner_flows"):
        busiest.setdefault(row.session, row)
    lost: dict[tuple[int | None, str], list[LossRow]] = {}
    for row in measures.loss:
        if row.space in INNER_KINDS and row.measurable:
            lost.setdefault((row.session, row.space), []).append(row)
    trips = {
        (one.tunnel, one.kind, one.side): one
        for one in statistics((row for row in measures.rtt if row.kind in INNER_KINDS), lambda row: row.session)
    }
    return {row.session: _inside(row, busiest.get(row.session), lost, trips) for row in measures.sessions}


def _inside(
    row: SessionRow, busiest: InnerFlowRow | None, lost: Mapping[tuple[int | None, str], Sequence[LossRow]], trips: Trips
) -> list[Cell]:
    parts = [each for each in row.inner if not each.startswith(USUAL)]
    if busiest is not None:
        octets = busiest.octets_to_responder + busiest.octets_to_initiator
        parts.append(f"most {busiest.protocol} {busiest.initiator} - {busiest.responder} {short(octets)} octets")
    rows = [one for kind in INNER_KINDS for one in lost.get((row.session, kind), ())]
    for kind, word, verb in (("icmp-echo", "echo", "lost"), ("tcp", "TCP", "sent again")):
        said = [*_fastest(row.session, kind, trips), *_lost(lost.get((row.session, kind), ()), verb)]
        parts += [f"{word} {', '.join(said)}"] if said else []
    return [Cell(f"inside: {'; '.join(parts)}", "warn" if any(one.lost for one in rows) else "")] if parts else []


def _fastest(session: int, kind: str, trips: Trips) -> list[str]:
    """The shortest round trips, from the tap to either side."""
    found = [(side, trips.get((session, kind, side))) for side in ("initiator", "responder")]
    words = [f"{side} {milliseconds(one.min_s)}" for side, one in found if one is not None and one.min_s is not None]
    return [f"min {' '.join(words)} ms"] if words else []


def _lost(rows: Sequence[LossRow], verb: str) -> list[str]:
    words = []
    for way, arrow in WAYS:
        for row in rows:
            if row.direction == way:
                share = f" {percent(row.loss_ratio)} %" if row.lost else ""
                words.append(f"{arrow} {count(row.lost)}/{count(row.expected)}{share}")
    return [f"{verb} {' '.join(words)}"] if words else []
