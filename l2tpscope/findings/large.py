"""What the rules ask of IKE messages that are too large for one packet: which part of them does not come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from l2tpscope.analysis.names import endpoint_name
from l2tpscope.analysis.rows import Grade, IkeMessageRow, IkeSaRow
from l2tpscope.core.endpoints import split
from l2tpscope.findings.case import Case, places
from l2tpscope.findings.ike import named
from l2tpscope.findings.rule import Place
from l2tpscope.frames.torn import Torn
from l2tpscope.wire.ike import exchange_name

PIECES = frozenset({"SKF", "FRAG"})
"""Payloads of a message that IKE itself took to pieces (RFC 7383 §2.5; IKEv1: Cisco)."""
AGAIN = 2
"""A message that is sent again was not answered in time; once may be chance."""
LARGE = 1400
"""Octets of an IKE message that most paths take only as IP fragments: beside them are headers of 28 octets and more."""
OF_PIECES = (
    "a piece is lost each time: the path takes smaller packets than its ends believe, or a firewall drops it",
    "the message arrives, and its receiver says nothing (libreswan to a wrong key)",
    "the answer is lost on the way back",
)
OR_BLOCKED = "UDP 4500 is filtered on the way or at the receiver: nothing has come back from there"
CAPTURE_THERE = (
    "capture at the receiver at the same time. A piece that does not arrive is lost on the way: let the sender make smaller ones"
    " (strongSwan: `charon.fragment_size`), or shorten the chain of certificates. If all arrive, the receiver's log says why it is silent."
)
OPEN_PORT = "make sure that UDP 4500 is open at the receiver and on the way; then "
OPEN = ("failed", "opening", "unanswered")
PROOFS = ("MM5", "IKE_AUTH request")
MAIN = {None: "MM1", "MM1": "MM1", "MM2": "MM3", "MM3": "MM4", "MM4": "MM5", "MM5": "MM6"}
"""What is due after a step of Main Mode."""
CLIENTS, SERVERS = ("MM1", "MM3", "MM5"), ("MM2", "MM4", "MM6")
NO_LATER = "no later fragment of UDP is in the capture at all: a filter such as 'udp port 500' takes the first ones alone"


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A large message that gets no answer, and how that is known."""

    summary: str
    evidence: tuple[Place, ...]
    first: int
    last: int
    grade: Grade
    against: tuple[str, ...] = ()
    alternatives: tuple[str, ...] | None = None
    advice: str | None = None


def unanswered(case: Case, row: IkeSaRow) -> Unanswered | None:
    """The large message of an IKE SA that stops it; None: nothing says that size is why."""
    if row.established is not None or row.state not in OPEN:
        return None
    torn = next((one for one in case.torn_ike.get(row.ike_sa, []) if one.count >= AGAIN), None)
    if torn is not None:
        return _torn(case, row, torn)
    messages = case.ike_messages(row)
    return next(_in_pieces(case, row, messages), None) or _whole(case, row, messages)


def _torn(case: Case, row: IkeSaRow, torn: Torn) -> Unanswered:
    client = endpoint_name(torn.sender._replace(port=None)) == split(row.initiator)[0]
    name = exchange_name(row.version, torn.exchange or 0)
    if row.version == 1 and row.exchange == "main":
        name = MAIN.get(row.furthest, "")
        name = name if name in (CLIENTS if client else SERVERS) else "a message of Main Mode"
    said = case.ike_messages(row)
    evidence = sorted([*places(said[:6]), *(Place(*place) for place in torn.places[:6])])
    return Unanswered(
        f"{name} from the {'client' if client else 'server'} ({torn.octets} octets) comes {torn.count} times as IP fragments of which"
        " only some are here, the first among them, and IKE stops there",
        tuple(evidence),
        torn.first,
        torn.last,
        case.absent("likely" if torn.later else "hint"),
        () if torn.later else (NO_LATER,),
    )


def _in_pieces(case: Case, row: IkeSaRow, messages: Sequence[IkeMessageRow]) -> Iterator[Unanswered]:
    """Messages that IKE took to pieces, all of which one side sends again, while the other says nothing new."""
    for direction, who in (("to_responder", "client"), ("to_initiator", "server")):
        mine = [one for one in messages if one.direction == direction and not PIECES.isdisjoint(one.payloads)]
        again = [one for one in mine if one.fit == "retransmission"]
        if len(again) < AGAIN:
            continue
        answers = [one for one in messages if one.direction != direction and one.time > mine[0].time and one.fit == "new"]
        if answers:
            continue
        pieces = len(mine) - len(again)
        summary = f"{mine[0].name} from the {who} goes in {pieces} pieces, is sent again and again, and the other side does not go on"
        alternatives, advice = ((OR_BLOCKED, *OF_PIECES), OPEN_PORT + CAPTURE_THERE) if row.natt else (OF_PIECES, CAPTURE_THERE)
        ends = mine[0].time, mine[-1].time
        yield Unanswered(summary, places(mine), *ends, case.absent("likely"), alternatives=alternatives, advice=advice)


def _whole(case: Case, row: IkeSaRow, messages: Sequence[IkeMessageRow]) -> Unanswered | None:
    """One that is here as a whole, and of which a part may be lost behind this point. On UDP 4500 that port may be blocked as well."""
    proof = [one for one in named(messages, *PROOFS) if one.octets >= LARGE]
    if row.natt or len(proof) < AGAIN or any(one.direction != proof[0].direction and one.time > proof[0].time for one in messages):
        return None
    summary = f"{proof[0].name} of {proof[0].octets} octets, more than most packets hold, is sent again and again and not answered"
    return Unanswered(summary, places(proof), proof[0].time, proof[-1].time, case.absent("likely"))
