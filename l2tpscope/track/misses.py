"""Misses: when numbers were lost and reordered, per sequence space and bin of time, in bounded memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from l2tpscope.model.sequence import Missed
from l2tpscope.track.bins import MOST, WIDTH


class Misses:
    """Sums per (space, bin), of the few rows that do not continue their space.

    A number is missed at the instant of the next one that came, so every bin here has a packet: with the same bounds as `Bins`,
    these bins are never wider than those of the throughput of the same rows.
    """

    def __init__(self) -> None:
        self.width = WIDTH
        self._lost: dict[tuple[int, int], int] = defaultdict(int)
        self._reordered: dict[tuple[int, int], int] = defaultdict(int)

    def lose(self, space: int, time: int, numbers: int) -> None:
        """Numbers are missing since an instant; fewer than 0: some that were missing since then came after all."""
        self._lost[space, time // self.width] += numbers
        if len(self._lost) > MOST:
            self._widen()

    def reorder(self, space: int, time: int) -> None:
        """A number came late at an instant."""
        self._reordered[space, time // self.width] += 1
        if len(self._reordered) > MOST:
            self._widen()

    def keep(self, new: dict[int, int]) -> None:
        """Forget all spaces but these, which get new numbers."""
        for name in ("_lost", "_reordered"):
            kept = {(new[space], number): some for (space, number), some in getattr(self, name).items() if space in new}
            setattr(self, name, defaultdict(int, kept))

    def result(self, width: int, pending: Iterable[tuple[int, int, int]]) -> Missed | None:
        """Sums in bins of *width*; without the *pending* ones: space, since when, how many. None: kept in wider bins."""
        if width % self.width:
            return None
        factor = width // self.width
        lost, reordered = (_joined(one, factor) for one in (self._lost, self._reordered))
        for space, time, numbers in pending:
            lost[space, time // width] -= numbers
        return {
            (space, number * width): (lost.get((space, number), 0), reordered.get((space, number), 0))
            for space, number in sorted({*lost, *reordered})
            if lost.get((space, number)) or reordered.get((space, number))
        }

    def _widen(self) -> None:
        self.width *= 2
        self._lost, self._reordered = _joined(self._lost, 2), _joined(self._reordered, 2)


def _joined(sums: dict[tuple[int, int], int], factor: int) -> dict[tuple[int, int], int]:
    """The sums of bins so many times as wide."""
    found: dict[tuple[int, int], int] = defaultdict(int)
    for (space, number), some in sums.items():
        found[space, number // factor] += some
    return found
