"""PPP frames: what real peers and the RFCs' examples say, framing, secrets, and what is cut or contradicts itself."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2tpscope.core.anomaly import AnomalyKind
from l2tpscope.wire.ppp import PppPacket, authentication_name, decode_options, decode_ppp, protocol_name
from l2tpscope.wire.ppp.authentication import response_form
from l2tpscope.wire.ppp.formats import FORMATS
from l2tpscope.wire.ppp.options import OPTIONS
from l2tpscope.wire.ppp.protocols import CCP, IPCP, LCP, PROTOCOLS, is_control

VECTORS: list[dict[str, Any]] = tomllib.loads((Path(__file__).parents[1] / "vectors" / "ppp.toml").read_text())["frame"]
each_vector = pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["source"])


def packet_of(octets: str) -> PppPacket:
    """The packet of these octets, in hex."""
    packet = decode_ppp(bytes.fromhex(octets)).packet
    assert packet is not None
    return packet


def kinds(octets: str, on_wire: int | None = None) -> list[str]:
    """The anomalies of these octets, in hex."""
    return [str(anomaly) for anomaly in decode_ppp(bytes.fromhex(octets), on_wire).anomalies]


@each_vector
def test_vectors(vector: dict[str, Any]) -> None:
    """Framing, protocol, code, identifier, what it says, and its secret are as written down, without any anomaly."""
    octets = bytes.fromhex(vector["octets"])
    frame = decode_ppp(octets)
    assert frame.anomalies == ()
    assert frame.protocol_name == vector["protocol"] == protocol_name(frame.protocol)
    assert list(frame.framing) == vector.get("framing", [True, 2])
    assert frame.octets == len(octets) - 2 * frame.framing.address_control - frame.framing.protocol_octets
    assert (frame.packet is None) is ("code" not in vector)
    if frame.packet is not None:
        packet = frame.packet
        assert (packet.code_name, packet.identifier, packet.summary()) == (vector["code"], vector["identifier"], vector["summary"])
        assert (packet.secret or b"").hex() == vector.get("secret", "")


@each_vector
def test_nothing_half_is_told(vector: dict[str, Any]) -> None:
    """Of a frame that the capture cut, what is told is what the whole one says, or nothing; and TRUNCATED says so."""
    octets = bytes.fromhex(vector["octets"])
    whole = decode_ppp(octets)
    for size in range(len(octets)):
        cut = decode_ppp(octets[:size], len(octets))
        if cut.protocol >= 0:
            assert (cut.protocol, cut.framing, cut.octets) == (whole.protocol, whole.framing, whole.octets)
        if cut.packet is None or whole.packet is None:
            continue
        assert cut.packet.options == whole.packet.options[: len(cut.packet.options)]
        for mine, other in zip(cut.packet.values, whole.packet.values, strict=False):
            assert (mine.name, mine.value) == (other.name, other.value)
            assert mine.meaning in ("", other.meaning)
        for name in ("code", "code_name", "identifier", "length", "magic", "text", "peer", "rejected", "secret"):
            assert getattr(cut.packet, name) in (None, getattr(whole.packet, name)), name


def test_secrets_are_nowhere_else() -> None:
    """Neither the words nor the repr of a packet hold a password, a challenge or a response, in any writing."""
    secrets = 0
    for vector in VECTORS:
        frame = decode_ppp(bytes.fromhex(vector["octets"]))
        secret = frame.packet.secret if frame.packet is not None else None
        if frame.packet is None or not secret or not any(secret):
            continue
        secrets += 1
        for shown in (repr(frame), frame.packet.summary()):
            for written in (secret.hex(), secret.hex().upper(), secret.decode("latin-1"), repr(secret)[2:-1]):
                assert written not in shown
    assert secrets > 12


@pytest.mark.parametrize(
    ("octets", "address_control", "protocol_octets", "protocol"),
    [
        ("ff030021", True, 2, 0x21),
        ("ff0321", True, 1, 0x21),
        ("0021", False, 2, 0x21),
        ("21", False, 1, 0x21),
        ("c021", False, 2, 0xC021),
        ("ff03c021", True, 2, 0xC021),
        ("fd9001", False, 1, 0xFD),
    ],
)
def test_framing_is_read_as_it_stands(octets: str, *, address_control: bool, protocol_octets: int, protocol: int) -> None:
    """Address and control, and the first octet of the protocol, are there or not, each by itself (RFC 1661 §6.5, 6.6)."""
    frame = decode_ppp(bytes.fromhex(octets))
    assert (frame.framing.address_control, frame.framing.protocol_octets, frame.protocol) == (address_control, protocol_octets, protocol)


@pytest.mark.parametrize(
    ("octets", "on_wire", "told"),
    [
        ("", None, ["malformed: no protocol"]),
        ("", 40, ["truncated: no protocol"]),
        ("ff", 40, ["truncated: no protocol"]),
        ("ff", None, ["unknown: protocol 0x00ff"]),
        ("ff03c0", None, ["malformed: no protocol"]),
        ("ff03c0", 40, ["truncated: no protocol"]),
        ("ff034020", None, ["violation: protocol 0x4020, which is even"]),
        ("ff034031", None, ["unknown: protocol 0x4031"]),
        ("c0210101", None, ["malformed: LCP packet shorter than its header"]),
        ("c0210101", 30, ["truncated: LCP packet shorter than its header"]),
        ("c02101010003", None, ["malformed: Length is 3 where 4 octets are left"]),
        ("c0210101000a", None, ["malformed: Length is 10 where 4 octets are left"]),
        ("c0210101000a", 30, ["truncated: 4 of 10 octets captured"]),
        ("c02114010004", None, ["unknown: code 20 in LCP"]),
        ("802109010008aabbccdd", None, ["unknown: code 9 in IPCP"]),
        ("c021010100080101aabb", None, ["malformed: an option of 1 octets where 4 are left"]),
        ("c021010100080109aabb", None, ["malformed: an option of 9 octets where 4 are left"]),
        ("c02101010007010101", None, ["malformed: an option of 1 octets where 3 are left"]),
        ("c0210101000501", None, ["malformed: an option of at least 2 octets where 1 are left"]),
        ("c02101010009010578aabb", None, ["malformed: MRU of 5 octets"]),
        ("c0210101000763030a", None, ["unknown: option 99"]),
        ("c02109010006aabb", None, ["malformed: LCP Echo-Request shorter than its fields"]),
        ("c0230101000a09616c696365", None, ["malformed: PAP Authenticate-Request shorter than its fields"]),
        ("c02302010004", None, ["violation: a PAP message without its length"]),
        ("c22705010004", None, []),
        ("c227010100050b", None, []),
        ("c2270101000507", None, ["unknown: EAP type 7"]),
    ],
)
def test_anomalies(octets: str, on_wire: int | None, told: list[str]) -> None:
    """What was cut, what contradicts itself, what breaks a MUST and what nobody knows are told apart."""
    assert kinds(octets, on_wire) == told


def test_padding_is_no_part_of_the_packet() -> None:
    """Octets behind Length are padding (RFC 1661 §5): a reason does not grow by them."""
    assert packet_of("c02105010006" + b"ok".hex() + "00000000").text == "ok"
    assert kinds("c02105010006" + b"ok".hex() + "00000000", 60) == []


def test_windows_reasons() -> None:
    """The Terminate-Request that Windows sends after a refused password holds RAS error 691 behind a magic number."""
    packet = packet_of("c021050300106240" + "6aff003ccd74000002b3")
    assert (packet.get("error"), packet.magic, packet.text) == (691, 0x62406AFF, None)
    assert packet.summary() == "error=691 (wrong user or password), magic 0x62406aff"


def test_failure_texts() -> None:
    """E=, R= and V= are numbers, C= is a secret, M= is the text; a text that is made otherwise stays as it is."""

    def failure(text: bytes) -> PppPacket:
        return packet_of("c2230401" + (4 + len(text)).to_bytes(2, "big").hex() + text.hex())

    full = failure(b"E=691 R=1 C=00ff V=3 M=E=5 no, try again M=x")
    assert [(value.name, value.value) for value in full.values] == [("E", 691), ("R", 1), ("V", 3)]
    assert (full.secret, full.text) == (b"\x00\xff", "E=5 no, try again M=x")
    assert failure(b"E=691 R=0 C=nothex").secret == b"nothex"
    assert failure(b"E=777 R=0").summary() == "E=777 R=0 (final)"
    for text in (b"E=", b"E=x R=1", b"E=12345678901", b"Access denied", "E=\u0663".encode()):
        assert (failure(text).text, failure(text).values) == (text.decode(), ())
    assert failure(b"").text is None


def test_response_forms() -> None:
    """A response of 49 octets is MS-CHAPv2's by its eight zeros, but not where the whole LM response is zero."""
    assert response_form(bytes(16)) == "MD5"
    assert response_form(b"\x01" * 16 + bytes(8) + b"\x02" * 24 + b"\0") == "MS-CHAPv2"
    assert response_form(bytes(24) + b"\x02" * 24 + b"\x01") == "MS-CHAP"
    assert response_form(b"\x03" * 24 + b"\x02" * 24 + b"\x01") == "MS-CHAP"
    assert response_form(bytes(20)) == ""


def test_names_of_authentication() -> None:
    """Methods are named as operators call them."""
    named = {"c023": "PAP", "c22305": "CHAP-MD5", "c22380": "MS-CHAP", "c22381": "MS-CHAPv2", "c227": "EAP", "c22307": "CHAP-SHA256"}
    named |= {"c2239f": "CHAP-UNKNOWN_159", "c223": "CHAP-UNKNOWN", "c027": "SPAP", "c0": "c0", "": "", "1235": "UNKNOWN_0x1235"}
    assert {raw: authentication_name(bytes.fromhex(raw)) for raw in named} == named


def test_options_without_a_packet() -> None:
    """What a Proxy LCP AVP holds is read as options (RFC 2661 §4.4.5), as far as it can be."""
    options = decode_options(LCP, bytes.fromhex("010405780506123456780702"))
    assert [(option.name, option.number) for option in options] == [("MRU", 1400), ("Magic-Number", 0x12345678), ("PFC", None)]
    assert [option.name for option in decode_options(LCP, bytes.fromhex("0104057805"))] == ["MRU"]
    assert decode_options(IPCP, b"\x03\x06\xc0\x00\x02\x01")[0].value == "192.0.2.1"


def test_find_and_get() -> None:
    """A tracker finds an option by type and a field by name."""
    packet = packet_of("80fd0101000a120601000040")
    option = packet.find(18)
    assert option is not None
    assert (option.number, option.octets, str(option)) == (0x0100_0040, 6, "MPPE 128-bit stateless")
    assert packet.find(17) is None
    assert packet.get("E") is None


def test_hostile_text_stays_on_one_line() -> None:
    """Neither line breaks nor escape sequences of a peer come through, and a text has an end."""
    assert packet_of("c0230201000b06" + b"a\n\x1b[1m".hex()).summary() == r'"a\n\x1b[1m"'
    long = packet_of("c2230401" + (4 + 9000).to_bytes(2, "big").hex() + b"x".hex() * 9000)
    assert long.text == "x" * 256


def test_options_are_bounded() -> None:
    """A packet of thousands of options gives 255, and says so."""
    frame = decode_ppp(b"\xc0\x21\x01\x01" + (4 + 2 * 5000).to_bytes(2, "big") + b"\x07\x02" * 5000)
    assert frame.packet is not None
    assert len(frame.packet.options) == 255
    assert [str(anomaly) for anomaly in frame.anomalies] == ["malformed: more than 255 options"]


def test_every_row_has_its_format() -> None:
    """No option names a format that is not there, no format is without an option, and no two options of a protocol share a name."""
    rows = [row for options in OPTIONS.values() for row in options.values()]
    assert {form for _, _, form in rows} == set(FORMATS)
    for options in OPTIONS.values():
        assert len({name for name, _, _ in options.values()}) == len(options)


def test_protocol_numbers_are_odd() -> None:
    """Every number is one that RFC 1661 §2 allows, low octet odd and high one even, but for SPAP's old one: no frame begins with it."""
    assert [number for number in PROTOCOLS if not number & 1 or number & 0x100] == [0xC123]
    assert is_control(CCP)
    assert not is_control(0x21)
    assert not is_control(0xC027)


@given(
    protocol=st.sampled_from([number for number in PROTOCOLS if is_control(number)]), code=st.integers(0, 20), body=st.binary(max_size=80)
)
def test_any_body_of_any_packet(protocol: int, code: int, body: bytes) -> None:
    """Whatever stands in a packet of whatever protocol and code, it has a summary of one line, and offsets lie inside the frame."""
    octets = protocol.to_bytes(2, "big") + bytes([code, 7]) + (4 + len(body)).to_bytes(2, "big") + body
    frame = decode_ppp(octets)
    assert frame.packet is not None
    assert frame.packet.summary().isprintable()
    assert all(0 <= anomaly.offset <= len(octets) for anomaly in frame.anomalies)
    assert AnomalyKind.TRUNCATED not in {anomaly.kind for anomaly in frame.anomalies}


@given(protocol=st.sampled_from(sorted(OPTIONS)), kind=st.integers(0, 255), raw=st.binary(max_size=253))
def test_any_option(protocol: int, kind: int, raw: bytes) -> None:
    """Whatever an option holds, it is one option, with its octets kept."""
    (option,) = decode_options(protocol, bytes([kind, 2 + len(raw)]) + raw)
    assert (option.type, option.raw, option.octets) == (kind, raw, 2 + len(raw))
    assert str(option)
