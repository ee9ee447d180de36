"""pair_v3: series of L2TPv3 data given to the tunnels whose sessions they are; those of no tunnel that was seen are static.

Data of v3 names its session and no control connection (RFC 3931 §4.1). So a series goes to the tunnel in which its receiver was
heard to give out that id, or was called by it; else to the only one between the two ends, since sessions may be set by hand in a
tunnel that only says HELLO; else it is of a *static* tunnel, one for each two ends: set by hand, or set up before the capture.
"""

from __future__ import annotations

from collections import defaultdict

from l2tpscope.analysis.pseudowire import stations
from l2tpscope.frames import Endpoint
from l2tpscope.model.channel import Call, Channel
from l2tpscope.model.half import DataSeries, Half
from l2tpscope.wire.l2tp.ids import assigned_session

MOST_STATIC = 10_000
"""Static tunnels told apart: real ones are few, random ids and addresses make any number."""
L2TP = 1701

Ends = tuple[Endpoint, Endpoint]


def place(channels: list[Channel], series: list[DataSeries]) -> list[str]:
    """Put each series into a channel, new ones at the end of *channels*; notes on what was left out."""
    owners = _owners(channels)
    between: dict[Ends, list[Channel]] = defaultdict(list)
    for channel in channels:
        if channel.version == 3:
            between[_ends(channel.endpoint(True), channel.endpoint(False))].append(channel)
    static = packets = 0
    for one in series:
        owner = _owner(owners.get((one.receiver.address, one.session), []), one)
        if owner is None:
            ends = _ends(one.receiver, one.sender)
            several = between[ends]
            if not several:
                static += 1
                if static > MOST_STATIC:
                    packets += one.packets
                    continue
                several.append(_static(one))
                channels.append(several[0])
            channel = several[-1]
            owner = channel, _side(channel, one)
        _give(*owner, one)
    return (
        [f"{packets} packets of L2TPv3 data belong to static tunnels beyond the first {MOST_STATIC}: not in the tables"] if packets else []
    )


def _ends(one: Endpoint, other: Endpoint) -> Ends:
    return (one, other) if (one.address, one.port or 0) <= (other.address, other.port or 0) else (other, one)


def _owners(channels: list[Channel]) -> dict[tuple[bytes, int], list[tuple[Channel, bool]]]:
    """(receiver's address, Session ID) to the channels in which it was given out, and to its receiver's side there."""
    owners: dict[tuple[bytes, int], list[tuple[Channel, bool]]] = defaultdict(list)
    for channel in channels:
        if channel.version != 3:
            continue
        for frame, from_initiator in channel.frames():
            given = assigned_session(frame.message)
            for address, number, side in (
                (frame.sender.address, given, from_initiator),
                (frame.receiver.address, frame.session, not from_initiator),
            ):
                if number and (channel, side) not in owners[address, number]:
                    owners[address, number].append((channel, side))
    return owners


def _owner(known: list[tuple[Channel, bool]], series: DataSeries) -> tuple[Channel, bool] | None:
    """The last of the channels that began before the data, else the first; only where its sender is the other side of it."""
    fitting = [(channel, side) for channel, side in known if channel.endpoint(not side).address == series.sender.address]
    before = [one for one in fitting if one[0].position <= series.position]
    return before[-1] if before else fitting[0] if fitting else None


def _static(series: DataSeries) -> Channel:
    """A tunnel of which only data was seen; its initiator is guessed: the side with the ephemeral port, else who sent first."""
    towards_responder = series.receiver.port in (series.sender.port, L2TP)
    half = _half(series)
    return Channel({not towards_responder: half, towards_responder: None}, None, roles_seen=False)


def _half(series: DataSeries) -> Half:
    return Half(series.receiver, series.sender, None, series.position, version=3)


def _side(channel: Channel, series: DataSeries) -> bool:
    """The side that receives the series."""
    half = channel.to[True]
    other = channel.to[False]
    if half is not None:
        return half.receiver == series.receiver
    return not (other is not None and other.receiver == series.receiver)


def _give(channel: Channel, side: bool, series: DataSeries) -> None:
    half = channel.to[side]
    if half is None:
        half = channel.to[side] = _half(series)
    half.series.append(series)


def pair_static(channel: Channel) -> None:
    """Two sessions, of which each was seen in one direction, are one where the same stations speak in both, and no others do; or
    where both ends gave out the same id, as set by hand it often is.
    """
    alone = {side: [call for call in channel.calls if call.first is None and call.ids[not side] is None] for side in (True, False)}
    for towards in alone[True]:
        others = [call for call in alone[False] if call in channel.calls]
        matching = [call for call in others if _same_stations(towards, call)]
        matching = matching or [call for call in others if call.ids[False] == towards.ids[True]]
        if len(matching) == 1:
            _join(channel, towards, matching[0])


def _same_stations(one: Call, other: Call) -> bool:
    sources, destinations = stations(one, True)
    back_sources, back_destinations = stations(other, False)
    return bool(sources & back_destinations) and bool(back_sources & destinations)


def _join(channel: Channel, one: Call, other: Call) -> None:
    one.ids[False] = other.ids[False]
    one.series[False] += other.series[False]
    one.position = min(one.position, other.position)
    channel.calls.remove(other)
