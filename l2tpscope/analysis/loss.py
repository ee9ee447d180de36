"""loss: expected, received, lost per sequence space and direction, or why that cannot be said.

A gap at the tap was lost between the sender and the tap, or by the capture; what is lost after the tap shows only where the
sender repeats. Spaces:

* `l2tp-control`: the numbers of control messages; `lost` are those that never passed. `upstream_lost` adds those whose first
  copy did not pass, but a later one did; `downstream_lost` are repeats of a message that had passed and whose
  acknowledgement had not: the message was lost after the tap, or its acknowledgement before it.
* `l2tp-data`: the numbers of data packets, where the S bit is set; in v3, of the sublayer, where it is known to be there. Without
  them there is nothing to count but IP ids (`ip_id.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from l2tpscope.analysis.follow import Story
from l2tpscope.analysis.pseudowire import layout
from l2tpscope.analysis.rows import Direction, LossRow
from l2tpscope.analysis.wilson import wilson
from l2tpscope.model.channel import Call
from l2tpscope.model.sequence import SequenceCount
from l2tpscope.track.reliable import Way

NO_CONTROL = "no control messages"
NO_SUBLAYER = "no sequence numbers (no L2-Specific Sublayer)"
NO_NUMBERS = "no sequence numbers (S bit not set)"
ONE_SIDED = "this direction is not in the capture"
HEAD = 100
"""Numbers that may be missing before the first one of a session that began in the capture."""


def measure_loss(stories: Iterable[Story], *, suspect: bool) -> list[LossRow]:
    """A row per space and direction, tunnel by tunnel."""
    rows: list[LossRow] = []
    for story in stories:
        rows += [_control(story, to_initiator, suspect) for to_initiator in (False, True)]
        for call in story.channel.calls:
            rows += [_data(story, call, to_initiator, suspect) for to_initiator in (False, True)]
    return rows


def _direction(to_initiator: bool) -> Direction:
    return "to_initiator" if to_initiator else "to_responder"


def loss_row(**given: Any) -> LossRow:
    """A row in which all that is not given is unknown."""
    empty: dict[str, Any] = dict.fromkeys(LossRow.__dataclass_fields__)
    return LossRow(**{**empty, "capture_suspect": False, **given})


def shares(lost: int, expected: int) -> dict[str, float]:
    """The columns of the ratio and its interval."""
    low, high = wilson(lost, expected)
    return {"loss_ratio": lost / expected, "loss_low_ratio": low, "loss_high_ratio": high}


def _control(story: Story, to_initiator: bool, suspect: bool) -> LossRow:
    way = story.reliable.ways[not to_initiator]
    common = {"space": "l2tp-control", "tunnel": story.channel.number, "direction": _direction(to_initiator)}
    if way.highest is None or way.base is None:
        unseen = story.channel.to[to_initiator] is None
        why = NO_CONTROL if story.channel.static else ONE_SIDED if unseen else "no control messages but acknowledgements"
        return loss_row(**common, measurable=False, why_not=why)
    expected, received = max(len(way.slots), way.highest - way.base + 1 - way.jumped), len(way.slots)
    lost = max(0, expected - received)
    return loss_row(
        **common,
        **shares(lost, expected),
        measurable=True,
        expected=expected,
        received=received,
        lost=lost,
        duplicate=way.duplicates,
        reordered=way.late - way.sent_again_unseen,
        pending=0,
        upstream_lost=lost + way.sent_again_unseen,
        downstream_lost=way.repeats_unacknowledged,
        capture_suspect=suspect or _answered_unseen(way),
    )


def _answered_unseen(way: Way) -> bool:
    return way.acknowledged_unseen > 0


def _data(story: Story, call: Call, to_initiator: bool, suspect: bool) -> LossRow:
    series = call.series[to_initiator]
    common = {
        "space": "l2tp-data",
        "tunnel": story.channel.number,
        "session": call.number,
        "direction": _direction(to_initiator),
    }
    if not series:
        return loss_row(**common, measurable=False, why_not="no data packets in this direction")
    counted, why_not = _counted(story, call, to_initiator)
    if not counted:
        return loss_row(**common, measurable=False, why_not=why_not)
    sums = _sum(counted, head=_head(call, counted[0]))
    return loss_row(**common, **sums, **shares(sums["lost"], sums["expected"]), measurable=True, capture_suspect=suspect)


def _counted(story: Story, call: Call, to_initiator: bool) -> tuple[list[SequenceCount], str | None]:
    """The counts of the numbers of data, or why there are none."""
    series = call.series[to_initiator]
    if story.channel.version == 2:
        return [one.count for one in series if one.count is not None], NO_NUMBERS
    told = layout(call, to_initiator)
    if told.cookie is None:
        return [], f"cookie and sublayer are not known: {told.why}"
    at = told.number_at
    if at is None:
        return [], NO_SUBLAYER if told.sublayer == "none" else f"the numbers of sublayer {told.sublayer} are not read"
    return [one.counts[at] for one in series if at in one.counts], NO_NUMBERS


def _head(call: Call, first: SequenceCount) -> int:
    """How many numbers are missing before the first seen: a session that began in the capture began at 0 (RFC 2661 §5.4)."""
    born = call.request is not None or call.connected is not None
    return first.first_number if born and first.first_number <= HEAD else 0


def _sum(counts: list[SequenceCount], *, head: int) -> dict[str, int]:
    lost = sum(count.lost for count in counts) + head
    return {
        "expected": sum(count.expected for count in counts) + head,
        "received": sum(count.received for count in counts),
        "lost": lost,
        "duplicate": sum(count.duplicate for count in counts),
        "duplicate_behind": sum(count.behind for count in counts),
        "reordered": sum(count.reordered for count in counts),
        "pending": sum(count.pending for count in counts),
        "max_reorder_extent": max(count.max_reorder_extent for count in counts),
        "restarts": sum(count.restarts for count in counts),
        "upstream_lost": lost,
    }
