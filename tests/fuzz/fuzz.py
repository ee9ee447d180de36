"""Reads mutated captures with the whole program: `python tests/fuzz/fuzz.py --count 100000 --seed 1`.

The promise: every one of them is read, or refused with CaptureError; no other exception, none takes longer than its time limit, and the
process stays under its memory limit. What breaks the promise is saved, and the command that repeats it is printed.
"""

from __future__ import annotations

import argparse
import faulthandler
import io
import multiprocessing
import multiprocessing.sharedctypes
import resource
import signal
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

sys.path.insert(0, str(Path(__file__).parent))

import mutate

import l2tpscope
from l2tpscope.analysis.rows import ROWS
from l2tpscope.capture import CaptureError
from l2tpscope.output import Page
from l2tpscope.output.ladder import ladders, svg, text
from l2tpscope.output.web import document

LIMIT_S = 10
"""For one capture of a few dozen frames; two such processes may share a busy core."""
DEAF_S = 60
"""When not even a signal gets through: the process ends itself."""
MEMORY_MIB = 300
TABLES = tuple(ROWS)
RENDER_EVERY = 16
"""Every so many reports are rendered too."""
LADDERS = 3
"""Connections that are drawn then."""


class TooSlow(BaseException):
    """The time limit of one capture; not an Exception, so that nothing in between can take it for one."""


@dataclass(frozen=True)
class Failure:
    """A capture that broke the promise."""

    number: int
    why: str


def memory_mib() -> float:
    """The most memory that this program ever held in this process.

    Linux says it in VmHWM; getrusage counts the parent's memory too, as it was at the fork.
    """
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


def try_one(octets: bytes, number: int) -> str | None:
    """Why the capture breaks the promise; None if it does not."""
    signal.setitimer(signal.ITIMER_REAL, LIMIT_S)
    try:
        report = l2tpscope.read(io.BytesIO(octets))
        for table in TABLES:
            report.rows(table)
        if number % RENDER_EVERY == 0:
            report.to_json()
            str(report)
            "".join(document(report))
            for row in report.rows("vpns")[:LADDERS]:
                drawn = ladders(report, vpn=row.vpn, raw=True)
                text(drawn, Page())
                svg(drawn)
    except CaptureError as error:
        return None if len(str(error).splitlines()) == 1 else f"CaptureError is not one line: {error}"
    except TooSlow:
        return f"more than {LIMIT_S} s\n{traceback.format_exc()}"
    except Exception:  # noqa: BLE001 - any exception at all is what this looks for
        return traceback.format_exc()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return f"{memory_mib():.0f} MiB" if memory_mib() > MEMORY_MIB else None


def too_slow(_signal: int, _frame: FrameType | None) -> None:
    """What the timer calls."""
    raise TooSlow


def work(
    seed: int, numbers: range, at: multiprocessing.sharedctypes.Synchronized[int], out: multiprocessing.SimpleQueue[Failure | float]
) -> None:
    """Try every capture of *numbers*; tell failures, and the peak of memory at the end."""
    signal.signal(signal.SIGALRM, too_slow)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in numbers:
        at.value = number
        faulthandler.dump_traceback_later(DEAF_S, exit=True)
        why = try_one(mutate.capture(seed, number), number)
        faulthandler.cancel_dump_traceback_later()
        if why is not None:
            out.put(Failure(number, why))
            if why.endswith("MiB"):
                return
    out.put(memory_mib())


def run(seed: int, count: int, *, workers: int = 2) -> tuple[list[Failure], float]:
    """Failures among the captures 0 to *count* - 1, and the most memory that a worker held, in MiB."""
    context = multiprocessing.get_context("spawn")
    out: multiprocessing.SimpleQueue[Failure | float] = context.SimpleQueue()
    at = [context.Value("q", -1) for _ in range(workers)]
    team = [context.Process(target=work, args=(seed, range(one, count, workers), at[one], out)) for one in range(workers)]
    for process in team:
        process.start()
    failures: list[Failure] = []
    peak = 0.0
    while any(process.is_alive() for process in team) or not out.empty():
        if out.empty():
            time.sleep(0.1)
            continue
        told = out.get()
        if isinstance(told, Failure):
            failures.append(told)
        else:
            peak = max(peak, told)
    for process, last in zip(team, at, strict=True):
        process.join()
        if process.exitcode:
            failures.append(Failure(last.value, f"the process ended with {process.exitcode}: a hang of {DEAF_S} s, or a crash"))
    return failures, peak


def save(seed: int, failure: Failure, folder: Path) -> str:
    """Keep the capture; how to repeat it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"seed{seed}_{failure.number}.capture"
    path.write_bytes(mutate.capture(seed, failure.number))
    again = f"python tests/fuzz/fuzz.py --seed {seed} --only {failure.number}"
    return f"capture {failure.number}: {failure.why.strip()}\n  saved as {path}; again: {again}"


def main() -> int:
    """The command line; 1 if a capture broke the promise."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="the number of one capture, tried in this process")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--save", type=Path, default=Path("fuzz-failures"))
    given = parser.parse_args()
    if given.only is not None:
        signal.signal(signal.SIGALRM, too_slow)
        print(try_one(mutate.capture(given.seed, given.only), given.only) or "fine")
        return 0
    began = time.monotonic()
    failures, peak = run(given.seed, given.count, workers=given.workers)
    for failure in failures:
        print(save(given.seed, failure, given.save))
    print(f"{given.count} captures, seed {given.seed}: {len(failures)} failures, peak {peak:.0f} MiB, {time.monotonic() - began:.0f} s")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
