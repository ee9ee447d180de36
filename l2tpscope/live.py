"""live: a capture followed on a terminal, in lines, or as NDJSON, until it ends or somebody ends it."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Literal, TextIO

from l2tpscope.analysis.rows import EventRow
from l2tpscope.api import watch
from l2tpscope.capture.live import Tap
from l2tpscope.output import Page
from l2tpscope.output.json import head, record, records, text_of
from l2tpscope.output.live import Rates, Told, line, view
from l2tpscope.report import Report

Form = Literal["table", "ndjson"]
AT_THE_END = ("captures", "vpns", "tunnels", "sessions", "loss")
"""Tables of NDJSON when it has ended; events and findings went before."""
SMALLEST = 40, 8
HOME, TO_END_OF_LINE, TO_END_OF_SCREEN = "\x1b[H", "\x1b[K", "\x1b[J"
ENTER, LEAVE = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
"""The terminal's other screen without a cursor, and back."""


def follow(tap: Tap, form: Form, page: Page, stream: TextIO, **options: Any) -> Report:
    """Show what comes until it ends, then give the last report. Ctrl-C and SIGTERM end it in order."""
    gc.set_threshold(10_000, 10, 10)  # reports come and go: their rings of objects are not to wait for the end
    with _stopping(tap):
        if form == "table" and stream.isatty():
            with _screen(stream):
                report = _shown(watch(tap, **options), Screen(page, stream))
        else:
            report = _shown(watch(tap, **options), Lines(form, page, stream))
    if form == "ndjson":
        stream.writelines(_ending(report))
    return report


def _shown(reports: Iterator[Report], show: Callable[[Report], None]) -> Report:
    """Show every report, and give the last one."""
    report = next(reports)
    show(report)
    for report in reports:
        show(report)
    return report


class Screen:
    """A page that is painted anew in its place, and fits the window."""

    def __init__(self, page: Page, stream: TextIO) -> None:
        self._page, self._stream = page, stream
        self._before = 0, 0
        self._since: float | None = None

    def __call__(self, report: Report) -> None:
        """Paint it."""
        size = shutil.get_terminal_size()
        width, lines = max(size.columns, SMALLEST[0]), max(size.lines, SMALLEST[1])
        painted = view(report, self._rates(report), replace(self._page, width=width), lines - 1)
        text = "".join(f"{each}{TO_END_OF_LINE}\r\n" for each in painted.splitlines())
        self._stream.write(HOME + text + TO_END_OF_SCREEN)
        self._stream.flush()

    def _rates(self, report: Report) -> Rates:
        row, now = report.measures.captures[0], time.monotonic()
        frames, octets = self._before
        seconds = now - self._since if self._since is not None else 0.0
        self._before, self._since = (row.frames, row.octets), now
        return Rates(row.frames - frames, row.octets - octets, seconds)


class Lines:
    """A line for each event and finding, once."""

    def __init__(self, form: Form, page: Page, stream: TextIO) -> None:
        self._form, self._page, self._stream = form, page, stream
        self._told = Told()

    def __call__(self, report: Report) -> None:
        """Write what is new."""
        for row in self._told.news(report):
            if self._form == "table":
                self._stream.write(line(row, self._page) + "\n")
            else:
                table = "events" if isinstance(row, EventRow) else "findings"
                self._stream.write(text_of(table, record(table, row)))
        self._stream.flush()


def _ending(report: Report) -> Iterator[str]:
    """The last lines of NDJSON."""
    yield text_of("report", head(report))
    for table in AT_THE_END:
        yield from (text_of(table, values) for values in records(report, table))


@contextmanager
def _stopping(tap: Tap) -> Iterator[None]:
    """Let signals end the capture, and not us; a second one ends us too."""

    def stop(*_: object) -> None:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.default_int_handler)
        tap.stop()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _screen(stream: TextIO) -> Iterator[None]:
    """The terminal's other screen, and the first one again, whatever happens."""
    stream.write(ENTER)
    stream.flush()
    try:
        yield
    finally:
        stream.write(LEAVE)
        stream.flush()


def same_file(save: str, source: str | None) -> bool:
    """Whether the packets would be written to where they are read from."""
    try:
        there, here = os.stat(save), os.fstat(sys.stdin.fileno()) if source == "-" else os.stat(source or "")
    except (OSError, ValueError):
        return False
    return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)
