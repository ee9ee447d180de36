"""The tunnels of the summary: a few in full with all their round trips, many on one line each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from l2tpscope.analysis.rows import Direction, LossRow, Measures, SessionRow, TunnelRow
from l2tpscope.analysis.rtt import Statistic, statistics
from l2tpscope.output.blocks import Block, Cell, Head, Row
from l2tpscope.output.room import FEW, Told, chosen, end_of, fitted, life, more, shared, when
from l2tpscope.output.trips import NOTHING, SIDES, round_trips
from l2tpscope.output.values import UNKNOWN, count, duration, milliseconds
from l2tpscope.output.vpns import clear
from l2tpscope.output.words import STATES, TONES, between, both, cut, ending, ids, party, software
from l2tpscope.report import Report

WAYS: tuple[tuple[Direction, str], ...] = (("to_responder", "→"), ("to_initiator", "←"))
LONGEST_NAME = 40
"""Columns of a host name."""
LEGEND = "(→ to responder, ← to initiator)"
NO_TRIPS = "none, no message and its acknowledgement are both in the capture"

Losses = Mapping[tuple[int | None, Direction], LossRow]
Column = tuple[Head, Callable[[TunnelRow], Cell]]


def tunnels(report: Report, room: int) -> list[Block]:
    """What is said of the tunnels in so many lines."""
    rows = report.measures.tunnels
    if not rows:
        return []
    trips = statistics(row for row in report.measures.rtt if row.tunnel is not None and row.kind not in NOT_TOLD)
    if len(rows) > FEW:
        return fitted(partial(_many, report.measures, trips, shared(_facts(rows), "tunnel")), room)
    return fitted(partial(_few, report.measures, trips), room)


def states(rows: Sequence[TunnelRow] | Sequence[SessionRow]) -> str:
    """How many are in each state, the worst first."""
    counts = Counter[str](row.state for row in rows)
    return ", ".join(f"{count(counts[state])} {state}" for state in STATES if counts[state])


def _columns(measures: Measures, parties: Sequence[Column], trips: Sequence[Column]) -> list[Column]:
    end = end_of(measures.captures)
    of: list[Column] = [(Head("vpn", right=True), lambda row: Cell(UNKNOWN if row.vpn is None else str(row.vpn)))]
    return [
        (Head("#", right=True), lambda row: Cell(str(row.tunnel))),
        *([] if all(map(clear, measures.vpns)) else of),
        *parties,
        (Head("ids", spare=4), lambda row: Cell(ids(row))),
        (Head("state"), lambda row: Cell(row.state, TONES.get(row.state, ""))),
        (Head("opened", spare=1), lambda row: Cell(when(row.opened, measures.captures))),
        (Head("life", right=True, spare=2), lambda row: Cell(life(row, end))),
        (Head("set-up", right=True, spare=3), lambda row: Cell(duration(row.setup_s))),
        (Head("again →/←", right=True), lambda row: Cell(both(row.retransmissions_to_responder, row.retransmissions_to_initiator))),
        *trips,
    ]


def _block(measures: Measures, said: Sequence[Cell], columns: Sequence[Column], rows: Sequence[Row], after: Sequence[Cell]) -> Block:
    title = f"TUNNELS {count(len(measures.tunnels))}: {states(measures.tunnels)}   {LEGEND}"
    return Block(title, said, [head for head, _ in columns], rows, after)


NOT_TOLD = ("ppp-negotiation", "icmp-echo", "tcp")
"""Kinds of round trips that hold more of the peers' work than of the path, or go beyond the tunnel's ends: `l2tpscope rtt` has them."""


# A few: everything of each


def _few(measures: Measures, trips: Sequence[Statistic], most: int) -> list[Block]:
    shown = _chosen(measures, most)
    control = {(row.tunnel, row.direction): row for row in measures.loss if row.space == "l2tp-control"}
    parties: list[Column] = [(Head("initiator → responder", elastic=True), lambda row: Cell(between(row)))]
    columns = _columns(measures, parties, ())
    grid = [Row([cell(row) for _, cell in columns], _details(row, control)) for row in shown]
    after = more(measures.tunnels, shown, "tunnels", measures.captures)
    return [_block(measures, (), columns, grid, after), _round_trips(measures, trips, shown)]


def _chosen(measures: Measures, most: int) -> list[TunnelRow]:
    return chosen(measures.tunnels, most, lambda row: row.retransmissions_to_responder + row.retransmissions_to_initiator)


def _details(row: TunnelRow, control: Losses) -> list[Cell]:
    names = [cut(name or UNKNOWN, LONGEST_NAME) for name in (row.initiator_host_name, row.responder_host_name)]
    about = [" → ".join(names)] if row.initiator_host_name or row.responder_host_name else []
    about += [why] if (why := ending(row)) else []
    details = [*_version(row), *([Cell("; ".join(about), TONES.get(row.state, "") if why else "dim")] if about else [])]
    if row.setup_s is not None and row.setup_retransmit_wait_s:
        details.append(Cell(f"set-up: {duration(row.setup_retransmit_wait_s)} of it waiting to send again", "warn"))
    details += _one_sided(row)
    for direction, arrow in WAYS:
        lost = control.get((row.tunnel, direction))
        if lost is not None and (lost.upstream_lost or lost.downstream_lost):
            details.append(Cell(f"control messages {arrow}: {_control_loss(lost)}", "warn"))
    if made := software(row):
        details.append(Cell(made, "dim"))
    if row.authentication:
        details.append(Cell(f"authentication: {row.authentication}", "dim"))
    return details


def _version(row: TunnelRow) -> list[Cell]:
    """Of L2TPv3, that it is, and what its silence means."""
    if row.version == 2:
        return []
    silent = not row.messages_to_initiator + row.messages_to_responder
    static = ": no control message seen: set by hand (static), or set up before the capture" if silent else ""
    return [Cell(f"L2TPv3 over {row.encapsulation.upper()}{static}", "dim")]


def _one_sided(row: TunnelRow) -> list[Cell]:
    """The side of which nothing was captured; an unanswered request has such a side by nature."""
    if row.state == "unanswered":
        return []
    if not row.messages_to_responder + row.data_packets_to_responder:
        silent = "initiator"
    elif not row.messages_to_initiator + row.data_packets_to_initiator:
        silent = "responder"
    else:
        return []
    return [Cell(f"one-sided: nothing sent by the {silent} is in the capture", "warn")]


def _control_loss(row: LossRow) -> str:
    parts = []
    if row.upstream_lost:
        parts.append(f"{row.upstream_lost} of {row.expected} lost before the tap")
    if row.downstream_lost:
        parts.append(f"sent again after passing the tap: {row.downstream_lost}")
    return "; ".join(parts)


def _round_trips(measures: Measures, trips: Sequence[Statistic], shown: Sequence[TunnelRow]) -> Block:
    there = round_trips(trips, [row.tunnel for row in shown], "tunnel", measures.captures)
    return there or Block("ROUND TRIPS", [Cell(NO_TRIPS, "dim")])


# Many: a line each, what they have in common said once


def _facts(rows: Sequence[TunnelRow]) -> dict[int, list[Cell]]:
    """What is to be said of each tunnel beside its line; whose software it is only where several have the same."""
    facts = {}
    made = Counter[str](map(software, rows))
    for row in rows:
        why = ending(row)
        said = [*_version(row), *([Cell(why, TONES.get(row.state, ""))] if why else []), *_one_sided(row)]
        said += [Cell(software(row), "dim")] if software(row) and made[software(row)] > 1 else []
        facts[row.tunnel] = said + ([Cell(f"authentication: {row.authentication}", "dim")] if row.authentication else [])
    return facts


def _many(measures: Measures, trips: Sequence[Statistic], told: Told, most: int) -> list[Block]:
    shown = _chosen(measures, most)
    common, parties = _parties(measures.tunnels)
    inline, legend = _inline(trips, [row.tunnel for row in shown])
    columns = _columns(measures, parties, inline)
    grid = [Row([cell(row) for _, cell in columns], told.own[row.tunnel]) for row in shown]
    after = [
        *more(measures.tunnels, shown, "tunnels", measures.captures),
        *legend,
        *_waits(measures.tunnels),
        *_control_losses(measures.loss),
    ]
    return [_block(measures, [*common, *told.once], columns, grid, after)]


def _parties(rows: Sequence[TunnelRow]) -> tuple[list[Cell], list[Column]]:
    """A side that all tunnels share is said once; the others have a column."""
    initiators, responders = {party(row.initiator) for row in rows}, {party(row.responder) for row in rows}
    certain = all(row.roles == "seen" for row in rows)
    if not certain or (len(initiators) > 1 and len(responders) > 1):
        return [], [(Head("initiator → responder", elastic=True), lambda row: Cell(between(row)))]
    if len(initiators) == len(responders) == 1:
        return [Cell(f"all: {between(rows[0])}")], []
    if len(responders) == 1:
        said = f"all to responder {party(rows[0].responder)}"
        return [Cell(said)], [(Head("initiator", elastic=True), lambda row: Cell(party(row.initiator)))]
    said = f"all from initiator {party(rows[0].initiator)}"
    return [Cell(said)], [(Head("responder", elastic=True), lambda row: Cell(party(row.responder)))]


def _inline(trips: Sequence[Statistic], shown: Sequence[int]) -> tuple[list[Column], list[Cell]]:
    """A column a side with the round trips of the kind of which most samples are clean, and what the columns mean."""
    best: dict[str, dict[int, Statistic]] = {side: {} for side in SIDES}
    for one in trips:
        if one.n and one.tunnel is not None and one.n > best[one.side].get(one.tunnel, NOTHING).n:
            best[one.side][one.tunnel] = one
    if not any(best.values()):
        return [], [Cell(f"rtt: {NO_TRIPS}", "dim")]
    columns: list[Column] = [(Head(f"{side} rtt", right=True), partial(_cell, _aligned(best[side], shown))) for side in SIDES]
    unused = sum(one.ambiguous for one in trips)
    legend = "rtt in ms, tap to side and back: min/p50, n, kind of which most are clean"
    return columns, [Cell(legend + (f"; {count(unused)} ambiguous unused" if unused else ""), "dim")]


def _cell(texts: Mapping[int, str], row: TunnelRow) -> Cell:
    return Cell(texts.get(row.tunnel, UNKNOWN))


def _aligned(best: Mapping[int, Statistic], shown: Sequence[int]) -> dict[int, str]:
    """`40.3/40.6  9 zlb` for each, the numbers and kinds below each other."""
    there = [best[number] for number in shown if number in best]
    digits = max((len(str(one.n)) for one in there), default=0)
    letters = max((len(_kind(one)) for one in there), default=0)
    return {
        one.tunnel: f"{milliseconds(one.min_s)}/{milliseconds(one.p50_s)} {one.n:>{digits}} {_kind(one):<{letters}}"
        for one in there
        if one.tunnel is not None
    }


def _kind(one: Statistic) -> str:
    return one.kind.removeprefix("l2tp-")


def _waits(rows: Sequence[TunnelRow]) -> list[Cell]:
    """How many tunnels came up late because a message had to be sent again."""
    waits = [row.setup_retransmit_wait_s for row in rows if row.setup_s is not None and row.setup_retransmit_wait_s]
    if not waits:
        return []
    return [Cell(f"set-up waited to send again in {count(len(waits))} of {count(len(rows))} tunnels, up to {duration(max(waits))}", "warn")]


def _control_losses(loss: Sequence[LossRow]) -> list[Cell]:
    """Lost control messages of all tunnels, as counts."""
    before, after = [], []
    for direction, arrow in WAYS:
        rows = [row for row in loss if row.space == "l2tp-control" and row.direction == direction]
        if lost := sum(row.upstream_lost or 0 for row in rows):
            before.append(f"{arrow} {count(lost)} of {count(sum(row.expected or 0 for row in rows))} lost before the tap")
        if again := sum(row.downstream_lost or 0 for row in rows):
            after.append(f"{arrow} {count(again)}")
    said = before + ([f"sent again after passing the tap: {', '.join(after)}"] if after else [])
    return [Cell(f"all: control messages {'; '.join(said)}", "warn")] if said else []
