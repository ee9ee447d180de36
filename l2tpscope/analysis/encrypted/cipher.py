"""cipher: block of the cipher and length of the ICV, from the lengths of the packets of an SA.

A block cipher leaves all lengths of an SA at one distance from the multiples of its block. The coarsest block that all lengths
fit is taken. *Bias*: too coarse where few different lengths were seen, hence the grades; an ICV of 32 octets looks like one
of 16 unless the shortest packets tell them apart.
*Source*: RFC 4303 §2, RFC 4868 §2.3.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from l2tpscope.analysis.encrypted.lengths import UDP_HEADER, ZLB, Transform, common
from l2tpscope.analysis.encrypted.result import Numbers, about_esp, born
from l2tpscope.analysis.encrypted.setup import fitting
from l2tpscope.analysis.ike_story import IkeStory
from l2tpscope.analysis.rows import Grade, InferenceRow
from l2tpscope.model.esp import EspPair, EspSeries

CERTAIN, LIKELY, HINT = 30, 6, 4
"""Different lengths that it takes. A finer cipher would hit the coarser raster with all of n by chance in 2^-(n-1) of cases."""
PADDED_PACKETS, PADDED_SIZES, PADDED_OCTETS = 30, 2, 200
MISMATCH_LIKELY = 4
"""So many lengths beyond the first of each direction: by chance 4^-4 with a finer cipher."""


@dataclass(slots=True, frozen=True)
class Cipher:
    """What lengths tell of the protection of a pair."""

    transforms: tuple[Transform, ...]
    """Those of the coarsest block that all lengths fit; never empty."""
    grade: Grade | None
    """None: too few lengths to claim it."""
    lengths: int
    from_setup: bool = False
    """The set-up of L2TP decides, which has messages of known lengths."""

    @property
    def block(self) -> int:
        """Octets."""
        return self.transforms[0].block

    @property
    def icv(self) -> int | None:
        """Octets; None: several fit."""
        found = {one.icv for one in self.transforms}
        return found.pop() if len(found) == 1 else None


def sizes_of(series: Iterable[EspSeries]) -> set[int]:
    """The different lengths."""
    return {size for one in series for size in one.sizes if size}


def conclude(sizes: set[int], *, begin_seen: bool) -> Cipher | None:
    """The coarsest raster that all lengths fit; None: there is none.

    *begin_seen*: the set-up of L2TP may be among them. Then the shortest packet is a ZLB, which settles the ICV where the
    raster leaves it open.
    """
    standing = common(sizes) if sizes else []
    if not standing:
        return None
    block = max(one.block for one in standing)
    coarsest = [one for one in standing if one.block == block]
    with_zlb = [one for one in coarsest if one.octets(UDP_HEADER + ZLB) == min(sizes)]
    if begin_seen and len({one.icv for one in coarsest}) > 1 and with_zlb:
        coarsest = with_zlb
    count = len(sizes)
    grade: Grade | None = "certain" if count >= CERTAIN else "likely" if count >= LIKELY else "hint" if count >= HINT else None
    return Cipher(tuple(coarsest), grade, count)


def ciphers(pairs: list[EspPair]) -> dict[int, Cipher]:
    """By the number of the pair, of pairs that are one child SA through its rekeyings: their proposals are the same, as a rule,
    so that their lengths are taken together where they agree.
    """
    together = conclude(sizes_of(one for pair in pairs for one in pair.series), begin_seen=born(pairs[0]))
    if together is None or together.grade not in ("certain", "likely"):
        together = _from_setup(pairs) or together
    result = {}
    for pair in pairs:
        alone = conclude(sizes_of(pair.series), begin_seen=born(pair))
        if together is not None and alone is not None and (together.from_setup or together.block == alone.block):
            result[pair.number] = together
        elif alone is not None:
            result[pair.number] = alone
    return result


def _from_setup(pairs: list[EspPair]) -> Cipher | None:
    """The transforms with which the first packets are the set-up of L2TP, if all have one block; few lengths suffice for this."""
    sizes = sizes_of(one for pair in pairs for one in pair.series)
    fit = fitting(pairs[0], common(sizes))
    return Cipher(tuple(fit), "likely", len(sizes), from_setup=True) if len({one.block for one in fit}) == 1 else None


def is_padded(pair: EspPair) -> bool:
    """Whether everything has one length that is not that of a heartbeat: lengths say nothing then."""
    return bool(pair.series) and all(
        one.packets >= PADDED_PACKETS and len(one.sizes) < PADDED_SIZES and min(one.sizes, default=0) >= PADDED_OCTETS
        for one in pair.series
    )


def padding_row(pair: EspPair, numbers: Numbers) -> InferenceRow:
    """Says that nothing is concluded."""
    series = pair.series[0]
    size = next(iter(series.sizes))
    return about_esp(
        numbers,
        pair,
        series,
        inference="padding",
        value="all packets are padded to one length: nothing is concluded from lengths",
        grade="hint",
        rule=f"all {series.packets} packets have {size} octets",
        against="an application that sends datagrams of one length only",
    )


def cipher_row(pair: EspPair, cipher: Cipher, numbers: Numbers) -> InferenceRow | None:
    """The row of one pair."""
    if cipher.grade is None:
        return None
    residues = {size % cipher.block for size in sizes_of(pair.series)}
    icv = "ICV not to be told" if cipher.icv is None else f"ICV {cipher.icv} octets"
    names = " / ".join(one.name for one in cipher.transforms)
    against: str | None
    if cipher.from_setup:
        rule = f"{cipher.lengths} different lengths; with no other cipher are the first packets the set-up of an L2TP session"
        against = "another protocol that begins alike"
    elif cipher.block > 4:
        rule = f"{cipher.lengths} different lengths, all {min(residues)} beyond a multiple of {cipher.block}"
        against = None if cipher.grade == "certain" else "a cipher with a smaller block, of which few lengths were seen"
    else:
        rule = f"{cipher.lengths} different lengths, multiples of 4 but not all at one distance from multiples of 8"
        against = "padding beyond what the cipher needs; no encryption (NULL) with a longer ICV"
    return about_esp(
        numbers,
        pair,
        pair.series[0],
        inference="cipher",
        value=f"block {cipher.block} octets, {icv}: {names}",
        grade=cipher.grade,
        rule=rule,
        against=against,
    )


def mismatch_row(pair: EspPair, story: IkeStory | None, numbers: Numbers) -> InferenceRow | None:
    """ICVs of 12 and 16 octets in the two directions: SHA2-256 cut to 96 bits by one side (the draft) and 128 by the other (RFC 4868)."""
    here, there = pair.to[False], pair.to[True]
    if here is None or there is None:
        return _one_way(pair, story, numbers)
    sizes = {False: sizes_of([here]), True: sizes_of([there])}
    residues = {side: {size % 16 for size in found} for side, found in sizes.items()}
    lengths = len(sizes[False]) + len(sizes[True])
    if sorted(map(tuple, residues.values())) != [(4,), (8,)] or min(map(len, sizes.values())) < 2:
        return None
    cut = residues[True] == {4}
    return about_esp(
        numbers,
        pair,
        there if cut else here,
        inference="icv-mismatch",
        value=f"the {'responder' if cut else 'initiator'} sends an ICV of 12 octets, the other side one of 16: neither accepts the other's",
        grade="likely" if lengths - 2 >= MISMATCH_LIKELY else "hint",
        rule=f"{lengths} different lengths: 4 beyond a multiple of 16 one way, 8 the other way",
        against="a stream cipher, of which few lengths were seen",
    )


def _one_way(pair: EspPair, story: IkeStory | None, numbers: Numbers) -> InferenceRow | None:
    """The receiver discards everything and never answers: then only the sender's lengths are there."""
    series = pair.series[0]
    sizes = sizes_of([series])
    if story is None or story.hash_octets != 32 or story.cipher_block != 16 or len(sizes) < 2 or {size % 16 for size in sizes} != {4}:
        return None
    if not born(pair) or not all(any(said.from_initiator == side for said in story.said) for side in (True, False)):
        return None
    return about_esp(
        numbers,
        pair,
        series,
        inference="icv-mismatch",
        value="SHA2-256 may be cut to 96 bits by the sender, and not by the receiver, which never answers",
        grade="hint",
        rule="the IKE SA uses a hash of 32 octets and blocks of 16;"
        f" the {len(sizes)} ESP lengths fit an ICV of 12 octets, not one of 16; no ESP back",
        against="another integrity algorithm for ESP than for IKE (HMAC-SHA1-96), and a filter on ESP",
    )


def cipher_columns(pairs: Iterable[EspPair], found: Mapping[int, Cipher]) -> dict[int, tuple[int | None, int | None]]:
    """Block and ICV octets by the number of the series, where they may be claimed."""
    result: dict[int, tuple[int | None, int | None]] = {}
    for pair in pairs:
        cipher = found.get(pair.number)
        if cipher is not None and cipher.grade in ("certain", "likely"):
            result.update({one.number: (cipher.block, cipher.icv) for one in pair.series})
    return result
