"""L2F on the terminal: its block of the summary, and its table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from l2tpscope.analysis.rows import L2fRow, Measures
from l2tpscope.output.blocks import Block, Cell, Head, Row
from l2tpscope.output.room import FEW, command
from l2tpscope.output.shown import Shown, left, right, second
from l2tpscope.output.values import UNKNOWN, count, duration, milliseconds, short
from l2tpscope.output.words import STATES, TONES, both, cut, party, said

LONGEST = 200
"""Columns of what stands under a row."""


def _between(row: L2fRow) -> str:
    return f"{party(row.initiator)} → {party(row.responder)}" + (" ?" if row.roles == "guessed" else "")


def _clids(row: L2fRow) -> str:
    return "/".join(UNKNOWN if each is None else str(each) for each in (row.initiator_clid, row.responder_clid))


LISTING: Sequence[Shown] = (
    right("#", lambda row: str(row.l2f)),
    left("NAS → home gateway", _between, elastic=True),
    left("CLIDs", _clids),
    left("state", lambda row: row.state),
    left("opened (UTC)", lambda row: second(row.opened)),
    right("set-up", lambda row: duration(row.setup_s), spare=1),
    right("clients", lambda row: str(row.clients)),
    right("messages →/←", lambda row: both(row.messages_to_responder, row.messages_to_initiator), spare=2),
    right("packets →/←", lambda row: f"{short(row.data_packets_to_responder)}/{short(row.data_packets_to_initiator)}"),
)


def details(row: L2fRow) -> list[Cell]:
    """Who they say they are, how it ended, whose clients, round trips, losses, what is odd."""
    names = " → ".join(cut(name or UNKNOWN, 40) for name in (row.initiator_name, row.responder_name))
    lines = [Cell(names, "dim")] if row.initiator_name or row.responder_name else []
    if ended := _ending(row):
        lines.append(Cell(ended, TONES.get(row.state, "")))
    if row.clients:
        lines.append(Cell(cut(_clients(row), LONGEST), "dim"))
    if row.echo_rtts:
        sides = (row.echo_rtt_initiator_side_min_s, row.echo_rtt_responder_side_min_s)
        initiator, responder = (milliseconds(each) for each in sides)
        lines.append(Cell(f"echoes: least rtt initiator {initiator} ms, responder {responder} ms, n {count(row.echo_rtts)}", "dim"))
    lines += _losses(row)
    return lines + [Cell(cut(anomaly, LONGEST), "warn") for anomaly in row.anomalies]


def _ending(row: L2fRow) -> str:
    """How it ended; empty where it did not."""
    if row.state == "lost":
        return "lost: echoes go unanswered"
    if row.state == "unanswered":
        return "no answer to its L2F_CONF"
    if row.closed_by is None:
        return ""
    why = [text for text in (row.close_reason, said(row.close_message) if row.close_message else None) if text]
    return f"{row.state} by the {row.closed_by}" + (f": {', '.join(why)}" if why else "")


def _clients(row: L2fRow) -> str:
    refused = f", {count(row.clients_refused)} refused" if row.clients_refused else ""
    names = f": {', '.join(row.client_names)}" if row.client_names else ""
    how = f" ({', '.join(row.authentications)})" if row.authentications else ""
    return f"clients {count(row.clients)}, {count(row.clients_accepted)} accepted{refused}{how}{names}"


def _losses(row: L2fRow) -> list[Cell]:
    """What is missing of numbered payload, a line for both directions."""
    ways = (("→", row.lost_to_responder, row.expected_to_responder), ("←", row.lost_to_initiator, row.expected_to_initiator))
    told = [f"{arrow} {count(lost)} of {count(expected)} lost" for arrow, lost, expected in ways if lost is not None and expected]
    return [Cell(f"payload: {', '.join(told)}", "warn" if row.lost_to_responder or row.lost_to_initiator else "dim")] if told else []


def l2f(measures: Measures) -> list[Block]:
    """The tunnels of L2F in the summary: a few in full, of many the worst, a line each; nothing where there are none."""
    rows = measures.l2f
    if not rows:
        return []
    counts = Counter[str](row.state for row in rows)
    states = ", ".join(f"{count(counts[state])} {state}" for state in STATES if counts[state])
    few = len(rows) <= FEW
    shown = rows if few else sorted(rows, key=lambda row: STATES.index(row.state))[:FEW]
    said_of = None if few else 2
    grid = [Row([Cell(text := column.text(row), TONES.get(text, "")) for column in LISTING], details(row)[:said_of]) for row in shown]
    heads: list[Head] = [column.head for column in LISTING]
    left_out = len(rows) - len(shown)
    after = [Cell(f"… and {count(left_out)} more (worst shown first): {command('l2f', measures.captures)}", "warn")] if left_out else []
    return [Block(f"L2F TUNNELS {count(len(rows))}: {states}   (→ to home gateway, ← to NAS)", [], heads, grid, after)]
