"""heartbeat: HELLOs and LCP echoes seen as tiny ESP packets on a beat, their round trips and how many were not answered.

Accepted: at least five answered on one beat, more than nine in ten of those that can be judged before it fell silent, and
delays that do not scatter (90th percentile less than three times the 10th, or within 20 ms of it). The beat of the asking side
is what tells a heartbeat from other short packets. *Bias*: as long as the answering side takes: LCP echoes and HELLOs are
answered at once by pppd and xl2tpd; where two exchanges cross, `rtt_s` is the upper bound.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

from l2tpscope.analysis.encrypted.cipher import Cipher
from l2tpscope.analysis.encrypted.crossing import LEAST_CLEAR, Exchange, Exchanges, exchanges
from l2tpscope.analysis.encrypted.lengths import HELLO, UDP_HEADER, ZLB
from l2tpscope.analysis.encrypted.result import SECOND, SIDES, Numbers, about_esp
from l2tpscope.analysis.encrypted.tiny import Tiny
from l2tpscope.analysis.ike_story import IkeStory
from l2tpscope.analysis.rows import InferenceRow, RttRow

Event = Exchange[Tiny] | Tiny

TOGETHER = SECOND
"""An answer that takes longer is not recognised, nor one that takes twice as long as IKE's fastest and `SLOWER`."""
SLOWER = SECOND // 20
LEAST = 5
SHORTEST, LONGEST = 4 * SECOND, 150 * SECOND
"""Periods that are looked for."""
TOLERANCE = 0.05
"""Of the period: timers run late, packets are delayed."""
MISSES = 3
"""A beat may skip up to so many periods, less one."""
CANDIDATES = 4
WORTH, DOUBTFUL = 100, 1
"""Of an event in a row: what is known to ask, and what may."""
BEATS = 2
"""That one side may have at once: HELLO and LCP echo."""
ANSWERED = 0.9
SPREAD, SPREAD_NS = 3, 20_000_000


@dataclass(slots=True)
class Beat:
    """A heartbeat of one side."""

    from_initiator: bool
    period: int
    answered: list[Exchange[Tiny]] = field(default_factory=list)
    unanswered: list[Tiny] = field(default_factory=list)
    unjudged: int = 0
    silent: int = 0
    """How many of the unanswered come after the last answer."""


def heartbeats(packets: list[Tiny], answer_time: int | None) -> list[Beat]:
    """Those of both sides that are accepted, among the tiny packets of one connection.

    *answer_time*: nanoseconds that the slower side took at least to answer IKE; so that exchanges that follow each other closely
    are told apart.
    """
    together = TOGETHER if answer_time is None else min(TOGETHER, 2 * answer_time + SLOWER)
    return _beats(exchanges(packets, together, alone=TOGETHER))


def answer_time(story: IkeStory | None) -> int | None:
    """The fastest answer to IKE of each side, and of these the longer, in nanoseconds; None: not both sides answered."""
    fastest: dict[bool, int] = {}
    for said in story.said if story is not None else ():
        if said.fit == "new" and said.reply_to is not None and said.frame.time > said.reply_to.time:
            took = said.frame.time - said.reply_to.time
            fastest[said.from_initiator] = min(took, fastest.get(said.from_initiator, took))
    return max(fastest.values()) if len(fastest) == 2 else None


def _beats(found: Exchanges[Tiny]) -> list[Beat]:
    result = []
    for side in (True, False):
        events: list[Event] = [one for one in found.answered if one.request.from_initiator == side]
        events += [one for one in found.unanswered + found.unjudged if one.from_initiator == side]
        events.sort(key=lambda one: one.time)
        unjudged = {id(one) for one in found.unjudged}
        for _ in range(BEATS):
            beat, events = _find(events, unjudged, side)
            if beat is None:
                break
            result.append(beat)
    return result


def _find(events: list[Event], unjudged: set[int], side: bool) -> tuple[Beat | None, list[Event]]:
    """The beat with most exchanges, and what is left."""
    times = [one.time for one in events]
    worth = [DOUBTFUL if id(one) in unjudged else WORTH for one in events]
    chains = [(chain, period) for period in _periods(times) if (chain := _chain(times, worth, period))]
    if not chains:
        return None, events
    chain, period = max(chains, key=lambda one: (sum(isinstance(events[i], Exchange) for i in one[0]), one[1]))
    beat = Beat(side, _median([times[b] - times[a] for a, b in pairwise(chain) if times[b] - times[a] < 1.5 * period]))
    open_ends = [index for index in chain if id(events[index]) not in unjudged]
    for index in chain:
        one = events[index]
        if not open_ends or not open_ends[0] <= index <= open_ends[-1]:
            continue
        if isinstance(one, Exchange):
            beat.answered.append(one)
            beat.silent = 0
        elif id(one) in unjudged:
            beat.unjudged += 1
        else:
            beat.unanswered.append(one)
            beat.silent += 1
    taken = set(chain)
    return (beat if _accepted(beat) else None), [one for index, one in enumerate(events) if index not in taken]


def _periods(times: list[int]) -> list[int]:
    """The most common distances between events and the two after them, in steps of 5 %."""
    counts: Counter[int] = Counter()
    sums: Counter[int] = Counter()
    for lag in (1, 2, 3):
        for a, b in zip(times, times[lag:], strict=False):
            if SHORTEST <= b - a <= LONGEST:
                step = ((b - a) // 1_000_000).bit_length() * 16 + ((b - a) // 1_000_000 * 16 >> ((b - a) // 1_000_000).bit_length())
                counts[step] += 1
                sums[step] += b - a
    return [sums[step] // count for step, count in counts.most_common(CANDIDATES) if count >= LEAST - 2]


def _chain(times: list[int], worth: list[int], period: int) -> list[int]:
    """Indices of the worthiest row of events each of which comes one period (or up to `MISSES`) after the one before."""
    slack = int(period * TOLERANCE)
    sums, came_from = worth.copy(), [-1] * len(times)
    for index, time in enumerate(times):
        for periods in range(1, MISSES + 1):
            at = bisect_left(times, time - periods * period - slack)
            while at < index and times[at] <= time - periods * period + slack:
                if sums[at] + worth[index] > sums[index]:
                    sums[index], came_from[index] = sums[at] + worth[index], at
                at += 1
    at = max(range(len(times)), key=lambda index: sums[index])
    chain = []
    while at >= 0:
        chain.append(at)
        at = came_from[at]
    chain.reverse()
    single = sum(times[b] - times[a] < 1.5 * period for a, b in pairwise(chain))
    return chain if len(chain) >= LEAST and 2 * single >= len(chain) else []


def _accepted(beat: Beat) -> bool:
    delays = _delays(beat)
    judged = len(beat.answered) + len(beat.unanswered) - beat.silent
    if len(delays) < LEAST or len(beat.answered) <= ANSWERED * judged:
        return False
    low, high = delays[len(delays) // 10], delays[-1 - len(delays) // 10]
    return high < SPREAD * low or high - low < SPREAD_NS


def _delays(beat: Beat) -> list[int]:
    return sorted(one.round_trip for one in beat.answered)


def _median(values: list[int]) -> int:
    return sorted(values)[len(values) // 2] if values else 0


# ---- rows ------------------------------------------------------------------------------------------------------------


def heartbeat_row(beat: Beat, cipher: Cipher | None, numbers: Numbers, *, another: bool) -> InferenceRow:
    """The row of one heartbeat; *another*: it is not the first of its side."""
    first = beat.answered[0].request
    period, delays = beat.period / SECOND, _delays(beat)
    asked = len(beat.answered) + len(beat.unanswered)
    kind = ("another " if another else "") + _kind(beat, cipher)
    value = f"{kind} of the {SIDES[beat.from_initiator]} every {period:.1f} s: {len(beat.answered)} of {asked} answered"
    if beat.silent:
        value += f", the last {beat.silent} not"
    sizes = " or ".join(str(size) for size in sorted({one.request.octets for one in beat.answered}))
    rule = (
        f"{asked} packets of {sizes} octets on a beat of {period:.1f} s, answered by one as short after"
        f" {delays[0] / 1e6:.1f} to {delays[-1] / 1e6:.1f} ms (median {_median(delays) / 1e6:.1f})"
    )
    if beat.unjudged:
        value += f", {beat.unjudged} not to be judged"
        rule += f"; {beat.unjudged} more with others around them"
    return about_esp(
        numbers,
        first.pair,
        first.series,
        inference="heartbeat",
        value=value,
        grade="likely",
        rule=rule,
        against="an application that sends short packets on a beat; the capture may have lost what looks unanswered",
        time=first.time,
        capture=first.capture,
        frame=first.frame,
    )


def _kind(beat: Beat, cipher: Cipher | None) -> str:
    """HELLO or echo, where the cipher leaves a ZLB and a HELLO different lengths and no exchanges crossed."""
    clear = [one for one in beat.answered if one.low is None]
    if cipher is None or cipher.grade is None or not clear:
        return "HELLO or LCP echo"
    transform = cipher.transforms[0]
    zlb, hello = transform.octets(UDP_HEADER + ZLB), transform.octets(UDP_HEADER + HELLO)
    if len(cipher.transforms) > 1 or zlb == hello:
        return "HELLO or LCP echo"
    if all(one.request.octets == hello and one.reply.octets == zlb for one in clear):
        return "HELLO"
    if all(one.request.octets == one.reply.octets for one in clear):
        return "LCP echo"
    return "HELLO or LCP echo"


def heartbeat_rtt(beat: Beat, numbers: Numbers) -> list[RttRow]:
    """A sample for each answer; none where no answer is clear, since the bounds of all may then lie apart alike."""
    clear = sum(one.is_clear for one in beat.answered)
    return [_trip(beat, one, numbers) for one in beat.answered] if clear >= LEAST_CLEAR else []


def _trip(beat: Beat, one: Exchange[Tiny], numbers: Numbers) -> RttRow:
    return RttRow(
        time=one.reply.time,
        kind="esp-heartbeat",
        side="responder" if beat.from_initiator else "initiator",
        tunnel=None,
        session=None,
        ike_sa=None,
        esp_sa=numbers.esp.get(one.reply.series.number),
        capture=one.reply.capture,
        frame_request=one.request.frame,
        frame_reply=one.reply.frame,
        rtt_s=one.round_trip / SECOND,
        rtt_low_s=None if one.low in (None, one.round_trip) else (one.low or 0) / SECOND,
        quality="inferred",
    )
