"""Round trips of the summary: a line a subject and kind, the two sides of the tap beside each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from l2tpscope.analysis.rows import CaptureRow
from l2tpscope.analysis.rtt import Statistic
from l2tpscope.output.blocks import Block, Cell, Head, Row
from l2tpscope.output.room import MOST, command
from l2tpscope.output.values import UNKNOWN, milliseconds

SIDES = ("initiator", "responder")
NOTHING = Statistic(None, "", "", 0, None, None, None, 0)
HEADS = (
    Head("kind"),
    *(Head(name, right=True) for name in ("initiator: n", "min", "p50", "p95")),
    *(Head(name, right=True) for name in ("responder: n", "min", "p50", "p95")),
    Head("unused", right=True),
)


def round_trips(trips: Sequence[Statistic], shown: Sequence[int], noun: str, captures: Sequence[CaptureRow]) -> Block | None:
    """One row a tunnel (or another noun) and kind; kinds are never mixed. None where there are none."""
    groups: dict[tuple[int | None, str], dict[str, Statistic]] = defaultdict(dict)
    for one in trips:
        groups[one.tunnel, one.kind][one.side] = one
    keys = sorted((key for key in groups if key[0] in shown), key=lambda key: (shown.index(key[0] or 0), key[1]))
    rows = [Row(_cells(*key, groups[key])) for key in keys[:MOST]]
    if not rows:
        return None
    title = "ROUND TRIPS in ms, from the tap to that side and back; of n clean samples, ambiguous ones unused"
    left = len(keys) - len(rows)
    after = [Cell(f"… and {left} more: {command('rtt', captures)}", "warn")] if left else []
    return Block(title, heads=(Head(noun, right=True), *HEADS), rows=rows, after=after)


def _cells(number: int | None, kind: str, sides: dict[str, Statistic]) -> list[Cell]:
    both_sides = [sides.get(side, NOTHING) for side in SIDES]
    cells = [Cell(UNKNOWN if number is None else str(number)), Cell(kind)]
    for one in both_sides:
        cells += [Cell(str(one.n)), *(Cell(milliseconds(value)) for value in (one.min_s, one.p50_s, one.p95_s))]
    return [*cells, Cell(str(sum(one.ambiguous for one in both_sides)))]
