"""ike_outcome: how far an IKE SA got, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from l2tpscope.analysis.ike_follow import IKE_AUTH, firsts
from l2tpscope.analysis.ike_story import IkeStory, Said
from l2tpscope.frames import Endpoint
from l2tpscope.frames.tables import NATT_PORT
from l2tpscope.model.ike import IkeFrame
from l2tpscope.wire.ike import Notify

SECOND = 1_000_000_000
STEPS_V1 = ("MM1", "AM1", "MM2", "MM3", "MM4", "AM2", "MM5", "AM3", "MM6", "QM1", "QM2", "QM3")
STEPS_V2 = ("IKE_SA_INIT request", "IKE_SA_INIT response", "IKE_AUTH request", "IKE_AUTH response")
PATIENCE = 20 * SECOND
"""A request older than this, or sent again, that nobody answered was given up; the first repeat of every daemon comes earlier."""
SMALLEST_AUTH = 120
"""Octets of an IKE_AUTH response: identity, proof, SA and selectors do not fit in less, an error notify does (RFC 7296 §1.2)."""
GONE = 3
"""Messages that one side sends in vain before it is taken for gone."""
GONE_AFTER = 5 * SECOND
ANSWERS_WITHIN = SECOND
MOST_COMPARED = 32
"""IKE SAs between the same addresses that a new one is compared with: the last ones."""
GIVES_WAY = 120 * SECOND
"""An SA that was replaced is deleted within this time."""


@dataclass(slots=True)
class IkeOutcome:
    """The state of one IKE SA in the end."""

    state: str
    furthest: str | None
    established: IkeFrame | None = None
    closed: int | None = None
    closed_by: str | None = None


def relate(stories: Sequence[IkeStory]) -> None:
    """Find which IKE SAs came up, and which took whose place."""
    for story in stories:
        story.established = _established(story)
    _replacements(stories)


def settle(stories: Sequence[IkeStory], end: int, closings: Mapping[int, Said]) -> dict[int, IkeOutcome]:
    """The outcome of each IKE SA, by its number. *closings*: by number, the message that deletes the SA, where one is likely."""
    for story in stories:
        closing = closings.get(story.number)
        if closing is not None:
            story.closed, story.closed_by = closing.frame, closing.from_initiator
    return {story.number: _outcome(story, end) for story in stories}


def began(story: IkeStory) -> bool:
    """Whether its first message is in the capture."""
    return any(said.name in ("MM1", "AM1", "IKE_SA_INIT request") for said in story.said)


def furthest(story: IkeStory) -> str | None:
    """The last step of the set-up that was seen."""
    steps = STEPS_V1 if story.version == 1 else STEPS_V2
    there = {said.name for said in story.said}
    return max((step for step in there if step in steps), key=steps.index, default=None)


def _established(story: IkeStory) -> IkeFrame | None:
    """The message after which both sides have the SA; or the first that only an established SA sends."""
    if story.version == 2:
        return _established_v2(story)
    proofs = ("MM6", "AM3", "QM1", "QM2", "QM3", "TRANSACTION")
    proof = next((said for said in firsts(story, lambda said: said.name in proofs)), None)
    if proof is None and not began(story) and story.said:
        return story.said[0].frame
    if proof is not None and proof.name == "AM3" and not proof.frame.message.encrypted and proof.frame.octets < 60:
        return None
    return proof.frame if proof is not None else None


def _established_v2(story: IkeStory) -> IkeFrame | None:
    replies = [said for said in firsts(story) if said.frame.message.exchange == IKE_AUTH and said.frame.message.is_response]
    later = next((said for said in firsts(story) if said.frame.message.exchange not in (34, IKE_AUTH, 43)), None)
    if replies and replies[-1].frame.octets >= SMALLEST_AUTH:
        return replies[-1].frame
    if later is not None and (not replies or len(replies) > 1):
        return replies[-1].frame if replies else later.frame
    return None


def _replacements(stories: Sequence[IkeStory]) -> None:
    """An SA between the same hosts that was set up while the older one still spoke took its place."""
    groups: dict[frozenset[bytes], list[IkeStory]] = {}
    for story in stories:
        if story.established is not None:
            groups.setdefault(frozenset((story.initiator.address, story.responder.address)), []).append(story)
    for group in groups.values():
        group.sort(key=lambda story: story.sa.frames[0].position)
        for index, new in enumerate(group):
            older = group[max(0, index - MOST_COMPARED) : index]
            fitting = [
                old for old in older if old.replaced_by is None and same_hosts(old, new) and overlaps(old, new) and _gives_way(old, new)
            ]
            if fitting:
                fitting[-1].replaced_by = new


def same_hosts(old: IkeStory, new: IkeStory) -> bool:
    """Whether both run between the same two hosts. Behind one NAT hosts may share port 500, but after the move each has its own."""
    return bool(_flows(old) & _flows(new))


def _flows(story: IkeStory) -> set[frozenset[Endpoint]]:
    """The pairs of endpoints that it runs between; where it moved to port 4500, only those from then on."""
    every = {frozenset((said.frame.sender, said.frame.receiver)) for said in story.said}
    moved = {ends for ends in every if any(end.port == NATT_PORT for end in ends)}
    return moved or every


def overlaps(old: IkeStory, new: IkeStory) -> bool:
    """Whether both sides of the old one still spoke when the new one began: a host that forgot the old one says nothing there."""
    begin = new.sa.frames[0].time
    return {said.from_initiator for said in old.said if said.frame.time >= begin} == {True, False}


def _gives_way(old: IkeStory, new: IkeStory) -> bool:
    """Whether the old one fell silent soon after: two that both go on stand beside each other."""
    assert new.established is not None
    return old.said[-1].frame.time <= new.established.time + GIVES_WAY


def _outcome(story: IkeStory, end: int) -> IkeOutcome:
    result = IkeOutcome("partial", furthest(story), story.established)
    last = story.sa.frames[-1]
    closing = story.closed
    if story.replaced_by is not None:
        result.state = "replaced"
    elif closing is not None and story.established is not None:
        result.state = "closed"
    elif story.established is None and began(story):
        _unfinished(story, end, result)
        return result
    elif _gone(story):
        result.state, result.closed = "lost", last.time
    elif began(story):
        result.state = "established"
    if closing is not None:
        result.closed = closing.time
        result.closed_by = "initiator" if story.closed_by else "responder"
    return result


def _unfinished(story: IkeStory, end: int, result: IkeOutcome) -> None:
    """Of an SA that never came up."""
    repeated = any(said.copies > 1 for said in story.said)
    idle = end - story.sa.frames[-1].time
    given_up = repeated or idle > PATIENCE
    refusal = refused(story)
    if refusal is not None:
        result.state, result.closed = "refused", refusal.frame.time
        result.closed_by = "initiator" if refusal.from_initiator else "responder"
    elif len({said.from_initiator for said in story.said}) == 1:
        result.state = "unanswered" if given_up else "opening"
    else:
        result.state = "failed" if given_up else "opening"
    if result.state in ("unanswered", "failed"):
        result.closed = story.sa.frames[-1].time


def refused(story: IkeStory) -> Said | None:
    """The message that says no: an error in clear; or one that is encrypted and stands in place of the answer that was due."""
    for said in firsts(story):
        message = said.frame.message
        if any(isinstance(payload, Notify) and payload.is_error for payload in message.payloads) and not _asks_again(said):
            return said
        if story.version == 2 and message.exchange == IKE_AUTH and message.is_response and said.frame.octets < SMALLEST_AUTH:
            return said
    if story.version == 1 and story.established is None:
        asked = next((said for said in firsts(story) if said.name in ("MM5", "AM2")), None)
        if asked is not None:
            return next((said for said in firsts(story) if _answers_no(said, asked)), None)
    return None


def _answers_no(said: Said, asked: Said) -> bool:
    return (
        said.name == "INF"
        and said.frame.message.encrypted
        and said.from_initiator != asked.from_initiator
        and said.frame.position > asked.frame.position
    )


def _asks_again(said: Said) -> bool:
    """Errors after which the set-up goes on: INVALID_KE_PAYLOAD (RFC 7296 §1.2) asks for another group."""
    return (
        any(isinstance(payload, Notify) and payload.type == 17 for payload in said.frame.message.payloads) and said.frame.message.major == 2
    )


def _gone(story: IkeStory) -> bool:
    """One side went on asking, and the other said nothing any more. What comes right after the other's last word is an answer to it."""
    side = story.said[-1].from_initiator
    heard = max((said.frame.time for said in story.said if said.from_initiator is not side), default=None)
    vain = [said.frame.time for said in story.said if heard is None or said.frame.time > heard + ANSWERS_WITHIN]
    return heard is not None and len(vain) >= GONE and vain[-1] - vain[0] >= GONE_AFTER
