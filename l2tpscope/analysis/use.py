"""use: whether a connection is one person's or joins two sites.

Sessions at once show a site, for whoever they come from. One session whose PPP was given an address that it did not know before is remote
access, as is a client behind NAT. Whoever asks for several sessions, or has another tunnel that is a site's, is not called a person.

*Bias*: a site's router with one session and an address from the server's pool looks like a person's computer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Literal

from l2tpscope.analysis.clear import has_sessions_at_once
from l2tpscope.analysis.follow import Story
from l2tpscope.analysis.ppp_story import ADDRESS, NAK, PppSaid, PppStory
from l2tpscope.analysis.rows import VpnRow
from l2tpscope.core.endpoints import split
from l2tpscope.model.channel import Call, Channel

UNSPECIFIED = "0.0.0.0"  # noqa: S104 - an address in IPCP, not one to listen on
"""What asks for an address (RFC 1332 §3.3)."""


def tell_use(rows: Iterable[VpnRow], stories: Sequence[Story], ppp: Iterable[PppStory]) -> None:
    """Set `use` of each connection, where it can be told."""
    channels = {story.channel.number: story.channel for story in stories}
    given = {one.call.number for one in ppp if was_given_an_address(one)}
    several = list(rows)
    sites = {split(row.client)[0] for row in several if any(has_sessions_at_once(channels[number]) for number in row.tunnels)}
    for row in several:
        row.use = _use(row, channels, given, sites)


def _use(row: VpnRow, channels: Mapping[int, Channel], given: set[int], sites: set[str]) -> Literal["remote-access", "site-to-site"] | None:
    if any(has_sessions_at_once(channels[number]) for number in row.tunnels):
        return "site-to-site"
    if any(_asked_at_once(channels[number].calls) for number in row.tunnels):
        return None
    if row.nat in ("client", "both"):
        return "remote-access"
    return "remote-access" if given.intersection(row.sessions) and split(row.client)[0] not in sites else None


def was_given_an_address(story: PppStory) -> bool:
    """Whether the initiator asked for an address without knowing one, was told one, and got it."""
    told = {_address(nak) for nak in story.of("IPCP", NAK) if nak.to_initiator and _address(nak.reply_to) == UNSPECIFIED}
    agreed = _address(story.agreed("IPCP", to_initiator=False))
    return agreed is not None and agreed in told


def _address(said: PppSaid | None) -> str | None:
    packet = said.seen.ppp.packet if said is not None else None
    option = packet.find(ADDRESS) if packet is not None else None
    return option.value if option is not None else None


def _asked_at_once(calls: Sequence[Call]) -> bool:
    """Whether several sessions were wanted at once, given or not."""
    spans = sorted((call.first.time, call.number, call) for call in calls if call.first is not None)
    return any(one.ended is None or one.ended.time > begin for (_, _, one), (begin, _, _) in pairwise(spans))
