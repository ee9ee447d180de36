"""The sessions of the summary: a line each, with its data and what was lost of it in either direction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial

from l2tpscope.analysis.rows import Direction, Measures, SessionRow
from l2tpscope.analysis.wilson import wilson
from l2tpscope.output.blocks import Block, Cell, Head, Row, Tone
from l2tpscope.output.inside import insides
from l2tpscope.output.room import Told, chosen, end_of, fitted, life, more, named, shared, when
from l2tpscope.output.tunnels import WAYS, Losses, states
from l2tpscope.output.values import UNKNOWN, count, interval, short
from l2tpscope.output.words import TONES, cut, ending, ids, loss
from l2tpscope.report import Report

Column = tuple[Head, Callable[[SessionRow], Cell]]
LONGEST_USER, LONGEST_REASON = 30, 80
REASONS = 3
"""Why loss is unknown: the most common ones."""


def sessions(report: Report, room: int) -> list[Block]:
    """What is said of the sessions in so many lines."""
    measures = report.measures
    if not measures.sessions:
        return []
    data = {(row.session, row.direction): row for row in measures.loss if row.space == "l2tp-data"}
    inside = insides(measures)
    told = shared({row.session: [*_ending(row), *_layout(row), *_ppp(row), *inside[row.session]] for row in measures.sessions}, "session")
    after = [*_suspect(measures.sessions, data), *_disorder(measures.sessions, data), *_not_measurable(measures.sessions, data)]
    after += _by_ip_id(measures)
    return fitted(partial(_block, measures, data, told, after), room)


def _block(measures: Measures, data: Losses, told: Told, after: Sequence[Cell], most: int) -> list[Block]:
    rows = measures.sessions
    shown = chosen(rows, most, lambda row: sum(lost.lost or 0 for way, _ in WAYS if (lost := data.get((row.session, way)))))
    columns = _columns(measures, data, [way for way, _ in WAYS if any(row.measurable for (_, to), row in data.items() if to == way)])
    grid = [Row([cell(row) for _, cell in columns], told.own[row.session]) for row in shown]
    title = f"SESSIONS {count(len(rows))}: {states(rows)}   (data: packets/octets" + (
        "; lost before the tap, 95 % interval)" if any(row.measurable for row in data.values()) else ")"
    )
    return [Block(title, told.once, [head for head, _ in columns], grid, [*more(rows, shown, "sessions", measures.captures), *after])]


def _columns(measures: Measures, data: Losses, measured: Sequence[Direction]) -> list[Column]:
    """Its loss has a column in the directions in which it was measured at all."""
    end = end_of(measures.captures)
    columns: list[Column] = [
        (Head("#", right=True), lambda row: Cell(str(row.session))),
        (Head("tunnel", right=True, spare=1), lambda row: Cell(str(row.tunnel))),
        (Head("call", spare=5), lambda row: Cell(row.call or UNKNOWN)),
        (Head("ids", spare=4), lambda row: Cell(ids(row))),
        (Head("state"), lambda row: Cell(row.state, TONES.get(row.state, ""))),
        (Head("opened", spare=3), lambda row: Cell(when(row.opened, measures.captures))),
        (Head("life", right=True, spare=2), lambda row: Cell(life(row, end))),
    ]
    for way, arrow in WAYS:
        columns.append((Head(f"{arrow} data", right=True), partial(_data, way)))
        if way in measured:
            columns.append((Head(f"{arrow} lost"), partial(_lost, data, way)))
    return columns


def _data(way: Direction, row: SessionRow) -> Cell:
    packets, octets = getattr(row, f"data_packets_{way}"), getattr(row, f"data_octets_{way}")
    return Cell(f"{short(packets)}/{short(octets)}")


def _lost(data: Losses, way: Direction, row: SessionRow) -> Cell:
    lost = data.get((row.session, way))
    if lost is None or not lost.measurable:
        return Cell(UNKNOWN)
    return Cell(loss(lost), "warn" if lost.lost else "")


def _ending(row: SessionRow) -> list[Cell]:
    """Its own reason to end; without one it ended with its tunnel, which says why."""
    told = row.result_code is not None or row.error_message
    return [Cell(why, TONES.get(row.state, ""))] if told and (why := ending(row)) else []


def _layout(row: SessionRow) -> list[Cell]:
    """What a session of L2TPv3 carries, behind which cookie and sublayer."""
    grades = [row.layout_grade_to_responder, row.layout_grade_to_initiator]
    if row.pseudowire is None and not any(grades):
        return []
    cookies = _ways(row.cookie_octets_to_responder, row.cookie_octets_to_initiator)
    sublayers = _ways(row.sublayer_to_responder, row.sublayer_to_initiator)
    parts = [row.pseudowire or "contents not known", f"cookie {cookies} octets", f"sublayer {sublayers}"]
    likely = " (likely, from the packets)" if "likely" in grades else ""
    return [Cell(f"L2TPv3 {', '.join(parts)}{likely}", "dim")]


def _ways(to_responder: object, to_initiator: object) -> str:
    """A value that is the same in both directions once, else each."""
    if to_responder == to_initiator:
        return UNKNOWN if to_responder is None else str(to_responder)
    return f"→ {UNKNOWN if to_responder is None else to_responder} ← {UNKNOWN if to_initiator is None else to_initiator}"


def _ppp(row: SessionRow) -> list[Cell]:
    """How far PPP got, how a user proved to be one, and the addresses."""
    if row.ppp_state is None:
        return []
    parts = [f"PPP {row.ppp_state}", row.ppp_auth, f'user "{cut(row.ppp_user, LONGEST_USER)}"' if row.ppp_user is not None else None]
    parts += [f"address {row.assigned_ip}, peer {row.peer_ip or UNKNOWN}" if row.assigned_ip else None]
    parts += [cut(row.ppp_reason, LONGEST_REASON)] if row.ppp_reason is not None and row.ppp_state != "up" else []
    tone: Tone = "bad" if row.ppp_state == "authentication failed" else "" if row.ppp_state in ("up", "terminated") else "warn"
    return [Cell(": ".join([parts[0] or "", ", ".join(part for part in parts[1:] if part)]).removesuffix(": "), tone)]


def _suspect(rows: Sequence[SessionRow], data: Losses) -> list[Cell]:
    """Whose loss may be the capture's."""
    suspect = {session for (session, _), lost in data.items() if lost.capture_suspect and lost.lost}
    which = [row.session for row in rows if row.session in suspect]
    text = "loss is an upper bound: the capture itself may have lost them"
    return [Cell(f"{named(which, len(rows), 'session')}: {text}", "warn")] if which else []


def _disorder(rows: Sequence[SessionRow], data: Losses) -> list[Cell]:
    """Packets of the sessions together that came late, twice, or may still come."""
    words = []
    for name in ("reordered", "duplicate", "pending"):
        counts = [(arrow, sum(getattr(row, name) or 0 for (_, to), row in data.items() if to == way)) for way, arrow in WAYS]
        if any(number for _, number in counts):
            words.append(f"{name} " + " ".join(f"{arrow} {count(number)}" for arrow, number in counts if number))
    who = named([row.session for row in rows], len(rows), "session")
    return [Cell(f"{who}: data {', '.join(words)}")] if words else []


def _not_measurable(rows: Sequence[SessionRow], data: Losses) -> list[Cell]:
    """Why the data loss of sessions is unknown, each reason once."""
    reasons: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row in rows:
        why = {arrow: lost.why_not or "" for way, arrow in WAYS if (lost := data.get((row.session, way))) and not lost.measurable}
        if len(why) == len(WAYS) and len(set(why.values())) == 1:
            why = {"": next(iter(why.values()))}
        for arrow, text in why.items():
            reasons[arrow, text].append(row.session)
    lines = []
    for (arrow, text), which in sorted(reasons.items(), key=lambda item: -len(item[1]))[:REASONS]:
        who = named(which, len(rows), "session") + (f" {arrow}" if arrow else "")
        lines.append(Cell(f"{who}: data loss not measurable: {text}", "dim"))
    return lines


def _by_ip_id(measures: Measures) -> list[Cell]:
    """What the IP ids tell of tunnels whose data have no numbers, all of them together."""
    rows = [row for row in measures.loss if row.space == "l2tp-data-ip-id" and row.measurable]
    parts = []
    for way, arrow in WAYS:
        lost, expected = (sum(getattr(row, name) or 0 for row in rows if row.direction == way) for name in ("lost", "expected"))
        if expected:
            ratio = f" {interval(lost / expected, *wilson(lost, expected))}" if lost else ""
            parts.append(f"{arrow} {count(lost)}/{count(expected)}{ratio}")
    if not parts:
        return []
    who = named(sorted({row.tunnel for row in rows if row.tunnel is not None}), len(measures.tunnels), "tunnel")
    who = "all tunnels" if who == "all" else who
    lossy = any(row.lost for row in rows)
    limit = "; an upper bound: the capture itself may have lost them" if lossy and any(row.capture_suspect for row in rows) else ""
    return [Cell(f"{who}: data lost before the tap, by IP id (likely): {'; '.join(parts)}{limit}", "warn" if lossy else "")]
