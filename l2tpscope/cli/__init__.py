"""The command line. Each command calls one function of api.py and one of output/.

Data goes to standard output, everything else to standard error. Exit codes are in EXIT. Nothing but click is imported
before a capture is to be read, so that `--help` is quick.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable

import click

from l2tpscope import __version__
from l2tpscope.cli import explain, live, packets, report, tables
from l2tpscope.cli.tables import TABLE_OF
from l2tpscope.cli.work import EXIT

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


for _room in (tables, report, explain, live, packets):
    for _command in _room.COMMANDS:
        l2tpscope.add_command(_command)


def run() -> None:
    """The command line, from the process's arguments to its exit code."""
    try:
        l2tpscope.main(prog_name="l2tpscope", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        sys.exit(EXIT["interrupted"])
