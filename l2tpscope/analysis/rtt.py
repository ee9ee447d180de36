"""rtt: round trips from the control channel, and their statistics.

A sample is the time from a message's first copy to the first frame that acknowledges it, both at the tap: the path from the
tap to the side that answered, and back, plus what that side took. `l2tp-reply` (another message) holds its work too, RADIUS
or a user's patience; `l2tp-zlb` holds its acknowledgement timer, 0 to 0.5 s. So the minimum of the clean samples is the best
estimate of the path, and the median says how the side responds. Kinds are never mixed in one statistic.

*Bias*: long where the side delays, or where an earlier acknowledgement was lost on its way to the tap. Short only where a
daemon acknowledges what it has not got: xl2tpd counts ZLBs after a CDN, so its Nr runs ahead; what was acknowledged before it
was sent is `ambiguous`, and what a message sent on a timer acknowledges is `cumulative`, so that neither is in the statistics.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from l2tpscope.analysis.follow import Story
from l2tpscope.analysis.rows import RttRow

SECOND = 1e9


@dataclass(slots=True, frozen=True)
class Statistic:
    """Round trips of one tunnel, side and kind; of its clean samples, but for `ambiguous`, which counts those not used."""

    tunnel: int | None
    """Its number; or that of whatever the rows were grouped by."""
    side: str
    kind: str
    n: int
    min_s: float | None
    p50_s: float | None
    p95_s: float | None
    ambiguous: int


def measure_rtt(stories: Iterable[Story]) -> list[RttRow]:
    """Every sample, in the order of time."""
    rows = [row for story in stories for row in _samples(story)]
    rows.sort(key=lambda row: (row.time, row.frame_reply, row.frame_request))
    return rows


def _samples(story: Story) -> Iterable[RttRow]:
    for reply, sent, verdict in story.verdicts:
        for sample in verdict.samples:
            if sample.rtt < 0:
                continue  # the clock stepped back in between
            call = story.calls_of.get(sample.request.position)
            yield RttRow(
                time=reply.time,
                kind="l2tp-zlb" if reply.acknowledges else "l2tp-reply",
                side="initiator" if sent else "responder",
                tunnel=story.channel.number,
                session=call.number if call is not None else None,
                ike_sa=None,
                esp_sa=None,
                capture=reply.capture,
                frame_request=sample.request.frame,
                frame_reply=reply.frame,
                rtt_s=sample.rtt / SECOND,
                rtt_low_s=None if sample.low is None else sample.low / SECOND,
                quality=sample.quality,  # type: ignore[arg-type]
            )


def _tunnel(row: RttRow) -> int | None:
    return row.tunnel


def statistics(rows: Iterable[RttRow], of: Callable[[RttRow], int | None] = _tunnel) -> list[Statistic]:
    """Count, minimum, median and 95th percentile of the clean samples, per tunnel (or what *of* gives), side and kind."""
    groups: dict[tuple[int, str, str], list[RttRow]] = defaultdict(list)
    for row in rows:
        groups[of(row) or 0, row.side, row.kind].append(row)
    return [_statistic(tunnel or None, side, kind, group) for (tunnel, side, kind), group in sorted(groups.items())]


def _statistic(tunnel: int | None, side: str, kind: str, rows: list[RttRow]) -> Statistic:
    clean = sorted(row.rtt_s for row in rows if row.quality == "clean")
    ambiguous = sum(row.quality == "ambiguous" for row in rows)
    if not clean:
        return Statistic(tunnel, side, kind, 0, None, None, None, ambiguous)
    return Statistic(tunnel, side, kind, len(clean), clean[0], _quantile(clean, 0.5), _quantile(clean, 0.95), ambiguous)


def _quantile(ordered: list[float], share: float) -> float:
    """Between the two nearest values, in proportion (as numpy.quantile, which takes ten times as long for a few)."""
    place = (len(ordered) - 1) * share
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def best(rows: Iterable[RttRow], of: Callable[[RttRow], int | None] = _tunnel) -> dict[tuple[int, str], tuple[float, float]]:
    """Per (tunnel or what *of* gives, side): the smallest clean sample of any kind, and the median of the kind with most clean samples."""
    found: dict[tuple[int, str], list[Statistic]] = defaultdict(list)
    for one in statistics(rows, of):
        if one.n and one.tunnel is not None:
            found[one.tunnel, one.side].append(one)
    result = {}
    for key, several in found.items():
        least = min(one.min_s for one in several if one.min_s is not None)
        largest = max(several, key=lambda one: one.n)
        assert largest.p50_s is not None
        result[key] = (least, largest.p50_s)
    return result
