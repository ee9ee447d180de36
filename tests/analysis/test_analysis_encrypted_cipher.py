"""The length equation of ESP, and what the lengths of an SA tell of its cipher."""

from __future__ import annotations

import pytest
from ciphertext import AES_SHA1, AES_SHA256, GCM, SETUP, TRIPLE_DES, Talk, pair_of
from hypothesis import given, settings
from hypothesis import strategies as st

from l2tpscope.analysis.encrypted import infer
from l2tpscope.analysis.encrypted.cipher import CERTAIN, conclude, sizes_of
from l2tpscope.analysis.encrypted.lengths import TRANSFORMS, Transform, common

PINGS = [(2.0 + number / 10, number % 2 == 0, 100 + 7 * number) for number in range(12)]

KNOWN = [
    (20, 68, 72, 52, 56),
    (28, 68, 72, 60, 64),
    (26, 68, 72, 60, 60),
    (32, 84, 88, 68, 68),
    (36, 84, 88, 68, 72),
    (48, 100, 104, 84, 84),
    (60, 100, 104, 92, 96),
    (80, 132, 136, 116, 116),
    (116, 164, 168, 148, 152),
]
"""Plain octets, and the ESP packet of AES-CBC with SHA1-96 and with SHA2-256-128, of 3DES with SHA1-96, of AES-GCM-16: of real daemons."""


@pytest.mark.parametrize("row", KNOWN)
def test_lengths_are_those_of_real_daemons(row: tuple[int, ...]) -> None:
    """The equation gives the lengths that strongSwan and Linux produce."""
    assert [one.octets(row[0]) for one in (AES_SHA1, AES_SHA256, TRIPLE_DES, GCM)] == list(row[1:])


@given(st.sampled_from(TRANSFORMS), st.integers(15, 1500))
def test_plain_length_is_within_what_the_packet_allows(transform: Transform, plain: int) -> None:
    """What went in lies in the range that is read back, which is no wider than a block."""
    octets = transform.octets(plain)
    least, most = transform.plain(octets)
    assert least <= plain <= most
    assert most - least < max(transform.block, 4)
    assert transform.fits(octets)


@given(st.sampled_from(TRANSFORMS), st.sets(st.integers(15, 1500), min_size=1, max_size=60))
def test_the_true_transform_is_never_excluded(transform: Transform, plains: set[int]) -> None:
    """Whatever is sent, the block that is concluded is the true one or, with few lengths, a coarser one."""
    sizes = {transform.octets(plain) for plain in plains}
    assert transform in common(sizes)
    cipher = conclude(sizes, begin_seen=False)
    assert cipher is not None
    assert cipher.block >= transform.block


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(TRANSFORMS), st.lists(st.integers(15, 1500), min_size=200, max_size=300))
def test_what_is_certain_is_true(transform: Transform, plains: list[int]) -> None:
    """From many lengths the block is certain and right, and so is the ICV where it is told at all."""
    cipher = conclude({transform.octets(plain) for plain in plains}, begin_seen=False)
    assert cipher is not None
    if cipher.grade == "certain":
        assert cipher.block == transform.block
        assert cipher.icv in (transform.icv, None)


@pytest.mark.parametrize("transform", [*TRANSFORMS[:10], TRANSFORMS[11]])
def test_cipher_of_a_whole_connection(transform: Transform) -> None:
    """A set-up of L2TP and a few pings show block and ICV: the shortest packet is a ZLB.

    But for GCM with an ICV of 8 and NULL with one of 16, which are alike in every length.
    """
    pair = pair_of([*SETUP, *PINGS], transform)
    result = infer([pair], {}, {}, (0, 10**10))
    assert set(result.cipher.values()) == {(transform.block, transform.icv)}
    row = next(row for row in result.rows if row.inference == "cipher")
    assert row.grade in ("likely", "certain")
    assert f"block {transform.block} octets, ICV {transform.icv} octets" in row.value
    assert f"{len(sizes_of(pair.series))} different lengths" in row.rule


def test_few_lengths_claim_nothing() -> None:
    """Three different lengths are on one raster by chance too often: no row, no column."""
    result = infer([pair_of(list(SETUP[:4]), AES_SHA1)], {}, {}, (0, 10**10))
    assert not result.cipher
    assert not [row for row in result.rows if row.inference == "cipher"]


def test_certain_takes_many_lengths() -> None:
    """With fewer than thirty different lengths the block is likely only."""
    sizes = [AES_SHA1.octets(20 + 16 * number) for number in range(CERTAIN)]
    grades = [cipher.grade for count in (3, 4, 6, 29, 30) if (cipher := conclude(set(sizes[:count]), begin_seen=False))]
    assert grades == [None, "hint", "likely", "likely", "certain"]


def test_icv_of_32_and_16_octets_look_alike_without_the_shortest() -> None:
    """SHA2-512-256 and SHA2-256-128 lie on one raster: where no packet is short, the ICV is not told."""
    sizes = {AES_SHA256.octets(plain) for plain in range(200, 1400, 16)}
    cipher = conclude(sizes, begin_seen=False)
    assert cipher is not None
    assert (cipher.block, cipher.icv) == (16, None)


def test_different_icvs_in_the_two_directions_are_a_mismatch() -> None:
    """SHA2-256 cut to 96 bits one way and to 128 the other is told, and no cipher is concluded from both together."""
    spoken = [(number / 10, number % 2 == 0, 20 + 16 * number) for number in range(12)]
    result = infer([pair_of(spoken, {True: AES_SHA1, False: AES_SHA256})], {}, {}, (0, 10**10))
    (row,) = (row for row in result.rows if row.inference == "icv-mismatch")
    assert row.grade == "likely"
    assert row.value.startswith("the initiator sends an ICV of 12 octets")
    assert not result.cipher


@pytest.mark.parametrize(("hash_octets", "told"), [(32, True), (20, False)])
def test_one_direction_alone_hints_at_truncation(hash_octets: int, told: bool) -> None:
    """Where nothing comes back and lengths fit an ICV of 12 only, though IKE uses SHA2-256, that is a hint and no more."""
    talk = Talk(hash_octets=hash_octets)
    talk.main()
    talk.quick(0.2)
    spoken = [(float(time), True, 101) for time in (1, 2, 4, 8, 16)] + [(32.0, True, 38)]
    result = infer([pair_of(spoken, AES_SHA1)], {1: talk.story}, {1: 1}, (0, 10**11))
    rows = [row for row in result.rows if row.inference == "icv-mismatch"]
    assert [row.grade for row in rows] == (["hint"] if told else [])


def test_one_length_for_everything_is_padding_and_voids_all() -> None:
    """Where all packets of both directions have one length, nothing else is concluded."""
    spoken = [(number / 5, number % 2 == 0, 1000) for number in range(100)]
    result = infer([pair_of(spoken, AES_SHA1)], {}, {}, (0, 10**11))
    assert [row.inference for row in result.rows] == ["padding"]
    assert not result.cipher
    assert not result.stage
    assert not result.rtt
