"""stage: how far L2TP inside ESP got, from the first packets of the first child SA: who sent, when, how long.

Claimed only where the SA's first packet is in the capture, and for transport mode. *Bias*: too early a stage, never too late,
where packets of the set-up were lost before the tap.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from l2tpscope.analysis.encrypted.cipher import Cipher
from l2tpscope.analysis.encrypted.result import SECOND, Numbers, about_esp
from l2tpscope.analysis.encrypted.setup import SETUP, Sent, first_packets, follow
from l2tpscope.analysis.encrypted.tiny import largest
from l2tpscope.analysis.ike_story import IkeStory
from l2tpscope.analysis.rows import Grade, InferenceRow, Stage
from l2tpscope.model.esp import EspPair

LARGE = 600
"""Octets: PPP negotiation is shorter, but for a few packets of EAP with certificates."""
LARGE_PACKETS = 20
MANY, MANY_A_SECOND = 200, 5
"""Packets that are not tiny: so many, and so often, are no negotiation, even one that is begun again and again."""
BACKOFF = 0.15
"""Of a doubling interval between retransmissions (RFC 2661 §5.8)."""
REPEATS = 4


STAGES: dict[int, Stage] = {1: "l2tp-request", 2: "l2tp-request", 3: "l2tp-tunnel", 4: "l2tp-tunnel", 5: "l2tp-tunnel", 6: "l2tp-session"}
"""By the number of steps that were seen."""


def stage(pairs: list[EspPair], cipher: Cipher | None, story: IkeStory | None, numbers: Numbers) -> tuple[Stage, InferenceRow] | None:
    """The stage of a connection, *pairs* being its child SAs in their order; None: not to be told."""
    pair = pairs[0]
    to_server = pair.to[False]
    if to_server is None or to_server.count is None or to_server.count.first_number != 1 or to_server.protocol != "esp":
        return None
    sent = first_packets(pair)
    if pair.to[True] is None:
        return _unanswered(pair, sent, story, numbers)
    back = pair.to[True]
    if cipher is None or back is None or back.count is None or back.count.first_number != 1:
        return None
    steps, through = max((follow(sent, one) for one in cipher.transforms), key=lambda found: len(found[0]))
    if len(steps) < 3 or {one.client for one in sent if one.octets <= largest(cipher)} != {True, False}:
        return None  # in tunnel mode nothing is so short
    return _reached(pairs, cipher, steps, sent[through:], numbers)


# ---- nobody answers --------------------------------------------------------------------------------------------------


def _unanswered(pair: EspPair, sent: list[Sent], story: IkeStory | None, numbers: Numbers) -> tuple[Stage, InferenceRow] | None:
    """The same packet again after 1, 2, 4 ... s, and no ESP back."""
    times = [one.time for one in sent if one.octets == sent[0].octets]
    gaps = [(after - before) / SECOND for before, after in pairwise(times)]
    run = 0
    while run < len(gaps) and abs(gaps[run] - 2**run * round(gaps[0])) <= BACKOFF * 2**run * round(gaps[0]) and round(gaps[0]) in (1, 2):
        run += 1
    if run + 1 < REPEATS or any(one.octets != sent[0].octets for one in sent[: run + 1]):
        return None
    both = story is not None and all(any(said.from_initiator == side for said in story.said) for side in (True, False))
    first = sent[0]
    at = ", ".join(f"{(time - first.time) / SECOND:.1f}" for time in times[: run + 1])
    series = pair.to[False]
    assert series is not None
    row = about_esp(
        numbers,
        pair,
        series,
        inference="stage",
        value="l2tp-request: SCCRQ sent, not answered",
        grade="likely" if both else "hint",
        rule=f"{run + 1} packets of {first.octets} octets at {at} s, no ESP back" + (", though IKE goes both ways" if both else ""),
        against="another protocol that repeats its request so" if both else "the capture may see one direction only",
        time=first.time,
        capture=first.capture,
        frame=first.frame,
    )
    return "l2tp-request", row


# ---- the set-up ------------------------------------------------------------------------------------------------------


def _reached(
    pairs: list[EspPair], cipher: Cipher, steps: list[Sent], rest: list[Sent], numbers: Numbers
) -> tuple[Stage, InferenceRow] | None:
    pair = pairs[0]
    large = sum(count for each in pairs for one in each.series for size, count in one.sizes.items() if size >= LARGE)
    name = STAGES[len(steps)]
    grade: Grade = "likely" if cipher.grade is not None else "hint"
    seen = ", ".join(f"{step.name} {one.octets}" for step, one in zip(SETUP, steps, strict=False))
    rule = f"ESP octets of the set-up in their order: {seen}"
    if large >= LARGE_PACKETS:
        name = "traffic"
        value = "traffic: IP passes through the tunnel" + _usable(pair, rest)
        rule += f"; then {large} packets of {LARGE} octets or more"
        against = "EAP with certificates has packets as long"
    elif name == "l2tp-session" and (many := _many(pairs, cipher)):
        name = "traffic"
        value = "traffic: IP passes through the tunnel"
        rule += f"; then {many} packets too long for heartbeats, {MANY_A_SECOND} a second or more"
        against = "PPP that negotiates without end"
    elif name == "l2tp-session":
        value = "l2tp-session: set up; PPP and IP traffic are not to be told apart in what follows"
        against = "short IP packets cannot be told from PPP negotiation"
    else:
        value = (
            f"{name}: {'tunnel set up' if len(steps) >= 3 else 'SCCRQ answered'}, what follows is not recognised as the set-up of a session"
        )
        against = "packets lost before the tap"
    first = steps[0]
    series = pair.to[False]
    assert series is not None
    row = about_esp(
        numbers,
        pair,
        series,
        inference="stage",
        value=value,
        grade=grade,
        rule=rule,
        against=against,
        time=first.time,
        capture=first.capture,
        frame=first.frame,
    )
    return name, row


def _many(pairs: Sequence[EspPair], cipher: Cipher) -> int:
    """How many packets are not tiny, where they are more than negotiation has; else 0."""
    every = [one for pair in pairs for one in pair.series]
    count = sum(packets for one in every for size, packets in one.sizes.items() if size > largest(cipher))
    span = (max(one.last for one in every) - min(one.first for one in every)) / SECOND
    return count if count >= MANY and count >= MANY_A_SECOND * span else 0


def _usable(pair: EspPair, rest: list[Sent]) -> str:
    """How long after the SA was made the first long packet came, where it is among the first."""
    first = next((one.time for one in rest if one.octets >= LARGE), None)
    if first is None or pair.made is None:
        return ""
    return f", usable at most {(first - pair.made) / SECOND:.1f} s after the child SA was made"
