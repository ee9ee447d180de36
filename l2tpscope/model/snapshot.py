"""snapshot: a trace that stays as it is while the trackers go on with theirs.

What is changed in place is copied: halves, series, SAs, counts. What is not, frames and messages above all, is shared.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING

from l2tpscope.model.half import Half
from l2tpscope.model.inner import Inner

if TYPE_CHECKING:
    from l2tpscope.model.l2f import L2fSeen
    from l2tpscope.model.trace import Trace


def snapshot(trace: Trace) -> Trace:
    """The same trace, in objects of its own."""
    return replace(
        trace,
        captures=[(replace(info, link_types=list(info.link_types)), deepcopy(tally)) for info, tally in trace.captures],
        halves=_halves(trace.halves),
        series=[replace(one, heads=list(one.heads)) for one in trace.series],
        refusals=[replace(one) for one in trace.refusals],
        flood=deepcopy(trace.flood),
        ike_sas=[replace(sa, frames=list(sa.frames)) for sa in trace.ike_sas],
        ike_flood=replace(trace.ike_flood),
        esp=[replace(one, moves=list(one.moves)) for one in trace.esp],
        keepalives=[replace(one) for one in trace.keepalives],
        ppp=list(trace.ppp),
        inner=None if trace.inner is None else _inner(trace.inner),
        l2f=_l2f(trace.l2f),
    )


def _halves(halves: list[Half]) -> list[Half]:
    """Copies whose twins are copies."""
    copies = {id(half): replace(half, frames=list(half.frames), series=list(half.series)) for half in halves}
    for copy in copies.values():
        copy.twin = copies.get(id(copy.twin)) if copy.twin is not None else None
    return list(copies.values())


def _inner(inner: Inner) -> Inner:
    flows = [None if flow is None else replace(flow) for flow in inner.flows]
    return replace(inner, flows=flows, contents=dict(inner.contents), samples=list(inner.samples), echoes=list(inner.echoes))


def _l2f(seen: L2fSeen) -> L2fSeen:
    ways = [replace(way, frames=list(way.frames), series=[replace(one) for one in way.series]) for way in seen.ways]
    return replace(seen, openings=list(seen.openings), ways=ways)
