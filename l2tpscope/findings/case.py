"""Case: what the rules look at: the trace, the measures, and the tables grouped as rules ask for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from l2tpscope.analysis.names import endpoint_name
from l2tpscope.analysis.rows import EspSaRow, Grade, IkeMessageRow, IkeSaRow, Measures, MessageRow, PppRow, SessionRow, TunnelRow, VpnRow
from l2tpscope.core.endpoints import split
from l2tpscope.findings.rule import Place
from l2tpscope.frames.torn import Torn
from l2tpscope.model.esp import EspSeries
from l2tpscope.model.trace import Trace

SECOND = 1_000_000_000
SHOWN = 12
"""Frames that are named as evidence at most."""


class Case:
    """One trace and its measures. Long tables are made when a rule first asks for them: rules look at the short ones first."""

    def __init__(self, trace: Trace, measures: Measures) -> None:
        self.trace, self.measures = trace, measures
        self._groups: dict[tuple[str, str], Mapping[Any, list[Any]]] = {}

    def group(self, table: str, column: str) -> Mapping[Any, list[Any]]:
        """The rows of a table by the value of a column."""
        key = table, column
        if key not in self._groups:
            groups: dict[Any, list[Any]] = defaultdict(list)
            for row in self.measures.rows(table):
                groups[getattr(row, column)].append(row)
            self._groups[key] = groups
        return self._groups[key]

    def ike_messages(self, row: IkeSaRow) -> list[IkeMessageRow]:
        """Of one IKE SA."""
        return self.group("ike_messages", "ike_sa").get(row.ike_sa, [])

    def messages(self, row: TunnelRow) -> list[MessageRow]:
        """Of one tunnel."""
        return self.group("messages", "tunnel").get(row.tunnel, [])

    def ppp(self, row: SessionRow) -> list[PppRow]:
        """Of one session."""
        return self.group("ppp", "session").get(row.session, [])

    def vpn(self, number: int | None) -> VpnRow | None:
        """The connection of that number."""
        return self._vpns.get(number) if number is not None else None

    def tunnel(self, number: int) -> TunnelRow:
        """The tunnel of that number."""
        return self._tunnels[number]

    @cached_property
    def _vpns(self) -> dict[int, VpnRow]:
        return {row.vpn: row for row in self.measures.vpns}

    @cached_property
    def encrypted_hosts(self) -> set[frozenset[str]]:
        """Pairs of hosts between which ESP passes."""
        rows = (row for row in self.measures.vpns if row.esp_sas)
        return {frozenset((split(row.client)[0], split(row.server)[0])) for row in rows}

    @cached_property
    def _tunnels(self) -> dict[int, TunnelRow]:
        return {row.tunnel: row for row in self.measures.tunnels}

    @cached_property
    def esp_sas(self) -> dict[int, EspSaRow]:
        """By number."""
        return {row.esp_sa: row for row in self.measures.esp_sas}

    @cached_property
    def ike_sas(self) -> dict[int, IkeSaRow]:
        """By number."""
        return {row.ike_sa: row for row in self.measures.ike_sas}

    @cached_property
    def esp_series(self) -> Mapping[int, list[EspSeries]]:
        """What was kept of ESP, by SPI."""
        groups: dict[int, list[EspSeries]] = defaultdict(list)
        for one in self.trace.esp:
            groups[one.spi].append(one)
        return groups

    @cached_property
    def overcome(self) -> set[int]:
        """IKE SAs after which the same client came through to the same server, as ESP shows."""
        last: dict[tuple[str, str], int] = {}
        for row in self.measures.ike_sas:
            vpn = self.vpn(row.vpn)
            if row.established is not None and row.opened is not None and vpn is not None and vpn.esp_sas:
                last[_hosts(row)] = max(last.get(_hosts(row), 0), row.opened)
        return {row.ike_sa for row in self.measures.ike_sas if last.get(_hosts(row), 0) > (row.opened or 0)}

    @cached_property
    def torn_ike(self) -> dict[int, list[Torn]]:
        """By IKE SA, its messages that came as IP fragments of which some are missing: of the last that had begun between these hosts."""
        found: dict[int, list[Torn]] = defaultdict(list)
        torn = [one for one in self.trace.torn if one.what == "ike"]
        if not torn:
            return found
        between: dict[frozenset[str], list[IkeSaRow]] = defaultdict(list)
        for row in self.measures.ike_sas:
            between[frozenset(_hosts(row))].append(row)
        for one in torn:
            hosts = frozenset(endpoint_name(end._replace(port=None)) for end in (one.sender, one.receiver))
            begun = [row for row in between[hosts] if row.opened is not None and row.opened <= one.first]
            if begun:
                found[max(begun, key=lambda row: row.opened or 0).ike_sa].append(one)
        return found

    @property
    def end(self) -> int:
        """The last instant of all captures: what was not seen until then may still come."""
        return self.trace.end

    @cached_property
    def one_sided(self) -> bool:
        """One direction is all there is: that something was not answered cannot be said. Of several captures, such as rotated ones
        or one a direction, each may have one direction, and all together both.
        """
        both = any(row.packets_to_client and row.packets_to_server for row in self.measures.vpns)
        answered = any(row.rtt_initiator_side_min_s or row.rtt_responder_side_min_s for row in self.measures.ike_sas)
        return not both and not answered and any(row.one_sided for row in self.measures.captures)

    def absent(self, grade: Grade) -> Grade:
        """The grade of a claim that something did not come: no surer than the capture is complete."""
        captures = self.measures.captures
        if self.one_sided or any(row.verdict == "poor" for row in captures):
            return "hint"
        missing = any(row.reported_drops or row.acknowledged_unseen for row in captures)
        return "likely" if missing and grade == "certain" else grade

    @cached_property
    def doubts(self) -> tuple[str, ...]:
        """What speaks against every claim that something did not come."""
        doubts = ["the capture has one direction only"] if self.one_sided else []
        dropped = sum(row.reported_drops or 0 for row in self.measures.captures)
        unseen = sum(row.acknowledged_unseen for row in self.measures.captures)
        doubts += [f"the capturer dropped {dropped} frames"] if dropped else []
        doubts += [f"the capture lacks {unseen} control messages that were acknowledged"] if unseen else []
        return tuple(doubts)


def _hosts(row: IkeSaRow) -> tuple[str, str]:
    return split(row.initiator)[0], split(row.responder)[0]


def places(rows: Sequence[Any]) -> tuple[Place, ...]:
    """Where rows with capture and frame were seen: the first ones, and the last."""
    if len(rows) > SHOWN:
        rows = [*rows[: SHOWN - 1], rows[-1]]
    return tuple(Place(row.capture, row.frame) for row in rows)
