"""Formats of AVP values: each reads its value from a Reader, and must leave nothing over.

A row of the AVP table names its format; `FORMATS` has them all. A format raises `Short` where octets are missing and
`Invalid` where a value is one that the RFC forbids; `avp.py` turns both into an anomaly.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from l2tpscope.wire.l2tp import codes
from l2tpscope.wire.l2tp.results import DisconnectCause
from l2tpscope.wire.l2tp.values import (
    AccessLoop,
    Accm,
    AtmAlarm,
    CallErrors,
    ConnectSpeeds,
    Digest,
    ExtendedVendor,
    FailoverCapability,
    FailoverSession,
    ModemHold,
    MulticastGroup,
    PppDisconnectCause,
    PppoeRelay,
    ProtocolVersion,
    Q931Cause,
    ResultCode,
    Rtp,
    SuggestedSequence,
    SwitchingPoint,
    TdmPseudowire,
    TunnelRecovery,
    Vccv,
    VpiVci,
)
from l2tpscope.wire.reader import Reader, decode_text

Format = Callable[[Reader], Any]


class Invalid(Exception):  # noqa: N818 - what the peer sent, not an error of ours
    """A readable value that the RFC forbids; carries the value, never leaves `wire`."""

    def __init__(self, what: str, value: object) -> None:
        super().__init__(what)
        self.value = value


def read_empty(_reader: Reader) -> bool:
    """A flag: its presence says all."""
    return True


def read_octets1(reader: Reader) -> bytes:
    """One octet or more."""
    return reader.take(max(1, reader.left))


def read_text1(reader: Reader) -> str:
    """Text of one octet or more."""
    return decode_text(read_octets1(reader))


def read_text_or_octets(reader: Reader) -> str | bytes:
    """Opaque octets that most peers fill with text (Remote End ID): text where all of it can be printed."""
    octets = reader.rest()
    text = decode_text(octets)
    return text if text.isprintable() and octets else octets


def read_fixed(size: int) -> Format:
    """Exactly *size* octets."""
    return lambda reader: reader.take(size)


def read_u16_at_least_1(reader: Reader) -> int:
    """A number that must not be 0."""
    value = reader.u16()
    if not value:
        raise Invalid("0 is not allowed", value)
    return value


def read_u16s(reader: Reader) -> tuple[int, ...]:
    """A list of 16-bit numbers."""
    return tuple(reader.u16() for _ in range((reader.left + 1) // 2))


def read_u32s(reader: Reader) -> tuple[int, ...]:
    """A list of 32-bit numbers."""
    return tuple(reader.u32() for _ in range((reader.left + 3) // 4))


def read_octet_pairs(reader: Reader) -> tuple[tuple[int, int], ...]:
    """A list of pairs of octets."""
    return tuple((reader.u8(), reader.u8()) for _ in range((reader.left + 1) // 2))


def read_result(reader: Reader) -> ResultCode:
    """2, 4 or more octets. Apple's host order shows itself: no result code is above 255, and none of its low octets is 0."""
    result = reader.u16()
    error = reader.u16() if reader.left else None
    message = reader.text() or None
    if result and not result & 0xFF:
        swapped_error = None if error is None else (error >> 8 | (error & 0xFF) << 8)
        return ResultCode(result >> 8, swapped_error, message, swapped=True)
    return ResultCode(result, error, message)


def read_protocol_version(reader: Reader) -> ProtocolVersion:
    """Two octets."""
    return ProtocolVersion(reader.u8(), reader.u8())


def read_q931(reader: Reader) -> Q931Cause:
    """3 octets, then text."""
    return Q931Cause(reader.u16(), reader.u8(), reader.text())


def read_ppp_disconnect(reader: Reader) -> PppDisconnectCause:
    """5 octets, then text."""
    return PppDisconnectCause(DisconnectCause(reader.u16()), reader.u16(), reader.u8(), reader.text())


def read_call_errors(reader: Reader) -> CallErrors:
    """6 counters, or 4 as RFC 3931 draws them though its text says 6: by the actual length."""
    reader.take(2)
    crc = framing = None
    if reader.left > 16:
        crc, framing = reader.u32(), reader.u32()
    return CallErrors(crc, framing, reader.u32(), reader.u32(), reader.u32(), reader.u32())


def read_accm(reader: Reader) -> Accm:
    """2 octets reserved, two maps."""
    reader.take(2)
    return Accm(reader.u32(), reader.u32())


def read_vpi_vci(reader: Reader) -> VpiVci:
    """4 bits reserved, 12 bits, 16 bits."""
    return VpiVci(reader.u16() & 0x0FFF, reader.u16())


def read_modem_hold(reader: Reader) -> ModemHold:
    """The high bit, and the low 4."""
    value = reader.u16()
    return ModemHold(bool(value & 0x8000), codes.HoldTimeout(value & 0x000F))


def read_pppoe_relay(reader: Reader) -> PppoeRelay:
    """Two Ethernet addresses, then the packet."""
    return PppoeRelay(reader.take(6), reader.take(6), reader.rest())


def read_extended_vendor(reader: Reader) -> ExtendedVendor:
    """Vendor, type, value."""
    return ExtendedVendor(reader.u32(), reader.u16(), reader.rest())


def read_digest(reader: Reader) -> Digest:
    """A type, then 16 or 20 octets by it; types 0 and 1, whatever the RFC's sentence on the length calls them."""
    kind = codes.DigestType(reader.u8())
    sizes = {codes.DigestType.HMAC_MD5: 16, codes.DigestType.HMAC_SHA1: 20}
    return Digest(kind, reader.take(sizes.get(kind, reader.left)))


def read_cookie(reader: Reader) -> bytes:
    """None, 4 or 8 octets."""
    cookie = reader.rest()
    if len(cookie) not in (0, 4, 8):
        raise Invalid("a cookie has 0, 4 or 8 octets", cookie)
    return cookie


def read_failover_capability(reader: Reader) -> FailoverCapability:
    """Bits and milliseconds."""
    return FailoverCapability(codes.FailoverBits(reader.u16()), reader.u32())


def read_tunnel_recovery(reader: Reader) -> TunnelRecovery:
    """2 octets reserved, two ids."""
    reader.take(2)
    return TunnelRecovery(reader.u32(), reader.u32())


def read_suggested_sequence(reader: Reader) -> SuggestedSequence:
    """2 octets reserved, Ns, Nr."""
    reader.take(2)
    return SuggestedSequence(reader.u16(), reader.u16())


def read_failover_session(reader: Reader) -> FailoverSession:
    """2 octets reserved, two ids."""
    reader.take(2)
    return FailoverSession(reader.u32(), reader.u32())


def read_atm_alarm(reader: Reader) -> AtmAlarm:
    """Reason, alarm."""
    return AtmAlarm(codes.AtmAlarmReason(reader.u16()), codes.AtmAlarmType(reader.u16()))


def read_vccv(reader: Reader) -> Vccv:
    """Two octets of bits."""
    return Vccv(codes.VccvChannelBits(reader.u8()), codes.VccvVerificationBits(reader.u8()))


def read_connect_speeds(reader: Reader) -> ConnectSpeeds:
    """12 octets in v2, 20 in v3: by the actual length."""
    if reader.left > 12:
        return ConnectSpeeds(reader.u32(), reader.u64(), reader.u64())
    reader.take(2)
    return ConnectSpeeds(reader.u16(), reader.u32(), reader.u32())


def read_tdm(reader: Reader) -> TdmPseudowire:
    """SP and CAS are the low 4 bits of the first 16."""
    bits = reader.u16()
    return TdmPseudowire(bits >> 2 & 3, bits & 3, reader.u16(), reader.u16())


def read_rtp(reader: Reader) -> Rtp:
    """D, payload type, C, reserved; clock; SSRC."""
    bits = reader.u16()
    reader.take(2)
    return Rtp(bool(bits & 0x8000), bits >> 8 & 0x7F, bool(bits & 0x0080), reader.u16(), reader.u32())


def read_switching_points(reader: Reader) -> tuple[SwitchingPoint, ...]:
    """Sub-TLVs of one octet each for type and length of the value."""
    points = []
    while reader.left:
        kind, size = reader.u8(), reader.u8()
        points.append(SwitchingPoint(kind, reader.take(size)))
    return tuple(points)


def read_access_loop(reader: Reader) -> AccessLoop:
    """Three octets."""
    return AccessLoop(codes.AccessDataLink(reader.u8()), codes.AccessEncapsulation1(reader.u8()), codes.AccessEncapsulation2(reader.u8()))


def read_line_type(reader: Reader) -> codes.LineType:
    """One octet and three reserved; some senders write a 32-bit number: whichever octet is not 0."""
    octets = reader.take(4)
    first, last = Reader(octets).u8(), Reader(octets, 3).u8()
    return codes.LineType(first or last)


def read_multicast_group(reader: Reader) -> MulticastGroup:
    """2 octets reserved, source, group."""
    reader.take(2)
    return MulticastGroup(reader.take(16), reader.take(16))


FORMATS: dict[str, Format] = {
    "octets": Reader.rest,
    "octets 1+": read_octets1,
    "text": Reader.text,
    "text 1+": read_text1,
    "text or octets": read_text_or_octets,
    "empty": read_empty,
    "u16": Reader.u16,
    "u32": Reader.u32,
    "u64": Reader.u64,
    "u16 not 0": read_u16_at_least_1,
    "u16 list": read_u16s,
    "u32 list": read_u32s,
    "octet pairs": read_octet_pairs,
    "4 octets": read_fixed(4),
    "6 octets": read_fixed(6),
    "8 octets": read_fixed(8),
    "16 octets": read_fixed(16),
    "nsap": read_fixed(20),
    "lcp options": Reader.rest,
    "message type": lambda reader: codes.MessageType(reader.u16()),
    "result": read_result,
    "protocol version": read_protocol_version,
    "framing bits": lambda reader: codes.FramingBits(reader.u32()),
    "bearer bits": lambda reader: codes.BearerBits(reader.u32()),
    "proxy authen type": lambda reader: codes.ProxyAuthenType(reader.u16()),
    "q931": read_q931,
    "call errors": read_call_errors,
    "accm": read_accm,
    "service category": lambda reader: codes.ServiceCategoryBits(reader.u16()),
    "vpi/vci": read_vpi_vci,
    "ppp disconnect": read_ppp_disconnect,
    "phb": Reader.u16,
    "modem hold": read_modem_hold,
    "pppoe relay": read_pppoe_relay,
    "extended vendor": read_extended_vendor,
    "digest": read_digest,
    "pseudowire list": lambda reader: tuple(map(codes.PseudowireType, read_u16s(reader))),
    "pseudowire type": lambda reader: codes.PseudowireType(reader.u16()),
    "cookie": read_cookie,
    "sublayer type": lambda reader: codes.SublayerType(reader.u16()),
    "data sequencing": lambda reader: codes.DataSequencing(reader.u16()),
    "circuit status": lambda reader: codes.CircuitStatusBits(reader.u16()),
    "failover capability": read_failover_capability,
    "tunnel recovery": read_tunnel_recovery,
    "suggested sequence": read_suggested_sequence,
    "failover session": read_failover_session,
    "multicast priority": lambda reader: codes.MulticastPriority(reader.u16()),
    "atm alarm": read_atm_alarm,
    "vccv": read_vccv,
    "connect speeds": read_connect_speeds,
    "tdm": read_tdm,
    "rtp": read_rtp,
    "switching points": read_switching_points,
    "access loop": read_access_loop,
    "line type": read_line_type,
    "multicast group": read_multicast_group,
}
