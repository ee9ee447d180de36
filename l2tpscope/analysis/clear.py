"""clear: connections of L2TP in clear: a tunnel each; and what a tunnel says of a connection that has IPsec too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from l2tpscope.analysis.follow import Story
from l2tpscope.analysis.names import endpoint_name
from l2tpscope.analysis.outcome import Outcome
from l2tpscope.analysis.pseudowire import used
from l2tpscope.analysis.rows import (
    EspSaRow,
    EventRow,
    IkeMessageRow,
    IkeSaRow,
    InferenceRow,
    LossRow,
    RttRow,
    Stage,
    ThroughputRow,
    VpnRow,
)
from l2tpscope.model.channel import Call, Channel


def _none() -> list[Any]:
    return []


@dataclass(slots=True)
class Around:
    """What stands around L2TP: the connections, and the IKE and ESP in them."""

    vpns: list[VpnRow]
    vpn_of_tunnel: dict[int, int]
    ike_sas: list[IkeSaRow] = field(default_factory=list)
    ike_messages: Callable[[], list[IkeMessageRow]] = _none
    decoded_ike: Callable[[], list[Any]] = _none
    esp_sas: list[EspSaRow] = field(default_factory=list)
    inferences: list[InferenceRow] = field(default_factory=list)
    rtt: list[RttRow] = field(default_factory=list)
    loss: list[LossRow] = field(default_factory=list)
    throughput: Callable[[], list[ThroughputRow]] = _none
    events: Callable[[], list[EventRow]] = _none


def clear_connections(told: Sequence[tuple[Story, Outcome]]) -> Around:
    """Where there is neither IKE nor ESP, each tunnel is a connection, in the order of first appearance."""
    order = sorted(told, key=lambda pair: pair[0].channel.begin)
    return Around(
        vpns=[clear_vpn(number, story, outcome) for number, (story, outcome) in enumerate(order, 1)],
        vpn_of_tunnel={story.channel.number: number for number, (story, _) in enumerate(order, 1)},
    )


def clear_vpn(number: int, story: Story, outcome: Outcome) -> VpnRow:
    """The row of a connection that is one clear tunnel."""
    channel = story.channel
    state, closed, by = outcome_of_tunnel(outcome)
    packets = {side: frames_towards(channel, side) for side in (True, False)}
    return VpnRow(
        vpn=number,
        kind="l2tpv3" if channel.version == 3 else "l2tp",
        use=None,
        client=endpoint_name(channel.endpoint(True)),
        server=endpoint_name(channel.endpoint(False)),
        nat=None,
        ike_sas=[],
        esp_sas=[],
        tunnels=[channel.number],
        sessions=[call.number for call in channel.calls],
        opened=channel.begin,
        closed=closed,
        stage=stage_of_tunnel(story, outcome),
        stage_grade="certain",
        outcome=state,  # type: ignore[arg-type]
        closed_by=None if by is None else "client" if by else "server",
        linked_by=[],
        twin=False,
        twin_packets=0,
        packets_to_server=packets[False],
        packets_to_client=packets[True],
    )


def stage_of_tunnel(story: Story, outcome: Outcome) -> Stage:
    """How far a tunnel got."""
    calls = story.channel.calls
    if any(series.used for call in calls for several in call.series.values() for series in several):
        return "traffic"
    if story.channel.version == 3 and any(used(call) for call in calls):
        return "traffic"
    if any(call.packets(True) or call.packets(False) or call.was_up for call in calls):
        return "l2tp-session"
    up = story.established is not None or outcome.state in ("established", "closed", "lost", "partial")
    return "l2tp-tunnel" if up else "l2tp-request"


def outcome_of_tunnel(outcome: Outcome) -> tuple[str, int | None, bool | None]:
    """What became of it, when, and whether the initiator ended it."""
    return "up" if outcome.state == "established" else outcome.state, outcome.closed, outcome.by


def has_sessions_at_once(channel: Channel) -> bool:
    """Whether it carried several sessions at once, as between sites and not for one person."""
    up = sorted((call for call in channel.calls if call.connected is not None), key=_connected)
    return any(one.ended is None or one.ended.time > _connected(other) for one, other in pairwise(up))


def _connected(call: Call) -> int:
    assert call.connected is not None
    return call.connected.time


def frames_towards(channel: Channel, side: bool) -> int:
    """Clear frames towards a side, control and data."""
    half = channel.to[side]
    return 0 if half is None else len(half.frames) + half.unkept + half.thinned + sum(one.packets for one in half.series)
