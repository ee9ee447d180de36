"""esp_rows: the tables of ESP and AH security associations: one row an SA, its loss, its throughput.

An SA numbers its packets from 1 (RFC 4303 §2.2): where its begin is in the capture, what is missing before the first packet
seen was lost too. A gap says loss between the sender and the tap, or in the capture, never beyond the tap.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from l2tpscope.analysis.esp_pairs import EXCHANGE, Joined
from l2tpscope.analysis.names import endpoint_name
from l2tpscope.analysis.rows import EspSaRow, LossRow, ThroughputRow
from l2tpscope.analysis.throughput import missed_in
from l2tpscope.analysis.wilson import wilson
from l2tpscope.model.esp import WINDOWS, EspPair, EspSeries
from l2tpscope.model.sequence import Missed

Int64s = NDArray[np.int64]

HEAD = 64
"""So many numbers may be missing before the first one of an SA that was made in the capture."""
ENCAPSULATIONS = {"ip": "esp", "udp": "udp", "tcp": "tcp"}


@dataclass(slots=True, frozen=True)
class Place:
    """Where an SA stands."""

    number: int
    """esp_sa."""
    pair: EspPair
    to_initiator: bool
    series: EspSeries


def places(pairs: Sequence[EspPair]) -> list[Place]:
    """Every SA, numbered in the order of first appearance."""
    every = [(one, pair, side) for pair in pairs for side, one in pair.to.items() if one is not None]
    every.sort(key=lambda each: each[0].position)
    return [Place(number, pair, side, one) for number, (one, pair, side) in enumerate(every, 1)]


def head(pair: EspPair, series: EspSeries) -> int:
    """How many packets are missing before the first seen, of an SA of which the making was seen."""
    if series.count is None or pair.made is None or not 1 < series.count.first_number <= HEAD + 1:
        return 0
    return series.count.first_number - 1


def esp_sa_rows(
    places: Sequence[Place], joined: Joined, vpn_of: Mapping[int, int], cipher: Mapping[int, tuple[int | None, int | None]]
) -> list[EspSaRow]:
    """One row an SA. *vpn_of*: by the number of the pair; *cipher*: block and ICV octets by the number of the series."""
    number_of = {id(place.series): place.number for place in places}
    return [
        _row(place, joined, number_of, vpn_of.get(place.pair.number), cipher.get(place.series.number, (None, None))) for place in places
    ]


def _row(place: Place, joined: Joined, number_of: Mapping[int, int], vpn: int | None, cipher: tuple[int | None, int | None]) -> EspSaRow:
    series, pair, side = place.series, place.pair, place.to_initiator
    other = pair.to[not side]
    before = pair.before.to[side] if pair.before is not None else None
    story = joined.story_of.get(pair.number)
    sender, receiver = (series.moves[-1].sender, series.moves[-1].receiver) if series.moves else (series.sender, series.receiver)
    return EspSaRow(
        esp_sa=place.number,
        spi=f"0x{series.spi:08x}",
        source=endpoint_name(sender),
        destination=endpoint_name(receiver),
        protocol=series.protocol,
        encapsulation=ENCAPSULATIONS[series.encapsulation],  # type: ignore[arg-type]
        direction="to_initiator" if side else "to_responder",
        pair=number_of[id(other)] if other is not None else None,
        pair_linked_by=pair.linked_by if other is not None else None,
        ike_sa=story.number if story is not None else None,
        ike_linked_by=EXCHANGE if story is not None else None,
        vpn=vpn,
        replaces=number_of[id(before)] if before is not None else None,
        first=series.first,
        last=series.last,
        packets=series.packets,
        octets=series.octets,
        moves=series.moved,
        cipher_block_octets=cipher[0],
        icv_octets=cipher[1],
        largest_octets=max(series.sizes, default=0) or None,
        **_counts(pair, series),
        **{f"replay_dropped_{window}": series.would_drop.get(window) for window in WINDOWS},  # type: ignore[arg-type]
    )


def _counts(pair: EspPair, series: EspSeries) -> dict[str, Any]:
    """The columns that follow from the sequence numbers."""
    count = series.count
    if count is None:
        names = (
            "expected",
            "received",
            "lost",
            "duplicate",
            "duplicate_behind",
            "reordered",
            "pending",
            "max_reorder_extent",
            "loss_ratio",
        )
        return {**dict.fromkeys((*names, "first_sequence", "last_sequence")), "birth_seen": False, "epochs": 1}
    missing = head(pair, series)
    lost, expected = count.lost + missing, count.expected + missing
    return {
        "first_sequence": count.first_number,
        "last_sequence": series.last_sequence,
        "expected": expected,
        "received": count.received,
        "lost": lost,
        "duplicate": count.duplicate,
        "duplicate_behind": count.behind,
        "reordered": count.reordered,
        "pending": count.pending,
        "max_reorder_extent": count.max_reorder_extent,
        "loss_ratio": lost / expected if expected else None,
        "birth_seen": count.first_number - missing == 1,
        "epochs": 1 + count.restarts + series.wraps,
    }


def measure_esp_loss(places: Iterable[Place], *, suspect: bool) -> list[LossRow]:
    """A row an SA."""
    return [_loss(place, suspect) for place in places]


def _loss(place: Place, suspect: bool) -> LossRow:
    given: dict[str, Any] = dict.fromkeys(each.name for each in fields(LossRow))
    given.update(space="esp", esp_sa=place.number, direction="to_initiator" if place.to_initiator else "to_responder")
    count = place.series.count
    if count is None:
        given.update(measurable=False, why_not="the sequence numbers were not captured", capture_suspect=False)
        return LossRow(**given)
    columns = _counts(place.pair, place.series)
    lost, expected = columns["lost"], columns["expected"]
    low, high = wilson(lost, expected)
    given.update({name: columns[name] for name in given if name in columns})
    given.update(measurable=True, loss_low_ratio=low, loss_high_ratio=high, upstream_lost=lost, restarts=count.restarts)
    given["capture_suspect"] = suspect
    return LossRow(**given)


def measure_esp_throughput(
    places: Iterable[Place], bins: tuple[Int64s, Int64s, Int64s, Int64s], width: int, missed: Missed | None = None
) -> list[ThroughputRow]:
    """A row a bin in which something passed. *Units*: octets of IP datagrams."""
    owner = {place.series.number: place for place in places}
    return [
        ThroughputRow(
            time=time,
            bin_s=width / 1e9,
            tunnel=None,
            session=None,
            esp_sa=owner[series].number,
            direction="to_initiator" if owner[series].to_initiator else "to_responder",
            packets=packets,
            octets=octets,
            **missed_in(missed if owner[series].series.count is not None else None, series, time),
        )
        for series, time, packets, octets in zip(*(column.tolist() for column in bins), strict=True)
        if series in owner
    ]
