"""One frame decoded, and where it belongs."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import l2tpscope
from l2tpscope.api import read
from l2tpscope.capture import Batch
from l2tpscope.cli import l2tpscope as program
from l2tpscope.frames import Frames
from l2tpscope.output import Page
from l2tpscope.packets.glance import Glance
from l2tpscope.packets.packet import packets_of
from l2tpscope.packets.show import masked, shown

ROOT = Path(__file__).resolve().parents[2]
LAB = ROOT.parent / "shared" / "captures" / "lab"
SEEDS = sorted((ROOT / "tests" / "fuzz" / "seeds").iterdir())
needs_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="needs tshark")


def show(*arguments: str | Path) -> str:
    """What the command prints."""
    result = CliRunner().invoke(program, ["show", *map(str, arguments)])
    assert result.exit_code == 0, result.output
    return result.stdout


def document(frame: int, path: Path, *more: str) -> dict[str, Any]:
    """The same as JSON."""
    made: dict[str, Any] = json.loads(show(str(frame), path, "--format", "json", *more))
    return made


def test_a_message_says_what_it_answers(samples: Path) -> None:
    """SCCCN answers SCCRP (RFC 2661 §7.2.1): its Nr is one more than the Ns of that; what it carries is a Challenge Response (§5.1.1)."""
    made = document(3, samples / "tunnel_auth.pcap")
    (packet,) = made["packets"]
    assert packet["fields"]["message"] == "SCCCN"
    assert (packet["fields"]["ns"], packet["fields"]["nr"]) == (1, 1)
    assert [avp["type"] for avp in packet["fields"]["avps"]] == [0, 13]
    assert packet["belongs"] == {"vpn": 1, "tunnel": 1, "session": None, "ike_sa": None, "esp_sa": None, "l2f": None}
    assert "the first to acknowledge frame 2" in packet["relations"]
    assert "L2TPv2 SCCCN" in show("3", samples / "tunnel_auth.pcap")


@pytest.mark.tshark
@needs_tshark
@pytest.mark.parametrize("name", ["tunnel_auth.pcap", "wrong_psk.pcap"])
def test_numbers_are_wiresharks(name: str, samples: Path) -> None:
    """Ids, Ns and Nr, and the SPIs of IKE, are those that Wireshark shows of the same frame."""
    fields = ("frame.number", "l2tp.tunnel", "l2tp.session", "l2tp.Ns", "l2tp.Nr", "isakmp.ispi", "isakmp.messageid")
    command = ["tshark", "-r", str(samples / name), "-c", "12", "-T", "fields", "-E", "occurrence=f"]
    lines = subprocess.run([*command, *(part for one in fields for part in ("-e", one))], capture_output=True, text=True, check=True).stdout
    compared = 0
    for line in lines.splitlines():
        number, tunnel, session, ns, nr, spi, message_id = line.split("\t")
        if not (tunnel or spi):
            continue
        (packet,) = document(int(number), samples / name)["packets"]
        told = packet["fields"]
        if tunnel:
            assert [str(told[key] if told[key] is not None else "") for key in ("tunnel_id", "session_id", "ns", "nr")] == [
                tunnel,
                session,
                ns,
                nr,
            ]
        else:
            assert (told["initiator_spi"], told["message_id"]) == (spi, int(message_id, 0))
        compared += 1
    assert compared >= 6


@pytest.mark.shared
@pytest.mark.tshark
@needs_tshark
@pytest.mark.skipif(not LAB.exists(), reason="needs the captures of ../shared")
def test_secrets_are_shown_only_when_asked_for() -> None:
    """The password that the laboratory set is in neither decode, ours and Wireshark's, without --show-secrets, and in both with it."""
    path = LAB / "l2tp_pap" / "client.pcap"
    (row, *_) = [row for row in l2tpscope.read(path, show_secrets=True).rows("ppp") if row.protocol == "PAP" and row.secret]
    command = ["tshark", "-r", str(path), "-Y", f"frame.number=={row.frame}", "-T", "fields", "-e", "pap.password"]
    password = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert password
    hidden = show(str(row.frame), path, "--wireshark")
    assert password not in hidden
    assert password.encode().hex() not in hidden
    assert show(str(row.frame), path, "--wireshark", "--show-secrets").count(password) >= 1
    assert password in "".join(document(row.frame, path, "--wireshark", "--show-secrets")["wireshark"])


def test_parts_of_a_secret_are_masked_too() -> None:
    """A line with some of a response's octets, in hex with or without colons, or with a password as text, ends at its colon."""
    lines = ["  Value: 0123456789abcdef", "  Peer: 45:67:89:ab", "  Password: pa ss", "  Ns: 4", "  Name: lac"]
    hidden = "not shown (--show-secrets)"
    secrets = [bytes.fromhex("0123456789abcdef"), b"pa ss"]
    assert masked(lines, secrets) == [f"  Value: {hidden}", f"  Peer: {hidden}", f"  Password: {hidden}", "  Ns: 4", "  Name: lac"]


def test_data_is_found_by_its_ids(samples: Path) -> None:
    """Every data packet of the many tunnels belongs to the session whose ids are in its header, as the table has them."""
    kept: list[Any] = []
    report = read(samples / "many_tunnels.pcap", watch=lambda _, frames: kept.extend(packets_of(frames, range(len(frames)))))
    glance = Glance(1, found=True, packets=kept)
    sessions = {row.session: row for row in report.rows("sessions")}
    data = [layer for layer in shown(report, glance, "x", show_secrets=False).layers if layer.name == "L2TPv2 data"]
    assert len({layer.belongs.session for layer in data}) == len(sessions) > 5
    for layer in data:
        row = sessions[layer.belongs.session or 0]
        assert layer.fields["session_id"] in (row.initiator_id, row.responder_id)


@pytest.mark.parametrize("path", SEEDS, ids=lambda path: path.name)
def test_every_frame_can_be_shown(path: Path) -> None:
    """Whatever is in a frame, its page has no control character, and its document is JSON."""
    kept: list[Any] = []

    def watch(_: Batch, frames: Frames) -> None:
        kept.extend(packets_of(frames, np.arange(len(frames)).tolist()[:400]))

    made = shown(read(path, watch=watch), Glance(1, found=True, packets=kept), str(path), show_secrets=False)
    for form in ("table", "json"):
        text = b"".join(made.pieces(form, Page())).decode()
        assert all(line.isprintable() for line in text.splitlines())
        assert form == "table" or json.loads(text)["packets"]


def test_frames_of_others_have_headers_alone(tmp_path: Path) -> None:
    """A frame that is not L2TP or IPsec shows its link, network and transport headers, and says so."""
    from frame_builders import ipv4, udp  # noqa: PLC0415

    octets = bytes(12) + b"\x08\x00" + ipv4(udp(b"hello", 5353, 5353))
    path = tmp_path / "other.pcap"
    path.write_bytes(bytes.fromhex("d4c3b2a1020004000000000000000000ffff000001000000") + _record(octets))
    result = CliRunner().invoke(program, ["show", "1", str(path)])
    assert result.exit_code == 4
    assert "port 5353 to 5353" in result.stdout
    assert "no L2TP, IKE or ESP in it" in result.stdout


def _record(octets: bytes) -> bytes:
    return b"".join(number.to_bytes(4, "little") for number in (1, 0, len(octets), len(octets))) + octets


def test_wrong_frames_and_no_tshark(samples: Path) -> None:
    """A frame that is not there is a wrong usage; without tshark one line says what to install."""
    assert CliRunner().invoke(program, ["show", "999999", str(samples / "tunnel_auth.pcap")]).exit_code == 2
    command = [sys.executable, "-m", "l2tpscope", "show", "1", str(samples / "tunnel_auth.pcap"), "--wireshark"]
    result = subprocess.run(command, capture_output=True, text=True, check=False, env={"PATH": "/nowhere", "PYTHONPATH": str(ROOT)})
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    assert "install" in result.stderr
