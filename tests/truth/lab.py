"""The expected facts of every laboratory capture that shows L2TPv2 in clear: tunnels, sessions, ids, closings, repeats, delays, loss.

They come from the bytes (read by hand, `hand.py` and `conversations.py`), from what netem was told (truth.json), and, for loss, from
the sender's own capture beside the tap's. `test_truth_hand.py` holds them against the daemons' logs. What no tap can know is `Unknown`,
with why.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import delays
import loss
from conversations import INITIATOR, OTHER, RESPONDER, Conversations, Session, Tunnel

LAB = Path(__file__).resolve().parents[2].parent / "shared" / "captures" / "lab"

BOTH_WAYS = ("client.pcap", "wan.pcap", "server.pcap")

SCENARIOS: dict[str, tuple[str, ...]] = {
    "atk_chap_brute": BOTH_WAYS,
    "atk_replay": BOTH_WAYS,
    "atk_sccrq_flood": BOTH_WAYS,
    "cdn_server": BOTH_WAYS,
    "f_1701_closed": BOTH_WAYS,
    "f_1701_filtered": BOTH_WAYS,
    "f_chap_wrong": BOTH_WAYS,
    "f_dpd_timeout": BOTH_WAYS,
    "f_dup_client_reconnect": BOTH_WAYS,
    "f_ike_id_mismatch_then_clear": BOTH_WAYS,
    "f_ipcp_rejected": BOTH_WAYS,
    "f_l2tp_no_ipsec": BOTH_WAYS,
    "f_lns_killed": BOTH_WAYS,
    "f_ppp_auth_refused": BOTH_WAYS,
    "f_session_limit": BOTH_WAYS,
    "kl2tpd_lossy": BOTH_WAYS,
    "kl2tpd_ok": BOTH_WAYS,
    "l2tp_clear_loss": BOTH_WAYS,
    "l2tp_clear_loss_capvariants": (*BOTH_WAYS, "wan.pcapng", "wan_nano.pcap", "wan_snap96.pcap", "wan_rotC.pcap*", "wan_rot_*.pcap"),
    "l2tp_clear_loss_seq": BOTH_WAYS,
    "l2tp_clear_ok": BOTH_WAYS,
    "l2tp_clear_reorder_seq": BOTH_WAYS,
    "l2tp_hidden_avp": BOTH_WAYS,
    "l2tp_ipv6": BOTH_WAYS,
    "l2tp_mschapv2_mppe": BOTH_WAYS,
    "l2tp_pap": BOTH_WAYS,
    "l2tp_tunnel_auth_ok": BOTH_WAYS,
    "l2tpipsec_nat_timeout": (*BOTH_WAYS, "nat_outside.pcap"),
    "l2tpipsec_ok_gro": ("server.pcap", "server_any.pcap"),
    "l2tpipsec_tunnelmode": ("client.pcap", "server.pcap"),
    "mtu_df_icmp": BOTH_WAYS,
    "mtu_fragmented": BOTH_WAYS,
    "multi_s2s": BOTH_WAYS,
    "scale_50x2": BOTH_WAYS,
    "stopccn_server": BOTH_WAYS,
}
"""Scenario -> its capture points with L2TPv2 in clear; a pattern stands for the files of one rotated capture, read together."""

CASES = [(scenario, point) for scenario, points in SCENARIOS.items() for point in points]

CROSSED = "the tunnel's StopCCN had passed already when the CDN came: either may be called the end"


@dataclass(frozen=True, slots=True)
class Unknown:
    """A fact that the capture cannot settle."""

    why: str


@dataclass(frozen=True, slots=True)
class Closing:
    """The first StopCCN or CDN that passed the tap. Of two that cross, the one that passed first counts: a tap knows no other order."""

    by: str | Unknown | None
    result: int | Unknown | None
    error: int | Unknown | None


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """What a tap can measure to one side: the set delay, how far the smallest clean sample may lie from it, and the fastest by hand."""

    delay_s: float | Unknown
    floor_s: float
    """No sample can be shorter."""
    tolerance_s: float
    fastest_s: float | None


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """One session."""

    initiator_id: int | None
    responder_id: int | None
    closing: Closing
    data: dict[str, int]
    """Data packets by receiver."""
    sequences: dict[str, loss.Sequence | Unknown | None]
    """By receiver; None: data without numbers, or none at all."""


@dataclass(frozen=True, slots=True)
class TunnelFacts:
    """One control connection; dictionaries are by receiver (`control`, `retransmissions`) or by the side that answers (`round_trips`)."""

    initiator: str
    responder: str
    initiator_id: int | None
    responder_id: int | None
    closing: Closing
    control: dict[str, int]
    retransmissions: dict[str, int]
    round_trips: dict[str, RoundTrip]
    sessions: list[SessionFacts]


def files(scenario: str, point: str) -> list[Path]:
    """The files of a capture point."""
    return sorted((LAB / scenario).glob(point))


def truth(scenario: str) -> dict[str, object]:
    """The laboratory's own record of a scenario."""
    document: dict[str, object] = json.loads((LAB / scenario / "truth.json").read_text())
    return document


def stopped(scenario: str) -> int:
    """When the captures were stopped, nanoseconds since the epoch."""
    events: list[dict[str, object]] = truth(scenario)["events"]  # type: ignore[assignment]
    return next(int(float(event["t"]) * 1e9) for event in events if event["event"] == "captures_stopped")  # type: ignore[arg-type]


@cache
def conversations(scenario: str, point: str) -> Conversations:
    """Everything of a capture point, read by hand. Variants of the wan capture hold the same packets as wan.pcap."""
    everything = Conversations()
    for path in files(scenario, "wan.pcap" if point.startswith("wan") else point):
        everything.read(path)
    return everything


@cache
def expected(scenario: str, point: str) -> list[TunnelFacts]:
    """The facts of one capture point."""
    return [tunnel_facts(scenario, point, tunnel) for tunnel in conversations(scenario, point).tunnels]


def tunnel_facts(scenario: str, point: str, tunnel: Tunnel) -> TunnelFacts:
    """The facts of one tunnel, read by hand at a capture point (or from a part of its capture)."""
    first = tunnel.closes[0] if tunnel.closes else None
    return TunnelFacts(
        tunnel.initiator,
        tunnel.responder,
        tunnel.ids.get(INITIATOR),
        tunnel.ids.get(RESPONDER),
        Closing(first.side, first.result, first.error) if first else Closing(None, None, None),
        {side: len(messages) for side, messages in tunnel.control.items()},
        {side: tunnel.retransmissions(side) for side in (INITIATOR, RESPONDER)},
        {side: _round_trip(scenario, point, tunnel, side) for side in (INITIATOR, RESPONDER)},
        [_session(scenario, tunnel, session) for session in tunnel.sessions],
    )


def _round_trip(scenario: str, point: str, tunnel: Tunnel, side: str) -> RoundTrip:
    config: dict[str, dict[str, dict[str, str]]] = truth(scenario)["config"]  # type: ignore[assignment]
    there = delays.set_delay(config["netem"], delays.place(point), side)  # type: ignore[arg-type]
    tolerance = max(0.001, 0.02 * there.delay_s)
    fastest = delays.fastest(tunnel, side)
    delay: float | Unknown = there.delay_s
    if fastest is None:
        delay = Unknown("no message that this side answered is in the capture exactly once, with its answer")
    elif there.jitter_s:
        delay = Unknown(f"netem varied it by {there.jitter_s * 1000:.1f} ms either way")
    elif fastest - there.delay_s > tolerance:
        delay = Unknown(f"its fastest answer took {(fastest - there.delay_s) * 1000:.1f} ms more than the path: the daemon was slow")
    return RoundTrip(delay, there.delay_s - there.jitter_s, tolerance, fastest)


def _session(scenario: str, tunnel: Tunnel, session: Session) -> SessionFacts:
    return SessionFacts(
        session.ids.get(INITIATOR),
        session.ids.get(RESPONDER),
        _session_closing(tunnel, session),
        {side: len(session.data[side]) for side in (INITIATOR, RESPONDER)},
        {side: _sequence(scenario, tunnel, session, side) for side in (INITIATOR, RESPONDER)},
    )


def _session_closing(tunnel: Tunnel, session: Session) -> Closing:
    stop = tunnel.closes[0] if tunnel.closes else None
    cdn = session.closes[0] if session.closes else None
    if cdn is None:
        return Closing(stop.side, None, None) if stop else Closing(None, None, None)
    if stop is not None and stop.time < cdn.time and stop.side != cdn.side:
        return Closing(Unknown(CROSSED), Unknown(CROSSED), Unknown(CROSSED))
    return Closing(cdn.side, cdn.result, cdn.error)


def _sequence(scenario: str, tunnel: Tunnel, session: Session, receiver: str) -> loss.Sequence | Unknown | None:
    """What the sender sent and the tap has; the sender's capture is its host's own."""
    if not any(packet.ns is not None for packet in session.data[receiver]):
        return None
    sender = "client.pcap" if receiver == RESPONDER else "server.pcap"
    own = next((other for other in conversations(scenario, sender).tunnels if other.ids == tunnel.ids), None)
    same = own.session(receiver, session.ids[receiver]) if own else None
    if same is None:
        return Unknown(f"the sender's capture lacks the session to {OTHER[receiver]}")
    return loss.compare(same.data[receiver], session.data[receiver], stopped(scenario))
