"""Packets that a capture has twice: made ones with every cipher, and a laboratory gateway in tunnel mode."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import pytest
from esp_frames import ALICE, BOB, CAROL, MILLISECOND, Packet, frames_of
from hypothesis import given, settings
from hypothesis import strategies as st

from l2tpscope.capture import merged, open_captures
from l2tpscope.frames import Decoder
from l2tpscope.model.twin import Twin
from l2tpscope.track.twin import TwinTracker

DECRYPTING = MILLISECOND // 10


def sealed(plain: int, block: int, iv: int, icv: int, inner: int) -> int:
    """Octets of ESP for *plain* octets behind IP. *Source*: RFC 4303 §2."""
    padded = plain + inner + 2
    while padded % block:
        padded += 1
    return 8 + iv + padded + icv


def gateway(sizes: list[int], cipher: tuple[int, int, int, int] = (16, 16, 12, 20), *, gap: int = 5 * MILLISECOND) -> list[Packet]:
    """ESP from Alice to Bob, each packet followed by its clear copy with so many octets of L2TP."""
    packets = []
    for at, size in enumerate(sizes):
        packets.append(Packet(at + 1, at * gap, octets=sealed(8 + size, *cipher), identification=at % 65536))
        packets.append(Packet(time=at * gap + DECRYPTING, octets=size, identification=(at + 9) % 65536, l2tp=True))
    return packets


def twins(packets: list[Packet], rows: int | None = None) -> list[Twin]:
    """What the tracker tells of a capture of some packets."""
    tracker = TwinTracker()
    for frames in frames_of(packets, rows):
        tracker.feed(frames)
    return tracker.finish()


def told(twin: Twin) -> tuple[bytes, int, int, int, int]:
    """Sender and numbers."""
    return twin.sender.address, twin.esp, twin.clear, twin.matched, twin.esp_first


SIZES = [12, 20, 28, 40, 48, 64, 108, 96, 1400, 20] * 12
CIPHERS = {
    "AES-CBC SHA1-96, tunnel": (16, 16, 12, 20),
    "AES-CBC SHA256-128, transport": (16, 16, 16, 0),
    "3DES SHA1-96, transport": (8, 8, 12, 0),
    "AES-GCM-16, tunnel with IPv6": (4, 8, 16, 40),
    "AES-CBC SHA384, tunnel": (16, 16, 24, 20),
}


@pytest.mark.parametrize("cipher", CIPHERS.values(), ids=list(CIPHERS))
def test_every_clear_copy_is_matched(cipher: tuple[int, int, int, int]) -> None:
    """Whatever the cipher and mode, each clear frame is matched with its ESP packet, and the delay is that of decryption."""
    for rows in (None, 1, 7):
        (twin,) = twins(gateway(SIZES, cipher), rows)
        assert told(twin) == (ALICE, 120, 120, 120, 120)
        assert twin.delay_median_s == pytest.approx(DECRYPTING / 1e9)


def test_a_packet_that_was_dropped_after_decryption_has_no_twin() -> None:
    """Every tenth clear copy is missing: so many fewer are matched, and none twice."""
    packets = [packet for at, packet in enumerate(gateway(SIZES)) if at % 20 != 11]
    (twin,) = twins(packets)
    assert told(twin) == (ALICE, 120, 108, 108, 108)


def test_clear_before_encryption() -> None:
    """Where the clear copy stands before its ESP packet, it is a twin all the same."""
    packets = gateway(SIZES)
    packets = [replace(one, time=one.time - 2 * DECRYPTING) if one.l2tp else one for one in packets[2:]]
    (twin,) = twins(sorted(packets, key=lambda one: one.time))
    assert told(twin) == (ALICE, 119, 119, 119, 0)


def test_one_side_in_clear_is_told_by_numbers() -> None:
    """Inbound only clear L2TP, outbound only ESP (receive offload): both directions are told, nothing is matched."""
    packets = gateway(SIZES)
    packets = [one if one.l2tp else replace(one, source=BOB, destination=ALICE) for one in packets]
    assert sorted(told(twin)[:4] for twin in twins(packets)) == [(ALICE, 0, 120, 0), (BOB, 120, 0, 0)]


def test_esp_of_others_is_no_twin() -> None:
    """ESP to Carol and clear L2TP to Bob at the same instants have nothing to do with each other."""
    packets = [one if one.l2tp else replace(one, destination=CAROL) for one in gateway(SIZES)]
    assert twins(packets) == []


def test_esp_of_unrelated_lengths_is_no_twin() -> None:
    """Clear L2TP beside ESP of other lengths between the same addresses: nothing is matched."""
    packets = [one if one.l2tp else replace(one, octets=2000) for one in gateway(SIZES)]
    (twin,) = twins(packets)
    assert told(twin) == (ALICE, 120, 120, 0, 0)


def test_bursts_of_equal_packets_are_matched_in_order() -> None:
    """Sixteen packets of the same length decrypted one after another, later: first with first, delay by delay."""
    packets = []
    for burst in range(12):
        for at in range(16):
            begin = burst * 100 * MILLISECOND + at * DECRYPTING
            packets.append(Packet(burst * 16 + at + 1, begin, octets=sealed(8 + 100, 16, 16, 12, 20), identification=at))
            packets.append(Packet(time=begin + 3 * MILLISECOND, octets=100, identification=at, l2tp=True))
    (twin,) = twins(sorted(packets, key=lambda one: one.time))
    assert told(twin) == (ALICE, 192, 192, 192, 192)
    assert twin.delay_median_s == pytest.approx(0.003)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([12, 20, 96, 1400]), st.sampled_from("bbbbec"), st.integers(1, 30)), max_size=160))
def test_batches_do_not_matter(steps: list[tuple[int, str, int]]) -> None:
    """Packets with both copies, or one alone, at any distance: however cut, the same twins; never more than there are."""
    packets, time = [], 0
    for at, (size, which, gap) in enumerate(steps):
        time += gap * MILLISECOND
        both = gateway([size])
        packets += [
            replace(one, time=time + one.time, number=at + 1, identification=at)
            for one in both
            if which == "b" or one.l2tp == (which == "c")
        ]
    whole, *cut = ([asdict(twin) for twin in twins(packets, rows)] for rows in (None, 1, 11))
    assert cut == [whole, whole]
    for twin in twins(packets):
        assert 0 <= twin.matched <= min(twin.esp, twin.clear)


LAB = {
    "l2tpipsec_tunnelmode/server": [(428, 428, 428), (434, 0, 0)],
    "l2tpipsec_tunnelmode/client": [(427, 0, 0), (434, 434, 434)],
    "l2tpipsec_ok_gro/server": [(0, 83, 0), (84, 0, 0)],
    "l2tpipsec_ok_gro/server_any": [(0, 83, 0), (84, 0, 0)],
    "l2tpipsec_tunnelmode/wan": [],
    "l2tpipsec_ok/server": [],
}
"""ESP, clear, matched per direction. By tshark: tunnel mode has each inbound packet twice; with receive offload inbound ESP is absent;
elsewhere there is ESP only. 427: the first of 428 stands more than 20 ms before the first clear frame."""


@pytest.mark.shared
@pytest.mark.parametrize("name", LAB)
def test_laboratory(name: str, shared: Path) -> None:
    """What kernels show, by numbers: as counted by hand."""
    for rows in (None, 5):
        tracker, decoder = TwinTracker(), Decoder()
        for batch in merged(open_captures([shared / f"captures/lab/{name}.pcap"], rows=rows)):
            if len(batch):
                tracker.feed(decoder.decode(batch))
        found = sorted((twin.sender, twin.esp, twin.clear, twin.matched) for twin in tracker.finish())
        assert sorted(numbers[1:] for numbers in found) == sorted(LAB[name])
