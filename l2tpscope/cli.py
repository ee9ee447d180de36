"""The command line. Each command calls one function of api.py and one of output/.

Data goes to standard output, everything else to standard error. Exit codes are in EXIT. Nothing but click is imported
before a capture is to be read, so that `--help` is quick.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import click

from l2tpscope import __version__
from l2tpscope.packet_commands import Tools, register

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
FORMATS = ("table", "json", "ndjson", "csv", "parquet")
"""As in output.FORMATS, which would bring numpy along; a test holds them together."""
OF_FINDINGS = ("text", *FORMATS, "markdown")
"""`text` is what the others call `table`."""
PICTURES, PICTURE_FILES = ("timeline", "rtt", "loss", "throughput", "sequence"), ("png", "svg", "pdf")
LANGS = ("en", "ja")
"""As in output.web.LANGS."""
GRADES = ("certain", "likely", "hint")
SEVERITIES = ("error", "warning", "info")
"""Surest and worst first."""

EPILOG = """\b
Examples:
  l2tpscope gw.pcapng                      the summary, one screen
  l2tpscope diagnose gw.pcapng             what is wrong, and what to do about it
  l2tpscope report gw.pcapng -o gw.html    a page to mail: all of it, with pictures
  l2tpscope tunnels gw.pcap0 gw.pcap1      a rotated capture, merged by time
  l2tpscope ladder gw.pcapng               the flow between client, NAT and server
  l2tpscope show 12 gw.pcapng              one frame decoded, and where it belongs
  l2tpscope vpns gw.pcapng                 each client: how far it got, IPsec and L2TP as one
  ssh gw tcpdump -U -w - 'port 1701' | l2tpscope -
  l2tpscope summary --format json gw.pcap -o gw.json
  l2tpscope plot timeline gw.pcapng -o gw.svg
  l2tpscope explain 809                    what a number or a name means (no capture is read)

\b
Exit codes: 0 analysed, 1 a finding that --fail-on names, 2 usage, 3 unreadable,
4 no L2TP, IKE or ESP in it, 5 partial (a cut file; what was there is reported),
130 interrupted.
Completion: eval "$(_L2TPSCOPE_COMPLETE=bash_source l2tpscope)"  (zsh_source, fish_source)
"""


class Commands(click.Group):
    """The commands; a file in the place of one means `summary`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `summary` before a file or an option of its own."""
        known = (*self.commands, *TABLE_OF.values(), "--help", "-h", "--version")
        if args and args[0] not in known and _is_input(args[0]):
            args = ["summary", *args]
        return super().parse_args(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name, or of the table of that name."""
        command = next((command for command, table in TABLE_OF.items() if table == cmd_name), cmd_name)
        return super().get_command(ctx, command)


def _is_input(word: str) -> bool:
    """Whether a first word is no mistyped command: it exists, or is `-`, an option, or has the form of a path."""
    return word.startswith("-") or os.path.exists(word) or os.sep in word or "." in word


def _version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    """Print our version and those of what we stand on."""
    if wanted and not ctx.resilient_parsing:
        click.echo(f"l2tpscope {__version__} (Python {sys.version.split()[0]}, {', '.join(_companions())})")
        ctx.exit()


def _companions() -> Iterable[str]:
    import subprocess  # noqa: PLC0415
    from importlib.metadata import version  # noqa: PLC0415

    yield from (f"{name} {version(name)}" for name in ("dpkt", "numpy", "pandas"))
    tshark = shutil.which("tshark")
    if tshark is None:
        yield "tshark not found"
        return
    words = subprocess.run([tshark, "--version"], capture_output=True, text=True, check=False).stdout.split()  # noqa: S603
    yield f"tshark {words[2].rstrip('.')}" if len(words) > 2 else "tshark that does not tell its version"


@click.group(cls=Commands, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show versions and exit.")
def l2tpscope() -> None:
    """Explain and measure the L2TP in captures, and the IPsec around it.

    Reads pcap and pcapng, compressed or not, `-` for a stream; several files are merged by time. A file in the place of
    COMMAND gives its summary.
    """


ASCII = click.option("--ascii", "only_ascii", is_flag=True, help="No characters but ASCII.")
OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.argument("files", nargs=-1, required=True, type=click.Path(allow_dash=True), metavar="FILE..."),
    click.option("-o", "--output", type=click.Path(dir_okay=False), help="Write to this file, not to standard output."),
    click.option("--port", "ports", type=click.IntRange(1, 65535), multiple=True, help="A further UDP port of L2TP; repeatable."),
    click.option(
        "--secret",
        envvar="L2TPSCOPE_SECRET",
        show_envvar=True,
        help="The tunnel's secret: reveals hidden AVPs, checks responses. Other users see it in the process list, but not the variable.",
    ),
    click.option("--show-secrets", is_flag=True, help="Show passwords, challenges and responses (in the table ppp, in ladder --raw)."),
    click.option("--inner/--no-inner", default=True, help="Look into sessions in clear (default), or not, which is quicker."),
    click.option(
        "--anonymize",
        metavar="KEYFILE",
        help="Replace addresses, names, SPIs, cookies, MACs, secrets by this key, made if absent; `-`: once.",
    ),
    click.option("--color", type=click.Choice(("auto", "always", "never")), default="auto", show_default=True, help="NO_COLOR counts."),
    ASCII,
    click.option("-q", "--quiet", is_flag=True, help="No progress, no notes on standard error."),
    click.option("-v", "--verbose", is_flag=True, help="Say on standard error what was read, and how long it took."),
)


FORMAT = click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True, help="How to write it.")
OWN: dict[str, tuple[Callable[[Any], Any], ...]] = {
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
WIDTH = 100
"""Columns of a page, as in output.page."""
EXAMPLES = {"summary": "--format json", "diagnose": "--format markdown", "ladder": "--vpn 2 -o vpn2.svg", "plot": "timeline -o gw.svg"}


def _command(name: str, about: str) -> None:
    """Add a command that reads captures and writes *name*."""

    def command(**options: Any) -> None:
        sys.exit(_read_and_write(TABLE_OF.get(name, name), **options))

    command.__doc__ = f"{about}\n\n\b\nExample: l2tpscope {name} {EXAMPLES.get(name, '--format csv')} gw.pcapng"
    for option in reversed((*BEFORE_FILES.get(name, ()), OPTIONS[0], *OWN.get(name, (FORMAT,)), *OPTIONS[1:])):
        command = option(command)
    l2tpscope.command(name)(command)


_command("summary", "The summary: quality, connections, tunnels, round trips, sessions, loss. In JSON, the whole document.")
_command("ladder", "The flow of each connection between client, NAT and server: IKE, ESP, L2TP, PPP. A picture with `-o FILE.svg`.")
_command("plot", f"A picture over time ({', '.join(PICTURES)}) in a file: `-o` NAME.png, NAME.svg or NAME.pdf.")
for _name, _about in TABLES.items():
    _command(_name, _about)


@l2tpscope.command("explain")
@click.argument("terms", nargs=-1, required=True, metavar="TERM...")
@click.option("--format", "form", type=click.Choice(("table", "json")), default="table", show_default=True, help="How to write it.")
def _explain(terms: tuple[str, ...], form: str) -> None:
    """What an error, code, AVP or finding means.

    Errors of Windows, notifies of IKE, results and AVPs of L2TP, codes of PPP, findings: what they mean, and what to look for.
    No capture is read.

    \b
    Example: l2tpscope explain 809            an error of Windows
             l2tpscope explain N14            a notify of IKE
             l2tpscope explain cdn/2/6        message, result, error
             l2tpscope explain avp 9/1        vendor, attribute
             l2tpscope explain L2S401         a finding
             l2tpscope explain psk            words
    """
    sys.exit(_tell(" ".join(terms), form))


@l2tpscope.command("live")
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


for _option in OPTIONS[2:-2]:
    _option(_live)


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
    page = _page(color, None, only_ascii=only_ascii)
    try:
        tap = open_tap(Interface(interface, bpf) if interface is not None else source or "-", save)
        report = follow(tap, form, page, sys.stdout, interval_s=interval, duration_s=duration, **options)
    except CaptureError as error:
        _say(str(error))
        return EXIT["unreadable"]
    except ValueError as error:
        if options["anonymize"] is None:
            raise
        raise click.UsageError(str(error)) from error
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT["pipe"]
    if tap.unsaved is not None:
        _say(tap.unsaved)
    if form == "table":
        _write(pieces(report, "summary", form, page), None)
    return _exit_code(report)


def _tell(question: str, form: str) -> int:
    """Explain, and give the exit code: 2 where nothing is known of it."""
    from l2tpscope.explain import ask, document, nothing, text  # noqa: PLC0415

    answer = ask(question)
    if not answer.entries:
        _say(nothing(question, answer))
        return EXIT["usage"]
    told = document(question, answer) if form == "json" else text(answer)
    _print([told.encode(sys.stdout.encoding or "ascii", "backslashreplace")])
    return EXIT["done"]


def _mail(**options: Any) -> None:
    """One page of HTML to mail: verdict, findings, timeline, charts, ladders, tables, and the data. It fetches nothing.

    With --show-secrets it holds them too.

    \b
    Example: l2tpscope report gw.pcapng -o report.html
    """
    sys.exit(_write_report(**options))


LANG = click.option("--lang", type=click.Choice(LANGS), default="en", show_default=True, help="What the page says in its own words.")
for _option in reversed((OPTIONS[0], LANG, *(each for each in OPTIONS[1:] if each is not ASCII))):
    _mail = _option(_mail)
l2tpscope.command("report")(_mail)


def _write_report(*, files: tuple[str, ...], lang: Any, output: str | None, color: str, quiet: bool, verbose: bool, **reading: Any) -> int:
    """Read the captures, write the page, and give the exit code."""
    from l2tpscope.output.web import digests, document  # noqa: PLC0415

    begin = time.monotonic()
    _check_output(output, "html", files)
    report = _report(files, color=color, quiet=quiet, **reading)
    if report is None:
        return EXIT["unreadable"]
    if not quiet:
        _notes(report, told=False, seconds=time.monotonic() - begin if verbose else None)
    original = files if reading["anonymize"] is None else ()  # a hash tells whose packets they are
    _write((piece.encode("utf-8", "backslashreplace") for piece in document(report, lang, digests(original))), output)
    return _exit_code(report)


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
    _check_output(output, form, files)
    report = _report(
        files, color=color, quiet=quiet, ports=ports, secret=secret, show_secrets=show_secrets, inner=inner, anonymize=anonymize
    )
    if report is None:
        return EXIT["unreadable"]
    if not quiet:
        _notes(
            report,
            told=what in ("summary", "findings") and form in ("table", "markdown"),
            seconds=time.monotonic() - begin if verbose else None,
        )
    _write(pieces(report, what, form, _page(color, output, only_ascii=only_ascii, width=width), **further), output)
    if fail_on is not None and not report.interrupted and _is_bad(report, fail_on):
        return EXIT["problem"]
    return _exit_code(report)


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


def _report(files: tuple[str, ...], *, color: str, quiet: bool, **options: Any) -> Report | None:
    """What the captures hold; None, and a line on standard error, where one cannot be read."""
    from l2tpscope.api import read  # noqa: PLC0415
    from l2tpscope.capture import CaptureError  # noqa: PLC0415
    from l2tpscope.output.page import colour_wanted  # noqa: PLC0415
    from l2tpscope.output.progress import Bar  # noqa: PLC0415

    try:
        with Bar(sys.stderr, wanted=not quiet, colour=colour_wanted(color, sys.stderr, os.environ)) as bar:
            return read(list(files), progress=bar, **options)
    except CaptureError as error:
        _say(str(error))
        return None
    except ValueError as error:
        if options.get("anonymize") is None:
            raise
        raise click.UsageError(str(error)) from error


def _page(color: str, output: str | None, *, only_ascii: bool, width: int | None = WIDTH) -> Page:
    """How to show it; without a *width* as wide as the terminal."""
    from l2tpscope.output import Page  # noqa: PLC0415
    from l2tpscope.output.page import ascii_needed, colour_wanted  # noqa: PLC0415

    if width is None:
        width = shutil.get_terminal_size((WIDTH, 24)).columns if output is None and sys.stdout.isatty() else WIDTH
    if output is not None:
        return Page(width, colour=color == "always", ascii=only_ascii)
    return Page(width, colour=colour_wanted(color, sys.stdout, os.environ), ascii=only_ascii or ascii_needed(sys.stdout))


def _check_output(output: str | None, form: str, files: tuple[str, ...]) -> None:
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


def _write(data: Iterable[bytes], output: str | None) -> None:
    """Write it all; a file that cannot be written, or a format that cannot hold it, is a wrong usage."""
    from l2tpscope.output import OutputError  # noqa: PLC0415

    try:
        if output is None:
            _print(data)
            return
        first = next(iterator := iter(data), b"")  # a format that refuses must not empty the file
        with open(output, "wb") as stream:
            stream.write(first)
            stream.writelines(iterator)
    except OutputError as error:
        raise click.UsageError(str(error)) from error
    except OSError as error:
        raise click.UsageError(f"cannot write {output}: {error.strerror}") from error


def _print(data: Iterable[bytes]) -> None:
    """Write it all to standard output."""
    try:
        for piece in data:
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # so that nothing is left to flush into the pipe
        sys.exit(EXIT["pipe"])
    except OSError as error:
        raise click.UsageError(f"cannot write standard output: {error.strerror}") from error


def _notes(report: Report, *, told: bool, seconds: float | None) -> None:
    """What the reader of a table should know of its captures, on standard error; the summary tells it itself."""
    if not told:
        for row in report.measures.captures:
            if row.verdict != "good":
                _say(f"{row.path}: quality {row.verdict}: {'; '.join(row.reasons) or 'no frame of L2TP or IPsec'}")
        for note in report.notes:
            _say(note)
        if report.interrupted:
            _say("interrupted: this is what had been read until then")
    if seconds is not None:
        frames = sum(row.frames for row in report.measures.captures)
        _say(f"read {frames:,} frames of {len(report.measures.captures)} captures in {seconds:.2f} s")


def _say(line: str) -> None:
    """One line on standard error, harmless whatever is in it."""
    from l2tpscope.output.escape import terminal  # noqa: PLC0415

    click.echo(f"l2tpscope: {terminal(line)}", err=True)


def _exit_code(report: Report) -> int:
    if report.interrupted:
        return EXIT["interrupted"]
    if report.partial:
        return EXIT["partial"]
    return EXIT["nothing"] if report.empty else EXIT["done"]


register(l2tpscope, Tools(OPTIONS, _report, _page, _check_output, _write, _say, _exit_code))


def run() -> None:
    """The command line, from the process's arguments to its exit code."""
    try:
        l2tpscope.main(prog_name="l2tpscope", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        sys.exit(EXIT["interrupted"])
