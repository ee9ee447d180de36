"""pair: halves to channels. What the messages did not say is concluded here, and each conclusion says how.

`assigned-id AVP`: SCCRQ and SCCRP name the ids (RFC 2661 §4.4.3). `Ns/Nr agree`: what one direction acknowledges is what the
other sent. `only candidate`: no other half between these endpoints at that time.
"""

from __future__ import annotations

from collections import defaultdict

from l2tpscope.analysis.pair_v3 import place
from l2tpscope.frames import Endpoint
from l2tpscope.model.channel import Channel
from l2tpscope.model.half import ControlFrame, DataSeries, Half

MOST_COMPARED = 64
"""Halves of one direction between two hosts that are still compared each with each."""
COMPARED_FRAMES = 100
MOST_OF_DATA_ALONE = 10_000
"""Halves of which data was seen and no control message: real ones are few, a flood of random ids makes any number."""
MOST_PAIRS = 50_000
"""Pairs of halves that are compared in all: a bound on time where a hostile peer makes very many."""
L2TP = 1701
MINUTE = 60_000_000_000

FROM_LAC = ("SCCCN", "ICRQ", "ICCN", "OCRP", "OCCN")
FROM_LNS = ("ICRP", "OCRQ")

AGREE = "Ns/Nr agree"
ONLY = "only candidate"


def pair(halves: list[Half], series: list[DataSeries]) -> tuple[list[Channel], list[str]]:
    """The channels, numbered in the order in which they first appeared; and notes on what was left out."""
    halves, notes = _with_series(halves, [one for one in series if one.version == 2])
    _adopt(halves)
    linked: list[tuple[Half, Half | None, str | None]] = []
    single: list[Half] = []
    taken: set[int] = set()
    for half in halves:
        twin = half.twin
        if not _used(half) or id(half) in taken:
            continue
        if twin is not None and _used(twin):
            taken.add(id(twin))
            linked.append((half, twin, half.linked_by))
        else:
            single.append(half)
    channels = [_channel(one, other, how) for one, other, how in linked + _conclude(single)]
    notes += place(channels, [one for one in series if one.version == 3])
    channels.sort(key=lambda channel: channel.position)
    for number, channel in enumerate(channels, 1):
        channel.number = number
    return channels, notes


def _used(half: Half) -> bool:
    return bool(half.frames or half.series)


def _with_series(halves: list[Half], series: list[DataSeries]) -> tuple[list[Half], list[str]]:
    """Give each series to the half that it belongs to; data of which no control frame was seen makes a half of its own."""
    known: dict[tuple[bytes, int], list[Half]] = defaultdict(list)
    for half in halves:
        if half.tunnel is not None and half.version == 2:
            known[half.receiver.address, half.tunnel].append(half)
    of_data_alone = packets = 0
    for one in series:
        owner = _owner(known[one.receiver.address, one.tunnel], one)
        if owner is None:
            of_data_alone += 1
            if of_data_alone > MOST_OF_DATA_ALONE:
                packets += one.packets
                continue
            owner = Half(one.receiver, one.sender, one.tunnel, one.position)
            known[one.receiver.address, one.tunnel].append(owner)
            halves.append(owner)
        owner.series.append(one)
    left_out = f"{packets} data packets belong to tunnels without a control message, of which {MOST_OF_DATA_ALONE} halves are shown"
    return halves, [left_out] if packets else []


def _owner(halves: list[Half], series: DataSeries) -> Half | None:
    """The half that was valid when the series began; ports choose among several, for they may move."""
    near = [half for half in halves if half.sender.address == series.sender.address]
    for alike in (
        [half for half in near if half.receiver == series.receiver and half.sender == series.sender],
        [half for half in near if half.receiver.port == series.receiver.port],
        [half for half in near if _sends_from(half.twin, series.receiver)],
    ):
        before = [half for half in alike if half.position <= series.position]
        if before:
            return max(before, key=lambda half: half.position)
        unborn = [half for half in alike if not half.born]
        if unborn:
            return min(unborn, key=lambda half: half.position)
    return None


def _sends_from(half: Half | None, endpoint: Endpoint) -> bool:
    return half is not None and any(frame.sender == endpoint for frame in half.frames)


def _adopt(halves: list[Half]) -> None:
    """A SCCRQ whose reply was not seen, and what its sender went on to say under an id that nobody was seen to give out."""
    openings: dict[tuple[Endpoint, bytes], list[Half]] = defaultdict(list)
    for half in halves:
        if half.from_initiator and half.tunnel is None and half.frames:
            openings[half.sender, half.receiver.address].append(half)
    for half in halves:
        if half.born or half.twin is not None or not half.frames or half.frames[0].type not in ("SCCCN", "ICRQ", "OCRQ", "ZLB", "ACK"):
            continue
        near = openings[half.sender, half.receiver.address]
        fitting = [one for one in near[-MOST_COMPARED:] if _continues(one, half)]
        if len(fitting) == 1:
            one = fitting[0]
            one.tunnel, one.receiver, one.version = half.tunnel, half.receiver, half.version
            one.frames += half.frames
            one.series += half.series
            one.linked_by = AGREE
            half.frames, half.series = [], []
            if one.twin is not None:
                one.twin.linked_by = AGREE
            near.remove(one)


def _continues(opening: Half, half: Half) -> bool:
    """Whether a half begins where a set-up between the same ends would have gone on."""
    first = half.frames[0]
    between = first.time - opening.frames[-1].time
    return (
        opening.sender == half.sender
        and opening.receiver.address == half.receiver.address
        and 0 <= between < 60_000_000_000
        and first.ns <= 2
    )


def _conclude(single: list[Half]) -> list[tuple[Half, Half | None, str | None]]:
    """Pair what no message linked; what stays alone is a half of which the other direction was not seen."""
    groups: dict[tuple[Endpoint, Endpoint], list[Half]] = defaultdict(list)
    for half in single:
        a, b = half.receiver, half.sender
        groups[(a, b) if _order(a) <= _order(b) else (b, a)].append(half)
    result: list[tuple[Half, Half | None, str | None]] = []
    budget = MOST_PAIRS
    for (first, _), members in groups.items():
        there = [half for half in members if half.receiver == first]
        here = [half for half in members if half.receiver != first]
        budget -= len(there) * len(here)
        pairs = _pairs(there, here) if budget >= 0 else []
        taken = {id(half) for one, other, _ in pairs for half in (one, other)}
        result += pairs
        result += [(half, None, None) for half in members if id(half) not in taken]
    return result


def _order(endpoint: Endpoint) -> tuple[bytes, int]:
    return endpoint.address, endpoint.port or 0


def _pairs(there: list[Half], here: list[Half]) -> list[tuple[Half, Half, str]]:
    if not there or not here or len(there) > MOST_COMPARED or len(here) > MOST_COMPARED:
        return []
    spans = {id(half): _span(half) for half in there + here}
    candidates = [(one, other) for one in there for other in here if _meet(spans[id(one)], spans[id(other)]) and _may_pair(one, other)]
    scored = sorted(((_agreement(one, other), n) for n, (one, other) in enumerate(candidates)), reverse=True)
    pairs: list[tuple[Half, Half, str]] = []
    taken: set[int] = set()
    for score, n in scored:
        one, other = candidates[n]
        if score < 0.5 or id(one) in taken or id(other) in taken:
            continue
        taken |= {id(one), id(other)}
        pairs.append((one, other, AGREE))
    left = [(one, other) for one, other in candidates if id(one) not in taken and id(other) not in taken]
    for one, other in left:
        alone = sum(a is one for a, _ in left) == 1 and sum(b is other for _, b in left) == 1
        if alone:
            pairs.append((one, other, ONLY))
    return pairs


def _may_pair(one: Half, other: Half) -> bool:
    """Not two directions of which each is known to come from an initiator, or each from a responder."""
    if one.version != other.version:
        return False
    return one.from_initiator is None or other.from_initiator is None or one.from_initiator != other.from_initiator


def _span(half: Half) -> tuple[int, int]:
    times = [half.frames[0].time, half.frames[-1].time] if half.frames else []
    for series in half.series:
        times += [series.first, series.last]
    return min(times), max(times)


def _meet(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Both at some time, or within a minute of each other."""
    return one[0] <= other[1] + MINUTE and other[0] <= one[1] + MINUTE


def _agreement(one: Half, other: Half) -> float:
    """Which share of the frames of either direction acknowledges just what the other last sent."""
    merged = sorted(one.frames[:COMPARED_FRAMES] + other.frames[:COMPARED_FRAMES], key=lambda frame: frame.position)
    mine = {id(frame) for frame in one.frames}
    latest: dict[bool, ControlFrame] = {}
    hits = tests = 0
    for frame in merged:
        side = id(frame) in mine
        seen = latest.get(not side)
        if seen is not None:
            tests += 1
            hits += frame.nr == (seen.ns + (not seen.acknowledges)) & 0xFFFF
        latest[side] = frame
    return hits / tests if tests else 0.0


def _channel(one: Half, other: Half | None, how: str | None) -> Channel:
    """Who is the initiator is seen, or guessed: the side with the ephemeral port, else who was seen first."""
    known = [half for half in (one, other) if half is not None and half.from_initiator is not None]
    if known:
        half = known[0]
        towards = half if half.from_initiator else (other if half is one else one)
        back = other if towards is one else one
        if other is None:
            towards, back = (one, None) if one.from_initiator else (None, one)
        return Channel({False: towards, True: back}, how, roles_seen=True)
    towards = one if _guess(one, other) else other
    back = other if towards is one else one
    return Channel({False: towards, True: back}, how, roles_seen=False)


def _guess(one: Half, other: Half | None) -> bool:
    """Whether the sender of *one* is more likely the initiator: it sent what a LAC sends, and nearly always a LAC begins; or
    it has the ephemeral port; or it was seen first.
    """
    for half, answer in ((one, True), (other, False)):
        for frame in half.frames[:COMPARED_FRAMES] if half is not None else ():
            if frame.type in FROM_LAC:
                return answer
            if frame.type in FROM_LNS:
                return not answer
    if (one.sender.port == L2TP) != (one.receiver.port == L2TP):
        return one.receiver.port == L2TP
    return other is None or one.position <= other.position
