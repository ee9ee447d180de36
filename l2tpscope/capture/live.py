"""Live: a capture while it is made, from a pipe, or from dumpcap, which writes pcapng into one.

A `Tap` never blocks for long: it looks every so often whether it is to stop. What ends by itself (dumpcap, told to) is read to
its end, for the drops that it reports there; another stream is left where it is.
"""

from __future__ import annotations

import contextlib
import io
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from .batch import Batch, CaptureError
from .pace import Pace
from .records import shown
from .source import FileSource

BLOCK_OCTETS = 4 << 20
LOOK_S = 0.1
"""How often it is looked whether to stop."""
GATHER_S, FEW = 0.04, 2000
"""After fewer records than this, others may gather for so long: they cost less together."""
KERNEL_MIB = 128
"""For packets that wait while a report is made: a second of a full gigabit."""
PIPE_OCTETS = 1 << 20
PATIENCE_S = 5.0
"""How long dumpcap may take to end."""
INSTALL = (
    "a live capture needs dumpcap, which comes with Wireshark (apt install wireshark-common, dnf install wireshark-cli, "
    "brew install wireshark); or pipe one in: tcpdump -U -w - | l2tpscope live -"
)
PERMIT = (
    "no permission to capture on {name}: setcap cap_net_raw,cap_net_admin+eip {dumpcap}, or join the group wireshark "
    "(usermod -aG wireshark $USER), or run it with sudo"
)


@dataclass(frozen=True, slots=True)
class Interface:
    """A network interface, and a capture filter in the language of libpcap (BPF)."""

    name: str
    filter: str | None = None


class Tap(io.RawIOBase):
    """Octets of a descriptor as they come, kept in a file too where that is wanted."""

    def __init__(self, descriptor: int, name: str, save: str | os.PathLike[str] | None = None) -> None:
        super().__init__()
        self.name = name
        self.unsaved: str | None = None
        """Why not all was kept in the file, where it was not."""
        self._descriptor = descriptor
        self._stopped = False
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLIN)
        self._save = _create(save) if save is not None else None

    def readable(self) -> bool:
        """Yes."""
        return True

    def fileno(self) -> int:
        """The descriptor."""
        return self._descriptor

    def readinto(self, view: Any) -> int:
        """As much as is there; 0 at the end, or when it is to stop."""
        while not self._is_over():
            if self._poll.poll(LOOK_S * 1000):
                count = os.readv(self._descriptor, [view])
                self._keep(view[:count])
                return count
        return 0

    def open(self) -> FileSource:
        """The capture in it, as soon as its first octets are there.

        *Raises*: CaptureError.
        """
        return FileSource(cast(BinaryIO, self), capture=1, block_octets=BLOCK_OCTETS, rows=None, patience_s=LOOK_S)

    def batches(self, source: FileSource, pace: Pace) -> Iterator[Batch]:
        """Its records as they come, and a batch without any now and then where none come."""
        for batch in source.batches():
            (pace.heard if len(batch) else pace.idle)()
            yield batch
            if self._stopped:
                return
            if 0 < len(batch) < FEW:
                time.sleep(min(GATHER_S, pace.left_s()))

    def stop(self) -> None:
        """Read no further. May be called by the handler of a signal."""
        self._stopped = True

    def close(self) -> None:
        """Let the file go that was written; the descriptor belongs to who opened it."""
        if self._save is not None:
            with contextlib.suppress(OSError):
                self._save.close()
            self._save = None
        super().close()

    def _is_over(self) -> bool:
        return self._stopped

    def _keep(self, octets: Any) -> None:
        if self._save is None:
            return
        try:
            self._save.write(octets)
        except OSError as error:
            self.unsaved = f"the packets were not kept further: {error.strerror}"
            self._save = None


class Dumpcap(Tap):
    """The packets of an interface. *Raises*: CaptureError where dumpcap is not there or cannot be run."""

    def __init__(self, interface: Interface, save: str | os.PathLike[str] | None = None) -> None:
        self._program = find_dumpcap()
        command = [self._program, "-q", "-i", interface.name, "-B", str(KERNEL_MIB), "-w", "-"]
        command += ["-f", interface.filter] if interface.filter else []
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the tap
        self._closing = False
        self._deadline = 0.0
        try:  # in a session of its own: Ctrl-C is for us, and we tell it to end
            self._process = subprocess.Popen(  # noqa: S603
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._errors, start_new_session=True
            )
        except PermissionError:
            raise CaptureError(PERMIT.format(name=shown(interface.name), dumpcap=self._program)) from None
        except OSError as error:
            raise CaptureError(f"{self._program} cannot be run: {error.strerror}") from None
        assert self._process.stdout is not None
        _widen(self._process.stdout.fileno())
        try:
            super().__init__(self._process.stdout.fileno(), interface.name, save)
        except CaptureError:
            self._end()
            raise

    def open(self) -> FileSource:
        """The capture, once dumpcap has begun. *Raises*: CaptureError, with what dumpcap said."""
        try:
            return super().open()
        except CaptureError:
            self._end()
            raise CaptureError(self._refusal()) from None

    def stop(self) -> None:
        """Tell dumpcap to end; what it still has is read, and the drops that it counted."""
        if not self._closing:
            self._closing, self._deadline = True, time.monotonic() + PATIENCE_S
            self._process.send_signal(signal.SIGINT)

    def close(self) -> None:
        """End dumpcap, if it has not ended."""
        self._end()
        self._errors.close()
        super().close()

    def _is_over(self) -> bool:
        return self._closing and time.monotonic() > self._deadline

    def _end(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _refusal(self) -> str:
        """Why there is no capture, in one line."""
        self._errors.seek(0)
        said = self._errors.read(10_000).decode("utf-8", "replace").splitlines()
        lines = [line.removeprefix("dumpcap: ").strip() for line in said if line.strip() and not line.startswith("Capturing on")]
        if any("permission" in line.lower() for line in lines):
            return PERMIT.format(name=shown(self.name), dumpcap=self._program)
        return f"{shown(self.name)}: {' '.join(lines[:2]) or 'dumpcap ended before any packet'}"


def open_tap(source: str | os.PathLike[str] | BinaryIO | Interface, save: str | os.PathLike[str] | None = None) -> Tap:
    """What *source* gives as it comes. *Raises*: CaptureError."""
    if isinstance(source, Interface):
        return Dumpcap(source, save)
    if not isinstance(source, str | os.PathLike):
        return Tap(source.fileno(), str(getattr(source, "name", "(stream)")), save)
    path = os.fspath(source)
    if path == "-":
        return Tap(sys.stdin.fileno(), path, save)
    try:
        return Tap(os.open(path, os.O_RDONLY), path, save)
    except OSError as error:
        raise CaptureError(f"{shown(path)}: {error.strerror}") from None


def find_dumpcap() -> str:
    """Where dumpcap is, as pyshark looks for it. *Raises*: CaptureError."""
    try:
        from pyshark.tshark.tshark import TSharkNotFoundException, get_process_path  # noqa: PLC0415 - takes long, and is for this alone
    except ImportError:
        found = shutil.which("dumpcap")
    else:
        try:
            found = get_process_path(process_name="dumpcap")
        except TSharkNotFoundException:
            found = None
    if not found:
        raise CaptureError(INSTALL)
    return str(found)


def _create(path: str | os.PathLike[str]) -> BinaryIO:
    try:
        return Path(path).open("wb")
    except OSError as error:
        raise CaptureError(f"cannot write {shown(os.fspath(path))}: {error.strerror}") from None


def _widen(descriptor: int) -> None:
    """Let the pipe hold more, where the system can."""
    try:
        import fcntl  # noqa: PLC0415 - not on Windows

        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, PIPE_OCTETS)
    except (ImportError, AttributeError, OSError):
        return
