"""L2S509 Large packets vanish, and nobody says so.

What is seen: small packets pass and large ones do not: inside a session TCP sends its first full segment again and again, and no
acknowledgement comes, though all before it was acknowledged; or of large datagrams of ESP or L2TP the first IP fragment comes and the
rest never; or ESP of one full length comes at the doubling intervals of a retransmission while the other side goes on.
Why it matters: the VPN is up and ping works, but pages hang, and remote desktops and mail stop at the first large answer.
What else could cause it: the path takes less than the ends believe, and the ICMP error that says so is dropped (a black hole); a
firewall or NAT on the way drops IP fragments, all but the first of which have no ports; the receiver, or what is behind it, discards
these packets for another reason; later fragments take another way than this point sees; the connection's other end stopped at that
moment while others behind the tunnel went on.
What to do: MTU and MRU of PPP 1400 or less (`mtu 1400`, `mru 1400`), and clamp the MSS of TCP to fit (1360). Let ICMP "fragmentation
needed" and IP fragments pass every firewall. `ping -M do -s SIZE` through the tunnel finds the size that still passes.
Source: RFC 2923 §2.1, RFC 4459 §3, RFC 8900 §3
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from l2tpscope.analysis.names import endpoint_name
from l2tpscope.analysis.rows import EspSaRow, InnerFlowRow, SessionRow, VpnRow
from l2tpscope.core.endpoints import split
from l2tpscope.findings import esp
from l2tpscope.findings.case import SECOND, SHOWN, Case
from l2tpscope.findings.filters import between
from l2tpscope.findings.l2tp import TO, about_session
from l2tpscope.findings.rule import Finding, Place, Rule, Severity
from l2tpscope.frames import Endpoint
from l2tpscope.frames.torn import Torn
from l2tpscope.model.esp import EspSeries
from l2tpscope.model.inner import InnerFlow, Large

RULE = Rule(id="L2S509", name="mtu-black-hole", severity=Severity.ERROR, source="RFC 2923 §2.1")
COPIES, LEAST_S = 4, 3.0
"""Of the first large segment: with timers of 1 s and more that double, after so long."""
AFTER = SECOND
"""The other side is alive if it answers so long after the first copy."""
SIDES = {"to_responder": "responder", "to_initiator": "initiator"}
TORN, MOSTLY = 5, 5
"""Datagrams without their later fragments, and how many times as many as whole ones."""
FULL = 1200
"""Octets of ESP that only packets full of data have."""
DOUBLING, SHORTEST, NEAR = 4, SECOND // 5, 0.25
"""Intervals in a row, the first at least so long, that are twice the one before, give or take so much of it. RFC 6298 §5.5."""


def check(case: Case) -> Iterable[Finding]:
    """Sessions in clear, connections, and what only ciphertext shows."""
    kept = _unacknowledged(case)
    for session in case.measures.sessions if kept else []:
        for way in TO:
            yield from _in_session(case, session, way, kept)
    for torn in case.trace.torn:
        if torn.what != "ike" and torn.count >= TORN and torn.count >= MOSTLY * torn.whole:
            yield _fragments(case, torn)
    for vpn in case.measures.vpns:
        for row in esp.sas(case, vpn):
            yield from _in_esp(case, vpn, row)


# ---- TCP in a session ------------------------------------------------------------------------------------------------


def _in_session(case: Case, session: SessionRow, way: str, kept: Mapping[tuple[str, str, int], Large]) -> Iterator[Finding]:
    column = f"large_unacknowledged_{way}"
    flows = [flow for flow in case.group("inner_flows", "session").get(session.session, []) if getattr(flow, column) is not None]
    if not flows or any(getattr(flow, column) == 0 for flow in flows):
        return  # some large one passed
    stuck = [large for flow in flows if (large := kept.get(_of(flow, way))) is not None]
    stuck = [large for large in stuck if large.copies >= COPIES and (large.last - large.first) / SECOND >= LEAST_S]
    if not stuck or not _alive(case, session, way, min(large.first for large in stuck)):
        return
    copies, octets = max(large.copies for large in stuck), min(large.octets for large in stuck)
    evidence = [Place(*place) for large in stuck for place in large.places][:SHOWN]
    connections = f"{len(stuck)} connections" if len(stuck) > 1 else "one connection"
    finding = about_session(
        case,
        session,
        [],
        grade="likely",
        first=min(large.first for large in stuck),
        last=max(large.last for large in stuck),
        summary=f"inside the session large TCP segments from {TO[way]}'s side (from {octets} octets of data on) do not get through:"
        f" {connections} sent the first one up to {copies} times without an acknowledgement, and small packets pass",
        same=f"tcp {way}",
    )
    yield replace(finding, evidence=tuple(sorted(evidence)))


def _unacknowledged(case: Case) -> dict[tuple[str, str, int], Large]:
    """The first large segments that nobody acknowledged, by their ends and how often they were sent."""
    flows = case.trace.inner.flows if case.trace.inner is not None else []
    return {
        (*(endpoint_name(Endpoint(*end)) for end in _ends(flow)), flow.large.copies): flow.large  # type: ignore[misc]
        for flow in flows
        if flow is not None and flow.large is not None and flow.large.before
    }


def _ends(flow: InnerFlow) -> tuple[tuple[bytes, int | None], tuple[bytes, int | None]]:
    return (flow.source, flow.source_port), (flow.destination, flow.destination_port)


def _of(row: InnerFlowRow, way: str) -> tuple[str, str, int]:
    """The ends of a row's flow, its sender first, and how often its first large segment was sent."""
    ends = (row.initiator, row.responder) if way == "to_responder" else (row.responder, row.initiator)
    return (*ends, getattr(row, f"large_unacknowledged_{way}"))


def _alive(case: Case, session: SessionRow, way: str, since: int) -> bool:
    """Whether something small got to that side later, and was answered: echoes, TCP."""
    trips = case.group("rtt", "session").get(session.session, [])
    return any(trip.side == SIDES[way] and trip.time > since + AFTER for trip in trips)


# ---- fragments -------------------------------------------------------------------------------------------------------


def _fragments(case: Case, torn: Torn) -> Finding:
    sender, receiver = (endpoint_name(end._replace(port=None)) for end in (torn.sender, torn.receiver))
    vpn = next((row for row in case.measures.vpns if {split(row.client)[0], split(row.server)[0]} == {sender, receiver}), None)
    what = "ESP" if torn.what == "esp" else "L2TP"
    beside = f"{torn.whole} came whole" if torn.whole else "none came whole"
    summary = f"of {torn.count} {what} datagrams from {sender} that were sent as IP fragments (up to {torn.octets} octets) only some"
    fragments = "ipv6.fraghdr.nxt" if ":" in sender else "ip.flags.mf == 1 || ip.frag_offset > 0"
    against = () if torn.later else ("the capture has no later fragment at all: its filter may take the first ones alone",)
    return Finding(
        grade="likely" if torn.later else "hint",
        subject=f"vpn {vpn.vpn}" if vpn is not None else "capture",
        vpn=vpn.vpn if vpn is not None else None,
        summary=f"{summary} fragments are here, the first among them; {beside}",
        evidence=tuple(Place(*place) for place in torn.places),
        first=torn.first,
        last=torn.last,
        wireshark_filter=f"{between(sender, receiver)} && ({fragments})",
        against=against,
        severity=None if torn.later else Severity.INFO,
    )


# ---- ciphertext ------------------------------------------------------------------------------------------------------


def _in_esp(case: Case, vpn: VpnRow, row: EspSaRow) -> Iterator[Finding]:
    """A full packet again and again, each time after twice as long, while the other side goes on sending."""
    one, back = esp.series(case, row), case.esp_sas.get(row.pair or 0)
    if one is None or back is None or (row.largest_octets or 0) < FULL:
        return
    run = _doubling(one, row.largest_octets or 0)
    if len(run) <= DOUBLING or back.last < run[-2][0]:
        return
    spans = ", ".join(f"{(after[0] - before[0]) / SECOND:.1f}" for before, after in pairwise(run))
    yield esp.about_vpn(
        vpn,
        [row],
        grade="hint",
        evidence=tuple(place for _, place in run[:SHOWN]),
        first=run[0][0],
        last=run[-1][0],
        summary=f"{esp.FROM[row.direction]} sends ESP of its full length ({row.largest_octets} octets) at intervals that double"
        f" ({spans} s), as TCP sends again what is not acknowledged, and the other side goes on sending",
        severity=Severity.WARNING,
        same=f"esp {row.direction}",
    )


def _doubling(series: EspSeries, octets: int) -> Sequence[tuple[int, Place]]:
    """The longest run of packets of that length among the first and the last whose intervals double."""
    best: list[tuple[int, Place]] = []
    for packets in (series.head, series.tail):
        if packets is None:
            continue
        columns = (packets.time, packets.octets, packets.capture, packets.frame)
        full = [
            (time, Place(capture, frame))
            for time, size, capture, frame in zip(*(column.tolist() for column in columns), strict=True)
            if size == octets
        ]
        run = full[:2]
        for before, after in pairwise(full):
            span = after[0] - before[0]
            last = run[-1][0] - run[-2][0] if len(run) > 1 else 0
            fits = last >= SHORTEST and abs(span - 2 * last) <= 2 * NEAR * last
            run = [*run, after] if fits else [before, after]
            best = run if len(run) > len(best) else best
    return best
