"""work: what every command does: read captures, show pages, write, say, and end with an exit code."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from l2tpscope.output import Page
    from l2tpscope.report import Report

EXIT = {
    "done": 0,
    "problem": 1,
    "usage": 2,
    "unreadable": 3,
    "nothing": 4,
    "partial": 5,
    "interrupted": 130,
    "pipe": 141,
}
"""0 analysed (whatever was found); 1 a finding as bad or as sure as `--fail-on` names; 2 wrong usage, nothing to explain, or the output
cannot be written; 3 input unreadable; 4 no L2TP, IKE or ESP in it; 5 partial: the capture is cut off, and what was there is reported;
130 Ctrl-C, and what had been read is reported; 141 the reader of a pipe went away."""

WIDTH = 100
"""Columns of a page, as in output.page."""


def report(files: tuple[str, ...], *, color: str, quiet: bool, **options: Any) -> Report | None:
    """What the captures hold; None, and a line on standard error, where one cannot be read."""
    from l2tpscope.api import read  # noqa: PLC0415
    from l2tpscope.capture import CaptureError  # noqa: PLC0415
    from l2tpscope.output.page import colour_wanted  # noqa: PLC0415
    from l2tpscope.output.progress import Bar  # noqa: PLC0415

    try:
        with Bar(sys.stderr, wanted=not quiet, colour=colour_wanted(color, sys.stderr, os.environ)) as bar:
            return read(list(files), progress=bar, **options)
    except CaptureError as error:
        say(str(error))
        return None
    except ValueError as error:
        if options.get("anonymize") is None:
            raise
        raise click.UsageError(str(error)) from error


def page(color: str, output: str | None, *, only_ascii: bool, width: int | None = WIDTH) -> Page:
    """How to show it; without a *width* as wide as the terminal."""
    from l2tpscope.output import Page  # noqa: PLC0415
    from l2tpscope.output.page import ascii_needed, colour_wanted  # noqa: PLC0415

    if width is None:
        width = shutil.get_terminal_size((WIDTH, 24)).columns if output is None and sys.stdout.isatty() else WIDTH
    if output is not None:
        return Page(width, colour=color == "always", ascii=only_ascii)
    return Page(width, colour=colour_wanted(color, sys.stdout, os.environ), ascii=only_ascii or ascii_needed(sys.stdout))


def check_output(output: str | None, form: str, files: tuple[str, ...]) -> None:
    """Refuse what would harm: binary data on a terminal, and a capture overwritten by its own report."""
    if output is None:
        if form == "parquet" and sys.stdout.isatty():
            raise click.UsageError("parquet is binary: give a file with -o")
        if form == "html" and sys.stdout.isatty():
            raise click.UsageError("a page is nothing for a terminal: give a file with -o, such as report.html")
        return
    for path in files:
        if os.path.exists(output) and os.path.exists(path) and os.path.samefile(output, path):
            raise click.UsageError(f"-o would overwrite the capture {path}")


def write(data: Iterable[bytes], output: str | None) -> None:
    """Write it all; a file that cannot be written, or a format that cannot hold it, is a wrong usage."""
    from l2tpscope.output import OutputError  # noqa: PLC0415

    try:
        if output is None:
            put(data)
            return
        first = next(iterator := iter(data), b"")  # a format that refuses must not empty the file
        with open(output, "wb") as stream:
            stream.write(first)
            stream.writelines(iterator)
    except OutputError as error:
        raise click.UsageError(str(error)) from error
    except OSError as error:
        raise click.UsageError(f"cannot write {output}: {error.strerror}") from error


def put(data: Iterable[bytes]) -> None:
    """Write it all to standard output."""
    try:
        for piece in data:
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        sys.exit(pipe_gone())
    except OSError as error:
        raise click.UsageError(f"cannot write standard output: {error.strerror}") from error


def pipe_gone() -> int:
    """The exit code where nobody reads standard output any more; nothing is left to flush into the pipe."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return EXIT["pipe"]


def notes(report: Report, *, told: bool, seconds: float | None) -> None:
    """What the reader of a table should know of its captures, on standard error; the summary tells it itself."""
    if not told:
        for row in report.measures.captures:
            if row.verdict != "good":
                say(f"{row.path}: quality {row.verdict}: {'; '.join(row.reasons) or 'no frame of L2TP or IPsec'}")
        for note in report.notes:
            say(note)
        if report.interrupted:
            say("interrupted: this is what had been read until then")
    if seconds is not None:
        frames = sum(row.frames for row in report.measures.captures)
        say(f"read {frames:,} frames of {len(report.measures.captures)} captures in {seconds:.2f} s")


def say(line: str) -> None:
    """One line on standard error, harmless whatever is in it."""
    from l2tpscope.output.escape import terminal  # noqa: PLC0415

    click.echo(f"l2tpscope: {terminal(line)}", err=True)


def exit_code(report: Report) -> int:
    """Of a report that was made, whatever was found."""
    if report.interrupted:
        return EXIT["interrupted"]
    if report.partial:
        return EXIT["partial"]
    return EXIT["nothing"] if report.empty else EXIT["done"]
