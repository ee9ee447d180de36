"""Channels: the two halves of a tunnel put together, and the calls in it."""

from __future__ import annotations

from dataclasses import dataclass, field

from l2tpscope.frames import Endpoint
from l2tpscope.model.half import ControlFrame, DataSeries, Half


@dataclass(slots=True, eq=False)
class Call:
    """One session, as its control messages and its data tell. Sides are the tunnel's: True is the initiator."""

    position: int
    """Of the first sign of it."""
    caller: bool | None = None
    """The side that sent ICRQ or OCRQ."""
    kind: str | None = None
    """`incoming`, `outgoing`; `static`: no set-up, data of L2TPv3 alone; None: not seen."""
    ids: dict[bool, int | None] = field(default_factory=lambda: {True: None, False: None})
    """The Session ID that each side gave out: what it receives."""
    state: str | None = None
    request: ControlFrame | None = None
    """ICRQ or OCRQ."""
    first: ControlFrame | None = None
    connected: ControlFrame | None = None
    """ICCN or OCCN."""
    ended: ControlFrame | None = None
    """The first CDN."""
    ended_by: bool | None = None
    was_up: bool = False
    series: dict[bool, list[DataSeries]] = field(default_factory=lambda: {True: [], False: []})
    """Data towards each side."""
    number: int = 0
    said: dict[bool, list[ControlFrame]] = field(default_factory=lambda: {True: [], False: []})
    """By the side that sent them, the messages that set it up."""
    one_sided: bool = False
    """The capture has one direction of its tunnel only."""

    def packets(self, to: bool) -> int:
        """Data packets towards that side."""
        return sum(series.packets for series in self.series[to])


@dataclass(slots=True, eq=False)
class Channel:
    """One tunnel: what was sent to either side, and how the two are known to belong together."""

    to: dict[bool, Half | None]
    """By the side that receives: True is the initiator."""
    linked_by: str | None
    roles_seen: bool
    number: int = 0
    calls: list[Call] = field(default_factory=list)

    @property
    def halves(self) -> list[Half]:
        """Those there are."""
        return [half for half in self.to.values() if half is not None]

    @property
    def version(self) -> int:
        """Of L2TP, as the later messages have it where the first one offered both."""
        return max(half.version for half in self.halves)

    @property
    def static(self) -> bool:
        """Whether nothing but data was seen of it."""
        return not any(half.frames or half.unkept or half.thinned for half in self.halves)

    @property
    def position(self) -> int:
        """Of the first frame."""
        return min(_first_position(half) for half in self.halves)

    @property
    def begin(self) -> int:
        """Time of the first frame, control or data."""
        times = [half.frames[0].time for half in self.halves if half.frames]
        return min(times + [series.first for half in self.halves for series in half.series])

    @property
    def capture(self) -> int:
        """The capture in which it was first seen."""
        return min(min([half.frames[0].capture] if half.frames else [series.capture for series in half.series]) for half in self.halves)

    @property
    def born(self) -> bool:
        """Whether its set-up was seen from the begin."""
        towards = self.to[False]
        return towards is not None and any(frame.type == "SCCRQ" for frame in towards.frames)

    @property
    def numbered_from_zero(self) -> bool:
        """Whether some of its set-up was seen, so that both sides' numbers began at 0 not long before."""
        setup = ("SCCRQ", "SCCRP", "SCCCN")
        return any(frame.type in setup for half in self.halves for frame in half.frames)

    def endpoint(self, initiator: bool) -> Endpoint:
        """Where that side is, as it last showed by sending; or where it was sent to."""
        received, sent = self.to[initiator], self.to[not initiator]
        if sent is not None and sent.frames:
            return sent.frames[-1].sender
        if sent is not None and sent.series:
            return max(sent.series, key=lambda series: series.last).sender
        assert received is not None
        return received.receiver

    def frames(self) -> list[tuple[ControlFrame, bool]]:
        """All control frames in the order of the capture, each with whether the initiator sent it."""
        merged = [(frame, not side) for side, half in self.to.items() if half is not None for frame in half.frames]
        merged.sort(key=lambda pair: pair[0].position)
        return merged


def _first_position(half: Half) -> int:
    positions = [half.frames[0].position] if half.frames else []
    return min(positions + [series.position for series in half.series])
