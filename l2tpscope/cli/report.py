"""report: the page of HTML."""

from __future__ import annotations

import sys
import time
from typing import Any

import click

from l2tpscope.cli import work
from l2tpscope.cli.options import ASCII, OPTIONS, with_options

LANGS = ("en", "ja")
"""As in output.web.LANGS."""

LANG = click.option("--lang", type=click.Choice(LANGS), default="en", show_default=True, help="What the page says in its own words.")


def _report(**options: Any) -> None:
    """One page of HTML to mail: verdict, findings, timeline, charts, ladders, tables, and the data. It fetches nothing.

    With --show-secrets it holds them too.

    \b
    Example: l2tpscope report gw.pcapng -o report.html
    """
    sys.exit(_write_report(**options))


def _write_report(*, files: tuple[str, ...], lang: Any, output: str | None, color: str, quiet: bool, verbose: bool, **reading: Any) -> int:
    """Read the captures, write the page, and give the exit code."""
    from l2tpscope.output.web import digests, document  # noqa: PLC0415

    begin = time.monotonic()
    work.check_output(output, "html", files)
    report = work.report(files, color=color, quiet=quiet, **reading)
    if report is None:
        return work.EXIT["unreadable"]
    if not quiet:
        work.notes(report, told=False, seconds=time.monotonic() - begin if verbose else None)
    original = files if reading["anonymize"] is None else ()  # a hash tells whose packets they are
    work.write((piece.encode("utf-8", "backslashreplace") for piece in document(report, lang, digests(original))), output)
    return work.exit_code(report)


COMMANDS = (click.command("report")(with_options((OPTIONS[0], LANG, *(each for each in OPTIONS[1:] if each is not ASCII)), _report)),)
