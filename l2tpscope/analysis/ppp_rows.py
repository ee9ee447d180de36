"""ppp_rows: the table of PPP control packets, what they tell of each session, and the round trips and losses of their echoes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields
from typing import Any

from l2tpscope.analysis.ppp_story import ACK, ADDRESS, AUTHENTICATION, MRU, REQUEST, PppSaid, PppStory
from l2tpscope.analysis.rows import Direction, EventRow, LossRow, PppRow, RttRow
from l2tpscope.analysis.wilson import wilson
from l2tpscope.wire.ppp import PppFrame
from l2tpscope.wire.reader import decode_text

SECOND = 1_000_000_000
JUDGED_AFTER = 5 * SECOND
"""An echo without a reply is lost only if the capture goes on for so long; no path takes longer."""
NETWORK = ("IPCP", "IPV6CP")
FAILURES = {("CHAP", "Failure"), ("PAP", "Authenticate-Nak"), ("EAP", "Failure")}
SUCCESSES = {("CHAP", "Success"), ("PAP", "Authenticate-Ack"), ("EAP", "Success")}
USERS = {("CHAP", "Response"), ("PAP", "Authenticate-Request"), ("EAP", "Response")}
ECHO, ECHO_REPLY = "Echo-Request", "Echo-Reply"


def measure_ppp(stories: Iterable[PppStory], *, show_secrets: bool) -> list[PppRow]:
    """One row a control packet, in the order of the capture."""
    return [_row(story, said, show_secrets) for story, said in _placed(stories)]


def decoded_ppp(stories: Iterable[PppStory]) -> list[PppFrame]:
    """What was decoded of each row of `measure_ppp`, its secrets too."""
    return [said.seen.ppp for _, said in _placed(stories)]


def _placed(stories: Iterable[PppStory]) -> list[tuple[PppStory, PppSaid]]:
    return sorted(((story, said) for story in stories for said in story.said), key=lambda pair: pair[1].seen.position)


def _row(story: PppStory, said: PppSaid, show_secrets: bool) -> PppRow:
    seen = said.seen
    assert seen.ppp.packet is not None
    return PppRow(
        capture=seen.capture,
        frame=seen.frame,
        time=seen.time,
        session=story.call.number,
        direction=_direction(said.to_initiator),
        protocol=said.protocol,
        code=said.code,
        identifier=max(0, said.identifier),
        summary=seen.ppp.packet.summary(),
        secret=_secret(said) if show_secrets else None,
        reply_to=said.reply_to.seen.frame if said.reply_to is not None else None,
        anomalies=[str(anomaly) for anomaly in seen.ppp.anomalies],
    )


def _secret(said: PppSaid) -> str | None:
    packet = said.seen.ppp.packet
    if packet is None or packet.secret is None:
        return None
    return decode_text(packet.secret) if said.protocol == "PAP" else packet.secret.hex()


def _direction(to_initiator: bool) -> Direction:
    return "to_initiator" if to_initiator else "to_responder"


# ---- columns of sessions ---------------------------------------------------------------------------------------------


def session_columns(story: PppStory | None) -> dict[str, Any]:
    """The PPP columns of a session; all None where nothing of PPP was seen."""
    if story is None:
        return dict.fromkeys(
            ("ppp_auth", "ppp_user", "ppp_state", "ppp_reason", "assigned_ip", "peer_ip", "mru_to_responder", "mru_to_initiator")
        )
    return {
        "ppp_auth": _authentication(story),
        "ppp_user": _user(story),
        "ppp_state": _state(story),
        "ppp_reason": _reason(story),
        "assigned_ip": _option(story, "IPCP", ADDRESS, of_initiator=True),
        "peer_ip": _option(story, "IPCP", ADDRESS, of_initiator=False),
        "mru_to_responder": _mru(story, of_initiator=False),
        "mru_to_initiator": _mru(story, of_initiator=True),
    }


def _option(story: PppStory, protocol: str, option: int, *, of_initiator: bool) -> str | None:
    """What a side asked for itself and was granted."""
    request = story.agreed(protocol, to_initiator=not of_initiator)
    found = request.seen.ppp.packet.find(option) if request is not None and request.seen.ppp.packet is not None else None
    return found.value if found is not None else None


def _mru(story: PppStory, *, of_initiator: bool) -> int | None:
    """What a side is willing to receive, where it said so."""
    value = _option(story, "LCP", MRU, of_initiator=of_initiator)
    return int(value) if value is not None and value.isdecimal() else None


def _authentication(story: PppStory) -> str | None:
    """The method that a side asked of the other and got; else the one that was used; both sides' where both asked."""
    found = [_option(story, "LCP", AUTHENTICATION, of_initiator=side) for side in (False, True)]
    used = [said.protocol for said in story.said if (said.protocol, said.code) in USERS]
    names = list(dict.fromkeys(name for name in found if name)) or list(dict.fromkeys(used))
    return ", ".join(names) or None


def _user(story: PppStory) -> str | None:
    """The last name that a side gave to prove."""
    names = [
        said.seen.ppp.packet.peer
        for said in story.said
        if (said.protocol, said.code) in USERS and said.seen.ppp.packet is not None and said.seen.ppp.packet.peer
    ]
    return names[-1] if names else None


def _state(story: PppStory) -> str | None:
    """How far PPP got, or how it ended (RFC 1661 §3.2): the first of these that is so."""
    verdicts = [said for said in story.said if (said.protocol, said.code) in FAILURES | SUCCESSES]
    asked = [protocol for protocol in NETWORK if story.of(protocol, REQUEST)]
    states = (
        ("authentication failed", bool(verdicts) and (verdicts[-1].protocol, verdicts[-1].code) in FAILURES),
        ("terminated", bool(story.of("LCP", "Terminate-Request"))),
        ("up", any(_up(story, protocol) for protocol in NETWORK)),
        ("negotiating " + " and ".join(asked), bool(asked)),
        ("authenticated", bool(verdicts)),
        ("authenticating", any(said.protocol in ("PAP", "CHAP", "EAP") for said in story.said)),
        ("LCP up", _up(story, "LCP")),
        ("negotiating LCP", bool(story.of("LCP", REQUEST))),
    )
    return next((state for state, is_so in states if is_so), None)


def _reason(story: PppStory) -> str | None:
    """What the first packet that says no, or that ends it, says."""
    for said in story.said:
        packet = said.seen.ppp.packet
        ends = (said.protocol, said.code) in FAILURES or (said.protocol, said.code) == ("LCP", "Terminate-Request")
        if packet is not None and ends:
            words = packet.summary()
            who = "responder" if said.to_initiator else "initiator"
            return f"{said.protocol} {said.code} from the {who}" + (f": {words}" if words else "")
    return None


def _up(story: PppStory, protocol: str) -> bool:
    """Whether either side acknowledged what the other asked for."""
    return all(story.agreed(protocol, to_initiator=side) for side in (True, False))


# ---- round trips, echoes ---------------------------------------------------------------------------------------------


def measure_ppp_rtt(stories: Iterable[PppStory]) -> list[RttRow]:
    """A sample for each reply: `lcp-echo` is the path and the peer's PPP; `ppp-negotiation` holds its work, and a user's patience.

    Where a request was sent again under the same identifier before the reply, it is ambiguous.
    """
    return [row for story in stories for said in story.said if (row := _sample(story, said)) is not None]


def _sample(story: PppStory, said: PppSaid) -> RttRow | None:
    request = said.reply_to
    if request is None or said.seen.time < request.seen.time:
        return None
    echo = said.code == ECHO_REPLY
    rtt = (said.seen.time - request.seen.time) / 1e9
    return RttRow(
        time=said.seen.time,
        kind="lcp-echo" if echo else "ppp-negotiation",
        side="responder" if said.to_initiator else "initiator",
        tunnel=story.tunnel,
        session=story.call.number,
        ike_sa=None,
        esp_sa=None,
        capture=said.seen.capture,
        frame_request=request.seen.frame,
        frame_reply=said.seen.frame,
        rtt_s=rtt,
        rtt_low_s=None,
        quality="clean" if request.copies == 1 else "ambiguous",
    )


def measure_echo_loss(stories: Iterable[PppStory], end: int) -> list[LossRow]:
    """A row a session and direction in which echoes were asked for; `lost` are those without a reply, lost on either way.

    Not counted: requests after the last word of the other side (a peer that is gone loses nothing), and those at the end.
    """
    return [row for story in stories for to_initiator in (False, True) if (row := _echoes(story, to_initiator, end)) is not None]


def _echoes(story: PppStory, to_initiator: bool, end: int) -> LossRow | None:
    asked = [said for said in story.of("LCP", ECHO) if said.to_initiator is to_initiator]
    if not asked:
        return None
    answered = {id(said.reply_to) for said in story.of("LCP", ECHO_REPLY)}
    heard = max((series.last for series in story.call.series[not to_initiator]), default=0)
    judged = [said for said in asked if id(said) in answered or said.seen.time + JUDGED_AFTER <= min(heard, end)]
    given: dict[str, Any] = dict.fromkeys(each.name for each in fields(LossRow))
    given.update(
        space="lcp-echo", tunnel=story.tunnel, session=story.call.number, direction=_direction(to_initiator), capture_suspect=False
    )
    if not judged:
        given.update(measurable=False, why_not="nothing came back after the echo requests")
        return LossRow(**given)
    lost = sum(id(said) not in answered for said in judged)
    low, high = wilson(lost, len(judged))
    given.update(measurable=True, expected=len(judged), received=len(judged) - lost, lost=lost, pending=len(asked) - len(judged))
    given.update(loss_ratio=lost / len(judged), loss_low_ratio=low, loss_high_ratio=high)
    return LossRow(**given)


# ---- events ----------------------------------------------------------------------------------------------------------


def ppp_events(stories: Iterable[PppStory]) -> list[EventRow]:
    """When each session's peers had proved who they are, or not; when addresses were agreed; who ended it, and why."""
    return [row for story in stories for row in _events(story)]


def _events(story: PppStory) -> Iterator[EventRow]:
    for said in story.said:
        kind = (said.protocol, said.code)
        if kind in SUCCESSES:
            yield _event(story, said, "authenticated")
        elif kind in FAILURES:
            yield _event(story, said, "authentication failed")
    for protocol in NETWORK:
        acks = story.of(protocol, ACK)
        if acks and _up(story, protocol):
            both = {ack.to_initiator: ack for ack in reversed(acks)}
            yield _event(story, max(both.values(), key=lambda ack: ack.seen.position), f"{protocol} up")
    terminated = {said.to_initiator: said for said in reversed(story.of("LCP", "Terminate-Request"))}
    for said in terminated.values():
        yield _event(story, said, "PPP terminated")


def _event(story: PppStory, said: PppSaid, event: str) -> EventRow:
    seen = said.seen
    assert seen.ppp.packet is not None
    who = "responder" if said.to_initiator else "initiator"
    words = seen.ppp.packet.summary()
    detail = f"{said.protocol} {said.code} from the {who}" + (f": {words}" if words else "")
    return EventRow(seen.time, seen.capture, seen.frame, f"session {story.call.number}", event, detail)
