"""ppp_story: what PPP said in each session, told in order: what was asked and agreed, who proved to be whom, how it ended.

An option counts as agreed when the request that had it was acknowledged (RFC 1661 §5.2); the last such request counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from l2tpscope.model.channel import Call, Channel
from l2tpscope.model.half import DataSeries
from l2tpscope.model.ppp import PppSeen

REQUEST, ACK, NAK, REJECT = "Configure-Request", "Configure-Ack", "Configure-Nak", "Configure-Reject"
REPLIES = {
    ("LCP", "Echo-Reply"): "Echo-Request",
    **{(protocol, reply): REQUEST for protocol in ("LCP", "IPCP", "IPV6CP", "CCP", "ECP") for reply in (ACK, NAK, REJECT)},
    **{(protocol, "Terminate-Ack"): "Terminate-Request" for protocol in ("LCP", "IPCP", "IPV6CP", "CCP", "ECP")},
    ("PAP", "Authenticate-Ack"): "Authenticate-Request",
    ("PAP", "Authenticate-Nak"): "Authenticate-Request",
    ("CHAP", "Response"): "Challenge",
    ("CHAP", "Success"): "Response",
    ("CHAP", "Failure"): "Response",
}
"""(protocol, code) to the code that it answers, with the same identifier."""
AUTHENTICATION, MRU, ADDRESS = 3, 1, 3
"""Types of options: of LCP, LCP, IPCP."""


@dataclass(slots=True, eq=False)
class PppSaid:
    """One control packet in its place."""

    seen: PppSeen
    to_initiator: bool
    reply_to: PppSaid | None = None
    copies: int = 1
    """Of a request: how often it was sent before it was answered, under one identifier."""

    @property
    def protocol(self) -> str:
        """Its name."""
        return self.seen.ppp.protocol_name

    @property
    def code(self) -> str:
        """The code's name."""
        assert self.seen.ppp.packet is not None
        return self.seen.ppp.packet.code_name

    @property
    def identifier(self) -> int:
        """That pairs requests and replies."""
        assert self.seen.ppp.packet is not None
        return self.seen.ppp.packet.identifier


@dataclass(slots=True, eq=False)
class PppStory:
    """PPP of one session."""

    call: Call
    tunnel: int
    """Number of the tunnel that the session is in."""
    said: list[PppSaid] = field(default_factory=list)

    def of(self, protocol: str, *codes: str) -> list[PppSaid]:
        """Its packets of these codes, in order."""
        return [one for one in self.said if one.protocol == protocol and one.code in codes]

    def agreed(self, protocol: str, *, to_initiator: bool) -> PppSaid | None:
        """The last request towards that side which it acknowledged; its options say what the *other* side is to get."""
        acks = [one for one in self.of(protocol, ACK) if one.to_initiator is not to_initiator and one.reply_to is not None]
        return acks[-1].reply_to if acks else None


def tell(channels: Iterable[Channel], seen: Sequence[PppSeen]) -> list[PppStory]:
    """The stories of all sessions in which PPP said something, in the order of the sessions' numbers."""
    places: dict[tuple[bytes, int, int], list[tuple[DataSeries, Call, bool]]] = defaultdict(list)
    tunnel_of: dict[int, int] = {}
    for channel in channels:
        for call in channel.calls:
            tunnel_of[call.number] = channel.number
            for side, several in call.series.items():
                for series in several:
                    places[series.receiver.address, series.tunnel, series.session].append((series, call, side))
    for known in places.values():
        known.sort(key=lambda place: place[0].position)
    stories: dict[int, PppStory] = {}
    for one in seen:
        place = _place(one, places)
        if place is not None:
            _, call, side = place
            stories.setdefault(call.number, PppStory(call, tunnel_of[call.number])).said.append(PppSaid(one, to_initiator=side))
    for story in stories.values():
        _pair(story.said)
    return [stories[number] for number in sorted(stories)]


def _place(
    one: PppSeen, places: Mapping[tuple[bytes, int, int], Sequence[tuple[DataSeries, Call, bool]]]
) -> tuple[DataSeries, Call, bool] | None:
    """The series that counted the packet: the last with its ids that had begun, between its ends where there are several."""
    known = [place for place in places.get((one.receiver.address, one.tunnel, one.session), ()) if place[0].position <= one.position]
    exact = [place for place in known if (place[0].sender, place[0].receiver) == (one.sender, one.receiver)]
    found = exact or known
    return found[-1] if found else None


def _pair(said: Sequence[PppSaid]) -> None:
    """Join replies to requests: same protocol and identifier, from the other side, the last that was asked."""
    open_requests: dict[tuple[str, str, int, bool], PppSaid] = {}
    for one in said:
        key = (one.protocol, one.code, one.identifier, one.to_initiator)
        asked = REPLIES.get((one.protocol, one.code))
        if asked is not None:
            request = open_requests.get((one.protocol, asked, one.identifier, not one.to_initiator))
            one.reply_to = request
            if request is not None and one.code not in ("Response",):
                del open_requests[one.protocol, asked, one.identifier, not one.to_initiator]
        if one.code in REPLIES.values():
            before = open_requests.get(key)
            if before is not None:
                one.copies = before.copies + 1
            open_requests[key] = one
