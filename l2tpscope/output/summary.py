"""The one-screen summary as blocks: the capture's quality, counts, what is wrong, tunnels, round trips, sessions, what to run next."""

from __future__ import annotations

from l2tpscope.analysis.rows import Measures
from l2tpscope.output.blocks import Block, Cell
from l2tpscope.output.captures import captures, frames, other_vpns
from l2tpscope.output.findings import digest
from l2tpscope.output.l2f import l2f
from l2tpscope.output.page import WIDTH
from l2tpscope.output.room import FEW, LINES, command, height, unusual
from l2tpscope.output.sessions import sessions
from l2tpscope.output.stages import OF_IKE
from l2tpscope.output.tunnels import tunnels
from l2tpscope.output.vpns import clear, vpns
from l2tpscope.report import Report

EMPTY = "was it the right interface, and did a capture filter keep UDP 500, 4500, 1701, ESP and IP protocol 115?"
LEAST = 12
"""Lines that are left to tunnels and to sessions, however much is said before them."""
BESIDE = len("  " + "  # " + "  ")
"""Columns of a command to run next that are neither the command nor why; the last are the margin."""
TABLES = 2
"""Of the commands to run next, those that list a table."""
PICTURED = (("ladder", "message by message"), ("report -o report.html", "a page to mail, with pictures"))


def summary(report: Report) -> list[Block]:
    """The blocks of the summary; connections, tunnels and sessions take the room that the rest leaves."""
    measures = report.measures
    head = [*captures(measures), frames(measures.captures), *digest(report)]
    if report.interrupted:
        head.insert(0, Block(lines=[Cell("INTERRUPTED: what follows is what had been read until then", "warn")]))
    head += l2f(measures)
    tail = [Block("NOTES", [Cell(note) for note in report.notes])] if report.notes else []
    tail.append(_next(report))
    room = LINES - height(head) - height(tail)
    for_sessions = _least(len(measures.sessions))
    connections = vpns(measures, room - _least(len(measures.tunnels)) - for_sessions)
    room -= height(connections)
    told = tunnels(report, room - for_sessions)
    blocks = [*head, *connections, *told, *sessions(report, room - height(told)), *tail]
    return [*blocks[:-1], _next(report, 1)] if height(blocks) > LINES else blocks


def _least(rows: int) -> int:
    """Lines that so many tunnels or sessions take at least."""
    return min(LEAST, rows + 5) if rows else 0


def _next(report: Report, tables: int = TABLES) -> Block:
    """The commands whose tables say more of what was seen, the most urgent first; then what shows all of it."""
    measures = report.measures
    if report.empty:
        others = other_vpns(measures.captures)
        but = f", but {others}" if others else ""
        lines = [f"no L2TP, IKE or ESP here{but}; L2TP on another UDP port is found with --port N", EMPTY]
        return Block("NEXT", [Cell(line) for line in lines])
    wanted = [*_wanted(measures)[:tables], *PICTURED[not measures.vpns :]]
    lines = [command(name, measures.captures) for name, _ in wanted]
    width = max(map(len, lines))
    if width + max(len(why) for _, why in wanted) > WIDTH - BESIDE:
        width = 0  # set apart as they come, no line is too long
    return Block("NEXT", [Cell(f"{line:<{width}}  # {why}") for line, (_, why) in zip(lines, wanted, strict=True)])


def _wanted(measures: Measures) -> list[tuple[str, str]]:
    rows = measures.tunnels
    connections = [row for row in measures.vpns if not clear(row)]
    stages = {row.stage for row in connections if row.outcome in ("refused", "failed", "unanswered", "lost")}
    events = ("events", "what happened, in order")
    messages = ("messages", "Ns, Nr, what was sent again")
    linked = ("vpns", "each client, and how its parts are linked")
    urgent = [
        (bool(stages & set(OF_IKE)), ("ike-messages", "what was asked, and what answered")),
        (bool(stages), linked),
        (any(row.stage_grade != "certain" for row in connections), ("inferences", "what ciphertext shows, and by which rule")),
        (any(row.lost for row in measures.loss if row.space == "esp"), ("loss", "of every SA and session")),
        (any(map(unusual, rows)) or any(map(unusual, measures.sessions)), events),
        (any(row.lost for row in measures.loss if row.space == "l2tp-data"), ("loss", "of every session")),
        (any(row.retransmissions_to_responder + row.retransmissions_to_initiator for row in rows), messages),
        (len(rows) > FEW and bool(measures.rtt), ("rtt", "every round trip")),
        (bool(rows), events),
        (bool(measures.l2f), ("l2f", "each tunnel of L2F, and how it ended")),
        (any(row.messages_to_responder or row.messages_to_initiator for row in rows), messages),
        (bool(connections), linked),
        (bool(measures.esp_sas), ("esp", "each SA: numbers, loss, order, what made it")),
        (bool(measures.ike_sas), ("ike", "each IKE SA: what was chosen, how it ended")),
    ]
    return list(dict.fromkeys(step for there, step in urgent if there))
