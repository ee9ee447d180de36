"""setup: the set-up of an L2TP tunnel and session among the first packets of a child SA.

It is a row of messages of known lengths (RFC 2661 §6): the client's SCCRQ, the server's SCCRP, a tiny SCCCN, ICRQ, ICRP, ICCN, with ZLBs
and repeats between. Nothing but L2TP sends something too short for an IP packet in third place.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from l2tpscope.analysis.encrypted.lengths import HELLO, UDP_HEADER, ZLB, Transform
from l2tpscope.model.esp import EspPair

SCCRQ_LEAST, SCCRQ_MOST = 53, 400
CHALLENGE_RESPONSE = 22
ENOUGH = 5
"""Steps, up to ICRP, that no other protocol and no other cipher is likely to have."""


class Sent(NamedTuple):
    """One of the first packets."""

    time: int
    client: bool
    octets: int
    capture: int
    frame: int


class Step(NamedTuple):
    """A message of the set-up."""

    name: str
    client: bool
    octets: tuple[tuple[int, int], ...]
    """Ranges of the length of the L2TP message."""


SETUP = (
    Step("SCCRQ", True, ((SCCRQ_LEAST, SCCRQ_MOST),)),
    Step("SCCRP", False, ((SCCRQ_LEAST, SCCRQ_MOST),)),
    Step("SCCCN", True, ((HELLO, HELLO), (HELLO + CHALLENGE_RESPONSE, HELLO + CHALLENGE_RESPONSE))),
    Step("ICRQ", True, ((38, 140),)),
    Step("ICRP", False, ((28, 40),)),
    Step("ICCN", True, ((40, 200),)),
)
"""RFC 2661 §6.1 to §6.8: the AVPs that must be there, and room for those that may."""


def first_packets(pair: EspPair) -> list[Sent]:
    """Of both directions, in the order of time, as far as both are kept."""
    result, until = [], None
    for side, series in pair.to.items():
        if series is None or series.head is None or not len(series.head):
            continue
        head = series.head
        columns = (head.time, head.octets, head.capture, head.frame)
        result += [Sent(time, not side, *rest) for time, *rest in zip(*(column.tolist() for column in columns), strict=True)]
        if series.packets > len(head):
            last = int(head.time[-1])
            until = last if until is None else min(until, last)
    result.sort(key=lambda one: one.time)
    return [one for one in result if until is None or one.time <= until]


def follow(sent: list[Sent], transform: Transform) -> tuple[list[Sent], int]:
    """The packets that are the messages of the set-up, and how many were read for it."""
    steps: list[Sent] = []
    for index, one in enumerate(sent):
        if len(steps) == len(SETUP):
            return steps, index
        low, high = (plain - UDP_HEADER for plain in transform.plain(one.octets))
        step = SETUP[len(steps)]
        if one.client == step.client and any(low <= most and high >= least for least, most in step.octets):
            steps.append(one)
        elif not (low <= ZLB <= high or any(one.client == old.client and one.octets == old.octets for old in steps)):
            return steps, index
    return steps, len(sent)


def fitting(pair: EspPair, transforms: Iterable[Transform]) -> list[Transform]:
    """Those of *transforms* with which the first packets of both directions are a set-up."""
    if any(one is None or one.count is None or one.count.first_number != 1 for one in pair.to.values()):
        return []
    sent = first_packets(pair)
    return [one for one in transforms if _is_setup(follow(sent, one)[0], one)]


def _is_setup(steps: list[Sent], transform: Transform) -> bool:
    """Far enough, and with an SCCCN too short for anything else."""
    return len(steps) >= ENOUGH and steps[2].octets == transform.octets(UDP_HEADER + HELLO)
