"""crossing: which of the packets of two sides, of which nothing but direction and time are known, ask and answer each other.

They come in clusters: an exchange of the one side, or two that cross. A cluster in which both sides send equally many is
complete; who asks follows from the order: the first of a cluster asks, the last answers. Where two cross, the answer is one of
two packets, so that the round trip has a lower and an upper bound. Everything else stays unjudged.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Generic, NamedTuple, Protocol, TypeVar

LARGEST = 16
"""A cluster of more packets is no exchange of two sides that are otherwise silent; it is left out."""
SPLIT = 4
"""A cluster falls apart at a gap so many times as long as any other in it, if both parts are complete."""


NARROW, NARROW_SHARE = 1_000_000, 0.05
"""Nanoseconds, and of the round trip: bounds that lie so close are one value."""


class Packet(Protocol):
    """What is known of each."""

    @property
    def time(self) -> int:
        """Nanoseconds."""

    @property
    def from_initiator(self) -> bool:
        """Which side sent it."""


P = TypeVar("P", bound=Packet)


class Exchange(NamedTuple, Generic[P]):
    """A request and its answer."""

    request: P
    reply: P
    """The latest packet that can be the answer."""
    low: int | None = None
    """Shortest that the round trip can have been, in nanoseconds; None where `reply` is the only candidate."""
    given: P | None = None
    """If this packet is known to ask, `reply` is the only candidate."""

    @property
    def time(self) -> int:
        """Of the request."""
        return self.request.time

    @property
    def round_trip(self) -> int:
        """Nanoseconds, the longest that it can have been."""
        return self.reply.time - self.request.time

    def is_clear(self, asking: Callable[[P], bool]) -> bool:
        """Whether the round trip is known: to a millisecond or 5 %, or because of what is known to be *asking*."""
        if self.low is None or (self.given is not None and asking(self.given)):
            return True
        return self.round_trip - self.low <= max(NARROW, int(NARROW_SHARE * self.round_trip))


@dataclass(slots=True)
class Exchanges(Generic[P]):
    """What the clusters came to."""

    answered: list[Exchange[P]] = field(default_factory=list)
    unanswered: list[P] = field(default_factory=list)
    unjudged: list[P] = field(default_factory=list)


def exchanges(packets: list[P], together: int) -> Exchanges[P]:
    """Every one of *packets* (in the order of time) in its place; with less than *together* nanoseconds between them they are one
    cluster, so that an answer that takes longer is not recognised.
    """
    result: Exchanges[P] = Exchanges()
    begin = 0
    for end in range(1, len(packets) + 1):
        if end == len(packets) or packets[end].time - packets[end - 1].time > together:
            for cluster in _split(packets[begin:end]) if end - begin <= LARGEST else ():
                _judge(cluster, result)
            begin = end
    return result


def _split(cluster: list[P]) -> list[list[P]]:
    """The cluster, or its parts where it clearly falls apart."""
    done: list[list[P]] = []
    rest = [cluster]
    while rest:
        one = rest.pop()
        at = _gap(one)
        if at is None:
            done.append(one)
        else:
            rest += [one[at:], one[:at]]
    return done


def _gap(cluster: list[P]) -> int | None:
    if len(cluster) < 4 or not _complete(cluster):
        return None
    gaps = [(after.time - before.time, index) for index, (before, after) in enumerate(pairwise(cluster), 1)]
    gaps.sort(reverse=True)
    (longest, at), (second, _) = gaps[:2]
    return at if longest >= SPLIT * max(second, 1) and _complete(cluster[:at]) else None


def _complete(cluster: list[P]) -> bool:
    return 2 * sum(one.from_initiator for one in cluster) == len(cluster)


def _judge(cluster: list[P], result: Exchanges[P]) -> None:
    if len({one.from_initiator for one in cluster}) == 1:
        result.unanswered += cluster
        return
    if not _complete(cluster) or len(cluster) > 4:
        result.unjudged += cluster
        return
    first = cluster[0]
    if len(cluster) == 2:
        result.answered.append(Exchange(first, cluster[1]))
        return
    order = "".join("A" if one.from_initiator == first.from_initiator else "B" for one in cluster)
    a, b, c, d = cluster
    if order == "ABBA":
        result.answered += [_between(a, b, c), Exchange(b, d, d.time - c.time)]
    elif order == "ABAB":  # either b asks, and c answers it and d answers a; or b answers a, and c asks
        result.answered += [Exchange(a, d, b.time - a.time, given=b), Exchange(b, c, 0, given=b)]
    else:
        result.answered += [_between(a, c, d), _between(b, c, d)]


def _between(request: P, earliest: P, latest: P) -> Exchange[P]:
    return Exchange(request, latest, earliest.time - request.time)
