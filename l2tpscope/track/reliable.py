"""Reliable: what Ns and Nr say of each control frame: new, repeated, late; what it acknowledges; round trips.

One `Way` a direction. A message is its Ns and its AVPs, never its octets: a retransmission must renew Nr (RFC 2661 §5.8).
A ZLB takes no number: its Ns is the next one to be used.

Round trips (methodology: Karn's rule, RFC 6298 §3): the newest message that a frame newly acknowledges gives a sample, from
its first copy to that frame, as seen at the tap: the path from the tap to the receiver and back, plus what the receiver took.
*Bias*: never too short; too long by the receiver's delay, and by a lost earlier acknowledgement.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from l2tpscope.core.serial import extend
from l2tpscope.model.half import ControlFrame

SET_UP = 2
"""The highest number that a first message can have while a tunnel is set up."""
RECEIVE_WINDOW_SIZE = 10
DEFAULT_WINDOW = 4
"""Of a receiver that names none (RFC 2661 §4.4.3)."""
FAR = 1000
"""An Nr that is further than this beyond all that was seen is not believed."""
MOST_MISSING, MOST_GAPS = 64, 256
"""Skipped numbers that are taken for missing messages, at a time and in all. More at a time are a restart or nonsense: no
window is that large, so they are not counted as lost.
"""
REORDERED = 250_000_000
"""A missing message that comes later than this (nanoseconds) after the gap was sent again; sooner, it was overtaken."""
SPONTANEOUS = frozenset({"SCCRQ", "HELLO", "StopCCN", "ICRQ", "OCRQ", "CDN", "WEN", "SLI"})
"""Messages that are sent on a timer or a wish, not because another one came: what they acknowledge came before, no more."""
EDGE = 16_000_000_000
"""An earlier copy of a message may lie this long (nanoseconds) before the begin of the capture."""


class Fit(Enum):
    """How a control frame fits what came before it in its direction."""

    NEW = "new"
    RETRANSMISSION = "retransmission"
    DUPLICATE = "duplicate"
    OUT_OF_ORDER = "out-of-order"
    VIOLATION = "violation"


@dataclass(slots=True, eq=False)
class Slot:
    """One message: its number, its copies, its acknowledgement."""

    first: ControlFrame
    last_time: int
    copies: int = 1
    acked_by: ControlFrame | None = None
    quality: str = "clean"
    """Of a round trip from it while it was sent once: `edge`, `ambiguous` where an earlier copy may not be in the capture."""


@dataclass(slots=True, eq=False)
class Sample:
    """One round trip: request, reply, quality; `low` bounds an ambiguous one from below."""

    request: ControlFrame
    reply: ControlFrame
    rtt: int
    low: int | None
    quality: str


@dataclass(slots=True, eq=False)
class Verdict:
    """What one frame turned out to be."""

    fit: Fit
    slot: Slot | None = None
    unseen: int = 0
    """Messages of both directions proven by this frame's Ns and Nr and not seen so far; -1: one of those was seen now."""
    samples: list[Sample] = field(default_factory=list)
    anomaly: str | None = None
    overdue: bool = False
    """It was acknowledged before it was first seen: an earlier copy may have been acted upon."""


@dataclass(slots=True, eq=False)
class Way:
    """One direction of a control connection. Numbers are unwrapped."""

    slots: dict[int, Slot] = field(default_factory=dict)
    base: int | None = None
    highest: int | None = None
    acked: int | None = None
    """Every number below it is acknowledged."""
    gaps: dict[int, int] = field(default_factory=dict)
    """Numbers that were skipped, with the time when that showed."""
    jumped: int = 0
    """Numbers that were leapt over and are not missing."""
    frames: int = 0
    retransmissions: int = 0
    late: int = 0
    """Messages that came out of order."""
    sent_again_unseen: int = 0
    """Messages whose first copy did not reach the tap, but a later one did."""
    repeats_unacknowledged: int = 0
    """Repeats of a message that had passed the tap and whose acknowledgement had not."""
    passed_over: int = 0
    """Messages that the peer acknowledged and the capture does not have, though it has later ones."""
    unproven: set[int] = field(default_factory=set)
    """Numbers beyond all that was seen that the peer acknowledged: messages that the capture does not have, unless their sender goes
    on to show that they were not used yet. Some daemons count acknowledgements (a v3 peer that adds each ACK to its Nr).
    """
    announced: int | None = None
    """The number that the last ZLB named as the next one."""
    premature: set[int] = field(default_factory=set)
    """Numbers that were acknowledged when only a ZLB had named them: some daemons count ZLBs (xl2tpd after a CDN). They are
    unseen messages only if the next number comes without them.
    """
    disproved: set[int] = field(default_factory=set)
    """Of these, numbers that were still the next ones afterwards."""
    duplicates: int = 0
    resumed: int | None = None
    """Position from which on there are frames again, where those before were let go."""
    window: int = DEFAULT_WINDOW
    """Receive window of who gets these messages."""

    @property
    def acknowledged_unseen(self) -> int:
        """Messages that the peer acknowledged and the capture does not have."""
        return self.passed_over + len(self.unproven)

    @property
    def unacknowledged(self) -> list[Slot]:
        """Messages that nothing acknowledged, oldest first."""
        return [slot for number, slot in sorted(self.slots.items()) if slot.acked_by is None and number >= (self.acked or number)]


class Reliable:
    """Takes the frames of a control connection in the order of the capture."""

    def __init__(self, *, born: bool, from_zero: bool, begin: int) -> None:
        self._born = born
        """The begin is in the capture: what is missing from number 0 on is missing in it."""
        self._from_zero = from_zero
        """The numbers began at 0 not long before."""
        self._begin = begin
        start = 0 if born else None
        self.ways: dict[bool, Way] = {True: Way(acked=start), False: Way(acked=start)}
        """By `to_responder`."""

    def take(self, frame: ControlFrame, *, to_responder: bool) -> Verdict:
        """What *frame* is, and what it acknowledges."""
        way, back = self.ways[to_responder], self.ways[not to_responder]
        if frame.copy:
            way.duplicates += 1
            return Verdict(Fit.DUPLICATE)
        way.frames += 1
        if frame.ns < 0 or frame.nr < 0:
            return Verdict(Fit.NEW, anomaly="no sequence numbers")
        if way.resumed is not None and frame.position >= way.resumed:
            _resume(frame, way)
        if frame.type in ("SCCRQ", "SCCRP") and frame.message is not None:
            back.window = frame.message.get(RECEIVE_WINDOW_SIZE) or DEFAULT_WINDOW
        verdict = self._acknowledger(frame, way) if frame.acknowledges else self._numbered(frame, way)
        if verdict.slot is not None and verdict.slot.first is frame:
            self._watch_window(way, back, verdict)
        self._acknowledge(frame, back, verdict)
        return verdict

    def _acknowledger(self, frame: ControlFrame, way: Way) -> Verdict:
        if way.highest is None:
            return Verdict(Fit.NEW)
        number = extend(frame.ns, way.highest)
        way.announced = number
        way.unproven = {one for one in way.unproven if one < number}
        if number in way.premature:  # still the next one: so it was not sent when it was acknowledged
            way.premature.discard(number)
            way.disproved.add(number)
        return Verdict(Fit.OUT_OF_ORDER if number <= way.highest else Fit.NEW)

    def _numbered(self, frame: ControlFrame, way: Way) -> Verdict:
        if way.highest is None:
            acked = way.acked or 0
            overdue = way.acked is not None and extend(frame.ns, acked) < acked
            first = self._first(frame, way)
            unseen = max(0, frame.ns - acked) if self._from_zero and frame.ns <= SET_UP else 0
            return Verdict(Fit.NEW, slot=first, unseen=unseen, overdue=overdue)
        number = extend(frame.ns, way.highest)
        slot = way.slots.get(number)
        if slot is not None:
            return self._again(frame, way, slot)
        if number < way.highest:
            return self._belated(frame, way, number)
        jump = number - way.highest - 1
        skipped = range(way.highest + 1, number) if jump <= MOST_MISSING else range(0)
        way.jumped += jump - len(skipped)
        for missing in skipped:
            way.gaps[missing] = frame.time
        while len(way.gaps) > MOST_GAPS:
            del way.gaps[next(iter(way.gaps))]
        way.passed_over += len(way.premature.intersection(skipped)) + sum(one < number for one in way.unproven)
        way.unproven = {one for one in way.unproven if one > number}
        early = number in way.premature or number in way.disproved
        overdue = early or (way.acked is not None and number < way.acked)
        if early:
            way.acked = number
        way.premature.clear()
        way.highest = number
        way.slots[number] = slot = Slot(frame, frame.time, quality="ambiguous" if overdue else "clean")
        unseen = sum(1 for missing in skipped if missing >= (way.acked or missing))
        anomaly = f"Ns jumps by {jump + 1}" if jump > MOST_MISSING else None
        return Verdict(Fit.NEW, slot=slot, unseen=unseen - overdue, overdue=overdue, anomaly=anomaly)

    def _first(self, frame: ControlFrame, way: Way) -> Slot:
        way.base = way.highest = frame.ns
        if self._born and frame.ns <= SET_UP:
            way.base = 0
            way.gaps = dict.fromkeys(range(frame.ns), frame.time)
        edge = not self._born and frame.time - self._begin < EDGE
        slot = Slot(frame, frame.time, quality="edge" if edge else "clean")
        way.slots[frame.ns] = slot
        if way.acked is None or abs(way.acked - frame.ns) > FAR:
            way.acked = way.base
        return slot

    def _again(self, frame: ControlFrame, way: Way, slot: Slot) -> Verdict:
        if slot.first.type != frame.type:
            return Verdict(Fit.VIOLATION, anomaly=f"Ns {frame.ns} was {slot.first.type} before")
        slot.copies += 1
        slot.last_time = frame.time
        way.retransmissions += 1
        if slot.acked_by is None:
            way.repeats_unacknowledged += 1
        return Verdict(Fit.RETRANSMISSION, slot=slot)

    def _belated(self, frame: ControlFrame, way: Way, number: int) -> Verdict:
        since = way.gaps.pop(number, None)
        if since is not None and frame.time - since > REORDERED:
            way.sent_again_unseen += 1
        way.late += 1
        way.base = min(number, way.base if way.base is not None else number)
        slot = Slot(frame, frame.time, quality="ambiguous")
        way.slots[number] = slot
        overdue = number < (way.acked or number)
        return Verdict(Fit.OUT_OF_ORDER, slot=slot, unseen=0 if since is None else -1, overdue=overdue)

    def _watch_window(self, way: Way, back: Way, verdict: Verdict) -> None:
        """Tell what is under way beyond the window. An acknowledgement passes the tap before it is with the sender, so that more at the tap
        than the window holds is more at the sender too (RFC 2661 §5.8), unless the capture missed acknowledgements.
        """
        if way.acked is None or way.highest is None or not back.frames:
            return
        outstanding = way.highest + 1 - way.acked
        if outstanding > way.window and verdict.anomaly is None:
            verdict.anomaly = f"{outstanding} messages under way, the receive window is {way.window}"

    def _acknowledge(self, frame: ControlFrame, back: Way, verdict: Verdict) -> None:
        """Mark what the frame's Nr acknowledges for the first time, and take the round trips."""
        if back.acked is None:
            back.acked = frame.nr
            return
        reach = extend(frame.nr, back.acked)
        if reach <= back.acked:
            return
        beyond = reach - 1 - (back.highest if back.highest is not None else back.acked - 1)
        if beyond > FAR:
            verdict.anomaly = f"Nr {frame.nr} acknowledges what was never sent"
            return
        newest = back.slots.get(reach - 1)
        for number in range(back.acked, reach):
            slot = back.slots.get(number)
            if slot is None and number == back.announced and number == (back.highest or 0) + 1:
                back.premature.add(number)
                verdict.unseen += 1
            elif slot is None:
                if number > (back.highest if back.highest is not None else -1):
                    back.unproven.add(number)
                else:
                    back.passed_over += 1
                verdict.unseen += number not in back.gaps
            elif slot.acked_by is None:
                slot.acked_by = frame
                answers = slot is newest and verdict.fit is not Fit.RETRANSMISSION and frame.type not in SPONTANEOUS
                verdict.samples.append(_sample(slot, frame, answers=answers))
        back.acked = reach


def _sample(slot: Slot, reply: ControlFrame, *, answers: bool) -> Sample:
    """The round trip from the message of *slot* to *reply*; an upper bound only, where the reply was not sent because of it."""
    rtt = reply.time - slot.first.time
    if slot.copies > 1:
        return Sample(slot.first, reply, rtt, reply.time - slot.last_time, "ambiguous")
    return Sample(slot.first, reply, rtt, None, slot.quality if answers else "cumulative")


def _resume(frame: ControlFrame, way: Way) -> None:
    """Go on with this frame, whatever came between: nothing of it is missing in the capture."""
    way.resumed = None
    if way.highest is None:
        return
    leapt = (frame.ns - 1 - way.highest) & 0xFFFF
    way.highest += leapt
    way.jumped += leapt
    way.acked = way.highest + 1
    way.announced = None
    for some in (way.gaps, way.unproven, way.premature, way.disproved):
        some.clear()
