"""The command line: what it prints where, and how it exits."""

from __future__ import annotations

import array
import csv
import fcntl
import io
import json
import os
import re
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import click
import pandas as pd
import pytest
from click.testing import CliRunner
from example_report import HOSTILE, capture, measures, report

import l2tpscope
from l2tpscope import cli, output
from l2tpscope.__main__ import main
from l2tpscope.analysis.rows import ROWS, Grade
from l2tpscope.capture import CaptureError
from l2tpscope.cli import options, tables, work
from l2tpscope.cli import report as cli_report
from l2tpscope.findings import Severity
from l2tpscope.output import page, web

PROGRAM = [sys.executable, "-m", "l2tpscope"]
ENVIRONMENT = {**{name: value for name, value in os.environ.items() if not name.startswith(("NO_COLOR", "FORCE_COLOR"))}, "PYTHONUTF8": "1"}


def run(*arguments: str | Path, **given: Any) -> subprocess.CompletedProcess[str]:
    """The program, run as a user does."""
    return subprocess.run(
        [*PROGRAM, *map(str, arguments)], capture_output=True, text=True, check=False, env={**ENVIRONMENT, **given.pop("env", {})}, **given
    )


def inside(*arguments: str) -> str:
    """What the program prints, run in this process."""
    result = CliRunner().invoke(cli.l2tpscope, arguments)
    assert result.exit_code == 0, result.stderr
    return result.stdout


@pytest.fixture
def healthy(samples: Path) -> Path:
    """A sample of a tunnel that works."""
    return samples / "tunnel_auth.pcap"


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Runs a command on a report made by hand, in this process."""

    def invoke(made: Any, *arguments: str, **given: Any) -> Any:
        def read(paths: list[str], **options: Any) -> Any:
            if isinstance(made, BaseException):
                raise made
            return made(paths, options) if callable(made) else made

        monkeypatch.setattr("l2tpscope.api.read", read)
        return CliRunner().invoke(cli.l2tpscope, [*arguments], **given)

    return invoke


def test_a_file_means_its_summary(healthy: Path) -> None:
    """A file in the place of a command gives the summary, the same as the command."""
    short, long = run(healthy), run("summary", healthy)
    assert short.returncode == long.returncode == 0
    assert short.stdout == long.stdout
    assert re.match(rf"CAPTURE\s+{re.escape(str(healthy)[:40])}", short.stdout)  # a long path has a line of its own
    assert short.stderr == ""


def test_options_may_stand_before_the_file(healthy: Path) -> None:
    """An option in the first place belongs to the summary."""
    assert json.loads(run("--format", "json", healthy).stdout)["tunnels"]


def test_the_summary_is_that_of_python(healthy: Path) -> None:
    """`str()` of a report is what the command prints."""
    assert run(healthy).stdout == str(l2tpscope.read(str(healthy))) + "\n"


@pytest.mark.parametrize("table", ROWS)
def test_every_table_in_every_format(table: str, samples: Path, tmp_path: Path) -> None:
    """Each table is printed as text, JSON, NDJSON and CSV, and written as Parquet, with the same number of rows."""
    sample = str(samples / "session_limit.pcap")
    rows = json.loads(inside(table, "--format", "json", sample))[table]
    assert len(inside(table, sample).splitlines()) > len(rows)
    assert len(inside(table, "--format", "ndjson", sample).splitlines()) == len(rows) + 1
    assert len(list(csv.DictReader(io.StringIO(inside(table, "--format", "csv", sample))))) == len(rows)
    target = tmp_path / "x.parquet"
    assert inside(table, "--format", "parquet", sample, "-o", str(target)) == ""
    assert len(pd.read_parquet(target)) == len(rows)


def test_no_inner_looks_into_no_session(samples: Path) -> None:
    """With `--no-inner` nothing inside sessions is told, nor measured."""
    sample = str(samples / "session_limit.pcap")
    assert "inside:" in inside(sample)
    assert "inside:" not in inside("--no-inner", sample)
    document = json.loads(inside("summary", "--format", "json", "--no-inner", sample))
    assert document["inner_flows"] == []
    assert {row["kind"] for row in document["rtt"]}.isdisjoint({"icmp-echo", "tcp"})


def test_output_goes_to_a_file(healthy: Path, tmp_path: Path) -> None:
    """With `-o` the file holds what would have been printed, and nothing is."""
    target = tmp_path / "x.json"
    written = run("summary", "--format", "json", healthy, "-o", target)
    assert written.stdout == written.stderr == ""
    assert target.read_text() == run("summary", "--format", "json", healthy).stdout


def test_a_stream_is_a_capture(healthy: Path) -> None:
    """`-` reads standard input."""
    with healthy.open("rb") as stream:
        result = subprocess.run(
            [*PROGRAM, "tunnels", "--format", "json", "-"], stdin=stream, capture_output=True, check=True, env=ENVIRONMENT
        )
    assert json.loads(result.stdout)["tunnels"] == json.loads(run("tunnels", "--format", "json", healthy).stdout)["tunnels"]


def test_several_files_are_merged(samples: Path) -> None:
    """Several files are one report, in any order."""
    files = [samples / "tunnel_auth.pcap", samples / "server_stops.pcap"]
    there, back = (json.loads(run("tunnels", "--format", "json", *order).stdout) for order in (files, files[::-1]))
    assert len(there["tunnels"]) == 2
    assert there == back


def test_unreadable_input_is_one_line(tmp_path: Path) -> None:
    """What is no capture, or not there, gives one line on standard error and exit code 3."""
    (tmp_path / "x.txt").write_text("this is not a capture")
    for path in (tmp_path / "x.txt", tmp_path / "absent.pcap", tmp_path):
        result = run(path)
        assert result.returncode == 3
        assert result.stdout == ""
        assert len(result.stderr.splitlines()) == 1
        assert str(path) in result.stderr


def test_a_cut_file_is_partial(healthy: Path, tmp_path: Path) -> None:
    """A file cut in mid-record gives what was there, says so, and exit code 5."""
    cut = tmp_path / "cut.pcap"
    cut.write_bytes(healthy.read_bytes()[:2000])
    result = run(cut)
    assert result.returncode == 5
    assert "TUNNELS 1" in result.stdout
    assert "quality: doubtful" in result.stdout
    table = run("tunnels", cut)
    assert table.returncode == 5
    assert "quality doubtful" in table.stderr
    assert run("tunnels", "-q", cut).stderr == ""


def test_nothing_of_interest(tmp_path: Path) -> None:
    """A capture without L2TP, IKE or ESP gives exit code 4, and a hint."""
    empty = tmp_path / "empty.pcap"
    empty.write_bytes(bytes.fromhex("d4c3b2a1020004000000000000000000ffff000001000000"))
    result = run(empty)
    assert result.returncode == 4
    assert "--port N" in result.stdout


def test_ports_and_secret_reach_the_reader(fake: Callable[..., Any]) -> None:
    """`--port` may be repeated, the secret comes from the option or the variable, files are given in order."""
    seen = []

    def made(paths: list[str], options: dict[str, Any]) -> Any:
        seen.append((paths, list(options["ports"]), options["secret"]))
        return report()

    fake(made, "tunnels", "b.pcap", "a.pcap", "--port", "1702", "--port", "5000", "--secret", "s")
    fake(made, "tunnels", "a.pcap", env={"L2TPSCOPE_SECRET": "t"})
    assert seen == [(["b.pcap", "a.pcap"], [1702, 5000], "s"), (["a.pcap"], [], "t")]


def test_interruption_reports_what_was_read(fake: Callable[..., Any]) -> None:
    """A report that was interrupted is printed, and the exit code is 130."""
    result = fake(report(interrupted=True), "summary", "a.pcap")
    assert result.exit_code == 130
    assert result.stdout.startswith("INTERRUPTED")
    assert "interrupted: this is what had been read" in fake(report(interrupted=True), "tunnels", "a.pcap").stderr


def test_notes_are_on_standard_error(fake: Callable[..., Any]) -> None:
    """A table's reader is told of doubts and notes on standard error; the summary says them itself; `-q` says nothing."""
    given = measures()
    given.captures = [capture(verdict="poor", reasons=["7 dropped"])]
    made = report(measures=given)
    assert fake(made, "tunnels", "a.pcap").stderr == "l2tpscope: wan.pcap: quality poor: 7 dropped\nl2tpscope: a note\n"
    assert fake(made, "summary", "a.pcap").stderr == ""
    assert fake(made, "summary", "--format", "json", "a.pcap").stderr != ""
    assert fake(made, "tunnels", "-q", "a.pcap").stderr == ""


def test_verbose_says_what_was_read(fake: Callable[..., Any]) -> None:
    """`-v` tells frames and time."""
    assert re.search(r"read 1,234 frames of 1 captures in \d+\.\d\d s", fake(report(), "summary", "-v", "a.pcap").stderr)


def test_errors_are_harmless(fake: Callable[..., Any]) -> None:
    """A message that holds escape sequences is spelt out, on one line."""
    result = fake(CaptureError(HOSTILE), "a.pcap")
    assert result.exit_code == 3
    assert "\x1b" not in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_colour_is_asked_for(fake: Callable[..., Any]) -> None:
    """Output that is no terminal has no colour unless asked for; hostile text never brings its own."""
    assert "\x1b" not in fake(report(), "summary", "a.pcap").stdout
    assert "\x1b" not in fake(report(), "summary", "--color", "never", "a.pcap", env={"FORCE_COLOR": "1"}).stdout
    for result in (fake(report(), "summary", "--color", "always", "a.pcap"), fake(report(), "summary", "a.pcap", env={"FORCE_COLOR": "1"})):
        assert "\x1b[31m" in result.stdout
        assert "\x1b" not in re.sub(r"\x1b\[(0|1|2|31|32|33)m", "", result.stdout)


def test_ascii_where_asked_or_needed(healthy: Path) -> None:
    """`--ascii`, or an encoding that lacks our signs, gives ASCII alone."""
    assert run("--ascii", healthy).stdout.isascii()
    assert run(healthy, env={"PYTHONIOENCODING": "latin-1"}).stdout.isascii()
    assert "→" in run(healthy).stdout


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["tunels", "x.pcap"], "No such command 'tunels'"),
        (["tunnels"], "Missing argument 'FILE...'"),
        (["tunnels", "--format", "xml", "x.pcap"], "'xml' is not one of"),
        (["--port", "70000", "x.pcap"], "70000 is not in the range"),
        (["--nonsense"], "No such option"),
    ],
)
def test_wrong_usage(arguments: list[str], line: str) -> None:
    """Wrong usage is explained on standard error, with exit code 2."""
    result = run(*arguments)
    assert result.returncode == 2
    assert result.stdout == ""
    assert line in result.stderr


def test_formats_that_cannot_hold_it(healthy: Path, tmp_path: Path) -> None:
    """A summary as CSV is refused with the command that works, and leaves the file alone."""
    target = tmp_path / "kept.csv"
    target.write_text("kept")
    result = run("summary", "--format", "csv", healthy, "-o", target)
    assert result.returncode == 2
    assert "l2tpscope tunnels --format csv" in result.stderr
    assert target.read_text() == "kept"


def test_captures_are_not_overwritten(healthy: Path, tmp_path: Path) -> None:
    """The output cannot be one of the captures, nor a file that cannot be written."""
    copy = tmp_path / "x.pcap"
    copy.write_bytes(healthy.read_bytes())
    result = run("tunnels", copy, "-o", copy)
    assert result.returncode == 2
    assert "would overwrite" in result.stderr
    assert copy.read_bytes() == healthy.read_bytes()
    assert "cannot write" in run("tunnels", healthy, "-o", tmp_path / "absent" / "x.csv").stderr


def test_parquet_is_kept_off_terminals(fake: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Binary output to a terminal is refused."""
    monkeypatch.setattr(work.sys, "stdout", Terminal())
    with pytest.raises(click.UsageError, match="-o"):
        work.check_output(None, "parquet", ())


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """It is."""
        return True


def test_a_closed_pipe_is_quiet(samples: Path) -> None:
    """A reader that goes away ends the program without a word."""
    command = f"{sys.executable} -m l2tpscope summary --format json {samples / 'loss.pcap.gz'} | head -c 100"
    result = subprocess.run(
        ["bash", "-c", command + "; exit ${PIPESTATUS[0]}"], capture_output=True, text=True, check=False, env=ENVIRONMENT
    )
    assert result.stderr == ""
    assert result.returncode == 141
    assert len(result.stdout) == 100


def _wait_until_read(pipe: int) -> None:
    """Until the other end has taken all that is in a pipe, and a moment more."""
    waiting = array.array("i", [1])
    for _ in range(300):
        fcntl.ioctl(pipe, termios.FIONREAD, waiting)
        if not waiting[0]:
            break
        time.sleep(0.1)
    time.sleep(1)


def test_interrupt_prints_what_there_is(healthy: Path) -> None:
    """Ctrl-C while a stream is read ends it: what had come is reported, with exit code 130."""
    octets = healthy.read_bytes()
    with subprocess.Popen(
        [*PROGRAM, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT
    ) as process:
        assert process.stdin is not None
        process.stdin.write(octets)
        process.stdin.flush()
        _wait_until_read(process.stdin.fileno())
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"INTERRUPTED" in out
    assert b"Traceback" not in err


def test_help_names_everything() -> None:
    """`--help` names every command and the exit codes; each command's help has an example and every option."""
    text = run("--help").stdout
    for name in ("summary", *tables.TABLES):
        assert f"  {name}" in text
        about = inside(name, "--help")
        assert f"Example: l2tpscope {name} --format" in about
        for option in ("--format", "--output", "--port", "--secret", "--color", "--ascii", "--quiet", "--verbose", "L2TPSCOPE_SECRET"):
            assert option in about
    assert "5 partial" in text
    assert "Completion" in text


def test_lists_agree() -> None:
    """Commands and formats of the command line are those of the output and the rows."""
    assert output.FORMATS == options.FORMATS
    assert work.WIDTH == page.WIDTH
    assert cli_report.LANGS == web.LANGS
    assert {*output.OF_FINDINGS, "text"} == set(tables.OF_FINDINGS)
    assert set(get_args(Grade)) == set(options.GRADES)
    assert [each.value for each in Severity] == list(options.SEVERITIES)
    assert list(ROWS) == [tables.TABLE_OF.get(name, name) for name in tables.TABLES]


@pytest.mark.parametrize(("command", "table"), tables.TABLE_OF.items())
def test_a_table_goes_by_both_names(command: str, table: str, fake: Callable[..., Any]) -> None:
    """A command that is short for its table's name, and that name, do the same."""
    short, long = (fake(report(), name, "--format", "json", "a.pcap") for name in (command, table))
    assert short.exit_code == long.exit_code == 0
    assert json.loads(short.stdout)[table]
    assert short.stdout == long.stdout


def test_version_names_its_companions() -> None:
    """`--version` tells ours, Python's, dpkt's and tshark's."""
    companions = r"\(Python [\d.]+, dpkt [\d.]+, numpy [\d.]+, pandas [\d.]+, tshark (\d[\d.]+|not found)\)\n"
    assert re.fullmatch(rf"l2tpscope {re.escape(l2tpscope.__version__)} {companions}", run("--version").stdout)


def test_version_without_tshark() -> None:
    """Where tshark is absent, `--version` says so."""
    assert "tshark not found" in run("--version", env={"PATH": "/nowhere"}).stdout


def test_completion_knows_the_commands() -> None:
    """click's completion offers our commands."""
    offered = run(env={"_L2TPSCOPE_COMPLETE": "bash_complete", "COMP_WORDS": "l2tpscope tun", "COMP_CWORD": "1"}).stdout
    assert "tunnels" in offered


def test_help_is_quick() -> None:
    """`--help` imports neither numpy nor pandas nor rich; how long it takes is measured in tests/bench."""
    code = "import sys; sys.argv = ['l2tpscope', '--help']\nfrom l2tpscope.__main__ import main\ntry: main()\nexcept SystemExit: pass\n"
    code += "print([name for name in ('numpy', 'pandas', 'rich', 'dpkt', 'matplotlib') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.splitlines()[-1] == "[]"


def test_a_summary_needs_no_pandas(healthy: Path) -> None:
    """Text, JSON and CSV are written without pandas, matplotlib, pyshark, pyarrow or rich."""
    code = "import sys\nfrom l2tpscope.cli import l2tpscope\nl2tpscope.main(sys.argv[1:], standalone_mode=False)\n"
    code = code.replace("l2tpscope.main(", "try: l2tpscope.main(").replace("False)\n", "False)\nexcept SystemExit: pass\n")
    code += "print([name for name in ('pandas', 'matplotlib', 'pyshark', 'pyarrow', 'rich') if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code, "tunnels", str(healthy)], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "[]"


CODES = {
    "--version": 0,
    "--help": 0,
    "tunels x": 2,
    "absent.pcap": 3,
    "summary --format csv SAMPLE": 2,
    "explain 809": 0,
    "explain flurbl": 2,
    "SAMPLE": 0,
}


@pytest.mark.parametrize(("line", "code"), CODES.items())
def test_exit_codes(line: str, code: int, healthy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The program ends with the code that its arguments deserve, and never with a traceback."""
    monkeypatch.setattr(sys, "argv", ["l2tpscope", *line.replace("SAMPLE", str(healthy)).split()])
    try:
        main()
        ended: Any = 0
    except SystemExit as exit_:
        ended = exit_.code
    assert (ended or 0) == code
    assert "Traceback" not in capsys.readouterr().err


def test_interrupt_before_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C where there is nothing to report yet ends with 130 and without a traceback."""
    monkeypatch.setattr("l2tpscope.api.read", interrupted)
    monkeypatch.setattr(sys, "argv", ["l2tpscope", "x.pcap"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 130


def interrupted(*_: object, **__: object) -> None:
    """A reader that the user stops at once."""
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("threshold", "code"),
    [("error", 1), ("warning", 1), ("info", 1), ("certain", 0), ("likely", 1), ("hint", 1)],
)
def test_fail_on(threshold: str, code: int, samples: Path) -> None:
    """A likely error exits with 1 where the threshold is no worse and no surer, else with 0."""
    assert run("diagnose", "--fail-on", threshold, samples / "wrong_psk.pcap").returncode == code
    assert run("diagnose", samples / "wrong_psk.pcap").returncode == 0


def test_findings_have_a_format_of_their_own(samples: Path, healthy: Path) -> None:
    """`text` is the default of findings, `markdown` is theirs alone."""
    psk = samples / "wrong_psk.pcap"
    assert run("diagnose", psk).stdout == run("findings", "--format", "table", psk).stdout
    assert run("diagnose", "--format", "markdown", psk).stdout.startswith("# L2TP diagnosis: 1: 1 error")
    assert run("tunnels", "--format", "markdown", healthy).returncode == 2


@pytest.mark.parametrize(("name", "magic"), [("x.png", b"\x89PNG"), ("x.SVG", b"<?xml"), ("x.pdf", b"%PDF")])
def test_a_picture_is_of_the_kind_that_its_name_says(name: str, magic: bytes, samples: Path, tmp_path: Path) -> None:
    """`plot` writes PNG, SVG or PDF by the end of the name that `-o` gives."""
    assert run("plot", "timeline", samples / "filtered.pcap", "-o", tmp_path / name).returncode == cli.EXIT["done"]
    assert (tmp_path / name).read_bytes().startswith(magic)


@pytest.mark.parametrize("arguments", [("-q",), ("-o", "x.doc"), ("--vpn", "9", "-o", "x.png")])
def test_a_picture_needs_a_name_that_tells_its_kind(
    arguments: tuple[str, ...], samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without `-o`, with a suffix of no picture, or for a connection that is not there, `plot` is a wrong usage and writes nothing."""
    monkeypatch.chdir(tmp_path)
    assert run("plot", "timeline", samples / "filtered.pcap", *arguments).returncode == cli.EXIT["usage"]
    assert list(tmp_path.iterdir()) == []
