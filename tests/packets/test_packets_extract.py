"""The packets of one connection, and nothing else, in a file of their own."""

from __future__ import annotations

import gzip
import shutil
import subprocess
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from frame_builders import ethernet, ipv4, udp

from l2tpscope.api import read
from l2tpscope.capture import merged, open_captures
from l2tpscope.cli import l2tpscope as program
from l2tpscope.packets import pcapng
from l2tpscope.packets.extract import Marks

ROOT = Path(__file__).resolve().parents[2]
LAB = ROOT.parent / "shared" / "captures" / "lab"
GOLDEN = sorted((ROOT / "tests" / "golden").glob("*/capture.pcap"))
NUMBERS = ("ike_sas", "esp_sas", "tunnels", "sessions")
LABORATORY = ("two_nat", "mtu_fragmented", "multi_s2s", "scale_50x2", "mtu_df_icmp")
"""Several connections; fragments; many tunnels between the same ends; ICMP errors."""


def extract(*arguments: str | Path) -> None:
    """Run the command."""
    result = CliRunner().invoke(program, ["extract", *map(str, arguments), "-q"])
    assert result.exit_code in (0, 5), result.output


def told(row: Any) -> dict[str, Any]:
    """A row of vpns without numbers that count the rows of a file; `use` depends on what else goes between the same ends."""
    values = {name: value for name, value in asdict(row).items() if name not in ("vpn", "linked_by", "use")}
    return {name: len(value) if name in NUMBERS else value for name, value in values.items()}


def test_the_extract_read_again_is_the_same_connection(samples: Path, tmp_path: Path) -> None:
    """Of two clients behind one NAT, each one's extract has one connection, and its row is the one of the whole capture."""
    whole = samples / "two_clients_nat.pcap"
    for row in read(whole).rows("vpns"):
        extract(whole, "--vpn", str(row.vpn), "-o", tmp_path / "x.pcapng")
        (again,) = read(tmp_path / "x.pcapng").rows("vpns")
        assert told(again) == told(row)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.parent.name)
def test_so_it_is_of_every_small_capture(path: Path, tmp_path: Path) -> None:
    """Of the first three connections of each."""
    for row in read(path).rows("vpns")[:3]:
        extract(path, "--vpn", str(row.vpn), "-o", tmp_path / "x.pcapng")
        (again,) = read(tmp_path / "x.pcapng").rows("vpns")
        assert told(again) == told(row)


@pytest.mark.shared
@pytest.mark.parametrize("name", [name for name in LABORATORY if (LAB / name).exists()])
def test_so_it_is_in_the_laboratory(name: str, tmp_path: Path) -> None:
    """Of the first four connections, at the client's tap."""
    path = LAB / name / "client.pcap"
    for row in read(path).rows("vpns")[:4]:
        extract(path, "--vpn", str(row.vpn), "-o", tmp_path / "x.pcapng")
        (again,) = read(tmp_path / "x.pcapng").rows("vpns")
        assert told(again) == told(row)


def records(*paths: Path) -> list[tuple[int, int, int, bytes]]:
    """Time, link type, length and octets of every record."""
    found = []
    for batch in merged(open_captures(list(map(str, paths)))):
        for row in range(len(batch)):
            at = int(batch.offset[row])
            octets = bytes(batch.octets[at : at + int(batch.captured[row])])
            found.append((int(batch.time[row]), int(batch.link_type[row]), int(batch.length[row]), octets))
    return found


def test_records_stay_as_they_were(samples: Path, tmp_path: Path) -> None:
    """Octets, nanoseconds, link types and lengths are those of the captures; both connections together are what there was of them."""
    whole = samples / "two_clients_nat.pcap"
    parts = []
    for number in (1, 2):
        extract(whole, "--vpn", str(number), "-o", tmp_path / f"{number}.pcapng")
        parts.append(records(tmp_path / f"{number}.pcapng"))
    there = records(whole)
    assert all(record in there for part in parts for record in part)
    assert not set(parts[0]) & set(parts[1])
    ours = sum(row.ike_frames + row.esp_frames + row.natt_keepalive_frames for row in read(whole).rows("captures"))
    assert len(parts[0]) + len(parts[1]) == ours


def test_several_files_compressed_too(samples: Path, tmp_path: Path) -> None:
    """A capture cut in two, one half compressed, gives the same packets as the whole; each half is an interface that says its file."""
    octets = (samples / "tunnel_auth.pcap").read_bytes()
    head, at = octets[:24], 24
    for _ in range(4):
        at += 16 + int.from_bytes(octets[at + 8 : at + 12], "little")
    (tmp_path / "a.pcap").write_bytes(octets[:at])
    (tmp_path / "b.pcap.gz").write_bytes(gzip.compress(head + octets[at:]))
    extract(tmp_path / "b.pcap.gz", tmp_path / "a.pcap", "--tunnel", "1", "-o", tmp_path / "two.pcapng")
    extract(samples / "tunnel_auth.pcap", "--tunnel", "1", "-o", tmp_path / "one.pcapng")
    assert records(tmp_path / "two.pcapng") == records(tmp_path / "one.pcapng") != []
    assert b"b.pcap.gz" in (tmp_path / "two.pcapng").read_bytes()


def test_a_session_comes_with_its_tunnels_messages(samples: Path, tmp_path: Path) -> None:
    """The extract of one session of a tunnel has that session alone, its data complete, and the tunnel's set-up."""
    path = ROOT / "tests" / "golden" / "multi_tunnels" / "capture.pcap"
    report = read(path)
    row = report.rows("sessions")[1]
    extract(path, "--session", str(row.session), "-o", tmp_path / "x.pcapng")
    again = read(tmp_path / "x.pcapng")
    (one,) = again.rows("sessions")
    assert (one.initiator_id, one.responder_id, one.state) == (row.initiator_id, row.responder_id, row.state)
    assert one.data_packets_to_responder == row.data_packets_to_responder > 0
    assert again.rows("tunnels")[0].established == report.rows("tunnels")[row.tunnel - 1].established


@pytest.mark.shared
def test_all_fragments_come_along(tmp_path: Path) -> None:
    """Each fragment of each datagram of the only tunnel is in its extract: the counts of data are the whole capture's."""
    path = LAB / "mtu_fragmented" / "client.pcap"
    extract(path, "--tunnel", "1", "-o", tmp_path / "x.pcapng")
    before, after = (read(each).rows("tunnels")[0] for each in (path, tmp_path / "x.pcapng"))
    assert (before.data_octets_to_responder, before.data_octets_to_initiator) == (
        after.data_octets_to_responder,
        after.data_octets_to_initiator,
    )
    fragments = [
        octets
        for _, _, _, octets in records(tmp_path / "x.pcapng")
        if octets[12:14] == b"\x08\x00" and int.from_bytes(octets[20:22], "big") & 0x3FFF
    ]
    assert len(fragments) > 10


@pytest.mark.shared
def test_icmp_errors_about_it_come_along(tmp_path: Path) -> None:
    """The router's ICMP errors about the tunnel's datagrams are in its extract."""
    path = LAB / "mtu_df_icmp" / "client.pcap"
    extract(path, "--vpn", "1", "-o", tmp_path / "x.pcapng")
    (before,), (after,) = (read(each).rows("captures") for each in (path, tmp_path / "x.pcapng"))
    assert after.icmp_error_frames == before.icmp_error_frames > 0


@pytest.mark.tshark
def test_findings_are_comments_that_wireshark_shows(samples: Path, tmp_path: Path) -> None:
    """tshark reads the file without complaint, and shows the id of each finding at the frames that are its evidence."""
    whole = samples / "wrong_psk.pcap"
    extract(whole, "--vpn", "1", "-o", tmp_path / "x.pcapng")
    fields = ["-T", "fields", "-e", "frame.time_epoch", "-e", "frame.comment"]
    done = subprocess.run(["tshark", "-r", str(tmp_path / "x.pcapng"), *fields], capture_output=True, text=True, check=True)
    shown = dict(line.split("\t") for line in done.stdout.splitlines())
    plain = subprocess.run(
        ["tshark", "-r", str(whole), "-T", "fields", "-e", "frame.time_epoch"], capture_output=True, text=True, check=True
    )
    times = plain.stdout.split()
    found = [row for row in read(whole).rows("findings") if row.vpn == 1]
    assert found
    for row in found:
        assert all(row.finding in shown[times[frame - 1]] for frame in row.evidence)


def test_what_is_not_there_is_a_wrong_usage(samples: Path, tmp_path: Path) -> None:
    """A number that no row has, no choice, two choices, standard input, the capture itself as output: exit code 2, nothing written."""
    path = str(samples / "tunnel_auth.pcap")
    out = ["-o", str(tmp_path / "x.pcapng")]
    for arguments in ([path, "--vpn", "9", *out], [path, *out], [path, "--vpn", "1", "--tunnel", "1", *out], ["-", "--vpn", "1", *out]):
        assert CliRunner().invoke(program, ["extract", *arguments]).exit_code == 2
    assert not (tmp_path / "x.pcapng").exists()
    shutil.copy(path, tmp_path / "own.pcap")
    own = str(tmp_path / "own.pcap")
    assert CliRunner().invoke(program, ["extract", own, "--vpn", "1", "-o", own]).exit_code == 2
    assert (tmp_path / "own.pcap").read_bytes() == Path(path).read_bytes()


def test_times_before_the_epoch(tmp_path: Path) -> None:
    """An interface whose times count from before 1970 gives back a time before it (pcapng: if_tsoffset)."""
    octets = ethernet(ipv4(udp(b"x")))
    made = pcapng.section("test", []) + pcapng.interface(1, "", -10) + pcapng.packet(0, 3 * pcapng.SECOND + 7, octets, len(octets))
    (tmp_path / "x.pcapng").write_bytes(made)
    assert records(tmp_path / "x.pcapng") == [(-7 * pcapng.SECOND + 7, 1, len(octets), octets)]


def test_a_bit_a_frame() -> None:
    """A million wanted frames take an eighth of a megabyte, rounded up to one; each counts once."""
    marks = Marks()
    for frame in (1, 1, 7, 8, 1_000_000):
        marks.add(3, frame)
    assert marks.count == 4
    assert sum(bits.nbytes for bits in marks.bits.values()) == 1 << 20
    assert np.flatnonzero(np.unpackbits(marks.bits[3], bitorder="little")).tolist() == [1, 7, 8, 1_000_000]
