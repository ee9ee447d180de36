"""Values of AVPs that are more than a number, a text or octets: what `formats.py` reads."""

from __future__ import annotations

from typing import NamedTuple

from l2tpscope.wire.l2tp.codes import (
    AccessDataLink,
    AccessEncapsulation1,
    AccessEncapsulation2,
    AtmAlarmReason,
    AtmAlarmType,
    DigestType,
    FailoverBits,
    HoldTimeout,
    VccvChannelBits,
    VccvVerificationBits,
)
from l2tpscope.wire.l2tp.results import DisconnectCause


class ResultCode(NamedTuple):
    """Why a tunnel or a session ended (RFC 2661 §4.4.2)."""

    result: int
    error: int | None
    """None: the short form, 2 octets, which is legal."""
    message: str | None
    swapped: bool = False
    """Sent with its octets swapped, as Apple's pppd does; `result` and `error` are as they were meant."""


class ProtocolVersion(NamedTuple):
    """RFC 2661 §4.4.3: version 1 although the header says 2."""

    version: int
    revision: int


class Q931Cause(NamedTuple):
    """RFC 2661 §4.4.4."""

    cause: int
    message_type: int
    advisory: str


class PppDisconnectCause(NamedTuple):
    """RFC 3145 §2."""

    code: DisconnectCause
    protocol: int
    """PPP protocol number of what failed, 0 for a global cause."""
    direction: int
    message: str


class CallErrors(NamedTuple):
    """Counters since the call began; v3 has no CRC and framing errors (RFC 2661 §4.4.6, RFC 3931 §5.4.5)."""

    crc: int | None
    framing: int | None
    hardware_overruns: int
    buffer_overruns: int
    timeouts: int
    alignment: int


class Accm(NamedTuple):
    """RFC 2661 §4.4.6."""

    send: int
    receive: int


class VpiVci(NamedTuple):
    """RFC 3301 §5."""

    vpi: int
    vci: int


class ModemHold(NamedTuple):
    """RFC 3573 §4.2."""

    held: bool
    timeout: HoldTimeout


class PppoeRelay(NamedTuple):
    """A PPPoE discovery packet with its Ethernet addresses (RFC 3817 §4)."""

    destination: bytes
    source: bytes
    pad: bytes
    """From EtherType or the PPPoE header on: RFC 3817 does not show which."""


class ExtendedVendor(NamedTuple):
    """An AVP of a vendor whose number needs 32 bits (RFC 3931 §5.1.1)."""

    vendor: int
    type: int
    raw: bytes


class Digest(NamedTuple):
    """RFC 3931 §5.4.1."""

    type: DigestType
    digest: bytes


class FailoverCapability(NamedTuple):
    """RFC 4951 §5.1."""

    capable: FailoverBits
    recovery_ms: int


class TunnelRecovery(NamedTuple):
    """RFC 4951 §5.2."""

    tunnel: int
    remote_tunnel: int


class SuggestedSequence(NamedTuple):
    """RFC 4951 §5.3."""

    ns: int
    nr: int


class FailoverSession(NamedTuple):
    """RFC 4951 §5.4."""

    local_session: int
    remote_session: int


class AtmAlarm(NamedTuple):
    """RFC 4454 §8.1."""

    reason: AtmAlarmReason
    alarm: AtmAlarmType


class Vccv(NamedTuple):
    """RFC 5085 §6.3."""

    channels: VccvChannelBits
    verification: VccvVerificationBits


class ConnectSpeeds(NamedTuple):
    """RFC 5515 §6.1, in bit/s."""

    remote_session: int
    transmit: int
    receive: int


class TdmPseudowire(NamedTuple):
    """RFC 5611 §2.1."""

    signalling: int
    cas: int
    bit_rate: int
    """In units of 64 kbit/s."""
    payload_octets: int


class Rtp(NamedTuple):
    """RFC 5611 §2.2."""

    differential: bool
    payload_type: int
    header_compressed: bool
    clock_khz8: int
    """In units of 8 kHz."""
    ssrc: int


class SwitchingPoint(NamedTuple):
    """One sub-TLV of RFC 6073 §8.6."""

    type: int
    raw: bytes


class AccessLoop(NamedTuple):
    """RFC 5515 §5.17."""

    data_link: AccessDataLink
    encapsulation1: AccessEncapsulation1
    encapsulation2: AccessEncapsulation2


class MulticastGroup(NamedTuple):
    """DEPI: whom to join or leave; IPv4 addresses stand left in their 16 octets."""

    source: bytes
    group: bytes
