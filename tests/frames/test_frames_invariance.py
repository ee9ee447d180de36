"""However records are cut into batches, the rows are the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from frame_builders import SHARED, Record, decode, ethernet, ipv4, l2tp, message, pcap_records, records, udp
from hypothesis import given, settings
from hypothesis import strategies as st
from test_frames_fragments import pieces4, pieces6
from test_frames_quoted import FOREIGN, PROOF, QUOTED
from test_frames_unwrap import CASES
from test_frames_vpns import PROVEN, TRAFFIC

OPENVPN = ethernet(ipv4(udp(b"\x38" + bytes(13))))
EPHEMERAL = ethernet(ipv4(udp(l2tp(), 5000, 6000)))
FRAMES = [*pieces4(), *pieces6(), *CASES.values(), *QUOTED.values(), *FOREIGN.values(), PROOF, OPENVPN, EPHEMERAL, EPHEMERAL]
FRAMES += [ethernet(ipv4(udp(message(1)))), ethernet(ipv4(udp(l2tp(0x8802)))), ethernet(ipv4(udp(b"\x30\x02" + bytes(40))))]
FRAMES += [*PROVEN.values(), *TRAFFIC.values()]

MIX = st.lists(st.one_of(st.sampled_from(FRAMES).map(lambda octets: Record(octets, len(octets))), records()), max_size=40)


@settings(max_examples=120, deadline=None)
@given(MIX, st.integers(1, 9), st.lists(st.integers(0, 3_000_000), min_size=40, max_size=40))
def test_batches_change_nothing(frames: list[Record], size: int, delays: list[int]) -> None:
    """Fragments, proofs, OpenVPN and copies reach across batches: rows and counts are those of one batch."""
    timed, time = [], 0
    for frame, delay in zip(frames, delays, strict=False):
        time += delay
        timed.append(Record(frame.octets, frame.wire, frame.link_type, time))
    whole = decode(timed)
    assert decode(timed, size) == whole
    assert decode(timed, 1) == whole
    assert whole[1].total() == len(timed), "every frame is counted once"


CAPTURES = sorted((SHARED / "captures/lab").glob("*/*.pcap")) if SHARED.exists() else []


@pytest.mark.shared
@pytest.mark.skipif(not CAPTURES, reason="the shared captures are not here")
@pytest.mark.parametrize("path", [path for path in CAPTURES if path.stat().st_size < 150_000], ids=lambda path: "/".join(path.parts[-2:]))
def test_batches_change_nothing_in_the_laboratory(path: Path) -> None:
    """A real capture read in batches of 7 gives what it gives at once."""
    frames = pcap_records(path)
    assert decode(frames, 7) == decode(frames)
