"""L2S506 The NAT forgets an idle client.

What is seen: a client behind NAT sends nothing for a while, not even keepalives; what the server sends in that time is not answered, or
does not even arrive; when the client speaks again, all passes again.
Why it matters: heartbeats of the server fail in the meantime, and it ends the tunnel, although both hosts are well.
What else could cause it: the path from the server to the client was broken for that time; the client's host slept.
What to do: NAT keepalives every 20 s on the client (`keep_alive`, `nat_keepalive`), or dead peer detection from the client's side; a
longer UDP timeout in the router.
Source: RFC 3948 §4
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from l2tpscope.analysis.names import endpoint_name
from l2tpscope.analysis.rows import EspSaRow, VpnRow
from l2tpscope.core.endpoints import split
from l2tpscope.findings.case import SECOND, Case
from l2tpscope.findings.esp import about_vpn, sas, series
from l2tpscope.findings.rule import Finding, Place, Rule, Severity

RULE = Rule(id="L2S506", name="nat-mapping-lost", severity=Severity.ERROR, source="RFC 3948 §4")
IDLE = 20 * SECOND
VAIN = 5
"""Packets of the server in that time."""


def check(case: Case) -> Iterable[Finding]:
    """Connections of a client behind NAT with a pause during which the server was not heard, or spoke in vain."""
    if case.one_sided:
        return
    for vpn in case.measures.vpns:
        if vpn.nat not in ("client", "both"):
            continue
        rows = sas(case, vpn)
        up = _times(case, [row for row in rows if row.direction == "to_responder"])
        down = _times(case, [row for row in rows if row.direction == "to_initiator"])
        pause = next(((one, other) for one, other in pairwise(up) if other[0] - one[0] >= IDLE), None)
        if pause is None or not down or _kept_alive(case, vpn, pause[0][0], pause[1][0]):
            continue
        begin, end = pause
        vain = [one for one in down if begin[0] + SECOND < one[0] < end[0] - SECOND]
        missed = _missed(down, begin[0], end[0])
        if max(len(vain), missed) < VAIN or down[-1][0] < end[0]:
            continue
        what = (
            f"{len(vain)} packets of the server are not answered"
            if len(vain) >= VAIN
            else f"{missed} packets of the server never arrive here"
        )
        yield about_vpn(
            vpn,
            rows,
            grade=case.absent("likely"),
            summary=f"the client behind NAT sends nothing for {(end[0] - begin[0]) / 1e9:.0f} s, and meanwhile {what}: the NAT forgot it",
            evidence=(begin[2], *(one[2] for one in vain[:8]), end[2]),
            first=begin[0],
            last=end[0],
            against=case.doubts,
            same="nat",
        )


Packet = tuple[int, int, Place]
"""Time, sequence number, place."""


def _times(case: Case, rows: list[EspSaRow]) -> list[Packet]:
    """What was kept of the packets; small ones, of which heartbeats are, all of them."""
    found: dict[Place, Packet] = {}
    for row in rows:
        one = series(case, row)
        for some in (one.head, one.small, one.tail) if one is not None else ():
            if some is not None:
                columns = (some.time, some.sequence, some.capture, some.frame)
                for time, sequence, capture, frame in zip(*(column.tolist() for column in columns), strict=True):
                    found[Place(capture, frame)] = (time, sequence, Place(capture, frame))
    return sorted(found.values())


def _missed(down: list[Packet], begin: int, end: int) -> int:
    """Sequence numbers that are missing over a pause of the server's packets which lies in the client's."""
    near = ((one, two) for one, two in pairwise(down) if one[0] > begin - IDLE and two[0] <= end + IDLE)
    return max((two[1] - one[1] - 1 for one, two in near if two[0] - one[0] >= IDLE / 2), default=0)


def _kept_alive(case: Case, vpn: VpnRow, begin: int, end: int) -> bool:
    """Whether IKE or keepalives of the client passed in the meantime."""
    hosts = {row.initiator for row in case.measures.ike_sas if row.vpn == vpn.vpn}
    addresses = {split(host)[0] for host in (*hosts, vpn.client)}
    kept = any(split(endpoint_name(one.sender))[0] in addresses and one.first < end and one.last > begin for one in case.trace.keepalives)
    spoken = (one for number in vpn.ike_sas for one in case.ike_messages(case.ike_sas[number]))
    return kept or any(one.direction == "to_responder" and begin + SECOND < one.time < end - SECOND for one in spoken)
