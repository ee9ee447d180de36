"""What the rules about L2TP and PPP ask of a tunnel and a session."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from l2tpscope.analysis.rows import MessageRow, SessionRow, TunnelRow
from l2tpscope.findings import filters
from l2tpscope.findings.case import Case, places
from l2tpscope.findings.rule import Finding

WHO = {"initiator": "the client", "responder": "the server", None: "one side"}
TO = {"to_responder": "the client", "to_initiator": "the server"}
"""Who sends in a direction."""


def about_tunnel(row: TunnelRow, evidence: Sequence[Any], **given: Any) -> Finding:
    """A finding about one tunnel."""
    return _about(row, row.vpn, f"tunnel {row.tunnel}" if row.vpn is None else f"vpn {row.vpn}", evidence, given)


def about_session(case: Case, row: SessionRow, evidence: Sequence[Any], **given: Any) -> Finding:
    """A finding about one session, of the connection that its tunnel belongs to."""
    tunnel = case.tunnel(row.tunnel)
    return _about(tunnel, tunnel.vpn, f"session {row.session}", evidence, given)


def _about(tunnel: TunnelRow, vpn: int | None, subject: str, evidence: Sequence[Any], given: dict[str, Any]) -> Finding:
    times = [one.time for one in evidence]
    blank = {
        "subject": subject,
        "vpn": vpn,
        "evidence": places(evidence),
        "first": min(times, default=tunnel.opened or 0),
        "last": max(times, default=tunnel.closed or tunnel.opened or 0),
        "wireshark_filter": filters.tunnel(tunnel),
    }
    return Finding(**{**blank, **given})


def copies(messages: Iterable[MessageRow]) -> list[list[MessageRow]]:
    """Each message with its retransmissions, in the order of their first copies; acknowledgements are none."""
    groups: list[list[MessageRow]] = []
    last: dict[tuple[str, int | None, str], list[MessageRow]] = {}
    for row in messages:
        if row.message in ("ZLB", "ACK"):
            continue
        key = row.direction, row.ns, row.message  # frames alone would not do: the first copy may be in another capture
        if row.retransmission_of is None or key not in last:
            last[key] = []
            groups.append(last[key])
        last[key].append(row)
    return groups


def ending(row: TunnelRow | SessionRow) -> str:
    """Result, error and text of a StopCCN or CDN, as whoever sent it worded them."""
    parts = [f"result {row.result_code}" + (f" ({row.result})" if row.result else "")] if row.result_code is not None else []
    if row.error_code:
        parts.append(f"error {row.error_code}" + (f" ({row.error})" if row.error else ""))
    if row.error_message:
        parts.append(f'"{row.error_message}"')
    return ", ".join(parts) or "no reason given"
