"""gates: which layers have anything that its rules may find, by a look at the short tables alone.

The rules of the others are not even loaded, so that a small healthy capture does not wait for them. A gate may let too much through,
never too little: a test holds every finding of the laboratory against it.
"""

from __future__ import annotations

from collections.abc import Callable

from l2tpscope.analysis.rows import IkeSaRow, Measures, SessionRow, TunnelRow, VpnRow
from l2tpscope.model.trace import Trace
from l2tpscope.wire.ppp import PppFrame

FULL = 1200
"""Octets of ESP."""


def layers(trace: Trace, measures: Measures) -> str:
    """The digits of the rules to load."""
    return "".join(layer for layer, may in GATES.items() if may(trace, measures))


def _control(_: Trace, measures: Measures) -> bool:
    return any(map(_odd_tunnel, measures.tunnels)) or any(row.state == "refused" for row in measures.sessions)


def _odd_tunnel(row: TunnelRow) -> bool:
    return row.state not in ("established", "closed", "partial") or row.closed_by == "responder" or _again(row)


def _again(row: TunnelRow) -> bool:
    return row.retransmissions_to_initiator + row.retransmissions_to_responder > 1


def _data(_: Trace, measures: Measures) -> bool:
    lossy = any(row.lost or row.reordered for row in measures.loss)
    return lossy or any(map(_again, measures.tunnels)) or any(row.replay_dropped_32 for row in measures.esp_sas)


def _ppp(trace: Trace, measures: Measures) -> bool:
    if any(part.startswith("VJ") for row in measures.sessions for part in row.inner):
        return True
    return any(map(_odd_session, measures.sessions)) or _inside_itself(trace) or any(_rejects(seen.ppp) for seen in trace.ppp)


def _rejects(frame: PppFrame) -> bool:
    """Whether a protocol is rejected, or what may be refused later is asked for."""
    packet = frame.packet
    return packet is not None and (packet.rejected is not None or frame.protocol_name in ("CCP", "ECP"))


def _inside_itself(trace: Trace) -> bool:
    """Whether something inside a session goes to an address that the session itself comes from or goes to."""
    outside = {end.address for series in trace.series for end in (series.sender, series.receiver)}
    return trace.inner is not None and any(flow.destination in outside for flow in trace.inner.flows if flow is not None)


def _odd_session(row: SessionRow) -> bool:
    agreed = row.assigned_ip is not None and "not responding" not in (row.ppp_reason or "")
    return row.ppp_state not in (None, "up") and not (row.ppp_state == "terminated" and agreed)


def _ike(_: Trace, measures: Measures) -> bool:
    return any(map(_odd_ike, measures.ike_sas))


def _odd_ike(row: IkeSaRow) -> bool:
    up = row.state in ("established", "closed", "replaced", "partial", "lost")
    again = max(row.retransmissions_to_initiator, row.retransmissions_to_responder) > 1
    return not up or again or row.furthest in ("QM1", "QM2") or (row.state == "closed" and not row.child_exchanges)


def _esp(trace: Trace, measures: Measures) -> bool:
    mismatch = any(row.inference == "icv-mismatch" for row in measures.inferences)
    return bool(trace.refusals or trace.torn) or mismatch or any(map(_odd_vpn, measures.vpns)) or _large(trace, measures)


def _large(trace: Trace, measures: Measures) -> bool:
    """Whether anything is as large as what a path may not take: of TCP in clear, only if nobody acknowledged it."""
    stuck = trace.inner is not None and any(flow is not None and flow.large is not None and flow.large.before for flow in trace.inner.flows)
    return stuck or any((row.largest_octets or 0) >= FULL for row in measures.esp_sas)


def _odd_vpn(row: VpnRow) -> bool:
    ipsec = bool(row.ike_sas or row.esp_sas)
    return ipsec and (row.outcome == "lost" or row.nat in ("client", "both") or row.stage == "child-sa" or not row.packets_to_client)


def _security(_: Trace, measures: Measures) -> bool:
    return bool(measures.tunnels or measures.ike_sas) or any(row.duplicate for row in measures.loss)


def _capture(_: Trace, measures: Measures) -> bool:
    return any(row.verdict != "good" or row.openvpn_1701_frames or row.not_l2tp_1701_frames for row in measures.captures)


GATES: dict[str, Callable[[Trace, Measures], bool]] = {
    "1": _control,
    "2": _data,
    "3": _ppp,
    "4": _ike,
    "5": _esp,
    "6": _security,
    "9": _capture,
}
"""By the digit of the rules."""
