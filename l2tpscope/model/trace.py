"""Trace: what was seen, before any conclusion."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from l2tpscope.capture import CaptureInfo
from l2tpscope.frames.torn import Torn
from l2tpscope.model.esp import EspSeries
from l2tpscope.model.flood import Flood
from l2tpscope.model.half import DataSeries, Half
from l2tpscope.model.ike import IkeSa
from l2tpscope.model.inner import Inner
from l2tpscope.model.ip_id import IpIdCounter
from l2tpscope.model.keepalive import Keepalives
from l2tpscope.model.l2f import L2fSeen
from l2tpscope.model.ppp import PppSeen
from l2tpscope.model.refusal import Refusal
from l2tpscope.model.sequence import Missed
from l2tpscope.model.tally import CaptureTally
from l2tpscope.model.twin import Twin

Int64s = NDArray[np.int64]
_NONE = np.zeros(0, np.int64)


@dataclass(slots=True)
class Trace:
    """Everything the trackers kept."""

    captures: list[tuple[CaptureInfo, CaptureTally]]
    halves: list[Half]
    series: list[DataSeries]
    bins: tuple[Int64s, Int64s, Int64s, Int64s]
    """Of data: number of the series, begin, packets, octets."""
    bin_width: int
    begin: int
    """The first instant of all captures."""
    end: int
    """The last."""
    secret: bytes | None = None
    show_secrets: bool = False
    """Whether passwords and responses may be shown."""
    refusals: list[Refusal] = field(default_factory=list)
    torn: list[Torn] = field(default_factory=list)
    """Datagrams of which fragments never came."""
    flood: Flood = field(default_factory=Flood)
    ike_sas: list[IkeSa] = field(default_factory=list)
    ike_flood: Flood = field(default_factory=Flood)
    """First messages of IKE that nobody answered, beyond those that are kept."""
    esp: list[EspSeries] = field(default_factory=list)
    esp_bins: tuple[Int64s, Int64s, Int64s, Int64s] = field(default_factory=lambda: (_NONE, _NONE, _NONE, _NONE))
    """As `bins`, of ESP."""
    esp_bin_width: int = 1_000_000_000
    keepalives: list[Keepalives] = field(default_factory=list)
    ip_ids: list[IpIdCounter] = field(default_factory=list)
    ppp: list[PppSeen] = field(default_factory=list)
    inner: Inner | None = None
    """Of sessions in clear; None: not looked at."""
    l2f: L2fSeen = field(default_factory=L2fSeen)
    twins: list[Twin] = field(default_factory=list)
    missed: Missed | None = None
    """When numbers of data were lost and reordered, in the bins of `bins`; None: not in these."""
    esp_missed: Missed | None = None
    """The same of ESP."""
    notes: list[str] = field(default_factory=list)
    """What the bounds on memory left out."""
