"""Control messages: every vector, and what is odd about odd ones."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from l2tpscope.core.anomaly import AnomalyKind
from l2tpscope.wire.l2tp import ControlMessage, MessageType, decode_control
from l2tpscope.wire.l2tp import control as module

VECTORS: list[dict[str, Any]] = tomllib.loads((Path(__file__).parents[1] / "vectors" / "l2tp.toml").read_text())["message"]


def vector_name(vector: dict[str, Any]) -> str:
    """Its name, for the test's."""
    return str(vector["name"])


def avp(attribute: int, value: bytes, *, vendor: int = 0, bits: int = 0x8000) -> bytes:
    """One AVP."""
    return (bits | 6 + len(value)).to_bytes(2, "big") + vendor.to_bytes(2, "big") + attribute.to_bytes(2, "big") + value


def message(*avps: bytes, flags: int = 0xC802) -> bytes:
    """One message from these AVPs."""
    body = b"".join(avps)
    return flags.to_bytes(2, "big") + (12 + len(body)).to_bytes(2, "big") + bytes.fromhex("0007000900030004") + body


def kinds(decoded: ControlMessage) -> list[AnomalyKind]:
    """The kinds of its anomalies."""
    return [anomaly.kind for anomaly in decoded.anomalies]


HELLO = avp(0, b"\0\6")


@pytest.mark.parametrize("vector", VECTORS, ids=vector_name)
def test_vector_header_and_type(vector: dict[str, Any]) -> None:
    """Header and message type of each vector are as listed, and nothing is odd."""
    decoded = decode_control(bytes.fromhex(vector["octets"]))
    assert {field: getattr(decoded, field) for field in vector["header"]} == vector["header"]
    assert decoded.type == vector.get("type")
    assert decoded.name == ("ZLB" if decoded.type is None else decoded.type.name)
    assert decoded.anomalies == ()


@pytest.mark.parametrize("vector", VECTORS, ids=vector_name)
def test_vector_avps(vector: dict[str, Any]) -> None:
    """Vendor, length and M bit of each AVP are as listed; none is hidden, reserved bits are clear, every value is read."""
    decoded = decode_control(bytes.fromhex(vector["octets"]))
    assert [[found.vendor, found.octets, int(found.mandatory)] for found in decoded.avps] == vector.get("avps", [])
    assert all(not found.hidden and not found.reserved and found.value is not None for found in decoded.avps)


@pytest.mark.parametrize("vector", [vector for vector in VECTORS if "values" in vector], ids=vector_name)
def test_vector_values(vector: dict[str, Any]) -> None:
    """The values of each vector's AVPs are as listed."""
    decoded = decode_control(bytes.fromhex(vector["octets"]))
    for attribute, expected in vector["values"].items():
        if attribute in ("result", "error", "message"):
            assert getattr(decoded.get(1), attribute) == expected
        elif isinstance(expected, str):
            value = decoded.get(int(attribute))
            assert expected in (value, value.hex() if isinstance(value, bytes) else f"{value:016x}" if isinstance(value, int) else None)
        else:
            assert decoded.get(int(attribute)) == expected


@pytest.mark.parametrize("vector", VECTORS, ids=vector_name)
def test_message_gives_its_octets_back(vector: dict[str, Any]) -> None:
    """Header and body together are the octets that came, which a digest is computed over."""
    octets = bytes.fromhex(vector["octets"])
    decoded = decode_control(octets + b"padding after Length")
    assert decoded.octets == octets
    assert decoded.body == octets[12:]


def test_decoding_twice_is_the_same() -> None:
    """What is kept of earlier messages changes nothing: each vector decodes alike the first and the second time."""
    module._kept.clear()
    for bodies in module._kept_bodies.values():
        bodies.clear()
    first = [decode_control(bytes.fromhex(vector["octets"])) for vector in VECTORS]
    assert [decode_control(bytes.fromhex(vector["octets"])) for vector in VECTORS] == first


def test_what_is_kept_is_bounded() -> None:
    """A flood of messages that are all different leaves a bounded number of AVPs and bodies behind."""
    for number in range(20_000):
        decode_control(message(HELLO, avp(9, number.to_bytes(2, "big"), vendor=9999), avp(15, number.to_bytes(60, "big"))))
        decode_control(message(HELLO, avp(number & 0xFF, number.to_bytes(2, "big"), vendor=number)))
    assert len(module._kept) <= module._KEEP_AVPS
    assert max(len(octets) for octets in module._kept) <= module._KEEP_OCTETS
    assert all(len(bodies) <= module._KEEP_BODIES for bodies in module._kept_bodies.values())


def test_zlb_has_no_type() -> None:
    """A header alone is a ZLB, of both versions, whatever its session."""
    for flags in (0xC802, 0xC803):
        decoded = decode_control(message(flags=flags))
        assert (decoded.zlb, decoded.acknowledgement, decoded.name, decoded.anomalies) == (True, True, "ZLB", ())


def test_ack_takes_no_ns() -> None:
    """An ACK of v3 is no ZLB, but acknowledges only, as a HELLO does not."""
    decoded = decode_control(message(avp(0, b"\0\x14"), flags=0xC803))
    assert (decoded.zlb, decoded.acknowledgement) == (False, True)
    assert not decode_control(message(HELLO)).acknowledgement


def test_ids_of_both_versions() -> None:
    """v2 has two 16-bit ids where v3 has one of 32 bits."""
    second, third = decode_control(message(HELLO)), decode_control(message(HELLO, flags=0xC803))
    assert (second.version, second.tunnel, second.session, second.ns, second.nr) == (2, 7, 9, 3, 4)
    assert (third.version, third.tunnel, third.session, third.ns, third.nr) == (3, 0x00070009, 0, 3, 4)


def test_vendor_copies_do_not_shadow() -> None:
    """An attribute of a vendor is not the IETF's of the same number, in either order; the first of its own kind counts."""
    decoded = decode_control(message(HELLO, avp(7, b"\0\4", vendor=9), avp(7, b"first"), avp(7, b"second")))
    assert decoded.get(7) == "first"
    assert decoded.get(7, vendor=9) == 4
    assert decoded.get(8) is None


def test_malformed_avp_does_not_hide_a_good_one() -> None:
    """An AVP whose value cannot be read is passed over for a later one that can."""
    decoded = decode_control(message(HELLO, avp(9, b"\1"), avp(9, b"\1\2")))
    assert decoded.get(9) == 0x0102
    assert kinds(decoded) == [AnomalyKind.MALFORMED]
    assert decoded.anomalies[0].offset == 12 + 8 + 6


def test_vendor_message_is_not_mistaken() -> None:
    """The Message Type of a vendor, standing first, makes a vendor's message and needs no AVP of the IETF."""
    decoded = decode_control(message(avp(0, b"\0\2", vendor=529), avp(3, b"\x80\1", vendor=529)))
    assert (decoded.type, decoded.name, decoded.anomalies) == (MessageType.ASCEND_MDMST, "ASCEND_MDMST", ())


def test_a_vendors_first_avp_is_no_message_type() -> None:
    """An AVP 0 of a vendor that is no number leaves the type to the IETF's behind it, however often it is seen."""
    octets = message(avp(0, b"abc", vendor=77), HELLO)
    for _ in range(2):
        decoded = decode_control(octets)
        assert decoded.type == MessageType.HELLO
        assert [anomaly.what for anomaly in decoded.anomalies] == ["Message Type is not the first AVP"]


def test_missing_avps_are_violations() -> None:
    """Each AVP that a message must carry and does not is named; those of the other version are not asked for."""
    decoded = decode_control(message(avp(0, b"\0\1"), avp(7, b"lac")))
    assert [anomaly.what for anomaly in decoded.anomalies] == [
        "SCCRQ without Protocol Version",
        "SCCRQ without Framing Capabilities",
        "SCCRQ without Assigned Tunnel ID",
    ]
    assert set(kinds(decoded)) == {AnomalyKind.VIOLATION}
    third = decode_control(message(avp(0, b"\0\1"), avp(7, b"lac"), flags=0xC803))
    assert "SCCRQ without Assigned Control Connection ID" in [anomaly.what for anomaly in third.anomalies]


def test_message_type_must_be_first() -> None:
    """A Message Type that is not first still names the message, and is a violation."""
    decoded = decode_control(message(avp(36, bytes(16)), HELLO))
    assert decoded.name == "HELLO"
    assert [anomaly.what for anomaly in decoded.anomalies] == ["Message Type is not the first AVP"]


def test_no_message_type_is_unreadable() -> None:
    """A message of other AVPs only is no ZLB, and malformed."""
    decoded = decode_control(message(avp(36, bytes(16))))
    assert (decoded.name, decoded.zlb, kinds(decoded)) == ("UNREADABLE", False, [AnomalyKind.MALFORMED])


def test_unknown_is_kept() -> None:
    """Message types and AVPs that nobody registered are unknown, not wrong; their octets are their values."""
    decoded = decode_control(message(avp(0, b"\0\x1e"), avp(300, b"new"), avp(1, b"theirs", vendor=52845)))
    assert decoded.name == "UNKNOWN_30"
    assert (decoded.get(300), decoded.get(1, 52845), decoded.avps[2].name) == (b"new", b"theirs", "Mist AVP 1")
    assert set(kinds(decoded)) == {AnomalyKind.UNKNOWN}


def test_reserved_bits_are_a_violation() -> None:
    """Reserved bits of an AVP are shown and told; its value is read all the same."""
    decoded = decode_control(message(HELLO, avp(9, b"\1\2", bits=0x8400)))
    assert (decoded.get(9), decoded.avps[1].reserved, kinds(decoded)) == (0x0102, 1, [AnomalyKind.VIOLATION])


@pytest.mark.parametrize(
    ("octets", "what"),
    [
        ("", "shorter than its header"),
        ("c8", "shorter than its header"),
        ("c80200", "shorter than its header"),
        ("c802000c000100020003", "shorter than its header"),
        ("8802000100020003000480080000000000 06", "a control message without the L bit"),
        ("c002001000010002800800000000 0006", "a control message without the S bit"),
        ("ca02001600010002000300040000 8008000000000006", "a control message with the O bit"),
        ("c902001400010002000300048008000000000006", "a control message with the P bit"),
        ("4802000c0001000200030004", "the T bit is 0: not a control message"),
        ("c801000c0001000200030004", "version 1: not L2TP"),
        ("c802002000010002000300048008000000000006", "Length is 32, the datagram has 20 octets"),
        ("c802000600010002000300048008000000000006", "Length is 6, the datagram has 20 octets"),
        ("c802001400010002000300048005000000000006", "an AVP of length 5"),
        ("c802001400010002000300048009000000000006", "an AVP of length 9 where 8 octets are left"),
        ("c80200150001000200030004800800000000000600", "one octet is left over after the AVPs"),
    ],
)
def test_malformed_headers_and_lengths(octets: str, what: str) -> None:
    """Each way to be malformed is named, and never called cut by the capture."""
    decoded = decode_control(bytes.fromhex(octets))
    assert what in [anomaly.what for anomaly in decoded.anomalies]
    assert not decoded.truncated


def test_offset_of_a_control_message_is_skipped() -> None:
    """Where a peer sets the O bit against the RFC, the AVPs are found behind the padding."""
    decoded = decode_control(bytes.fromhex("ca02001a000100020003000400 04 ffffffff 8008000000000006".replace(" ", "")))
    assert (decoded.name, decoded.ns) == ("HELLO", 3)


def test_without_l_bit_the_datagram_bounds_the_message() -> None:
    """Without Length the AVPs reach to the datagram's end; without Ns and Nr those are -1."""
    decoded = decode_control(bytes.fromhex("8002000100028008000000000006"))
    assert (decoded.name, decoded.tunnel, decoded.session, decoded.length) == ("HELLO", 1, 2, -1)
    assert (decoded.ns, decoded.nr) == (-1, -1)


def test_cut_message_asks_for_nothing() -> None:
    """A message cut by the capture keeps what is there, and is not blamed for AVPs that may have been cut off."""
    whole = message(avp(0, b"\0\1"), avp(2, b"\1\0"), avp(7, b"lac"))
    decoded = decode_control(whole[:34], len(whole))
    assert (decoded.name, decoded.get(2), decoded.get(7)) == ("SCCRQ", (1, 0), None)
    assert [str(anomaly) for anomaly in decoded.anomalies] == ["truncated: 34 of 37 octets captured"]
