"""Opening: from a path, `-` or a file object to an input and the reader of its format, or a refusal in one line."""

from __future__ import annotations

import io
import os
import stat
import sys
from typing import BinaryIO

from .batch import CaptureError, CaptureInfo
from .compressed import COMPRESSIONS
from .foreign import LOOK_OCTETS, describe
from .inputs import FileInput, Headed, Input, look
from .pcap import PcapReader
from .pcapng import PcapngReader
from .records import Reader, shown

Openable = str | os.PathLike[str] | BinaryIO
SOURCES: tuple[type[Reader], ...] = (PcapReader, PcapngReader)
"""Every format that is read, known by its magic octets."""
HEAD_OCTETS = max(reader.HEAD for reader in SOURCES)
"""No more is waited for before a stream is recognised."""
ACCEPTED = "pcap and pcapng are read, plain or compressed with gzip, zstd or xz"


def path_of(file: Openable) -> str:
    """What to call *file*."""
    if isinstance(file, str | os.PathLike):
        return os.fspath(file)
    called = getattr(file, "name", None)
    return called if isinstance(called, str) else "(stream)"


def is_regular(file: Openable) -> bool:
    """Whether *file* is a path that can be opened as often as one likes."""
    if not isinstance(file, str | os.PathLike) or os.fspath(file) == "-":
        return False
    try:
        return stat.S_ISREG(os.stat(file).st_mode)
    except (OSError, ValueError):
        return False


def open_input(file: Openable) -> Input:
    """The octets of *file*, as they are.

    *Raises*: CaptureError.
    """
    if not isinstance(file, str | os.PathLike):
        if isinstance(file, io.TextIOBase):
            raise CaptureError(f"{shown(path_of(file))}: the file object is opened as text; open it with mode 'rb'")
        return FileInput(file, owned=False)
    path = os.fspath(file)
    if path == "-":
        return FileInput(sys.stdin.buffer, owned=False)
    try:
        return FileInput(open(path, "rb", buffering=0), owned=True)
    except IsADirectoryError:
        raise CaptureError(f"{shown(path)}: is a directory; name the captures in it") from None
    except FileNotFoundError:
        raise CaptureError(f"{shown(path)}: no such file") from None
    except (OSError, ValueError) as error:
        raise CaptureError(f"{shown(path)}: {getattr(error, 'strerror', None) or error}") from None


def recognise(source: Input, info: CaptureInfo) -> tuple[Reader, Input]:
    """The reader of the format that *source* is in, and the input for it, decompressed; `info` learns the format.

    *Raises*: CaptureError where it is no capture.
    """
    head, headed = look(source, HEAD_OCTETS)
    packed = ""
    for compression in COMPRESSIONS:
        if head.startswith(compression.MAGIC):
            head, headed = look(compression(headed), HEAD_OCTETS)
            packed = compression.NAME
            break
    for reader in SOURCES:
        if head.startswith(reader.MAGICS):
            known = reader(head[: reader.HEAD], info)
            info.format += f"+{packed}" if packed else ""
            return known, headed
    raise CaptureError(f"{shown(info.path)}: {_refusal(headed, packed)}")


def _refusal(source: Headed, packed: str) -> str:
    head, _ = look(source, LOOK_OCTETS)
    within = f" in {packed} data" if packed else ""
    if source.problem:
        return f"no capture ({source.problem})"
    if not head:
        return f"empty{within}; {ACCEPTED}"
    what, advice = describe(head)
    return f"found {what}{within}, no capture; {ACCEPTED}" + (f"; {advice}" if advice else "")
