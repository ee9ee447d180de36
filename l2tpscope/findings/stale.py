"""What the rules ask of tunnels whose peer began anew: the other side still uses the ids of before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from l2tpscope.analysis.names import endpoint_name
from l2tpscope.analysis.rows import MessageRow, TunnelRow
from l2tpscope.core.endpoints import split
from l2tpscope.findings.case import Case
from l2tpscope.findings.clear import hosts
from l2tpscope.findings.l2tp import copies
from l2tpscope.model.half import DataSeries

VAIN = 3
"""Copies of one message without an acknowledgement."""
MOST = 200
"""Tunnels between two hosts; of more nothing is said."""


@dataclass(frozen=True, slots=True)
class Stale:
    """An old tunnel that one side still uses, and the new one that the other began."""

    old: TunnelRow
    new: TunnelRow
    direction: str
    """In which the old one is still used."""
    vain: Sequence[MessageRow]
    """What is repeated in it."""


Data = Mapping[tuple[str, int | None, int | None], Sequence[DataSeries]]


def stale(case: Case) -> list[Stale]:
    """Every such tunnel. Whoever still speaks in any tunnel of before has not begun anew, but begun another one."""
    found: list[Stale] = []
    data: Data | None = None
    for several in _between(case):
        if any(_given_up(case, row) for row in several):
            data = _data(case) if data is None else data
            found += [one for old in several if _given_up(case, old) and (one := _of(case, data, old, several)) is not None]
    return found


def held(case: Case) -> list[Stale]:
    """New tunnels that are asked for again and again without an answer, while who is asked goes on in an old one with the same host."""
    found: list[Stale] = []
    data: Data | None = None
    for several in _between(case):
        for new in several:
            if new.state != "unanswered" or new.messages_to_initiator or not new.retransmissions_to_responder:
                continue
            data = _data(case) if data is None else data
            found += [one for old in several if (one := _holds(case, data, old, new)) is not None][-1:]
    return found


def _between(case: Case) -> list[list[TunnelRow]]:
    """The tunnels of each pair of hosts that has several, in the order in which they were asked for."""
    between: dict[frozenset[str], list[TunnelRow]] = defaultdict(list)
    for row in case.measures.tunnels:
        if row.roles == "seen" and row.opened is not None:
            between[hosts(row)].append(row)
    return [sorted(several, key=lambda row: row.opened or 0) for several in between.values() if 1 < len(several) <= MOST]


def _holds(case: Case, data: Data, old: TunnelRow, new: TunnelRow) -> Stale | None:
    if old.established is None or old.established >= (new.opened or 0):
        return None
    asker, asked = split(new.initiator)[0], split(new.responder)[0]
    others = "to_initiator" if asked == split(old.responder)[0] else "to_responder"
    said = [one for one in case.messages(old) if one.direction == others and one.time > (new.opened or 0)]
    if not said or _speaks(case, data, old, (asker, new.opened or 0)):
        return None
    return Stale(old, new, others, said)


def _given_up(case: Case, row: TunnelRow) -> bool:
    """Whether it had been of use, and something in it was repeated: attempts that came to nothing are left behind on purpose."""
    again = row.retransmissions_to_initiator + row.retransmissions_to_responder
    if row.established is None or row.state not in ("lost", "closed") or again < VAIN - 1:
        return False
    sessions = case.group("sessions", "tunnel").get(row.tunnel, [])
    return any(one.assigned_ip is not None or (one.ppp_state is None and one.first_data is not None) for one in sessions)


def _of(case: Case, data: Data, old: TunnelRow, several: Sequence[TunnelRow]) -> Stale | None:
    for new in several:
        if (new.opened or 0) <= (old.established or 0) or new.tunnel == old.tunnel:
            continue
        began = split(new.initiator)[0], new.opened or 0
        mine = "to_responder" if began[0] == split(old.initiator)[0] else "to_initiator"
        others = "to_initiator" if mine == "to_responder" else "to_responder"
        vain = _in_vain(case, old, others, began[1])
        before = [row for row in several if (row.opened or 0) < began[1]]
        if vain and not any(_speaks(case, data, row, began) for row in before):
            return Stale(old, new, others, vain)
    return None


def _in_vain(case: Case, old: TunnelRow, direction: str, since: int) -> Sequence[MessageRow]:
    said = [one for one in case.messages(old) if one.direction == direction and one.time > since]
    vain = (group for group in copies(said) if len(group) >= VAIN and group[0].acked_by is None)
    return next((group for group in vain if group[0].message != "StopCCN"), [])  # to close it is right, whoever hears it


def _speaks(case: Case, data: Data, row: TunnelRow, began: tuple[str, int]) -> bool:
    """Whether a host still sends something in a tunnel, since an instant."""
    host, since = began
    direction = "to_responder" if host == split(row.initiator)[0] else "to_initiator"
    if any(one.direction == direction and one.time > since for one in case.messages(row)):
        return True
    to_responder = direction == "to_responder"
    tunnel, receiver = (row.responder_id, row.responder) if to_responder else (row.initiator_id, row.initiator)
    for one in case.group("sessions", "tunnel").get(row.tunnel, []):
        key = split(receiver)[0], tunnel, one.responder_id if to_responder else one.initiator_id
        if any(series.first < since < series.last for series in data.get(key, ())):
            return True
    return False


def _data(case: Case) -> Data:
    """Data by who gets it and under which ids."""
    found: dict[tuple[str, int | None, int | None], list[DataSeries]] = defaultdict(list)
    for series in case.trace.series:
        found[endpoint_name(series.receiver._replace(port=None)), series.tunnel, series.session].append(series)
    return found
