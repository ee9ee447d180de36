"""A capture while it is made: a pipe, an interface, what is shown of it, and what stands there in the end."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import l2tpscope
from l2tpscope.analysis.rows import ROWS
from l2tpscope.capture import pace
from l2tpscope.capture.live import Interface, Tap, find_dumpcap
from l2tpscope.output import Page
from l2tpscope.output.live import Rates, Told, line, view
from l2tpscope.output.page import cells
from l2tpscope.report import columns

HERE = Path(__file__).parent
HEALTHY = HERE / "golden" / "healthy" / "capture.pcap"
LIVE = [sys.executable, "-m", "l2tpscope", "live"]


def record_ends(data: bytes) -> list[int]:
    """Where the records of a little-endian pcap file end; the file header first."""
    ends = [24]
    while ends[-1] < len(data):
        ends.append(ends[-1] + 16 + int.from_bytes(data[ends[-1] + 8 : ends[-1] + 12], "little"))
    return ends


# ---- pipes -------------------------------------------------------------------------------------------------------------


def test_a_pipe_is_seen_while_it_is_open() -> None:
    """A report comes for what was written so far, before the pipe is closed, and the last one is that of the file."""
    data = HEALTHY.read_bytes()
    half = record_ends(data)[27]
    reading, writing = os.pipe()
    os.write(writing, data[:half])
    reports = l2tpscope.watch(os.fdopen(reading, "rb", buffering=0), interval_s=0.05)
    first = next(reports)
    assert first.rows("captures")[0].frames == 27
    os.write(writing, data[half:])
    os.close(writing)
    *_, last = reports
    for table in set(ROWS) - {"captures"}:
        assert last.rows(table) == l2tpscope.read(HEALTHY).rows(table)


def test_time_goes_on_in_silence() -> None:
    """Between packets the clock of a report goes on, but not while packets may be waiting."""
    clock = pace.Pace(0.1)
    clock.heard()
    clock.idle()
    time.sleep(0.05)
    assert 0.05 <= ((clock.now(1_000) or 0) - 1_000) / 1e9 < 5
    clock.heard()
    time.sleep(0.02)
    assert clock.now(1_000) == 1_000


def test_reports_take_a_fifth_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A report that took 2 s at an interval of 1 s is followed by 8 s without one; one that took 0.1 s, by 0.9 s."""
    now = [100.0]
    monkeypatch.setattr(pace.time, "monotonic", lambda: now[0])
    clock = pace.Pace(1.0)
    for took, wait in ((2.0, 8.0), (0.1, 0.9)):
        now[0] += 50
        assert clock.due()
        clock.begin()
        now[0] += took
        clock.end()
        assert clock.left_s() == pytest.approx(wait)


def test_duration_ends_an_open_pipe() -> None:
    """A pipe that stays open and silent is left after the duration, with what was there."""
    reading, writing = os.pipe()
    os.write(writing, HEALTHY.read_bytes())
    begin = time.monotonic()
    *_, last = l2tpscope.watch(os.fdopen(reading, "rb", buffering=0), duration_s=0.5)
    assert time.monotonic() - begin < 10
    assert last.rows("captures")[0].frames == 54
    assert not last.partial
    os.close(writing)


def test_what_is_read_is_kept(tmp_path: Path) -> None:
    """The packets kept are, octet by octet, those of the pipe; a disk that is full ends that, and not the rest."""
    kept = tmp_path / "kept.pcap"
    with HEALTHY.open("rb") as stream:
        *_, last = l2tpscope.watch(stream, save=kept)
    assert kept.read_bytes() == HEALTHY.read_bytes()
    if Path("/dev/full").exists():
        with HEALTHY.open("rb") as stream:
            tap = Tap(stream.fileno(), "pipe", "/dev/full")
            *_, last = l2tpscope.watch(tap)
        assert last.rows("captures")[0].frames == 54


# ---- the command -------------------------------------------------------------------------------------------------------


def test_command_on_a_pipe_prints_events_then_the_summary() -> None:
    """Where no terminal reads it, each event is a line, in the order of time and once, and the summary of the file follows."""
    run = subprocess.run([*LIVE, "-"], stdin=HEALTHY.open("rb"), capture_output=True, text=True, check=True)
    events = [line for line in run.stdout.splitlines() if re.match(r"\d\d:\d\d:\d\d\.\d{3} (tunnel|session|vpn)", line)]
    assert len(events) == len(l2tpscope.read(HEALTHY).rows("events"))
    assert "tunnel 1: established" in run.stdout
    summary = str(l2tpscope.read(HEALTHY)).splitlines()
    assert summary[-12:-8] == run.stdout.splitlines()[-12:-8]


def test_the_summary_at_the_end_names_what_was_kept(tmp_path: Path) -> None:
    """What to run next is about the file that the packets were kept in, where they were; else about none."""
    keep = [*LIVE, "-", "--save", "kept.pcap"]
    saved = subprocess.run(keep, stdin=HEALTHY.open("rb"), cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert "CAPTURE kept.pcap" in saved
    assert re.search(r"NEXT\n  l2tpscope \S+ kept.pcap", saved)
    bare = subprocess.run([*LIVE, "-"], stdin=HEALTHY.open("rb"), capture_output=True, text=True, check=True).stdout
    assert re.search(r"NEXT\n  l2tpscope \S+ FILE", bare)


def test_command_in_ndjson_tells_each_event_once() -> None:
    """Written in pieces with reports in between, each event of the file is there exactly once, then the tables."""
    data = HEALTHY.read_bytes()
    process = subprocess.Popen([*LIVE, "-", "--format", "ndjson", "--interval", "0.1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    ends = record_ends(data)
    for begin, end in zip([0, *ends[9::9]], [*ends[9::9], len(data)], strict=True):
        process.stdin.write(data[begin:end])
        process.stdin.flush()
        time.sleep(0.3)
    out, _ = process.communicate()
    rows = [json.loads(line) for line in out.splitlines()]
    told = sorted((row["time"], row["frame"] or 0, row["event"]) for row in rows if row["table"] == "events")
    from l2tpscope.output.values import rfc3339  # noqa: PLC0415

    assert told == sorted((rfc3339(row.time), row.frame or 0, row.event) for row in l2tpscope.read(HEALTHY).rows("events"))
    assert {row["table"] for row in rows} >= {"report", "captures", "tunnels", "sessions"}


def test_ctrl_c_ends_it_with_the_summary() -> None:
    """SIGINT while the pipe is open and silent: the summary of what was there, exit code 0."""
    process = subprocess.Popen([*LIVE, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=False)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(HEALTHY.read_bytes())
    process.stdin.flush()
    first = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    rest = process.stdout.read().decode()
    assert process.wait(20) == 0
    assert b"tunnel 1" in first
    assert "TUNNELS 1: 1 closed" in rest
    process.stdin.close()


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        ([], 2, "either -i IF, or -"),
        (["-", "-i", "lo"], 2, "either -i IF, or -"),
        (["-", "-f", "udp"], 2, "-f is for an interface"),
        (["/nonexistent/pipe"], 3, "No such file"),
    ],
)
def test_wrong_usage_is_one_line(options: list[str], code: int, said: str) -> None:
    """What is not there or not possible is told in one line, without a traceback."""
    run = subprocess.run([*LIVE, *options], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert run.returncode == code
    assert said in run.stderr
    assert "Traceback" not in run.stderr


def test_without_dumpcap_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where dumpcap is not found the line names the package, and the way without it."""
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr(shutil, "which", lambda _: None)
    import pyshark.tshark.tshark as finding  # noqa: PLC0415

    def nowhere(**_: object) -> str:
        raise finding.TSharkNotFoundException

    monkeypatch.setattr(finding, "get_process_path", nowhere)
    with pytest.raises(l2tpscope.CaptureError, match=r"apt install wireshark-common.*tcpdump -U -w - \| l2tpscope live -"):
        find_dumpcap()


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("dumpcap") is None, reason="needs root, to become somebody else, and dumpcap")
def test_without_permission_it_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system refuses, the line names setcap, the group and sudo."""
    real = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda *words, **options: real(*words, **options, user=65534, group=65534, extra_groups=[]))
    with pytest.raises(l2tpscope.CaptureError, match=r"no permission to capture on lo: setcap .*dumpcap.*group wireshark.*sudo"):
        next(l2tpscope.watch(Interface("lo"), duration_s=1))


# ---- what is shown -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("lines", [10, 24, 60])
@pytest.mark.parametrize("name", ["healthy", "two_clients_one_nat", "multi_tunnels", "wrong_psk"])
def test_the_view_fits_the_window(name: str, lines: int, width: int) -> None:
    """No line is wider than the window, and there are no more lines than it has."""
    shown = view(l2tpscope.read(HERE / "golden" / name / "capture.pcap"), Rates(100, 10_000, 1.0), Page(width), lines).splitlines()
    assert len(shown) <= lines
    assert max(map(cells, shown)) <= width


def test_the_view_says_what_the_lab_did() -> None:
    """One tunnel of the client that closed; two losses that were measured are shown as shares; no pace before the second view."""
    text = view(l2tpscope.read(HEALTHY), Rates(), Page(120), 40)
    assert "CONNECTIONS 1: 1 closed" in text
    assert "54 frames;" in text
    lossy = view(l2tpscope.read(HERE / "golden" / "loss_with_s_bit" / "capture.pcap"), Rates(1500, 125_000, 2.0), Page(140), 60)
    assert "now 750/s, 0.5 Mbit/s" in lossy
    assert re.search(r"loss % →/←", lossy)


def test_hostile_text_does_nothing() -> None:
    """Escape sequences in what a peer wrote are shown, not sent to the terminal, in the view and in lines."""
    report = l2tpscope.read(HEALTHY)
    evil = "\x1b]0;owned\x07\x1b[2J\u202e"
    event = dataclasses.replace(report.rows("events")[0], detail=evil, subject=evil)
    vpns = [dataclasses.replace(row, client=evil, server=evil) for row in report.rows("vpns")]
    bad = dataclasses.replace(report, measures=dataclasses.replace(report.measures, vpns=vpns), notes=[evil])
    for text in (view(bad, Rates(), Page(120), 40), line(event, Page())):
        assert not set(text.replace("\n", "")) & {"\x1b", "\x07", "\u202e"}


def test_news_is_told_once() -> None:
    """Of the same report asked twice there is no news the second time; two equal events in one report are two."""
    report = l2tpscope.read(HERE / "golden" / "multi_tunnels" / "capture.pcap")
    told = Told()
    assert len(list(told.news(report))) == len(report.rows("events")) + len(report.rows("findings"))
    assert list(told.news(report)) == []


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo terminal")
def test_the_terminal_is_restored() -> None:
    """On a terminal the other screen is entered first, left before the summary, and the cursor is shown again."""
    import pty  # noqa: PLC0415

    parent, child = pty.openpty()
    with HEALTHY.open("rb") as stream:
        process = subprocess.Popen([*LIVE, "-", "--color", "never"], stdin=stream, stdout=child, stderr=child)
        os.close(child)
        out = b"".join(_pieces(parent))
    assert process.wait() == 0
    assert out.startswith(b"\x1b[?1049h\x1b[?25l")
    painted, rest = out.split(b"\x1b[?25h\x1b[?1049l")
    assert b"CONNECTIONS 1" in painted
    assert b"TUNNELS 1" in rest
    assert b"\x1b" not in rest


def _pieces(descriptor: int) -> Iterator[bytes]:
    try:
        while piece := os.read(descriptor, 65536):
            yield piece
    except OSError:  # the other side has closed it
        return


# ---- an interface ------------------------------------------------------------------------------------------------------

NEEDS = [name for name in ("dumpcap", "tcpreplay", "ip") if shutil.which(name) is None]


@pytest.fixture(scope="module")
def link() -> Iterator[tuple[str, str]]:
    """Two interfaces of which each gets what is sent on the other."""
    if os.geteuid() != 0 or NEEDS:
        pytest.skip(f"needs {', '.join(NEEDS)}" if NEEDS else "needs root, to make interfaces")
    names = f"l2ts{os.getpid() % 10_000}a", f"l2ts{os.getpid() % 10_000}b"
    made = subprocess.run(
        ["ip", "link", "add", names[0], "type", "veth", "peer", "name", names[1]], capture_output=True, text=True, check=False
    )
    if made.returncode:
        pytest.skip(f"no veth here: {made.stderr.strip()}")
    try:
        for name in names:
            Path(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6").write_text("1")
            subprocess.run(["ip", "link", "set", name, "up"], check=True)
        yield names
    finally:
        subprocess.run(["ip", "link", "del", names[0]], check=False)


def replayed(link: tuple[str, str], path: Path, frames: int, **options: Any) -> l2tpscope.Report:
    """The last report of an interface on which a capture is replayed in its own time."""
    reports = l2tpscope.watch(Interface(link[1]), interval_s=0.3, duration_s=120, **options)
    next(reports)
    sender = threading.Thread(target=subprocess.run, args=(["tcpreplay", "-q", "-i", link[0], str(path)],), kwargs={"capture_output": True})
    sender.start()
    seen: Any = None
    for seen in reports:
        if seen.rows("captures")[0].frames >= frames and not sender.is_alive():
            break
    reports.close()  # type: ignore[attr-defined]
    return seen


def comparable(report: l2tpscope.Report, table: str) -> list[dict[str, Any]]:
    """Rows without what depends on when a packet was captured: instants, durations, bins of time, words that quote them."""
    timed = {column.name for column in columns(table) if column.kind == "time" or column.name.endswith("_s")} | {"detail", "first", "last"}
    return [{name: value for name, value in dataclasses.asdict(row).items() if name not in timed} for row in report.rows(table)]


TABLES = ("tunnels", "sessions", "messages", "loss", "ppp", "vpns", "ike_sas", "ike_messages", "esp_sas", "events")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["healthy", "fragmented", "refused_session", "crossing_close", "wrong_psk", "one_sided"])
def test_an_interface_gives_the_report_of_the_file(link: tuple[str, str], name: str) -> None:
    """A laboratory capture replayed over an interface gives the tables of the file, but for columns of time."""
    path = HERE / "golden" / name / "capture.pcap"
    file = l2tpscope.read(path)
    live = replayed(link, path, file.rows("captures")[0].frames)
    for table in TABLES:
        assert comparable(live, table) == comparable(file, table), table


def test_drops_are_told_at_the_end(link: tuple[str, str], tmp_path: Path) -> None:
    """dumpcap says at its end how many packets it lost: none here; and what was kept can be read again."""
    kept = tmp_path / "kept.pcapng"
    *_, last = l2tpscope.watch(Interface(link[1], "udp"), interval_s=0.2, duration_s=1.5, save=kept)
    assert last.rows("captures")[0].reported_drops == 0
    assert l2tpscope.read(kept).rows("captures")[0].reported_drops == 0


def test_a_wrong_filter_is_one_line(link: tuple[str, str]) -> None:
    """What libpcap says of a filter is in the error."""
    with pytest.raises(l2tpscope.CaptureError, match="filter"):
        next(l2tpscope.watch(Interface(link[1], "udp prt 1")))
