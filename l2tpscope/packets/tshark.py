"""tshark, found as pyshark finds it: by its configuration, then where programs are."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator, Sequence

CUT_SHORT = 2
"""tshark's exit code where the file ends within a packet."""
MOST_LINES = 20_000
"""Of a decode; a frame has far fewer."""


class NoTsharkError(Exception):
    """tshark is not there, or failed: one line with what to do."""


def find() -> str:
    """The path of tshark. *Raises*: NoTsharkError."""
    from pyshark.tshark.tshark import TSharkNotFoundException, get_process_path  # noqa: PLC0415 - takes a second, and is rarely wanted

    try:
        return str(get_process_path())
    except TSharkNotFoundException:
        message = (
            "tshark was not found: install Wireshark's tshark (Debian, Ubuntu: apt install tshark), or set its path in pyshark's config.ini"
        )
        raise NoTsharkError(message) from None


def run(arguments: Sequence[str]) -> Iterator[str]:
    """The lines that tshark prints, as they come. *Raises*: NoTsharkError."""
    with tempfile.TemporaryFile() as complaints:
        with subprocess.Popen(  # noqa: S603
            [find(), *arguments], stdout=subprocess.PIPE, stderr=complaints, encoding="utf-8", errors="backslashreplace"
        ) as process:
            assert process.stdout is not None
            yield from (line.rstrip("\n") for line in process.stdout)
        if process.returncode not in (0, CUT_SHORT):
            complaints.seek(0)
            last = complaints.read()[-4096:].decode("utf-8", "backslashreplace").strip().splitlines()
            raise NoTsharkError(f"tshark failed: {last[-1] if last else f'exit code {process.returncode}'}")


def decode(path: str, frame: int, ports: Sequence[int] = ()) -> list[str]:
    """Wireshark's decode of one frame, as `tshark -V` prints it. *Raises*: NoTsharkError."""
    as_l2tp = [part for port in ports for part in ("-d", f"udp.port=={port},l2tp")]
    lines = run(["-n", "-r", path, "-c", str(frame), "-Y", f"frame.number=={frame}", "-V", *as_l2tp])
    return [line for line, _ in zip(lines, range(MOST_LINES), strict=False) if line]
