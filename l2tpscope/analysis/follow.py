"""follow: the control frames of one channel replayed: numbers, acknowledgements, states of the tunnel and its calls.

What needs both directions is replayed from the stored frames once they are paired; a live view does it again at each refresh.
Messages are put in the order of Ns first: one that came late is taken just before those that overtook it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from l2tpscope.core.serial import extend
from l2tpscope.model.channel import Call, Channel
from l2tpscope.model.half import ControlFrame
from l2tpscope.track.base import Step, step
from l2tpscope.track.reliable import Fit, Reliable, Verdict
from l2tpscope.track.states import CALL, CONTROL_CONNECTION
from l2tpscope.wire.l2tp.ids import assigned_session

_REQUESTS = {"ICRQ": "incoming", "OCRQ": "outgoing"}
_REPLIES = frozenset({"ICRP", "OCRP"})
_CONNECTS = frozenset({"ICCN", "OCCN"})
_SET_UP = frozenset({*_REQUESTS, *_REPLIES, *_CONNECTS})
_OF_CALLS = _SET_UP | {"CDN", "WEN", "SLI", "MDMST"}


@dataclass(slots=True, eq=False)
class Story:
    """One channel with everything that its control frames say."""

    channel: Channel
    reliable: Reliable
    verdicts: list[tuple[ControlFrame, bool, Verdict]]
    """Every control frame in the order of the capture, whether the initiator sent it, what it is."""
    state: str | None = None
    violations: dict[int, str] = field(default_factory=dict)
    """Position of a frame that fits no history: why."""
    calls_of: dict[int, Call] = field(default_factory=dict)
    """Position of a frame to the call that it is about."""
    first: dict[str, ControlFrame] = field(default_factory=dict)
    """The first frame of each kind of message."""
    stops: list[tuple[ControlFrame, bool]] = field(default_factory=list)
    """Every first copy of a StopCCN, and whether the initiator sent it."""
    stop_before_up: bool = False
    """The first StopCCN came before the tunnel was established."""

    @property
    def established(self) -> ControlFrame | None:
        """The SCCCN, or else the first frame that proves that the tunnel was up."""
        return self.first.get("SCCCN") or self.first.get("up")


class Follower:
    """Replays one channel."""

    def __init__(self, channel: Channel, begin: int) -> None:
        reliable = Reliable(born=channel.born, from_zero=channel.numbered_from_zero, begin=begin)
        for side, half in channel.to.items():
            if half is not None and half.thinned:
                reliable.ways[not side].resumed = half.resumed
        verdicts = [(frame, sent, reliable.take(frame, to_responder=sent)) for frame, sent in channel.frames()]
        self.story = Story(channel, reliable, verdicts)
        self._credit = sum(half.thinned for half in channel.halves)
        self._overdue = False
        """The message at hand was acted upon before: it may come too late to fit."""
        self._given: dict[tuple[bool, int], list[Call]] = {}
        """(who gave it out, Session ID) to calls, oldest first."""
        self._lacking: dict[bool, dict[int, Call]] = {True: {}, False: {}}
        """By side, the open calls (by identity) for which it was not seen to give out an id."""

    def run(self) -> Story:
        """The story, complete but for the data."""
        self.story.state = "idle" if self.story.channel.born else None
        proofs = iter(self.story.verdicts)
        known = -1
        for frame, sent, verdict in _in_order(self.story.verdicts):
            while known < frame.position:  # what was proven up to this frame, also by those that overtook it
                proof, _, proven = next(proofs)
                known = proof.position
                self._credit = max(0, self._credit + proven.unseen)
            if verdict.fit not in (Fit.NEW, Fit.OUT_OF_ORDER) or frame.acknowledges:
                self._repeated(frame, sent, verdict)
                continue
            self.story.first.setdefault(frame.type, frame)
            self._overdue = verdict.overdue
            self._advance_tunnel(frame, sent)
            if frame.type in _OF_CALLS:
                self._advance_call(frame, sent)
        self.story.channel.calls.sort(key=lambda call: call.position)
        return self.story

    def _repeated(self, frame: ControlFrame, sent: bool, verdict: Verdict) -> None:
        """A copy is about the same call as its original."""
        if verdict.slot is not None and verdict.slot.first.position in self.story.calls_of:
            self.story.calls_of[frame.position] = self.story.calls_of[verdict.slot.first.position]
        elif verdict.fit is Fit.DUPLICATE and frame.type in _OF_CALLS:
            call = self._call_of(frame, sent)
            if call is not None:
                self.story.calls_of[frame.position] = call

    # ---- the tunnel ----------------------------------------------------------------------------------------------

    def _advance_tunnel(self, frame: ControlFrame, sent: bool) -> None:
        before = self.story.state
        after, fit, used = step(CONTROL_CONNECTION, before, sent, frame.type, unseen=self._credit)
        self._credit -= used
        known = frame.message is not None and frame.message.type is not None and frame.message.type.known
        if fit is Step.VIOLATION and known and not self._overdue:
            self.story.violations[frame.position] = f"{frame.type} in state {before}"
        self.story.state = after
        if frame.type == "StopCCN":
            if not self.story.stops:
                self.story.stop_before_up = before in ("idle", "wait-ctl-reply", "wait-ctl-conn")
            self.story.stops.append((frame, sent))
        elif after == "established" or (before is None and frame.type in (*_OF_CALLS, "HELLO")):
            self.story.first.setdefault("up", frame)

    # ---- its calls -----------------------------------------------------------------------------------------------

    def _advance_call(self, frame: ControlFrame, sent: bool) -> None:
        call = self._call_of(frame, sent)
        if call is None:
            call = self._new_call(frame, sent)
        self.story.calls_of[frame.position] = call
        self._learn(call, frame, sent)
        by_caller = call.caller is None or call.caller == sent
        before = call.state
        after, fit, used = step(CALL, before, by_caller, frame.type, unseen=self._credit)
        self._credit -= used
        if fit is Step.VIOLATION:
            if not self._overdue:
                self.story.violations[frame.position] = f"{frame.type} for a session in state {before}"
            return
        call.state = after
        if after == "closed":
            for lacking in self._lacking.values():
                lacking.pop(id(call), None)
        call.was_up |= after == "established"
        if frame.type == "CDN" and call.ended is None:
            call.ended, call.ended_by = frame, sent

    def _learn(self, call: Call, frame: ControlFrame, sent: bool) -> None:
        """What the frame says of the call: ids, kind, who called, sequencing."""
        own, other = assigned_session(frame.message), frame.session or None
        if frame.type in _SET_UP:
            call.said[sent].append(frame)
        if own is not None and call.ids[sent] is None:
            self._give(call, sent, own)
        if other is not None and call.ids[not sent] is None:
            self._give(call, not sent, other)
        if frame.type in _REQUESTS:
            call.kind, call.caller, call.request = _REQUESTS[frame.type], sent, frame
        elif frame.type in _REPLIES:
            call.kind = call.kind or _REQUESTS[frame.type.replace("RP", "RQ")]
            call.caller = (not sent) if call.caller is None else call.caller
        elif frame.type in _CONNECTS:
            call.connected = call.connected or frame
            call.kind = call.kind or ("incoming" if frame.type == "ICCN" else "outgoing")
            if call.caller is None:
                call.caller = sent if frame.type == "ICCN" else not sent

    def _call_of(self, frame: ControlFrame, sent: bool) -> Call | None:
        """The call a frame is about: by the Session ID of its header, which its receiver gave out, else by the sender's own."""
        own = assigned_session(frame.message)
        if frame.type in _REQUESTS:
            call = self._last((sent, own)) if own is not None else None
            return call if call is not None and call.state != "closed" and call.request is None else None
        if frame.session and (call := self._last((not sent, frame.session))) is not None:
            return call
        if own is not None and (call := self._last((sent, own))) is not None:
            return call
        lacking = self._lacking[not sent]
        if not frame.session or len(lacking) != 1:
            return None
        (call,) = lacking.values()
        return call if call.state in ("wait-reply", "wait-connect") else None

    def _new_call(self, frame: ControlFrame, sent: bool) -> Call:
        call = Call(position=frame.position, first=frame, state="idle" if frame.type in _REQUESTS else None)
        self.story.channel.calls.append(call)
        for lacking in self._lacking.values():
            lacking[id(call)] = call
        if frame.session:
            self._give(call, not sent, frame.session)
        return call

    def _give(self, call: Call, side: bool, number: int) -> None:
        call.ids[side] = number
        self._lacking[side].pop(id(call), None)
        self._given.setdefault((side, number), []).append(call)

    def _last(self, key: tuple[bool, int]) -> Call | None:
        calls = self._given.get(key)
        return calls[-1] if calls else None


def _in_order(verdicts: list[tuple[ControlFrame, bool, Verdict]]) -> list[tuple[ControlFrame, bool, Verdict]]:
    """The frames, each late message moved before the first of its direction that overtook it."""
    if not any(verdict.fit is Fit.OUT_OF_ORDER and verdict.slot is not None for _, _, verdict in verdicts):
        return verdicts
    place: dict[int, tuple[int, int]] = {}
    for direction in (True, False):
        numbered = _by_number([frame for frame, sent, verdict in verdicts if sent is direction and _begins(frame, verdict)])
        limit = numbered[-1][1].position if numbered else 0
        for number, frame in reversed(numbered):
            limit = min(limit, frame.position)
            place[frame.position] = (limit, number)
    return sorted(verdicts, key=lambda row: place.get(row[0].position, (row[0].position, 0)))


def _begins(frame: ControlFrame, verdict: Verdict) -> bool:
    return verdict.slot is not None and verdict.slot.first is frame


def _by_number(frames: list[ControlFrame]) -> list[tuple[int, ControlFrame]]:
    """First copies in the order of their unwrapped numbers."""
    keyed = []
    reference = frames[0].ns if frames else 0
    for frame in frames:
        number = extend(frame.ns, reference)
        keyed.append((number, frame))
        reference = max(reference, number)
    return sorted(keyed, key=lambda pair: pair[0])
