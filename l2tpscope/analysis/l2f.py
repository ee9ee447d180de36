"""l2f: the table of L2F tunnels, and what of them belongs on the timeline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from l2tpscope.analysis.l2f_pair import L2fTunnel, pair_l2f
from l2tpscope.analysis.l2f_story import L2fClient, L2fStory, measure_l2f_loss, tell_l2f
from l2tpscope.analysis.names import endpoint_name
from l2tpscope.analysis.rows import EventRow, L2fRow
from l2tpscope.analysis.tunnels import side_name
from l2tpscope.model.l2f import L2fFrame, L2fSeen
from l2tpscope.wire.l2f import AUTHENTICATIONS, L2fMessage, explain_close

SECOND = 1e9
MOST_NAMES = 12
"""Of clients, and of oddities, that a row names."""


def tell_l2f_tunnels(seen: L2fSeen, now: int) -> list[L2fStory]:
    """Every tunnel, told, in the order of their first packets."""
    return [tell_l2f(tunnel, now) for tunnel in pair_l2f(seen)]


def measure_l2f(stories: Iterable[L2fStory]) -> list[L2fRow]:
    """One row a tunnel."""
    return [_row(number, story) for number, story in enumerate(stories, 1)]


def _row(number: int, story: L2fStory) -> L2fRow:
    tunnel, close = story.tunnel, story.close
    to_responder, to_initiator = (measure_l2f_loss(tunnel, of_initiator=side) for side in (True, False))
    opened = tunnel.requests[0].time if tunnel.requests else tunnel.begin[1]
    established, whole = story.established_time, bool(tunnel.requests) and story.established is not None
    rtts = {side: min(story.echo_rtts[side]) / SECOND if story.echo_rtts[side] else None for side in (True, False)}
    return L2fRow(
        l2f=number,
        initiator=endpoint_name(tunnel.initiator),
        responder=endpoint_name(tunnel.responder),
        roles="seen" if tunnel.roles_seen else "guessed",
        initiator_clid=tunnel.clids[True],
        responder_clid=tunnel.clids[False],
        initiator_name=_name(tunnel, of_initiator=True),
        responder_name=_name(tunnel, of_initiator=False),
        state=story.state,  # type: ignore[arg-type]
        opened=opened,
        established=established,
        closed=story.closed,
        setup_s=(established - opened) / SECOND if whole and established is not None else None,
        closed_by=side_name(story.closed_by),
        close_mask=close.why if close is not None else None,
        close_reason=explain_close(close.why) if close is not None and close.why is not None else None,
        close_message=close.text if close is not None else None,
        clients=len(story.clients),
        clients_accepted=sum(client.up for client in story.clients),
        clients_refused=sum(client.closed is not None and not client.up for client in story.clients),
        client_names=_distinct(client.asked.name for client in story.clients if client.asked is not None),
        authentications=_distinct(map(_authentication, story.clients)),
        messages_to_responder=len(tunnel.requests) + sum(way.messages for way in tunnel.sent_by(True)),
        messages_to_initiator=sum(way.messages for way in tunnel.sent_by(False)),
        echo_rtt_initiator_side_min_s=rtts[True],
        echo_rtt_responder_side_min_s=rtts[False],
        echo_rtts=sum(map(len, story.echo_rtts.values())),
        data_packets_to_responder=sum(series.packets for series in tunnel.series(True)),
        data_packets_to_initiator=sum(series.packets for series in tunnel.series(False)),
        data_octets_to_responder=sum(series.octets for series in tunnel.series(True)),
        data_octets_to_initiator=sum(series.octets for series in tunnel.series(False)),
        expected_to_responder=to_responder.expected,
        expected_to_initiator=to_initiator.expected,
        lost_to_responder=to_responder.lost,
        lost_to_initiator=to_initiator.lost,
        linked_by=tunnel.linked_by,
        anomalies=_distinct(f"{frame.message.name}: {each}" for frame in tunnel.frames for each in frame.anomalies),
    )


def _name(tunnel: L2fTunnel, *, of_initiator: bool) -> str | None:
    """What a side called itself in its L2F_CONF."""
    sender = tunnel.initiator if of_initiator else tunnel.responder
    confs = (frame for frame in tunnel.frames if frame.message == L2fMessage.L2F_CONF and frame.sender == sender)
    return next((conf.name for conf in confs if conf.name), None)


def _authentication(client: L2fClient) -> str | None:
    kind = client.asked.authentication if client.asked is not None else None
    return None if kind is None else AUTHENTICATIONS.get(kind, f"unknown {kind}")


def _distinct(texts: Iterable[str | None]) -> list[str]:
    """Each once, the first of them only."""
    found: dict[str, None] = {}
    for text in texts:
        if text:
            found[text] = None
            if len(found) == MOST_NAMES:
                break
    return list(found)


# ---- events ----------------------------------------------------------------------------------------------------------


def l2f_events(stories: Iterable[L2fStory], seen: L2fSeen) -> list[EventRow]:
    """Tunnels and clients: asked for, up, refused, closed, lost."""
    rows = [row for number, story in enumerate(stories, 1) for row in _of_tunnel(f"l2f {number}", story)]
    if seen.unkept_openings:
        last = seen.openings[-1]
        detail = f"{seen.unkept_openings} L2F_CONFs that ask for a tunnel, beyond those in the tables"
        rows.append(EventRow(last.time, last.capture, None, "capture", "flood", detail))
    return rows


def _of_tunnel(subject: str, story: L2fStory) -> Iterator[EventRow]:
    tunnel = story.tunnel
    if tunnel.requests:
        yield _event(tunnel.requests[0], subject, "opening", f"L2F_CONF from {endpoint_name(tunnel.initiator)}")
    answers = (frame for frame in tunnel.frames if frame.message == L2fMessage.L2F_CONF and frame.sender == tunnel.responder)
    if (answer := next(answers, None)) is not None:
        yield _event(answer, subject, "answered", f"L2F_CONF from {endpoint_name(tunnel.responder)}")
    if story.established is not None:
        yield _event(story.established, subject, "established", "L2F_OPEN of both sides")
    for client in story.clients:
        yield from _of_client(subject, tunnel, client)
    if story.close is not None:
        yield _event(story.close, subject, story.state, f"L2F_CLOSE from the {side_name(story.closed_by)}{_why(story.close)}")


def _of_client(subject: str, tunnel: L2fTunnel, client: L2fClient) -> Iterator[EventRow]:
    if client.asked is not None:
        who = [text for text in (client.asked.name, _authentication(client)) if text]
        yield _event(client.asked, subject, "client opening", f"MID {client.mid}" + (f": {', '.join(who)}" if who else ""))
    if client.accepted is not None:
        yield _event(client.accepted, subject, "client established", f"MID {client.mid}")
    if client.closed is not None:
        closer = side_name(client.closed.sender == tunnel.initiator)
        event = "client closed" if client.up else "client refused"
        yield _event(client.closed, subject, event, f"MID {client.mid}: L2F_CLOSE from the {closer}{_why(client.closed)}")


def _why(close: L2fFrame) -> str:
    said = ([explain_close(close.why)] if close.why is not None else []) + ([f'"{close.text}"'] if close.text else [])
    return f": {', '.join(said)}" if said else ""


def _event(frame: L2fFrame, subject: str, event: str, detail: str) -> EventRow:
    return EventRow(frame.time, frame.capture, frame.frame, subject, event, detail)
