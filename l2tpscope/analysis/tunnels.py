"""tunnels: one row a control connection, one a session."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from l2tpscope.analysis.authentication import authentication
from l2tpscope.analysis.follow import Story
from l2tpscope.analysis.names import disconnect_cause, endpoint_name, result_columns
from l2tpscope.analysis.outcome import Outcome, call_outcome
from l2tpscope.analysis.ppp_rows import session_columns
from l2tpscope.analysis.ppp_story import PppStory
from l2tpscope.analysis.proxy import proxied
from l2tpscope.analysis.pseudowire import Layout, layout, pseudowire
from l2tpscope.analysis.rows import SessionRow, Side, TunnelRow
from l2tpscope.analysis.software import Sides
from l2tpscope.model.channel import Call
from l2tpscope.model.half import ControlFrame
from l2tpscope.wire.l2tp.ids import assigned_connection

HOST_NAME, VENDOR_NAME, CALL_SERIAL = 7, 8, 15
SECOND = 1e9
_SETUP = ("SCCRQ", "SCCRP", "SCCCN")


def side_name(initiator: bool | None) -> Side | None:
    """The side as the tables name it."""
    return None if initiator is None else "initiator" if initiator else "responder"


def tunnel_row(
    story: Story,
    outcome: Outcome,
    best: dict[tuple[int, str], tuple[float, float]],
    secret: bytes | None,
    vpn_of: Mapping[int, int],
    *,
    software: Sides,
) -> TunnelRow:
    """The row of one tunnel. *vpn_of*: the connection that it is part of, by its number; *software*: of both sides."""
    channel, first = story.channel, story.first
    request, reply = _heard(first.get("SCCRQ")), _heard(first.get("SCCRP"))
    opened = first["SCCRQ"].time if "SCCRQ" in first else channel.begin
    connected = first.get("SCCCN")
    to_responder, to_initiator = story.reliable.ways[True], story.reliable.ways[False]
    rtt = {side: best.get((channel.number, side), (None, None)) for side in ("initiator", "responder")}
    return TunnelRow(
        tunnel=channel.number,
        version=channel.version,
        encapsulation="udp" if channel.endpoint(False).port else "ip",
        initiator=endpoint_name(channel.endpoint(True)),
        responder=endpoint_name(channel.endpoint(False)),
        roles="seen" if channel.roles_seen else "guessed",
        initiator_id=_id(story, True),
        responder_id=_id(story, False),
        initiator_host_name=_text(request, HOST_NAME),
        responder_host_name=_text(reply, HOST_NAME),
        initiator_vendor=_text(request, VENDOR_NAME),
        responder_vendor=_text(reply, VENDOR_NAME),
        **_implementations(software),
        state=outcome.state,  # type: ignore[arg-type]
        opened=opened,
        established=story.established.time if story.established is not None else None,
        closed=outcome.closed,
        setup_s=(connected.time - opened) / SECOND if connected is not None and "SCCRQ" in first else None,
        setup_retransmit_wait_s=_waited(story) if connected is not None and "SCCRQ" in first else None,
        closed_by=side_name(outcome.by),
        **result_columns(outcome.stop),
        messages_to_responder=to_responder.frames,
        messages_to_initiator=to_initiator.frames,
        retransmissions_to_responder=to_responder.retransmissions,
        retransmissions_to_initiator=to_initiator.retransmissions,
        hellos=sum(slot.first.type == "HELLO" for way in (to_responder, to_initiator) for slot in way.slots.values()),
        sessions=len(channel.calls),
        data_packets_to_responder=sum(call.packets(False) for call in channel.calls),
        data_packets_to_initiator=sum(call.packets(True) for call in channel.calls),
        data_octets_to_responder=sum(series.octets for call in channel.calls for series in call.series[False]),
        data_octets_to_initiator=sum(series.octets for call in channel.calls for series in call.series[True]),
        rtt_initiator_side_min_s=rtt["initiator"][0],
        rtt_responder_side_min_s=rtt["responder"][0],
        rtt_initiator_side_p50_s=rtt["initiator"][1],
        rtt_responder_side_p50_s=rtt["responder"][1],
        vpn=vpn_of.get(channel.number),
        linked_by=channel.linked_by,
        authentication=authentication(story, secret),
    )


def _heard(frame: ControlFrame | None) -> ControlFrame | None:
    return frame if frame is not None and frame.message is not None else None


def _implementations(software: Sides) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for side, name in ((True, "initiator"), (False, "responder")):
        told = software[side]
        columns[f"{name}_implementation"] = told.name if told is not None else None
        columns[f"{name}_implementation_grade"] = told.grade if told is not None else None
        columns[f"{name}_implementation_why"] = list(told.why) if told is not None else []
    return columns


def _id(story: Story, side: bool) -> int | None:
    """The Tunnel ID that a side gave out: as used by the other, or as it said itself, in SCCRQ, SCCRP or StopCCN."""
    half, sent = story.channel.to[side], story.channel.to[not side]
    if half is not None and half.tunnel is not None:
        return half.tunnel
    if sent is not None and sent.twin is not None and sent.twin.tunnel is not None:
        return sent.twin.tunnel
    for frame in sent.frames if sent is not None else ():
        value = assigned_connection(frame.message)
        if value is not None:
            return value
    return None


def _text(frame: ControlFrame | None, attribute: int) -> str | None:
    value = frame.message.get(attribute) if frame is not None and frame.message is not None else None
    return value if isinstance(value, str) else None


def _waited(story: Story) -> float:
    """Time between the first and the last copy of each set-up message, up to the SCCCN: spent waiting to send it again."""
    end = story.first["SCCCN"].time
    copies: dict[int, list[int]] = {}
    for frame, _, verdict in story.verdicts:
        if frame.type in _SETUP and verdict.slot is not None and frame.time <= end:
            copies.setdefault(id(verdict.slot), []).append(frame.time)
    return sum(max(times) - min(times) for times in copies.values()) / SECOND


def session_row(story: Story, call: Call, tunnel: Outcome, ppp: PppStory | None, inner: list[str]) -> SessionRow:
    """The row of one session; *ppp*: what PPP said in it; *inner*: what its data packets carried."""
    outcome = call_outcome(call, tunnel)
    series = [one for side in (True, False) for one in call.series[side]]
    first_data = min((one.first for one in series), default=None)
    connected = call.connected.time if call.connected is not None else None
    return SessionRow(
        session=call.number,
        tunnel=story.channel.number,
        call=call.kind,  # type: ignore[arg-type]
        initiator_id=call.ids[True],
        responder_id=call.ids[False],
        call_serial=_serial(call),
        opened=_opened(call, first_data),
        established=connected,
        closed=outcome.closed,
        setup_s=(connected - call.request.time) / SECOND if connected is not None and call.request is not None else None,
        closed_by=side_name(outcome.by),
        **result_columns(outcome.stop),
        disconnect_cause=disconnect_cause(outcome.stop),
        state=outcome.state,  # type: ignore[arg-type]
        **_ppp(call, ppp),
        **_laid_out(story, call),
        data_packets_to_responder=call.packets(False),
        data_packets_to_initiator=call.packets(True),
        data_octets_to_responder=sum(one.octets for one in call.series[False]),
        data_octets_to_initiator=sum(one.octets for one in call.series[True]),
        first_data=first_data,
        last_data=max((one.last for one in series), default=None),
        inner=inner,
    )


def _ppp(call: Call, ppp: PppStory | None) -> dict[str, Any]:
    """The columns of PPP; what PPP itself left open is filled from what the LAC tells of it."""
    columns = session_columns(ppp)
    return columns | {column: value for column, value in proxied(call).items() if columns[column] is None}


def _laid_out(story: Story, call: Call) -> dict[str, Any]:
    """The columns of what stands between header and content."""
    v3 = story.channel.version == 3
    told = {side: layout(call, side) if v3 else Layout() for side in (False, True)}
    columns: dict[str, Any] = {"pseudowire": pseudowire(call, told.values()) if v3 else None, "layout_why": []}
    for side, name in ((False, "to_responder"), (True, "to_initiator")):
        one = told[side]
        columns[f"cookie_octets_{name}"] = one.cookie
        columns[f"sublayer_{name}"] = one.sublayer
        columns[f"layout_grade_{name}"] = one.grade
        columns[f"sequenced_{name}"] = _sequenced(call, side, one if v3 else None)
        if one.why is not None:
            columns["layout_why"].append(f"{name.replace('_', ' ')}: {one.why}")
    return columns


def _opened(call: Call, first_data: int | None) -> int | None:
    """The request; where none was seen, the first sign of the session."""
    if call.request is not None:
        return call.request.time
    signs = [] if call.first is None else [call.first.time]
    return min(signs + ([] if first_data is None else [first_data]), default=None)


def _serial(call: Call) -> int | None:
    value = call.request.message.get(CALL_SERIAL) if call.request is not None and call.request.message is not None else None
    return value if isinstance(value, int) else None


def _sequenced(call: Call, to_initiator: bool, told: Layout | None) -> bool | None:
    """Whether data carried sequence numbers; None: no data, or of v3 nobody knows where they would be."""
    series = call.series[to_initiator]
    if not series or (told is not None and told.cookie is None):
        return None
    if told is None:
        return any(one.sequenced for one in series)
    return any(told.number_at in one.counts for one in series)
