"""Octets with a clock: capture files, streams, interfaces. No protocol above the record."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import BinaryIO

from .batch import SLACK, Batch, CaptureError, CaptureInfo, Source
from .compressed import COMPRESSIONS
from .merge import merged
from .opening import SOURCES
from .source import FileSource

__all__ = [
    "COMPRESSIONS",
    "SLACK",
    "SOURCES",
    "Batch",
    "CaptureError",
    "CaptureInfo",
    "Source",
    "merged",
    "open_capture",
    "open_captures",
]

BLOCK_OCTETS = 4 << 20
MOST_CAPTURES = 65_535
"""The column `capture` has 16 bits."""

Openable = str | os.PathLike[str] | BinaryIO


def open_capture(file: Openable, *, capture: int = 1, block_octets: int = BLOCK_OCTETS, rows: int | None = None) -> FileSource:
    """A capture, ready to be read: of a path, of standard input (`-`), or of an object with `read`.

    *Raises*: CaptureError.
    """
    return FileSource(file, capture=capture, block_octets=block_octets, rows=rows)


def open_captures(files: Iterable[Openable], *, block_octets: int = BLOCK_OCTETS, rows: int | None = None) -> list[FileSource]:
    """Captures numbered from 1 in the order of their first records, whatever the order they are given in.

    Those without any record come last; the path decides between equals. Files wait closed until they are read.

    *Raises*: CaptureError for the first one that is none.
    """
    several = list(files)
    sources = []
    for file in several:
        sources.append(source := open_capture(file, block_octets=block_octets, rows=rows))
        if len(several) > 1:
            source.first_time = source.find_first_time()
    if len(sources) > MOST_CAPTURES:
        raise CaptureError(f"{len(sources)} captures; at most {MOST_CAPTURES} can be read together")
    sources.sort(key=lambda source: (source.first_time is None, source.first_time or 0, source.info.path))
    for number, source in enumerate(sources, 1):
        source.info.capture = number
    return sources
