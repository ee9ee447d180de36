"""KeepaliveTracker: NAT keepalives (one octet 0xFF on port 4500, RFC 3948 §2.3) by who sends them to whom."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from l2tpscope.frames import Frames, Kind
from l2tpscope.model.keepalive import Keepalives

MOST = 20_000
"""Pairs of endpoints; keepalives of further ones are left out."""
MOST_INTERVALS = 512
"""Of one pair that the median is taken of; the first."""
SECOND = 1e9
Pair = frozenset[bytes]
"""Two addresses."""


@dataclass(slots=True)
class _Sender:
    row: Keepalives
    intervals: list[int] = field(default_factory=list)


class KeepaliveTracker:
    """Keeps one `Keepalives` per sender and receiver, ports included; state is bounded. Copies made by the capture do not count."""

    def __init__(self) -> None:
        self._senders: dict[tuple[int, ...], _Sender] = {}
        self._left_out = 0

    def feed(self, frames: Frames) -> None:
        """Take the keepalives of *frames*."""
        rows = np.flatnonzero((frames.kind == Kind.NATT_KEEPALIVE) & ~frames.duplicate)
        if not len(rows):
            return
        columns = (frames.source, frames.source_port, frames.destination, frames.destination_port, frames.time)
        for row, *key, time in zip(rows.tolist(), *(column[rows].tolist() for column in columns), strict=True):
            self._take(frames, row, tuple(key), time)

    def heard(self, before: int) -> set[Pair]:
        """Pairs of addresses with keepalives since an instant."""
        return {frozenset((one.row.sender.address, one.row.receiver.address)) for one in self._senders.values() if one.row.last >= before}

    def age(self, before: int) -> None:
        """Let go of those that were last heard before an instant."""
        self._senders = {key: one for key, one in self._senders.items() if one.row.last >= before}

    def finish(self) -> list[Keepalives]:
        """All of them, in the order of their first appearance."""
        for one in self._senders.values():
            if one.intervals:
                one.row.median_s = float(np.median(one.intervals)) / SECOND
        return sorted((one.row for one in self._senders.values()), key=lambda row: (row.first, row.capture, row.frame))

    def notes(self) -> list[str]:
        """What the bound on memory left out, a line or none."""
        return [f"{self._left_out} NAT keepalives were not counted: they are of more than {MOST} senders"] if self._left_out else []

    def _take(self, frames: Frames, row: int, key: tuple[int, ...], time: int) -> None:
        known = self._senders.get(key)
        if known is None:
            if len(self._senders) >= MOST:
                self._left_out += 1
                return
            known = self._senders[key] = _Sender(_row(frames, row))
        elif len(known.intervals) < MOST_INTERVALS:
            known.intervals.append(time - known.row.last)
        known.row.count += 1
        known.row.last = time


def _row(frames: Frames, row: int) -> Keepalives:
    """Of the first one."""
    time = int(frames.time[row])
    where = int(frames.capture[row]), int(frames.frame[row])
    return Keepalives(frames.source_endpoint(row), frames.destination_endpoint(row), 0, time, time, *where, median_s=None)
