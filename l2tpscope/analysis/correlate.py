"""correlate: what belongs together: IKE SAs, child SAs, tunnels and sessions of one client's connection.

Joined where the capture shows it, and each link says how: an IKE SA that took another's place while both sides spoke; ESP made
by an exchange of it, or between its ends; a tunnel in clear whose packets are there as ESP too, or that goes on where ESP ends.
Addresses alone join nothing: clients behind one NAT share them, and a client that IPsec refused may go on without.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from l2tpscope.analysis.esp_pairs import EXCHANGE, Joined, flow_of
from l2tpscope.analysis.ike_outcome import began, overlaps, same_hosts
from l2tpscope.analysis.ike_story import IkeStory
from l2tpscope.frames import Endpoint
from l2tpscope.model.channel import Channel
from l2tpscope.model.esp import EspPair, EspSeries
from l2tpscope.model.twin import Twin

SECOND = 1_000_000_000
MOST_COMPARED = 64
"""Connections between the same ends that something is compared with: the last ones."""
SOON = 60 * SECOND
"""A tunnel is opened so soon after the SAs that carry it, or it is not theirs."""


@dataclass(slots=True, eq=False)
class Connection:
    """One client's connection."""

    stories: list[IkeStory] = field(default_factory=list)
    pairs: list[EspPair] = field(default_factory=list)
    channels: list[Channel] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    twins: dict[bytes, int] = field(default_factory=lambda: defaultdict(int))
    """By the address that receives: packets that are there as ESP and in clear."""
    number: int = 0

    @property
    def begin(self) -> int:
        """The first sign of it."""
        times = [story.said[0].frame.time for story in self.stories]
        times += [one.first for one in self.series]
        return min(times + [channel.begin for channel in self.channels])

    @property
    def series(self) -> list[EspSeries]:
        """Its SAs, one a direction."""
        return [one for pair in self.pairs for one in pair.series]


def _ends(series: EspSeries) -> Iterable[tuple[Endpoint, Endpoint]]:
    yield series.sender, series.receiver
    yield from ((move.sender, move.receiver) for move in series.moves)


class _Known:
    """The connections so far, and where they run."""

    def __init__(self) -> None:
        self.all: list[Connection] = []
        self._in: dict[frozenset[Endpoint] | frozenset[bytes], list[Connection]] = defaultdict(list)

    def new(self) -> Connection:
        """One more."""
        connection = Connection()
        self.all.append(connection)
        return connection

    def runs(self, connection: Connection, ends: Iterable[tuple[Endpoint, Endpoint]]) -> None:
        """The connection runs between these ends."""
        for sender, receiver in set(ends):
            for place in (frozenset((sender, receiver)), frozenset((sender.address, receiver.address))):
                if connection not in self._in[place]:
                    self._in[place].append(connection)

    def between(self, ends: frozenset[Endpoint] | frozenset[bytes]) -> list[Connection]:
        """Those that run between two endpoints, or two addresses, in the order of their begin."""
        return self._in.get(ends, [])[-MOST_COMPARED:]


def connect(stories: Sequence[IkeStory], joined: Joined, channels: Sequence[Channel], twins: Sequence[Twin]) -> list[Connection]:
    """Every connection, numbered in the order of first appearance; each IKE SA, ESP SA and tunnel is in one of them."""
    known = _Known()
    _add_stories(known, stories)
    _add_pairs(known, joined)
    copies = _Copies(known.all, twins)
    _add_channels(known, channels, copies)
    known.all.sort(key=lambda connection: connection.begin)
    for number, connection in enumerate(known.all, 1):
        connection.number = number
    return known.all


# ---- IKE SAs ---------------------------------------------------------------------------------------------------------


def _add_stories(known: _Known, stories: Sequence[IkeStory]) -> None:
    replaced = {story.replaced_by.number: story for story in stories if story.replaced_by is not None}
    of: dict[int, Connection] = {}
    for story in stories:
        older = replaced.get(story.number)
        how = "took its place"
        if older is None or older.number not in of:
            older, how = _beside(known, story), "runs beside it between the same ends"
        if older is None:
            connection = known.new()
        else:
            connection = of[older.number]
            connection.links.append(f"ike_sa {story.number}: {how} (ike_sa {older.number})")
        connection.stories.append(story)
        of[story.number] = connection
        known.runs(connection, ((said.frame.sender, said.frame.receiver) for said in story.said))


def _beside(known: _Known, story: IkeStory) -> IkeStory | None:
    """An older SA between the same two hosts, when both serve at the same time."""
    if story.established is None:
        return None
    near = known.between(frozenset((story.initiator.address, story.responder.address)))
    for connection in reversed(near):
        for one in reversed(connection.stories):
            if one.established is not None and same_hosts(one, story) and overlaps(one, story):
                return one
    return None


# ---- ESP -------------------------------------------------------------------------------------------------------------


def _add_pairs(known: _Known, joined: Joined) -> None:
    of_story = {story.number: connection for connection in known.all for story in connection.stories}
    of_pair: dict[int, Connection] = {}
    for pair in joined.pairs:
        connection, how = _carried(pair, joined, known, (of_story, of_pair))
        connection.pairs.append(pair)
        of_pair[pair.number] = connection
        known.runs(connection, (ends for one in pair.series for ends in _ends(one)))
        if how is not None:
            connection.links.append(f"ESP {_spis(pair)}: {how}")
        if pair.linked_by not in (None, EXCHANGE):
            connection.links.append(f"ESP {_spis(pair)}: the two directions: {pair.linked_by}")


def _carried(
    pair: EspPair, joined: Joined, known: _Known, of: tuple[Mapping[int, Connection], Mapping[int, Connection]]
) -> tuple[Connection, str | None]:
    """The connection of a pair of SAs, and how that is known."""
    of_story, of_pair = of
    story = joined.story_of.get(pair.number)
    if story is not None:
        return of_story[story.number], f"made by an exchange of ike_sa {story.number}"
    if pair.before is not None:
        return of_pair[pair.before.number], "follows the SAs before it between the same ends"
    near = _near(pair, known)
    if near is not None:
        return near, "between the ends of its IKE SA; the exchange that made it is not in the capture"
    return known.new(), None


def _near(pair: EspPair, known: _Known) -> Connection | None:
    """The only connection with IKE between the ends of the pair that had begun when it did, or before the capture."""
    begin = min(one.first for one in pair.series)
    encapsulation, ends = flow_of(pair.series[0])
    there = known.between(frozenset(end.address for end in ends) if encapsulation == "ip" else ends)
    near = [one for one in there if one.stories and (one.begin <= begin + SECOND or not any(map(began, one.stories)))]
    return near[-1] if len(near) == 1 else None


def _spis(pair: EspPair) -> str:
    return " and ".join(f"0x{one.spi:08x}" for one in pair.series)


# ---- tunnels ---------------------------------------------------------------------------------------------------------


class _Copies:
    """Packets that are there as ESP and in clear: whose ESP, and which tunnel's."""

    def __init__(self, connections: Sequence[Connection], twins: Sequence[Twin]) -> None:
        owner = {(one.receiver.address, one.spi): connection for connection in connections for one in connection.series}
        self._of_tunnel: dict[tuple[bytes, int], list[tuple[Connection, int]]] = defaultdict(list)
        for twin in twins:
            receiver = twin.receiver.address
            for (spi, tunnel), count in twin.matched_under.items():
                connection = owner.get((receiver, spi))
                if connection is not None:
                    connection.twins[receiver] += count
                    self._of_tunnel[receiver, tunnel].append((connection, count))

    def of(self, channel: Channel) -> tuple[Connection, int] | None:
        """The connection whose ESP has most copies of the tunnel's packets, and how many; None: there are none."""
        counts: dict[int, tuple[Connection, int]] = {}
        for half in channel.halves:
            if half.tunnel is None:
                continue  # requests go to Tunnel ID 0, as everybody's do
            for connection, count in self._of_tunnel.get((half.receiver.address, half.tunnel), []):
                before = counts.get(id(connection), (connection, 0))[1]
                counts[id(connection)] = connection, before + count
        return max(counts.values(), key=lambda pair: pair[1], default=None)


def _add_channels(known: _Known, channels: Sequence[Channel], copies: _Copies) -> None:
    for channel in sorted(channels, key=lambda channel: channel.position):
        ends = frozenset((channel.endpoint(True).address, channel.endpoint(False).address))
        near = [one for one in known.between(ends) if one.pairs]
        found = _carrier(channel, near, copies.of(channel)) if near else None
        if found is None:
            known.new().channels.append(channel)
            continue
        connection, how = found
        connection.channels.append(channel)
        connection.links.append(f"tunnel {channel.number}: {how}")


def _carrier(channel: Channel, near: Sequence[Connection], copied: tuple[Connection, int] | None) -> tuple[Connection, str] | None:
    """The connection whose ESP carries the tunnel, or carried it, and how that is known."""
    if copied is not None:
        connection, count = copied
        made = _made_before(connection, channel)
        after = "" if made is None else f"; opened {(channel.begin - made) / 1e9:.1f} s after the SAs were made"
        return connection, f"{count} packets are there as ESP too{after}"
    if len(channel.halves) == 1:
        fitting = [(made, one) for one in near if (made := _made_before(one, channel)) is not None]
        free = [pair for pair in fitting if not pair[1].channels] or fitting
        if free and (channel.born or len(fitting) == 1):  # a set-up follows the SAs that were made for it; a lonely message, nothing
            made, connection = max(free, key=lambda pair: pair[0])
            after = f"opened {(channel.begin - made) / 1e9:.1f} s after the SAs were made"
            return connection, f"its other direction is there as ESP only; {after}"
    if not channel.born:
        earlier = [one for one in near if one.begin <= channel.begin]
        if len(earlier) == 1:
            return earlier[0], "goes on in clear between the ends of its ESP"
    return None


def _made_before(connection: Connection, channel: Channel) -> int | None:
    """When its last SAs before the tunnel were made; None: none that could carry it."""
    times = [pair.made if pair.made is not None else min(one.first for one in pair.series) for pair in connection.pairs]
    last = max(one.last for one in connection.series)
    before = [time for time in times if time <= channel.begin + SECOND]
    return max(before) if before and last >= channel.begin - SOON else None
