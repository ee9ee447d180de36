"""explain: what a number or a name means; no capture is read."""

from __future__ import annotations

import sys

import click

from l2tpscope.cli import work
from l2tpscope.cli.options import FEW_FORMATS


@click.command("explain")
@click.argument("terms", nargs=-1, required=True, metavar="TERM...")
@FEW_FORMATS
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


def _tell(question: str, form: str) -> int:
    """Explain, and give the exit code: 2 where nothing is known of it."""
    from l2tpscope.explain import ask, document, nothing, text  # noqa: PLC0415

    answer = ask(question)
    if not answer.entries:
        work.say(nothing(question, answer))
        return work.EXIT["usage"]
    told = document(question, answer) if form == "json" else text(answer)
    work.put([told.encode(sys.stdout.encoding or "ascii", "backslashreplace")])
    return work.EXIT["done"]


COMMANDS = (_explain,)
