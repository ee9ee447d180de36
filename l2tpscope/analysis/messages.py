"""messages: one row a control frame."""

from __future__ import annotations

from collections.abc import Iterable

from l2tpscope.analysis.follow import Story
from l2tpscope.analysis.rows import MessageRow
from l2tpscope.model.half import ControlFrame
from l2tpscope.track.reliable import Fit, Verdict
from l2tpscope.wire.l2tp import ControlMessage


def measure_messages(stories: Iterable[Story]) -> list[MessageRow]:
    """Every control frame of every tunnel, in the order of the capture."""
    return [_row(story, frame, sent, verdict) for story, (frame, sent, verdict) in _placed(stories)]


def decoded_messages(stories: Iterable[Story]) -> list[ControlMessage | None]:
    """What was decoded of each row of `measure_messages`; None where there is nothing but the header."""
    return [frame.message for _, (frame, _, _) in _placed(stories)]


def _placed(stories: Iterable[Story]) -> list[tuple[Story, tuple[ControlFrame, bool, Verdict]]]:
    placed = [(story, seen) for story in stories for seen in story.verdicts]
    placed.sort(key=lambda pair: pair[1][0].position)
    return placed


def _row(story: Story, frame: ControlFrame, sent: bool, verdict: Verdict) -> MessageRow:
    call = story.calls_of.get(frame.position)
    violation = story.violations.get(frame.position)
    slot = verdict.slot
    again = slot is not None and verdict.fit is Fit.RETRANSMISSION
    anomalies = [str(anomaly.what) for anomaly in frame.message.anomalies] if frame.message is not None else []
    anomalies += [text for text in (verdict.anomaly, violation) if text is not None]
    return MessageRow(
        capture=frame.capture,
        frame=frame.frame,
        time=frame.time,
        tunnel=story.channel.number,
        session=call.number if call is not None else None,
        direction="to_responder" if sent else "to_initiator",
        message=frame.type,
        ns=frame.ns if frame.ns >= 0 else None,
        nr=frame.nr if frame.nr >= 0 else None,
        octets=frame.octets,
        fit=Fit.VIOLATION.value if violation is not None else verdict.fit.value,
        retransmission_of=slot.first.frame if again and slot is not None else None,
        acked_by=slot.acked_by.frame if slot is not None and slot.acked_by is not None else None,
        anomalies=anomalies,
    )
