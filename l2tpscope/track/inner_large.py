"""inner_large: whether large segments of TCP inside a session are ever acknowledged; columns, with state per flow.

TCP sends again what was not acknowledged first. So where all before the first large segment of a connection was acknowledged, and it
never is, copies of that one segment are what is seen, and counting them is enough. A new SYN begins anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from l2tpscope.frames import Frames
from l2tpscope.frames.window import Int64s
from l2tpscope.model.inner import Large
from l2tpscope.track.flows import grown

if TYPE_CHECKING:
    from l2tpscope.track.inner_numbers import Segments

LARGE = 1200
"""Octets of data: more than a path for 1280 lets pass inside a tunnel, and less than full segments have."""
MOST_PLACES, MOST_FLOWS = 8, 1024
SYN, ACK = 2, 16
NONE = -1


class LargeSegments:
    """Follows the first large segment of each flow; memory grows with flows."""

    def __init__(self) -> None:
        self._number = np.full(64, NONE, np.int64)
        """Of the first large segment since the last SYN, as on the wire."""
        self._octets = np.zeros(64, np.int64)
        self._copies = np.zeros(64, np.int64)
        self._first = np.zeros(64, np.int64)
        self._last = np.zeros(64, np.int64)
        self._acknowledges = np.full(64, NONE, np.int64)
        """What the flow acknowledged last, of the flow back."""
        self._places: dict[int, list[tuple[int, int]]] = {}

    def feed(self, frames: Frames, segments: Segments) -> None:
        """Take segments, grouped by flow."""
        self._grow(int(segments.flow[-1]) + 1)
        acks = np.flatnonzero(segments.flags & ACK)
        self._acknowledges[segments.flow[acks]] = segments.acknowledged[acks]
        large = np.flatnonzero(segments.payload >= LARGE)
        syns = np.flatnonzero(segments.flags & SYN)
        if len(syns):
            begun = np.full(int(segments.flow[-1]) + 1, NONE, np.int64)
            begun[segments.flow[syns]] = syns
            self._number[segments.flow[syns]] = NONE
            large = large[large > begun[segments.flow[large]]]
        if len(large):
            self._take(frames, segments, large)

    def of(self, flow: int, partner: int) -> Large | None:
        """The first large segment of a flow; None: there was none, or the flow back was not seen to acknowledge anything."""
        if flow >= len(self._number) or self._number[flow] == NONE or not partner or partner >= len(self._number):
            return None
        acknowledged = int(self._acknowledges[partner])
        if acknowledged == NONE:
            return None
        beyond = (acknowledged - int(self._number[flow]) + (1 << 31)) % (1 << 32) - (1 << 31)
        return Large(
            octets=int(self._octets[flow]),
            copies=int(self._copies[flow]),
            acknowledged=beyond > 0,
            before=beyond == 0,
            first=int(self._first[flow]),
            last=int(self._last[flow]),
            places=tuple(self._places.get(flow, ())),
        )

    def _take(self, frames: Frames, segments: Segments, large: Int64s) -> None:
        flow, number, row = segments.flow[large], segments.number[large], segments.row[large]
        fresh = np.flatnonzero(self._number[flow] == NONE)
        begins = fresh[np.unique(flow[fresh], return_index=True)[1]]
        self._number[flow[begins]], self._octets[flow[begins]] = number[begins], segments.payload[large][begins]
        self._copies[flow[begins]], self._first[flow[begins]], self._last[flow[begins]] = 0, frames.time[row[begins]], 0
        for one in flow[begins].tolist():
            self._places.pop(one, None)
        same = number == self._number[flow]
        flow, row = flow[same], row[same]
        if not len(flow):
            return
        starts = np.append(True, flow[1:] != flow[:-1])
        rank = np.arange(len(flow)) - np.maximum.accumulate(np.where(starts, np.arange(len(flow)), 0))
        again = np.flatnonzero(self._copies[flow] + rank > 0)
        self._copies += np.bincount(flow, minlength=len(self._copies))
        np.maximum.at(self._last, flow, frames.time[row])
        self._keep(frames, flow[again], row[again])

    def _keep(self, frames: Frames, flow: Int64s, row: Int64s) -> None:
        """Where copies beyond the first one were."""
        for one, at in zip(flow.tolist(), row.tolist(), strict=True):
            if one in self._places or len(self._places) < MOST_FLOWS:
                places = self._places.setdefault(one, [])
                if len(places) < MOST_PLACES:
                    places.append((int(frames.capture[at]), int(frames.frame[at])))

    def _grow(self, size: int) -> None:
        before = len(self._number)
        for name in ("_number", "_octets", "_copies", "_first", "_last", "_acknowledges"):
            setattr(self, name, grown(getattr(self, name), size))
        self._number[before:] = self._acknowledges[before:] = NONE
