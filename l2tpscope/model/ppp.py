"""PPP as it was seen: the control packets of each session, one direction at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from l2tpscope.frames import Endpoint

if TYPE_CHECKING:
    from l2tpscope.wire.ppp import PppFrame


@dataclass(slots=True, eq=False)
class PppSeen:
    """One PPP control packet, and under which ids it passed; both were chosen by the receiver."""

    position: int
    time: int
    capture: int
    frame: int
    receiver: Endpoint
    sender: Endpoint
    tunnel: int
    session: int
    ppp: PppFrame
