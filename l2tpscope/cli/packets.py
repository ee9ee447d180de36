"""packets: `show`, `extract` and `verify`, which look at packets again."""

from __future__ import annotations

import sys
from typing import Any

import click

from l2tpscope.cli import work
from l2tpscope.cli.options import ASCII, COLOR, FEW_FORMATS, OPTIONS, OUTPUT, PORTS, with_options

ONE_FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False), metavar="FILE")
CHOICE = tuple(
    click.option(f"--{name}", type=click.IntRange(1), help=about)
    for name, about in (
        ("vpn", "This connection, by its number: IKE, ESP, L2TP, and ICMP errors about them."),
        ("tunnel", "This tunnel, by its number: messages and data."),
        ("session", "This session, by its number: messages and data, and its tunnel's own messages."),
    )
)
VERIFYING = (
    OUTPUT,
    PORTS,
    click.option("--show-secrets", is_flag=True, help="Show challenges and responses that differ."),
    COLOR,
    ASCII,
)
WIRESHARK = click.option("--wireshark", is_flag=True, help="Below it Wireshark's decode of the same frame, by tshark.")


def _show(
    *,
    frame: int,
    file: str,
    form: str,
    wireshark: bool,
    output: str | None,
    color: str,
    only_ascii: bool,
    verbose: bool,
    **reading: Any,
) -> None:
    """One frame decoded: headers, AVPs, payloads, options; where it belongs, and what it answers.

    Secrets are hidden, in Wireshark's words too, unless --show-secrets.

    \b
    Example: l2tpscope show 12 gw.pcapng
             l2tpscope show 12 gw.pcapng --wireshark
    """
    del verbose
    from l2tpscope.packets.glance import Glance  # noqa: PLC0415
    from l2tpscope.packets.show import masked, secrets_of, shown  # noqa: PLC0415
    from l2tpscope.packets.tshark import NoTsharkError, decode  # noqa: PLC0415

    work.check_output(output, form, (file,))
    if wireshark and reading["anonymize"] is not None:
        raise click.UsageError("--wireshark shows the packets as they were: not together with --anonymize")
    glance = Glance(frame, anonymised=reading["anonymize"] is not None)
    report = work.report((file,), color=color, watch=glance, **reading)
    if report is None:
        sys.exit(work.EXIT["unreadable"])
    if not glance.found:
        raise click.UsageError(f"no frame {frame} in {file}: it has {report.measures.captures[0].frames}")
    found = shown(report, glance, file if reading["anonymize"] is None else "capture-1", show_secrets=reading["show_secrets"])
    if wireshark:
        try:
            lines = decode(file, frame, reading["ports"])
        except NoTsharkError as error:
            raise click.UsageError(str(error)) from error
        found.wireshark = lines if reading["show_secrets"] else masked(lines, secrets_of(glance.packets))
    work.write(found.pieces(form, work.page(color, output, only_ascii=only_ascii)), output)
    sys.exit(work.exit_code(report))


def _extract(
    *,
    files: tuple[str, ...],
    output: str | None,
    color: str,
    verbose: bool,
    only_ascii: bool,
    vpn: int | None,
    tunnel: int | None,
    session: int | None,
    **reading: Any,
) -> None:
    """The packets of one connection, tunnel or session as pcapng, findings as comments of packets.

    Time stamps, link types and lengths stay as they were; all fragments of a datagram come along. The captures are read
    three times, so that `-` cannot be one of them. With --anonymize the packets are plain IP, put together from fragments.

    \b
    Example: l2tpscope extract gw.pcapng --vpn 2 -o vpn2.pcapng
    """
    del verbose, only_ascii
    from l2tpscope.output import OutputError  # noqa: PLC0415
    from l2tpscope.packets.choice import choice  # noqa: PLC0415
    from l2tpscope.packets.extract import Streams, anonymised, mark, written  # noqa: PLC0415

    if reading["anonymize"] == "-":
        raise click.UsageError("extract reads its captures more than once: --anonymize needs a key file")
    if "-" in files:
        raise click.UsageError("extract reads its captures more than once: give files")
    if output is None and sys.stdout.isatty():
        raise click.UsageError("pcapng is binary: give a file with -o")
    work.check_output(output, "pcapng", files)
    streams = Streams()
    report = work.report(files, color=color, watch=streams, **reading)
    if report is None:
        sys.exit(work.EXIT["unreadable"])
    try:
        wanted = choice(report, vpn=vpn, tunnel=tunnel, session=session)
    except OutputError as error:
        raise click.UsageError(str(error)) from error
    if reading["anonymize"] is not None:
        work.write(anonymised(report, wanted, files, reading["anonymize"], reading["ports"]), output)
    else:
        marks = mark(report, wanted, files, streams, reading["ports"])
        work.write(written(report, wanted, marks, files), output)
        if not reading["quiet"]:
            work.say(f"{wanted.title}: {marks.count} frames")
    sys.exit(work.exit_code(report))


def _verify(*, file: str, form: str, output: str | None, ports: tuple[int, ...], show_secrets: bool, color: str, only_ascii: bool) -> None:
    """Compare every field that Wireshark decodes too, by tshark: headers, AVPs, IKE, ESP, PPP.

    Differences are listed; those with a known reason are counted under it. The exit code is 0 where none is left to explain,
    1 where some are.

    \b
    Example: l2tpscope verify gw.pcapng
    """
    from l2tpscope.capture import CaptureError  # noqa: PLC0415
    from l2tpscope.packets.tshark import NoTsharkError  # noqa: PLC0415
    from l2tpscope.packets.verify import Verdict, verify  # noqa: PLC0415

    work.check_output(output, form, (file,))
    try:
        made = verify(file, ports)
    except CaptureError as error:
        work.say(str(error))
        sys.exit(work.EXIT["unreadable"])
    except NoTsharkError as error:
        raise click.UsageError(str(error)) from error
    work.write(Verdict(made, show_secrets).pieces(form, work.page(color, output, only_ascii=only_ascii)), output)
    sys.exit(work.EXIT["problem"] if made.unexplained_count else work.EXIT["done"])


COMMANDS = (
    click.command("show")(
        with_options((click.argument("frame", type=click.IntRange(1)), ONE_FILE, FEW_FORMATS, WIRESHARK, *OPTIONS[1:]), _show)
    ),
    click.command("extract")(with_options((OPTIONS[0], *CHOICE, *OPTIONS[1:]), _extract)),
    click.command("verify")(with_options((ONE_FILE, FEW_FORMATS, *VERIFYING), _verify)),
)
