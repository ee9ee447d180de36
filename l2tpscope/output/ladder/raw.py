"""raw: a decoded message in lines: every AVP, payload and option, and what is odd about it. Nothing is escaped here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from enum import Enum
from typing import Any

from l2tpscope.wire.ike import IkeMessage, exchange_name, offered
from l2tpscope.wire.ike.payloads import Payload, SecurityAssociation
from l2tpscope.wire.l2tp import Avp, ControlMessage
from l2tpscope.wire.ppp import PppFrame

NOT_KEPT = "nothing more than the header"
MOST_OCTETS = 48
"""Of a value that is octets; more are counted."""
MOST_ITEMS = 64
"""Of a list in a value."""
DEEPEST = 4
MASKED = "not shown (--show-secrets)"
OF_PAYLOAD = ("kind", "octets", "proposals", "whole")
"""What the line says already, or `offered` says better."""


def of_control(message: ControlMessage | None, *, show_secrets: bool) -> list[str]:
    """A control message of L2TP, an AVP a line."""
    if message is None:
        return [NOT_KEPT]
    bits = " ".join(
        name for bit, name in ((0x8000, "T"), (0x4000, "L"), (0x0800, "S"), (0x0200, "O"), (0x0100, "P")) if message.flags & bit
    )
    where = (
        f"Tunnel ID {message.tunnel}, Session ID {message.session}" if message.version == 2 else f"Control Connection ID {message.tunnel}"
    )
    head = f"L2TPv{message.version} {message.label}: flags {bits}, Length {message.length}, {where}, Ns {message.ns}, Nr {message.nr}"
    return [head, *(_avp(avp, show_secrets) for avp in message.avps), *_odd(message.anomalies)]


def _avp(avp: Avp, show_secrets: bool) -> str:
    bits = ("M" if avp.mandatory else "-") + ("H" if avp.hidden else "-")
    if avp.secret and not show_secrets:
        value = f"{len(avp.raw)} octets, {MASKED}"
    elif avp.value is None:
        value = f"hidden, {len(avp.raw)} octets" if avp.hidden else f"unreadable: {octets(avp.raw)}"
    else:
        value = words(avp.value)
    return f"{bits} {avp.name} ({avp.type}): {value}"


def of_ike(message: IkeMessage | None) -> list[str]:
    """An IKE message, a payload a line; of an SA also what it offers or chooses."""
    if message is None:
        return [NOT_KEPT]
    spis = f"initiator SPI {message.initiator_spi:016x}, responder SPI {message.responder_spi:016x}"
    rest = f"flags 0x{message.flags:02x}, Message ID 0x{message.message_id:08x}, Length {message.length}"
    lines = [f"IKEv{message.major} {exchange_name(message.major, message.exchange)}: {spis}, {rest}"]
    for payload, name in zip(message.payloads, message.payload_names, strict=True):
        lines.append(f"{name} ({payload.kind}), {payload.octets} octets" + _payload(payload))
        if isinstance(payload, SecurityAssociation):
            lines += [f"  {line}" for line in offered(message)[:MOST_ITEMS]]
    if message.encrypted:
        lines.append("the rest is encrypted")
    return lines + _odd(message.anomalies)


def _payload(payload: Payload) -> str:
    values = [(each.name, getattr(payload, each.name)) for each in fields(payload) if each.name not in OF_PAYLOAD]
    told = ", ".join(f"{name} {words(value)}" for name, value in values if value not in (None, b"", ()))
    return f": {told}" if told else ""


def of_ppp(frame: PppFrame | None, *, show_secrets: bool) -> list[str]:
    """A PPP control packet, an option or field a line."""
    packet = frame.packet if frame is not None else None
    if frame is None or packet is None:
        return [NOT_KEPT]
    name = f"{frame.protocol_name} (0x{frame.protocol & 0xFFFF:04x}) {packet.code_name}"
    lines = [f"PPP {name}: Identifier {packet.identifier}, Length {packet.length}"]
    lines += [f"{option.name} ({option.type}): {option.value or words(option.raw)}" for option in packet.options[:MOST_ITEMS]]
    lines += [str(value) for value in packet.values[:MOST_ITEMS]]
    told = (("magic", None if packet.magic is None else f"0x{packet.magic:08x}"), ("rejects", packet.rejected))
    lines += [f"{what} {value}" for what, value in told if value is not None]
    lines += [f"{what} {words(value)}" for what, value in (("name", packet.peer), ("text", packet.text)) if value is not None]
    if packet.secret is not None:
        lines.append(f"secret: {octets(packet.secret)}" if show_secrets else f"secret: {len(packet.secret)} octets, {MASKED}")
    return lines + _odd(frame.anomalies)


def _odd(anomalies: tuple[Any, ...]) -> list[str]:
    return [f"! {anomaly}" for anomaly in anomalies]


def words(value: Any, depth: int = DEEPEST) -> str:
    """A value in words: names of numbers, octets in hex, fields with their names."""
    if isinstance(value, Enum):
        return f"{getattr(value, 'label', value.name)} ({value.value})"
    if isinstance(value, bytes):
        return octets(value)
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, tuple | list) and depth:
        return ", ".join(_items(value, depth - 1)) or "nothing"
    return str(value) if isinstance(value, int | float | bool) else type(value).__name__ if value is not None else "none"


def _items(value: Any, depth: int) -> Iterator[str]:
    names = getattr(value, "_fields", None)
    for at, item in enumerate(value[:MOST_ITEMS]):
        if names is None:
            yield words(item, depth)
        elif item is not None:
            yield f"{names[at]} {words(item, depth)}"
    if len(value) > MOST_ITEMS:
        yield f"and {len(value) - MOST_ITEMS} more"


def octets(raw: bytes) -> str:
    """In hex, the first of them where they are many."""
    if not raw:
        return "empty"
    return raw[:MOST_OCTETS].hex() + (f"… ({len(raw)} octets)" if len(raw) > MOST_OCTETS else "")
