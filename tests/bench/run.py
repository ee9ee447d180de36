"""Measures the program against tcpdump and tshark on captures of its own making: `python tests/bench/run.py FOLDER [--quick]`.

Prints processor time (user and system) as ratios within this one run, peak memory, and wall time where a user waits; medians of several
runs, programs taking turns. T is tcpdump's filter over the same file.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

HERE = Path(__file__).parent
PROGRAM = [sys.executable, "-m", "l2tpscope"]
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""With compiled modules kept, as they are where the program is installed."""
FILTER = "udp port 1701 or udp port 4500 or proto 50"
FIELDS = ["l2tp.tunnel", "l2tp.session", "l2tp.Ns", "l2tp.Nr"]
QUICK_PACKETS = 300_000


@dataclass(frozen=True)
class Run:
    """What one process took."""

    cpu_s: float
    wall_s: float
    peak_mib: float


@dataclass(frozen=True)
class Line:
    """One line of the table: a measured value and its limit."""

    what: str
    value: float
    limit: float
    unit: str
    at_least: bool = False

    @property
    def passed(self) -> bool:
        """Whether the limit is kept."""
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def __str__(self) -> str:
        sign = ">=" if self.at_least else "<="
        return f"{self.what:58} {self.value:8.2f} {sign} {self.limit:7.2f} {self.unit:4} {'PASS' if self.passed else 'FAIL'}"


def run(command: list[str], stdin: int | None = None) -> Run:
    """Run a command to its end, its output thrown away; its own rusage."""
    began = time.monotonic()
    process = subprocess.Popen(command, stdin=stdin, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=ENVIRONMENT)
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)}: exit {process.returncode}\n{said.decode(errors='replace')}")
    return Run(usage.ru_utime + usage.ru_stime, time.monotonic() - began, usage.ru_maxrss / 1024)


def diagnose(path: Path) -> list[str]:
    """The program's findings."""
    return [*PROGRAM, "diagnose", str(path)]


def tcpdump(path: Path) -> list[str]:
    """T: what it costs to look at every packet."""
    return ["tcpdump", "-r", str(path), "-w", "/dev/null", FILTER]


def tshark(path: Path, *, packets: int | None = None) -> list[str]:
    """Wireshark's dissection of every packet."""
    fields = [word for field in FIELDS for word in ("-e", field)]
    return ["tshark", "-r", str(path), "-T", "fields", *fields, *(["-c", str(packets)] if packets else [])]


def summary(path: Path | str, *options: str) -> list[str]:
    """The program."""
    return [*PROGRAM, "summary", *options, str(path)]


def turns(times: int, *commands: list[str]) -> list[list[Run]]:
    """The commands, one after another, several times over; the runs of each."""
    rounds = [[run(command) for command in commands] for _ in range(times)]
    return [list(of_one) for of_one in zip(*rounds, strict=True)]


def cpu(runs: list[Run]) -> float:
    """Median processor time."""
    return median(one.cpu_s for one in runs)


def peak(runs: list[Run]) -> float:
    """Largest peak of memory."""
    return max(one.peak_mib for one in runs)


def wall(runs: list[Run]) -> float:
    """Median wall time."""
    return median(one.wall_s for one in runs)


def big(folder: Path, times: int, *, quick: bool) -> list[Line]:
    """The captures of three million packets."""
    lines = []
    for name, title in (
        ("a", "600 sessions, snaplen 128"),
        ("a_full", "600 sessions, full size"),
        ("c", "95 % foreign traffic"),
        ("esp", "ESP of 300 SAs"),
    ):
        path = capture(name, folder)
        tcp, ours, without = turns(times, tcpdump(path), summary(path), summary(path, "--no-inner"))
        theirs = run(tshark(path, packets=QUICK_PACKETS if quick else None)).cpu_s * (3_000_000 / QUICK_PACKETS if quick else 1)
        lines += [
            Line(f"{title}: CPU / T", cpu(ours) / cpu(tcp), 6, "x"),
            Line(f"{title}: CPU without inner traffic / T", cpu(without) / cpu(tcp), 4, "x"),
            Line(f"{title}: tshark's CPU / CPU" + (" (from a tenth)" if quick else ""), theirs / cpu(ours), 50, "x", at_least=True),
            Line(f"{title}: peak memory", peak(ours), 150, "MiB"),
        ]
        print(f"# {name}: T {cpu(tcp):.2f} s, program {cpu(ours):.2f} s, tshark {theirs:.1f} s", flush=True)
        if name == "a":
            lines += beside_a(folder, times, path, peak(ours))
    return lines


def beside_a(folder: Path, times: int, path: Path, peak_of_a: float) -> list[Line]:
    """The same as pcapng, and ten times as much of it through a pipe."""
    plain, ng = turns(times, summary(path), summary(capture("a_ng", folder)))
    with subprocess.Popen([sys.executable, str(HERE / "make.py"), "--pipe", "a_ten_times"], stdout=subprocess.PIPE) as source:
        assert source.stdout is not None
        ten_times = run(summary("-"), stdin=source.stdout.fileno())
    return [
        Line("the same as pcapng: CPU / CPU of pcap", cpu(ng) / cpu(plain), 1.15, "x"),
        Line("ten times as many packets on standard input: peak memory", ten_times.peak_mib, 150, "MiB"),
        Line("ten times as many packets: peak / peak of a", ten_times.peak_mib / peak_of_a, 1.1, "x"),
    ]


def flood(folder: Path, times: int) -> list[Line]:
    """A million SCCRQs from random sources, and as many first messages of IKE."""
    path, ike = capture("flood", folder), capture("ike_flood", folder)
    tcp, ours, told = turns(times, tcpdump(path), summary(path), diagnose(path))
    tcp_ike, told_ike = turns(times, tcpdump(ike), diagnose(ike))
    print(f"# flood: T {cpu(tcp):.2f} s, program {cpu(ours):.2f} s", flush=True)
    return [
        Line("flood of 1 million SCCRQs: CPU / T", cpu(ours) / cpu(tcp), 12, "x"),
        Line("flood of 1 million SCCRQs: peak memory", peak(ours), 200, "MiB"),
        Line("the same diagnosed: CPU / T", cpu(told) / cpu(tcp), 15, "x"),
        Line("the same diagnosed: peak memory", peak(told), 300, "MiB"),
        Line("flood of 1 million IKE first messages diagnosed: CPU / T", cpu(told_ike) / cpu(tcp_ike), 15, "x"),
        Line("flood of 1 million IKE first messages diagnosed: peak memory", peak(told_ike), 300, "MiB"),
    ]


def small(folder: Path, times: int) -> list[Line]:
    """What a user waits for: ten packets, and the help."""
    path = capture("ten", folder)
    theirs, ours, help_, nothing = turns(times, tshark(path), summary(path), [*PROGRAM, "--help"], [sys.executable, "-c", "pass"])
    print(f"# ten packets: tshark {wall(theirs):.3f} s, program {wall(ours):.3f} s; help {wall(help_):.3f} s, python {wall(nothing):.3f} s")
    return [
        Line("ten packets: wall / tshark's wall", wall(ours) / wall(theirs), 1.5, "x"),
        Line("--help: wall / python -c pass", wall(help_) / wall(nothing), 3, "x"),
    ]


def capture(name: str, folder: Path) -> Path:
    """A capture, made by a process of its own: this one stays small, for a child's peak begins at its parent's size."""
    script = (
        f"import sys; sys.path.insert(0, {str(HERE)!r}); import make, pathlib; print(make.make({name!r}, pathlib.Path({str(folder)!r})))"
    )
    return Path(subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout.strip())


PARTS: dict[str, Callable[[Path, int, bool], list[Line]]] = {
    "small": lambda folder, times, quick: small(folder, 3 * times),
    "flood": lambda folder, times, quick: flood(folder, times),
    "big": lambda folder, times, quick: big(folder, times, quick=quick),
}


def main() -> int:
    """The command line; 1 if a limit is not kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", help="where the captures (3.3 GB) are kept; a temporary folder if not given")
    parser.add_argument("--times", type=int, default=3, help="runs of each command")
    parser.add_argument("--quick", action="store_true", help="tshark on a tenth, scaled: not for figures that are quoted")
    parser.add_argument("--only", choices=PARTS, action="append", help="only this part")
    given = parser.parse_args()
    missing = [tool for tool in ("tcpdump", "tshark") if shutil.which(tool) is None]
    if missing:
        parser.error(f"needs {' and '.join(missing)}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        lines = [line for part in given.only or PARTS for line in PARTS[part](folder, given.times, given.quick)]
    print(*lines, sep="\n")
    return 0 if all(line.passed for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
