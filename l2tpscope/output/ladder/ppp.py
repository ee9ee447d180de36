"""ppp: a rung for each PPP control packet, what was sent again folded into it."""

from __future__ import annotations

from l2tpscope.analysis.rows import PppRow
from l2tpscope.output.blocks import Cell
from l2tpscope.output.ladder.copies import Copies, grouped, rung
from l2tpscope.output.ladder.model import Rung
from l2tpscope.output.ladder.raw import of_ppp
from l2tpscope.output.ladder.scene import Scene
from l2tpscope.output.words import LONGEST, cut

ASKS = ("Configure-Request", "Authenticate-Request", "Terminate-Request", "Challenge", "Echo-Request")
"""Codes that want an answer (RFC 1661 §5, RFC 1334 §2, RFC 1994 §4); of EAP each Request has its own."""
KEEPALIVES = ("Echo-Request", "Echo-Reply", "Discard-Request", "Link-Quality-Report")
AGAIN = 60_000_000_000
"""The same request within this time is the same sent again; later an identifier may have come round."""


def ppp_rungs(scene: Scene) -> list[Rung]:
    """The control packets of its sessions."""
    rows = zip(scene.report.rows("ppp"), scene.decoded("ppp"), strict=True)
    messages = grouped((pair for pair in rows if pair[0].session in scene.sessions), lambda row: int(row.session))
    return [_rung(scene, copies) for copies in _folded(messages)]


def _folded(messages: list[Copies]) -> list[Copies]:
    """The table does not say which requests were sent again: those alike in identifier and content, one soon after the other."""
    kept: list[Copies] = []
    latest: dict[tuple[object, ...], Copies] = {}
    for copies in messages:
        row: PppRow = copies.first
        key = (row.session, row.direction, row.protocol, row.code, row.identifier, row.summary)
        known = latest.get(key)
        if known is not None and row.time - known.rows[-1].time <= AGAIN and _asks(row) and row.code not in KEEPALIVES:
            known.rows += copies.rows
            known.answered |= copies.answered
            continue
        latest[key] = copies
        kept.append(copies)
    return kept


def _asks(row: PppRow) -> bool:
    return row.code in ASKS or (row.protocol, row.code) == ("EAP", "Request")


def _over(scene: Scene, row: PppRow) -> bool:
    """Whether it passed when L2TP had closed session or tunnel already, so that nobody has to answer."""
    session = scene.sessions[row.session]
    ends = [end for end in (session.closed, scene.tunnels[session.tunnel].closed) if end is not None]
    return any(row.time >= end for end in ends)


def _rung(scene: Scene, copies: Copies) -> Rung:
    first: PppRow = copies.first
    way = scene.way("tunnels", scene.sessions[first.session].tunnel, first.direction)
    unanswered = _asks(first) and not copies.answered
    over = _over(scene, first)
    missing = unanswered and not over
    keepalive = first.code in KEEPALIVES
    label = f"{first.protocol} {first.code}"
    return rung(
        scene,
        copies,
        way,
        missing="answer" if missing else "",
        notes=[
            Cell("" if keepalive else cut(first.summary, LONGEST)),
            *([Cell("after the session was closed", "dim")] if unanswered and over else []),
            *([Cell(f"secret: {first.secret}", "warn")] if first.secret is not None else []),
        ],
        label=f"{label} {first.identifier}",
        tag="PPP" if len(scene.sessions) < 2 else f"PPP s{first.session}",
        details=of_ppp(copies.decoded, show_secrets=bool(scene.report.options.get("show_secrets"))) if scene.raw else [],
        quiet=keepalive and (not missing or scene.one_way),
        alike=f"{label} of session {first.session}, {way}" if keepalive and missing else "",
    )
