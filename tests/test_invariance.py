"""The report depends on what was captured, not on how it is stored, split or read; and frames that are missing invent nothing."""

from __future__ import annotations

import dataclasses
import functools
import gzip
import itertools
import lzma
import random
import sys
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import l2tpscope
from l2tpscope.analysis.rows import ROWS

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "truth"))

import container  # noqa: E402
import hand  # noqa: E402

GOLDEN = HERE / "golden"
SEEDS = HERE / "fuzz" / "seeds"
IPSEC = sorted(path.stem for path in SEEDS.glob("*.pcap"))
CASES = sorted(path.parent.name for path in GOLDEN.glob("*/facts.json")) + IPSEC
EVERY_CASE = pytest.mark.parametrize("name", CASES)
TABLES = tuple(table for table in ROWS if table != "captures")
PLACE = ("capture", "frame", "frame_request", "frame_reply", "retransmission_of", "acked_by", "reply_to", "evidence", "evidence_captures")
"""Columns that say where something is stored, and so may change with how it is stored."""
FILE_ONLY = ("capture", "path", "format", "time_resolution_s", "link_types")


def original(name: str) -> Path:
    """The golden capture, or the one of IPsec."""
    return SEEDS / f"{name}.pcap" if name in IPSEC else GOLDEN / name / "capture.pcap"


@functools.cache
def records(name: str) -> list[hand.Record]:
    """Its frames."""
    return list(hand.records(original(name)))


def tables(report: Any, *, place: bool = True) -> dict[str, list[dict[str, Any]]]:
    """Every table as plain rows; without *place*, but for the columns of PLACE and what is found of a file, in an
    order that does not depend on them.
    """
    found = {}
    for table in TABLES:
        rows = [dataclasses.asdict(row) for row in report.rows(table)]
        if not place:
            rows = [row for row in rows if not str(row.get("subject", "")).startswith("capture")] if table == "findings" else rows
            rows = [{name: value for name, value in row.items() if name not in PLACE} for row in rows]
            rows.sort(key=lambda row: (row.get("time", 0), repr(row)))
        found[table] = rows
    return found


@functools.cache
def reference(name: str) -> dict[str, list[dict[str, Any]]]:
    """The tables of the capture as it is stored."""
    return tables(l2tpscope.read(str(original(name))))


@functools.cache
def reference_placeless(name: str) -> dict[str, list[dict[str, Any]]]:
    """The same without places."""
    return tables(l2tpscope.read(str(original(name))), place=False)


@EVERY_CASE
@pytest.mark.parametrize("rows", [1, 7, 10**6])
def test_batch_size(name: str, rows: int) -> None:
    """Taking 1, 7 or all records at a time gives the same tables."""
    assert tables(l2tpscope.read(str(original(name)), rows=rows)) == reference(name)


@EVERY_CASE
@pytest.mark.parametrize("packed", ["gz", "xz", "zst", "pcapng", "pcapng.gz"])
def test_container(name: str, packed: str, tmp_path: Path) -> None:
    """Compression and container change nothing but what is said of the file."""
    octets = container.pcapng(records(name)) if packed.startswith("pcapng") else original(name).read_bytes()
    pack = {"gz": gzip.compress, "xz": lzma.compress, "zst": zstandard.ZstdCompressor().compress}.get(packed.rpartition(".")[2], bytes)
    report = l2tpscope.read(str(container.write(tmp_path / f"capture.{packed}", pack(octets))))
    assert tables(report) == reference(name)
    told, before = report.rows("captures")[0], l2tpscope.read(str(original(name))).rows("captures")[0]
    for field in dataclasses.fields(told):
        if field.name not in FILE_ONLY:
            assert getattr(told, field.name) == getattr(before, field.name), field.name


def rotated(name: str, folder: Path, parts: int = 10) -> list[str]:
    """The capture split into files, as a rotating capturer writes them."""
    every = records(name)
    cuts = [len(every) * part // parts for part in range(parts + 1)]
    return [
        str(container.write(folder / f"part{part:02}.pcap", container.pcap(every[begin:end])))
        for part, (begin, end) in enumerate(itertools.pairwise(cuts))
    ]


@EVERY_CASE
def test_rotation_and_file_order(name: str, tmp_path: Path) -> None:
    """Ten rotated files are one capture, in whatever order they are named."""
    paths = rotated(name, tmp_path)
    assert tables(l2tpscope.read(paths), place=False) == reference_placeless(name)
    in_order = tables(l2tpscope.read(paths))
    for seed in range(3):
        random.Random(seed).shuffle(paths)
        assert tables(l2tpscope.read(paths)) == in_order


@pytest.mark.parametrize("name", ["healthy", "rekeying", "two_clients_one_nat"])
def test_interleaved_files(name: str, tmp_path: Path) -> None:
    """Two captures of one time, each direction in its own file, are merged in the order of time: the same tunnels as in one file."""
    every = records(name)
    ways = [[one for one in every if (one.octets[26:30] == every[0].octets[26:30]) is way] for way in (True, False)]
    paths = [str(container.write(tmp_path / f"way{number}.pcap", container.pcap(way))) for number, way in enumerate(ways)]
    assert tables(l2tpscope.read(paths), place=False) == reference_placeless(name)


HOSTS = (bytes([198, 51, 100, 10]), bytes([203, 0, 113, 5]))


def swapped(octets: bytes) -> bytes:
    """The Ethernet frame with the two hosts' addresses exchanged: in its IPv4 header, and in the one that an ICMP error quotes."""
    head = bytearray(octets)
    for at in (26, 30, *((54, 58) if octets[23] == 1 else ())):
        address = bytes(head[at : at + 4])
        if address in HOSTS:
            head[at : at + 4] = HOSTS[1 - HOSTS.index(address)]
    return bytes(head)


def renamed(text: str) -> str:
    """The text with the two hosts' addresses exchanged."""
    return text.replace("198.51.100.10", "<one>").replace("203.0.113.5", "198.51.100.10").replace("<one>", "203.0.113.5")


HASHED = {*IPSEC, "wrong_psk", "gateway_decrypts"} - {"esp_begins_late"}
"""IKE with NAT-D hashes, which are of the true addresses: others fit no hash."""


@pytest.mark.parametrize("name", [name for name in CASES if name != "ipv6" and name not in HASHED])
def test_swapping_the_hosts(name: str, tmp_path: Path) -> None:
    """Exchanging the two hosts' addresses exchanges them in the report, and changes nothing else."""
    mirrored = [dataclasses.replace(one, octets=swapped(one.octets)) for one in records(name)]
    got = tables(l2tpscope.read(str(container.write(tmp_path / "mirrored.pcap", container.pcap(mirrored)))))
    for table in TABLES:
        assert renamed(repr(got[table])) == repr(reference(name)[table]), table


def violations(report: Any) -> int:
    """Messages that fit no history."""
    return sum(row.fit == "violation" for table in ("messages", "ike_messages") for row in report.rows(table))


WITH_HOLES = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def with_holes(name: str, folder: Path, data: st.DataObject) -> Any:
    """The report of a capture from which some frames are missing."""
    every = records(name)
    kept = data.draw(st.lists(st.booleans(), min_size=len(every), max_size=len(every)))
    some = [one for one, keep in zip(every, kept, strict=True) if keep]
    return l2tpscope.read(str(container.write(folder / "holes.pcap", container.pcap(some))))


@pytest.mark.parametrize("name", ["healthy", "refused_session", "lns_killed", "crossing_close", "begins_late", *IPSEC])
@WITH_HOLES
@given(data=st.data())
def test_dropping_frames_adds_no_violation(name: str, tmp_path: Path, data: st.DataObject) -> None:
    """A capture that lost frames shows no violation that the whole one does not show."""
    whole = sum(row["fit"] == "violation" for table in ("messages", "ike_messages") for row in reference(name)[table])
    assert violations(with_holes(name, tmp_path, data)) <= whole


def together(vpns: list[Any], ike_sas: list[Any], esp_sas: list[Any]) -> list[set[str]]:
    """The SPIs of each connection."""
    ike = {row.ike_sa: row.initiator_spi for row in ike_sas}
    esp = {row.esp_sa: row.spi for row in esp_sas}
    return [{ike[one] for one in row.ike_sas} | {esp[one] for one in row.esp_sas} for row in vpns]


@pytest.mark.parametrize("name", IPSEC)
@WITH_HOLES
@given(data=st.data())
def test_dropping_frames_links_nothing_new(name: str, tmp_path: Path, data: st.DataObject) -> None:
    """What belongs to two connections, or to no pair, in the whole capture is not joined in a part of it; no SA counts more packets."""
    whole, part = l2tpscope.read(str(original(name))), with_holes(name, tmp_path, data)
    links = together(whole.rows("vpns"), whole.rows("ike_sas"), whole.rows("esp_sas"))
    for some in together(part.rows("vpns"), part.rows("ike_sas"), part.rows("esp_sas")):
        assert any(some <= one for one in links), some
    spis = {row.esp_sa: row.spi for row in whole.rows("esp_sas")}
    before = {row.spi: (spis.get(row.pair), row.packets) for row in whole.rows("esp_sas")}
    names = {row.esp_sa: row.spi for row in part.rows("esp_sas")}
    for row in part.rows("esp_sas"):
        pair, packets = before[row.spi]
        assert names.get(row.pair) in (pair, None)
        assert row.packets <= packets
