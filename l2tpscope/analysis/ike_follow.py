"""ike_follow: one IKE SA replayed: who is the initiator, what each message is, what answers what.

IKEv1 messages are named by what is in clear: the exchange type, whether it is encrypted, payloads, who sends (RFC 2409 §5);
those of IKEv2 by their exchange and flags (RFC 7296 §3.1). A retransmission is byte-identical (RFC 2408 §5.1, RFC 7296 §2.1).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

from l2tpscope.analysis.ike_story import Child, IkeStory, Said
from l2tpscope.frames import Endpoint
from l2tpscope.model.ike import IkeFrame, IkeSa
from l2tpscope.wire.ike import Fragment, chosen, exchange_name

MAIN, AGGRESSIVE, INFORMATIONAL, TRANSACTION, QUICK = 2, 4, 5, 6, 32
IKE_SA_INIT, IKE_AUTH, CREATE_CHILD_SA, INFORMATIONAL_V2 = 34, 35, 36, 37
IKE_PORTS = (500, 4500)
LONGEST_QM3 = 124
"""Octets: HASH alone with any hash is no more, and a proposal with nonce and ids is."""
STEPS = {"MM1": None, "MM2": "MM1", "MM3": "MM2", "MM4": "MM3", "MM5": "MM4", "MM6": "MM5", "AM2": "AM1", "AM3": "AM2"}
"""Of phase 1: what each message answers."""


def follow(sa: IkeSa, number: int) -> IkeStory:
    """The story of one IKE SA; *number* is its running number."""
    frames = sa.frames
    version = 2 if frames[0].message.major == 2 else 1
    sides, roles_seen = _sides(sa, version)
    first = frames[0]
    ends = (first.sender, first.receiver) if sides[0] else (first.receiver, first.sender)
    story = IkeStory(sa, number, version, *ends, roles_seen)
    names = _names_v1(frames, sides) if version == 1 else [_name_v2(frame) for frame in frames]
    story.said = _said(frames, sides, names)
    for each in story.said:
        story.initiator, story.responder = (
            (each.frame.sender, each.frame.receiver) if each.from_initiator else (each.frame.receiver, each.frame.sender)
        )
    (_pair_v1 if version == 1 else _pair_v2)(story)
    _agree(story)
    return story


# ---- who is who ------------------------------------------------------------------------------------------------------


def _sides(sa: IkeSa, version: int) -> tuple[list[bool], bool]:
    """Of each frame whether the initiator sent it, and whether that is known rather than guessed."""
    frames = sa.frames
    if version == 2:
        return [frame.message.from_initiator_flag for frame in frames], True
    first = frames[0]
    seen = first.message.responder_spi == 0 and not first.message.encrypted
    initiator, responder = first.sender, first.receiver
    if not seen and not _first_is_initiator(frames):
        initiator, responder = responder, initiator
    sides = []
    for frame in frames:
        side = _is_from(frame, initiator, responder)
        sides.append(side)
        initiator, responder = (frame.sender, frame.receiver) if side else (frame.receiver, frame.sender)
    return sides, seen


def _is_from(frame: IkeFrame, initiator: Endpoint, responder: Endpoint) -> bool:
    """Whether the initiator sent it: by endpoint, then by address; a side that moved is told by the one that did not."""
    for one, other in ((frame.sender, frame.receiver), (frame.sender.address, frame.receiver.address)):
        here, there = (initiator, responder) if isinstance(one, Endpoint) else (initiator.address, responder.address)
        if one == here and one != there:
            return True
        if one == there and one != here:
            return False
        if other in (here, there) and here != there:
            return bool(other == there)
    return True


def _first_is_initiator(frames: list[IkeFrame]) -> bool:
    """A guess for an SA of which the begin is missing: a port that a NAT gave, else who begins a Quick Mode, else who is first."""
    first = frames[0]
    odd = (first.sender.port not in IKE_PORTS, first.receiver.port not in IKE_PORTS)
    if odd[0] != odd[1]:
        return odd[0]
    for frame in frames:
        if frame.message.exchange == QUICK:
            return frame.sender.address == first.sender.address
    return True


# ---- names -----------------------------------------------------------------------------------------------------------


def _names_v1(frames: list[IkeFrame], sides: list[bool]) -> list[str]:
    names = ["INF"] * len(frames)
    quick: dict[int, list[int]] = defaultdict(list)
    for index, (frame, side) in enumerate(zip(frames, sides, strict=True)):
        exchange = frame.message.exchange
        if exchange == MAIN:
            names[index] = _main(frame, side)
        elif exchange == AGGRESSIVE:
            names[index] = _aggressive(frame, side)
        elif exchange == QUICK:
            quick[frame.message.message_id].append(index)
        elif exchange == TRANSACTION:
            names[index] = "TRANSACTION"
        elif exchange != INFORMATIONAL:
            names[index] = exchange_name(1, exchange)
    for indices in quick.values():
        for index, name in zip(indices, _quick([frames[i] for i in indices], [sides[i] for i in indices]), strict=True):
            names[index] = name
    return names


def _main(frame: IkeFrame, from_initiator: bool) -> str:
    """By what is in it: SA, then keys, then everything encrypted; the initiator sends the odd ones."""
    message = frame.message
    if message.encrypted:
        step = 5
    elif message.responder_spi == 0 or "SA" in message.payload_names:
        step = 1
    elif "FRAG" in message.payload_names:
        step = 5  # only long messages are sent in fragments: those with certificates
    else:
        step = 3
    return f"MM{step + (not from_initiator)}"


def _aggressive(frame: IkeFrame, from_initiator: bool) -> str:
    if not from_initiator:
        return "AM2"
    return "AM1" if frame.message.responder_spi == 0 or "SA" in frame.message.payload_names else "AM3"


def _quick(frames: list[IkeFrame], sides: list[bool]) -> list[str]:
    """Names in one Quick Mode. Only the third is short, so that who asked is known even where the first was missed."""
    short = [side for frame, side in zip(frames, sides, strict=True) if frame.octets <= LONGEST_QM3]
    asker = short[0] if short and len(frames) > 1 else sides[0]
    if len(frames) == 1 and short:
        return ["QM3"]
    return [
        ("QM1" if frame.octets > LONGEST_QM3 else "QM3") if side == asker else "QM2" if frame.octets > LONGEST_QM3 else "QM4"
        for frame, side in zip(frames, sides, strict=True)
    ]


def _name_v2(frame: IkeFrame) -> str:
    return f"{exchange_name(2, frame.message.exchange)} {'response' if frame.message.is_response else 'request'}"


# ---- pairs -----------------------------------------------------------------------------------------------------------


def _said(frames: list[IkeFrame], sides: list[bool], names: list[str]) -> list[Said]:
    """Every message, with those that repeat an earlier one byte by byte marked."""
    first: dict[tuple[bool, int], Said] = {}
    result = []
    for frame, side, name in zip(frames, sides, names, strict=True):
        said = Said(frame, side, name)
        original = first.setdefault((side, frame.digest), said)
        if original is not said:
            original.copies += 1
            said.fit, said.original = "retransmission", original.frame
        result.append(said)
    return result


def _pair_v1(story: IkeStory) -> None:
    latest: dict[str, Said] = {}
    by_message: dict[int, dict[str, Said]] = defaultdict(dict)
    for said in story.said:
        if said.fit == "retransmission":
            continue
        asked: Said | None = None
        if said.name in STEPS:
            asked = latest.get(STEPS[said.name] or "")
            if said.name in latest and not _part(said):
                said.fit = "violation"
                continue
            latest[said.name] = said
        elif said.name in ("QM1", "QM2", "QM3", "QM4"):
            group = by_message[said.frame.message.message_id]
            asked = group.get(f"QM{int(said.name[2]) - 1}")
            group.setdefault(said.name, said)
            _child_v1(story, said)
        elif said.name == "INF":
            asked = _refused(said, latest)
        if asked is not None and asked.from_initiator != said.from_initiator:
            said.reply_to = asked.frame


def _part(said: Said) -> bool:
    """Whether it is one fragment of several."""
    return any(isinstance(payload, Fragment) for payload in said.frame.message.payloads)


def _refused(said: Said, latest: dict[str, Said]) -> Said | None:
    """The message of phase 1 that an error in clear answers: the last of the other side."""
    if said.frame.message.encrypted:
        return None
    others = [one for one in latest.values() if one.from_initiator != said.from_initiator]
    return max(others, key=lambda one: one.frame.position, default=None)


def _child_v1(story: IkeStory, said: Said) -> None:
    message_id = said.frame.message.message_id
    child = next((one for one in reversed(story.children) if one.message_id == message_id), None)
    if child is None:
        asker = said.from_initiator if said.name in ("QM1", "QM3") else not said.from_initiator
        child = Child(message_id, said.frame, asker)
        story.children.append(child)
    if said.name == "QM1":
        child.asked = said.frame
    elif said.name == "QM2":
        child.answered = child.answered or said.frame
    elif said.name == "QM3":
        child.completed = child.completed or said.frame


def _pair_v2(story: IkeStory) -> None:
    """A response has the message ID of its request, from the other side (RFC 7296 §2.2)."""
    requests: dict[tuple[bool, int, int], Said] = {}
    bodies: dict[tuple[bool, int, bool], set[int]] = defaultdict(set)
    for said in story.said:
        if said.fit == "retransmission":
            continue
        message = said.frame.message
        response = message.is_response
        asker = said.from_initiator != response
        seen = bodies[asker, message.message_id, response]
        if seen and not _part(said) and message.exchange != IKE_SA_INIT:
            said.fit = "violation"
            continue
        seen.add(said.frame.digest)
        key = (asker, message.message_id, message.exchange)
        if not response:
            requests[key] = said
        elif key in requests:
            said.reply_to = requests[key].frame
        if message.exchange in (IKE_AUTH, CREATE_CHILD_SA):
            _child_v2(story, said, asker)


def _child_v2(story: IkeStory, said: Said, asker: bool) -> None:
    message = said.frame.message
    child = next((one for one in reversed(story.children) if one.message_id == message.message_id and one.from_initiator == asker), None)
    if child is None:
        child = Child(message.message_id, said.frame, asker)
        story.children.append(child)
    if message.is_response:
        child.answered = child.completed = said.frame
    else:
        child.asked = said.frame


# ---- what was agreed -------------------------------------------------------------------------------------------------


def _agree(story: IkeStory) -> None:
    """The protection of the messages to come, as the responder chose it."""
    for said in story.said:
        if said.from_initiator or said.frame.message.encrypted:
            continue
        agreed = chosen(said.frame.message)
        if agreed is not None:
            story.agreed = agreed
            story.cipher_block, story.hash_octets = agreed.cipher_block_octets, agreed.hash_octets
            return


def firsts(story: IkeStory, wanted: Callable[[Said], bool] = lambda _: True) -> Iterable[Said]:
    """The first copies that are *wanted*."""
    return (said for said in story.said if said.fit == "new" and wanted(said))
