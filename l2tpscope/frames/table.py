"""The table of rows that a batch yields, filled a chunk at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

from l2tpscope.frames.columns import Frames, Kind
from l2tpscope.frames.rest import Rest
from l2tpscope.frames.window import Int64s

COLUMNS: dict[str, Any] = {
    "time": np.int64,
    "capture": np.uint16,
    "frame": np.int64,
    "kind": np.uint8,
    "ip": np.int64,
    "source": np.uint64,
    "destination": np.uint64,
    "source_port": np.uint16,
    "destination_port": np.uint16,
    "ip_octets": np.int64,
    "payload": np.int64,
    "payload_octets": np.int64,
    "payload_captured": np.int64,
    "flags": np.uint16,
    "tunnel": np.uint32,
    "session": np.uint32,
    "ns": np.int64,
    "nr": np.int64,
    "body": np.int64,
    "body_octets": np.int64,
    "duplicate": np.bool_,
}
"""Every column of `Frames`, and its type."""


class Table:
    """Columns with room for every record of a batch; memory that no row needs is never touched."""

    def __init__(self, room: int) -> None:
        self._columns = {name: np.empty(room, kind) for name, kind in COLUMNS.items()}
        self._size = 0
        self._counted = 0
        """Rows whose frames are in `counts`."""
        self.counts = np.zeros(len(Kind), np.int64)
        self.undecoded = 0

    def append(self, **columns: Any) -> None:
        """Add rows: every column, all of the same length."""
        size = len(columns["kind"])
        for name, column in self._columns.items():
            column[self._size : self._size + size] = columns[name]
        self._size += size

    def count(self, records: int, rows: Int64s, unreadable: int, rest: Rest | None) -> None:
        """Count a chunk's records by kind: those of the rows appended since the last time, and all the others.

        *rows* says which records the rows are.
        """
        kinds = self._columns["kind"][self._counted : self._size]
        self._counted = self._size
        found = np.bincount(kinds, minlength=len(Kind))
        if rest is not None:
            unreadable += rest.unreadable
            records -= rest.waiting
            for index, frames in rest.frames.items():
                records += frames - 1
                found[kinds[rows == index]] += frames - 1
        found[Kind.OTHER] = records - unreadable - found.sum()
        self.counts += found
        self.undecoded += unreadable

    def frames(self, octets: bytearray, lost_fragments: int) -> Frames:
        """The rows as `Frames`."""
        columns = {name: column[: self._size] for name, column in self._columns.items()}
        counts = {kind: int(self.counts[kind]) for kind in Kind if self.counts[kind]}
        return Frames(octets=octets, **columns, counts=counts, undecoded=self.undecoded, lost_fragments=lost_fragments)
