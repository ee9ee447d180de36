"""live: a capture followed while it is made."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from l2tpscope.cli import work
from l2tpscope.cli.options import OPTIONS, with_options

if TYPE_CHECKING:
    from l2tpscope.report import Report


@click.command("live")
@click.argument("source", required=False, metavar="[-]", type=click.Path(allow_dash=True))
@click.option("-i", "--interface", metavar="IF", help="Capture here, by dumpcap.")
@click.option("-f", "--filter", "bpf", metavar="BPF", help="Of the interface, only what this filter of libpcap lets pass.")
@click.option("--save", type=click.Path(dir_okay=False), help="Keep the packets in this file.")
@click.option("--duration", type=click.FloatRange(min=0, min_open=True), metavar="S", help="End after so many seconds.")
@click.option("--interval", type=click.FloatRange(min=0.1), default=1.0, show_default=True, metavar="S", help="Seconds from view to view.")
@click.option(
    "--format", "form", type=click.Choice(("table", "ndjson")), default="table", show_default=True, help="NDJSON: each event once."
)
def _live(source: str | None, interface: str | None, bpf: str | None, **options: Any) -> None:
    """What happens on an interface, or in a pipe, while it happens.

    On a terminal a page that is painted anew; elsewhere a line for each event and finding. Ctrl-C ends it and prints the summary. What
    was closed or silent for ten minutes is let go, and counted.

    \b
    Example: l2tpscope live -i eth0 -f 'udp port 500 or 4500 or 1701 or esp' --save day.pcapng
             ssh gw tcpdump -U -w - 'udp or esp' | l2tpscope live -
    """
    if (source is None) == (interface is None):
        raise click.UsageError("either -i IF, or - for standard input (or the path of a pipe)")
    if bpf is not None and interface is None:
        raise click.UsageError("-f is for an interface: give a filter to what writes the pipe")
    sys.exit(_follow(source, interface, bpf, **options))


def _follow(
    source: str | None,
    interface: str | None,
    bpf: str | None,
    *,
    form: Any,
    save: str | None,
    duration: float | None,
    interval: float,
    color: str,
    only_ascii: bool,
    **options: Any,
) -> int:
    """Follow a capture, print its summary, and give the exit code."""
    from l2tpscope.capture import CaptureError  # noqa: PLC0415
    from l2tpscope.capture.live import Interface, open_tap  # noqa: PLC0415
    from l2tpscope.live import follow, same_file  # noqa: PLC0415
    from l2tpscope.output import pieces  # noqa: PLC0415

    if save is not None and options["anonymize"] is not None:
        raise click.UsageError("--save keeps the packets as they were: not together with --anonymize")
    if save is not None and os.path.exists(save) and same_file(save, source):
        raise click.UsageError(f"--save would overwrite what is read: {save}")
    page = work.page(color, None, only_ascii=only_ascii)
    try:
        tap = open_tap(Interface(interface, bpf) if interface is not None else source or "-", save)
        report = follow(tap, form, page, sys.stdout, interval_s=interval, duration_s=duration, **options)
    except CaptureError as error:
        work.say(str(error))
        return work.EXIT["unreadable"]
    except ValueError as error:
        if options["anonymize"] is None:
            raise
        raise click.UsageError(str(error)) from error
    except BrokenPipeError:
        return work.pipe_gone()
    if tap.unsaved is not None:
        work.say(tap.unsaved)
    if form == "table":
        _name_what_was_kept(report, save if tap.unsaved is None else None)
        work.write(pieces(report, "summary", form, page), None)
    return work.exit_code(report)


def _name_what_was_kept(report: Report, save: str | None) -> None:
    """Where the packets are now: the commands that the summary names for more are about that file, or none."""
    row = report.measures.captures[0]
    report.measures.captures[0] = replace(row, path=save or (row.path if row.path == "-" else f"<{row.path}>"))


COMMANDS = (with_options(OPTIONS[2:-2], _live),)
