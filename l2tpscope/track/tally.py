"""Tally: what each capture held, by kind, and whether it saw both directions of anything."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from l2tpscope.frames import Frames, Kind
from l2tpscope.model.tally import TWO_WAY, CaptureTally

MOST_PAIRS = 10_000
PROTOCOLS = {6: "tcp", 17: "udp", 47: "gre"}


class Tally:
    """Counts per capture; state does not grow with the frames."""

    def __init__(self) -> None:
        self.captures: dict[int, CaptureTally] = {}

    def feed(self, frames: Frames, first_capture: int) -> None:
        """Take the rows of *frames*; what has no row counts for *first_capture*, that of the batch's first record."""
        here = self._of(first_capture)
        here.undecoded += frames.undecoded
        for other, count in frames.others.items():
            self._of(other.capture).others[other.kind, f"{PROTOCOLS[other.protocol]}/{other.port}"] += count
        if not len(frames):
            return
        one = int(frames.capture[0])
        captures = [one] if (frames.capture == one).all() else np.flatnonzero(np.bincount(frames.capture)).tolist()
        for capture in captures:
            mine = slice(None) if len(captures) == 1 else frames.capture == capture
            tally = self._of(capture)
            for number, count in enumerate(np.bincount(frames.kind[mine]).tolist()):
                if count:
                    tally.kinds[Kind(number)] += count
            tally.duplicates += int(np.count_nonzero(frames.duplicate[mine]))
            if not tally.two_sided and len(tally.pairs) < MOST_PAIRS:
                self._look_both_ways(tally, frames, mine)

    def _of(self, capture: int) -> CaptureTally:
        return self.captures.setdefault(capture, CaptureTally())

    def _look_both_ways(self, tally: CaptureTally, frames: Frames, mine: slice | NDArray[np.bool_]) -> None:
        source, destination, kind = frames.source[mine], frames.destination[mine], frames.kind[mine]
        proof = (kind == Kind.L2TP2_DATA) | (kind == Kind.L2TP3_DATA) | (kind == Kind.ESP)
        tally.proofs += int(np.count_nonzero(proof | ((kind == Kind.L2TP2_CONTROL) & (frames.nr[mine] > 0))))
        two_way = np.isin(kind, [int(one) for one in TWO_WAY])
        source, destination = source[two_way], destination[two_way]
        odd = np.uint64(0x9E3779B97F4A7C15)
        there = set((source * odd ^ destination).tolist())
        back = set((destination * odd ^ source).tolist())
        tally.pairs |= there
        tally.two_sided = not tally.pairs.isdisjoint(back)
