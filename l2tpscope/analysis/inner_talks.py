"""inner_talks: flows inside sessions put together: which session and direction each belongs to, and its flow back.

A *talk* is what two endpoints inside a session exchanged under one protocol and pair of ports. A flow of one direction alone is a
talk too. Flows of data that is in no session (too many to be told apart) are left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from l2tpscope.model.channel import Call, Channel
from l2tpscope.model.inner import Content, Echo, Inner, InnerFlow


class Where(NamedTuple):
    """One direction of one session."""

    tunnel: int
    call: Call
    to_initiator: bool


TalkKey = tuple[int, int, bytes, bytes, int | None, int | None]
"""Session, protocol; address of the initiator's side, of the responder's; ports of them."""


@dataclass(slots=True, eq=False)
class Talk:
    """Flows of both directions that belong together."""

    key: TalkKey
    tunnel: int
    to_responder: tuple[InnerFlow, ...] = ()
    """Several where the ids of a session were given out anew."""
    to_initiator: tuple[InnerFlow, ...] = ()

    @property
    def ways(self) -> dict[bool, tuple[InnerFlow, ...]]:
        """By whether they go to the initiator."""
        return {False: self.to_responder, True: self.to_initiator}

    @property
    def flows(self) -> tuple[InnerFlow, ...]:
        """Those of both directions."""
        return self.to_responder + self.to_initiator

    def add(self, flow: InnerFlow, *, to_initiator: bool) -> None:
        """One more flow."""
        if to_initiator:
            self.to_initiator += (flow,)
        else:
            self.to_responder += (flow,)

    @property
    def octets(self) -> int:
        """Of both directions."""
        return sum(flow.octets for flow in self.flows)

    @property
    def first(self) -> int:
        """When its first packet passed."""
        return min(flow.first for flow in self.flows)


@dataclass(slots=True)
class Inside:
    """What all sessions carried, in its place."""

    seen: Inner
    places: dict[int, Where]
    """By number of the `DataSeries`."""
    talks: list[Talk]
    """The one with most octets first."""

    def where(self, flow: int) -> Where | None:
        """The session and direction of a flow by its number."""
        one = self.seen.flows[flow]
        return self.places.get(one.series) if one is not None else None

    def back(self, flow: int) -> Where | None:
        """Those of the flow back, where it is in the same session."""
        one, where = self.seen.flows[flow], self.where(flow)
        back = self.where(one.partner) if one is not None and one.partner else None
        same = where is not None and back is not None and back.call is where.call and back.to_initiator is not where.to_initiator
        return back if same else None

    def ends(self, echo: Echo) -> tuple[bytes, bytes]:
        """Source and destination of an echo."""
        flow = self.seen.flows[echo.flow]
        assert flow is not None
        return flow.source, flow.destination

    def contents(self) -> dict[int, dict[Content, int]]:
        """Packets by session and what they carry."""
        found: dict[int, dict[Content, int]] = {}
        for (series, content), count in self.seen.contents.items():
            _add(found, self.places.get(series), content, count)
        for flow in self.seen.flows:
            if flow is not None:
                _add(found, self.places.get(flow.series), Content.IPV4 if len(flow.source) == 4 else Content.IPV6, flow.packets)
        return found


def _add(found: dict[int, dict[Content, int]], where: Where | None, content: Content, count: int) -> None:
    if where is not None:
        of_session = found.setdefault(where.call.number, {})
        of_session[content] = of_session.get(content, 0) + count


def look_inside(channels: Iterable[Channel], inner: Inner | None) -> Inside:
    """All of it; nothing where nobody looked."""
    places = {
        series.number: Where(channel.number, call, side)
        for channel in channels
        for call in channel.calls
        for side, several in call.series.items()
        for series in several
    }
    seen = inner or Inner()
    talks: dict[TalkKey, Talk] = {}
    for flow in seen.flows:
        where = places.get(flow.series) if flow is not None else None
        if flow is None or where is None:
            continue
        ends = [(flow.source, flow.source_port), (flow.destination, flow.destination_port)]
        if where.to_initiator:
            ends.reverse()
        (ours, our_port), (theirs, their_port) = ends
        key = (where.call.number, flow.protocol, ours, theirs, our_port, their_port)
        if key not in talks:
            talks[key] = Talk(key, where.tunnel)
        talks[key].add(flow, to_initiator=where.to_initiator)
    ordered = sorted(talks.values(), key=lambda talk: (-talk.octets, talk.first, talk.key[:4]))
    return Inside(seen, places, ordered)
