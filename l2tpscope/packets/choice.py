"""Choice: one connection, tunnel or session of a report, and whether a packet is of it."""

from __future__ import annotations

from dataclasses import dataclass

from l2tpscope.output.tables import OutputError
from l2tpscope.packets.belonging import Place
from l2tpscope.report import Report


@dataclass(frozen=True)
class Choice:
    """What is wanted."""

    title: str
    vpn: int | None = None
    """All of a connection."""
    tunnel: int | None = None
    """A tunnel's messages and data, without the IPsec around it."""
    session: int | None = None
    """A session's messages and data, and the messages that are its tunnel's own: without them it could not be read."""

    def wants(self, place: Place) -> bool:
        """Whether what belongs there is wanted."""
        if self.session is not None:
            return place.session == self.session or (place.tunnel == self.tunnel and place.session is None)
        if self.tunnel is not None:
            return place.tunnel == self.tunnel
        return place.vpn == self.vpn


def choice(report: Report, *, vpn: int | None = None, tunnel: int | None = None, session: int | None = None) -> Choice:
    """The one that was asked for. *Raises*: OutputError where it is not there, or not one thing was asked for."""
    if sum(number is not None for number in (vpn, tunnel, session)) != 1:
        raise OutputError("choose one of --vpn N, --tunnel N, --session N")
    measures = report.measures
    for name, number, rows in (("vpn", vpn, measures.vpns), ("tunnel", tunnel, measures.tunnels), ("session", session, measures.sessions)):
        if number is not None and number not in {getattr(row, name) for row in rows}:
            raise OutputError(f"no {name} {number}: there are {len(rows)}")
    if vpn is not None:
        row = next(row for row in measures.vpns if row.vpn == vpn)
        return Choice(f"vpn {vpn}: {row.client} to {row.server}", vpn)
    if session is not None:
        tunnel = next(row.tunnel for row in measures.sessions if row.session == session)
        return Choice(f"session {session} of tunnel {tunnel}", None, tunnel, session)
    return Choice(f"tunnel {tunnel}", None, tunnel)
