"""What we decode, in Wireshark's names and clothes: a table for each kind of packet, from field to how our value would be printed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from l2tpscope.frames import Kind
from l2tpscope.packets.packet import Packet, ike_of
from l2tpscope.packets.wireshark_values import AVP_VALUES, IKE_VALUE_FIELDS, PPP_VALUES, SECRETS
from l2tpscope.wire.ike import IkeMessage, Notify, VendorId, decode_ike
from l2tpscope.wire.ike.payloads import Fragment, SecurityAssociation
from l2tpscope.wire.l2tp import ControlMessage
from l2tpscope.wire.ppp import PppFrame
from l2tpscope.wire.ppp.protocols import CHAP, EAP, PAP

Fields = dict[str, str]

NAMED_VENDORS = (9, 193, 3561, 4491)
"""Wireshark shows the types of their AVPs in fields of their own, those of all others with the IETF's."""


def of(attribute: int, show: Callable[[Any], str]) -> Callable[[ControlMessage], str]:
    """All values of one attribute, as Wireshark would print them."""
    return lambda message: ",".join(show(avp.value) for avp in message.avps if avp.key == attribute and avp.value is not None)


def _hexed(value: bytes) -> str:
    return value.hex()


VALUES: dict[str, Callable[[ControlMessage], str]] = {
    "l2tp.avp.assigned_tunnel_id": of(9, str),
    "l2tp.avp.assigned_session_id": of(14, str),
    "l2tp.avp.assigned_control_conn_id": of(61, str),
    "l2tp.avp.local_session_id": of(63, str),
    "l2tp.avp.remote_session_id": of(64, str),
    "l2tp.result_code": of(1, lambda value: str(value.result)),
    "l2tp.avp.error_code": of(1, lambda value: str(value.error)),
    "l2tp.avp.host_name": of(7, str),
    "l2tp.avp.vendor_name": of(8, str),
    "l2tp.avp.firmware_revision": of(6, str),
    "l2tp.avp.receive_window_size": of(10, str),
    "l2tp.tie_breaker": of(5, lambda value: f"0x{value:016x}"),
    "l2tp.avp.chap_challenge": of(11, _hexed),
    "l2tp.avp.chap_challenge_response": of(13, _hexed),
    "l2tp.avp.call_serial_number": of(15, str),
    "l2tp.avp.connect_speed": of(24, str),
    "l2tp.avp.rx_connect_speed": of(38, str),
    "l2tp.avp.proxy_authen_type": of(29, str),
    "l2tp.avp.random_vector": of(36, _hexed),
    "l2tp.avp.router_id": of(60, str),
    "l2tp.avp.pw_type": of(62, lambda value: ",".join(str(int(kind)) for kind in value)),
    "l2tp.avp.pseudowire_type": of(68, str),
    "l2tp.avp.assigned_cookie": of(65, _hexed),
    "l2tp.avp.layer2_specific_sublayer": of(69, str),
    "l2tp.avp.data_sequencing": of(70, str),
    # Wireshark names the whole AVP by its active bit.
    "l2tp.avp.circuit_status": of(71, lambda value: str(value & 1)),
    "l2tp.avp.message_digest": of(59, lambda value: f"{value.type:02x}{value.digest.hex()}"),
    "l2tp.avp.nonce": of(73, _hexed),
}
SEEN: dict[str, Callable[[ControlMessage], str]] = {
    **VALUES,
    # Wireshark takes it for text, which ends at the first zero octet.
    "l2tp.avp.remote_end_id": of(66, lambda value: value if isinstance(value, str) else value.split(b"\0")[0].decode("utf-8", "replace")),
    "l2tp.avp.circuit_type": of(71, lambda value: str(value >> 1 & 1)),
    "l2tp.avp.async_framing_type": of(19, lambda value: str(value >> 1 & 1)),
    "l2tp.avp.sync_framing_type": of(19, lambda value: str(value & 1)),
    "l2tp.type": lambda message: str(message.flags >> 15),
    "l2tp.length_bit": lambda message: str(message.flags >> 14 & 1),
    "l2tp.seq_bit": lambda message: str(message.flags >> 11 & 1),
    "l2tp.zero_length_body_message": lambda message: "" if message.avps else "1",
}
SECRET = (
    "l2tp.avp.chap_challenge",
    "l2tp.avp.chap_challenge_response",
    "l2tp.avp.random_vector",
    "l2tp.avp.nonce",
    "l2tp.avp.message_digest",
    *SECRETS,
)
"""Fields whose values are shown only when asked for."""


def headers(message: ControlMessage) -> Fields:
    """Header fields of a control message."""
    shown = {
        "l2tp.flags": f"0x{message.flags:04x}",
        "l2tp.version": str(message.version),
        "l2tp.length": str(message.length),
        "l2tp.Ns": str(message.ns) if message.ns >= 0 else "",
        "l2tp.Nr": str(message.nr) if message.nr >= 0 else "",
    }
    if message.version == 3:
        return {**shown, "l2tp.ccid": f"0x{message.tunnel:08x}"}
    return {**shown, "l2tp.tunnel": str(message.tunnel), "l2tp.session": str(message.session)}


def avps(message: ControlMessage) -> Fields:
    """The columns of AVP headers."""
    return {
        "l2tp.avp.message_type": str(message.type.number) if message.type is not None and message.type > 0 else "",
        "l2tp.avp.type": ",".join(str(avp.type) for avp in message.avps if avp.vendor not in NAMED_VENDORS),
        "l2tp.avp.vendor_id": ",".join(str(avp.vendor) for avp in message.avps),
        "l2tp.avp.length": ",".join(str(avp.octets) for avp in message.avps),
        "l2tp.avp.mandatory": ",".join(str(int(avp.mandatory)) for avp in message.avps),
        "l2tp.avp.hidden": ",".join(str(int(avp.hidden)) for avp in message.avps),
        "l2tp.avp.ciscotype": ",".join(str(avp.type) for avp in message.avps if avp.vendor == 9),
        "l2tp.avp.cablelabstype": ",".join(str(avp.type) for avp in message.avps if avp.vendor == 4491),
    }


def control(message: ControlMessage) -> Fields:
    """All of a control message."""
    return {**headers(message), **avps(message), **{field: show(message) for field, show in (SEEN | AVP_VALUES).items()}}


def data(packet: Packet) -> Fields:
    """The header of data: of v2 with what its flags announce, of v3 the Session ID."""
    if packet.kind is Kind.L2TP3_DATA:
        return {"l2tp.sid": f"0x{packet.session:08x}"}
    flags = int.from_bytes(packet.octets[:2], "big")
    sequenced = packet.ns >= 0
    return {
        "l2tp.flags": f"0x{flags:04x}",
        "l2tp.version": str(flags & 15),
        "l2tp.length": str(int.from_bytes(packet.octets[2:4], "big")) if flags & 0x4000 else "",
        "l2tp.tunnel": str(packet.tunnel),
        "l2tp.session": str(packet.session),
        "l2tp.Ns": str(packet.ns) if sequenced else "",
        "l2tp.Nr": str(packet.nr) if sequenced else "",
    }


PPP_OPTIONS = ("lcp", "ipcp", "ipv6cp", "ccp", "bcp_ncp.lcp", "bacp", "cbcp")
"""Wireshark has the options of each protocol in fields of their own."""
PPP_HEADERS = {PAP: "pap.{}", CHAP: "chap.{}", EAP: "eap.{}"}
PPP_SHORT = {"identifier": "id", "length": "len"}
"""What EAP's fields are called."""
PPP_NUMBERS = ("code", "identifier", "length")


def ppp_field(protocol: int, name: str) -> str:
    """The field that has the code, identifier or length of a protocol."""
    return PPP_HEADERS.get(protocol, "ppp.{}").format(PPP_SHORT.get(name, name) if protocol == EAP else name)


PPP_FIELDS = [
    "ppp.protocol",
    *dict.fromkeys(ppp_field(protocol, name) for protocol in (0, *PPP_HEADERS) for name in PPP_NUMBERS),
    *(f"{option}.opt.{name}" for option in PPP_OPTIONS for name in ("type", "length")),
]


def ppp(frame: PppFrame) -> Fields:
    """Protocol, code, identifier, length, and type and length of each option, of a PPP frame."""
    packet = frame.packet
    if packet is None or packet.code < 0:
        return {"ppp": str(frame.protocol), **dict.fromkeys((*PPP_NUMBERS, "options"), "")}
    options = " ".join(f"{option.type}/{option.octets}" for option in packet.options)
    numbers = {name: str(getattr(packet, name)) for name in PPP_NUMBERS}
    return {"ppp": str(frame.protocol), **numbers, "options": options}


def wiresharks_ppp(row: Fields) -> Fields:
    """The same of Wireshark's fields: of the PPP inside L2TP, where L2TP itself is inside PPP."""
    before, tunnelled, _ = row["frame.protocols"].partition("l2tp")
    which = before.count("ppp:") if tunnelled else 0
    protocols = row["ppp.protocol"].split(",")
    protocol = int(protocols[which], 0) if which < len(protocols) and protocols[which] else -1
    head = [row[ppp_field(protocol, name)].split(",", maxsplit=1)[0] for name in PPP_NUMBERS]
    numbers = {name: str(int(value, 0)) if value else "" for name, value in zip(PPP_NUMBERS, head, strict=True)}
    pairs = (zip(row[f"{name}.opt.type"].split(","), row[f"{name}.opt.length"].split(","), strict=False) for name in PPP_OPTIONS)
    return {"ppp": str(protocol), **numbers, "options": " ".join(f"{kind}/{size}" for pair in pairs for kind, size in pair if kind)}


IKE_NUMBERS = ("exchangetype", "flags", "messageid", "length", "version")
IKE_FIELDS = [
    "isakmp.ispi",
    "isakmp.rspi",
    *(f"isakmp.{name}" for name in IKE_NUMBERS),
    "isakmp.typepayload",
    "isakmp.vid_bytes",
    "isakmp.notify.msgtype",
    "isakmp.frag.packetid",
    "isakmp.frag.seq",
    "isakmp.frag.number",
    "isakmp.frag.total",
]


def first(values: str) -> str:
    """That of the outer message: after the last Cisco fragment Wireshark tells the message put together as well."""
    return values.split(",", maxsplit=1)[0]


def kinds(message: IkeMessage) -> list[int]:
    """All payload types, with those of proposals (2) and transforms (3), in order of number: Wireshark tells them by depth."""
    found = []
    for payload in message.payloads:
        found.append(payload.kind)
        if isinstance(payload, SecurityAssociation):
            found += [2] * len(payload.proposals) + [3] * sum(len(proposal.transforms) for proposal in payload.proposals)
    return sorted(found)


def wiresharks_ike(row: Fields) -> dict[str, object]:
    """The fields of IKE that are compared, as Wireshark has them."""
    return {
        "initiator_spi": first(row["isakmp.ispi"]),
        "responder_spi": first(row["isakmp.rspi"]),
        **{name: int(first(row[f"isakmp.{name}"]) or "-1", 0) for name in IKE_NUMBERS},
        "payloads": sorted(int(kind) for kind in row["isakmp.typepayload"].split(",") if kind),
        "vendor_ids": row["isakmp.vid_bytes"],
        "notifies": row["isakmp.notify.msgtype"],
        "fragment": (row["isakmp.frag.packetid"], row["isakmp.frag.seq"] or row["isakmp.frag.number"], row["isakmp.frag.total"]),
    }


def ike(message: IkeMessage) -> dict[str, object]:
    """The same fields, as decoded."""
    piece = next((payload for payload in message.payloads if isinstance(payload, Fragment)), None)
    identifier, number, total = ("", "", "")
    if piece is not None:
        number = str(piece.number)
        identifier, total = (f"0x{piece.identifier:04x}", "") if message.major == 1 else ("", str(piece.total))
    return {
        "initiator_spi": f"{message.initiator_spi:016x}",
        "responder_spi": f"{message.responder_spi:016x}",
        "exchangetype": message.exchange,
        "flags": message.flags,
        "messageid": message.message_id,
        "length": message.length,
        "version": message.major << 4 | message.minor,
        "payloads": kinds(message),
        "vendor_ids": ",".join(payload.octets_sent.hex() for payload in message.payloads if isinstance(payload, VendorId)),
        "notifies": ",".join(str(int(payload.type)) for payload in message.payloads if isinstance(payload, Notify)),
        "fragment": (identifier, number, total),
    }


def ike_message(packet: Packet) -> IkeMessage:
    """The IKE message in a packet."""
    return decode_ike(*ike_of(packet))


ESP_FIELDS = {Kind.ESP: ("esp.spi", "esp.sequence"), Kind.AH: ("ah.spi", "ah.sequence")}
CONTROL_FIELDS = ["l2tp.flags", "l2tp.version", "l2tp.length", "l2tp.Ns", "l2tp.Nr", "l2tp.ccid", "l2tp.tunnel", "l2tp.session", "l2tp.sid"]
AVP_FIELDS = [
    f"l2tp.avp.{name}" for name in ("message_type", "type", "vendor_id", "length", "mandatory", "hidden", "ciscotype", "cablelabstype")
]
FIELDS = list(
    dict.fromkeys(
        ["frame.number", "frame.protocols", "udp.length", "_ws.malformed", *CONTROL_FIELDS, *AVP_FIELDS, *SEEN, *PPP_FIELDS, *IKE_FIELDS]
        + [*AVP_VALUES, *PPP_VALUES, *IKE_VALUE_FIELDS]
        + [name for pair in ESP_FIELDS.values() for name in pair]
    )
)
"""Everything that is asked of Wireshark."""
