"""Pace: when the next report of a capture under way is due, and what time it is for it."""

from __future__ import annotations

import time

SHARE = 0.2
"""Of one processor, that reports may take: the rest is for the packets."""


class Pace:
    """One report every interval, later where the last one took long; and the end of the whole."""

    def __init__(self, interval_s: float, duration_s: float | None = None) -> None:
        self._interval_s = max(interval_s, 0.05)
        start = time.monotonic()
        self._over = None if duration_s is None else start + duration_s
        self._due = start + self._interval_s
        self._began = start
        self._heard = start
        self._idle = False

    def heard(self) -> None:
        """Records came."""
        self._heard, self._idle = time.monotonic(), False

    def idle(self) -> None:
        """None are waiting."""
        self._idle = True

    def left_s(self) -> float:
        """Until something is to be done whether records come or not."""
        until = self._due if self._over is None else min(self._due, self._over)
        return max(0.0, until - time.monotonic())

    def due(self) -> bool:
        """Whether it is time for a report."""
        return time.monotonic() >= self._due

    def over(self) -> bool:
        """Whether it is time to end."""
        return self._over is not None and time.monotonic() >= self._over

    def begin(self) -> None:
        """A report is being made."""
        self._began = time.monotonic()

    def end(self) -> None:
        """It was made, and used: the next one waits until this one took no more than its share of the time."""
        now = time.monotonic()
        took = now - self._began
        self._due = max(self._began + self._interval_s, now + took * (1 / SHARE - 1))

    def now(self, last: int | None) -> int | None:
        """The instant for a report, by the clock of the capture: its last record, and how long nothing came since."""
        if last is None or not self._idle:
            return last
        return last + int((time.monotonic() - self._heard) * 1e9)
