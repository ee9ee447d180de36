"""Wireshark's second opinion on a whole capture, and the reasons for what differs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner
from frame_builders import ethernet, ipv4, l2tp, udp

from l2tpscope.cli import l2tpscope as program
from l2tpscope.packets import pcapng, tshark
from l2tpscope.packets.reasons import REASONS
from l2tpscope.packets.verify import layer_of, verify
from l2tpscope.packets.wireshark_fields import FIELDS

ROOT = Path(__file__).resolve().parents[2]
CAPTURES = ROOT.parent / "shared" / "captures"
SAMPLES = sorted(path for path in (ROOT / "samples").iterdir() if path.suffix in (".pcap", ".gz"))

pytestmark = pytest.mark.tshark

PUBLIC = {
    "c001": {"rejected-packet": 1},
    "c004": {"by-port-l2tp": 16},
    "c045": {"draft-nat-d": 2},
    "c051": {"short-esp": 1},
    "c056": {"by-port-ike": 1},
    "c058": {"by-port-ike": 1},
    "c059": {"by-port-ike": 1},
    "c061": {"malformed-ike": 1},
    "c079": {"malformed-ike": 1},
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
    """Every laboratory capture, at every tap, field by field: more than a million fields, none unexplained."""
    fields = 0
    for path in sorted((CAPTURES / "lab").glob("*/*.pcap")):
        made = verify(str(path))
        fields += made.fields
        assert made.unexplained == [], path
    assert fields > 1_000_000
