"""others: how fast a host answers everybody else while it is flooded, and when it is not. Kinds of round trips are never mixed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from statistics import median

from l2tpscope.analysis.rows import RttRow
from l2tpscope.core.endpoints import split
from l2tpscope.findings.case import Case

KINDS = {"l2tp-zlb": "ZLBs", "l2tp-reply": "replies of L2TP", "ike": "replies of IKE"}
LEAST = 3
"""Clean samples during the flood and outside of it."""


def effect(case: Case, host: str, span: tuple[int, int], *, tunnels: Collection[int] = (), ike_sas: Collection[int] = ()) -> str:
    """A sentence: answers of *host* in that span and outside, in tunnels and IKE SAs that are not the flood's own."""
    times: dict[str, tuple[list[float], list[float]]] = defaultdict(lambda: ([], []))
    for trip in _trips(case, host, tunnels, ike_sas):
        times[trip.kind][0 if span[0] <= trip.time <= span[1] else 1].append(trip.rtt_s)
    told = [_figures(KINDS[kind], *times[kind]) for kind in KINDS if min(map(len, times[kind]), default=0) >= LEAST]
    if told:
        return "; answers to others meanwhile: " + "; ".join(told)
    few = sum(len(during) + len(outside) for during, outside in times.values())
    why = f"too few answers to others during it or outside of it ({few} in all)" if few else "no answers to others are here"
    return f"; what others wait meanwhile is not measurable: {why}"


def _figures(name: str, during: list[float], outside: list[float]) -> str:
    return (
        f"{name} after {1000 * median(during):.3g} ms in the median (n = {len(during)}), "
        f"else after {1000 * median(outside):.3g} ms (n = {len(outside)})"
    )


def _trips(case: Case, host: str, tunnels: Collection[int], ike_sas: Collection[int]) -> Iterator[RttRow]:
    """Clean samples of what the host answered to others."""
    sides = [(row.tunnel, _side(row, host)) for row in case.measures.tunnels if row.tunnel not in tunnels]
    for number, side in sides:
        yield from _clean(case.group("rtt", "tunnel").get(number, ()), side)
    sides = [(row.ike_sa, _side(row, host)) for row in case.measures.ike_sas if row.ike_sa not in ike_sas]
    for number, side in sides:
        yield from _clean(case.group("rtt", "ike_sa").get(number, ()), side)


def _side(row: object, host: str) -> str | None:
    return next((side for side in ("responder", "initiator") if split(getattr(row, side))[0] == host), None)


def _clean(trips: Collection[RttRow], side: str | None) -> Iterator[RttRow]:
    return (trip for trip in trips if trip.side == side and trip.quality == "clean" and trip.kind in KINDS)
