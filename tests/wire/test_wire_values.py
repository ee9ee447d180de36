"""Values of AVPs: each structured format, read from octets laid out as its RFC draws them."""

from __future__ import annotations

from typing import Any

import pytest

from l2tpscope.core.anomaly import AnomalyKind
from l2tpscope.wire.l2tp import DisconnectCause, ResultCode, codes, values
from l2tpscope.wire.l2tp.avp import read_avp, read_value
from l2tpscope.wire.l2tp.avps import AVPS

CASES: list[tuple[int, str, Any]] = [
    # vendor << 16 | attribute, octets, value
    (0, "000e", codes.MessageType.CDN),
    (1, "0001", ResultCode(1, None, None)),
    (1, "00020004" + b"No available IP address".hex(), ResultCode(2, 4, "No available IP address")),
    (1, "03000000", ResultCode(3, 0, None, swapped=True)),
    (1, "06000600", ResultCode(6, 6, None, swapped=True)),
    (1, "0000060000000000", ResultCode(0, 0x0600, None)),  # SoftEther's
    (2, "0100", values.ProtocolVersion(1, 0)),
    (3, "00000003", 3),
    (5, "0102030405060708", 0x0102030405060708),
    (7, b"macbook\0".hex(), "macbook"),
    (8, "4d6963726f736f6674", "Microsoft"),
    (12, "001005" + b"busy".hex(), values.Q931Cause(16, 5, "busy")),
    (29, "0004", codes.ProxyAuthenType.NO_AUTHENTICATION),
    (34, "0000" + "00000001" * 6, values.CallErrors(1, 1, 1, 1, 1, 1)),
    (34, "0000" + "00000002" * 4, values.CallErrors(None, None, 2, 2, 2, 2)),
    (35, "0000ffffffff000a0000", values.Accm(0xFFFFFFFF, 0x000A0000)),
    (39, "", True),
    (42, "0001", 1),
    (45, "f0230045", values.VpiVci(0x23, 0x45)),
    (46, "0010c223016e6f", values.PppDisconnectCause(DisconnectCause.AUTHENTICATION_FAILED, 0xC223, 1, "no")),
    (54, "8005", values.ModemHold(held=True, timeout=codes.HoldTimeout.MIN_1)),
    (55, "ffffffffffff0200000000011109", values.PppoeRelay(b"\xff" * 6, bytes.fromhex("020000000001"), b"\x11\x09")),
    (58, "0001000000056162", values.ExtendedVendor(0x10000, 5, b"ab")),
    (59, "00" + "11" * 16, values.Digest(codes.DigestType.HMAC_MD5, b"\x11" * 16)),
    (59, "01" + "11" * 20, values.Digest(codes.DigestType.HMAC_SHA1, b"\x11" * 20)),
    (62, "00050004", (codes.PseudowireType.ETHERNET_PORT, codes.PseudowireType.ETHERNET_VLAN)),
    (65, "", b""),
    (65, "01020304", b"\1\2\3\4"),
    (66, "3130", "10"),
    (66, "00000003", b"\0\0\0\3"),
    (68, "0005", codes.PseudowireType.ETHERNET_PORT),
    (69, "0001", codes.SublayerType.DEFAULT),
    (70, "0002", codes.DataSequencing.ALL),
    (71, "0003", 3),
    (74, "0000000005f5e100", 100_000_000),
    (76, "000300001388", values.FailoverCapability(codes.FailoverBits(3), 5000)),
    (77, "00000000000700000009", values.TunnelRecovery(7, 9)),
    (78, "000000050006", values.SuggestedSequence(5, 6)),
    (79, "00000000000700000009", values.FailoverSession(7, 9)),
    (81, "00010002", (1, 2)),
    (84, "0001", codes.MulticastPriority.UNICAST),
    (88, "00020004", values.AtmAlarm(codes.AtmAlarmReason.UNSPECIFIED, codes.AtmAlarmType.LOS)),
    (96, "0101", values.Vccv(codes.VccvChannelBits(1), codes.VccvVerificationBits(1))),
    (97, "00000007000000640000000a", values.ConnectSpeeds(7, 100, 10)),
    (97, "000000070000000000000064000000000000000a", values.ConnectSpeeds(7, 100, 10)),
    (99, "000d00200100", values.TdmPseudowire(3, 1, 32, 256)),
    (100, "e080000000011234abcd", values.Rtp(True, 0x60, True, 1, 0x1234ABCD)),
    (101, "0102abcd0301ff", (values.SwitchingPoint(1, b"\xab\xcd"), values.SwitchingPoint(3, b"\xff"))),
    (102, "0000000100000002", (1, 2)),
    (9 << 16 | 12, "00" + "22" * 16, values.Digest(codes.DigestType.HMAC_MD5, b"\x22" * 16)),
    (311 << 16 | 1, "00112233445566778899aabbccddeeff", bytes.fromhex("00112233445566778899aabbccddeeff")),
    (43 << 16 | 46, "0003000001", values.PppDisconnectCause(DisconnectCause.NORMAL, 0, 1, "")),
    (
        3561 << 16 | 144,
        "010206",
        values.AccessLoop(
            codes.AccessDataLink.ETHERNET, codes.AccessEncapsulation1.SINGLE_TAGGED_ETHERNET, codes.AccessEncapsulation2.EOA_LLC
        ),
    ),
    (3561 << 16 | 145, "05000000", codes.LineType.VDSL2),
    (3561 << 16 | 145, "00000005", codes.LineType.VDSL2),
    (4491 << 16 | 11, "0000" + "01" * 16 + "02" * 16, values.MulticastGroup(b"\1" * 16, b"\2" * 16)),
    (4491 << 16 | 14, "01020304", ((1, 2), (3, 4))),
    (4491 << 16 | 15, "000c000d", (12, 13)),
]


@pytest.mark.parametrize(("key", "octets", "expected"), CASES, ids=lambda value: f"{value:#x}" if isinstance(value, int) else None)
def test_value(key: int, octets: str, expected: Any) -> None:
    """The octets give the value, of its own type, and nothing is odd."""
    value, anomalies = read_value(AVPS[key], bytes.fromhex(octets))
    assert value == expected
    assert type(value) is type(expected) or isinstance(value, codes.Bits)
    assert anomalies == ()


@pytest.mark.parametrize(
    ("key", "octets"),
    [
        (1, "00"),
        (9, "0102030405"),
        (13, "00"),
        (7, ""),
        (34, "0000" + "00000001" * 5),
        (39, "00"),
        (59, "00" + "11" * 20),
        (81, "000102"),
        (101, "0105ab"),
    ],
)
def test_wrong_length_is_malformed(key: int, octets: str) -> None:
    """Octets that do not make the value give none, and one anomaly that names the AVP."""
    value, anomalies = read_value(AVPS[key], bytes.fromhex(octets))
    assert value is None
    ((kind, what, _),) = anomalies
    assert kind is AnomalyKind.MALFORMED
    assert what.startswith(AVPS[key].name)


@pytest.mark.parametrize(("key", "octets", "value"), [(9, "0000", 0), (10, "0000", 0), (14, "0000", 0), (65, "010203", b"\1\2\3")])
def test_forbidden_value_is_read_and_told(key: int, octets: str, value: object) -> None:
    """A value that the RFC forbids is shown all the same, with a violation."""
    found, anomalies = read_value(AVPS[key], bytes.fromhex(octets))
    assert (found, [anomaly.kind for anomaly in anomalies]) == (value, [AnomalyKind.VIOLATION])


def test_avp_carries_its_header_and_octets() -> None:
    """M, H, reserved bits, vendor, type, name and raw value of an AVP are those of its octets."""
    avp = read_avp(bytes.fromhex("800a0000001268690003"))
    assert (avp.mandatory, avp.hidden, avp.reserved, avp.vendor, avp.type, avp.name) == (True, False, 0, 0, 18, "Bearer Type")
    assert (avp.raw, avp.octets, avp.known, avp.secret) == (b"hi\0\3", 10, True, False)
    assert not read_avp(bytes.fromhex("0007ce6d000061")).known


def test_masked_avps_are_marked() -> None:
    """The AVP that carries a PAP password says that it is secret."""
    assert read_avp(bytes.fromhex("000d00000021") + b"hunter2").secret
