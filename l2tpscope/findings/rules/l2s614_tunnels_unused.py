"""L2S614 Tunnels are set up and not used.

What is seen: tunnels that come up and live without a single session, for long or in numbers; or sessions that are set up and never carry a
packet, not even PPP's first.
Why it matters: each holds memory, ids and timers of the server, and its HELLOs cost time; whoever leaves many open can exhaust the number
that a server allows. A session without any data is of no use to its user either.
What else could cause it: somebody tries out what the server allows, or holds tunnels open on purpose; a LAC that sets its tunnels up before
there are calls, as some are meant to; the calls were refused before the capture began; PPP or the kernel's L2TP is missing at both ends
(l2tp_ppp), so that nothing is sent in a session; data takes another way than this point sees.
What to do: see whose addresses they are. Close tunnels without sessions after a while (`max idle`, `idle timeout`), limit tunnels per
address, and let only known addresses, or those inside IPsec, set one up.
Source: RFC 2661 §3.1, §5.7, §9
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from l2tpscope.analysis.rows import SessionRow, TunnelRow
from l2tpscope.core.endpoints import split
from l2tpscope.findings.case import SECOND, Case
from l2tpscope.findings.filters import either
from l2tpscope.findings.filters import tunnel as filter_of
from l2tpscope.findings.l2tp import about_tunnel
from l2tpscope.findings.rule import Finding, Rule, Severity

RULE = Rule(id="L2S614", name="tunnels-unused", severity=Severity.WARNING, source="RFC 2661 §9")
LONG = 600 * SECOND
"""So long without a session is no pause between calls."""
NUMBER, AWHILE = 5, 20 * SECOND
"""So many of one host, each at least so long."""
SESSION = 60 * SECOND
"""A session without data; PPP asks ten times in 30 s."""
SHOWN = 6


def check(case: Case) -> Iterable[Finding]:
    """By the host that set them up."""
    if case.one_sided:
        return
    empty: dict[str, list[TunnelRow]] = defaultdict(list)
    idle: dict[str, list[SessionRow]] = defaultdict(list)
    for row in case.measures.tunnels:
        if _is_empty(case, row):
            empty[split(row.initiator)[0]].append(row)
    for session in case.measures.sessions:
        if _is_idle(case, session):
            idle[split(case.tunnel(session.tunnel).initiator)[0]].append(session)
    for host, rows in empty.items():
        yield from _tunnels(case, host, rows)
    for host, sessions in idle.items():
        yield _sessions(case, host, sessions)


def _is_empty(case: Case, row: TunnelRow) -> bool:
    """A tunnel that came up here, of which both sides were heard, without a call."""
    both = row.messages_to_initiator and row.messages_to_responder
    seen = row.roles == "seen" and row.established is not None and row.opened is not None and both
    return bool(seen) and not row.sessions and _lived(case, row.established, row.closed) >= AWHILE


def _is_idle(case: Case, row: SessionRow) -> bool:
    """A session with PPP, set up here, in which nothing was ever sent."""
    if row.data_packets_to_responder or row.data_packets_to_initiator or row.established is None or row.call == "static":
        return False
    tunnel = case.tunnel(row.tunnel)
    return tunnel.version == 2 and tunnel.roles == "seen" and _lived(case, row.established, row.closed) >= SESSION


def _lived(case: Case, begin: int | None, end: int | None) -> int:
    return (case.end if end is None else end) - (begin or 0)


def _tunnels(case: Case, host: str, rows: Sequence[TunnelRow]) -> Iterator[Finding]:
    longest = max(_lived(case, row.established, row.closed) for row in rows)
    if len(rows) < NUMBER and longest < LONG:
        return
    rows = rows if len(rows) >= NUMBER else [row for row in rows if _lived(case, row.established, row.closed) >= LONG]
    what = f"{len(rows)} tunnels" if len(rows) > 1 else "one tunnel"
    summary = f"{host} set up {what} in which there was never a session, up to {longest / SECOND:.0f} s long"
    yield _about(case, host, rows, summary)


def _sessions(case: Case, host: str, sessions: Sequence[SessionRow]) -> Finding:
    rows = list({row.tunnel: case.tunnel(row.tunnel) for row in sessions}.values())
    longest = max(_lived(case, row.established, row.closed) for row in sessions)
    what = f"{len(sessions)} sessions" if len(sessions) > 1 else "one session"
    return _about(case, host, rows, f"{host} set up {what} in which nothing was ever sent, in up to {longest / SECOND:.0f} s")


def _about(case: Case, host: str, rows: Sequence[TunnelRow], summary: str) -> Finding:
    up = [one for row in rows[:SHOWN] for one in case.messages(row) if one.message in ("SCCRQ", "SCCCN", "ICCN", "OCCN")]
    one = len(rows) == 1
    return about_tunnel(
        rows[0],
        up[: 2 * SHOWN],
        grade=case.absent("certain"),
        vpn=rows[0].vpn if one else None,
        subject=f"vpn {rows[0].vpn}" if one and rows[0].vpn is not None else f"client {host}",
        summary=summary,
        first=min(row.opened or 0 for row in rows),
        last=max(case.end if row.closed is None else row.closed for row in rows),
        against=case.doubts,
        wireshark_filter=filter_of(rows[0]) if one else either(*dict.fromkeys(filter_of(row) for row in rows[:SHOWN])),
    )
