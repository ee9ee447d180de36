"""Ladder: one connection as rungs between lanes. What a terminal, an SVG and a page draw alike; none of its texts is escaped yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from l2tpscope.output.blocks import Cell, Tone

Line = Literal["message", "guess", "stream", "fact", "gap"]
"""`message`: a frame that was read; `guess`: concluded from ciphertext; `stream`: many packets, counted; `fact`: what the tables say of
that moment; `gap`: rungs that are not drawn."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One vertical: a side, or the NAT before it."""

    name: str
    endpoint: str
    """Where it is; of a side behind NAT nothing, since the capture has the NAT's address alone."""


@dataclass(frozen=True, slots=True)
class Rung:
    """One row: when, from which lane to which, what, and what is to be said of it."""

    time: int
    line: Line
    label: str
    tag: str = ""
    """The protocol: `IKE`, `ESP`, `L2TP`, `PPP`."""
    source: int | None = None
    """Lane that it comes from; None: it stands across all of them."""
    target: int | None = None
    both: bool = False
    """It has a head at both ends."""
    notes: Sequence[Cell] = ()
    tone: Tone = ""
    frames: Sequence[tuple[int, int]] = ()
    """Capture and frame, of every copy."""
    until: int | None = None
    """Where it lasts: the end."""
    details: Sequence[str] = ()
    """The decoded message, a line each."""
    quiet: bool = False
    """A keepalive that was answered: goes into the stretch around it."""
    alike: str = ""
    """Neighbours that are alike in this are one rung; nothing: like no other."""

    @property
    def last(self) -> int:
        """Its end: from there the next one's delta counts."""
        return self.time if self.until is None else self.until


@dataclass(frozen=True, slots=True)
class Ladder:
    """All of one connection."""

    title: str
    about: Sequence[Cell]
    """What stands above: who, how far it got."""
    lanes: Sequence[Lane]
    seen: tuple[int, int]
    """The lanes between which the capture was made; beyond them nothing was seen."""
    rungs: Sequence[Rung]
    captures: int = 1
    """With several, frames are named with theirs."""
    footer: Sequence[Cell] = field(default_factory=list)
    """How to read it: what was folded, what the marks mean."""

    def deltas(self) -> list[int | None]:
        """Nanoseconds from the end of the rung before to each rung; None before the first."""
        ends = [rung.last for rung in self.rungs]
        return [None] * bool(ends) + [rung.time - end for rung, end in zip(self.rungs[1:], ends, strict=False)]

    def frames(self, rung: Rung) -> str:
        """Which frames: `#12`, `#1, 2, 4 and 9 more`; where there are several captures `2#12`."""
        named = [str(frame) if self.captures == 1 else f"{capture}#{frame}" for capture, frame in rung.frames]
        more = f" and {len(named) - MOST_FRAMES} more" if len(named) > MOST_FRAMES else ""
        return ("#" if self.captures == 1 else "") + ", ".join(named[:MOST_FRAMES]) + more if named else ""


MOST_FRAMES = 3
