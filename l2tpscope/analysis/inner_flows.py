"""inner_flows: the table of what endpoints inside sessions exchanged; round trips and loss of their TCP; contents of sessions.

TCP: `expected` are the segments that were sent, as far as the tap can tell: those it saw, and the first copies of those that
filled a gap. `upstream_lost` are these first copies, lost before the tap. `downstream_lost` are segments that were sent again
though all of them had passed: lost after the tap, or their acknowledgement was, or the sender gave up waiting too early.

What passes twice with an IP id that is not new is a copy, of another tap or by the network, and does not count.

*Bias*: a segment of which the tap saw the second copy alone, with nothing after the first, is none that was lost; one sent again that
a later repetition overtook is taken for a copy; where IP ids do not count (IPv6, 0, random), copies count as sent again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from l2tpscope.analysis.inner_echo import Echoes, Ends
from l2tpscope.analysis.inner_talks import Inside, Talk
from l2tpscope.analysis.loss import loss_row, shares
from l2tpscope.analysis.names import endpoint_name
from l2tpscope.analysis.ppp_story import ACK, PppStory
from l2tpscope.analysis.rows import InnerFlowRow, LossRow, RttRow
from l2tpscope.frames import Endpoint
from l2tpscope.model.inner import Content, InnerFlow

SECOND = 1e9
MOST_ROWS = 1000
LEAST = 20
"""TCP segments, fewer than which say nothing of loss."""
TCP = 6
ECHOES = (1, 58)
PROTOCOLS = {
    1: "ICMP", 2: "IGMP", 4: "IPv4 in IP", 6: "TCP", 17: "UDP", 33: "DCCP", 41: "IPv6 in IP", 47: "GRE", 50: "ESP", 51: "AH", 58: "ICMPv6",
    88: "EIGRP", 89: "OSPF", 103: "PIM", 112: "VRRP", 115: "L2TPv3", 132: "SCTP", 136: "UDP-Lite",
}  # fmt: skip
"""*Source*: IANA, Assigned Internet Protocol Numbers."""
CONTENTS = {
    Content.IPV4: "IPv4",
    Content.IPV6: "IPv6",
    Content.PPP_CONTROL: "PPP control",
    Content.VJ: "VJ-compressed TCP",
    Content.MULTILINK: "multilink fragments",
    Content.COMPRESSED: "compressed or encrypted as CCP agreed",
    Content.OTHER_PPP: "other PPP",
    Content.ARP: "ARP",
    Content.OTHER: "neither IP nor ARP",
    Content.BROKEN: "malformed",
    Content.CUT: "cut off by the capture",
}
MPPE, MPPE_KEYS = 18, 0xF0
"""Option of CCP, and its bits that mean encryption (RFC 3078 §2.1)."""


def measure_flows(inside: Inside, echoes: Echoes) -> list[InnerFlowRow]:
    """The talks with most octets, a row each."""
    fastest: dict[Ends, int] = {}
    for one in echoes.asked:
        if one.rtt is not None and one.copies == 1:
            fastest[one.ends] = min(one.rtt, fastest.get(one.ends, one.rtt))
    return [_row(number, talk, fastest) for number, talk in enumerate(inside.talks[:MOST_ROWS], 1)]


def flow_notes(inside: Inside) -> list[str]:
    """What the table leaves out, a line or none."""
    left = len(inside.talks) - MOST_ROWS
    if left <= 0:
        return []
    octets = sum(talk.octets for talk in inside.talks[MOST_ROWS:])
    return [f"inner_flows has the {MOST_ROWS} conversations with most octets; {left} more had {octets} octets together"]


def _row(number: int, talk: Talk, echoes: Mapping[Ends, int]) -> InnerFlowRow:
    session, protocol, ours, theirs, our_port, their_port = talk.key
    tcp = protocol == TCP
    return InnerFlowRow(
        flow=number,
        tunnel=talk.tunnel,
        session=session,
        protocol=PROTOCOLS.get(protocol, f"IP protocol {protocol}"),
        initiator=endpoint_name(Endpoint(ours, our_port)),
        responder=endpoint_name(Endpoint(theirs, their_port)),
        first=talk.first,
        last=max(flow.last for flow in talk.flows),
        fragments=sum(flow.fragments for flow in talk.flows),
        **_both("packets", talk, lambda flows: sum(flow.packets for flow in flows)),
        **_both("octets", talk, lambda flows: sum(flow.octets for flow in flows)),
        **_both("segments", talk, lambda flows: sum(flow.segments for flow in flows) if tcp else None),
        **_both("retransmissions", talk, lambda flows: sum(flow.filled + flow.repeated for flow in flows) if tcp else None),
        mss_to_responder=_mss(talk.ways[True]),
        mss_to_initiator=_mss(talk.ways[False]),
        **_both("large_unacknowledged", talk, _large_unacknowledged),
        rtt_initiator_side_min_s=_fastest(talk.ways[True], echoes.get((session, True, theirs, ours)) if protocol in ECHOES else None),
        rtt_responder_side_min_s=_fastest(talk.ways[False], echoes.get((session, False, ours, theirs)) if protocol in ECHOES else None),
    )


def _both(name: str, talk: Talk, of: Any) -> dict[str, Any]:
    return {f"{name}_to_responder": of(talk.ways[False]), f"{name}_to_initiator": of(talk.ways[True])}


def _large_unacknowledged(flows: Iterable[InnerFlow]) -> int | None:
    """Copies of a first large segment that nobody acknowledged; 0 where large ones pass."""
    large = [flow.large for flow in flows if flow.large is not None]
    if any(one.acknowledged for one in large):
        return 0
    return max((one.copies for one in large if one.before), default=None)


def _mss(flows: Iterable[InnerFlow]) -> int | None:
    """What their sender is willing to receive."""
    return next((flow.mss for flow in flows if flow.mss is not None), None)


def _fastest(flows: Iterable[InnerFlow], echo: int | None) -> float | None:
    """The shortest round trip to the side that they go to: of TCP, or of echoes."""
    least = min((flow.rtt_min for flow in flows if flow.rtt_min is not None), default=echo)
    return None if least is None else least / SECOND


# ---- TCP -------------------------------------------------------------------------------------------------------------


def measure_tcp_rtt(inside: Inside) -> list[RttRow]:
    """A row for each round trip that was kept."""
    places = {flow: inside.where(flow) for flow in {sample.flow for sample in inside.seen.samples} if inside.back(flow) is not None}
    rows = []
    for sample in inside.seen.samples:
        where = places.get(sample.flow)
        if where is None:
            continue
        rows.append(
            RttRow(
                time=sample.time,
                kind="tcp",
                side="initiator" if where.to_initiator else "responder",
                tunnel=where.tunnel,
                session=where.call.number,
                ike_sa=None,
                esp_sa=None,
                capture=sample.capture,
                frame_request=sample.frame_request,
                frame_reply=sample.frame_reply,
                rtt_s=sample.rtt / SECOND,
                rtt_low_s=None,
                quality="clean",
            )
        )
    return rows


def measure_tcp_loss(inside: Inside, *, suspect: bool) -> list[LossRow]:
    """A row a session and direction in which there was TCP."""
    groups: dict[tuple[int, bool], list[InnerFlow]] = defaultdict(list)
    tunnels: dict[int, int] = {}
    for talk in inside.talks:
        tunnels[talk.key[0]] = talk.tunnel
        for way, flows in talk.ways.items():
            groups[talk.key[0], way] += [flow for flow in flows if flow.segments]
    return [
        _tcp_loss(tunnels[session], session, way, groups[session, way], suspect) for session, way in sorted(groups) if groups[session, way]
    ]


def _tcp_loss(tunnel: int, session: int, to_initiator: bool, flows: Iterable[InnerFlow], suspect: bool) -> LossRow:
    names = ("segments", "filled", "repeated", "reordered")
    segments, filled, repeated, reordered = (sum(getattr(flow, name) for flow in flows) for name in names)
    way = "to_initiator" if to_initiator else "to_responder"
    common = {"space": "tcp", "tunnel": tunnel, "session": session, "direction": way}
    if segments < LEAST:
        return loss_row(**common, measurable=False, why_not=f"{segments} TCP segments: fewer than {LEAST}")
    lost, expected = filled + repeated, segments + filled
    return loss_row(
        **common,
        **shares(lost, expected),
        measurable=True,
        expected=expected,
        received=segments - repeated,
        lost=lost,
        duplicate=repeated,
        reordered=reordered,
        upstream_lost=filled,
        downstream_lost=repeated,
        capture_suspect=suspect,
    )


# ---- contents --------------------------------------------------------------------------------------------------------


def contents(inside: Inside, ppp: Mapping[int, PppStory]) -> dict[int, list[str]]:
    """By session: `IPv4 1204`, `PPP control 85` ..., the most first; at last the fragments among the IP packets."""
    fragments: dict[int, int] = defaultdict(int)
    for talk in inside.talks:
        fragments[talk.key[0]] += sum(flow.fragments for flow in talk.flows)
    told = {}
    for session, found in inside.contents().items():
        ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))
        told[session] = [f"{_name(content, ppp.get(session))} {count}" for content, count in ordered]
        told[session] += [f"IP fragments {fragments[session]}"] if fragments[session] else []
    return told


def _name(content: Content, ppp: PppStory | None) -> str:
    return "MPPE-encrypted" if content is Content.COMPRESSED and ppp is not None and _agreed_on_mppe(ppp) else CONTENTS[content]


def _agreed_on_mppe(ppp: PppStory) -> bool:
    """Whether a request for encryption was acknowledged."""
    for ack in ppp.of("CCP", ACK):
        found = ack.seen.ppp.packet.find(MPPE) if ack.seen.ppp.packet is not None else None
        if found is not None and (found.number or 0) & MPPE_KEYS:
            return True
    return False
