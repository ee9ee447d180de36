"""L2F: every vector, and packets that are cut, wrong or unknown."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from l2tpscope.core.anomaly import AnomalyKind
from l2tpscope.wire.l2f import L2fMessage, decode_l2f, explain_close

VECTORS: list[dict[str, Any]] = tomllib.loads((Path(__file__).parents[1] / "vectors" / "l2f.toml").read_text())["packet"]
OF = {vector["name"]: bytes.fromhex(vector["octets"]) for vector in VECTORS}


def kinds(octets: bytes, on_wire: int | None = None) -> list[AnomalyKind]:
    """Of what is odd about a packet."""
    return [anomaly.kind for anomaly in decode_l2f(octets, on_wire).anomalies]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_vector(vector: dict[str, Any]) -> None:
    """Header, message, sub-options and payload of each vector are as listed, and nothing is odd."""
    packet = decode_l2f(bytes.fromhex(vector["octets"]))
    assert {name: int(getattr(packet.header, name)) for name in vector["header"]} == vector["header"]
    assert (packet.message.name if packet.message is not None else None) == vector.get("message")
    told = [[option.kind.name, option.value if isinstance(option.value, int) else option.value.hex()] for option in packet.options]
    assert told == vector.get("options", [])
    assert "body" not in vector or packet.payload.hex() == vector["body"]
    assert packet.anomalies == ()


def test_checksum_stands_behind_length() -> None:
    """The checksum is behind what Length counts (RFC 2341 §4.2.8, §4.2.9); where it is missing, that is malformed."""
    octets = OF["PPP with everything"]
    assert decode_l2f(octets).checksum == 0xABCD
    assert decode_l2f(octets[:-2]).checksum is None
    assert kinds(octets[:-2]) == [AnomalyKind.MALFORMED]
    assert kinds(octets[:-2], len(octets)) == [AnomalyKind.TRUNCATED]


def test_octets_behind_length_are_ignored() -> None:
    """Octets beyond Length are no part of the packet (RFC 2341 §4.2.8)."""
    assert decode_l2f(OF["L2F_ECHO"] + b"padding").payload == b"\0\0\0\1"


@pytest.mark.parametrize(
    ("name", "at", "value", "kind"),
    [
        ("L2F_OPEN of a tunnel", 0, 0x40, AnomalyKind.VIOLATION),  # §4.2.5: S MUST be 1 in management
        ("L2F_OPEN of a tunnel", 1, 0x11, AnomalyKind.VIOLATION),  # §4.2.2: reserved bits
        ("L2F_OPEN of a tunnel", 2, 0, AnomalyKind.VIOLATION),  # §4.2.4: illegal
        ("L2F_OPEN of a tunnel", 2, 9, AnomalyKind.UNKNOWN),
        ("L2F_OPEN of a tunnel", 14, 9, AnomalyKind.UNKNOWN),
        ("L2F_OPEN of a tunnel", 14, 0, AnomalyKind.VIOLATION),  # §4.4.1
        ("L2F_OPEN of a tunnel", 15, 99, AnomalyKind.UNKNOWN),
        ("L2F_OPEN of a tunnel", 16, 17, AnomalyKind.MALFORMED),
        ("L2F_OPEN of a tunnel", 9, 99, AnomalyKind.MALFORMED),
        ("L2F_OPEN of a tunnel", 9, 13, AnomalyKind.MALFORMED),
        ("L2F_OPEN of a tunnel", 9, 14, AnomalyKind.MALFORMED),
        ("L2F_CONF of a NAS", 5, 1, AnomalyKind.VIOLATION),  # §4.4.2: MID 0
        ("L2F_CONF of a NAS", 23, 1, AnomalyKind.VIOLATION),  # §4.4.2: the upper octets of a CLID are zero
        ("L2F_CONF of a NAS", 9, 22, AnomalyKind.VIOLATION),  # §4.4.2: all three sub-options
        ("L2F_ECHO", 5, 1, AnomalyKind.VIOLATION),  # §4.4.6
    ],
)
def test_one_octet_is_wrong(name: str, at: int, value: int, kind: AnomalyKind) -> None:
    """One octet changed in a good packet is told by its own kind, and by no other."""
    octets = OF[name][:at] + bytes([value]) + OF[name][at + 1 :]
    assert set(kinds(octets)) == {kind}


def test_echo_is_64_octets_at_most() -> None:
    """A payload of 64 octets is allowed in an echo, 65 are not (RFC 2341 §4.4.6)."""
    for octets, expected in ((64, []), (65, [AnomalyKind.VIOLATION])):
        packet = bytes.fromhex("100101000000002a") + (11 + octets).to_bytes(2, "big") + b"\x04" + bytes(octets)
        assert kinds(packet) == expected


def test_cut_messages_keep_what_is_there() -> None:
    """A L2F_CONF cut behind its name still tells the name, and that the rest is missing by the capture."""
    octets = OF["L2F_CONF of a NAS"]
    packet = decode_l2f(octets[:16], len(octets))
    assert packet.text(2) == "nas"
    assert packet.get(4) is None
    assert [anomaly.kind for anomaly in packet.anomalies] == [AnomalyKind.TRUNCATED]


def test_a_message_that_is_not_captured_is_unreadable() -> None:
    """Where only the header was captured there is no message, and nothing is malformed."""
    octets = OF["L2F_CONF of a NAS"]
    packet = decode_l2f(octets[:10], len(octets))
    assert packet.message == L2fMessage.UNREADABLE
    assert [anomaly.kind for anomaly in packet.anomalies] == [AnomalyKind.TRUNCATED]


def test_secrets_are_not_for_showing() -> None:
    """Challenges and responses have no value that is for showing; names and CLIDs have."""
    shown = {option.kind.name: option.shown for name in OF for option in decode_l2f(OF[name]).options}
    assert {name for name, value in shown.items() if value is None} == {"L2F_CONF_CHAL", "L2F_OPEN_CHAL", "L2F_OPEN_RESP"}
    assert shown["L2F_OPEN_NAME"] == b"alice"


def test_reasons_are_a_mask() -> None:
    """L2F_CLOSE_WHY is a mask: several reasons, bits without a name as a number, none (RFC 2341 §4.4.5)."""
    assert explain_close(0x21) == "authentication failed, unknown user"
    assert explain_close(0x01000002) == "out of resources, reason 0x01000000"
    assert explain_close(0) == "no reason"
