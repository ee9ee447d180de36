"""Scene: the rows of the tables that belong to one connection, and which way each of them goes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from l2tpscope.analysis.rows import EspSaRow, IkeSaRow, InferenceRow, SessionRow, TunnelRow, VpnRow
from l2tpscope.core.endpoints import split
from l2tpscope.output.ladder.model import Lane
from l2tpscope.output.room import end_of
from l2tpscope.report import Report

Detail = Callable[[Any], Sequence[str]]


@dataclass
class Scene:
    """One connection, or one tunnel of it."""

    report: Report
    vpn: VpnRow
    tunnel: int | None = None
    """This one alone."""
    raw: bool = False
    """Each message with all that was decoded of it."""
    sides: dict[tuple[str, int], bool] = field(default_factory=dict)
    """By table and number, whether its initiator is the client; filled when it is first asked for."""

    @cached_property
    def tunnels(self) -> dict[int, TunnelRow]:
        """By number."""
        wanted = {self.tunnel} if self.tunnel else set(self.vpn.tunnels)
        return {row.tunnel: row for row in self.report.measures.tunnels if row.tunnel in wanted}

    @cached_property
    def sessions(self) -> dict[int, SessionRow]:
        """By number."""
        return {row.session: row for row in self.report.measures.sessions if row.tunnel in self.tunnels}

    @cached_property
    def ike_sas(self) -> dict[int, IkeSaRow]:
        """By number; none where one tunnel is wanted."""
        wanted = set() if self.tunnel else set(self.vpn.ike_sas)
        return {row.ike_sa: row for row in self.report.measures.ike_sas if row.ike_sa in wanted}

    @cached_property
    def esp_sas(self) -> dict[int, EspSaRow]:
        """By number; none where one tunnel is wanted."""
        wanted = set() if self.tunnel else set(self.vpn.esp_sas)
        return {row.esp_sa: row for row in self.report.measures.esp_sas if row.esp_sa in wanted}

    @cached_property
    def inferences(self) -> list[InferenceRow]:
        """What its ciphertext tells; nothing where one tunnel is wanted."""
        return [] if self.tunnel else [row for row in self.report.measures.inferences if row.vpn == self.vpn.vpn]

    @cached_property
    def one_way(self) -> bool:
        """Whether a missing answer says nothing: a capture has one direction only, or a tunnel that came up was heard from one side."""
        halves = (row for row in self.tunnels.values() if not (row.messages_to_initiator and row.messages_to_responder))
        return any(row.one_sided for row in self.report.measures.captures) or any(row.established is not None for row in halves)

    @cached_property
    def end(self) -> int:
        """When the last capture ends."""
        return end_of(self.report.measures.captures) or 0

    @cached_property
    def _nat(self) -> tuple[bool, bool]:
        """Whether a NAT stands before client and server."""
        return self.vpn.nat in ("client", "both"), self.vpn.nat in ("server", "both")

    @cached_property
    def lanes(self) -> list[Lane]:
        """Client, server, and the NAT before either. Addresses are those that the capture has: behind a NAT, the NAT's."""
        vpn, (client, server) = self._told, self._nat
        left = [Lane("client", ""), Lane("NAT", vpn[0])] if client else [Lane("client", vpn[0])]
        return left + ([Lane("NAT", vpn[1]), Lane("server", "")] if server else [Lane("server", vpn[1])])

    @property
    def _told(self) -> tuple[str, str]:
        row = self.tunnels.get(self.tunnel) if self.tunnel else None
        return (self.vpn.client, self.vpn.server) if row is None else (row.initiator, row.responder)

    @cached_property
    def seen(self) -> tuple[int, int]:
        """The lanes between which the capture was made."""
        client, server = self._nat
        return int(client), len(self.lanes) - 1 - int(server)

    def way(self, table: str, number: int, direction: str) -> tuple[int, int]:
        """Source and target lane of what goes in that direction in a tunnel (`tunnels`) or SA (`ike_sas`, `esp_sas`)."""
        last = len(self.lanes) - 1
        return (0, last) if self.to_server(table, number, direction) else (last, 0)

    def to_server(self, table: str, number: int, direction: str) -> bool:
        """Whether that direction leads to the server; the initiator of a later IKE SA may be the server."""
        key = (table, number)
        if key not in self.sides:
            self.sides[key] = self._initiator_is_client(table, number)
        return (direction == "to_responder") is self.sides[key]

    def _initiator_is_client(self, table: str, number: int) -> bool:
        row = getattr(self, table)[number]
        if isinstance(row, EspSaRow):
            return (row.direction == "to_responder") is (split(row.destination)[0] == split(self.vpn.server)[0])
        client, server = split(self.vpn.client)[0], split(self.vpn.server)[0]
        return client == server or split(row.initiator)[0] != server

    def decoded(self, table: str, *, always: bool = False) -> list[Any]:
        """What was decoded of each row of a table; a None for each where it is not to be shown, or not kept.

        *always*: wanted though it is not shown as it is.
        """
        rows = self.report.rows(table)
        found = self.report.decoded(table) if self.raw or always else []
        return found if len(found) == len(rows) else [None] * len(rows)
