"""ip_id: loss of data without sequence numbers, by the Identification of IPv4, where this is a counter of the tunnel alone.

Grade *likely*: nothing obliges a sender to count so (RFC 6864 §4.1), and something else that takes an id now and then, unseen
by the tap, looks like loss. So a row is made only where all of a tunnel's data of one direction counts by one, over `LEAST`
datagrams at least, without a jump, and no other tunnel between the same hosts takes its ids from the same counter. Where
that does not hold there is no row: the `l2tp-data` rows of the sessions say that their loss is not measurable.

*Bias*: what was sent before the first datagram and after the last that passed is not counted. Where control messages take
ids from the same counter, they are among `expected`, `received` and `lost`. A NAT that renumbers ids hides what was lost before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from l2tpscope.analysis.follow import Story
from l2tpscope.analysis.loss import loss_row, shares
from l2tpscope.analysis.rows import LossRow
from l2tpscope.model.ip_id import IpIdCounter
from l2tpscope.model.sequence import SequenceCount

LEAST = 200
"""Datagrams."""
MOST_LOST = 0.10
"""Of a tunnel that loses more than this nobody can say that it counts alone."""
MOST_ODD = 0.05
"""Of the datagrams: repeated ids, and such as fit in nowhere."""
SLACK = 2
"""Ids that lie beside those of another tunnel by chance; where there are more, gaps may be that tunnel's."""


def measure_ip_id(stories: Iterable[Story], counters: Sequence[IpIdCounter], *, suspect: bool) -> list[LossRow]:
    """A row per tunnel and direction whose data ids are such a counter."""
    of_series = {number: index for index, counter in enumerate(counters) for number in counter.series}
    used: dict[int, set[tuple[int, bool]]] = {}
    found: list[tuple[int, bool, set[int | None]]] = []
    for story in stories:
        tunnel = story.channel.number
        for to_initiator in (False, True):
            series = [one.number for call in story.channel.calls for one in call.series[to_initiator]]
            which = {of_series.get(number) for number in series}
            for index in which - {None}:
                used.setdefault(index or 0, set()).add((tunnel, to_initiator))
            found.append((tunnel, to_initiator, which))
    rows = []
    for tunnel, to_initiator, which in found:
        own = [counters[index] for index in sorted(index for index in which if index is not None)]
        alone = all(len(used[index]) == 1 for index in which if index is not None)
        if own and None not in which and alone and is_clear(own):
            rows.append(_row(tunnel, to_initiator, [counter.count for counter in own], suspect))
    return rows


def is_clear(counters: Sequence[IpIdCounter]) -> bool:
    """Whether these are counters of the tunnel alone, beyond doubt enough for a figure."""
    counts = [counter.count for counter in counters]
    received, lost = sum(count.received for count in counts), sum(count.lost for count in counts)
    odd = sum(count.duplicate + count.strays for count in counts) + sum(counter.wild for counter in counters)
    shared = sum(counter.shared for counter in counters)
    return (
        received >= LEAST
        and lost <= MOST_LOST * (received + lost)
        and odd <= MOST_ODD * received
        and not any(count.restarts for count in counts)
        and (shared <= SLACK or not lost)
    )


def _row(tunnel: int, to_initiator: bool, counts: Sequence[SequenceCount], suspect: bool) -> LossRow:
    names = ("expected", "received", "lost", "duplicate", "reordered", "pending", "restarts")
    sums = {name: sum(getattr(count, name) for count in counts) for name in names}
    return loss_row(
        space="l2tp-data-ip-id",
        tunnel=tunnel,
        direction="to_initiator" if to_initiator else "to_responder",
        measurable=True,
        **sums,
        **shares(sums["lost"], sums["expected"]),
        max_reorder_extent=max(count.max_reorder_extent for count in counts),
        upstream_lost=sums["lost"],
        capture_suspect=suspect,
    )
