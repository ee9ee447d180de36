"""What the rules ask about L2TP that nothing protects."""

from __future__ import annotations

from collections.abc import Iterator

from l2tpscope.analysis.rows import SessionRow, TunnelRow, VpnRow
from l2tpscope.core.endpoints import split
from l2tpscope.findings.case import Case


def sessions_in_clear(case: Case) -> Iterator[tuple[VpnRow, TunnelRow, SessionRow]]:
    """Sessions that were up between hosts without ESP: what a gateway shows after decrypting is not among them."""
    for row in case.measures.sessions:
        tunnel = case.tunnel(row.tunnel)
        vpn = case.vpn(tunnel.vpn)
        if vpn is None or vpn.esp_sas or hosts(tunnel) in case.encrypted_hosts or _is_local(tunnel):
            continue
        yield vpn, tunnel, row


def hosts(row: TunnelRow) -> frozenset[str]:
    """The two hosts of a tunnel."""
    return frozenset((split(row.initiator)[0], split(row.responder)[0]))


def _is_local(row: TunnelRow) -> bool:
    """Whether it never leaves the host."""
    return all(host == "::1" or host.startswith("127.") for host in hosts(row))
