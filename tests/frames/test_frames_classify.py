"""What is L2TP and what only stands where L2TP might."""

from __future__ import annotations

import random
import struct

import pytest
from frame_builders import SHARED, Record, decode, ethernet, ipv4, l2tp, message, pcap_records, udp

from l2tpscope.frames import Decoder, Kind

A, B = b"\x0a\0\0\1", b"\x0a\0\0\2"
SCCRQ = message(1, ids=(0, 0))
DATA = l2tp(body=b"\xff\x03\x00\x21")


def sent(payload: bytes, source: tuple[bytes, int] = (A, 1701), destination: tuple[bytes, int] = (B, 1701)) -> Record:
    """A UDP datagram from one end to another."""
    frame = ethernet(ipv4(udp(payload, source[1], destination[1]), source=source[0], destination=destination[0]))
    return Record(frame, len(frame))


def kinds(records: list[Record], decoder: Decoder | None = None) -> dict[int, Kind]:
    """The kind of each row by its frame."""
    rows, _ = decode(records, decoder=decoder)
    return {row["frame"]: Kind(row["kind"]) for row in rows}


def kind_of(payload: bytes) -> Kind:
    """The kind of one payload on port 1701, nothing else known."""
    return kinds([sent(payload)])[1]


FORMS = {
    "data": (DATA, Kind.L2TP2_DATA),
    "data with Length": (l2tp(0x4002), Kind.L2TP2_DATA),
    "data with Ns": (l2tp(0x0802), Kind.L2TP2_DATA),
    "data with offset": (l2tp(0x0202, pad=3), Kind.L2TP2_DATA),
    "data with B and E": (l2tp(0x00C2), Kind.L2TP2_DATA),
    "control": (SCCRQ, Kind.L2TP2_CONTROL),
    "ZLB": (l2tp(0xC802, body=b""), Kind.L2TP2_CONTROL),
    "v3 control": (b"\xc8\x03\0\x0c" + bytes(8), Kind.L2TP3_CONTROL),
    "v3 data": (b"\0\x03\0\0\0\0\0\x07abcd", Kind.L2TP3_DATA),
    "L2F": (b"\x10\x01\x01\0\0\0\0\0\0\x0a", Kind.L2F),
    "L2F with checksum and key": (b"\x40\x09\x02\0\0\0\0\0\0\x0e" + bytes(6), Kind.L2F),
    "nothing": (b"", Kind.NOT_L2TP_1701),
    "one octet": (b"\xff", Kind.NOT_L2TP_1701),
    "too short": (b"\0\x02\0\x07\0", Kind.NOT_L2TP_1701),
    "control without L": (l2tp(0x8802), Kind.NOT_L2TP_1701),
    "control without S": (l2tp(0xC002), Kind.NOT_L2TP_1701),
    "control with O": (l2tp(0xCA02), Kind.NOT_L2TP_1701),
    "control longer than UDP": (message(1, length=21), Kind.NOT_L2TP_1701),
    "control shorter than its header": (message(1, length=11), Kind.NOT_L2TP_1701),
    "data longer than UDP": (l2tp(0x4002, length=13), Kind.NOT_L2TP_1701),
    "data shorter than its header": (l2tp(0x4002, length=7), Kind.NOT_L2TP_1701),
    "offset beyond the packet": (l2tp(0x0202, offset=5), Kind.NOT_L2TP_1701),
    "reserved bits": (l2tp(0x2002), Kind.NOT_L2TP_1701),
    "data that no PPP begins so": (l2tp(body=b"\x99\x99"), Kind.NOT_L2TP_1701),
    "v3 data for session 0": (b"\0\x03\0\0\0\0\0\0abcd", Kind.NOT_L2TP_1701),
    "v3 data with flags": (b"\x01\x03\0\0\0\0\0\x07abcd", Kind.NOT_L2TP_1701),
    "L2F, no such protocol": (b"\x10\x01\x09\0\0\0\0\0\0\x0a", Kind.NOT_L2TP_1701),
    "L2F longer than UDP": (b"\x10\x01\x01\0\0\0\0\0\0\x0b", Kind.NOT_L2TP_1701),
    "DNS": (b"\x12\x34\x01\0\0\1\0\0\0\0\0\0\3www\0\0\1\0\1", Kind.NOT_L2TP_1701),
}


@pytest.mark.parametrize("name", FORMS)
def test_forms_on_the_port_of_l2tp(name: str) -> None:
    """Each form is what its octets say, the version nibble first."""
    payload, kind = FORMS[name]
    assert kind_of(payload) == kind


def test_malformed_control_in_a_proven_flow_is_control() -> None:
    """Where a control message has proven the flow, one without L or S, or with a lying Length, is for the message decoder."""
    bad = [l2tp(0x8802), l2tp(0xC002), l2tp(0xCA02), message(1, length=9), l2tp(0x2002), l2tp(0x4002, length=99), l2tp(body=b"\x99\x99")]
    found = kinds([sent(bad[0]), sent(message(3)), *map(sent, bad), sent(bad[0], (B, 1701), (A, 1701)), sent(bad[0], (A, 1702))])
    assert found[1] == Kind.NOT_L2TP_1701
    assert [found[number] for number in range(3, 10)] == [Kind.L2TP2_CONTROL] * 4 + [Kind.L2TP2_DATA] * 3
    assert found[10] == Kind.L2TP2_CONTROL, "the other direction is the same flow"
    assert found[11] == Kind.NOT_L2TP_1701, "another port is another flow"


def test_a_control_message_proves_any_ports() -> None:
    """On other ports rows begin with the control message that proves the flow, and hold for both directions of it alone."""
    there, back = ((A, 5000), (B, 6000)), ((B, 6000), (A, 5000))
    records = [sent(DATA, *there), sent(SCCRQ, *there), sent(DATA, *there), sent(DATA, *back), sent(DATA, (A, 5000), (B, 6001))]
    assert kinds(records) == {2: Kind.L2TP2_CONTROL, 3: Kind.L2TP2_DATA, 4: Kind.L2TP2_DATA}


def test_a_reply_from_another_port_proves_its_own_flow() -> None:
    """An SCCRP may come from any port (RFC 2661 §8.1): what follows between these ports is L2TP."""
    client, server, moved = (A, 40000), (B, 1701), (B, 32769)
    records = [
        sent(SCCRQ, client, server),
        sent(message(2, ids=(7, 0)), moved, client),
        sent(DATA, client, moved),
        sent(DATA, moved, client),
    ]
    assert list(kinds(records).values()) == [Kind.L2TP2_CONTROL, Kind.L2TP2_CONTROL, Kind.L2TP2_DATA, Kind.L2TP2_DATA]


@pytest.mark.parametrize(
    "spoil", [b"\x80\x07", b"\x80\x08\0\1", b"\x80\x08\0\0\0\1", b"\x80\x08\0\0\0\0\0\0", b"\x80\x08\0\0\0\0\0\x1e", b"\xc0\x08"]
)
def test_less_than_a_message_type_proves_nothing(spoil: bytes) -> None:
    """Another length, vendor, type or value in the first AVP, or a hidden one, proves no flow."""
    payload = SCCRQ[:12] + spoil + SCCRQ[12 + len(spoil) :]
    assert kinds([sent(payload, (A, 5000), (B, 6000))]) == {}


def test_a_message_type_behind_the_length_or_the_cut_proves_nothing() -> None:
    """The AVP must lie inside the message and must have been captured."""
    there = (A, 5000), (B, 6000)
    whole = sent(SCCRQ, *there)
    assert kinds([sent(message(1, length=19), *there)]) == {}
    assert kinds([Record(whole.octets[:-1], whole.wire)]) == {}
    assert kinds([whole]) == {1: Kind.L2TP2_CONTROL}


@pytest.mark.parametrize(("octets", "kind"), [(0, None), (1, None), (2, Kind.L2TP2_DATA), (3, Kind.L2TP2_DATA), (5, Kind.L2TP2_DATA)])
def test_a_header_that_was_cut_off_is_not_held_against_its_sender(octets: int, kind: Kind | None) -> None:
    """With the first word a frame has its kind, and reads 0 where nothing is; with less it is undecoded."""
    whole = sent(l2tp(0x4802))
    record = Record(whole.octets[: 14 + 20 + 8 + octets], whole.wire)
    rows, counts = decode([record])
    assert counts == ({"undecoded": 1} if kind is None else {kind.name: 1})
    assert all((row["session"], row["ns"], row["nr"], row["body"], row["payload_captured"]) == (0, -1, -1, b"", octets) for row in rows)


@pytest.mark.parametrize(
    ("payload", "kind"), [(b"\0\x03\0\0\0\0\0\x07", Kind.L2TP3_DATA), (b"\xc8\x03\0\x0c" + bytes(8), Kind.L2TP3_CONTROL)]
)
def test_what_follows_a_cut_frame_in_the_buffer_is_not_read(payload: bytes, kind: Kind) -> None:
    """The octets of the next record do not count for a frame that was cut before them."""
    whole = sent(payload)
    rows, _ = decode([Record(whole.octets[: 14 + 20 + 8 + 2], whole.wire)])
    assert [(row["kind"], row["tunnel"], row["session"], row["ns"]) for row in rows] == [(kind, 0, 0, -1)]


def test_lengths_that_lie_never_make_a_negative_body() -> None:
    """In a proven flow a Length shorter than the header, or padding past the packet, leaves no body; a longer one stops at UDP's end."""
    rows, _ = decode([sent(message(3)), sent(message(1, length=9)), sent(l2tp(0x0202, offset=999)), sent(l2tp(0x4002, length=99))])
    assert [row["body_octets"] for row in rows] == [8, 0, 0, 4]


def test_ports_may_be_named() -> None:
    """A port that the user names counts like 1701."""
    assert kinds([sent(DATA, (A, 5000), (B, 2020))], Decoder([2020])) == {1: Kind.L2TP2_DATA}
    assert kinds([sent(DATA, (A, 5000), (B, 2020))]) == {}


def test_openvpn_is_known_by_its_first_packets() -> None:
    """After a hard reset the flow is OpenVPN's, whatever nibble its packets happen to have; before, nothing is said."""
    reset, control, data = b"\x38" + bytes(13), b"\x20\x02" + bytes(40), b"\x30\x02" + b"\x5a" * 40
    found = kinds(
        [sent(data), sent(reset), sent(control), sent(data), sent(b"\x40\x02" + bytes(24), (B, 1701), (A, 1701)), sent(data, (A, 9))]
    )
    assert found == {
        1: Kind.NOT_L2TP_1701,
        2: Kind.OPENVPN_1701,
        3: Kind.OPENVPN_1701,
        4: Kind.OPENVPN_1701,
        5: Kind.OPENVPN_1701,
        6: Kind.NOT_L2TP_1701,
    }


def test_random_octets_do_not_become_l2tp() -> None:
    """Of 20,000 random datagrams on port 1701 hardly one passes for L2TP, even with the version nibble of 2 or 3."""
    noise = random.Random(1)
    records = []
    for number in range(20_000):
        octets = bytearray(noise.randbytes(noise.randrange(6, 200)))
        octets[1] = octets[1] & 0xF0 | 2 + number % 2
        records.append(sent(bytes(octets), (A, number)))
    found = kinds(records)
    assert sum(kind in (Kind.L2TP2_DATA, Kind.L2TP2_CONTROL, Kind.L2TP3_DATA, Kind.L2TP3_CONTROL) for kind in found.values()) <= 40
    assert len(found) == len(records)


IKE = bytes(8) + bytes(8) + b"\x01\x10\x02\0" + bytes(4)
IPSEC = {
    "IKEv1": (IKE + struct.pack(">I", 30) + bytes(2), 500, Kind.IKE),
    "IKEv2": (IKE[:17] + b"\x20" + IKE[18:] + struct.pack(">I", 28), 500, Kind.IKE),
    "IKE of another version": (IKE[:17] + b"\x30" + IKE[18:] + struct.pack(">I", 28), 500, None),
    "IKE longer than UDP": (IKE + struct.pack(">I", 29), 500, None),
    "keepalive": (b"\xff", 4500, Kind.NATT_KEEPALIVE),
    "no keepalive": (b"\xfe", 4500, None),
    "IKE behind the marker": (bytes(4) + IKE + struct.pack(">I", 28), 4500, Kind.IKE),
    "marker and little else": (bytes(12), 4500, None),
    "ESP in UDP": (struct.pack(">II", 0x12345678, 9) + bytes(20), 4500, Kind.ESP),
    "a reserved SPI": (struct.pack(">II", 255, 9) + bytes(20), 4500, None),
}


@pytest.mark.parametrize("name", IPSEC)
def test_ike_and_nat_traversal(name: str) -> None:
    """Ports 500 and 4500: keepalive, marker, ESP, and IKE only with a plausible header."""
    payload, port, kind = IPSEC[name]
    assert kinds([sent(payload, (A, 40000), (B, port))]) == ({} if kind is None else {1: kind})


def test_esp_ah_and_l2tp_over_ip() -> None:
    """IP protocols 50, 51 and 115 need no port; SPI, sequence number and ids stand where their RFCs say."""
    control = bytes(4) + b"\xc8\x03\0\x14\0\0\0\x05\0\x01\0\x02" + SCCRQ[12:]
    content = [
        (50, struct.pack(">II", 700, 8)),
        (51, struct.pack(">III", 1, 701, 9)),
        (115, struct.pack(">I", 702) + bytes(9)),
        (115, control),
        (115, bytes(9)),
    ]
    frames = [ethernet(ipv4(payload, protocol)) for protocol, payload in content]
    rows, _ = decode([Record(frame, len(frame)) for frame in frames])
    assert [row["kind"] for row in rows] == [Kind.ESP, Kind.AH, Kind.L2TP3_DATA, Kind.L2TP3_CONTROL, Kind.NOT_L2TP_1701]
    assert [row["session"] for row in rows] == [700, 701, 702, 0, 0]
    assert [row["ns"] for row in rows] == [8, 9, -1, 1, -1]
    assert (rows[3]["tunnel"], rows[3]["nr"], rows[3]["flags"], rows[3]["body"]) == (5, 2, 0xC803, SCCRQ[12:])


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="the shared captures are not here")
def test_openvpn_in_the_laboratory() -> None:
    """Every datagram of a real OpenVPN connection on port 1701 is told as such."""
    for path in sorted((SHARED / "captures/lab/other_openvpn_1701").glob("*.pcap")):
        records = pcap_records(path)
        _, counts = decode(records)
        assert counts == {"OPENVPN_1701": len(records)}
