"""l2f_story: what became of an L2F tunnel, of the clients in it, of its echoes and of its sequence numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce
from typing import NamedTuple

from l2tpscope.analysis.l2f_pair import L2fTunnel
from l2tpscope.model.l2f import L2fFrame
from l2tpscope.model.sequence import SequenceCount
from l2tpscope.wire.l2f import L2fMessage

GIVEN_UP_WAIT = 10_000_000_000
"""Nanoseconds after the last L2F_CONF in which an answer may still come."""
ECHOES_IN_VAIN = 5
"""Echoes without an answer after which an implementation takes its peer for gone (RFC 2341 §4.4.6)."""


@dataclass(slots=True)
class L2fClient:
    """One client: what was asked for under a MID, until it was closed."""

    mid: int
    asked: L2fFrame | None = None
    accepted: L2fFrame | None = None
    closed: L2fFrame | None = None

    @property
    def up(self) -> bool:
        """Whether the home gateway took it, or nothing of its set-up was seen."""
        return self.accepted is not None or self.asked is None


@dataclass(slots=True)
class L2fStory:
    """One tunnel, told."""

    tunnel: L2fTunnel
    state: str = "partial"
    established: L2fFrame | None = None
    """The message that completed the set-up."""
    established_time: int | None = None
    """Its time, or that of the first packet that proves that the tunnel was up."""
    closed: int | None = None
    closed_by: bool | None = None
    """True: the initiator."""
    close: L2fFrame | None = None
    clients: list[L2fClient] = field(default_factory=list)
    echo_rtts: dict[bool, list[int]] = field(default_factory=lambda: {True: [], False: []})
    """Tap to a side and back, in nanoseconds, by that side."""


def tell_l2f(tunnel: L2fTunnel, now: int) -> L2fStory:
    """What became of it, as of the last instant of the capture."""
    story = L2fStory(tunnel)
    story.clients = _clients(tunnel)
    _establish(story)
    in_vain = _follow_echoes(story)
    closes = [frame for frame in tunnel.frames if frame.message == L2fMessage.L2F_CLOSE and not frame.mid]
    if closes:
        story.close = closes[0]
        story.closed, story.closed_by = closes[0].time, closes[0].sender == tunnel.initiator
        was_up = story.established_time is not None and story.established_time <= closes[0].time
        story.state = "closed" if was_up or not tunnel.requests else "refused"
    elif story.established_time is not None:
        story.state = "lost" if any(count >= ECHOES_IN_VAIN for count in in_vain.values()) else "established"
    elif tunnel.requests and not any(tunnel.ways):
        story.state = "unanswered" if now - tunnel.requests[-1].time > GIVEN_UP_WAIT else "opening"
    elif tunnel.requests or any(frame.message == L2fMessage.L2F_CONF for frame in tunnel.frames):
        story.state = "opening"
    return story


def _establish(story: L2fStory) -> None:
    """The second of the L2F_OPENs of both sides for MID 0 (RFC 2341 §4.3.1); else what can only be sent in a tunnel that is up."""
    tunnel = story.tunnel
    first: dict[bool, L2fFrame] = {}
    proofs = []
    for frame in tunnel.frames:
        if frame.message == L2fMessage.L2F_OPEN and not frame.mid:
            first.setdefault(frame.sender == tunnel.initiator, frame)
        elif frame.message in (L2fMessage.L2F_ECHO, L2fMessage.L2F_ECHO_RESP) or (frame.message == L2fMessage.L2F_OPEN and frame.mid):
            proofs.append(frame.time)
    if len(first) == 2:
        story.established = max(first.values(), key=lambda frame: frame.position)
        story.established_time = story.established.time
        return
    proofs += [series.first for way in tunnel.ways for series in way.series if series.packets]
    story.established_time = min(proofs, default=None)


def _clients(tunnel: L2fTunnel) -> list[L2fClient]:
    """Each client that was asked for, in order; then those whose payload alone is there."""
    clients: list[L2fClient] = []
    now: dict[int, L2fClient] = {}
    for frame in tunnel.frames:
        if not frame.mid or frame.message not in (L2fMessage.L2F_OPEN, L2fMessage.L2F_CLOSE):
            continue
        client = now.get(frame.mid)
        if client is None or (client.closed is not None and frame.message == L2fMessage.L2F_OPEN) or _asks_anew(client, frame, tunnel):
            client = now[frame.mid] = L2fClient(frame.mid)
            clients.append(client)
        if frame.message == L2fMessage.L2F_CLOSE:
            client.closed = client.closed or frame
        elif frame.sender == tunnel.initiator:
            client.asked = client.asked or frame
        else:
            client.accepted = client.accepted or frame
    mids = {series.mid for way in tunnel.ways for series in way.series if series.packets and series.mid not in now}
    return clients + [L2fClient(mid) for mid in sorted(mids)]


def _asks_anew(client: L2fClient, frame: L2fFrame, tunnel: L2fTunnel) -> bool:
    """Whether the NAS asks for another client under the MID: not with the same words as before."""
    asks = frame.message == L2fMessage.L2F_OPEN and frame.sender == tunnel.initiator
    return asks and client.asked is not None and client.asked.digest != frame.digest


def _follow_echoes(story: L2fStory) -> dict[bool, int]:
    """Pair echoes with their answers; how many of a side's echoes went unanswered since its peer was heard last, by that side.

    Only where one echo with such a payload was out is the answer a sample: elsewhere it may be of either.
    """
    tunnel = story.tunnel
    out: dict[bool, list[L2fFrame]] = {True: [], False: []}
    heard = {side: max((series.last for series in tunnel.series(side)), default=0) for side in (True, False)}
    in_vain = {True: 0, False: 0}
    for frame in tunnel.frames:
        side = frame.sender == tunnel.initiator
        in_vain[not side] = 0
        if frame.message == L2fMessage.L2F_ECHO:
            out[side].append(frame)
            in_vain[side] += frame.time > heard[not side]
        elif frame.message == L2fMessage.L2F_ECHO_RESP:
            asked = [echo for echo in out[not side] if echo.digest == frame.digest]
            if len(asked) == 1 and frame.time >= asked[0].time:
                story.echo_rtts[side].append(frame.time - asked[0].time)
            out[not side] = [echo for echo in out[not side] if echo.digest != frame.digest]
        out[side] = out[side][-MOST_OUT:]
    both_heard = all(any(tunnel.sent_by(side)) for side in (True, False))
    return in_vain if both_heard else {True: 0, False: 0}


MOST_OUT = 64
"""Echoes that still may be answered: one a second is allowed (RFC 2341 §4.4.6)."""


# ---- sequence numbers ------------------------------------------------------------------------------------------------


@dataclass(slots=True, frozen=True)
class L2fLoss:
    """Numbers of payload that are missing, of how many; None where that cannot be told."""

    expected: int | None = None
    lost: int | None = None


def measure_l2f_loss(tunnel: L2fTunnel, *, of_initiator: bool) -> L2fLoss:
    """Loss of what one side sent, where it numbers its payload (S).

    RFC 2341 has numbers count per client (§4.2.5) and per tunnel (§4.5.1). Which it is shows where something is missing per client: whether
    the other numbered packets of the tunnel are in their places in one count of all. Most are, or most are not, or nobody can tell.

    *Bias*: 8 bits: 128 packets lost in a row, or more, are not seen as such.
    """
    own = [_figures(series.count) for series in tunnel.series(of_initiator) if series.count is not None]
    whole = [_figures(way.count) for way in tunnel.sent_by(of_initiator) if way.count is not None]
    if not own:
        return L2fLoss()
    per_client, per_tunnel = reduce(_plus, own), reduce(_plus, whole)
    others = per_tunnel.arrived - max(one.arrived for one in own)
    misplaced = per_tunnel.misplaced - per_client.misplaced
    if per_client.lost == 0 or others == 0 or misplaced * 2 >= others:
        return L2fLoss(per_client.expected, per_client.lost)
    return L2fLoss(per_tunnel.expected, per_tunnel.lost) if misplaced * 10 <= others else L2fLoss()


class _Figures(NamedTuple):
    arrived: int
    expected: int
    lost: int
    misplaced: int
    """Repeated, out of order, or far off."""


def _figures(count: SequenceCount) -> _Figures:
    arrived = count.received + count.duplicate + count.strays
    return _Figures(arrived, count.expected, count.lost, count.duplicate + count.reordered + count.restarts + count.strays)


def _plus(one: _Figures, two: _Figures) -> _Figures:
    return _Figures(*(each + other for each, other in zip(one, two, strict=True)))
