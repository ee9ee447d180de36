"""vpns: the table of connections: how far each got, what became of it, how its parts are known to belong together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

import numpy as np

from l2tpscope.analysis.clear import clear_vpn, frames_towards, outcome_of_tunnel, stage_of_tunnel
from l2tpscope.analysis.correlate import Connection
from l2tpscope.analysis.esp_pairs import Making
from l2tpscope.analysis.follow import Story
from l2tpscope.analysis.ike_nat import behind_nat
from l2tpscope.analysis.ike_outcome import IkeOutcome
from l2tpscope.analysis.names import endpoint_name
from l2tpscope.analysis.outcome import Outcome
from l2tpscope.analysis.rows import Grade, Stage, VpnRow
from l2tpscope.frames import Endpoint

SECOND = 1_000_000_000
STAGES: tuple[str, ...] = get_args(Stage)
STAGE_OF_STEP = {
    "MM1": "ike-request",
    "AM1": "ike-request",
    "IKE_SA_INIT request": "ike-request",
    "MM2": "ike-reply",
    "MM3": "ike-reply",
    "MM4": "ike-keys",
    "AM2": "ike-keys",
    "IKE_SA_INIT response": "ike-keys",
    "MM5": "ike-authentication",
    "AM3": "ike-authentication",
    "MM6": "ike-authentication",
    "IKE_AUTH request": "ike-authentication",
    "IKE_AUTH response": "ike-authentication",
    "QM1": "child-request",
    "QM2": "child-request",
    "QM3": "child-request",
}
FOREVER = 1 << 62
ONE_WAY = 20 * SECOND
ONE_WAY_PACKETS = 5
TIMES_AS_LONG = 3
"""One side goes on sending for so long, and so much, and the other has fallen silent for longer than it ever was: it is lost."""


@dataclass(slots=True)
class Context:
    """What is known beside the connections."""

    ike: Mapping[int, IkeOutcome]
    """By the number of the IKE SA."""
    tunnels: Mapping[int, tuple[Story, Outcome]]
    """By the number of the tunnel."""
    makings: Mapping[int, list[Making]]
    """By the number of the IKE SA, the exchanges that made SAs."""
    esp_sa: Mapping[int, int]
    """esp_sa, by the number of the series."""
    inferred: Mapping[int, tuple[Stage, Grade]]
    """By the number of a pair: the stage that its ciphertext shows."""


def vpn_row(connection: Connection, context: Context) -> VpnRow:
    """The row of one connection."""
    if not connection.stories and not connection.pairs:
        return clear_vpn(connection.number, *context.tunnels[connection.channels[0].number])
    stage, grade = _stage(connection, context)
    client, server = _ends(connection)
    outcome, closed, closed_by = _outcome(connection, context, stage)
    nat = _nat(connection)
    packets = _packets(connection, client)
    return VpnRow(
        vpn=connection.number,
        kind=_kind(connection, stage),  # type: ignore[arg-type]
        use=None,
        client=endpoint_name(client),
        server=endpoint_name(server),
        nat=nat,  # type: ignore[arg-type]
        ike_sas=[story.number for story in connection.stories],
        esp_sas=sorted(context.esp_sa[one.number] for one in connection.series),
        tunnels=[channel.number for channel in connection.channels],
        sessions=[call.number for channel in connection.channels for call in channel.calls],
        opened=connection.begin,
        closed=closed,
        stage=stage,
        stage_grade=grade,
        outcome=outcome,  # type: ignore[arg-type]
        closed_by=None if closed_by is None else "client" if closed_by else "server",
        linked_by=list(connection.links),
        twin=bool(connection.twins),
        twin_packets=sum(connection.twins.values()),
        packets_to_server=packets[False],
        packets_to_client=packets[True],
    )


def _kind(connection: Connection, stage: str) -> str:
    l2tp = bool(connection.channels) or STAGES.index(stage) >= STAGES.index("l2tp-request")
    return "l2tp/ipsec" if l2tp else "ipsec"


# ---- who -------------------------------------------------------------------------------------------------------------


def _ends(connection: Connection) -> tuple[Endpoint, Endpoint]:
    """Client and server, where they last were: the initiator of its first IKE SA, else of its ESP."""
    if connection.stories:
        first, last = connection.stories[0], connection.stories[-1]
        turned = first.initiator.address == last.responder.address != last.initiator.address
        return (last.responder, last.initiator) if turned else (last.initiator, last.responder)
    pair = connection.pairs[-1]
    side, one = next((side, one) for side, one in pair.to.items() if one is not None)
    sender, receiver = (one.moves[-1].sender, one.moves[-1].receiver) if one.moves else (one.sender, one.receiver)
    return (receiver, sender) if side else (sender, receiver)


def _nat(connection: Connection) -> str | None:
    for story in connection.stories:
        nat = behind_nat(story)
        if nat.initiator is None and nat.responder is None:
            continue
        if nat.initiator and nat.responder:
            return "both"
        if nat.initiator or nat.responder:
            return "client" if nat.initiator else "server"
        return "none" if nat.initiator is False and nat.responder is False else None
    return None


def _packets(connection: Connection, client: Endpoint) -> dict[bool, int]:
    """ESP packets and clear frames towards the server (False) and the client (True); what is there twice counts once."""
    packets = {True: 0, False: 0}
    for pair in connection.pairs:
        for side, one in pair.to.items():
            packets[side] += one.packets if one is not None else 0
    for channel in connection.channels:
        for side in channel.to:
            packets[side] += frames_towards(channel, side)
    for receiver, count in connection.twins.items():
        packets[receiver == client.address] -= count
    return packets


# ---- how far ---------------------------------------------------------------------------------------------------------


def _stage(connection: Connection, context: Context) -> tuple[Stage, Grade]:
    """The furthest that was seen; where ciphertext shows more than what is in clear, that, with its grade."""
    reached = [0]
    for story in connection.stories:
        outcome = context.ike[story.number]
        steps = [STAGE_OF_STEP[outcome.furthest]] if outcome.furthest in STAGE_OF_STEP else []
        steps += ["ike-sa"] if outcome.established is not None else []
        steps += ["child-request"] if story.children and outcome.established is not None else []
        steps += ["child-sa"] if any(making.child.completed is not None for making in context.makings.get(story.number, [])) else []
        reached += [STAGES.index(step) for step in steps]
    reached += [STAGES.index("esp")] if connection.pairs else []
    for channel in connection.channels:
        reached.append(STAGES.index(stage_of_tunnel(*context.tunnels[channel.number])))
    inferred = [context.inferred[pair.number] for pair in connection.pairs if pair.number in context.inferred]
    furthest, grade = max(((STAGES.index(stage), grade) for stage, grade in inferred), default=(0, "hint"))
    if furthest > max(reached):
        return STAGES[furthest], grade  # type: ignore[return-value]
    return STAGES[max(reached)], "certain"  # type: ignore[return-value]


# ---- what became of it -----------------------------------------------------------------------------------------------


def _outcome(connection: Connection, context: Context, stage: str) -> tuple[str, int | None, bool | None]:
    """State, when it ended, and whether the client ended it."""
    if connection.stories:
        state, closed, by = _outcome_of_ike(connection, context, stage)
    else:
        state, closed, by = "partial", None, None
    silent = _silent(connection) if state in ("up", "partial", "closed") else None
    if silent is not None:
        return "lost", silent, None
    if connection.channels and state in ("up", "partial", "closed"):
        tunnel, tunnel_closed, tunnel_by = outcome_of_tunnel(context.tunnels[connection.channels[-1].number][1])
        if state == "closed" and (_silenced(tunnel, tunnel_by) or _later(tunnel_closed, closed)):
            return state, closed, by
        if tunnel in ("closed", "lost", "refused", "unanswered"):
            return tunnel, tunnel_closed, tunnel_by
    return state, closed, by


def _silenced(tunnel: str, by: bool | None) -> bool:
    """Whether the tunnel only fell silent: because its SAs were deleted."""
    return tunnel == "lost" and by is None


def _later(tunnel_closed: int | None, closed: int | None) -> bool:
    """Whether the tunnel ended after the IKE SA: the first end is the end."""
    return tunnel_closed is not None and closed is not None and tunnel_closed > closed


def _outcome_of_ike(connection: Connection, context: Context, stage: str) -> tuple[str, int | None, bool | None]:
    story = connection.stories[-1]
    outcome = context.ike[story.number]
    turned = connection.stories[0].initiator.address != story.initiator.address
    by = None if outcome.closed_by is None else (outcome.closed_by == "initiator") != turned
    if outcome.state in ("established", "partial", "replaced"):
        state = "up" if connection.pairs or outcome.state != "partial" else "partial"
        return ("failed" if stage == "child-request" and outcome.state == "established" else state), None, None
    if outcome.state == "closed" and stage in ("ike-sa", "child-request"):
        return "failed", outcome.closed, by
    return outcome.state, outcome.closed, by


def _silent(connection: Connection) -> int | None:
    """When one side fell silent while the other went on, so that nothing came through any more; None: it did not."""
    last = {True: 0, False: 0}
    for pair in connection.pairs:
        for side, one in pair.to.items():
            last[side] = max(last[side], one.last if one is not None else 0)
    if not all(last.values()):
        return None
    quiet = min(last, key=lambda side: last[side])
    silence = last[not quiet] - last[quiet]
    if silence < max(ONE_WAY, TIMES_AS_LONG * _longest_gap(connection, quiet)):
        return None
    going_on = [one for pair in connection.pairs if (one := pair.to[not quiet]) is not None]
    late = sum(int((one.tail.time > last[quiet]).sum()) for one in going_on if one.tail is not None)
    return last[quiet] if late >= ONE_WAY_PACKETS else None


def _longest_gap(connection: Connection, side: bool) -> int:
    """The longest time without a small packet towards that side: heartbeats keep it short."""
    small = [one.small.time for pair in connection.pairs if (one := pair.to[side]) is not None and one.small is not None]
    times = np.sort(np.concatenate(small)) if small else np.zeros(0, np.int64)
    return int(np.diff(times).max()) if len(times) > ONE_WAY_PACKETS else FOREVER
