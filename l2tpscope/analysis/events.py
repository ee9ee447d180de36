"""events: the timeline: dated facts, each with its frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from l2tpscope.analysis.follow import Story
from l2tpscope.analysis.names import endpoint_name, result_columns
from l2tpscope.analysis.outcome import Outcome, call_outcome
from l2tpscope.analysis.rows import EventRow
from l2tpscope.frames import Endpoint
from l2tpscope.model.channel import Call
from l2tpscope.model.flood import Flood
from l2tpscope.model.half import ControlFrame, Half
from l2tpscope.model.refusal import Refusal
from l2tpscope.model.trace import Trace
from l2tpscope.track.reliable import Slot

REPEATED = 3
"""A message sent this often is an event."""


def measure_events(stories: Sequence[tuple[Story, Outcome]], trace: Trace) -> list[EventRow]:
    """All events in the order of time."""
    rows = [row for story, outcome in stories for row in _of_tunnel(story, outcome)]
    rows += [_refused(refusal, [story for story, _ in stories]) for refusal in trace.refusals]
    if trace.flood.count:
        rows.append(_flood(trace.flood))
    rows.sort(key=lambda row: (row.time, row.frame or 0))
    return rows


def _flood(flood: Flood) -> EventRow:
    over = (flood.last - flood.first) / 1e9
    detail = f"{flood.count} SCCRQs without an answer, beyond those in the tables, from about {flood.sources} addresses in {over:.1f} s, "
    return EventRow(flood.first, flood.capture, None, "capture", "flood", f"{detail}at most {flood.peak} in one second")


def _refused(refusal: Refusal, stories: list[Story]) -> EventRow:
    """An ICMP error, told of the tunnel that it is about, to the last that began before it between these endpoints."""
    ends = {refusal.sender, refusal.receiver}
    about = [
        story.channel
        for story in stories
        if {story.channel.endpoint(True), story.channel.endpoint(False)} == ends and story.channel.begin <= refusal.first
    ]
    subject = f"tunnel {about[-1].number}" if about else "capture"
    said = f"ICMP {refusal.error}" + (f" (MTU {refusal.mtu})" if refusal.mtu else "")
    datagram = f"{endpoint_name(refusal.sender)} to {endpoint_name(refusal.receiver)}"
    times = f", {refusal.count} times in {(refusal.last - refusal.first) / 1e9:.1f} s" if refusal.count > 1 else ""
    reporter = endpoint_name(Endpoint(refusal.reporter, None))
    return EventRow(refusal.first, refusal.capture, refusal.frame, subject, "icmp error", f"{said} from {reporter}: {datagram}{times}")


def _row(frame: ControlFrame, subject: str, event: str, detail: str) -> EventRow:
    return EventRow(frame.time, frame.capture, frame.frame, subject, event, detail)


def _of_tunnel(story: Story, outcome: Outcome) -> Iterator[EventRow]:
    subject = f"tunnel {story.channel.number}"
    for message, event in (("SCCRQ", "opening"), ("SCCRP", "answered")):
        frame = story.first.get(message)
        if frame is not None:
            yield _row(frame, subject, event, f"{message} from {endpoint_name(frame.sender)}")
    if story.established is not None:
        how = "" if story.established.type == "SCCCN" else " (already up: the set-up is not in the capture)"
        yield _row(story.established, subject, "established", f"{story.established.type}{how}")
    for number, (frame, sent) in enumerate(story.stops):
        crossing = " (crosses the first one)" if number else ""
        yield _row(frame, subject, outcome.state if not number else "closed", f"StopCCN from {_who(sent)}{crossing}: {_why(frame)}")
    if not story.stops and outcome.closed is not None:
        yield EventRow(outcome.closed, story.channel.capture, None, subject, outcome.state, "no answer any more, and no StopCCN")
    yield from _odd(story, subject)
    for call in story.channel.calls:
        yield from _of_call(call, outcome)


def _odd(story: Story, subject: str) -> Iterator[EventRow]:
    """Repeats, moves, violations."""
    for sent, way in story.reliable.ways.items():
        yield from (_repeated(slot, subject, sent) for slot in way.slots.values() if slot.copies >= REPEATED)
    for half in story.channel.halves:
        yield from _moved(half, subject)
    for frame, _, _ in story.verdicts:
        if frame.position in story.violations:
            yield _row(frame, subject, "violation", story.violations[frame.position])


def _of_call(call: Call, tunnel: Outcome) -> Iterator[EventRow]:
    subject = f"session {call.number}"
    series = [one for several in call.series.values() for one in several]
    if call.kind == "static" and series:
        first = min(series, key=lambda one: one.first)
        yield EventRow(first.first, first.capture, None, subject, "data", f"the first packets of a static session, id {first.session}")
    if call.request is not None:
        yield _row(call.request, subject, "opening", call.request.type)
    if call.connected is not None:
        yield _row(call.connected, subject, "established", call.connected.type)
    if call.ended is not None:
        yield _row(call.ended, subject, call_outcome(call, tunnel).state, f"CDN from {_who(call.ended_by)}: {_why(call.ended)}")


def _who(initiator: bool | None) -> str:
    return "initiator" if initiator else "responder"


def _why(frame: ControlFrame) -> str:
    columns = result_columns(frame)
    parts = [columns["result"], columns["error"] if columns["error_code"] else None]
    text = ", ".join(part for part in parts if part) or "no result code"
    return f'{text}, "{columns["error_message"]}"' if columns["error_message"] else text


def _repeated(slot: Slot, subject: str, sent: bool) -> EventRow:
    over = (slot.last_time - slot.first.time) / 1e9
    end = "never acknowledged" if slot.acked_by is None else f"acknowledged after {(slot.acked_by.time - slot.first.time) / 1e9:.3f} s"
    detail = f"{slot.first.type} Ns {slot.first.ns} from {_who(sent)} sent {slot.copies} times in {over:.1f} s, {end}"
    return _row(slot.first, subject, "repeated", detail)


def _moved(half: Half, subject: str) -> Iterator[EventRow]:
    """The sender of a half goes on from another port or address: a NAT forgot its mapping, or it roams."""
    before = None
    for frame in half.frames:
        if before is not None and frame.sender != before:
            yield _row(frame, subject, "moved", f"{endpoint_name(before)} goes on as {endpoint_name(frame.sender)}")
        before = frame.sender
