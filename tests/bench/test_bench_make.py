"""The captures of the benchmark are what they claim, read by hand and by the program."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

import l2tpscope

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "truth"))

import hand  # noqa: E402
import make  # noqa: E402
from conversations import INITIATOR, RESPONDER, Conversations  # noqa: E402

PACKETS = 100_000


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Capture a, but of fewer packets."""
    path: Path = tmp_path_factory.mktemp("bench") / "a.pcap"
    path.write_bytes(b"".join(make.capture(make.Shape(20_000, 128))))
    return path


def test_every_tunnel_and_session_is_set_up(small: Path) -> None:
    """60 tunnels of 10 sessions each, every id announced, all data in a session."""
    seen = Conversations().read(small)
    assert len(seen.tunnels) == make.TUNNELS
    assert not seen.strays
    assert {len(tunnel.sessions) for tunnel in seen.tunnels} == {make.CALLS}
    assert (
        sum(len(session.data[side]) for tunnel in seen.tunnels for session in tunnel.sessions for side in (INITIATOR, RESPONDER)) == 20_000
    )


def test_pcapng_holds_the_same_frames(small: Path, tmp_path: Path) -> None:
    """The pcapng variant is the pcap one, frame by frame."""
    other = tmp_path / "a.pcapng"
    other.write_bytes(b"".join(make.capture(make.Shape(20_000, 128, ng=True))))
    assert list(hand.records(other)) == list(hand.records(small))


def test_the_program_finds_what_was_lost() -> None:
    """The program counts exactly the numbers that were left out, and every packet."""
    report = l2tpscope.read(io.BytesIO(b"".join(make.capture(make.Shape(PACKETS, 128)))))
    sequenced = [row for row in report.rows("loss") if row.space == "l2tp-data" and row.measurable]
    assert len(report.rows("sessions")) == make.SESSIONS
    assert len(sequenced) == 2 * make.SESSIONS // make.SEQUENCED_EVERY
    assert sum(row.lost + row.pending for row in sequenced) == make.lost_numbers(PACKETS)
    sessions = report.rows("sessions")
    assert sum(row.data_packets_to_initiator + row.data_packets_to_responder for row in sessions) == PACKETS


def test_the_program_finds_what_esp_lost() -> None:
    """The program finds every SA, each packet, and exactly the numbers that were left out."""
    report = l2tpscope.read(io.BytesIO(b"".join(make.esp(PACKETS))))
    sas = report.rows("esp_sas")
    assert len(sas) == 2 * make.PAIRS
    assert {row.encapsulation for row in sas} == {"esp", "udp"}
    assert sum(row.packets for row in sas) == report.rows("captures")[0].esp_frames
    assert sum(row.lost + row.pending for row in sas) == make.lost_esp_numbers(PACKETS)
    assert sum(row.duplicate + row.reordered for row in sas) == 0


def test_the_flood_is_of_different_sources() -> None:
    """Nearly every SCCRQ of the flood comes from an address of its own."""
    report = l2tpscope.read(io.BytesIO(b"".join(make.flood(5000))))
    assert report.rows("captures")[0].l2tp2_control_frames == 5000


def test_the_flood_of_ike_is_counted_whole() -> None:
    """Every first message under an SPI of its own is counted: those that are followed, and those beyond them in columns."""
    report = l2tpscope.read(io.BytesIO(b"".join(make.ike_flood(5000))))
    (found,) = [row for row in report.rows("findings") if row.finding == "L2S609"]
    assert found.summary.startswith("5000 requests for an IKE SA in 0.1 s")
    assert len(report.rows("ike_sas")) == 2500
