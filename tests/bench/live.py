"""What a live capture sustains: `sudo python tests/bench/live.py [--pps N] [--seconds S]`.

L2TP data of 600 sessions (`make.py`, cut to 128 octets) goes over a pair of virtual interfaces at a set pace (tcpreplay, from memory) while
`watch` follows the other end, with a report every second where the pace allows it. It prints what was sent, seen and lost, and by whom.
Needs root, tcpreplay, dumpcap.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import make

import l2tpscope

ENDS = "l2bench0", "l2bench1"
QUIET_S = 3.0
"""After so long without a packet, all have come."""


def follow(inner: bool) -> None:
    """Watch the interface until it has fallen silent, and print what was seen."""
    began = last = time.monotonic()
    frames = reports = 0
    for report in l2tpscope.watch(l2tpscope.Interface(ENDS[1]), interval_s=1.0, inner=inner):
        reports += 1
        now = report.rows("captures")[0].frames
        report.rows("findings")
        if reports == 1:
            print("ready", flush=True)
        if now != frames or not now:
            frames, last = now, time.monotonic()
        if time.monotonic() - max(last, began) > QUIET_S and now:
            os.kill(dumpcap_of(os.getpid()), 2)  # so that it ends in order, and tells its drops
            last = time.monotonic() + 60
    row = report.rows("captures")[0]
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps([row.frames, row.reported_drops, reports, used.ru_utime + used.ru_stime, peak_mib()]), flush=True)


def peak_mib() -> int:
    """Of this process: `ru_maxrss` would be that of the one that began it, where that had more."""
    said = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    return int(said[1]) // 1024 if said else 0


def dumpcap_of(parent: int) -> int:
    """The process that captures for it."""
    return int(subprocess.run(["ps", "-o", "pid=", "--ppid", str(parent)], capture_output=True, text=True, check=True).stdout.split()[0])


def sent_by(text: str) -> tuple[int, float]:
    """Packets, and packets per second, as tcpreplay says."""
    packets, pps = re.search(r"Successful packets:\s+(\d+)", text), re.search(r"([\d.]+) pps", text)
    return int(packets[1]) if packets else 0, float(pps[1]) if pps else 0.0


def main() -> None:
    """Make the interfaces, send, and print a line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pps", type=int, default=150_000, help="packets per second")
    parser.add_argument("--seconds", type=int, default=20, help="for so long")
    parser.add_argument("--no-inner", action="store_true", help="as the option of the command")
    parser.add_argument("--follow", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.follow:
        follow(not given.no_inner)
        return
    subprocess.run(["ip", "link", "add", ENDS[0], "type", "veth", "peer", "name", ENDS[1]], check=True)
    try:
        for end in ENDS:
            Path(f"/proc/sys/net/ipv6/conf/{end}/disable_ipv6").write_text("1")
            subprocess.run(["ip", "link", "set", end, "up"], check=True)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "data.pcap"
            with path.open("wb") as stream:
                stream.writelines(make.capture(dataclasses.replace(make.SHAPES["a"], packets=given.pps * given.seconds)))
            run(path, given)
    finally:
        subprocess.run(["ip", "link", "del", ENDS[0]], check=False)


def run(path: Path, given: argparse.Namespace) -> None:
    """Send it, and compare."""
    command = [sys.executable, __file__, "--follow", *(["--no-inner"] if given.no_inner else [])]
    watcher = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert watcher.stdout is not None
    watcher.stdout.readline()
    words = ["tcpreplay", "-q", "-K", "--pps", str(given.pps), "-i", ENDS[0], str(path)]
    sent, pace = sent_by(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
    seen, dropped, reports, cpu_s, peak = json.loads(watcher.stdout.readlines()[-1])
    print(f"sent {sent:,} packets at {pace:,.0f}/s; seen {seen:,}, not seen {sent - seen:,}; reported as dropped {dropped}")
    each, load = cpu_s / max(seen, 1) * 1e6, os.getloadavg()[0]
    print(f"{reports} reports; processor {cpu_s:.1f} s ({each:.2f} us a packet); peak {peak} MiB; load {load:.1f}")


if __name__ == "__main__":
    main()
