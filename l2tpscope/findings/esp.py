"""What the rules about ESP ask of a connection: who fell silent, and what else was heard of that side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from l2tpscope.analysis.rows import EspSaRow, IkeMessageRow, InferenceRow, VpnRow
from l2tpscope.core.endpoints import split
from l2tpscope.findings import filters
from l2tpscope.findings.case import SECOND, SHOWN, Case
from l2tpscope.findings.rule import Finding, Place
from l2tpscope.model.esp import EspSeries

WAYS = ("to_responder", "to_initiator")
FROM = {"to_responder": "the client", "to_initiator": "the server"}
"""Who sends in a direction."""
BACK = {"to_responder": "to_initiator", "to_initiator": "to_responder"}
QUIET = 10 * SECOND
VAIN = 5
"""Packets that go on without an answer."""
ANSWERS = SECOND
TOOK_OVER = (-5 * SECOND, 15 * SECOND)
"""From the last packet to one client until the other client's SA is in use."""


@dataclass(frozen=True, slots=True)
class Silence:
    """One side fell silent in ESP while the other went on."""

    direction: str
    """In which nothing comes any more."""
    since: int
    before: EspSaRow
    """The SA that fell silent."""
    vain: Sequence[Place]
    """Of what the other side sent in vain."""
    last: int
    heard: Sequence[IkeMessageRow]
    """IKE of the silent side, since."""

    @property
    def who(self) -> str:
        """The silent side."""
        return FROM[self.direction]


def sas(case: Case, vpn: VpnRow) -> list[EspSaRow]:
    """The ESP SAs of a connection."""
    return [row for row in case.group("esp_sas", "vpn").get(vpn.vpn, []) if row.protocol == "esp"]


def series(case: Case, row: EspSaRow) -> EspSeries | None:
    """What was kept of the packets of an SA."""
    return next((one for one in case.esp_series.get(int(row.spi, 16), []) if one.first == row.first), None)


def silence(case: Case, vpn: VpnRow) -> Silence | None:
    """Who fell silent, where the connection was lost and ESP had passed in both directions."""
    rows = sas(case, vpn)
    last = {way: max((row for row in rows if row.direction == way), key=lambda row: row.last, default=None) for way in WAYS}
    if vpn.outcome != "lost" or any(row is None for row in last.values()):
        return None
    quiet = min((row for row in last.values() if row is not None), key=lambda row: row.last)
    on = last[BACK[quiet.direction]]
    assert on is not None
    since = quiet.last
    vain = _after(series(case, on), since + ANSWERS)
    if on.last - since < QUIET or len(vain) < VAIN:
        return None
    heard = [one for row in vpn.ike_sas for one in case.ike_messages(case.ike_sas[row])]
    heard = [one for one in heard if one.direction == quiet.direction and one.time > since + ANSWERS]
    return Silence(quiet.direction, since, quiet, vain, on.last, heard)


def _after(one: EspSeries | None, time: int) -> list[Place]:
    if one is None or one.tail is None:
        return []
    tail = one.tail
    return [
        Place(*place)
        for at, *place in zip(*(column.tolist() for column in (tail.time, tail.capture, tail.frame)), strict=True)
        if at > time
    ]


def taken_over(case: Case, vpn: VpnRow, found: Silence) -> VpnRow | None:
    """Another client behind the same address, whose SA came into use when the server fell silent towards this one."""
    if found.direction != "to_initiator" or vpn.nat not in ("client", "both"):
        return None
    host = split(vpn.client)[0], split(vpn.server)[0]
    for other in case.measures.vpns:
        if other.vpn == vpn.vpn or (split(other.client)[0], split(other.server)[0]) != host or other.client == vpn.client:
            continue
        first = min((row.first for row in sas(case, other)), default=None)
        if first is not None and TOOK_OVER[0] <= first - found.since <= TOOK_OVER[1]:
            return other
    return None


def concluded(case: Case, vpn: VpnRow, what: str) -> InferenceRow | None:
    """The conclusion from ciphertext of that kind about a connection."""
    return next((row for row in case.group("inferences", "vpn").get(vpn.vpn, []) if row.inference == what), None)


def first_place(case: Case, row: EspSaRow) -> tuple[Place, ...]:
    """Where an SA began."""
    one = series(case, row)
    return (Place(one.capture, one.frame),) if one is not None else ()


def head(case: Case, row: EspSaRow) -> tuple[Place, ...]:
    """Its first packets."""
    one = series(case, row)
    if one is None or one.head is None:
        return ()
    return tuple(Place(*pair) for pair in zip(one.head.capture.tolist()[:SHOWN], one.head.frame.tolist()[:SHOWN], strict=True))


def about_vpn(vpn: VpnRow, rows: Sequence[EspSaRow], **given: Any) -> Finding:
    """A finding about the ESP of one connection."""
    blank = {
        "subject": f"vpn {vpn.vpn}",
        "vpn": vpn.vpn,
        "evidence": (),
        "first": min((row.first for row in rows), default=vpn.opened),
        "last": max((row.last for row in rows), default=vpn.opened),
        "wireshark_filter": filters.esp(rows) if rows else filters.between(vpn.client, vpn.server),
    }
    return Finding(**{**blank, **given})
