"""Who guesses passwords: clients with more failures than a person makes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from l2tpscope.analysis.rows import SessionRow
from l2tpscope.core.endpoints import split
from l2tpscope.findings.case import SECOND, Case

GUESSES = 6
"""Failures of one address; a client that tries again by itself makes them too, but not so fast."""
APART = 60 * SECOND
"""On average, at most."""


def guessers(case: Case) -> Mapping[str, list[SessionRow]]:
    """The failed sessions of each address that made many."""
    failed: dict[str, list[SessionRow]] = defaultdict(list)
    for row in case.measures.sessions:
        if row.ppp_state == "authentication failed":
            failed[split(case.tunnel(row.tunnel).initiator)[0]].append(row)
    return {source: rows for source, rows in failed.items() if len(rows) >= GUESSES and _is_fast(rows)}


def _is_fast(rows: list[SessionRow]) -> bool:
    times = [row.opened for row in rows if row.opened is not None]
    return bool(times) and max(times) - min(times) <= APART * len(rows)
