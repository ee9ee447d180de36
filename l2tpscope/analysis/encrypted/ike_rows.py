"""ike_rows: the classes of encrypted IKE messages, counted into rows, and the round trips of dead peer detection."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

from l2tpscope.analysis.encrypted.crossing import Exchange
from l2tpscope.analysis.encrypted.ike_v1 import REQUEST, UNANSWERED, Informational, Reader
from l2tpscope.analysis.encrypted.ike_v2 import CHECK, classify_v2
from l2tpscope.analysis.encrypted.result import SECOND, SIDES, Classed, Inferred, Numbers, about_ike
from l2tpscope.analysis.ike_story import IkeStory
from l2tpscope.analysis.rows import InferenceRow, RttRow
from l2tpscope.model.esp import EspPair


def infer_ike(story: IkeStory, pairs: Sequence[EspPair], end: int, numbers: Numbers, result: Inferred) -> None:
    """Add to *result* what the messages of one IKE SA are."""
    if not story.said:
        return
    if story.version == 2:
        messages = classify_v2(story, pairs, end)
        checks = sum(one.value == CHECK for one in messages)
    else:
        reader = Reader(story, pairs, end)
        messages = reader.read()
        checks = len(reader.checks) + sum(one.value == UNANSWERED for one in messages)
        result.rtt += [row for one in reader.checks if (row := _trip(story, one)) is not None]
    result.dead_peer_checks[story.number] = checks
    result.messages += messages
    result.rows += _rows(story, messages, numbers)


def _rows(story: IkeStory, messages: list[Classed], numbers: Numbers) -> list[InferenceRow]:
    """One row for all of one class from one side."""
    groups: dict[tuple[bool, str], list[Classed]] = defaultdict(list)
    for one in messages:
        groups[one.said.from_initiator, one.value].append(one)
    rows = []
    for (side, value), group in groups.items():
        first = group[0]
        times = f" ({len(group)} times{_beat(group)})" if len(group) > 1 else ""
        rows.append(
            about_ike(
                numbers,
                story,
                inference="ike-message",
                value=f"{value}, of the {SIDES[side]}{times}",
                grade=first.grade,
                rule=first.rule,
                against=first.against,
                time=first.said.frame.time,
                capture=first.said.frame.capture,
                frame=first.said.frame.frame,
            )
        )
    return rows


def _beat(group: list[Classed]) -> str:
    """How often, for what is asked again and again."""
    if group[0].value not in (REQUEST, UNANSWERED, CHECK) or len(group) < 3:
        return ""
    times = [one.said.frame.time for one in group]
    gaps = sorted(after - before for before, after in pairwise(times))
    return f", about every {gaps[len(gaps) // 2] / SECOND:.1f} s"


def _trip(story: IkeStory, one: Exchange[Informational]) -> RttRow | None:
    if not one.is_clear:
        return None
    return RttRow(
        time=one.reply.time,
        kind="dpd",
        side="responder" if one.request.from_initiator else "initiator",
        tunnel=None,
        session=None,
        ike_sa=story.number,
        esp_sa=None,
        capture=one.reply.said.frame.capture,
        frame_request=one.request.said.frame.frame,
        frame_reply=one.reply.said.frame.frame,
        rtt_s=one.round_trip / SECOND,
        rtt_low_s=None if one.low in (None, one.round_trip) else (one.low or 0) / SECOND,
        quality="inferred",
    )
