"""tables: the summary, the ladder, the plots, and a command for each table."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

import click

from l2tpscope.cli import work
from l2tpscope.cli.options import FORMATS, GRADES, OPTIONS, SEVERITIES, Option, with_options
from l2tpscope.cli.work import WIDTH

if TYPE_CHECKING:
    from l2tpscope.report import Report

TABLES = {
    "captures": "The capture files: format, span, frames of each kind, quality.",
    "tunnels": "The tunnels (control connections): who, ids, state, how each ended and why.",
    "sessions": "The sessions: ids, state, data each way, how each ended and why.",
    "messages": "Every control message: Ns, Nr, retransmissions, what acknowledged it.",
    "rtt": "Every round trip, tap to one side and back, with its kind and quality.",
    "loss": "Loss per sequence space and direction, with a 95 % interval, or why it cannot be measured.",
    "throughput": "Packets and octets per session or ESP SA, direction and bin of time.",
    "events": "The timeline: what happened when.",
    "ppp": "Every PPP control packet: what was asked, agreed, refused, and why it ended.",
    "inner": "What endpoints inside sessions in clear exchanged, most octets first: round trips, retransmissions, MSS.",
    "l2f": "The tunnels of L2F: who, CLIDs, state, clients, echoes, payload each way, how each ended.",
    "vpns": "Each client's connection: IKE, ESP, tunnels and sessions joined, how far it got, how that is known.",
    "ike": "The IKE SAs: who, how far, what was chosen, NAT, how each ended.",
    "ike-messages": "Every IKE message: its name, what it answers, retransmissions.",
    "esp": "The ESP and AH SAs, one a direction: SPI, numbers, loss, order, which IKE SA made it.",
    "inferences": "What follows from ciphertext, with its grade, its rule, and what speaks against it.",
    "diagnose": "What is wrong, how sure, which frames show it, what speaks against it, what else it may be, what to do.",
}
"""Each command and what its table holds."""
TABLE_OF = {"inner": "inner_flows", "ike": "ike_sas", "ike-messages": "ike_messages", "esp": "esp_sas", "diagnose": "findings"}
"""Commands that are named otherwise than their table; the table's name does as well."""
OF_FINDINGS = ("text", *FORMATS, "markdown")
"""`text` is what the others call `table`."""
PICTURES, PICTURE_FILES = ("timeline", "rtt", "loss", "throughput", "sequence"), ("png", "svg", "pdf")
FORMAT = click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True, help="How to write it.")
OWN: dict[str, tuple[Option, ...]] = {
    "diagnose": (
        click.option("--format", "form", type=click.Choice(OF_FINDINGS), default="text", show_default=True, help="How to write it."),
        click.option(
            "--fail-on",
            type=click.Choice((*SEVERITIES, *GRADES)),
            help="Exit with 1 where a finding is as bad as this, or an error or warning as sure as this.",
        ),
    ),
    "ladder": (
        click.option("--vpn", type=click.IntRange(1), help="This connection, by its number."),
        click.option("--tunnel", type=click.IntRange(1), help="This tunnel alone, by its number."),
        click.option("--raw", is_flag=True, help="Under each message all that was decoded of it: AVPs, payloads, options."),
        click.option("--rows", "most", type=click.IntRange(0), default=200, show_default=True, help="About so many rows; 0: all."),
        click.option("--width", type=click.IntRange(80, 200), help="Columns of the page; else the terminal's, 100 in a file."),
    ),
    "plot": (click.option("--vpn", type=click.IntRange(1), help="This connection alone, by its number."),),
}
"""Options of single commands; the others have FORMAT alone."""
BEFORE_FILES = {"plot": (click.argument("kind", type=click.Choice(PICTURES), metavar="KIND"),)}
EXAMPLES = {"summary": "--format json", "diagnose": "--format markdown", "ladder": "--vpn 2 -o vpn2.svg", "plot": "timeline -o gw.svg"}


def _command(name: str, about: str) -> click.Command:
    """A command that reads captures and writes *name*."""

    def command(**options: Any) -> None:
        sys.exit(_read_and_write(TABLE_OF.get(name, name), **options))

    command.__doc__ = f"{about}\n\n\b\nExample: l2tpscope {name} {EXAMPLES.get(name, '--format csv')} gw.pcapng"
    options = (*BEFORE_FILES.get(name, ()), OPTIONS[0], *OWN.get(name, (FORMAT,)), *OPTIONS[1:])
    return click.command(name)(with_options(options, command))


def _read_and_write(
    what: str,
    *,
    files: tuple[str, ...],
    form: Any = "table",
    output: str | None,
    ports: tuple[int, ...],
    secret: str | None,
    show_secrets: bool,
    inner: bool,
    anonymize: str | None,
    color: str,
    only_ascii: bool,
    quiet: bool,
    verbose: bool,
    fail_on: str | None = None,
    width: int | None = WIDTH,
    **further: Any,
) -> int:
    """Read the captures, write *what*, and give the exit code."""
    from l2tpscope.output import pieces  # noqa: PLC0415

    form = _form(what, form, (output or "").lower().rpartition(".")[2])
    begin = time.monotonic()
    work.check_output(output, form, files)
    report = work.report(
        files, color=color, quiet=quiet, ports=ports, secret=secret, show_secrets=show_secrets, inner=inner, anonymize=anonymize
    )
    if report is None:
        return work.EXIT["unreadable"]
    if not quiet:
        work.notes(
            report,
            told=what in ("summary", "findings") and form in ("table", "markdown"),
            seconds=time.monotonic() - begin if verbose else None,
        )
    work.write(pieces(report, what, form, work.page(color, output, only_ascii=only_ascii, width=width), **further), output)
    if fail_on is not None and not report.interrupted and _is_bad(report, fail_on):
        return work.EXIT["problem"]
    return work.exit_code(report)


def _form(what: str, form: str, suffix: str) -> str:
    """The format: what was said, or what the name of the file says."""
    if what == "plot" and suffix not in PICTURE_FILES:
        raise click.UsageError("-o must name the picture: NAME.png, NAME.svg or NAME.pdf")
    if what == "plot" or (what == "ladder" and suffix == "svg"):
        return suffix
    return "table" if form == "text" else form


def _is_bad(report: Report, threshold: str) -> bool:
    """Whether something was found that is as bad, or as sure, as *threshold*; what is only good to know is neither."""
    rows = report.rows("findings")
    if threshold in SEVERITIES:
        return any(SEVERITIES.index(row.severity) <= SEVERITIES.index(threshold) for row in rows)
    return any(row.severity != "info" and GRADES.index(row.grade) <= GRADES.index(threshold) for row in rows)


COMMANDS = (
    _command("summary", "The summary: quality, connections, tunnels, round trips, sessions, loss. In JSON, the whole document."),
    _command("ladder", "The flow of each connection between client, NAT and server: IKE, ESP, L2TP, PPP. A picture with `-o FILE.svg`."),
    _command("plot", f"A picture over time ({', '.join(PICTURES)}) in a file: `-o` NAME.png, NAME.svg or NAME.pdf."),
    *(_command(name, about) for name, about in TABLES.items()),
)
