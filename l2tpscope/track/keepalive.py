"""KeepaliveTracker: NAT keepalives (one octet 0xFF on port 4500, RFC 3948 §2.3) by who sends them to whom."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from l2tpscope.frames import Frames, Kind
from l2tpscope.model.keepalive import Keepalives

MOST = 20_000
"""Pairs of endpoints; keepalives of further ones are left out."""
MOST_INTERVALS = 512
"""Of one pair that the median is taken of; the first."""
SECOND = 1e9


@dataclass(slots=True)
class _Sender:
    row: Keepalives
    intervals: list[int] = field(default_factory=list)


class KeepaliveTracker:
    """Keeps one `Keepalives` per sender and receiver, ports included; state is bounded. Copies made by the capture do not count."""

    def __init__(self) -> None:
        self._senders: dict[tuple[int, int, int, int], _Sender] = {}
        self._left_out = 0

    def feed(self, frames: Frames) -> None:
        """Take the keepalives of *frames*."""
        rows = np.flatnonzero((frames.kind == Kind.NATT_KEEPALIVE) & ~frames.duplicate)
        if not len(rows):
            return
        columns = (frames.source, frames.source_port, frames.destination, frames.destination_port)
        keys = np.stack([column[rows].astype(np.uint64) for column in columns])
        order = np.lexsort(keys)
        new = np.flatnonzero(np.any(keys[:, order[1:]] != keys[:, order[:-1]], axis=0)) + 1
        for group in np.split(order, new):
            self._take(frames, rows[group], tuple(keys[:, group[0]].tolist()))

    def finish(self) -> list[Keepalives]:
        """All of them, in the order of their first appearance."""
        for one in self._senders.values():
            if one.intervals:
                one.row.median_s = float(np.median(one.intervals)) / SECOND
        return sorted((one.row for one in self._senders.values()), key=lambda row: (row.first, row.capture, row.frame))

    def notes(self) -> list[str]:
        """What the bound on memory left out, a line or none."""
        return [f"{self._left_out} NAT keepalives were not counted: they are of more than {MOST} senders"] if self._left_out else []

    def _take(self, frames: Frames, rows: NDArray[np.int64], key: tuple[int, int, int, int]) -> None:
        time = frames.time[rows]
        known = self._senders.get(key)
        if known is None:
            if len(self._senders) >= MOST:
                self._left_out += len(rows)
                return
            known = self._senders[key] = _Sender(_row(frames, int(rows[0])))
        intervals = np.diff(time, prepend=known.row.last) if known.row.count else np.diff(time)
        known.intervals += intervals[: MOST_INTERVALS - len(known.intervals)].tolist()
        known.row.count += len(rows)
        known.row.last = int(time[-1])


def _row(frames: Frames, row: int) -> Keepalives:
    """Of the first one."""
    time = int(frames.time[row])
    where = int(frames.capture[row]), int(frames.frame[row])
    return Keepalives(frames.source_endpoint(row), frames.destination_endpoint(row), 0, time, time, *where, median_s=None)
