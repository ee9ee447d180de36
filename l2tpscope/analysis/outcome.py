"""outcome: what became of a tunnel and of its calls: still up, refused, closed, lost; when, and who ended it.

The rules are in the order in which they are tried; what each needs is stated beside it. A tap in the middle sees the first
StopCCN at the time when it passes, so of two that cross, the one that passed first counts.
"""

from __future__ import annotations

from dataclasses import dataclass

from l2tpscope.analysis.follow import Story
from l2tpscope.model.channel import Call, Channel
from l2tpscope.model.half import ControlFrame
from l2tpscope.track.reliable import Slot

GIVEN_UP_COPIES = 3
"""A message sent this often without an acknowledgement, and then no more, was given up."""
GIVEN_UP_WAIT = 10_000_000_000
"""No further copy for this long (nanoseconds): longer than any daemon waits between two of the first five copies (8 s)."""
SILENCE = 180_000_000_000
"""Three times the usual interval of HELLO (RFC 2661 §5.5) without a frame: nobody is there any more."""


@dataclass(slots=True, frozen=True)
class Outcome:
    """How something ended. `by` is the side: True the initiator."""

    state: str
    closed: int | None = None
    by: bool | None = None
    stop: ControlFrame | None = None
    """The StopCCN or CDN that says why."""


def tunnel_outcome(story: Story, now: int) -> Outcome:
    """What became of the tunnel, as of the last instant of the capture."""
    if story.stops:
        return _stopped(story)
    dead = _given_up(story, now)
    if story.established is None and story.channel.born:
        last = max(frame.time for frame, _, _ in story.verdicts)
        unanswered = now - last > GIVEN_UP_WAIT
        return Outcome("unanswered" if unanswered else "opening", last if unanswered else None)
    if dead is not None:
        slot, sent = dead
        return Outcome("lost", slot.last_time, sent)
    if story.established is None:
        return Outcome("partial")
    last = _last_sign(story.channel)
    if now - last > SILENCE:
        return Outcome("lost", last)
    return Outcome("established")


def _stopped(story: Story) -> Outcome:
    """The first StopCCN tells; but a tunnel whose closer had waited in vain was lost before."""
    stop, sent = story.stops[0]
    dead = _in_vain(story, stop, sent)
    if story.stop_before_up:
        heard = any(frame.position < stop.position and other is not sent for frame, other, _ in story.verdicts)
        state = "unanswered" if dead or not heard else "refused"
        return Outcome(state, stop.time, sent, stop)
    return Outcome("lost" if dead else "closed", stop.time, sent, stop)


def _in_vain(story: Story, stop: ControlFrame, sent: bool) -> bool:
    """Whether the closer had sent a message again and again, without an acknowledgement, or without taking one for it: a
    daemon may ignore one that passed the tap (xl2tpd does, if the Ns of the ZLB is not the one it expects).
    """
    return any(
        slot.copies >= GIVEN_UP_COPIES and slot.first.position < stop.position and slot.first.type != "StopCCN"
        for slot in story.reliable.ways[sent].slots.values()
        if slot.acked_by is None or slot.acked_by.position > stop.position or slot.last_time > slot.acked_by.time
    )


def _given_up(story: Story, now: int) -> tuple[Slot, bool] | None:
    """The first message that was repeated without an acknowledgement until its sender fell silent about it."""
    for sent, way in story.reliable.ways.items():
        for slot in way.unacknowledged:
            if slot.copies >= GIVEN_UP_COPIES and now - slot.last_time > GIVEN_UP_WAIT and not _alive_after(story, slot, sent):
                return slot, sent
    return None


def _alive_after(story: Story, slot: Slot, sent: bool) -> bool:
    """Whether the silent side was heard after the last copy."""
    half = story.channel.to[sent]
    if half is None:
        return False
    return any(frame.time > slot.last_time for frame in half.frames) or any(series.last > slot.last_time for series in half.series)


def _last_sign(channel: Channel) -> int:
    times = [half.frames[-1].time for half in channel.halves if half.frames]
    return max(times + [series.last for half in channel.halves for series in half.series])


def call_outcome(call: Call, tunnel: Outcome) -> Outcome:
    """What became of a session, given what became of its tunnel. StopCCN ends all sessions without a CDN (RFC 2661 §5.7)."""
    if call.ended is not None:
        up = call.was_up or call.state is None or _carried(call)
        return Outcome("closed" if up else "refused", call.ended.time, call.ended_by, call.ended)
    up = call.was_up or _carried(call)
    if call.kind == "static" and tunnel.state == "partial":
        return Outcome("established" if up else "partial")
    if tunnel.state == "lost":
        return Outcome("lost", tunnel.closed, tunnel.by)
    if tunnel.closed is not None:
        late = call.request is not None and call.request.time > tunnel.closed  # asked for in a tunnel that was closed already
        return Outcome("closed" if up else "refused", None if late else tunnel.closed, tunnel.by)
    if up and tunnel.state != "partial":
        return Outcome("established")
    return Outcome("partial" if call.first is None else "opening")


def _carried(call: Call) -> bool:
    """Data both ways, or in the only direction that is there: the session was up, whatever was seen of its set-up."""
    there = [call.packets(side) > 0 for side in (True, False)]
    return any(there) if call.one_sided else all(there)
