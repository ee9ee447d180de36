"""The one-screen summary as blocks: the capture's quality, counts, tunnels, round trips, sessions, what to run next."""

from __future__ import annotations

from l2tpscope.analysis.rows import Measures
from l2tpscope.output.blocks import Block, Cell
from l2tpscope.output.captures import captures, frames
from l2tpscope.output.room import FEW, LINES, command, height, unusual
from l2tpscope.output.sessions import sessions
from l2tpscope.output.tunnels import tunnels
from l2tpscope.report import Report

LEAST = 12
"""Lines that tunnels leave to sessions, however many they are."""
NEXT = 3
"""Commands to run next."""


def summary(report: Report) -> list[Block]:
    """The blocks of the summary; tunnels and sessions take the room that the rest leaves."""
    measures = report.measures
    head = [*captures(measures.captures), frames(measures.captures)]
    if report.interrupted:
        head.insert(0, Block(lines=[Cell("INTERRUPTED: what follows is what had been read until then", "warn")]))
    tail = [Block("NOTES", [Cell(note) for note in report.notes])] if report.notes else []
    tail.append(_next(report))
    room = LINES - height(head) - height(tail)
    told = tunnels(report, room - (min(LEAST, len(measures.sessions) + 5) if measures.sessions else 0))
    return [*head, *told, *sessions(report, room - height(told)), *tail]


def _next(report: Report) -> Block:
    """The commands whose tables say more of what was seen, the most urgent first; the document last."""
    measures = report.measures
    if report.empty:
        return Block("NEXT", [Cell("no L2TP, IKE or ESP here; L2TP on another UDP port is found with --port N")])
    wanted = [*_wanted(measures), ("summary --format json", "everything")][:NEXT]
    lines = [command(name, measures.captures) for name, _ in wanted]
    width = max(map(len, lines))
    return Block("NEXT", [Cell(f"{line:<{width}}  # {why}") for line, (_, why) in zip(lines, wanted, strict=True)])


def _wanted(measures: Measures) -> list[tuple[str, str]]:
    rows = measures.tunnels
    events = ("events", "what happened, in order")
    messages = ("messages", "Ns, Nr, what was sent again")
    urgent = [
        (any(map(unusual, rows)) or any(map(unusual, measures.sessions)), events),
        (any(row.lost for row in measures.loss if row.space == "l2tp-data"), ("loss", "of every session")),
        (any(row.retransmissions_to_responder + row.retransmissions_to_initiator for row in rows), messages),
        (len(rows) > FEW and bool(measures.rtt), ("rtt", "every round trip")),
        (bool(rows), events),
        (bool(rows), messages),
    ]
    return list(dict.fromkeys(step for there, step in urgent if there))
