"""keepalives: who sends NAT keepalives (one octet 0xFF, RFC 3948 §2.3), how often, and whether they outlive the SA.

They need no SA and have no answer: a client that still sends them while ESP and IKE have ended is alive, and its IPsec is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from l2tpscope.analysis.encrypted.result import SECOND, Numbers, about_ike
from l2tpscope.analysis.ike_story import IkeStory
from l2tpscope.analysis.rows import InferenceRow
from l2tpscope.model.esp import EspPair
from l2tpscope.model.keepalive import Keepalives

LEAST, LEAST_S = 3, 1.0
"""So many, and so far apart: a mapping lives longer than a second, and a capture whose clock stands still shows nothing."""
OUTLIVED = 60 * SECOND


def keepalive_rows(
    found: Iterable[Keepalives], stories: Mapping[int, IkeStory], pairs_of: Mapping[int, Sequence[EspPair]], numbers: Numbers
) -> list[InferenceRow]:
    """A row for each side of an IKE SA that keeps a NAT's mapping alive."""
    rows = []
    for one in found:
        story = _story(one, stories)
        if story is None or one.count < LEAST or (one.median_s or 0) < LEAST_S:
            continue
        side = "initiator" if one.sender == story.initiator else "responder"
        value = f"the {side} keeps its NAT mapping open every {one.median_s:.1f} s"
        last = max([story.said[-1].frame.time, *(series.last for pair in pairs_of.get(story.number, ()) for series in pair.series)])
        if one.last - last > OUTLIVED:
            value += f", and {(one.last - last) / SECOND:.0f} s longer than it sends IKE or ESP: it is there, its IPsec is not"
        rule = f"{one.count} datagrams of one octet 0xFF in {(one.last - one.first) / SECOND:.1f} s"
        rows.append(
            about_ike(
                numbers,
                story,
                inference="keepalive",
                value=value,
                grade="certain",
                rule=rule,
                time=one.first,
                capture=one.capture,
                frame=one.frame,
            )
        )
    return rows


def _story(one: Keepalives, stories: Mapping[int, IkeStory]) -> IkeStory | None:
    """The latest IKE SA between these ends that began before the last of them."""
    ends = {one.sender, one.receiver}
    found = [story for story in stories.values() if {story.initiator, story.responder} == ends and story.said[0].frame.time <= one.last]
    return max(found, key=lambda story: story.said[0].frame.time, default=None)
