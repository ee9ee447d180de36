"""options: what commands that read captures have in common, and the words that they take. Nothing but click is imported."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import click

FORMATS = ("table", "json", "ndjson", "csv", "parquet")
"""As in output.FORMATS, which would bring numpy along; a test holds them together."""
OF_FINDINGS = ("text", *FORMATS, "markdown")
"""`text` is what the others call `table`."""
GRADES = ("certain", "likely", "hint")
SEVERITIES = ("error", "warning", "info")
"""Surest and worst first."""

Option = Callable[[Any], Any]
OUTPUT = click.option("-o", "--output", type=click.Path(dir_okay=False), help="Write to this file, not to standard output.")
PORTS = click.option("--port", "ports", type=click.IntRange(1, 65535), multiple=True, help="A further UDP port of L2TP; repeatable.")
COLOR = click.option("--color", type=click.Choice(("auto", "always", "never")), default="auto", show_default=True, help="NO_COLOR counts.")
ASCII = click.option("--ascii", "only_ascii", is_flag=True, help="No characters but ASCII.")
OPTIONS: tuple[Option, ...] = (
    click.argument("files", nargs=-1, required=True, type=click.Path(allow_dash=True), metavar="FILE..."),
    OUTPUT,
    PORTS,
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
    COLOR,
    ASCII,
    click.option("-q", "--quiet", is_flag=True, help="No progress, no notes on standard error."),
    click.option("-v", "--verbose", is_flag=True, help="Say on standard error what was read, and how long it took."),
)
"""Of commands that read captures; the first is the argument FILE..."""
FEW_FORMATS = click.option(
    "--format", "form", type=click.Choice(("table", "json")), default="table", show_default=True, help="How to write it."
)


def with_options(options: Iterable[Option], command: Any) -> Any:
    """The command with these options, in this order."""
    for option in reversed(tuple(options)):
        command = option(command)
    return command
