"""Tables on the terminal: what fits in 100 columns, by name; all columns are in CSV, JSON and Parquet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from l2tpscope.analysis.rows import CaptureRow, InnerFlowRow, LossRow, MessageRow, PppRow, RttRow, SessionRow, TunnelRow
from l2tpscope.output.blocks import Block, Cell, Row
from l2tpscope.output.findings import diagnosis
from l2tpscope.output.ipsec_listings import DETAILS as IPSEC_DETAILS
from l2tpscope.output.ipsec_listings import LISTINGS as IPSEC_LISTINGS
from l2tpscope.output.l2f import LISTING as L2F_LISTING
from l2tpscope.output.l2f import details as l2f_details
from l2tpscope.output.page import Page
from l2tpscope.output.shown import Shown, arrow, association, instant, known, left, right, second
from l2tpscope.output.summary import summary
from l2tpscope.output.values import UNKNOWN, count, duration, interval, milliseconds, short
from l2tpscope.output.words import TONES, between, both, ending, ids
from l2tpscope.report import Report


def _sequenced(row: SessionRow) -> str:
    words = {True: "yes", False: "no", None: UNKNOWN}
    return f"{words[row.sequenced_to_responder]}/{words[row.sequenced_to_initiator]}"


def _cookies(row: SessionRow) -> str:
    """Octets in either direction; nothing where neither is known."""
    octets = row.cookie_octets_to_responder, row.cookie_octets_to_initiator
    return UNKNOWN if octets == (None, None) else "/".join(map(known, octets))


def _seen(row: CaptureRow) -> str:
    """Frames of control and of data."""
    return f"{short(row.l2tp2_control_frames)} + {short(row.l2tp2_data_frames)}"


def _space(row: LossRow) -> str:
    return f"{row.space} {arrow(row)}"


def _why(row: LossRow) -> str:
    return (row.why_not or "") if not row.measurable else ("may be the capture's" if row.capture_suspect else "")


def _request(row: RttRow) -> str:
    return f"{row.frame_request} → {row.frame_reply}"


def _fastest(row: InnerFlowRow) -> str:
    """To the initiator's side, to the responder's, in ms."""
    return "/".join(milliseconds(value) for value in (row.rtt_initiator_side_min_s, row.rtt_responder_side_min_s))


def _again(row: InnerFlowRow) -> str:
    both_ways = (row.retransmissions_to_responder, row.retransmissions_to_initiator)
    return UNKNOWN if both_ways == (None, None) else "/".join(map(known, both_ways))


LISTINGS: dict[str, Sequence[Shown]] = {
    "captures": (
        right("#", lambda row: str(row.capture)),
        left("path", lambda row: row.path, elastic=True),
        left("format", lambda row: row.format, elastic=True),
        right("frames", lambda row: count(row.frames)),
        left("first (UTC)", lambda row: second(row.time_start)),
        right("length", lambda row: duration(row.duration_s)),
        right("l2tp", _seen),
        left("verdict", lambda row: row.verdict),
    ),
    "tunnels": (
        right("#", lambda row: str(row.tunnel)),
        left("initiator → responder", between, elastic=True),
        left("ids", ids),
        left("state", lambda row: row.state),
        left("opened (UTC)", lambda row: second(row.opened)),
        right("sessions", lambda row: str(row.sessions)),
        right("set-up", lambda row: duration(row.setup_s)),
        right("again →/←", lambda row: both(row.retransmissions_to_responder, row.retransmissions_to_initiator)),
        right("hellos", lambda row: str(row.hellos)),
    ),
    "sessions": (
        right("#", lambda row: str(row.session)),
        right("tunnel", lambda row: str(row.tunnel)),
        left("ids", ids),
        left("state", lambda row: row.state),
        left("opened (UTC)", lambda row: second(row.opened)),
        right("→ packets", lambda row: short(row.data_packets_to_responder)),
        right("← packets", lambda row: short(row.data_packets_to_initiator)),
        left("seq →/←", _sequenced),
        left("carries", lambda row: known(row.pseudowire), optional=True),
        left("cookie →/←", _cookies, optional=True),
    ),
    "messages": (
        right("frame", lambda row: str(row.frame)),
        left("time (UTC)", lambda row: instant(row.time)),
        right("tun", lambda row: str(row.tunnel)),
        right("ses", lambda row: known(row.session)),
        left("", arrow),
        left("message", lambda row: row.message),
        right("Ns", lambda row: known(row.ns)),
        right("Nr", lambda row: known(row.nr)),
        left("fit", lambda row: row.fit if row.retransmission_of is None else f"{row.fit} of {row.retransmission_of}"),
        right("acked by", lambda row: known(row.acked_by)),
    ),
    "rtt": (
        left("time (UTC)", lambda row: instant(row.time)),
        right("tunnel", lambda row: known(row.tunnel), optional=True),
        right("session", lambda row: known(row.session), optional=True, spare=2),
        right("SA", association, optional=True),
        left("side", lambda row: row.side),
        left("kind", lambda row: row.kind, elastic=True),
        right("rtt ms", lambda row: milliseconds(row.rtt_s)),
        right("at least", lambda row: milliseconds(row.rtt_low_s), spare=1),
        left("quality", lambda row: row.quality),
        right("frames", _request),
    ),
    "loss": (
        left("space", _space),
        right("tunnel", lambda row: known(row.tunnel), optional=True),
        right("session", lambda row: known(row.session), optional=True),
        right("SA", association, optional=True),
        right("lost", lambda row: count(row.lost)),
        right("expected", lambda row: count(row.expected)),
        left("loss (95 %)", lambda row: interval(row.loss_ratio, row.loss_low_ratio, row.loss_high_ratio)),
        right("reordered", lambda row: count(row.reordered)),
        left("remark", _why, elastic=True),
    ),
    "throughput": (
        left("time (UTC)", lambda row: instant(row.time)),
        right("bin s", lambda row: f"{row.bin_s:g}"),
        right("tunnel", lambda row: known(row.tunnel), optional=True),
        right("session", lambda row: known(row.session), optional=True),
        right("SA", association, optional=True),
        left("", arrow),
        right("packets", lambda row: count(row.packets)),
        right("octets", lambda row: count(row.octets)),
        right("lost", lambda row: known(row.lost), optional=True),
        right("late", lambda row: known(row.reordered), optional=True),
    ),
    "events": (
        left("time (UTC)", lambda row: instant(row.time)),
        right("frame", lambda row: known(row.frame)),
        left("subject", lambda row: row.subject),
        left("event", lambda row: row.event),
        left("detail", lambda row: row.detail, elastic=True),
    ),
    "ppp": (
        right("frame", lambda row: str(row.frame)),
        left("time (UTC)", lambda row: instant(row.time)),
        right("ses", lambda row: str(row.session)),
        left("", arrow),
        left("packet", lambda row: f"{row.protocol} {row.code}"),
        right("id", lambda row: str(row.identifier)),
        right("answers", lambda row: known(row.reply_to), spare=1),
        left("what it says", lambda row: row.summary, elastic=True),
    ),
    "inner_flows": (
        right("#", lambda row: str(row.flow)),
        right("ses", lambda row: str(row.session)),
        left("prot", lambda row: row.protocol),
        left("initiator side", lambda row: row.initiator, elastic=True),
        left("responder side", lambda row: row.responder, elastic=True),
        right("→ packets/octets", lambda row: f"{short(row.packets_to_responder)}/{short(row.octets_to_responder)}"),
        right("← packets/octets", lambda row: f"{short(row.packets_to_initiator)}/{short(row.octets_to_initiator)}"),
        right("min ms", _fastest),
        right("again", _again, optional=True),
    ),
    "l2f": L2F_LISTING,
    **IPSEC_LISTINGS,
}
"""What each table shows on a page. The numbers of `rtt` and `loss` stand beside what they were made from."""


def listing(report: Report, table: str) -> list[Block]:
    """One table as blocks."""
    rows = report.rows(table)
    if not rows:
        return [Block(lines=[Cell(f"no {table}")])]
    shown = [column for column in LISTINGS[table] if not column.optional or any(column.text(row) != UNKNOWN for row in rows)]
    details = DETAILS.get(table)
    grid = [Row([Cell(text := column.text(row), TONES.get(text, "")) for column in shown], details(row) if details else ()) for row in rows]
    return [Block(heads=[column.head for column in shown], rows=grid)]


def _reasons(row: CaptureRow) -> list[Cell]:
    return [Cell(f"- {reason}", TONES.get(row.verdict, "")) for reason in row.reasons]


def _of_ppp(row: PppRow) -> list[Cell]:
    return [*_odd(row), *([Cell(f"secret: {row.secret}", "warn")] if row.secret is not None else [])]


def _odd(row: MessageRow | PppRow) -> list[Cell]:
    return [Cell(anomaly, "warn") for anomaly in row.anomalies]


def _ended(row: TunnelRow | SessionRow) -> list[Cell]:
    why = ending(row)
    return [Cell(why, "dim")] if why else []


DETAILS: Mapping[str, Callable[[Any], Sequence[Cell]]] = {
    "captures": _reasons,
    "tunnels": _ended,
    "sessions": _ended,
    "messages": _odd,
    "ppp": _of_ppp,
    "l2f": l2f_details,
    **IPSEC_DETAILS,
}
"""What stands under a row: how it ended, what speaks against a capture, what is odd in a message."""


PAGES: Mapping[str, Callable[[Report], list[Block]]] = {"summary": summary, "findings": diagnosis}
"""What is a page of its own, and no listing."""


def text(report: Report, what: str, page: Page) -> str:
    """The summary, the findings, or another table by name, as lines of text."""
    return page.render(PAGES[what](report) if what in PAGES else listing(report, what))
