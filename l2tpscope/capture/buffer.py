"""Buffer: one reused block of octets, filled from an input; what a walk left over moves to the front."""

from __future__ import annotations

import time

from .batch import SLACK
from .inputs import Input

GATHER_S = 0.05
"""How long a stream may be gathered into one block, counted from its first octets: bounds the delay of a live capture."""
PAUSE_S, PIPEFUL = 0.004, 1 << 16
"""Where somebody waits only so long, and less than this was there: the writer writes little at a time, and many reads cost more."""


class Buffer:
    """The octets `[start, end)` of `octets` are unread; `base` is the place of `octets[0]` in the capture."""

    def __init__(self, source: Input, block_octets: int, patience_s: float | None = None) -> None:
        self.input = source
        self.patience_s = patience_s
        """How long to wait for octets before telling that there are none yet; None: until there are."""
        self.block_octets = max(block_octets, 1)
        self.octets = bytearray(0)
        self.start = 0
        self.end = 0
        self.base = 0

    def fill(self) -> bool:
        """Make room and read more behind what is left; False where the input has ended.

        It returns as soon as a stream has nothing at hand, or after GATHER_S: a slow writer's records do not wait for a
        full block. With a patience it may return True without any more. It never holds more than the unread octets and one
        block, so what a record claims takes no memory.
        """
        self._make_room()
        if self.patience_s is not None and not self.input.ready(self.patience_s):
            return True
        limit = self.end + min(self.block_octets, len(self.octets) - SLACK - self.end)
        first = self.end
        deadline = 0.0
        with memoryview(self.octets) as view:
            while self.end < limit:
                if self.end > first and not self.input.ready(deadline - time.monotonic()):
                    break
                count = self.input.readinto(view[self.end : limit])
                if not count:
                    break
                deadline = deadline or time.monotonic() + GATHER_S
                self.end += count
                if self.patience_s is not None and count < PIPEFUL:
                    time.sleep(PAUSE_S)
        return self.end > first

    def _make_room(self) -> None:
        left = self.end - self.start
        room = len(self.octets) - SLACK - left
        if room <= self.block_octets // 2 or room > 2 * (left + self.block_octets) + (1 << 20):
            # A new buffer, for the old one may still be referred to; twice what is left, so that a long record
            # in short reads is not copied at each of them.
            grown = bytearray(2 * left + self.block_octets + SLACK)
            grown[:left] = self.octets[self.start : self.end]
            self.octets = grown
        elif self.start:
            with memoryview(self.octets) as view:
                view[:left] = view[self.start : self.end]
        self.base += self.start
        self.start, self.end = 0, left
