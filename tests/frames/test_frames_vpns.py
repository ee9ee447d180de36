"""Other VPNs are counted where their handshake proves them, and nowhere else."""

from __future__ import annotations

import random
import shutil
import struct
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from frame_builders import SHARED, Record, batch_of, decode, ethernet, ipv4, ipv6, udp

from l2tpscope.capture import CaptureError, merged, open_captures
from l2tpscope.frames import Decoder, Kind
from l2tpscope.frames.columns import Other
from l2tpscope.frames.vpn_proofs import random_looking
from l2tpscope.frames.vpns import OtherVpns

NOISE = random.Random(7).randbytes(2000)
SESSION = b"\x11\x22\x33\x44\x55\x66\x77\x88"
CRYPT = b"\0\0\0\x01\x5f\0\0\0" + NOISE[:37]
RESETS = {
    "no HMAC": b"\x38" + SESSION + bytes(5),
    "SHA1": b"\x38" + SESSION + NOISE[:20] + b"\0\0\0\x01\x5f\0\0\0" + bytes(5),
    "SHA512": b"\x38" + SESSION + NOISE[:64] + b"\0\0\0\x02\x5f\0\0\0" + bytes(5),
    "method 1": b"\x08" + SESSION + bytes(5),
    "tls-crypt": b"\x38" + SESSION + CRYPT,
    "tls-crypt-v2": b"\x50" + SESSION + b"\x0f\0\0\x01" + CRYPT[4:] + NOISE[:298] + (300).to_bytes(2, "big"),
}
"""A client's first packets."""
ANSWERS = {
    "no HMAC": b"\x40" + SESSION + b"\x01\0\0\0\0" + SESSION[::-1] + bytes(4),
    "tls-crypt": b"\x40" + SESSION + CRYPT + NOISE[100:112],
    "tls-crypt-v2": b"\x40" + SESSION + CRYPT + NOISE[100:118],
}
INITIATION = b"\x01\0\0\0" + NOISE[:112] + NOISE[112:128] + bytes(16)
RESPONSE = b"\x02\0\0\0" + NOISE[:72] + bytes(16)
DATA = b"\x04\0\0\0" + NOISE[:44]
OPENVPN_DATA = b"\x30" + NOISE[:60]


def tcp(payload: bytes, source: int, destination: int, words: int = 8) -> bytes:
    """A TCP segment with a header of so many words."""
    return struct.pack(">HHIIBBHHH", source, destination, 1, 1, words << 4, 0x18, 9999, 0, 0) + bytes(4 * words - 20) + payload


def way(source: int, destination: int) -> dict[str, Any]:
    """The addresses of client and server: clients have the higher port."""
    ends = b"\x0a\0\0\1", b"\x0a\0\0\2"
    return dict(zip(("source", "destination"), ends if source > destination else ends[::-1], strict=True))


def plain(payload: bytes, source: int = 40000, destination: int = 5555) -> bytes:
    """A frame of UDP; from a lower port, the way back."""
    return ethernet(ipv4(udp(payload, source, destination), **way(source, destination)))


def segment(payload: bytes, source: int = 40000, destination: int = 8443, words: int = 8) -> bytes:
    """A frame of TCP; from a lower port, the way back."""
    return ethernet(ipv4(tcp(payload, source, destination, words), 6, **way(source, destination)))


PPTP = b"\0\x9c\0\x01\x1a\x2b\x3c\x4d\0\x01\0\0" + bytes(144)
GRE = b"\x30\x01\x88\x0b\0\x04\0\x01\0\0\0\x01\xff\x03\xc0\x21"
SSTP = b"SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1\r\n"
LENGTH = (14).to_bytes(2, "big")
PROVEN = {f"OpenVPN, {name}": plain(octets) for name, octets in RESETS.items()}
PROVEN |= {f"OpenVPN, answer, {name}": plain(octets, 5555, 40000) for name, octets in ANSWERS.items()}
PROVEN |= {
    "OpenVPN over IPv6": ethernet(ipv6(udp(RESETS["no HMAC"], 40000, 5555)), 0x86DD),
    "OpenVPN's data on its port": plain(b"\x48\0\0\x01" + NOISE[:60], 40000, 1194),
    "OpenVPN over TCP": segment(LENGTH + RESETS["no HMAC"]),
    "OpenVPN over TCP, no timestamps": segment(LENGTH + RESETS["no HMAC"], words=5),
    "WireGuard": plain(INITIATION),
    "WireGuard, answer": plain(RESPONSE, 5555, 40000),
    "PPTP": segment(PPTP, destination=1723),
    "PPTP over IPv6": ethernet(ipv6(tcp(PPTP, 1723, 40000), 6), 0x86DD),
    "GRE": ethernet(ipv4(GRE, 47)),
    "SSTP": segment(SSTP, destination=80),
}
"""Frames that are of another VPN by themselves."""
TRAFFIC = {
    "OpenVPN": plain(OPENVPN_DATA),
    "OpenVPN, back": plain(OPENVPN_DATA, 5555, 40000),
    "OpenVPN over TCP": segment(b"\0\x3d" + OPENVPN_DATA, 8443, 40000),
    "WireGuard": plain(DATA),
    "WireGuard, cookie": plain(b"\x03\0\0\0" + NOISE[:60], 5555, 40000),
    "SSTP": segment(b"\x10\0\0\x20" + NOISE[:28], 80, 40000),
}
"""Frames that only their flow shows to be of one."""
KINDS = {"O": Kind.OPENVPN, "W": Kind.WIREGUARD, "P": Kind.PPTP, "G": Kind.GRE_PPP, "S": Kind.SSTP}


def kinds(*frames: bytes) -> dict[str, int]:
    """The counts of some frames."""
    rows, counts = decode([Record(frame, len(frame)) for frame in frames])
    assert not rows
    return dict(counts)


@pytest.mark.parametrize("name", PROVEN)
def test_a_handshake_proves_its_flow(name: str) -> None:
    """One message of a handshake is believed on any port, each with its own name, and gives no row."""
    assert kinds(PROVEN[name]) == {KINDS[name[0]].name: 1}


@pytest.mark.parametrize("name", TRAFFIC)
def test_traffic_is_counted_behind_a_proof_and_not_before(name: str) -> None:
    """What a flow carries counts from its handshake on, both ways; before it, and in other flows, it is nothing of note."""
    flow = name.split(",", maxsplit=1)[0]
    proof = PROVEN.get(flow, PROVEN["OpenVPN, no HMAC"])
    kind = KINDS[name[0]].name
    assert kinds(TRAFFIC[name]) == {"OTHER": 1}
    assert kinds(TRAFFIC[name], proof, TRAFFIC[name], TRAFFIC[name]) == {"OTHER": 1, kind: 3}
    assert kinds(proof, plain(OPENVPN_DATA, 40001, 5555), segment(b"\0\x3d" + OPENVPN_DATA, 40001)) == {"OTHER": 2, kind: 1}


NEARLY = {
    "no session id": plain(b"\x38" + bytes(13)),
    "acknowledges something": plain(b"\x38" + SESSION + b"\1\0\0\0\0"),
    "one octet more": plain(RESETS["no HMAC"] + b"\0"),
    "wrong key id": plain(b"\x39" + RESETS["no HMAC"][1:]),
    "tls-crypt of zeros": plain(b"\x38" + SESSION + CRYPT[:8] + bytes(36) + b"\1"),
    "wrong length of the wrapped key": plain(RESETS["tls-crypt-v2"] + b"\0"),
    "answer to nothing": plain(b"\x40" + SESSION + b"\0\0\0\0\0" + SESSION + bytes(4)),
    "data elsewhere": plain(b"\x48\0\0\x01" + NOISE[:60]),
    "initiation of zeros": plain(b"\x01\0\0\0" + bytes(144)),
    "initiation, reserved bits": plain(b"\x01\0\0\1" + INITIATION[4:]),
    "initiation, long": plain(INITIATION + b"\0"),
    "length of TCP": segment(b"\0\x0f" + RESETS["no HMAC"]),
    "PPTP elsewhere": segment(PPTP, destination=1724),
    "PPTP, wrong magic": segment(PPTP.replace(b"\x1a", b"\x1b"), destination=1723),
    "TLS on 443": segment(b"\x16\x03\x01\x02\0\x01" + NOISE, destination=443),
    "GRE of version 1, no PPP": ethernet(ipv4(b"\x30\x01\x88\x0c" + GRE[4:], 47)),
    "GRE of version 0": ethernet(ipv4(b"\x30\x00\x88\x0b" + GRE[4:] + bytes(30), 47)),
}


@pytest.mark.parametrize("name", NEARLY)
def test_what_is_nearly_a_handshake_proves_nothing(name: str) -> None:
    """One wrong octet, and the frame is one of the others; so is TLS, whatever is inside."""
    assert kinds(NEARLY[name]) == {"OTHER": 1}


def test_a_handshake_that_was_cut_proves_nothing() -> None:
    """What the capture cut off cannot be checked."""
    assert decode([Record(plain(INITIATION)[:100], 190)])[1] == {"OTHER": 1}
    assert decode([Record(segment(LENGTH + RESETS["no HMAC"])[:75], 82)])[1] == {"OTHER": 1}


def test_they_are_counted_by_capture_and_port_of_the_server() -> None:
    """Each capture of a batch has its own count, by protocol and the port of the server, whoever sent the frame."""
    frames = [PROVEN["OpenVPN, answer, no HMAC"], TRAFFIC["OpenVPN"], PROVEN["GRE"], PROVEN["WireGuard, answer"]]
    batch = batch_of([Record(frame, len(frame)) for frame in frames])
    batch.capture[1:] = 2
    assert Decoder().decode(batch).others == {
        Other(1, Kind.OPENVPN, 17, 5555): 1,
        Other(2, Kind.OPENVPN, 17, 5555): 1,
        Other(2, Kind.GRE_PPP, 47, 0): 1,
    }, "a flow stays what it was proven to be first"


def test_flows_are_bounded() -> None:
    """Of more flows than there is room for, those proven last are kept."""
    vpns = OtherVpns(limit=2)
    decoder = Decoder()
    decoder._vpns = vpns
    frames = [plain(INITIATION, 40000 + number) for number in range(5)]
    decoder.decode(batch_of([Record(frame, len(frame)) for frame in frames]))
    assert len(vpns) == 5
    vpns.trim()
    assert len(vpns) == 2
    data = [plain(DATA, 40000 + number) for number in range(5)]
    assert decoder.decode(batch_of([Record(frame, len(frame)) for frame in data])).counts == {Kind.OTHER: 3, Kind.WIREGUARD: 2}


@pytest.mark.parametrize("octets", [37, 64, 108])
def test_random_octets_look_random_and_structure_does_not(octets: int) -> None:
    """Of 20,000 random strings none is refused; counters, text and zeros are."""
    dice = random.Random(octets)
    assert all(random_looking(dice.randbytes(octets)) for _ in range(20_000))
    assert not random_looking(bytes(octets))
    assert not random_looking(struct.pack(f"<{octets // 4}I", *range(octets // 4)))
    assert not random_looking(
        b"the quick brown fox jumps over the lazy dog, and then again it jumps over the dog which was lazy too"[:octets]
    )


CAPTURES = (
    [*sorted((SHARED / "captures/public").glob("c*")), *sorted((SHARED / "captures/lab").glob("*/*.pcap"))] if SHARED.exists() else []
)
FILTER = "openvpn || wg || pptp || (gre.proto == 0x880b) || sstp"
DIFFERENCES = {
    "c136": (2, 0),  # two segments sent again, which Wireshark does not dissect a second time
    "c153": (0, 64),  # WireGuard's data before the first handshake of their flow
    "c208": (0, 1),  # zeros from TCP's ephemeral range on UDP port 1194, which Wireshark calls OpenVPN by the port
    "c146": (0, 1),  # quoted in an ICMP error
}
"""By capture: frames that only we call so, and that only Wireshark does."""


def of_wireshark(path: Path) -> int:
    """How many frames Wireshark calls OpenVPN, WireGuard, PPTP, its GRE, or SSTP."""
    command = ["tshark", "-n", "-r", str(path), "-Y", FILTER, "-T", "fields", "-e", "frame.number"]
    return len(subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines())


def of_ours(path: Path) -> int:
    """How many frames we do, those on the port of L2TP not counted."""
    decoder, found = Decoder(), Counter[Other]()
    try:
        for batch in merged(open_captures([path])):
            found.update(decoder.decode(batch).others)
    except CaptureError:
        return 0
    return found.total()


@pytest.mark.shared
@pytest.mark.tshark
@pytest.mark.skipif(not CAPTURES or not shutil.which("tshark"), reason="the shared captures or tshark are not here")
@pytest.mark.parametrize("path", [path for path in CAPTURES if path.stat().st_size < 3_000_000], ids=lambda path: "/".join(path.parts[-2:]))
def test_they_are_counted_as_wireshark_counts_them(path: Path) -> None:
    """In every public and laboratory capture as many frames as Wireshark finds; the differences are listed with their reasons."""
    more, less = DIFFERENCES.get(path.name.split("__")[0], (0, 0))
    assert of_ours(path) == of_wireshark(path) + more - less
