"""L2tpTracker: control frames to halves, by the ids that the receivers gave out: Tunnel IDs of v2, Control Connection IDs of v3.

What links two halves is seen here only where a message says it (the Assigned Tunnel ID in SCCRQ and SCCRP, RFC 2661
§4.4.3; the Assigned Control Connection ID, RFC 3931 §5.4.3); all other pairing is a conclusion and is left to `analysis/pair.py`.
A SCCRQ that offers both versions is one of v2, and what answers it decides (RFC 3931 §4.7.3).

In a flood, SCCRQs beyond a sample are counted in columns; the latest of them are remembered, and followed if an answer comes.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from l2tpscope.frames import Endpoint, Frames, Kind
from l2tpscope.model.cut import ANY_TUNNEL, Cut
from l2tpscope.model.flood import Flood
from l2tpscope.model.half import ControlFrame, Half
from l2tpscope.track.l2tp_age import LEAST_FRAMES, Heard, Named, is_alive, named, thin
from l2tpscope.track.seen import Seen, are_requests, seen
from l2tpscope.wire.l2tp import ControlMessage
from l2tpscope.wire.l2tp.ids import assigned_connection, assigned_session

MOST_FRAMES = 200_000
"""Control frames kept in all; beyond this they are counted only."""
SAMPLE = 2500
"""Unanswered SCCRQs that are followed; beyond this they are counted, and only those that get an answer are followed."""
RECENT = 512
"""SCCRQs, of those only counted, that are remembered in case an answer comes."""
MOST_UNPROVEN = 20_000
"""Halves kept of tunnels that never came up, or of which next to nothing was seen."""
MOST_ALIKE = 16
"""Halves with one receiver and id that are still looked through."""
LATE_COPY = 2_000_000_000
"""A SCCRQ that comes again this soon (nanoseconds) after the last copy may have been overtaken by what followed it."""
REFUSED_COPY = 16_000_000_000
"""A SCCRQ may be sent again this long after it was refused, while the refusal is on its way."""
LINKED = "assigned-id AVP"
_CALLS = frozenset({"ICRQ", "ICRP", "OCRQ", "OCRP"})


Given = tuple[bytes, int, int]
"""A receiver's address, the version, the Tunnel ID or Control Connection ID."""


class L2tpTracker:
    """Feeds on control rows; keeps halves. State grows with tunnels and their control frames, and is bounded in a flood."""

    def __init__(self, secret: bytes | None = None) -> None:
        self._secret = secret
        self._halves: dict[int, Half] = {}
        """By identity, oldest first."""
        self._given: dict[Given, list[Half]] = defaultdict(list)
        """What receivers gave out to halves, oldest first."""
        self._openings: dict[tuple[Endpoint, bytes, int | None], Half] = {}
        """(initiator, responder's address, the initiator's id) to the half towards the responder."""
        self._latest: dict[tuple[Endpoint, Endpoint], Half] = {}
        """(sender, receiver) to the half that was used last."""
        self._sessions: dict[int, dict[int, int]] = {}
        """Half (by identity) to the Session IDs its sender gave out, each with the Ns of the message that did."""
        self._unproven: dict[int, Half] = {}
        """Halves of tunnels that may come to nothing, oldest first."""
        self._unanswered: dict[int, int] = {}
        """Half (by identity) towards an initiator that nobody answered yet, to the initiator's address key."""
        self._recent: dict[tuple[int, int], list[Seen]] = {}
        """(address key, port) of an initiator to its SCCRQs that were only counted, oldest first."""
        self.flood = Flood()
        self._position = 0
        self._kept = 0
        self._cuts: list[Cut] = []
        self.let_go = 0
        """Tunnels that were forgotten because they had ended or fallen silent."""

    @property
    def halves(self) -> list[Half]:
        """All halves, oldest first."""
        return list(self._halves.values())

    def feed(self, frames: Frames) -> list[Cut]:
        """Take the control rows of *frames*; the rows from which on an id means something new."""
        self._cuts = []
        rows = np.flatnonzero((frames.kind == Kind.L2TP2_CONTROL) | (frames.kind == Kind.L2TP3_CONTROL))
        if len(rows) + len(self._unanswered) < SAMPLE:
            for one in seen(frames, rows, self._position):
                self._take(one)
        else:
            requests = are_requests(frames, rows)
            starts = [0, *(np.flatnonzero(requests[1:] != requests[:-1]) + 1).tolist(), len(rows)]
            for begin, end in pairwise(starts):
                self._take_run(frames, rows[begin:end], requests=begin < end and bool(requests[begin]))
        self._position += len(frames)
        return self._cuts

    def age(self, before: int, heard: set[Heard]) -> None:
        """Let go of tunnels that were silent since an instant, in whose *heard* nothing passed either; where memory gets scarce, of the
        middle of long ones too.
        """
        kept: dict[int, Half] = {}
        for half in self._halves.values():
            if any(is_alive(one, before, heard) for one in (half, half.twin) if one is not None):
                kept[id(half)] = half
        if len(kept) < len(self._halves):
            gone = [half for key, half in self._halves.items() if key not in kept]
            self.let_go += len({min(id(half), id(half.twin)) if half.twin is not None else id(half) for half in gone})
            self._retain(kept)
        self._kept = sum(len(half.frames) for half in kept.values())
        if self._kept > MOST_FRAMES // 2:
            most = max(LEAST_FRAMES, MOST_FRAMES // 2 // max(1, len(kept)))
            for half in kept.values():
                thin(half, most)
            self._kept = sum(len(half.frames) for half in kept.values())

    def sessions(self) -> set[Named]:
        """What names the sessions of which there are messages."""
        return named(self._halves.values())

    def _retain(self, kept: dict[int, Half]) -> None:
        """Forget all other halves."""
        self._halves = kept
        self._given = defaultdict(list, {key: some for key, alike in self._given.items() if (some := [h for h in alike if id(h) in kept])})
        self._openings = {key: half for key, half in self._openings.items() if id(half) in kept}
        self._latest = {key: half for key, half in self._latest.items() if id(half) in kept}
        self._sessions = {key: given for key, given in self._sessions.items() if key in kept}
        self._unproven = {key: half for key, half in self._unproven.items() if key in kept}
        self._unanswered = {key: source for key, source in self._unanswered.items() if key in kept}

    def notes(self) -> list[str]:
        """What the bounds on memory left out, a line each."""
        unkept = sum(half.unkept for half in self._halves.values())
        said = [f"{unkept} control frames were counted but not followed: more than {MOST_FRAMES}"] if unkept else []
        thinned = sum(half.thinned for half in self._halves.values())
        if thinned:
            said.append(f"{thinned} control messages from the middle of long tunnels were let go, and are not in their counts")
        if self.flood.count:
            said.append(f"{self.flood.count} unanswered SCCRQs from about {self.flood.sources} addresses are only counted")
        if self.flood.forgotten:
            said.append(f"{self.flood.forgotten} halves of tunnels that never came up are left out")
        return said

    def _take(self, one: Seen) -> None:
        message, frame = one.read(self._secret)
        if one.tunnel == 0 and frame.type == "SCCRQ":
            half = self._opening(frame, message, one)
        elif one.tunnel == 0:
            half = self._without_id(frame, message)
        elif frame.type == "SCCRP":
            half = self._reply(frame, message, one)
        else:
            half = self._find(frame, one) or self._met(frame, one.tunnel)
        if frame.type == "StopCCN" and half.twin is None:
            self._link(half, frame, message)
        self._keep(half, frame)
        if frame.type in _CALLS and message is not None:
            self._call(half, frame, message, one)

    def _keep(self, half: Half, frame: ControlFrame) -> None:
        if self._kept < MOST_FRAMES:
            half.frames.append(frame)
            self._kept += 1
        else:
            half.unkept += 1
        self._unanswered.pop(id(half), None)
        self._latest[frame.sender, frame.receiver] = half
        if frame.type == "StopCCN":
            half.closed = True
            if half.twin is not None:
                half.twin.closed = True
        elif half.from_initiator and frame.type != "SCCRQ":
            half.answered = True

    # ---- a flood -------------------------------------------------------------------------------------------------

    def _take_run(self, frames: Frames, rows: NDArray[np.int64], *, requests: bool) -> None:
        """SCCRQs in a row are followed while there are few, or where their source is followed already; else counted."""
        followed = 0
        for one in seen(frames, rows[:SAMPLE] if requests else rows, self._position):
            if requests and len(self._unanswered) >= SAMPLE:
                break
            self._take(one)
            followed += 1
        rest = rows[followed:]
        sources = np.fromiter(set(self._unanswered.values()), np.uint64)
        known = np.isin(frames.source[rest], sources)
        for one in seen(frames, rest[known], self._position):
            self._take(one)
        rest = rest[~known]
        if len(rest):
            self.flood.add(frames.time[rest], frames.source[rest], frames.destination[rest], int(frames.capture[rest[0]]))
            for one in seen(frames, rest[-RECENT:], self._position):
                self._remember(one)

    def _remember(self, one: Seen) -> None:
        key = one.source, one.source_port
        self._recent.setdefault(key, []).append(one)
        if len(self._recent) > RECENT:
            del self._recent[next(iter(self._recent))]

    def _recall(self, one: Seen) -> bool:
        """Follow the SCCRQs of whom *one* answers, if they were only counted."""
        requests = self._recent.pop((one.destination, one.destination_port), ())
        for request in requests:
            self.flood.count -= 1
            self._take(request)
        return bool(requests)

    def _begin(self, half: Half) -> Half:
        """A new half; the oldest that came to nothing is forgotten where there are too many."""
        self._halves[id(half)] = half
        self._unproven[id(half)] = half
        while len(self._unproven) > MOST_UNPROVEN:
            oldest = self._unproven.pop(next(iter(self._unproven)))
            if not _proven(oldest):
                self._forget(oldest)
        return half

    def _forget(self, half: Half) -> None:
        self._halves.pop(id(half), None)
        self._unanswered.pop(id(half), None)
        self._sessions.pop(id(half), None)
        self._kept -= len(half.frames)
        self.flood.forgotten += 1
        for version, tunnel in ((half.version, half.tunnel), (3, half.offered)):
            key = half.receiver.address, version, tunnel if tunnel is not None else -1
            alike = self._given.get(key, [])
            if half in alike:
                alike.remove(half)
                if not alike:
                    del self._given[key]
        if half.twin is not None:
            half.twin.twin = None
            opening = half.sender, half.receiver.address, half.twin.tunnel
            if self._openings.get(opening) is half:
                del self._openings[opening]
        if self._latest.get((half.sender, half.receiver)) is half:
            del self._latest[half.sender, half.receiver]

    # ---- set-up: ids are given out -------------------------------------------------------------------------------

    def _give(self, half: Half, address: bytes, version: int, tunnel: int) -> None:
        alike = self._given[address, version, tunnel]
        alike.append(half)
        del alike[:-MOST_ALIKE]

    def _opening(self, frame: ControlFrame, message: ControlMessage | None, one: Seen) -> Half:
        """The half towards the responder of this SCCRQ: a new one, unless the message is a copy of one that began it."""
        assigned = assigned_connection(message)
        key = (frame.sender, frame.receiver.address, assigned)
        half = self._openings.get(key)
        if half is not None and _is_copy(half, frame):
            return half
        half = Half(frame.receiver, frame.sender, None, frame.position, born=True, from_initiator=True, version=frame.version)
        back = Half(frame.sender, frame.receiver, assigned, frame.position, born=True, from_initiator=False, version=frame.version)
        half.twin, back.twin = back, half
        self._openings[key] = self._begin(half)
        self._unanswered[id(self._begin(back))] = one.source
        if assigned is not None:
            self._give(back, frame.sender.address, frame.version, assigned)
            self._cut(one, one.source, assigned, None)
        if frame.version == 2 and (offered := assigned_connection(message, 3)) is not None:
            back.offered = offered
            self._give(back, frame.sender.address, 3, offered)
        return half

    def _reply(self, frame: ControlFrame, message: ControlMessage | None, one: Seen) -> Half:
        """The half towards the initiator of this SCCRP; its other direction learns its id."""
        half = self._find(frame, one)
        if half is None or half.from_initiator:
            half = self._met(frame, one.tunnel)
        half.from_initiator = False
        if half.offered == one.tunnel and frame.version == 3:
            half.tunnel = one.tunnel
        if half.twin is None:
            half.twin = self._begin(Half(frame.sender, frame.receiver, None, frame.position, from_initiator=True))
            half.twin.twin = half
        assigned = assigned_connection(message)
        there = half.twin
        half.version = there.version = frame.version
        if assigned is not None and there not in self._given.get((frame.sender.address, frame.version, assigned), ()):
            self._give(there, frame.sender.address, frame.version, assigned)
            self._cut(one, one.source, assigned, None)
            if there.tunnel is None:
                there.tunnel, there.receiver, there.born = assigned, frame.sender, True
        half.linked_by = there.linked_by = LINKED
        return half

    def _link(self, half: Half, frame: ControlFrame, message: ControlMessage | None) -> None:
        """A StopCCN names its sender's own id (RFC 2661 §4.4.3), and so what was sent to it."""
        own = assigned_connection(message)
        for back in reversed(self._given.get((frame.sender.address, frame.version, own), []) if own is not None else []):
            if back.twin is None and back.receiver == frame.sender and back.sender == frame.receiver and back is not half:
                half.twin, back.twin = back, half
                half.linked_by = back.linked_by = LINKED
                return

    def _call(self, half: Half, frame: ControlFrame, message: ControlMessage, one: Seen) -> None:
        """A Session ID is given out: what its sender receives under it from now on is another session."""
        assigned = assigned_session(message)
        back = half.twin
        tunnel = ANY_TUNNEL if frame.version == 3 else back.tunnel if back is not None else None
        if assigned is None or tunnel is None:
            return
        given = self._sessions.setdefault(id(half), {})
        if given.get(assigned) != frame.ns:
            given[assigned] = frame.ns
            self._cut(one, one.source, tunnel, assigned)

    def _cut(self, one: Seen, receiver: int, tunnel: int, session: int | None) -> None:
        if one.position >= self._position and (one.version == 2 or session is not None):
            self._cuts.append(Cut(one.position - self._position, receiver, tunnel, session))

    # ---- under way: ids are looked up ----------------------------------------------------------------------------

    def _find(self, frame: ControlFrame, one: Seen) -> Half | None:
        """The half that a frame with a Tunnel ID belongs to; a SCCRQ that was only counted is followed from here on."""
        half = self._among(frame, one.tunnel)
        if half is None and self._recent and self._recall(one):
            half = self._among(frame, one.tunnel)
        return half

    def _among(self, frame: ControlFrame, tunnel: int) -> Half | None:
        """Among the halves with that receiver and id. Ports may move (NAT), so they choose among several, and exclude only
        where another tunnel could be meant: two clients behind one NAT may have chosen the same id.
        """
        candidates = self._given.get((frame.receiver.address, frame.version, tunnel), [])
        same_sender = [half for half in candidates if half.sender.address == frame.sender.address]
        for half in reversed(same_sender):
            if half.receiver == frame.receiver and half.sender == frame.sender:
                return half
        for half in reversed(same_sender):
            if half.receiver.port == frame.receiver.port and not half.closed:
                return half
        for half in reversed(same_sender):
            if not half.closed and _has_sent_from(half.twin, frame.receiver):
                return half
        unanswered = [half for half in candidates if half.receiver == frame.receiver and half.born and not half.frames]
        return unanswered[-1] if len(unanswered) == 1 and frame.ns <= 1 else None

    def _without_id(self, frame: ControlFrame, message: ControlMessage | None) -> Half:
        """A message with Tunnel ID 0 that is no SCCRQ: its sender never learnt the id (StopCCN then names the sender's own),
        or ignores it.
        """
        own = assigned_connection(message)
        for back in reversed(self._given.get((frame.sender.address, frame.version, own), []) if own is not None else []):
            if back.receiver == frame.sender and back.twin is not None:
                return back.twin
        latest = self._latest.get((frame.sender, frame.receiver))
        return latest or self._among(frame, 0) or self._met(frame, 0)

    def _met(self, frame: ControlFrame, tunnel: int) -> Half:
        """A half whose begin was not seen."""
        half = self._begin(Half(frame.receiver, frame.sender, tunnel, frame.position, version=frame.version))
        self._give(half, frame.receiver.address, frame.version, tunnel)
        return half


def _has_sent_from(half: Half | None, endpoint: Endpoint) -> bool:
    return half is not None and bool(half.frames) and half.frames[-1].sender == endpoint


def _proven(half: Half) -> bool:
    """Whether the half is of a tunnel that came up, as far as was seen, so that it is kept for good."""
    if half.born:
        return half.answered or (half.twin is not None and half.twin.answered)
    return len(half.frames) > 2


def _is_copy(half: Half, frame: ControlFrame) -> bool:
    """Whether a SCCRQ with the id of an earlier one is that one again, and not the begin of another tunnel."""
    if not half.frames or half.frames[0].digest != frame.digest or frame.ns != half.frames[0].ns:
        return False
    last = half.frames[-1]
    if half.answered or last.type != "SCCRQ":
        return any(one.type == "SCCRQ" and frame.time - one.time < LATE_COPY for one in half.frames[-8:])
    return not half.closed or frame.time - last.time < REFUSED_COPY
