"""FileSource: one capture, opened, recognised, read once from front to back, and what is known of it on the way."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from itertools import chain
from typing import BinaryIO

import numpy as np

from .batch import Batch, CaptureError, CaptureInfo
from .buffer import Buffer
from .inputs import Input
from .opening import is_regular, open_input, path_of, recognise
from .records import Int64s, Reader, Records

ROWS = 1 << 16
"""Records in a batch, at most: bounds the memory of the columns where records are tiny."""
PEEK_OCTETS = 1 << 16


class FileSource:
    """A capture in a file or a stream.

    A regular file can be let go after it was recognised, and is opened again when it is read, so that any number of them
    may wait for their turn; a stream is kept.
    """

    def __init__(
        self, file: str | os.PathLike[str] | BinaryIO, *, capture: int, block_octets: int, rows: int | None, patience_s: float | None = None
    ) -> None:
        self.info = CaptureInfo(capture, path_of(file))
        self.block_octets = block_octets
        self.first_time: int | None = None
        """Time of the first record, once it was looked for."""
        self._file = file
        self._rows = max(rows or ROWS, 1)
        self._patience_s = patience_s
        """With it, a batch without records comes after so long without any."""
        self._read = False
        self._position: tuple[int, int | None] = (0, None)
        self._last_time: int | None = None
        self._input: Input | None = None
        self._records: Iterator[Records] | None = None
        self._reader = self._open()

    def batches(self) -> Generator[Batch, None, None]:
        """Its records, in file order, in blocks; each is valid until the next one is asked for.

        *Raises*: CaptureError where the file cannot be opened any more; RuntimeError when it was read already.
        """
        if self._read:
            raise RuntimeError(f"{self.info.path} was read already")
        self._read = True
        try:
            for records in self._begin():
                self._note(records)
                yield self._batch(records)
        finally:
            self.let_go()

    def find_first_time(self) -> int | None:
        """Look for the time of the first record, reading no further than to it, and let a file go; None: there is none."""
        if is_regular(self._file):
            self.let_go()
            probe = FileSource(self._file, capture=0, block_octets=PEEK_OCTETS, rows=1)
            batches = probe.batches()
            first = next(batches, None)
            time = None if first is None else int(first.time[0])
            batches.close()
            return time
        records = self._begin()
        ahead = next(records, None)
        if ahead is None:
            return None
        self._records = chain((ahead,), records)
        return int(ahead.time[0])

    def position(self) -> tuple[int, int | None]:
        """Octets of the file consumed, compressed ones where it is compressed, and its size; None for a stream."""
        if self._input is not None:
            self._position = self._input.position()
        return self._position

    def let_go(self) -> None:
        """Close the file; reading opens it again, where that is possible."""
        self.position()
        if self._input is not None:
            self._input.close()
        self._input, self._records = None, None

    def _open(self) -> Reader:
        self._input = open_input(self._file)
        try:
            reader, self._input = recognise(self._input, self.info)
        except CaptureError:
            self.let_go()
            raise
        return reader

    def _begin(self) -> Iterator[Records]:
        if self._records is None:
            if self._input is None:
                self._reader = self._open()
            assert self._input is not None
            self._records = self._reader.records(Buffer(self._input, self.block_octets, self._patience_s), self._rows)
        return self._records

    def _batch(self, records: Records) -> Batch:
        return Batch(
            octets=records.octets,
            offset=records.offset,
            captured=records.captured,
            length=records.length,
            time=records.time,
            link_type=records.link_type,
            capture=np.full(len(records), self.info.capture, np.uint16),
            frame=records.frame,
        )

    def _note(self, records: Records) -> None:
        """Count what `info` tells of the records."""
        info = self.info
        info.octets += int(records.length.sum())
        info.cut_frames += int(np.count_nonzero(records.captured < records.length))
        times = records.time
        if records.dated is not None:
            times = times[records.dated]
            info.undated_frames += len(records) - len(times)
        if len(times):
            earliest, latest = int(times.min()), int(times.max())
            info.first_time = earliest if info.first_time is None else min(info.first_time, earliest)
            info.last_time = latest if info.last_time is None else max(info.last_time, latest)
            self._note_steps(times)

    def _note_steps(self, times: Int64s) -> None:
        """Count steps back in time, from one record to the next."""
        backward = times[1:] < times[:-1]
        steps = (times[:-1] - times[1:])[backward] if backward.any() else times[:0]
        across = 0 if self._last_time is None else self._last_time - int(times[0])
        self.info.backward_steps += len(steps) + (across > 0)
        largest = max(across, int(steps.max(initial=0)))
        self.info.largest_backward_step_s = max(self.info.largest_backward_step_s, largest / 1e9)
        self._last_time = int(times[-1])
