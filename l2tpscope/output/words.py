"""Facts of a row in words: who, how it ended, what was lost. Shared by the summary and the listings."""

from __future__ import annotations

from collections.abc import Iterable

from l2tpscope.analysis.rows import LossRow, SessionRow, TunnelRow
from l2tpscope.core.endpoints import split
from l2tpscope.output.blocks import Tone
from l2tpscope.output.escape import terminal
from l2tpscope.output.page import cells
from l2tpscope.output.values import UNKNOWN, count, interval

L2TP_PORT = "1701"
OWN_PORTS = (L2TP_PORT, "500", "4500")
LONGEST_SOFTWARE = 30
LONGEST = 120
"""What a peer wrote is cut to this many columns in the summary; JSON has all of it."""

TONES: dict[str, Tone] = {
    **dict.fromkeys(("good", "established", "up"), "good"),
    **dict.fromkeys(("doubtful", "opening", "partial"), "warn"),
    **dict.fromkeys(("poor", "unanswered", "refused", "failed", "lost"), "bad"),
}

STATES = ("lost", "unanswered", "refused", "opening", "partial", "established", "closed")
"""Worst first: the order in which rows are chosen where not all fit."""


def party(endpoint: str, own: Iterable[str] = (L2TP_PORT,)) -> str:
    """An endpoint without its port where that is L2TP's own."""
    address, port = split(endpoint)
    return address if port in own else endpoint


def host(endpoint: str) -> str:
    """An endpoint without its port where that is one of IKE, ESP or L2TP: another one is a NAT's, and tells clients apart."""
    return party(endpoint, OWN_PORTS)


def between(row: TunnelRow) -> str:
    """`initiator → responder`, with `?` where the roles are guessed."""
    return f"{party(row.initiator)} → {party(row.responder)}" + (" ?" if row.roles == "guessed" else "")


def software(row: TunnelRow) -> str:
    """Whose software each side is, where that is known, and how sure: `initiator xl2tpd (likely)`."""
    sides = (
        ("initiator", row.initiator_implementation, row.initiator_implementation_grade),
        ("responder", row.responder_implementation, row.responder_implementation_grade),
    )
    told = [f"{side} {cut(name, LONGEST_SOFTWARE)}" + ("" if grade == "certain" else f" ({grade})") for side, name, grade in sides if name]
    return f"software: {', '.join(told)}" if told else ""


def ids(row: TunnelRow | SessionRow) -> str:
    """The id that the initiator assigned, then the responder's."""
    return "/".join(UNKNOWN if each is None else str(each) for each in (row.initiator_id, row.responder_id))


def both(to_responder: int, to_initiator: int) -> str:
    """Two counts, towards the responder first."""
    return f"{to_responder}/{to_initiator}"


def said(text: str) -> str:
    """What a peer wrote, in quotes, cut where it is long."""
    return f'"{cut(text)}"'


def cut(text: str, longest: int = LONGEST) -> str:
    """The text, cut where it would take more columns: by its width as it will be shown, escapes and wide letters counted."""
    columns = 0
    for at, character in enumerate(text):
        columns += cells(terminal(character))
        if columns > longest:
            return text[:at] + "…"
    return text


def ending(row: TunnelRow | SessionRow) -> str | None:
    """How it ended, by whom, and why; None where it did not, or nothing more is known than its state."""
    parts = [part for part in (_code("result", row.result_code, row.result), _code("error", row.error_code or None, row.error)) if part]
    if row.error_message:
        parts.append(said(row.error_message))
    cause = getattr(row, "disconnect_cause", None)
    if cause:
        parts.append(f"disconnect cause {cut(cause)}")
    if row.state == "lost":
        gave_up = f"lost: {row.closed_by} gave up waiting for an answer" if row.closed_by else "lost: nobody is heard any more"
        return ", ".join([gave_up, *parts])
    if row.state == "unanswered":
        answered = isinstance(row, TunnelRow) and row.messages_to_initiator
        return ", ".join(["the initiator never took up the answer" if answered else "no answer to its request", *parts])
    if not parts:
        return f"{row.state} by {row.closed_by}" if row.closed_by else None
    return f"{row.state} by {row.closed_by or 'a side that is not known'}: {', '.join(parts)}"


def _code(name: str, number: int | None, text: str | None) -> str | None:
    if number is None:
        return None
    return f"{name} {number} ({text})" if text else f"{name} {number}"


def loss(row: LossRow) -> str:
    """`21/5,001 0.42 % (0.27-0.64)`: lost of expected, its ratio and interval."""
    return f"{count(row.lost)}/{count(row.expected)} {interval(row.loss_ratio, row.loss_low_ratio, row.loss_high_ratio)}"
