"""What the rules ask of a row of loss."""

from __future__ import annotations

from typing import Any

from l2tpscope.analysis.rows import LossRow
from l2tpscope.findings import filters
from l2tpscope.findings.case import Case
from l2tpscope.findings.rule import Finding, Place

SENDERS = {"to_responder": "from the client to the server", "to_initiator": "from the server to the client"}


def about_loss(case: Case, row: LossRow, *, summary: str, **given: Any) -> Finding:
    """A finding about one sequence space in one direction; what is evidence are its numbers, not single frames."""
    tunnel = case.tunnel(row.tunnel) if row.tunnel is not None else None
    esp = case.esp_sas.get(row.esp_sa) if row.esp_sa is not None else None
    session = next((one for one in case.group("sessions", "session").get(row.session, [])), None)
    subject = next(
        f"{name} {number}"
        for name, number in (("session", row.session), ("esp_sa", row.esp_sa), ("tunnel", row.tunnel), ("capture", 1))
        if number
    )
    times = [time for time in _times(session, tunnel, esp) if time is not None] or [case.trace.begin]
    filter_ = filters.esp([esp]) if esp is not None else filters.tunnel(tunnel) if tunnel is not None else "l2tp"
    blank: dict[str, Any] = {
        "subject": subject,
        "vpn": tunnel.vpn if tunnel is not None else esp.vpn if esp is not None else None,
        "summary": f"{SENDERS[row.direction]}: {summary}",
        "evidence": _began(case, esp),
        "first": min(times),
        "last": max(times),
        "wireshark_filter": filter_,
    }
    return Finding(**{**blank, **given})


def _times(session: Any, tunnel: Any, esp: Any) -> tuple[int | None, ...]:
    if esp is not None:
        return esp.first, esp.last
    if session is not None:
        return session.first_data, session.last_data
    return (tunnel.opened, tunnel.closed) if tunnel is not None else ()


def _began(case: Case, esp: Any) -> tuple[Place, ...]:
    if esp is None:
        return ()
    return tuple(Place(one.capture, one.frame) for one in case.esp_series.get(int(esp.spi, 16), []) if one.first == esp.first)
