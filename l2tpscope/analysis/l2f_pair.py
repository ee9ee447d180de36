"""l2f_pair: which requests and ways of L2F are one tunnel.

The home gateway's L2F_CONF carries the CLID that the NAS gave out and names its own (RFC 2341 §4.4.2), so it joins both ways. Where it was
not captured, a tunnel is joined only where nothing else could be meant.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from l2tpscope.frames import Endpoint
from l2tpscope.model.l2f import L2fFrame, L2fSeen, L2fSeries, L2fWay
from l2tpscope.wire.l2f import L2fMessage

BY_CONF = "the L2F_CONF of the home gateway names both CLIDs"
BY_OPEN = "the only request that was open between them when the L2F_OPEN came"
ALONE = "the only packets either way between these two"


@dataclass(slots=True, eq=False)
class L2fTunnel:
    """One tunnel: the NAS is its initiator, the home gateway its responder."""

    initiator: Endpoint
    responder: Endpoint
    roles_seen: bool
    clids: dict[bool, int | None] = field(default_factory=lambda: {True: None, False: None})
    """By the side that gave it out, True the initiator."""
    requests: list[L2fFrame] = field(default_factory=list)
    ways: list[L2fWay] = field(default_factory=list)
    linked_by: str | None = None
    frames: list[L2fFrame] = field(default_factory=list)
    """All messages that are kept, in order."""

    def sent_by(self, initiator: bool) -> Iterator[L2fWay]:
        """What one side sent."""
        sender = self.initiator if initiator else self.responder
        return (way for way in self.ways if way.sender == sender)

    def series(self, initiator: bool) -> Iterator[L2fSeries]:
        """Payload that one side sent."""
        return (series for way in self.sent_by(initiator) for series in way.series)

    @property
    def begin(self) -> tuple[int, int]:
        """Position and time of its first packet."""
        packets: list[L2fFrame | L2fWay] = [*self.requests, *self.ways]
        return min((one.position, one.time) for one in packets)


Key = tuple[Endpoint, Endpoint, int | None]
"""Sender, receiver, CLID."""


def pair_l2f(seen: L2fSeen) -> list[L2fTunnel]:
    """All tunnels in the order of their first packets."""
    pairing = _Pairing()
    begun: list[L2fFrame | L2fWay] = [*seen.openings, *seen.ways]
    for one in sorted(begun, key=lambda one: one.position):
        if isinstance(one, L2fFrame):
            pairing.request(one)
        else:
            pairing.way(one)
    tunnels = [*pairing.tunnels, *_pair_rest(pairing.rest)]
    for tunnel in tunnels:
        tunnel.frames = sorted((*tunnel.requests, *(frame for way in tunnel.ways for frame in way.frames)), key=lambda one: one.position)
    return sorted(tunnels, key=lambda tunnel: tunnel.begin)


class _Pairing:
    """Takes requests and ways in the order in which they began."""

    def __init__(self) -> None:
        self.tunnels: list[L2fTunnel] = []
        self.rest: list[L2fWay] = []
        self._now: dict[Key, L2fTunnel] = {}
        """Whose a way is that begins now."""
        self._waiting: dict[tuple[Endpoint, Endpoint], list[L2fTunnel]] = defaultdict(list)

    def request(self, conf: L2fFrame) -> None:
        """A NAS asks for a tunnel, for the first time or once more."""
        key = conf.receiver, conf.sender, conf.assigned
        tunnel = self._now.get(key)
        if tunnel is None or not tunnel.requests or tunnel.requests[0].digest != conf.digest:
            tunnel = self._new(conf.sender, conf.receiver, roles_seen=True)
            tunnel.clids[True] = conf.assigned
            self._now[key] = tunnel
            self._waiting[conf.sender, conf.receiver].append(tunnel)
        tunnel.requests.append(conf)

    def way(self, way: L2fWay) -> None:
        """Something begins to come under a CLID."""
        tunnel = self._now.get((way.sender, way.receiver, way.clid))
        conf = next((frame for frame in way.frames if frame.message == L2fMessage.L2F_CONF), None)
        if tunnel is None and conf is not None:
            tunnel = self._new(way.receiver, way.sender, roles_seen=True)
            tunnel.clids[True] = way.clid
        if tunnel is None:
            tunnel = self._adopting(way)
        if tunnel is None:
            self.rest.append(way)
            return
        self._now[way.sender, way.receiver, way.clid] = tunnel
        tunnel.ways.append(way)
        if conf is not None and conf.sender == tunnel.responder and conf.assigned is not None:
            tunnel.clids[False] = conf.assigned
            tunnel.linked_by = BY_CONF
            self._now[way.receiver, way.sender, conf.assigned] = tunnel
            self._answered(tunnel)

    def _new(self, initiator: Endpoint, responder: Endpoint, *, roles_seen: bool) -> L2fTunnel:
        tunnel = L2fTunnel(initiator, responder, roles_seen)
        self.tunnels.append(tunnel)
        return tunnel

    def _adopting(self, way: L2fWay) -> L2fTunnel | None:
        """The one tunnel that the sender asked for and that lacks this way, where the way begins as that would."""
        waiting = self._waiting.get((way.sender, way.receiver), [])
        first = way.frames[0] if way.frames and way.frames[0].position == way.position else None
        if len(waiting) != 1 or first is None or (first.message, first.mid) != (L2fMessage.L2F_OPEN, 0):
            return None
        tunnel = waiting[0]
        tunnel.clids[False] = way.clid
        tunnel.linked_by = BY_OPEN
        self._answered(tunnel)
        return tunnel

    def _answered(self, tunnel: L2fTunnel) -> None:
        waiting = self._waiting.get((tunnel.initiator, tunnel.responder), [])
        if tunnel in waiting:
            waiting.remove(tunnel)


APART = 60_000_000_000
"""Nanoseconds that may pass between the last packet of one way and the first of the other."""


def _pair_rest(ways: Iterable[L2fWay]) -> list[L2fTunnel]:
    """Ways of which no set-up was seen: two are one tunnel where there is one each way between two ends, at about the same time."""
    between: dict[frozenset[Endpoint], list[L2fWay]] = defaultdict(list)
    for way in ways:
        between[frozenset((way.sender, way.receiver))].append(way)
    tunnels = []
    for group in between.values():
        one, two = group if len(group) == 2 else (None, None)
        if (
            one is not None
            and two is not None
            and one.sender == two.receiver
            and max(one.time, two.time) <= min(one.last, two.last) + APART
        ):
            tunnels.append(_from_ways([one, two]))
        else:
            tunnels += [_from_ways([way]) for way in group]
    return tunnels


def _from_ways(ways: list[L2fWay]) -> L2fTunnel:
    """A tunnel whose roles a client's L2F_OPEN tells: only the NAS says how it authenticated one (RFC 2341 §4.4.4)."""
    nas = next((way for way in ways if any(frame.authentication is not None for frame in way.frames)), None)
    first = nas or min(ways, key=lambda way: way.position)
    tunnel = L2fTunnel(first.sender, first.receiver, nas is not None, ways=ways, linked_by=ALONE if len(ways) > 1 else None)
    for way in ways:
        tunnel.clids[way.receiver == tunnel.initiator] = way.clid
    return tunnel
