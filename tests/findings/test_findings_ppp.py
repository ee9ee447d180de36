"""Protocols of PPP that are rejected, and headers that are compressed unasked: what fires the rules, and what nearly does."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "analysis"))

from script import A, B
from test_analysis_ppp import ACK, IPCP, LCP, NAK, REQUEST, TERMINATE, PppScript

import l2tpscope
from l2tpscope.analysis.rows import FindingRow

SHARED = Path(__file__).resolve().parents[3] / "shared" / "captures"
CCP, IPV6CP = 0x80FD, 0x8057
REJECT, PROTOCOL_REJECT = 4, 8
MPPE_128_STATELESS = b"\x12\x06\x01\0\0\x40"
"""RFC 3078 §2.1: type 18, H and S bits."""
OURS, THEIRS = b"\x03\x06\x0a\x63\0\x0a", b"\x03\x06\x0a\x63\0\x01"


def found(script: PppScript, *rules: str) -> list[FindingRow]:
    """What these rules say of the frames; by default all errors."""
    rows = script.report().rows("findings")
    return [row for row in rows if (row.finding in rules if rules else row.severity == "error")]


def linked(*, compressed: bool = False) -> PppScript:
    """LCP is up; the client asked for compressed protocol fields, or not."""
    script = PppScript()
    options = b"\x01\x04\x05\x78" + (b"\x07\x02" if compressed else b"")
    for at, up, asked in ((1.0, True, options), (1.1, False, b"\x01\x04\x05\x82")):
        script.ppp(at, up, LCP, REQUEST, 1, asked)
        script.ppp(at + 0.05, not up, LCP, ACK, 1, asked)
    return script


def addressed(script: PppScript, options: bytes = b"") -> PppScript:
    """IPCP comes up."""
    for at, up, asked in ((2.0, True, OURS + options), (2.1, False, THEIRS)):
        script.ppp(at, up, IPCP, REQUEST, 5, asked)
        script.ppp(at + 0.05, not up, IPCP, ACK, 5, asked)
    return script


def reject(script: PppScript, time: float, up: bool, protocol: int, what: bytes = b"\x01\x05\x00\x04") -> PppScript:
    """Protocol-Reject (RFC 1661 §5.7): the protocol, and what it carried."""
    script.ppp(time, up, LCP, PROTOCOL_REJECT, 9, struct.pack(">H", protocol) + what)
    return script


def test_ipcp_is_rejected_as_a_whole() -> None:
    """Where the server rejects IPCP and nothing else comes up, that is what is told, and not that PPP merely ends."""
    script = linked()
    script.ppp(2.0, True, IPCP, REQUEST, 1, OURS)
    reject(script, 2.1, False, IPCP)
    script.ppp(2.2, True, LCP, TERMINATE, 2, b"No network protocols running")
    (row,) = found(script)
    assert (row.finding, row.grade) == ("L2S306", "certain")
    assert row.summary == "the server rejects IPCP as a whole (Protocol-Reject), and nothing else for IP comes up"


def test_ipv6_may_be_rejected() -> None:
    """IPV6CP rejected beside an IPCP that comes up is a host without IPv6; so is CCP rejected in a session that goes on."""
    script = addressed(linked())
    script.ppp(2.3, True, IPV6CP, REQUEST, 1, b"\x01\x0a" + bytes(range(8)))
    reject(script, 2.4, False, IPV6CP)
    script.ppp(2.5, True, CCP, REQUEST, 1, MPPE_128_STATELESS)
    reject(script, 2.6, False, CCP)
    script.ppp(60.0, True, LCP, TERMINATE, 3, b"User request")
    assert found(script) == []


def refused(*, reason: bytes, after: float, number: int = PROTOCOL_REJECT) -> PppScript:
    """MPPE is asked for by the server, refused by the client, and the server ends the session."""
    script = addressed(linked())
    script.ppp(2.5, False, CCP, REQUEST, 1, MPPE_128_STATELESS)
    if number == PROTOCOL_REJECT:
        reject(script, 2.6, True, CCP)
    else:
        script.ppp(2.6, True, CCP, number, 1, MPPE_128_STATELESS)
    script.ppp(2.6 + after, False, LCP, TERMINATE, 3, reason)
    return script


def test_encryption_that_one_side_demands() -> None:
    """pppd says "MPPE required but peer refused": with that reason it is certain, at once without one likely, later nothing."""
    (row,) = found(refused(reason=b"MPPE required but peer refused", after=0.1))
    assert (row.finding, row.grade) == ("L2S306", "certain")
    assert row.summary == (
        "the client rejects CCP as a whole (Protocol-Reject); the server wanted to encrypt by it, and ends the session:"
        ' reason "MPPE required but peer refused"'
    )
    (row,) = found(refused(reason=b"", after=1.0, number=REJECT))
    assert (row.finding, row.grade) == ("L2S306", "likely")
    assert row.summary.startswith("the client rejects what is asked for by CCP (Configure-Reject)")
    assert found(refused(reason=b"User request", after=50.0)) == []
    assert found(refused(reason=b"", after=1.0, number=NAK)) == []


@pytest.mark.shared
def test_windows_asks_for_compression_and_is_rejected() -> None:
    """A client of 2004 asks for CCP without encryption, is rejected, and works for 55 s: nothing is wrong."""
    rows = l2tpscope.read(str(SHARED / "public" / "c001__test-l2tp.pcap")).rows("findings")
    assert not {"L2S306", "L2S307"} & {row.finding for row in rows}


@pytest.mark.parametrize(("asked", "own"), [(True, "though it asked for PFC itself"), (False, "and it did not ask for PFC")])
def test_a_compressed_protocol_field_is_misread(asked: bool, own: str) -> None:
    """A Protocol-Reject of 0x2145 is 0x21 and the begin of an IPv4 header (marrold.co.uk 2021): no protocol has an odd first octet."""
    script = addressed(linked(compressed=asked))
    reject(script, 3.0, True, 0x2145, b"\x00\x00\x54")
    reject(script, 4.0, True, 0x2145, b"\x00\x00\x54")
    (row,) = found(script, "L2S307")
    assert (row.grade, row.severity) == ("certain", "error")
    assert row.summary == (
        f"the client rejects protocol 0x2145, 2 times, which is none: it is 0x21 (IPv4), compressed, and what follows it, {own}"
    )


def test_unknown_protocols_are_not_misread() -> None:
    """LLDP-like or vendors' protocols with an even first octet may be rejected; FF 03 may not."""
    assert found(reject(addressed(linked()), 3.0, True, 0x8207), "L2S307") == []
    assert found(reject(addressed(linked()), 3.0, True, 0x00FD), "L2S307") == []
    (row,) = found(reject(addressed(linked()), 3.0, True, 0xFF03), "L2S307")
    assert row.summary == "the client rejects protocol 0xff03, which is none: it is address and control (FF 03), and what follows it"


def with_vj(script: PppScript) -> PppScript:
    """Forty segments with headers that VJ compressed (0x002D)."""
    for number in range(40):
        script.udp(3.0 + number / 10, A, B, struct.pack(">HHH", 2, 9, 47) + b"\xff\x03\x00\x2d" + bytes(20))
    return script


def test_vj_that_nobody_asked_for() -> None:
    """VJ-compressed TCP without IPCP's option 2 (RFC 1332 §3.2) is a warning; with it, or where IPCP was not seen, nothing is said."""
    (row,) = found(with_vj(addressed(linked())), "L2S307")
    assert (row.grade, row.severity) == ("likely", "warning")
    assert row.summary == "TCP comes with compressed headers (VJ-compressed TCP 40 packets), and neither side agreed in IPCP to take them"
    assert found(with_vj(addressed(linked(), b"\x02\x06\x00\x2d\x0f\x01")), "L2S307") == []
    assert found(with_vj(linked()), "L2S307") == []


# ---- MPPE ------------------------------------------------------------------------------------------------------------


def mppe(asked: bytes, *, acked: bytes | None = None, refused_by: int | None = None, ip: bool = True) -> PppScript:
    """The client asks for MPPE with these bits (RFC 3078 §2.1), and the server acknowledges others, refuses, or says nothing."""
    script = addressed(linked())
    script.ppp(2.5, True, CCP, REQUEST, 1, b"\x12\x06" + asked)
    if acked is not None:
        if acked != asked:
            script.ppp(2.6, False, CCP, NAK, 1, b"\x12\x06" + acked)
            script.ppp(2.7, True, CCP, REQUEST, 2, b"\x12\x06" + acked)
        script.ppp(2.8, False, CCP, ACK, 2 if acked != asked else 1, b"\x12\x06" + acked)
    elif refused_by == PROTOCOL_REJECT:
        reject(script, 2.6, False, CCP)
    elif refused_by is not None:
        script.ppp(2.6, False, CCP, refused_by, 1, b"\x12\x06" + asked)
    protocol = b"\x00\x21" + b"\x45\0\0\x28\0\1\0\0\x40\x11\0\0\x0a\x63\0\x0a\x0a\x63\0\x01" if ip else b"\x00\xfd\x90\0"
    for number in range(20):
        script.udp(3.0 + number, A, B, struct.pack(">HHH", 2, 9, 47) + b"\xff\x03" + protocol + bytes(20))
    return script


def weak(script: PppScript) -> list[tuple[str, str]]:
    """What the rule about MPPE says."""
    return [(row.severity, row.summary) for row in found(script, "L2S615")]


def test_mppe_with_short_keys() -> None:
    """40 and 56 bits, 20 and 80 hex, are told; 128 bits, 40 hex, is not, whatever was offered beside it."""
    assert weak(mppe(b"\1\0\0\x20", acked=b"\1\0\0\x20", ip=False)) == [
        ("warning", "MPPE encrypts with 40-bit keys: they are found by trying them all")
    ]
    assert weak(mppe(b"\1\0\0\xe0", acked=b"\1\0\0\x80", ip=False)) == [
        ("warning", "MPPE encrypts with 56-bit keys: they are found by trying them all")
    ]
    assert weak(mppe(b"\1\0\0\xe0", acked=b"\1\0\0\x40", ip=False)) == []


def test_mppe_that_is_refused_while_ip_passes() -> None:
    """Who asked for encryption and was refused, by either reject, carries IP in clear; of compression alone nothing is said."""
    expected = [("warning", "the client wanted to encrypt with MPPE, the server refused, and IP passes without it")]
    assert weak(mppe(b"\1\0\0\x40", refused_by=PROTOCOL_REJECT)) == expected
    assert weak(mppe(b"\1\0\0\x40", refused_by=REJECT)) == expected
    assert weak(mppe(b"\1\0\0\x01", refused_by=REJECT)) == []
    assert weak(mppe(b"\1\0\0\x40", refused_by=REJECT, ip=False)) == []
    assert weak(mppe(b"\1\0\0\x40")) == []


def test_mppe_with_state_where_none_was_asked_for() -> None:
    """The H bit asked for and gone in what is agreed is good to know; asked without, it is as wanted."""
    assert weak(mppe(b"\1\0\0\x40", acked=b"\0\0\0\x40", ip=False)) == [
        ("info", "the client asked for stateless MPPE, and agreed to MPPE with state")
    ]
    assert weak(mppe(b"\0\0\0\x40", acked=b"\0\0\0\x40", ip=False)) == []
