"""A progress bar on standard error, for people: only on a terminal, and only when the work takes longer than a second."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Self, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

PATIENCE_S = 1.0


class Bar:
    """Called with what was read and how much there is, both in octets; a context manager that removes the bar."""

    def __init__(self, stream: TextIO, *, wanted: bool, colour: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._wanted = wanted and stream.isatty()
        self._colour = colour
        self._clock = clock
        self._begin = clock()
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.stop()

    def __call__(self, consumed: int, total: int | None) -> None:
        """What was read so far; *total* is None where nobody knows."""
        if not self._wanted or self._clock() - self._begin < PATIENCE_S:
            return
        if self._progress is None:
            self._start()
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, completed=consumed, total=total)

    def _start(self) -> None:
        from rich.console import Console  # noqa: PLC0415
        from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn  # noqa: PLC0415

        console = Console(file=self._stream, no_color=not self._colour)
        self._progress = Progress("reading", BarColumn(), DownloadColumn(), TimeRemainingColumn(), console=console, transient=True)
        self._task = self._progress.add_task("", total=None)
        self._progress.start()
