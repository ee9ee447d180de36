"""IcmpTracker: ICMP errors about datagrams of L2TP and IPsec, counted by who says what of which conversation."""

from __future__ import annotations

import numpy as np

from l2tpscope.frames import Endpoint, Frames, Kind
from l2tpscope.model.refusal import Refusal
from l2tpscope.wire.icmp import decode_icmp6_error, decode_icmp_error

MOST = 1000
"""Refusals told apart; errors beyond these are left out."""
ICMP_HEADER = 8


class IcmpTracker:
    """Keeps one `Refusal` per (reporter, error, conversation); state is bounded."""

    def __init__(self) -> None:
        self._refusals: dict[tuple[object, ...], Refusal] = {}

    def feed(self, frames: Frames) -> None:
        """Take the ICMP errors of *frames*; copies made by the capture do not count."""
        for row in np.flatnonzero((frames.kind == Kind.ICMP_ERROR) & ~frames.duplicate).tolist():
            self._take(frames, row)

    def age(self, before: int) -> None:
        """Let go of what was last said before an instant."""
        self._refusals = {key: one for key, one in self._refusals.items() if one.last >= before}

    def finish(self) -> list[Refusal]:
        """All of them, in the order of their first appearance."""
        return list(self._refusals.values())

    def _take(self, frames: Frames, row: int) -> None:
        begin = int(frames.payload[row]) - ICMP_HEADER
        size = int(frames.payload_octets[row]) + ICMP_HEADER
        captured = min(size, int(frames.payload_captured[row]) + ICMP_HEADER)
        octets = bytes(frames.octets[begin : begin + captured])
        decode = decode_icmp_error if frames.octets[int(frames.ip[row])] >> 4 == 4 else decode_icmp6_error
        error = decode(octets, octets_on_wire=size)
        if error.quoted is None:
            return
        quoted, time = error.quoted, int(frames.time[row])
        ends = Endpoint(quoted.source, quoted.source_port), Endpoint(quoted.destination, quoted.destination_port)
        reporter = frames.source_endpoint(row).address
        key = (reporter, error.name, *ends, quoted.protocol)
        known = self._refusals.get(key)
        if known is not None:
            known.count += 1
            known.last = time
        elif len(self._refusals) < MOST:
            where = int(frames.capture[row]), int(frames.frame[row])
            self._refusals[key] = Refusal(reporter, error.name, error.mtu, *ends, quoted.protocol, *where, time, time)
