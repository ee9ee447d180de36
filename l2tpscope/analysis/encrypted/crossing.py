"""crossing: which of the packets of two sides, of which nothing but direction and time are known, ask and answer each other.

They come in clusters: an exchange of the one side, or two that cross. A cluster in which both sides send equally many is
complete; who asks follows from the order: the first of a cluster asks, the last answers. Where two cross, the answer is one of
two packets, so that the round trip has a lower and an upper bound. Everything else stays unjudged.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, NamedTuple, Protocol, TypeVar

LARGEST = 16
"""A cluster of more packets is no exchange of two sides that are otherwise silent; it is left out."""


NARROW, NARROW_SHARE = 1_000_000, 0.05
"""Nanoseconds, and of the round trip: bounds that lie so close are one value."""

LEAST_CLEAR, SHORTER, LONGER = 2, 0.9, 3
"""So many clear round trips decide; of their minimum, and of their median, what is like them."""


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

    @property
    def time(self) -> int:
        """Of the request."""
        return self.request.time

    @property
    def round_trip(self) -> int:
        """Nanoseconds, the longest that it can have been."""
        return self.reply.time - self.request.time

    @property
    def is_clear(self) -> bool:
        """Whether the round trip is known, to a millisecond or 5 %."""
        return self.low is None or self.round_trip - self.low <= max(NARROW, int(NARROW_SHARE * self.round_trip))


@dataclass(slots=True)
class Exchanges(Generic[P]):
    """What the clusters came to."""

    answered: list[Exchange[P]] = field(default_factory=list)
    unanswered: list[P] = field(default_factory=list)
    unjudged: list[P] = field(default_factory=list)
    open: list[tuple[P, P, P, P]] = field(default_factory=list)
    """Of alternating sides: either the first two ask, and the last two answer, the last the first; or the first and the third
    ask, and each is answered by the next."""


def exchanges(packets: list[P], together: int, alone: int | None = None) -> Exchanges[P]:
    """Every one of *packets* (in the order of time) in its place.

    With less than *together* nanoseconds between them they are one cluster: an answer that takes longer is not recognised. What
    one side sent counts as unanswered only if the other side sent nothing for *alone* before and after it.
    """
    result: Exchanges[P] = Exchanges()
    begin = 0
    for end in range(1, len(packets) + 1):
        if end == len(packets) or packets[end].time - packets[end - 1].time > together:
            cluster = packets[begin:end]
            if end - begin > LARGEST:
                pass
            elif len({one.from_initiator for one in cluster}) > 1:
                _judge(cluster, result)
            elif _is_alone(packets, begin, end, alone or together):
                result.unanswered += cluster
            else:
                result.unjudged += cluster
            begin = end
    _settle(result)
    return result


def _is_alone(packets: list[P], begin: int, end: int, within: int) -> bool:
    """Whether the packets next to those from *begin* to *end* are not of the other side, or far."""
    side = packets[begin].from_initiator
    before = packets[begin - 1] if begin else None
    after = packets[end] if end < len(packets) else None
    if before is not None and before.from_initiator != side and packets[begin].time - before.time <= within:
        return False
    return after is None or after.from_initiator == side or after.time - packets[end - 1].time > within


def _complete(cluster: list[P]) -> bool:
    return 2 * sum(one.from_initiator for one in cluster) == len(cluster)


def _judge(cluster: list[P], result: Exchanges[P]) -> None:
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
    elif order == "ABAB":
        result.open.append((a, b, c, d))
    else:
        result.answered += [_between(a, c, d), _between(b, c, d)]


def _between(request: P, earliest: P, latest: P) -> Exchange[P]:
    return Exchange(request, latest, earliest.time - request.time)


def _settle(result: Exchanges[P]) -> None:
    """Read what is open as the round trips of the clear exchanges of that side demand; where both readings fit them, or neither, only
    that the first was answered is known.
    """
    clear: dict[bool, list[int]] = {True: [], False: []}
    for one in result.answered:
        if one.is_clear:
            clear[one.reply.from_initiator].append(one.round_trip)
    for trips in clear.values():
        trips.sort()
    for a, b, c, d in result.open:
        crossed = _fits(d.time - a.time, clear[b.from_initiator]) and _fits(c.time - b.time, clear[a.from_initiator])
        in_turn = _fits(b.time - a.time, clear[b.from_initiator]) and _fits(d.time - c.time, clear[b.from_initiator])
        if crossed == in_turn:
            result.answered.append(_between(a, b, d))
            result.unjudged += [b, c]
        elif crossed:
            result.answered += [Exchange(a, d), Exchange(b, c)]
        else:
            result.answered += [Exchange(a, b), Exchange(c, d)]


def _fits(trip: int, clear: list[int]) -> bool:
    """Whether a round trip is like those that are known of that side, in their order."""
    return len(clear) >= LEAST_CLEAR and SHORTER * clear[0] <= trip <= LONGER * clear[len(clear) // 2] + NARROW
