"""copies: one message with all that were sent of it, and what is said of these alike for L2TP, IKE and PPP."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from l2tpscope.output.blocks import Cell, Tone
from l2tpscope.output.ladder.model import Rung
from l2tpscope.output.ladder.scene import Scene

SECOND = 1e9
MOST_GAPS = 8
PATIENCE = 1_000_000_000
"""An answer that may still come after so little is not missing."""


@dataclass(slots=True)
class Copies:
    """One message."""

    rows: list[Any]
    """Of its table, the first copy first."""
    decoded: Any
    """Of the first copy; None where it is not to be shown."""
    answered: bool = False

    @property
    def first(self) -> Any:
        """The row of the first copy."""
        return self.rows[0]


def grouped(pairs: Iterable[tuple[Any, Any]], subject: Callable[[Any], int]) -> list[Copies]:
    """Messages of one table, which says of each retransmission and each reply which frame it is of.

    Frames of several captures may have the same number: the latest before is meant.
    """
    groups: list[Copies] = []
    latest: dict[tuple[int, int], Copies] = {}
    for row, decoded in pairs:
        asked = latest.get((subject(row), row.reply_to)) if getattr(row, "reply_to", None) is not None else None
        if asked is not None:
            asked.answered = True
        first = latest.get((subject(row), row.retransmission_of)) if getattr(row, "retransmission_of", None) is not None else None
        if first is not None and first.first.direction == row.direction:
            first.rows.append(row)
            continue
        groups.append(Copies([row], decoded))
        latest[subject(row), row.frame] = groups[-1]
    return groups


def rung(scene: Scene, copies: Copies, way: tuple[int, int], *, missing: str = "", notes: Iterable[Cell] = (), **given: Any) -> Rung:
    """The rung of a message: *notes* and how often it was sent; *missing* names the answer that was not seen.

    That says nothing where the other direction is not in the capture, or the capture ends too soon.
    """
    ends = bool(missing) and scene.end - copies.first.time < PATIENCE
    lost = bool(missing) and not ends and not scene.one_way
    tone: Tone = "bad" if lost else "warn" if len(copies.rows) > 1 else ""
    odd = dict.fromkeys(anomaly for row in copies.rows for anomaly in row.anomalies)
    told = [*notes, *_again(copies.rows), *([Cell(f"✗ no {missing} seen", "bad")] if lost else []), *(Cell(each, "warn") for each in odd)]
    return Rung(
        time=copies.first.time,
        line="message",
        source=way[0],
        target=way[1],
        notes=[note for note in told if note.text],
        tone=tone,
        frames=[(row.capture, row.frame) for row in copies.rows],
        **given,
    )


def _again(rows: list[Any]) -> list[Cell]:
    """`×3 over 3.0 s (1.0 2.0 s)`: how often the same was sent, and the time from each copy to the next."""
    if len(rows) < 2:
        return []
    gaps = [(after.time - before.time) / SECOND for before, after in pairwise(rows)]
    each = " ".join(f"{gap:.1f}" for gap in gaps[:MOST_GAPS]) + (" …" if len(gaps) > MOST_GAPS else "")
    over = f"×{len(rows)} over {(rows[-1].time - rows[0].time) / SECOND:.1f} s"
    return [Cell(over + (f" ({each} s)" if len(gaps) > 1 else ""), "warn")]
