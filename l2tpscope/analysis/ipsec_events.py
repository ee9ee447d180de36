"""ipsec_events: the dated facts of IKE SAs and of the ESP that they made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from l2tpscope.analysis.esp_rows import Place
from l2tpscope.analysis.ike_follow import firsts
from l2tpscope.analysis.ike_outcome import IkeOutcome, began
from l2tpscope.analysis.ike_story import IkeStory, Said
from l2tpscope.analysis.names import endpoint_name
from l2tpscope.analysis.rows import EventRow
from l2tpscope.frames.tables import IKE_PORT, NATT_PORT
from l2tpscope.model.flood import Flood
from l2tpscope.model.ike import IkeFrame

REPEATED = 3
"""A message sent this often is an event."""


def ike_events(stories: Sequence[IkeStory], outcomes: Mapping[int, IkeOutcome], flood: Flood) -> list[EventRow]:
    """What happened to each IKE SA."""
    rows = [row for story in stories for row in _of_sa(story, outcomes[story.number])]
    if flood.count:
        over = (flood.last - flood.first) / 1e9
        detail = f"{flood.count} requests for an IKE SA without an answer, beyond those in the tables, in {over:.1f} s"
        rows.append(EventRow(flood.first, flood.capture, None, "capture", "flood", detail))
    return rows


def _of_sa(story: IkeStory, outcome: IkeOutcome) -> Iterator[EventRow]:
    subject = f"ike_sa {story.number}"
    first = story.said[0]
    if began(story):
        yield _row(first.frame, subject, "opening", f"{first.name} from {endpoint_name(first.frame.sender)}")
    answer = next((said for said in firsts(story) if said.from_initiator != first.from_initiator), None)
    if answer is not None and began(story):
        yield _row(answer.frame, subject, "answered", f"{answer.name} from {endpoint_name(answer.frame.sender)}")
    if outcome.established is not None and began(story):
        yield _row(outcome.established, subject, "established", next(s.name for s in story.said if s.frame is outcome.established))
    yield from _children(story, subject)
    yield from _moves(story, subject)
    for said in firsts(story, lambda said: said.copies >= REPEATED):
        yield _repeated(story, said, subject)
    if outcome.state in ("refused", "failed", "unanswered", "lost", "closed", "replaced") and outcome.closed is not None:
        by = f" by the {outcome.closed_by}" if outcome.closed_by else ""
        yield EventRow(outcome.closed, first.frame.capture, None, subject, outcome.state, f"at {outcome.furthest or 'an unknown step'}{by}")


def _children(story: IkeStory, subject: str) -> Iterator[EventRow]:
    for number, child in enumerate(story.children):
        who = "initiator" if child.from_initiator else "responder"
        what = "child SAs asked for" if not number else "new child SAs asked for"
        state = "" if child.completed is not None else "; never completed" if child.answered is None else "; answered, not completed"
        yield _row(child.asked, subject, what, f"by the {who}{state}")


def _moves(story: IkeStory, subject: str) -> Iterator[EventRow]:
    """Each side's changes of endpoint, the one to port 4500 among them."""
    before: dict[bool, IkeFrame] = {}
    for said in story.said:
        frame, old = said.frame, before.get(said.from_initiator)
        if old is not None and old.sender != frame.sender:
            event = (
                "moved to port 4500"
                if NATT_PORT in (frame.sender.port, frame.receiver.port) and IKE_PORT in (old.sender.port, old.receiver.port)
                else "moved"
            )
            yield _row(frame, subject, event, f"{endpoint_name(old.sender)} goes on as {endpoint_name(frame.sender)}")
        before[said.from_initiator] = frame


def _repeated(story: IkeStory, said: Said, subject: str) -> EventRow:
    copies = [one.frame for one in story.said if one.original is said.frame]
    over = (copies[-1].time - said.frame.time) / 1e9
    answer = next((one.frame for one in story.said if one.reply_to is said.frame), None)
    end = "never answered" if answer is None else f"answered after {(answer.time - said.frame.time) / 1e9:.3f} s"
    who = "initiator" if said.from_initiator else "responder"
    return _row(said.frame, subject, "repeated", f"{said.name} from the {who} sent {said.copies} times in {over:.1f} s, {end}")


def esp_events(places: Iterable[Place]) -> list[EventRow]:
    """Begin of each SA, and where it went on from elsewhere."""
    rows = []
    for place in places:
        one, subject = place.series, f"esp_sa {place.number}"
        event = "rekeyed" if place.pair.before is not None else "first packet"
        way = f"{endpoint_name(one.sender)} to {endpoint_name(one.receiver)}, SPI 0x{one.spi:08x}"
        rows.append(EventRow(one.first, one.capture, one.frame, subject, event, way))
        before = (one.sender, one.receiver)
        for move in one.moves:
            for old, new in zip(before, (move.sender, move.receiver), strict=True):
                if old != new:
                    detail = f"{endpoint_name(old)} goes on as {endpoint_name(new)}"
                    rows.append(EventRow(move.time, move.capture, move.frame, subject, "moved", detail))
            before = (move.sender, move.receiver)
    return rows


def _row(frame: IkeFrame, subject: str, event: str, detail: str) -> EventRow:
    return EventRow(frame.time, frame.capture, frame.frame, subject, event, detail)
