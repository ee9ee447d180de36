"""throughput: packets and octets per session, direction and bin of time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from l2tpscope.analysis.rows import ThroughputRow
from l2tpscope.model.channel import Channel
from l2tpscope.model.sequence import Missed

Int64s = NDArray[np.int64]


class Losses(TypedDict):
    """What was missed in a bin."""

    lost: int | None
    reordered: int | None


def missed_in(missed: Missed | None, series: int, time: int) -> Losses:
    """The columns of one bin; unknown where nothing is numbered."""
    lost, reordered = (None, None) if missed is None else missed.get((series, time), (0, 0))
    return {"lost": lost, "reordered": reordered}


def measure_throughput(
    channels: Iterable[Channel], bins: tuple[Int64s, Int64s, Int64s, Int64s], width: int, missed: Missed | None = None
) -> list[ThroughputRow]:
    """A row a bin in which something passed; a bin without a row had nothing.

    *Units*: octets of IP datagrams; the width of a bin is the same for all, 1 s or a power of two of it.
    """
    channels = list(channels)
    numbered = {
        series.number
        for channel in channels
        for call in channel.calls
        for several in call.series.values()
        for series in several
        if series.version == 2 and series.count is not None
    }
    owner = {
        series.number: (channel.number, call.number, to_initiator)
        for channel in channels
        for call in channel.calls
        for to_initiator, several in call.series.items()
        for series in several
    }
    return [
        ThroughputRow(
            time=time,
            bin_s=width / 1e9,
            tunnel=owner[series][0],
            session=owner[series][1],
            esp_sa=None,
            direction="to_initiator" if owner[series][2] else "to_responder",
            packets=packets,
            octets=octets,
            **missed_in(missed if series in numbered else None, series, time),
        )
        for series, time, packets, octets in zip(*(column.tolist() for column in bins), strict=True)
        if series in owner
    ]
