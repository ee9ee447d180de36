"""More of what we decode, in Wireshark's names: values of AVPs that are rare, what IKE offers and says, values of PPP."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import IPv4Address
from typing import Any

from l2tpscope.wire.ike import IkeMessage, Notify
from l2tpscope.wire.ike.message import GENERIC
from l2tpscope.wire.ike.payloads import Delete, Identification, KeyExchange, NatD, Proposal, SecurityAssociation
from l2tpscope.wire.ike.transforms import GROUPS
from l2tpscope.wire.l2tp import ControlMessage
from l2tpscope.wire.ppp import PppFrame
from l2tpscope.wire.ppp.packet import PppPacket
from l2tpscope.wire.ppp.protocols import CCP, CHAP, IPCP, LCP, PAP

Fields = dict[str, str]
Show = Callable[[Any], str]


def of(vendor: int, attribute: int, show: Show = str) -> Callable[[ControlMessage], str]:
    """All values of one attribute, as Wireshark would print them; what shows as nothing is not there."""
    key = vendor << 16 | attribute
    return lambda message: ",".join(
        text for avp in message.avps if avp.key == key and avp.value is not None if (text := show(avp.value)) != ""
    )


def _bit(number: int) -> Show:
    return lambda value: str(value >> number & 1)


def _part(name: str) -> Show:
    return lambda value: "" if (part := getattr(value, name)) is None else str(int(part)) if isinstance(part, int) else part


def _octets(value: Any) -> str:
    return (value.encode() if isinstance(value, str) else value).hex()


BROADBAND = 3561
RATES = ("actual", "minimum", "attainable", "maximum")
AVP_VALUES: dict[str, Callable[[ControlMessage], str]] = {
    "l2tp.avp.error_message": of(0, 1, _part("message")),
    "l2tp.avp.protocol_version": of(0, 2, _part("version")),
    "l2tp.avp.protocol_revision": of(0, 2, _part("revision")),
    "l2tp.avp.async_framing_supported": of(0, 3, _bit(1)),
    "l2tp.avp.sync_framing_supported": of(0, 3, _bit(0)),
    "l2tp.avp.analog_access_supported": of(0, 4, _bit(1)),
    "l2tp.avp.digital_access_supported": of(0, 4, _bit(0)),
    "l2tp.avp.cause_code": of(0, 12, _part("cause")),
    "l2tp.avp.cause_msg": of(0, 12, _part("message_type")),
    "l2tp.avp.advisory_msg": of(0, 12, _part("advisory")),
    "l2tp.avp.minimum_bps": of(0, 16),
    "l2tp.avp.maximum_bps": of(0, 17),
    "l2tp.avp.analog_bearer_type": of(0, 18, _bit(1)),
    "l2tp.avp.digital_bearer_type": of(0, 18, _bit(0)),
    "l2tp.avp.called_number": of(0, 21),
    "l2tp.avp.calling_number": of(0, 22),
    "l2tp.avp.sub_address": of(0, 23),
    "l2tp.avp.physical_channel": of(0, 25),
    "l2tp.avp.initial_received_lcp_confreq": of(0, 26, _octets),
    "l2tp.avp.last_sent_lcp_confreq": of(0, 27, _octets),
    "l2tp.avp.last_received_lcp_confreq": of(0, 28, _octets),
    "l2tp.avp.proxy_authen_name": of(0, 30, lambda value: value if isinstance(value, str) else value.decode("utf-8", "replace")),
    "l2tp.avp.proxy_authen_challenge": of(0, 31, _octets),
    "l2tp.avp.proxy_authen_id": of(0, 32),
    "l2tp.avp.proxy_authen_response": of(0, 33, _octets),
    "l2tp.avp.crc_errors": of(0, 34, _part("crc")),
    "l2tp.avp.framing_errors": of(0, 34, _part("framing")),
    "l2tp.avp.hardware_overruns": of(0, 34, _part("hardware_overruns")),
    "l2tp.avp.buffer_overruns": of(0, 34, _part("buffer_overruns")),
    "l2tp.avp.time_out_errors": of(0, 34, _part("timeouts")),
    "l2tp.avp.alignment_errors": of(0, 34, _part("alignment")),
    "l2tp.avp.send_accm": of(0, 35, _part("send")),
    "l2tp.avp.receive_accm": of(0, 35, _part("receive")),
    "l2tp.avp.private_group_id": of(0, 37, _octets),
    "l2tp.avp.disconnect_code": of(0, 46, _part("code")),
    "l2tp.avp.control_protocol_number": of(0, 46, _part("protocol")),
    "l2tp.avp.cause_code_direction": of(0, 46, _part("direction")),
    "l2tp.avp.cause_code_message": of(0, 46, _part("message")),
    "l2tp.avp.preferred_language": of(0, 72),
    "l2tp.avp.tx_connect_speed_v3": of(0, 74),
    "l2tp.avp.rx_connect_speed_v3": of(0, 75),
    "l2tp.broadband.agent_circuit_id": of(BROADBAND, 1),
    "l2tp.broadband.agent_remote_id": of(BROADBAND, 2),
    **{
        f"l2tp.broadband.{rate}_dr_{way}": of(BROADBAND, 129 + 2 * number + (way == "down"))
        for number, rate in enumerate(RATES)
        for way in ("up", "down")
    },
    **{
        f"l2tp.broadband.{delay}_interleaving_delay_{way}": of(BROADBAND, 139 + number)
        for number, (way, delay) in enumerate((way, delay) for way in ("up", "down") for delay in ("maximum", "actual"))
    },
    "l2tp.broadband.access_loop_encapsulation.data_link": of(BROADBAND, 144, lambda value: f"0x{int(value.data_link):02x}"),
    "l2tp.broadband.access_loop_encapsulation.enc1": of(BROADBAND, 144, lambda value: f"0x{int(value.encapsulation1):02x}"),
    "l2tp.broadband.access_loop_encapsulation.enc2": of(BROADBAND, 144, lambda value: f"0x{int(value.encapsulation2):02x}"),
    "l2tp.broadband.ancp_access_line_type": of(BROADBAND, 145, lambda value: f"0x{int(value):08x}"),
}
SECRETS = ("pap.password", "chap.value", "l2tp.avp.proxy_authen_challenge", "l2tp.avp.proxy_authen_response")

# ---- IKE

TRANSFORMS = {1: "encr", 2: "prf", 3: "integ", 4: "dh", 5: "esn"}
"""Of IKEv2, by their type (RFC 7296 §3.3.2)."""
LONGEST = 16
"""Hex digits of an attribute that is a number, for us."""
IDENTITIES = ("isakmp.id.data.ipv4_addr", "isakmp.id.data.fqdn", "isakmp.id.data.user_fqdn")
ID_NAMES = ("IPV4_ADDR", "FQDN", "USER_FQDN")
NESTED = ("2", "3")
"""Types of proposals and transforms."""
NOTHING = "<MISSING>"
"""Wireshark's word for octets of which there are none."""
IKE_VALUE_FIELDS = [
    *("isakmp.sa.doi", "isakmp.prop.number", "isakmp.prop.protoid", "isakmp.prop.transforms", "isakmp.trans.id", "isakmp.tf.type"),
    *(f"isakmp.tf.id.{name}" for name in TRANSFORMS.values()),
    *("isakmp.ike.attr.type", "isakmp.ike.attr.value", "isakmp.ike2.attr.type", "isakmp.ike2.attr.value"),
    *("isakmp.id.protoid", "isakmp.id.port", *IDENTITIES),
    *("isakmp.payloadlength", "isakmp.spi", "isakmp.key_exchange.dh_group"),
    *("isakmp.ike.nat_hash", "isakmp.notify.data", "isakmp.notify.protoid", "isakmp.delete.protoid", "isakmp.delete.spi"),
]


def wiresharks_ike_values(row: Fields) -> dict[str, object]:
    """What Wireshark reads in the payloads."""
    pairs = [
        (int(kind), int(value, 16))
        for version in ("ike", "ike2")
        for kind, value in zip(_some(row[f"isakmp.{version}.attr.type"]), _some(row[f"isakmp.{version}.attr.value"]), strict=False)
        if len(value) <= LONGEST
    ]
    names = ("number", "protoid", "transforms")
    kinds, lengths = _some(row["isakmp.typepayload"]), _some(row["isakmp.payloadlength"])
    return {
        "lengths": [int(length) for kind, length in zip(kinds, lengths, strict=False) if kind not in NESTED],
        "spis": sorted(_some(row["isakmp.spi"])),
        "groups": [GROUPS.get(int(group), f"group {group}") for group in _some(row["isakmp.key_exchange.dh_group"])],
        "doi": row["isakmp.sa.doi"],
        "proposals": [tuple(map(int, one)) for one in zip(*(_some(row[f"isakmp.prop.{name}"]) for name in names), strict=False)],
        "transforms": row["isakmp.trans.id"] or row["isakmp.tf.type"],
        "algorithms": {name: row[f"isakmp.tf.id.{name}"] for name in TRANSFORMS.values() if row[f"isakmp.tf.id.{name}"]},
        "attributes": sorted(pairs),
        "identities": [row["isakmp.id.protoid"], row["isakmp.id.port"], *(row[name] for name in IDENTITIES if row[name])],
        "nat_hashes": row["isakmp.ike.nat_hash"],
        "notify_data": row["isakmp.notify.data"],
        "notify_protocols": row["isakmp.notify.protoid"],
        "deleted": [row["isakmp.delete.protoid"], row["isakmp.delete.spi"]],
    }


def ike_values(message: IkeMessage) -> dict[str, object]:
    """The same of ours."""
    associations = [payload for payload in message.payloads if isinstance(payload, SecurityAssociation)]
    proposals = [proposal for one in associations for proposal in one.proposals]
    transforms = [transform for proposal in proposals for transform in proposal.transforms]
    identities = [payload for payload in message.payloads if isinstance(payload, Identification)]
    notifies = [payload for payload in message.payloads if isinstance(payload, Notify)]
    deletes = [payload for payload in message.payloads if isinstance(payload, Delete)]
    spis = [one.spi for one in proposals] + [one.spi for one in notifies]
    return {
        "lengths": [payload.octets + GENERIC for payload in message.payloads],
        "spis": sorted(spi.hex() for spi in spis if spi),
        "groups": [payload.group for payload in message.payloads if isinstance(payload, KeyExchange) and payload.group is not None],
        "doi": _joined(one.doi for one in associations if one.doi is not None),
        "proposals": [(one.number, one.protocol, len(one.transforms)) for one in proposals],
        "transforms": _joined(one.identifier if message.major == 1 else one.kind for one in transforms),
        "algorithms": _algorithms(proposals),
        "attributes": sorted(pair for one in transforms for pair in one.attributes),
        "identities": [
            _joined(one.protocol for one in identities),
            _joined(one.port for one in identities),
            *(one.text for one in identities if one.type in ID_NAMES and one.text),
        ],
        "nat_hashes": _joined(payload.digest.hex() for payload in message.payloads if isinstance(payload, NatD)),
        "notify_data": _joined(one.data.hex() or NOTHING for one in notifies),
        "notify_protocols": _joined(one.protocol for one in notifies),
        "deleted": [_joined(one.protocol for one in deletes), _joined(spi.hex() for one in deletes for spi in one.spis)],
    }


def _algorithms(proposals: Iterable[Proposal]) -> Fields:
    found: dict[str, list[int]] = {}
    for transform in (transform for proposal in proposals for transform in proposal.transforms):
        if transform.kind in TRANSFORMS:
            found.setdefault(TRANSFORMS[transform.kind], []).append(transform.identifier)
    return {name: _joined(found[name]) for name in TRANSFORMS.values() if name in found}


def _some(text: str) -> list[str]:
    return text.split(",") if text else []


def _joined(values: Iterable[object]) -> str:
    return ",".join(map(str, values))


# ---- PPP


def _option(protocol: int, kind: int, show: Show) -> Callable[[int, PppPacket], str]:
    """The numbers of an option, as Wireshark would print them."""
    return lambda of_protocol, packet: (
        _joined(show(option.number) for option in packet.options if option.type == kind and option.number is not None)
        if of_protocol == protocol
        else ""
    )


CALLBACK = 13


def _address(number: int) -> str:
    return str(IPv4Address(number))


PPP_VALUES: dict[str, Callable[[int, PppPacket], str]] = {
    "lcp.opt.mru": _option(LCP, 1, str),
    "lcp.opt.asyncmap": _option(LCP, 2, lambda number: f"0x{number:08x}"),
    "lcp.opt.auth_protocol": _option(LCP, 3, lambda number: f"0x{number:04x}"),
    "lcp.opt.magic_number": _option(LCP, 5, lambda number: f"0x{number:08x}"),
    "lcp.opt.operation": lambda protocol, packet: (
        _joined(option.raw[0] for option in packet.options if option.type == CALLBACK and option.raw) if protocol == LCP else ""
    ),
    "lcp.opt.mrru": _option(LCP, 17, str),
    # That in a Terminate is Windows', and Wireshark takes it for data.
    "lcp.magic_number": lambda protocol, packet: (
        f"0x{packet.magic:08x}" if protocol == LCP and packet.magic is not None and not packet.code_name.startswith("Terminate") else ""
    ),
    "lcp.rej_proto": lambda protocol, packet: (
        f"0x{packet.rejected:04x}" if protocol == LCP and packet.code_name == "Protocol-Reject" and packet.rejected is not None else ""
    ),
    "ipcp.opt.ip_address": _option(IPCP, 3, _address),
    "ipcp.opt.pri_dns_address": _option(IPCP, 129, _address),
    "ipcp.opt.pri_nbns_address": _option(IPCP, 130, _address),
    "ipcp.opt.sec_dns_address": _option(IPCP, 131, _address),
    "ipcp.opt.sec_nbns_address": _option(IPCP, 132, _address),
    "ccp.opt.supported_bits": _option(CCP, 18, lambda number: f"0x{number:08x}"),
    "pap.peer_id": lambda protocol, packet: packet.peer or "" if protocol == PAP else "",
    "pap.message": lambda protocol, packet: packet.text or "" if protocol == PAP else "",
    "pap.password": lambda protocol, packet: (packet.secret or b"").decode("utf-8", "replace") if protocol == PAP else "",
    "chap.value": lambda protocol, packet: (packet.secret or b"").hex() if protocol == CHAP and packet.peer is not None else "",
    "chap.message": lambda protocol, packet: packet.text or "" if protocol == CHAP else "",
    "lcp.message": lambda protocol, packet: packet.text or "" if protocol == LCP and packet.code_name == "Identification" else "",
    "chap.name": lambda protocol, packet: packet.peer or "" if protocol == CHAP else "",
    "chap.value_size": lambda protocol, packet: str(size) if protocol == CHAP and (size := packet.get("value_octets")) is not None else "",
}
"""By field, what we have of it."""


def wiresharks_ppp_values(row: Fields) -> Fields:
    """The same of Wireshark's; of MS-CHAP's message what stands behind its M=, which is the text (RFC 2759 §5)."""
    message = row["chap.message"]
    text = message.partition(" M=")[2] if message[:2] in ("S=", "E=") else message
    return {name: row[name] for name in PPP_VALUES} | {"chap.message": text}


def ppp_values(frame: PppFrame) -> Fields:
    """Values of options, names and messages of a PPP frame."""
    packet = frame.packet
    if packet is None or packet.code < 0:
        return dict.fromkeys(PPP_VALUES, "")
    return {name: show(frame.protocol, packet) for name, show in PPP_VALUES.items()}
