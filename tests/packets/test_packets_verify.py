"""Wireshark's second opinion on a whole capture, and the reasons for what differs."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from frame_builders import ethernet, ipv4, l2tp, udp

from l2tpscope.cli import l2tpscope as program
from l2tpscope.frames import Kind
from l2tpscope.packets import pcapng, tshark, wireshark_fields
from l2tpscope.packets import verify as verifying
from l2tpscope.packets.packet import Packet
from l2tpscope.packets.reasons import REASONS, Difference, reason_of
from l2tpscope.packets.verify import layer_of, verify
from l2tpscope.packets.wireshark_fields import FIELDS
from l2tpscope.wire.ike import IkeMessage
from l2tpscope.wire.ike.payloads import KeyExchange, NatD, SecurityAssociation
from l2tpscope.wire.l2tp import ControlMessage
from l2tpscope.wire.ppp import PppFrame

ROOT = Path(__file__).resolve().parents[2]
CAPTURES = ROOT.parent / "shared" / "captures"
SAMPLES = sorted(path for path in (ROOT / "samples").iterdir() if path.suffix in (".pcap", ".gz"))

pytestmark = pytest.mark.tshark

PUBLIC = {
    "c001": {"rejected-packet": 2},
    "c004": {"by-port-l2tp": 16},
    "c045": {"draft-nat-d": 6},
    "c051": {"short-esp": 1},
    "c056": {"by-port-ike": 1},
    "c058": {"by-port-ike": 1},
    "c059": {"by-port-ike": 1},
    "c061": {"malformed-ike": 1},
    "c079": {"malformed-ike": 2},
    "c116": {"short-esp": 1},
}
"""Reasons and how often they apply, by public capture."""
MADE = {"odd-option"}
"""Reasons of which no public capture has a case inside L2TP; one is made below."""


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_samples_equal_wireshark(path: Path) -> None:
    """Every field of every sample that both decode is Wireshark's, without any difference."""
    made = verify(str(path))
    assert made.fields >= made.frames >= 10
    assert (made.unexplained, dict(made.explained)) == ([], {})


@pytest.mark.shared
@pytest.mark.parametrize("name", PUBLIC)
def test_differences_have_their_reason(name: str) -> None:
    """The public captures in which we differ do so for the reasons listed, as often as listed, and for no other."""
    (path,) = (CAPTURES / "public").glob(f"{name}__*")
    made = verify(str(path))
    assert made.unexplained == []
    assert dict(made.explained_count) == PUBLIC[name]


def test_every_reason_has_a_case() -> None:
    """No reason is listed that no capture needs."""
    assert {reason.name for reason in REASONS} == MADE.union(*PUBLIC.values())


def test_an_option_of_a_wrong_length(tmp_path: Path) -> None:
    """An MRU of five octets (RFC 1661 §6.1 has four): Wireshark stops there, we say that it is odd, and read the magic number behind it."""
    options = bytes.fromhex("0105 057800 0506 11223344")
    packet = b"\x01\x07" + (4 + len(options)).to_bytes(2, "big") + options
    carried = bytes.fromhex("ff03c021") + packet
    octets = ethernet(ipv4(udp(l2tp(body=carried))))
    path = tmp_path / "odd.pcapng"
    path.write_bytes(pcapng.section("test", []) + pcapng.interface(1, "", 0) + pcapng.packet(0, 1, octets, len(octets)))
    made = verify(str(path))
    assert made.frames == 1
    assert (made.unexplained, dict(made.explained_count)) == ([], {"odd-option": 1})


def altered(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """Let Wireshark say something else of every frame."""
    run = tshark.run

    def other(arguments: Sequence[str]) -> Iterator[str]:
        at = FIELDS.index(name)
        for line in run(arguments):
            values = line.split("\t")
            values[at] = value if values[at] else ""
            yield "\t".join(values)

    monkeypatch.setattr(tshark, "run", other)


def test_what_has_no_reason_is_a_failure(samples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Wireshark's Ns is another one, each such frame is listed with both values, and the exit code is 1."""
    altered(monkeypatch, "l2tp.Ns", "4711")
    path = str(samples / "tunnel_auth.pcap")
    result = CliRunner().invoke(program, ["verify", path])
    assert result.exit_code == 1
    assert "frame 3 l2tp.Ns: ours 1, Wireshark's 4711" in result.stdout
    found = json.loads(CliRunner().invoke(program, ["verify", path, "--format", "json"]).stdout)
    assert found["unexplained_count"] == len(found["unexplained"]) > 5
    assert {one["theirs"] for one in found["unexplained"]} == {"4711"}


def test_secrets_that_differ_are_not_shown(samples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A challenge response that differs is listed without its octets, unless asked for."""
    altered(monkeypatch, "l2tp.avp.chap_challenge_response", "00112233")
    path = str(samples / "tunnel_auth.pcap")
    hidden = CliRunner().invoke(program, ["verify", path]).stdout
    assert "l2tp.avp.chap_challenge_response: ours not shown" in hidden
    assert "00112233" not in hidden
    assert "00112233" in CliRunner().invoke(program, ["verify", path, "--show-secrets"]).stdout


class Altered:
    """A packet of which something else was decoded."""

    def __init__(self, packet: Packet, decoded: Any) -> None:
        self._packet, self.decoded = packet, decoded

    def __getattr__(self, name: str) -> Any:
        return getattr(self._packet, name)


def listed(monkeypatch: pytest.MonkeyPatch, path: Path, change: Callable[[Any], Any]) -> set[str]:
    """The fields that verify lists where our decoders say something else of every packet that *change* gives something for."""
    one = verifying.packets_of

    def other(*arguments: Any) -> list[Any]:
        made = []
        for packet in one(*arguments):
            ike = packet.kind is Kind.IKE
            decoded = wireshark_fields.ike_message(packet) if ike else packet.decoded
            new = change(decoded)
            made.append(packet if new is None else Altered(packet, new))
        return made

    read = wireshark_fields.ike_message
    monkeypatch.setattr(verifying, "packets_of", other)
    monkeypatch.setattr(wireshark_fields, "ike_message", lambda packet: packet.decoded if isinstance(packet, Altered) else read(packet))
    made = verify(str(path))
    assert made.unexplained_count == len(made.unexplained)
    return {one.field for one in made.unexplained}


def _avp(key: int, value: Any) -> Callable[[Any], Any]:
    """All AVPs of one attribute with another value."""

    def change(decoded: Any) -> Any:
        if not isinstance(decoded, ControlMessage) or decoded.get(key) is None:
            return None
        return decoded._replace(avps=tuple(avp._replace(value=value) if avp.key == key else avp for avp in decoded.avps))

    return change


def _payload(kind: type, **values: Any) -> Callable[[Any], Any]:
    """All payloads of a kind with other values."""

    def change(decoded: Any) -> Any:
        if not isinstance(decoded, IkeMessage) or not any(isinstance(one, kind) for one in decoded.payloads):
            return None
        return replace(decoded, payloads=tuple(replace(one, **values) if isinstance(one, kind) else one for one in decoded.payloads))

    return change


def _packet(**values: Any) -> Callable[[Any], Any]:
    """PPP packets with other values where they have any."""

    def change(decoded: Any) -> Any:
        if not isinstance(decoded, PppFrame) or decoded.packet is None or not all(getattr(decoded.packet, name) for name in values):
            return None
        return replace(decoded, packet=replace(decoded.packet, **values))

    return change


def _number(decoded: Any) -> Any:
    """PPP options with another number each."""
    if not isinstance(decoded, PppFrame) or decoded.packet is None or not decoded.packet.options:
        return None
    options = tuple(option if option.number is None else replace(option, number=option.number ^ 1) for option in decoded.packet.options)
    return replace(decoded, packet=replace(decoded.packet, options=options))


@pytest.mark.parametrize(
    ("name", "change", "fields"),
    [
        ("tunnel_auth.pcap", _avp(3, 1), {"l2tp.avp.async_framing_supported"}),
        ("tunnel_auth.pcap", _avp(15, 4711), {"l2tp.avp.call_serial_number"}),
        ("tunnel_auth.pcap", _packet(peer="mallory"), {"chap.name"}),
        ("tunnel_auth.pcap", _packet(text="no"), {"chap.message"}),
        ("tunnel_auth.pcap", _packet(secret=b"no"), {"chap.value"}),
        ("tunnel_auth.pcap", _number, {"lcp.opt.mru", "lcp.opt.magic_number", "lcp.opt.auth_protocol", "ipcp.opt.ip_address"}),
        ("wrong_psk.pcap", _payload(SecurityAssociation, doi=2), {"doi"}),
        ("wrong_psk.pcap", _payload(SecurityAssociation, proposals=()), {"payloads", "proposals", "transforms", "attributes"}),
        ("wrong_psk.pcap", _payload(NatD, digest=b"no"), {"nat_hashes"}),
        ("wrong_psk.pcap", _payload(KeyExchange, octets=3), {"lengths"}),
    ],
)
def test_another_decode_is_listed(
    name: str, change: Callable[[Any], Any], fields: set[str], samples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where our decoders say something else, deep below, just the fields that have it are listed, and no reason swallows them."""
    assert listed(monkeypatch, samples / name, change) >= fields


def difference(field: str, ours: str, theirs: str, packet: Any, layer: str) -> Difference:
    """A difference of a packet."""
    return Difference(1, field, ours, theirs, packet, dict.fromkeys(FIELDS, ""), layer)


@pytest.mark.shared
def test_reasons_are_narrow() -> None:
    """What is odd of a packet explains what follows from it alone: more than fits, on Wireshark's side; not another number or name."""

    def packets(name: str) -> Iterator[Packet]:
        (path,) = (CAPTURES / "public").glob(f"{name}__*")
        return (packet for _, some in verifying._ours(str(path), ()) for packet in some)

    malformed = next(packets("c079"))
    assert reason_of(difference("lengths", "[60]", "[60, 3, 7297]", malformed, "isakmp")) is not None
    for field, ours, theirs in (("lengths", "[61]", "[60, 3, 7297]"), ("notifies", "14", ""), ("exchangetype", "2", "4")):
        assert reason_of(difference(field, ours, theirs, malformed, "isakmp")) is None, field
    rejects = next(
        one for one in packets("c001") if isinstance(one.decoded, PppFrame) and one.decoded.packet and one.decoded.packet.rejected
    )
    assert reason_of(difference("options", "", "3/6", rejects, "ppp")) is not None
    for field, ours, theirs in (("code", "8", "9"), ("identifier", "", "1"), ("lcp.rej_proto", "", "0x80fd"), ("options", "1/4", "3/6")):
        assert reason_of(difference(field, ours, theirs, rejects, "ppp")) is None, field
    drafts = next(packets("c045"))
    assert reason_of(difference("nat_hashes", "aa,bb", "aa", drafts, "isakmp")) is None, "Wireshark does not call it malformed"


def test_rare_values_equal_wireshark(tmp_path: Path) -> None:
    """AVPs that no public capture has (numbers called, proxy authentication, call errors, causes, speeds, access lines): all equal."""
    messages = [l2tp(0xC802, body=_avp_octets(0, b"\0\x0a") + _avp_octets(*one), ns=number) for number, one in enumerate(RARE)]
    body = _avp_octets(0, b"\0\x0a") + _avp_octets(74, (10**9).to_bytes(8, "big")) + _avp_octets(72, b"en")
    messages.append(struct.pack(">HHIHH", 0xC803, 12 + len(body), 1, 0, 0) + body)
    octets = [ethernet(ipv4(udp(message))) for message in messages]
    path = tmp_path / "rare.pcapng"
    records = b"".join(pcapng.packet(0, number, one, len(one)) for number, one in enumerate(octets))
    path.write_bytes(pcapng.section("test", []) + pcapng.interface(1, "", 0) + records)
    made = verify(str(path))
    assert (made.frames, made.unexplained, dict(made.explained)) == (len(RARE) + 1, [], {})


def _avp_octets(kind: int, value: bytes, vendor: int = 0) -> bytes:
    return struct.pack(">HHH", 0x8000 | 6 + len(value), vendor, kind) + value


RARE: tuple[Any, ...] = (
    (1, struct.pack(">HH", 2, 6) + b"gone"),
    (2, b"\x01\x02"),
    (3, b"\0\0\0\x01"),
    (4, b"\0\0\0\x02"),
    (12, struct.pack(">HB", 16, 69) + b"busy"),
    *((kind, struct.pack(">I", 1000 + kind)) for kind in (16, 17, 25)),
    (18, b"\0\0\0\x01"),
    *((kind, f"555-{kind}".encode()) for kind in (21, 22, 23, 30, 37)),
    *((kind, bytes.fromhex("0506aabbccdd")) for kind in (26, 27, 28)),
    *((kind, bytes.fromhex("112233445566")) for kind in (31, 33)),
    (32, b"\0\x05"),
    (34, b"\0\0" + struct.pack(">6I", 1, 2, 3, 4, 5, 6)),
    (35, b"\0\0" + struct.pack(">II", 0xA0000, 7)),
    (46, struct.pack(">HHB", 3, 0xC021, 1) + b"bye"),
    *((kind, b"line", 3561) for kind in (1, 2)),
    *((kind, struct.pack(">Q", kind), 3561) for kind in range(129, 137)),
    *((kind, struct.pack(">I", kind), 3561) for kind in range(139, 143)),
    (144, b"\x01\x02\x03", 3561),
    (145, struct.pack(">I", 1), 3561),
)
"""Type, value and, of another than the IETF, vendor."""


def test_no_difference_is_exit_code_0(samples: Path) -> None:
    """A capture that both read alike ends with 0 and says how much was compared."""
    result = CliRunner().invoke(program, ["verify", str(samples / "wrong_psk.pcap")])
    assert result.exit_code == 0
    assert "no unexplained difference" in result.stdout


def test_what_is_quoted_is_not_compared() -> None:
    """The outermost protocol counts; what stands behind an ICMP header is quoted, not sent."""
    assert layer_of("eth:ethertype:ip:udp:l2tp:ppp:ip:udp:isakmp") == "l2tp"
    assert layer_of("eth:ethertype:ip:icmp:ip:udp:l2tp") is None
    assert layer_of("eth:ethertype:ip:udp:dns") is None


@pytest.mark.shared
@pytest.mark.slow
def test_no_shared_capture_has_an_unexplained_difference() -> None:
    """Every laboratory scenario, each at one of its taps, field by field: half a million fields, none unexplained."""
    fields = 0
    for at, folder in enumerate(sorted({path.parent for path in (CAPTURES / "lab").glob("*/*.pcap")})):
        taps = sorted(folder.glob("*.pcap"))
        made = verify(str(taps[at % len(taps)]))
        fields += made.fields
        assert made.unexplained == [], taps[at % len(taps)]
    assert fields > 500_000
