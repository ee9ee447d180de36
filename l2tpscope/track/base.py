"""step: transitions as tables, applied by one total function that knows it may not have seen everything."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto

Table = Mapping[str, Mapping[tuple[bool | None, str], str]]
"""`TABLE[state][sent by the initiator?, message] -> state`; None as sender: either."""


END = "closed"
"""The last state of every table. It takes all that crosses the end, so it explains anything: it is tried last."""


class Step(Enum):
    """How a message fits a history."""

    EXPECTED = auto()
    IMPLIED = auto()
    """After at most as many transitions as are proven unseen."""
    VIOLATION = auto()


def step(table: Table, state: str | None, from_initiator: bool, message: str, *, unseen: int = 0) -> tuple[str | None, Step, int]:
    """The state after *message*, how it fits, and how many unseen transitions that takes (at most *unseen*).

    State None (nothing known yet) is settled by the first message that can lead to one state only.
    """
    if state is None:
        after = {target for name, rows in table.items() if name != END and (target := _target(rows, from_initiator, message)) is not None}
        return (after.pop() if len(after) == 1 else None), Step.EXPECTED, 0
    target = _target(table.get(state, {}), from_initiator, message)
    if target is not None:
        return target, Step.EXPECTED, 0
    reached = {state}
    for used in range(1, min(unseen, len(table)) + 1):
        reached |= {after for before in reached for after in table.get(before, {}).values()}
        for before in sorted(reached, key=lambda one: (one == END, one)):
            target = _target(table.get(before, {}), from_initiator, message)
            if target is not None:
                return target, Step.IMPLIED, used
    return state, Step.VIOLATION, 0


def _target(rows: Mapping[tuple[bool | None, str], str], from_initiator: bool, message: str) -> str | None:
    return rows.get((from_initiator, message), rows.get((None, message)))
