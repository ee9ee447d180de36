"""PppTracker: PPP control packets in L2TPv2 data: the few among the many, found by columns, then decoded one by one."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from l2tpscope.frames import Frames, Kind
from l2tpscope.model.ppp import PppSeen
from l2tpscope.track.protocols import CONTROL, begins_with, control_begins

Int64s = NDArray[np.int64]

MOST = 50_000
"""Packets kept in all."""
MOST_OF_SESSION = 4000
"""Kept of one session and direction: an echo every 10 s, for half a day."""


Named = tuple[bytes, int, int]
"""A receiver's address, Tunnel ID, Session ID."""
LCP = 0xC021
ECHOES = frozenset({9, 10})
"""Codes of LCP's echoes (RFC 1661 §5.8)."""


class PppTracker:
    """Keeps the control packets of every session; memory stays bounded."""

    def __init__(self) -> None:
        self.seen: list[PppSeen] = []
        self._of_session: Counter[Named] = Counter()
        self._left_out = 0
        self._position = 0

    def feed(self, frames: Frames) -> None:
        """Take the data rows of *frames*; copies made by the capture do not count."""
        rows = np.flatnonzero((frames.kind == Kind.L2TP2_DATA) & ~frames.duplicate)
        if len(rows):
            for row in rows[begins_with(frames, rows) >= CONTROL].tolist():
                self._take(frames, row)
        rows = np.flatnonzero((frames.kind == Kind.L2TP3_DATA) & ~frames.duplicate)
        if len(rows):
            self.feed_v3(frames, rows)
        self._position += len(frames)

    def feed_v3(self, frames: Frames, rows: Int64s) -> None:
        """Take those rows of L2TPv3 that have a control packet behind any cookie and sublayer that there may be."""
        begins = control_begins(frames, rows)
        for row, skip in zip(rows[begins >= 0].tolist(), begins[begins >= 0].tolist(), strict=True):
            self._take(frames, row, skip)

    def age(self, before: int, sessions: set[Named]) -> None:
        """Let go of packets of other sessions than these, and of echoes before an instant."""
        self.seen = [one for one in self.seen if (one.receiver.address, one.tunnel, one.session) in sessions and not _old_echo(one, before)]
        self._of_session = Counter((one.receiver.address, one.tunnel, one.session) for one in self.seen)

    def notes(self) -> list[str]:
        """What the bounds on memory left out, a line each."""
        return [f"{self._left_out} PPP control packets were not kept: the bound on memory"] if self._left_out else []

    def _take(self, frames: Frames, row: int, skip: int = 0) -> None:
        key = frames.destination_endpoint(row).address, int(frames.tunnel[row]), int(frames.session[row])
        if self._of_session[key] >= MOST_OF_SESSION or len(self.seen) >= MOST:
            self._left_out += 1
            return
        from l2tpscope.wire.ppp import decode_ppp  # noqa: PLC0415 - its tables are not loaded for data without PPP control

        begin, size = int(frames.body[row]) + skip, int(frames.body_octets[row]) - skip
        end = min(begin + size, int(frames.payload[row] + frames.payload_captured[row]))
        ppp = decode_ppp(bytes(frames.octets[begin:end]), size)
        if ppp.packet is None:
            return
        self._of_session[key] += 1
        self.seen.append(
            PppSeen(
                position=self._position + row,
                time=int(frames.time[row]),
                capture=int(frames.capture[row]),
                frame=int(frames.frame[row]),
                receiver=frames.destination_endpoint(row),
                sender=frames.source_endpoint(row),
                tunnel=key[1],
                session=key[2],
                ppp=ppp,
            )
        )


def _old_echo(one: PppSeen, before: int) -> bool:
    packet = one.ppp.packet
    return one.time < before and packet is not None and one.ppp.protocol == LCP and packet.code in ECHOES
