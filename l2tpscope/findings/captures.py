"""A finding about a capture, not about what is in it."""

from __future__ import annotations

from collections.abc import Iterator

from l2tpscope.analysis.rows import CaptureRow
from l2tpscope.findings.rule import Finding


def about(row: CaptureRow, **given: object) -> Iterator[Finding]:
    """One finding about the whole capture; none where it has no frame with a time."""
    if row.time_start is not None and row.time_end is not None:
        common = {"subject": f"capture {row.capture}", "evidence": (), "first": row.time_start, "last": row.time_end}
        yield Finding(**common, **given)  # type: ignore[arg-type]
