"""data: series of data packets given to the calls that they belong to; those that fit none make calls of their own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from l2tpscope.analysis.pair_v3 import pair_static
from l2tpscope.model.channel import Call, Channel
from l2tpscope.model.half import DataSeries


def attach_data(channels: Iterable[Channel]) -> None:
    """Every series of every channel ends up in one call; all calls get their running number, by first appearance."""
    channels = list(channels)
    for channel in channels:
        known: dict[tuple[bool, int | None], list[Call]] = defaultdict(list)
        for call in channel.calls:
            for side, number in call.ids.items():
                known[side, number].append(call)
        for side, half in channel.to.items():
            for series in half.series if half is not None else ():
                _attach(channel, side, series, known[side, series.session])
        _pair_lonely(channel)
        if channel.version == 3:
            pair_static(channel)
            for call in channel.calls:
                call.kind = call.kind or ("static" if call.first is None else None)
        channel.calls.sort(key=lambda call: call.position)
        for call in channel.calls:
            call.one_sided = len(channel.halves) == 1
    every = sorted((call for channel in channels for call in channel.calls), key=lambda call: call.position)
    for number, call in enumerate(every, 1):
        call.number = number


def _attach(channel: Channel, side: bool, series: DataSeries, alike: list[Call]) -> None:
    """To the last of the calls with this Session ID that began before the data, else to the first of them."""
    before = [call for call in alike if call.position <= series.position]
    if before or alike:
        (before[-1] if before else alike[0]).series[side].append(series)
        return
    call = Call(position=series.position)
    call.ids[side] = series.session
    call.series[side].append(series)
    channel.calls.append(call)
    alike.append(call)


def _pair_lonely(channel: Channel) -> None:
    """Two calls of which each lacks the other side, and there are no others like them: one call."""
    towards = {
        side: [call for call in channel.calls if call.ids[side] is not None and call.ids[not side] is None] for side in (True, False)
    }
    if len(towards[True]) != 1 or len(towards[False]) != 1:
        return
    one, other = sorted((towards[True][0], towards[False][0]), key=lambda call: (call.first is None, call.position))
    if other.first is not None:
        return
    for side in (True, False):
        one.ids[side] = one.ids[side] if one.ids[side] is not None else other.ids[side]
        one.series[side] += other.series[side]
    one.position = min(one.position, other.position)
    channel.calls.remove(other)
