"""result: what is concluded from ciphertext, and the numbers by which the tables call things."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from l2tpscope.analysis.ike_story import IkeStory, Said
from l2tpscope.analysis.rows import Grade, InferenceRow, RttRow, Stage
from l2tpscope.frames import Endpoint
from l2tpscope.model.esp import EspPair, EspSeries

SECOND = 1_000_000_000
MOST_COMPARED = 64
"""SAs between the same ends that are looked at for one of the other direction."""
SIDES = {True: "initiator", False: "responder"}


@dataclass(slots=True, frozen=True)
class Numbers:
    """Names of what the conclusions are about."""

    esp: Mapping[int, int] = field(default_factory=dict)
    """esp_sa, by the number of the series."""
    vpn_of_pair: Mapping[int, int] = field(default_factory=dict)
    vpn_of_ike: Mapping[int, int] = field(default_factory=dict)


@dataclass(slots=True, frozen=True)
class Classed:
    """An encrypted IKE message, and what it must be."""

    said: Said
    value: str
    grade: Grade
    rule: str
    against: str | None = None


@dataclass(slots=True)
class Inferred:
    """All conclusions."""

    rows: list[InferenceRow] = field(default_factory=list)
    rtt: list[RttRow] = field(default_factory=list)
    """Kinds `esp-heartbeat` and `dpd`, quality `inferred`."""
    stage: dict[int, tuple[Stage, Grade]] = field(default_factory=dict)
    """By the number of the pair."""
    cipher: dict[int, tuple[int | None, int | None]] = field(default_factory=dict)
    """Octets of block and ICV, by the number of the series."""
    dead_peer_checks: dict[int, int] = field(default_factory=dict)
    """By the number of the IKE SA."""
    messages: list[Classed] = field(default_factory=list)
    """Of IKE, one by one; `rows` has them counted."""


def about_esp(numbers: Numbers, pair: EspPair, series: EspSeries, **columns: Any) -> InferenceRow:
    """A row about an ESP SA; of what is not given, its first packet."""
    place = {"time": series.first, "capture": series.capture, "frame": series.frame, "against": None}
    subject = f"esp_sa {numbers.esp.get(series.number, series.number)}"
    return InferenceRow(vpn=numbers.vpn_of_pair.get(pair.number), subject=subject, **(place | columns))


def about_ike(numbers: Numbers, story: IkeStory, **columns: Any) -> InferenceRow:
    """A row about an IKE SA."""
    return InferenceRow(vpn=numbers.vpn_of_ike.get(story.number), subject=f"ike_sa {story.number}", **({"against": None} | columns))


def chain(pair: EspPair) -> list[EspPair]:
    """The pair and those that it took the place of and that took its place, in their order."""
    every, seen = [pair], {id(pair)}
    while every[0].before is not None and id(every[0].before) not in seen:
        seen.add(id(every[0].before))
        every.insert(0, every[0].before)
    while every[-1].after is not None and id(every[-1].after) not in seen:
        seen.add(id(every[-1].after))
        every.append(every[-1].after)
    return every


def chains(pairs: list[EspPair]) -> list[list[EspPair]]:
    """All pairs, those together that are one child SA through its rekeyings."""
    result: list[list[EspPair]] = []
    seen: set[int] = set()
    for pair in pairs:
        if id(pair) not in seen:
            result.append(chain(pair))
            seen.update(id(one) for one in result[-1])
    return result


def unpaired_answers(pairs: Sequence[EspPair]) -> set[int]:
    """Numbers of the pairs of one direction, where another of the opposite direction has the same ends and time: it may be theirs."""
    alone = [(pair, pair.series[0]) for pair in pairs if len(pair.series) == 1]
    going: dict[tuple[str, Endpoint, Endpoint], list[EspSeries]] = defaultdict(list)
    for _, one in alone:
        going[one.encapsulation, one.sender, one.receiver].append(one)
    return {
        pair.number
        for pair, one in alone
        if any(
            other.first <= one.last + SECOND and one.first <= other.last + SECOND
            for other in going[one.encapsulation, one.receiver, one.sender][:MOST_COMPARED]
        )
    }


def born(pair: EspPair) -> bool:
    """Whether its begin is in the capture: an SA numbers its packets from 1 (RFC 4303 §2.2)."""
    return any(one.count is not None and one.count.first_number == 1 for one in pair.series)
