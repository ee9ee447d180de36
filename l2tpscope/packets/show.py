"""Show: one frame decoded, and where it belongs; as a page of text and as JSON. What it says comes off the wire: renderers escape."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from l2tpscope.analysis.names import endpoint_name
from l2tpscope.frames import Endpoint, Kind
from l2tpscope.output.blocks import Block, Cell
from l2tpscope.output.ladder import raw
from l2tpscope.output.page import Page
from l2tpscope.output.values import milliseconds, rfc3339
from l2tpscope.packets.belonging import Belonging, Place
from l2tpscope.packets.glance import Glance
from l2tpscope.packets.packet import Decoded, Packet
from l2tpscope.report import Report, clean
from l2tpscope.wire.icmp import IcmpError
from l2tpscope.wire.ike import IkeMessage
from l2tpscope.wire.l2f import L2fPacket
from l2tpscope.wire.l2tp import ControlMessage
from l2tpscope.wire.ppp import PppFrame

TITLES = {
    Kind.L2TP2_CONTROL: "L2TPv2 control",
    Kind.L2TP2_DATA: "L2TPv2 data",
    Kind.L2TP3_CONTROL: "L2TPv3 control",
    Kind.L2TP3_DATA: "L2TPv3 data",
    Kind.L2F: "L2F",
    Kind.OPENVPN_1701: "OpenVPN on the port of L2TP",
    Kind.NOT_L2TP_1701: "not L2TP, on its port",
    Kind.IKE: "IKE",
    Kind.ESP: "ESP",
    Kind.AH: "AH",
    Kind.NATT_KEEPALIVE: "NAT keepalive",
    Kind.ICMP_ERROR: "ICMP error",
}
WORDS = {"vpn": "vpn", "tunnel": "tunnel", "session": "session", "ike_sa": "IKE SA", "esp_sa": "ESP SA"}
NOT_OURS = "no L2TP, IKE or ESP in it, or a fragment whose datagram another frame completes"


@dataclass
class Layer:
    """What one packet of the frame says."""

    name: str
    fields: dict[str, Any]
    """Header fields, by name."""
    lines: list[str]
    """All of it in words."""
    belongs: Place
    relations: list[str] = field(default_factory=list)
    """What it answers, repeats, acknowledges; the findings that it shows."""


@dataclass
class Shown:
    """One frame."""

    path: str
    glance: Glance
    layers: list[Layer]
    wireshark: list[str] | None = None
    """Wireshark's decode, line by line; None: not asked for."""
    anonymised: bool = False

    def pieces(self, form: str, page: Page) -> Iterator[bytes]:
        """As a page (`table`) or as JSON."""
        text = json.dumps(self.document(), indent=2) + "\n" if form == "json" else page.render(self.blocks())
        yield text.encode("utf-8", "backslashreplace")

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        glance = self.glance
        made: dict[str, Any] = {
            "schema": "l2tpscope-frame/1",
            "path": clean(self.path),
            "anonymised": self.anonymised,
            "frame": glance.frame,
            "time": rfc3339(glance.time),
            "captured": glance.captured,
            "length": glance.length,
            "headers": [{"header": name, "text": text} for name, text in glance.headers],
            "packets": [
                {
                    "packet": layer.name,
                    "fields": layer.fields,
                    "text": [clean(line) for line in layer.lines],
                    "belongs": layer.belongs._asdict(),
                    "relations": [clean(line) for line in layer.relations],
                }
                for layer in self.layers
            ],
        }
        return made if self.wireshark is None else {**made, "wireshark": [clean(line) for line in self.wireshark]}

    def blocks(self) -> Iterator[Block]:
        """As a page has it."""
        glance = self.glance
        size = f"{glance.length} octets" + (f", {glance.captured} captured" if glance.captured < glance.length else "")
        title = f"frame {glance.frame} of {self.path}: {rfc3339(glance.time)}, {size}{', anonymised' if self.anonymised else ''}"
        yield Block(title, [Cell(f"{name}: {text}") for name, text in glance.headers])
        if not self.layers:
            yield Block(lines=[Cell(NOT_OURS, "dim")])
        for layer in self.layers:
            yield Block(layer.name, [Cell(line, "warn" if line.startswith("!") else "") for line in layer.lines])
            yield Block(f"{layer.name}: where it belongs", [Cell(line) for line in (belongs(layer.belongs), *layer.relations)])
        if self.wireshark is not None:
            yield Block("Wireshark's decode", [Cell(line) for line in self.wireshark])


def belongs(place: Place) -> str:
    """`vpn 1, tunnel 2, session 3`."""
    told = [f"{word} {getattr(place, name)}" for name, word in WORDS.items() if getattr(place, name) is not None]
    return ", ".join(told) or "to nothing that is followed"


def shown(report: Report, glance: Glance, path: str, *, show_secrets: bool) -> Shown:
    """The frame that was glanced at, with what the tables know of it."""
    belonging = Belonging(report)
    layers = [_layer(packet, report, belonging, show_secrets=show_secrets) for packet in glance.packets]
    return Shown(path, glance, layers, anonymised=bool(report.options.get("anonymised")))


def _layer(packet: Packet, report: Report, belonging: Belonging, *, show_secrets: bool) -> Layer:
    place = belonging.of(packet)
    decoded = _revealed(packet, report) or packet.decoded
    relations = [line for table, row in belonging.rows.get((packet.capture, packet.frame), ()) for line in _relations(table, row, report)]
    if packet.duplicate:
        relations.append("a copy that the capture made of an earlier frame")
    relations += [
        f"shows finding {row.finding} ({row.severity}, {row.grade}): {row.summary}"
        for row in report.rows("findings")
        if (packet.frame, packet.capture) in zip(row.evidence, row.evidence_captures, strict=True)
    ]
    fields = {
        "source": endpoint_name(packet.source),
        "destination": endpoint_name(packet.destination),
        "octets": packet.size,
        **_numbers(packet),
        **_structure(decoded),
    }
    return Layer(TITLES.get(packet.kind, packet.kind.name), fields, _lines(packet, decoded, show_secrets), place, relations)


def _revealed(packet: Packet, report: Report) -> ControlMessage | None:
    """The message as the tracker has it, hidden AVPs revealed where the secret was given."""
    if packet.kind not in (Kind.L2TP2_CONTROL, Kind.L2TP3_CONTROL):
        return None
    rows, messages = report.rows("messages"), report.decoded("messages")
    found = (message for row, message in zip(rows, messages, strict=False) if (row.capture, row.frame) == (packet.capture, packet.frame))
    message: ControlMessage | None = next(found, None)
    return message if message is not None and message.ns == packet.ns else None


def _numbers(packet: Packet) -> dict[str, Any]:
    """Header fields that the kind of packet has."""
    match packet.kind:
        case Kind.ESP | Kind.AH:
            return {"spi": f"0x{packet.session:08x}", "sequence": _known(packet.ns)}
        case Kind.L2TP3_DATA:
            return {"session_id": packet.session}
        case Kind.L2TP3_CONTROL:
            return {"control_connection_id": packet.tunnel, "ns": _known(packet.ns), "nr": _known(packet.nr)}
        case Kind.L2TP2_CONTROL | Kind.L2TP2_DATA:
            return {"tunnel_id": packet.tunnel, "session_id": packet.session, "ns": _known(packet.ns), "nr": _known(packet.nr)}
    return {}


def secrets_of(packets: list[Packet]) -> list[bytes]:
    """Passwords, challenges and responses in some packets."""
    found: list[bytes] = []
    for decoded in (packet.decoded for packet in packets):
        if isinstance(decoded, ControlMessage):
            found += [avp.raw for avp in decoded.avps if avp.secret and not avp.hidden]
        elif isinstance(decoded, PppFrame) and decoded.packet is not None and decoded.packet.secret:
            found.append(decoded.packet.secret)
        elif isinstance(decoded, L2fPacket):
            found += [option.value for option in decoded.options if option.kind.secret and isinstance(option.value, bytes)]
    return found


def masked(lines: list[str], secrets: list[bytes]) -> list[str]:
    """Somebody else's decode without the secrets: a line that has one, or eight hex digits of one, ends at its colon."""
    texts = [secret.decode("utf-8", "backslashreplace") for secret in secrets if secret]
    digits = [secret.hex() for secret in secrets]
    made = []
    for line in lines:
        label, _, value = line.partition(":")
        tokens = re.findall(r"[0-9a-f]{4,}", value.replace(":", "").lower())
        told = any(text in value for text in texts) or any(token in one for token in tokens for one in digits)
        made.append(f"{label}: {raw.MASKED}" if told else line)
    return made


def _known(number: int) -> int | None:
    return number if number >= 0 else None


def _structure(decoded: Decoded) -> dict[str, Any]:
    """What it is made of: AVPs, payloads, options; their values are in the lines, without secrets."""
    if isinstance(decoded, ControlMessage):
        names = ("vendor", "type", "name", "mandatory", "hidden", "octets")
        return {"message": decoded.label, "avps": [{name: getattr(avp, name) for name in names} for avp in decoded.avps]}
    if isinstance(decoded, IkeMessage):
        pairs = zip(decoded.payload_names, decoded.payloads, strict=True)
        payloads = [{"name": name, "type": payload.kind, "octets": payload.octets} for name, payload in pairs]
        return {
            "initiator_spi": f"{decoded.initiator_spi:016x}",
            "responder_spi": f"{decoded.responder_spi:016x}",
            "exchange_type": decoded.exchange,
            "message_id": decoded.message_id,
            "flags": decoded.flags,
            "length": decoded.length,
            "payloads": payloads,
        }
    if isinstance(decoded, PppFrame):
        packet = decoded.packet
        head = {"ppp_protocol": f"0x{decoded.protocol & 0xFFFF:04x}" if decoded.protocol >= 0 else None}
        if packet is None:
            return head
        options = [{"type": option.type, "name": option.name, "octets": option.octets} for option in packet.options]
        return {**head, "code": packet.code, "identifier": packet.identifier, "length": packet.length, "options": options}
    return {}


def _lines(packet: Packet, decoded: Decoded, show_secrets: bool) -> list[str]:
    head = f"{endpoint_name(packet.source)} to {endpoint_name(packet.destination)}, {packet.size} octets"
    if isinstance(decoded, ControlMessage):
        lines = raw.of_control(decoded, show_secrets=show_secrets)
    elif isinstance(decoded, IkeMessage):
        lines = raw.of_ike(decoded)
    elif isinstance(decoded, L2fPacket):
        lines = _l2f(decoded)
    elif isinstance(decoded, IcmpError):
        lines = _icmp(decoded)
    elif isinstance(decoded, PppFrame):
        numbers = f", Ns {packet.ns}, Nr {packet.nr}" if packet.ns >= 0 else ""
        data = f"L2TPv2 data: Tunnel ID {packet.tunnel}, Session ID {packet.session}{numbers}, {packet.body_size} octets of PPP"
        lines = [data, *_ppp(decoded, show_secrets)]
    elif packet.kind in (Kind.ESP, Kind.AH):
        lines = [f"{packet.kind.name}: SPI 0x{packet.session:08x}, Sequence Number {packet.ns if packet.ns >= 0 else 'cut off'}"]
    else:
        lines = [f"L2TPv3 data: Session ID {packet.session}"] if packet.kind is Kind.L2TP3_DATA else []
    return [head, *lines]


def _ppp(frame: PppFrame, show_secrets: bool) -> list[str]:
    if frame.packet is not None:
        return raw.of_ppp(frame, show_secrets=show_secrets)
    number = f" (0x{frame.protocol:04x})" if frame.protocol >= 0 else ""
    return [f"PPP {frame.protocol_name}{number}: {frame.octets} octets", *(f"! {anomaly}" for anomaly in frame.anomalies)]


def _l2f(packet: L2fPacket) -> list[str]:
    header = packet.header
    name = packet.message.name if packet.message is not None else "payload"
    lines = [f"L2F {name}: CLID {header.clid}, MID {header.mid}, Length {header.length}"]
    lines += [f"{option.kind.name}: {raw.MASKED if option.shown is None else raw.words(option.shown)}" for option in packet.options]
    return lines + [f"! {anomaly}" for anomaly in packet.anomalies]


def _icmp(error: IcmpError) -> list[str]:
    lines = [f"ICMP {error.name} (type {error.type}, code {error.code})" + (f", MTU {error.mtu}" if error.mtu is not None else "")]
    if error.quoted is not None:
        quoted = error.quoted
        ends = (Endpoint(quoted.source, quoted.source_port), Endpoint(quoted.destination, quoted.destination_port))
        lines.append(f"quotes {endpoint_name(ends[0])} to {endpoint_name(ends[1])}, protocol {quoted.protocol}, {quoted.octets} octets")
    return lines + [f"! {anomaly}" for anomaly in error.anomalies]


def _relations(table: str, row: Any, report: Report) -> Iterator[str]:
    """How a row stands to others, in words."""
    values = asdict(row)
    name = f"message {row.message}" if table == "messages" else values.get("name") or f"{row.protocol} {row.code}"
    yield f"{name}, {_way(row.direction)}"
    if "fit" in values:
        yield f"fit: {row.fit}"
    for name, words in (("retransmission_of", "sent first in frame"), ("acked_by", "acknowledged by frame"), ("reply_to", "answers frame")):
        if values.get(name) is not None:
            yield f"{words} {values[name]}"
    acknowledged = [one.frame for one in report.rows("messages") if one.acked_by == row.frame and one.capture == row.capture]
    if table == "messages" and acknowledged:
        yield f"the first to acknowledge frame{'s' if len(acknowledged) > 1 else ''} {', '.join(map(str, acknowledged[:12]))}"
    if table == "ike_messages":
        answers = [one.frame for one in report.rows(table) if one.reply_to == row.frame and one.capture == row.capture]
        yield from (f"answered by frame {frame}" for frame in answers[:1])
    for trip in report.rows("rtt"):
        if (trip.capture, trip.frame_reply) == (row.capture, row.frame):
            took = f"{milliseconds(trip.rtt_s)} ms to the {trip.side} ({trip.kind}, {trip.quality})"
            yield f"round trip {took}, asked in frame {trip.frame_request}"
    yield from (f"odd: {anomaly}" for anomaly in row.anomalies)


def _way(direction: str) -> str:
    return direction.replace("_", " the ")
