"""esp_pairs: the SAs of the two directions put together, and joined to the exchange that made them.

`made by the same exchange`: each began after the same Quick Mode, IKE_AUTH or CREATE_CHILD_SA between its ends, the last one
that was not taken; `only candidate`: no exchange is in the capture, and there is one SA each way at that time; `begin and end
together`: of several. An SA that fits none of these stays alone. *Bias*: SAs made by two exchanges within the same second may
be swapped between them; their counts are right all the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from l2tpscope.analysis.ike_story import Child, IkeStory
from l2tpscope.frames import Endpoint
from l2tpscope.frames.tables import NATT_PORT
from l2tpscope.model.esp import EspPair, EspSeries

EXCHANGE = "made by the same exchange"
ONLY = "only candidate"
TOGETHER = "begin and end together"
SECOND = 1_000_000_000
CONTINUES = 90 * SECOND
"""A pair that goes silent longer before the next begins was not rekeyed."""
OVERLAP = 120 * SECOND
"""Pairs that carry packets side by side for longer are two children, not one after the other."""
EARLY = SECOND // 5
"""By so much the first packet may come before the message that completes the exchange: it may overtake."""
AT_ONCE = 10 * SECOND
MOST_COMPARED = 64
"""SAs of one flow and direction, of which no exchange is known, that are compared with each other."""
SMALLEST_CREATION = 120
"""Octets of a CREATE_CHILD_SA response; an error notify has less."""

Flow = tuple[str, frozenset[Endpoint]]
"""Encapsulation, and the two ends: with ports where there are any."""


@dataclass(slots=True, eq=False)
class Making:
    """An exchange that made SAs, as far as can be seen."""

    story: IkeStory
    child: Child
    time: int
    claimed: dict[Endpoint, EspSeries] = field(default_factory=dict)
    """By who receives: the address, and the port only where both ends have one address."""


@dataclass(slots=True, eq=False)
class Joined:
    """Every SA in its pair, and what they have to do with IKE."""

    pairs: list[EspPair]
    makings: list[Making]
    story_of: dict[int, IkeStory]
    """By the number of a pair."""


def join(series: Sequence[EspSeries], stories: Sequence[IkeStory]) -> Joined:
    """Pairs of SAs, numbered in the order of their first packets."""
    first = roots(stories)
    makings = [making for story in stories for child in story.children if (making := _making(story, child)) is not None]
    makings.sort(key=lambda making: making.time)
    near: dict[Flow, list[Making]] = defaultdict(list)
    for making in makings:
        for flow in _flows(making):
            near[flow].append(making)
    groups: dict[Flow, list[EspSeries]] = defaultdict(list)
    for one in sorted(series, key=lambda one: one.position):
        groups[flow_of(one)].append(one)
    pairs: list[EspPair] = []
    for flow, members in groups.items():
        pairs += _guess([one for one in members if not _claim(one, near[flow])])
    claimed = [(making, _made(making, first[making.story.number])) for making in makings if making.claimed]
    pairs += [pair for _, pair in claimed]
    pairs.sort(key=lambda pair: min(one.position for one in pair.series))
    for number, pair in enumerate(pairs, 1):
        pair.number = number
    joined = Joined(pairs, makings, {pair.number: making.story for making, pair in claimed})
    _chain(joined, first)
    return joined


def flow_of(series: EspSeries) -> Flow:
    """The flow that an SA began in."""
    return series.encapsulation, frozenset((series.sender, series.receiver))


def roots(stories: Iterable[IkeStory]) -> dict[int, IkeStory]:
    """By number, the first of the IKE SAs that took each other's place; *stories* in the order of their begin."""
    first: dict[int, IkeStory] = {}
    for story in stories:
        begin = first.setdefault(story.number, story)
        if story.replaced_by is not None:
            first[story.replaced_by.number] = begin
    return first


def _making(story: IkeStory, child: Child) -> Making | None:
    done = child.answered or child.completed
    if done is None or (story.version == 2 and done.octets < SMALLEST_CREATION):
        return None
    return Making(story, child, done.time)


def _flows(making: Making) -> list[Flow]:
    """The flows in which its SAs may be: those of its own ends, and plain IP between their addresses."""
    frame = making.child.completed or making.child.answered or making.child.asked
    ends = frozenset((frame.sender, frame.receiver))
    plain = ("ip", frozenset(Endpoint(end.address, None) for end in ends))
    if any(end.port == NATT_PORT for end in ends):  # IKEv2 may move there without a NAT (RFC 4555), ESP then does not
        return [("udp", ends), ("tcp", ends), plain]
    return [plain]


def _claim(one: EspSeries, makings: Sequence[Making]) -> bool:
    """Give the SA to the last exchange before it that has none in this direction; say whether there was one."""
    latest: int | None = None
    receiver = one.receiver if one.receiver.address == one.sender.address else Endpoint(one.receiver.address, None)
    for making in reversed(makings):
        if making.time > one.first + EARLY:
            continue
        if receiver in making.claimed:
            latest = latest or making.time
            continue
        if latest is not None and one.first - making.time > AT_ONCE:
            return False  # a newer exchange was taken: this SA is of one that the capture has not
        making.claimed[receiver] = one
        return True
    return False


def _made(making: Making, first: IkeStory) -> EspPair:
    """The pair of an exchange; its sides are those of the first IKE SA of the connection: either side may begin later ones."""
    to: dict[bool, EspSeries | None] = {True: None, False: None}
    for one in making.claimed.values():
        to[_is_initiator(first, one.receiver, one.sender)] = one
    return EspPair(to, linked_by=EXCHANGE if len(making.claimed) > 1 else None, made=making.time)


def _is_initiator(story: IkeStory, receiver: Endpoint, sender: Endpoint) -> bool:
    """Whether the receiver is the initiator of the IKE SA: by address, or by port where the addresses are equal."""
    if receiver.address == sender.address:
        return receiver.port == story.initiator.port
    addresses = {(said.frame.sender if said.from_initiator else said.frame.receiver).address for said in story.said}
    return receiver.address in addresses


def _guess(left: Sequence[EspSeries]) -> list[EspPair]:
    """Pairs of SAs of one flow of which no exchange is known."""
    if not left:
        return []
    end = left[0].receiver
    there = [one for one in left if one.receiver == end]
    back = [one for one in left if one.receiver != end]
    if len(there) > MOST_COMPARED or len(back) > MOST_COMPARED:
        return [_guessed(one, None, None) for one in left]
    distances = sorted(
        (abs(a.first - b.first) + abs(a.last - b.last), a.position, b.position, a, b) for a in there for b in back if _meet(a, b)
    )
    pairs, taken = [], set()
    alone = len(there) == len(back) == 1
    for distance, _, _, a, b in distances:
        if id(a) in taken or id(b) in taken:
            continue
        rivals = [other for other, _, _, c, d in distances if (c is a) != (d is b) and id(c) not in taken and id(d) not in taken]
        if not alone and rivals and min(rivals) < 4 * distance + SECOND:
            continue
        taken |= {id(a), id(b)}
        pairs.append(_guessed(a, b, ONLY if alone else TOGETHER))
    return pairs + [_guessed(one, None, None) for one in left if id(one) not in taken]


def _meet(a: EspSeries, b: EspSeries) -> bool:
    return a.first <= b.last + CONTINUES and b.first <= a.last + CONTINUES


def _guessed(one: EspSeries, other: EspSeries | None, how: str | None) -> EspPair:
    """The initiator is the side whose port is not 4500, a NAT's; else who sent first."""
    ports = (one.sender.port, one.receiver.port)
    from_initiator = (
        ports[0] != NATT_PORT if NATT_PORT in ports and ports[0] != ports[1] else other is None or one.position < other.position
    )
    return EspPair({False: one, True: other} if from_initiator else {True: one, False: other}, linked_by=how)


def _chain(joined: Joined, first: Mapping[int, IkeStory]) -> None:
    """Which pair took the place of which: in the same IKE SA, one that replaced it, or the same flow."""
    groups: dict[object, list[EspPair]] = defaultdict(list)
    for pair in joined.pairs:
        story = joined.story_of.get(pair.number)
        groups[flow_of(pair.series[0]) if story is None else first[story.number].number].append(pair)
    for group in groups.values():
        before: list[EspPair] = []
        for new in group:
            begin = min(one.first for one in new.series)
            old = [one for one in before[-MOST_COMPARED:] if one.after is None and _gives_way(one, new, begin)]
            if old:
                new.before = old[-1]
                new.before.after = new
            before.append(new)


def _gives_way(old: EspPair, new: EspPair, begin: int) -> bool:
    last = max(one.last for one in old.series)
    return last <= max(one.last for one in new.series) and begin - CONTINUES <= last <= begin + OVERLAP
