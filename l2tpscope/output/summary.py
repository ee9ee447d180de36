"""The one-screen summary as blocks: the capture's quality, counts, tunnels, round trips, sessions, what to run next."""

from __future__ import annotations

import shlex
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import TypeVar

from l2tpscope.analysis.rows import CaptureRow, Direction, LossRow, SessionRow, TunnelRow
from l2tpscope.analysis.rtt import Statistic, statistics
from l2tpscope.output.blocks import Block, Cell, Head, Row
from l2tpscope.output.values import UNKNOWN, clock, count, date, duration, milliseconds, short, span
from l2tpscope.output.words import STATES, TONES, between, both, ending, ids, loss, numbers
from l2tpscope.report import Report

MOST = 20
"""Rows of a table in the summary."""
FEW = 7
"""Up to so many rows are told in full; of more, only what is out of the ordinary."""

Ended = TypeVar("Ended", TunnelRow, SessionRow)
Losses = dict[tuple[int | None, Direction], LossRow]
WAYS: tuple[tuple[Direction, str], ...] = (("to_responder", "→"), ("to_initiator", "←"))


def summary(report: Report) -> list[Block]:
    """The blocks of the summary."""
    measures = report.measures
    blocks = [_capture(row) for row in measures.captures] or [Block("CAPTURE", [Cell("none was read", "bad")])]
    blocks.append(_counts(measures.captures))
    if report.interrupted:
        blocks.insert(0, Block(lines=[Cell("INTERRUPTED: what follows is what had been read until then", "warn")]))
    if measures.tunnels:
        shown = _chosen(measures.tunnels)
        blocks.append(_tunnels(report, shown))
        blocks += _round_trips(report, shown)
    if measures.sessions:
        blocks.append(_sessions(report, _chosen(measures.sessions)))
    if report.notes:
        blocks.append(Block("NOTES", [Cell(note) for note in report.notes]))
    blocks.append(_next(report))
    return blocks


def _capture(row: CaptureRow) -> Block:
    drops = "drops not reported" if row.reported_drops is None else f"{count(row.reported_drops)} drops reported"
    sides = "one direction only" if row.one_sided else "both directions"
    about = f"{span(row.time_start, row.time_end)} ({duration(row.duration_s)}), {count(row.frames)} frames, {row.format}, {drops}"
    tone = TONES.get(row.verdict, "")
    lines = [Cell(about), Cell(f"quality: {row.verdict}" + (f" ({sides})" if row.verdict != "empty" else ""), tone)]
    lines += [Cell(f"- {reason}", tone) for reason in row.reasons]
    return Block(f"CAPTURE {row.path}", lines)


COUNTS = (
    ("L2TPv2 control", "l2tp2_control_frames"),
    ("L2TPv2 data", "l2tp2_data_frames"),
    ("L2TPv3 control", "l2tp3_control_frames"),
    ("L2TPv3 data", "l2tp3_data_frames"),
    ("L2F", "l2f_frames"),
    ("IKE", "ike_frames"),
    ("ESP", "esp_frames"),
    ("AH", "ah_frames"),
    ("NAT keepalives", "natt_keepalive_frames"),
    ("OpenVPN on port 1701", "openvpn_1701_frames"),
    ("not L2TP on port 1701", "not_l2tp_1701_frames"),
    ("ICMP errors", "icmp_error_frames"),
    ("other", "other_frames"),
)
ALWAYS = 2
"""The first of them are named even where there are none."""


def _counts(captures: Sequence[CaptureRow]) -> Block:
    totals = [(name, sum(getattr(row, column) for row in captures)) for name, column in COUNTS]
    said = [f"{name} {count(total)}" for at, (name, total) in enumerate(totals) if total or at < ALWAYS]
    lines = [Cell(", ".join(said))]
    if any(row.esp_frames or row.ike_frames for row in captures):
        lines.append(Cell("IKE and ESP are counted, not followed: what is inside is encrypted here", "dim"))
    if any(row.l2tp3_control_frames or row.l2tp3_data_frames or row.l2f_frames for row in captures):
        lines.append(Cell("L2TPv3 and L2F are counted, not followed", "dim"))
    return Block("FRAMES", lines)


def _chosen(rows: Sequence[Ended]) -> list[Ended]:
    """All rows in the order of appearance; where they are too many, the worst first, and of those as many as fit."""
    if len(rows) <= MOST:
        return list(rows)
    return sorted(rows, key=lambda row: (STATES.index(row.state), not _unusual(row), row.opened or 0))[:MOST]


def _unusual(row: TunnelRow | SessionRow) -> bool:
    """Whether it did not simply stay up or close in order."""
    return row.state not in ("established", "closed") or row.result_code not in (None, 0, 1)


def _more(total: int, shown: int, command: str) -> list[Cell]:
    """What was left out, and the command that shows it."""
    return [Cell(f"… and {count(total - shown)} more (worst shown first): {command}", "warn")] if total > shown else []


def _states(rows: Sequence[TunnelRow] | Sequence[SessionRow]) -> str:
    counts = Counter[str](row.state for row in rows)
    return ", ".join(f"{count(counts[state])} {state}" for state in STATES if counts[state])


def _life(row: TunnelRow | SessionRow, end: int | None) -> str:
    """From its begin to its end; `>` before it where it was still there when the capture ended."""
    last = row.closed if row.closed is not None else end
    if row.opened is None or last is None:
        return UNKNOWN
    return ("" if row.closed is not None else ">") + duration((last - row.opened) / 1e9)


def _end(captures: Sequence[CaptureRow]) -> int | None:
    return max((row.time_end for row in captures if row.time_end is not None), default=None)


def _when(time: int | None, captures: Sequence[CaptureRow]) -> str:
    """The time of day, with the day where the captures span several."""
    days = {date(each) for row in captures for each in (row.time_start, row.time_end)}
    return clock(time) if time is None or len(days) == 1 else f"{date(time)[5:]} {clock(time)}"


TUNNEL_HEADS = (
    Head("#", right=True),
    Head("initiator → responder", elastic=True),
    Head("ids"),
    Head("state"),
    Head("opened"),
    Head("life", right=True),
    Head("set-up", right=True),
    Head("sent again →/←", right=True),
)


def _tunnels(report: Report, shown: Sequence[TunnelRow]) -> Block:
    captures, rows = report.measures.captures, report.measures.tunnels
    end = _end(captures)
    control = {(row.tunnel, row.direction): row for row in report.measures.loss if row.space == "l2tp-control"}
    grid = [
        Row(
            [
                Cell(str(row.tunnel)),
                Cell(between(row)),
                Cell(ids(row)),
                Cell(row.state, TONES.get(row.state, "")),
                Cell(_when(row.opened, captures)),
                Cell(_life(row, end)),
                Cell(duration(row.setup_s)),
                Cell(both(row.retransmissions_to_responder, row.retransmissions_to_initiator)),
            ],
            _tunnel_details(row, control) if len(shown) <= FEW or _unusual(row) else [],
        )
        for row in shown
    ]
    title = f"TUNNELS {count(len(rows))}: {_states(rows)}   (→ to responder, ← to initiator)"
    return Block(title, heads=TUNNEL_HEADS, rows=grid, after=_more(len(rows), len(shown), _command("tunnels", captures)))


def _tunnel_details(row: TunnelRow, control: Losses) -> list[Cell]:
    names = f"{row.initiator_host_name or UNKNOWN} → {row.responder_host_name or UNKNOWN}"
    about = [names] if row.initiator_host_name or row.responder_host_name else []
    about += [why] if (why := ending(row)) else []
    details = [Cell("; ".join(about), TONES.get(row.state, "") if why else "dim")] if about else []
    if row.setup_s is not None and row.setup_retransmit_wait_s:
        details.append(Cell(f"set-up: {duration(row.setup_retransmit_wait_s)} of it waiting to send again", "warn"))
    silent = _silent_side(row)
    if silent:
        details.append(Cell(f"one-sided: nothing sent by the {silent} is in the capture", "warn"))
    for direction, arrow in WAYS:
        lost = control.get((row.tunnel, direction))
        if lost is not None and (lost.upstream_lost or lost.downstream_lost):
            details.append(Cell(f"control messages {arrow}: {_control_loss(lost)}", "warn"))
    if row.authentication:
        details.append(Cell(f"authentication: {row.authentication}", "dim"))
    return details


def _silent_side(row: TunnelRow) -> str | None:
    """The side of which nothing was captured; an unanswered request has such a side by nature."""
    if row.state == "unanswered":
        return None
    if not row.messages_to_responder + row.data_packets_to_responder:
        return "initiator"
    return None if row.messages_to_initiator + row.data_packets_to_initiator else "responder"


def _control_loss(row: LossRow) -> str:
    parts = []
    if row.upstream_lost:
        parts.append(f"{row.upstream_lost} of {row.expected} lost before the tap")
    if row.downstream_lost:
        parts.append(f"sent again after passing the tap: {row.downstream_lost}")
    return "; ".join(parts)


RTT_HEADS = (
    Head("tunnel", right=True),
    Head("kind"),
    *(Head(name, right=True) for name in ("initiator: n", "min", "p50", "p95")),
    *(Head(name, right=True) for name in ("responder: n", "min", "p50", "p95")),
    Head("unused", right=True),
)
NOTHING = Statistic(None, "", "", 0, None, None, None, 0)


def _round_trips(report: Report, shown: Sequence[TunnelRow]) -> list[Block]:
    """One row a tunnel and kind: the sides stand beside each other, kinds are never mixed."""
    groups: dict[tuple[int | None, str], dict[str, Statistic]] = defaultdict(dict)
    for one in statistics(report.measures.rtt):
        groups[one.tunnel, one.kind][one.side] = one
    order = [row.tunnel for row in shown]
    keys = sorted((key for key in groups if key[0] in order), key=lambda key: (order.index(key[0] or 0), key[1]))
    rows = [Row(_trip(*key, groups[key])) for key in keys[:MOST]]
    if not rows:
        return [Block("ROUND TRIPS", [Cell("none: no message and its acknowledgement are both in the capture", "dim")])]
    title = "ROUND TRIPS in ms, from the tap to that side and back; of n clean samples, ambiguous ones unused"
    left = len(keys) - len(rows)
    after = [Cell(f"… and {left} more: {_command('rtt', report.measures.captures)}", "warn")] if left else []
    return [Block(title, heads=RTT_HEADS, rows=rows, after=after)]


def _trip(tunnel: int | None, kind: str, sides: dict[str, Statistic]) -> list[Cell]:
    both_sides = [sides.get(side, NOTHING) for side in ("initiator", "responder")]
    cells = [Cell(UNKNOWN if tunnel is None else str(tunnel)), Cell(kind)]
    for one in both_sides:
        cells += [Cell(str(one.n)), *(Cell(milliseconds(value)) for value in (one.min_s, one.p50_s, one.p95_s))]
    return [*cells, Cell(str(sum(one.ambiguous for one in both_sides)))]


SESSION_HEADS = (
    Head("#", right=True),
    Head("tunnel", right=True),
    Head("call"),
    Head("ids"),
    Head("state"),
    Head("opened"),
    Head("life", right=True),
    Head("→ packets", right=True),
    Head("octets", right=True),
    Head("← packets", right=True),
    Head("octets", right=True),
)


def _sessions(report: Report, shown: Sequence[SessionRow]) -> Block:
    captures, rows = report.measures.captures, report.measures.sessions
    data = {(row.session, row.direction): row for row in report.measures.loss if row.space == "l2tp-data"}
    end = _end(captures)
    grid = [
        Row(
            [
                Cell(str(row.session)),
                Cell(str(row.tunnel)),
                Cell(row.call or UNKNOWN),
                Cell(ids(row)),
                Cell(row.state, TONES.get(row.state, "")),
                Cell(_when(row.opened, captures)),
                Cell(_life(row, end)),
                Cell(short(row.data_packets_to_responder)),
                Cell(short(row.data_octets_to_responder)),
                Cell(short(row.data_packets_to_initiator)),
                Cell(short(row.data_octets_to_initiator)),
            ],
            _session_details(row, data, every=len(shown) <= FEW),
        )
        for row in shown
    ]
    after = [*_more(len(rows), len(shown), _command("sessions", captures)), *_not_measurable(shown, data)]
    return Block(f"SESSIONS {count(len(rows))}: {_states(rows)}", heads=SESSION_HEADS, rows=grid, after=after)


def _session_details(row: SessionRow, data: Losses, *, every: bool) -> list[Cell]:
    """Its loss where it was measured (where not every one is told: where there was any), and its own reason to end."""
    details = []
    for direction, arrow in WAYS:
        lost = data.get((row.session, direction))
        if lost is not None and lost.measurable and (every or lost.lost):
            details.append(Cell(f"data loss {arrow} before the tap: {loss(lost)}", "warn" if lost.lost else ""))
    told = row.result_code is not None or row.error_message  # else it ended with its tunnel, which says why
    why = ending(row) if told else None
    return [*details, Cell(why, TONES.get(row.state, ""))] if why else details


def _not_measurable(shown: Sequence[SessionRow], data: Losses) -> list[Cell]:
    """Why the data loss of the other sessions is unknown, each reason once."""
    reasons: dict[tuple[str, str], list[int]] = defaultdict(list)
    for session in shown:
        why = {direction: lost.why_not for direction, _ in WAYS if (lost := data.get((session.session, direction))) and not lost.measurable}
        if len(why) == 2 and len(set(why.values())) == 1:
            reasons[next(iter(why.values())) or "", "in both directions"].append(session.session)
            continue
        for direction, text in why.items():
            reasons[text or "", direction.replace("_", " ")].append(session.session)
    return [Cell(f"data loss {direction} not measurable: {why}: session {numbers(which)}") for (why, direction), which in reasons.items()]


def _command(name: str, captures: Sequence[CaptureRow]) -> str:
    """A command to copy; only where its path is harmless, else `FILE`."""
    paths = [row.path for row in captures]
    harmless = len(paths) == 1 and paths[0].isprintable() and paths[0].isascii() and not paths[0].startswith(("-", "<"))
    return f"l2tpscope {name} {shlex.quote(paths[0]) if harmless else 'FILE'}"


def _next(report: Report) -> Block:
    measures = report.measures
    if report.empty:
        return Block("NEXT", [Cell("no L2TP, IKE or ESP here; L2TP on another UDP port is found with --port N")])
    wanted = ["events", "messages"] if measures.tunnels else []
    wanted += [name for name in ("rtt", "loss") if getattr(measures, name)]
    lines = [Cell(_command(name, measures.captures)) for name in wanted]
    return Block("NEXT", [*lines, Cell(_command("summary --format json", measures.captures))])
