"""A progress bar for people: on standard error, if it is a terminal, or in a notebook; only when the work takes longer than a second."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, Self, TextIO

from l2tpscope.output.page import colour_wanted

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

PATIENCE_S = 1.0
OFTEN_S = 0.2
"""A notebook is told no more often."""


def automatic() -> Bar | NotebookBar:
    """The bar that fits where we are: a notebook's where its kernel runs us, else one on standard error."""
    if "ipykernel" in sys.modules:
        return NotebookBar(import_module("IPython.display"))
    return Bar(sys.stderr, wanted=True, colour=colour_wanted("auto", sys.stderr, os.environ))


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


class NotebookBar:
    """The same for a notebook, without a widget that would have to be installed; it is gone when the work is done."""

    def __init__(self, display: Any, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._display = display
        self._clock = clock
        self._next = clock() + PATIENCE_S
        self._handle: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._handle is not None:
            self._handle.update(self._display.HTML(""))

    def __call__(self, consumed: int, total: int | None) -> None:
        """What was read so far, and of how much, in octets; *total* is None where nobody knows."""
        if self._clock() < self._next:
            return
        self._next = self._clock() + OFTEN_S
        value = "" if total is None else f' value="{consumed}" max="{total}"'
        shown = self._display.HTML(f"<progress{value}></progress> {consumed / 1e6:,.1f} MB read")
        if self._handle is None:
            self._handle = self._display.display(shown, display_id=True)
        else:
            self._handle.update(shown)
