"""IKE and ESP over TCP as rows, and through the whole program: as over UDP."""

from __future__ import annotations

import subprocess
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from frame_builders import SHARED, Record, decode, ethernet, extension, ipv4, ipv6, udp
from tcp_builders import PREFIX, Talk, esp, framed, ike_message, over_tcp, records_of, tcp, write_pcap
from test_frames_fragments import pieces4

import l2tpscope
from l2tpscope.frames import Endpoint, Kind

OPENING = PREFIX + framed(ike_message())


def kinds(frames: list[bytes]) -> list[tuple[int, Kind]]:
    """Frame number and kind of each row."""
    return [(row["frame"], Kind(row["kind"])) for row in decode(records_of(frames))[0]]


def test_a_row_is_a_message() -> None:
    """Ports are TCP's, the payload is the message (IKE from its marker on), SPI and number are ESP's; none is a copy of another."""
    talk = Talk()
    talk.segment(OPENING + framed(esp(1)) + framed(b"\xff") + framed(esp(1)))
    talk.segment(framed(ike_message(response=True)) + framed(esp(9, 0x1234)), server=True)
    rows, counts = decode(records_of(talk.frames))
    assert counts == {"ESP": 2}
    assert [Kind(row["kind"]).name for row in rows] == ["IKE", "ESP", "ESP", "IKE", "ESP"]
    assert [row["payload"] for row in rows] == [ike_message(), esp(1), esp(1), ike_message(response=True), esp(9, 0x1234)]
    assert [(row["session"], row["ns"]) for row in rows] == [(0, -1), (0xC0FFEE01, 1), (0xC0FFEE01, 1), (0, -1), (0x1234, 9)]
    assert rows[4]["from"] == Endpoint(b"\x0a\0\0\2", 4500)
    assert rows[4]["to"] == Endpoint(b"\x0a\0\0\1", 50000)
    assert {row["protocol"] for row in rows} == {6}
    assert not any(row["duplicate"] for row in rows)
    headers = 20 + 32
    assert [row["ip_octets"] for row in rows] == [headers + 6 + 106, 62, 62 + 3, headers + 106, 62]


def test_copies_by_the_capture_have_no_row() -> None:
    """The same segment twice, as a mirror port shows it, is one message."""
    talk = Talk()
    talk.segment(OPENING)
    talk.segment(framed(esp(1)))
    assert kinds([talk.frames[0], *talk.frames, talk.frames[1]]) == [(1, Kind.IKE), (3, Kind.ESP)]


@pytest.mark.parametrize("stamped", [0, 1])
def test_other_ports_count_from_the_prefix_on(stamped: int) -> None:
    """On port 443 a flow is followed once the prefix was seen in it, and no other flow of that port is."""
    talk, other = Talk((50000, 443), stamped=stamped), Talk((50001, 443), stamped=stamped)
    talk.segment(framed(esp(0)), server=True)
    talk.segment(OPENING)
    for message in (ike_message(response=True), esp(1), esp(2)):
        other.segment(framed(message))
        talk.segment(framed(message), server=True)
    frames = talk.frames[:2] + [frame for two in zip(other.frames, talk.frames[2:], strict=True) for frame in two]
    assert kinds(frames) == [(2, Kind.IKE), (4, Kind.IKE), (6, Kind.ESP), (8, Kind.ESP)]


def test_begun_in_the_middle() -> None:
    """Without the prefix, on port 4500: ESP from the second segment of an SA on, IKE from the first whole message on."""
    talk = Talk()
    for sequence in (700, 701, 702):
        talk.segment(framed(esp(sequence)))
    talk.segment(framed(ike_message(5)), server=True)
    assert kinds(talk.frames) == [(2, Kind.ESP), (3, Kind.ESP), (4, Kind.IKE)]


def test_garbage_behind_the_prefix_has_no_row() -> None:
    """Where no IKE follows the prefix, what has the shape of ESP is believed only if its SPI comes twice."""
    talk = Talk()
    talk.segment(PREFIX + b"".join(framed(esp(number, 1000 + number)) for number in range(30)))
    assert kinds(talk.frames) == []
    talk.segment(framed(esp(1, 5000)) + framed(esp(2, 5000)))
    assert kinds(talk.frames) == [(2, Kind.ESP)]


def test_foreign_traffic_on_the_port_is_nothing() -> None:
    """Anything else on TCP port 4500 has no row, even where a length fits; and TLS on other ports has none."""
    talk, tls = Talk(), Talk((50000, 443))
    for number in range(50):
        talk.segment(framed(bytes((number + 1,)) * 40))
        talk.segment(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", server=True)
        tls.segment(b"\x17\x03\x03\x00\x30" + bytes(48))
    assert decode(records_of(talk.frames + tls.frames)) == ([], {"OTHER": 150})


@pytest.mark.parametrize(
    "wrap",
    [
        lambda content: ethernet(ipv6(content, 6), 0x86DD),
        lambda content: ethernet(ipv6(extension(content, 6), 0), 0x86DD, (0x8100,)),
        lambda content: ethernet(ipv4(content, 6, options=2)),
        lambda content: ethernet(ipv4(ipv4(content, 6), 4)),
    ],
    ids=["ipv6", "extension", "options", "tunnel"],
)
@pytest.mark.parametrize("port", [4500, 443])
def test_whatever_is_around_it(wrap: Any, port: int) -> None:
    """IPv6, extension headers, options and tunnels carry it as plain IPv4 does."""
    frames = [wrap(tcp(OPENING, 1, (50000, port))), wrap(tcp(framed(esp(1)), 1 + len(OPENING), (50000, port)))]
    assert kinds(frames) == [(1, Kind.IKE), (2, Kind.ESP)]


def test_rows_stand_in_the_order_of_the_frames() -> None:
    """Among datagrams of UDP, and those put together from fragments, messages of TCP keep their place."""
    talk = Talk()
    talk.segment(OPENING)
    talk.segment(framed(esp(1)) + framed(esp(2)))
    natt = ethernet(ipv4(udp(esp(5), 4500, 4500), identification=77))
    frames = [natt, talk.frames[0], *pieces4(), talk.frames[1], ethernet(ipv4(esp(6), 50, identification=78))]
    rows, counts = decode(records_of(frames))
    numbers = [row["frame"] for row in rows]
    assert numbers == sorted(numbers)
    assert [number for number, kind in kinds(frames) if kind in (Kind.IKE, Kind.ESP)] == [
        1,
        2,
        len(frames) - 1,
        len(frames) - 1,
        len(frames),
    ]
    assert counts.total() == len(frames)
    assert decode(records_of(frames), 1) == (rows, counts)


@pytest.mark.parametrize("captured", range(40, 170, 7))
def test_cut_frames_raise_nothing(captured: int) -> None:
    """Frames cut anywhere: a message has what was captured of it; where the first word of IKE is cut off, nothing has a row."""
    talk = Talk()
    talk.segment(OPENING)
    talk.segment(framed(esp(1, size=200)))
    rows, counts = decode(records_of(talk.frames, captured))
    assert counts.total() == 2
    assert all(row["payload_captured"] <= max(captured - 66, 0) for row in rows)
    assert len(rows) == (2 if captured >= 66 + len(PREFIX) + 2 + 4 else 0)


def measures_of(path: Path) -> Any:
    """All that is measured in a capture."""
    return l2tpscope.read(str(path)).measures


FEWER = {"source", "destination", "encapsulation", "frame_request", "frame_reply"}
"""What may differ: the ports, that it is over TCP, and the numbers of frames."""


def assert_as_over_udp(path: Path, folder: Path) -> None:
    """The IKE and ESP of a capture, put into TCP, give the same IKE SAs, ESP SAs, loss and round trips."""
    before, after = measures_of(path), measures_of(write_pcap(folder / "tcp.pcap", over_tcp(path)))
    assert len(after.vpns) == len(before.vpns) == 1
    assert {row.encapsulation for row in after.esp_sas} == {"tcp"} if before.esp_sas else not after.esp_sas
    for name in ("esp_sas", "loss", "rtt"):
        rows = [
            [{key: value for key, value in asdict(row).items() if key not in FEWER} for row in getattr(of, name)] for of in (before, after)
        ]
        assert rows[0] == rows[1], name
    for name in ("furthest", "state", "messages", "dh_group", "closed_by"):
        assert [getattr(row, name) for row in before.ike_sas] == [getattr(row, name) for row in after.ike_sas], name
    said = [[(row.time, row.name, row.octets, row.payloads, row.fit) for row in of.ike_messages()] for of in (before, after)]
    assert said[0] == said[1]
    assert before.vpns[0].esp_sas == after.vpns[0].esp_sas
    assert after.notes == before.notes


@pytest.mark.parametrize("name", ["ipsec_nat.pcap", "wrong_psk.pcap"])
def test_samples_as_over_udp(name: str, samples: Path, tmp_path: Path) -> None:
    """A sample of IPsec over UDP says the same over TCP."""
    assert_as_over_udp(samples / name, tmp_path)


LAB = ["l2tpipsec_nat", "l2tpipsec_ikev2", "rekey", "l2tpipsec_sha384", "f_sa_deleted"]


@pytest.mark.shared
@pytest.mark.parametrize("name", LAB)
def test_laboratory_as_over_udp(name: str, tmp_path: Path) -> None:
    """Captures of the laboratory, ESP directly in IP among them, say the same over TCP; messages span segments in two."""
    assert_as_over_udp(SHARED / "captures/lab" / name / "wan.pcap", tmp_path)


def test_batches_change_nothing_in_the_report(samples: Path, tmp_path: Path) -> None:
    """Records taken 1, 7 or all at a time: the same report."""
    path = write_pcap(tmp_path / "tcp.pcap", over_tcp(samples / "ipsec_nat.pcap", 90))
    whole = l2tpscope.read(str(path))
    assert len(whole.measures.esp_sas) == 2
    for rows in (1, 7):
        assert l2tpscope.read(str(path), rows=rows).to_json() == whole.to_json()


def test_what_is_not_followed_is_said(tmp_path: Path) -> None:
    """Segments behind a gap that is never filled are in a note."""
    talk = Talk()
    talk.segment(OPENING)
    talk.next[0] += 500
    talk.segment(bytes(range(200)))
    report = l2tpscope.read(str(write_pcap(tmp_path / "gap.pcap", records_of(talk.frames))))
    assert [note for note in report.measures.notes if "TCP" in note] == [
        "1 TCP segments of IKE and ESP could not be followed: behind a gap in the stream, cut by the capture, or a Length without sense"
    ]


def stream_of(path: Path, sender: str) -> bytes:
    """The octets that a side sent, put together by Wireshark."""
    command = ["tshark", "-r", str(path), "-q", "-z", "follow,tcp,raw,0"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    first = next(line for line in lines if line.startswith("Node 0"))
    tab = "" if sender in first else "\t"
    octets = [line for line in lines if line.strip() and not set(line.strip()) - set("0123456789abcdef")]
    return bytes.fromhex("".join(line.strip() for line in octets if line.startswith("\t") == bool(tab)))


@pytest.mark.tshark
def test_messages_are_those_of_the_stream_that_wireshark_puts_together(samples: Path, tmp_path: Path) -> None:
    """Segments cut small, reordered and sent twice: each side's stream as Wireshark reassembles it holds the same messages in order."""
    records = over_tcp(samples / "ipsec_nat.pcap", 90)
    frames = [record.octets for record in records]
    for number in range(20, len(frames) - 4, 9):
        frames[number : number + 3] = [frames[number + 2], frames[number], frames[number], frames[number + 1]]
    shuffled = [Record(frame, len(frame), time=10**18 + number * 10**7) for number, frame in enumerate(frames)]
    path = write_pcap(tmp_path / "tcp.pcap", shuffled)
    rows, _ = decode(shuffled)
    for ours, address, prefix in ((False, "198.51.100.7", PREFIX), (True, "203.0.113.5", b"")):
        stream = stream_of(path, address)
        assert stream.startswith(prefix)
        at, expected = len(prefix), []
        while at < len(stream):
            length = int.from_bytes(stream[at : at + 2], "big")
            expected.append(stream[at + 2 : at + length])
            at += length
        found = [row["payload"] for row in rows if (row["source_port"] == 4500) == ours]
        assert len(expected) > 80
        assert sorted(found) == sorted(expected)
