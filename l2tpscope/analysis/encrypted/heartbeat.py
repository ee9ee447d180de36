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
from l2tpscope.analysis.encrypted.crossing import Exchange, Exchanges, exchanges
from l2tpscope.analysis.encrypted.lengths import HELLO, UDP_HEADER, ZLB
from l2tpscope.analysis.encrypted.result import SECOND, SIDES, Numbers, about_esp
from l2tpscope.analysis.encrypted.tiny import Tiny
from l2tpscope.analysis.rows import InferenceRow, RttRow

Event = Exchange[Tiny] | Tiny

TOGETHER = SECOND
"""An answer that takes longer is not recognised."""
LEAST = 5
SHORTEST, LONGEST = 4 * SECOND, 150 * SECOND
"""Periods that are looked for."""
TOLERANCE = 0.05
"""Of the period: timers run late, packets are delayed."""
MISSES = 3
"""A beat may skip up to so many periods, less one."""
CANDIDATES = 4
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


def heartbeats(packets: list[Tiny]) -> list[Beat]:
    """Those of both sides that are accepted, among the tiny packets of one connection."""
    return _beats(exchanges(packets, TOGETHER))


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
    chains = [(chain, period) for period in _periods(times) if (chain := _chain(times, period))]
    if not chains:
        return None, events
    chain, period = max(chains, key=lambda one: (sum(isinstance(events[i], Exchange) for i in one[0]), one[1]))
    beat = Beat(side, _median([times[b] - times[a] for a, b in pairwise(chain) if times[b] - times[a] < 1.5 * period]))
    for index in chain:
        one = events[index]
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


def _chain(times: list[int], period: int) -> list[int]:
    """Indices of the longest row of events each of which comes one period (or up to `MISSES`) after the one before."""
    slack = int(period * TOLERANCE)
    length, came_from = [1] * len(times), [-1] * len(times)
    for index, time in enumerate(times):
        for skipped in range(1, MISSES + 1):
            at = bisect_left(times, time - skipped * period - slack)
            best = -1
            while at < index and times[at] <= time - skipped * period + slack:
                if best < 0 or length[at] >= length[best]:
                    best = at
                at += 1
            if best >= 0 and length[best] + 1 > length[index]:
                length[index], came_from[index] = length[best] + 1, best
    if not times:
        return []
    at = max(range(len(times)), key=lambda index: length[index])
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


def heartbeat_row(beat: Beat, cipher: Cipher | None, numbers: Numbers) -> InferenceRow:
    """The row of one heartbeat."""
    first = beat.answered[0].request
    period, delays = beat.period / SECOND, _delays(beat)
    asked = len(beat.answered) + len(beat.unanswered)
    value = f"{_kind(beat, cipher)} of the {SIDES[beat.from_initiator]} every {period:.1f} s: {len(beat.answered)} of {asked} answered"
    if beat.silent:
        value += f", the last {beat.silent} not"
    sizes = " or ".join(str(size) for size in sorted({one.request.octets for one in beat.answered}))
    rule = (
        f"{asked} packets of {sizes} octets on a beat of {period:.1f} s, answered by one as short after"
        f" {delays[0] / 1e6:.1f} to {delays[-1] / 1e6:.1f} ms (median {_median(delays) / 1e6:.1f})"
    )
    if beat.unjudged:
        rule += f"; {beat.unjudged} more among others, not judged"
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


def heartbeat_rtt(beats: list[Beat], numbers: Numbers) -> list[RttRow]:
    """A sample for each answer that is known; *beats*: all of one connection, since they tell who asks where exchanges cross."""
    asking = {id(one.request) for beat in beats for one in beat.answered}
    known = [(beat, one) for beat in beats for one in beat.answered if one.is_clear(lambda packet: id(packet) in asking)]
    return [_trip(beat, one, numbers) for beat, one in known]


def _trip(beat: Beat, one: Exchange[Tiny], numbers: Numbers) -> RttRow:
    sure = one.low is None or one.given is not None or one.low == one.round_trip
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
        rtt_low_s=None if sure or one.low is None else one.low / SECOND,
        quality="inferred",
    )
