"""rekey: how one pair of SAs took the place of another: side by side for a while, with a gap, or on one side only."""

from __future__ import annotations

from l2tpscope.analysis.encrypted.result import SECOND, SIDES, Numbers, about_esp
from l2tpscope.analysis.rows import Grade, InferenceRow
from l2tpscope.model.esp import EspPair, EspSeries

FAILED_PACKETS, FAILED_TIME = 5, 30 * SECOND
"""So many packets over so long one way, and none the other way."""
TALKS = FAILED_TIME // 3
"""Under the old SA the side that is silent now sent that often."""


def rekey_row(pair: EspPair, numbers: Numbers) -> InferenceRow | None:
    """How *pair* took the place of the one before it; None: there is none, or only a part of it was seen."""
    old = pair.before
    if old is None or not pair.series or not old.series:
        return None
    series = pair.series[0]
    old_last, new_first = max(one.last for one in old.series), min(one.first for one in pair.series)
    begin = new_first if pair.made is None else min(pair.made, new_first)
    value, rule = _how(pair, old, old_last, new_first, begin)
    against = "packets of the other direction that the capture does not have" if value.startswith("failed") else None
    grade: Grade = "likely"
    if pair.made is None:
        grade, against = "hint", against or "another child SA between the same ends: the exchange that made it is not in the capture"
    return about_esp(
        numbers,
        pair,
        series,
        inference="rekey",
        value=value,
        grade=grade,
        rule=rule,
        against=against,
        time=begin,
    )


def _talked(series: EspSeries | None) -> bool:
    """Whether a side sent often enough under the old SA for its silence under the new one to mean something."""
    return series is not None and series.packets > 1 and series.last - series.first <= TALKS * (series.packets - 1)


def _how(pair: EspPair, old: EspPair, old_last: int, new_first: int, begin: int) -> tuple[str, str]:
    used = [side for side in (True, False) if pair.to[side] is not None]
    series = pair.series[0]
    if len(used) == 1 and _talked(old.to[not used[0]]) and series.packets >= FAILED_PACKETS and series.last - series.first >= FAILED_TIME:
        sender = SIDES[not used[0]]
        later = (old_last - new_first) / SECOND
        rule = f"{series.packets} packets of the {sender} in {(series.last - series.first) / SECOND:.1f} s under the new SPI, none back"
        if later > 0:
            rule += f"; the old pair was still used {later:.1f} s after the first of them"
        return f"failed: only the {sender} uses the new SA", rule
    made = "" if pair.made is None else f"; made {(new_first - pair.made) / SECOND:.3f} s before its first packet"
    if old_last >= new_first:
        overlap = (old_last - new_first) / SECOND
        return f"make before break: old and new in use side by side for {overlap:.3f} s", f"packets under old and new SPIs{made}"
    gap = (new_first - old_last) / SECOND
    if begin <= old_last:
        return (
            f"make before break: the new SA was made before the last packet of the old, {gap:.3f} s between them",
            f"times of both{made}",
        )
    return f"one after the other: {gap:.3f} s between the last packet of the old and the first of the new", f"times of both{made}"
