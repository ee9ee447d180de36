"""lanes: what the timeline shows: the bars of each connection, and what happened to them. Texts are made harmless here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from l2tpscope.analysis.rows import SessionRow, TunnelRow
from l2tpscope.output.escape import terminal
from l2tpscope.output.lives import BACK, BROKEN, FORTH, Sign, packed, signs
from l2tpscope.output.room import end_of
from l2tpscope.output.values import SECOND
from l2tpscope.output.web.order import worst_first
from l2tpscope.output.words import cut, host
from l2tpscope.report import Report

Json = dict[str, Any]
GROUPS = 300
"""Connections that are drawn, the worst first."""
MARKS = 400
"""Of one bar: more could not be told apart, and every so many is kept."""
NAME = 40
"""Columns of a name."""
ON = frozenset({"established", "opening"})
"""States of what goes on after the capture."""
MARKED = {"hello": "hello", "again": "again", "rekeying": "rekeying", "moved": "rekeying", "icmp error": "rekeying"}
"""What is marked on the bars, and by which sign."""
KINDS = ("IKE SA", "ESP SA", "tunnel", "session")


@dataclass(slots=True)
class Bar:
    """The life of one row, in nanoseconds."""

    kind: str
    name: str
    begin: int
    end: int
    state: str
    beyond: bool = False
    way: str = ""
    """Of what has one direction: its arrow."""
    marks: list[tuple[int, str]] = field(default_factory=list)


def origin(report: Report) -> int:
    """The instant from which the page counts: the begin of the first capture."""
    return min((row.time_start for row in report.measures.captures if row.time_start is not None), default=0)


def extent(report: Report) -> float:
    """Seconds from there to the end of the last capture."""
    end = end_of(report.measures.captures)
    return 0.0 if end is None else seconds(end, origin(report))


def seconds(time: int, begin: int) -> float:
    """Of the page's own time, to the microsecond."""
    return round((time - begin) / SECOND, 6)


def timeline(report: Report) -> Json:
    """The connections with their lanes; how many are left out."""
    begin = origin(report)
    bars = _bars(report)
    order = worst_first(report)
    kept = {row.vpn for row in order[:GROUPS]}
    groups = [_group(f"vpn {row.vpn}: {host(row.client)} → {host(row.server)}", bars[row.vpn], begin) for row in order if row.vpn in kept]
    if bars.get(None):
        groups.append(_group("", bars[None], begin))
    return {"groups": [group for group in groups if group["lanes"]], "left": max(0, len(order) - GROUPS)}


def findings(report: Report) -> list[Json]:
    """An instant of each finding, with its severity and the number of its card."""
    begin = origin(report)
    return [
        {"at": seconds(row.first, begin), "severity": row.severity, "text": terminal(f"{row.finding} {cut(row.summary)}"), "card": number}
        for number, row in enumerate(report.rows("findings"), 1)
    ]


def _group(name: str, bars: Iterable[Bar], begin: int) -> Json:
    return {"name": terminal(name), "lanes": [[_json(bar, begin) for bar in lane] for lane in _lanes(bars)]}


def _json(bar: Bar, begin: int) -> Json:
    marks = sorted(bar.marks)
    step = -(-len(marks) // MARKS) if len(marks) > MARKS else 1
    return {
        "kind": bar.kind,
        "way": bar.way,
        "name": terminal(cut(bar.name, NAME)),
        "begin": seconds(bar.begin, begin),
        "end": seconds(bar.end, begin),
        "state": bar.state,
        "broken": bar.state in BROKEN,
        "beyond": bar.beyond,
        "marks": [[seconds(time, begin), kind] for time, kind in marks[::step]],
    }


def _lanes(bars: Iterable[Bar]) -> Iterator[list[Bar]]:
    """The lanes of one connection, outermost protocol first."""
    return packed(sorted(bars, key=lambda bar: (bar.begin, bar.name)), lambda bar: (KINDS.index(bar.kind), bar.way != FORTH))


def _bars(report: Report) -> dict[int | None, list[Bar]]:
    """Every bar, by connection."""
    marks = signs(report)
    end = end_of(report.measures.captures) or 0
    found: dict[int | None, list[Bar]] = defaultdict(list)
    for ike in report.rows("ike_sas"):
        name = f"IKE SA {ike.ike_sa}"
        found[ike.vpn].append(_life(("IKE SA", name), ike, marks[f"ike_sa {ike.ike_sa}"], ike.opened, end))
    for esp in report.rows("esp_sas"):
        way = FORTH if esp.direction == "to_responder" else BACK
        name = f"ESP {way}{esp.esp_sa} {esp.spi}"
        found[esp.vpn].append(Bar("ESP SA", name, esp.first, esp.last, "", way=way, marks=_marks(marks[f"esp_sa {esp.esp_sa}"])))
    owner = {}
    for tunnel in report.rows("tunnels"):
        owner[tunnel.tunnel] = tunnel.vpn
        found[tunnel.vpn].append(_life(("tunnel", _tunnel_name(tunnel)), tunnel, marks[f"tunnel {tunnel.tunnel}"], tunnel.opened, end))
    for session in report.rows("sessions"):
        opened = min((time for time in (session.opened, session.first_data) if time is not None), default=None)
        bar = _life(("session", _session_name(session)), session, marks[f"session {session.session}"], opened, end)
        bar.end = max(bar.end, session.last_data or bar.end)
        found[owner.get(session.tunnel)].append(bar)
    return found


def _tunnel_name(row: TunnelRow) -> str:
    hosts = " → ".join(name for name in (row.initiator_host_name, row.responder_host_name) if name)
    return f"tunnel {row.tunnel} {hosts}"


def _session_name(row: SessionRow) -> str:
    return f"session {row.session} {row.ppp_user or row.pseudowire or ''}"


def _life(what: tuple[str, str], row: Any, seen: list[Sign], opened: int | None, end: int) -> Bar:
    """From its opening to its end; where none was seen, to the end of the capture if it was up, else to its last sign."""
    times = [sign.time for sign in seen]
    begin = opened if opened is not None else min(times, default=end)
    last = max([begin, *times])
    on = row.closed is None and row.state in ON
    if row.closed is not None:
        last = max(begin, row.closed)
    elif on:
        last = max(last, end)
    return Bar(*what, begin, last, row.state, on, marks=_marks(seen))


def _marks(seen: Iterable[Sign]) -> list[tuple[int, str]]:
    return [(sign.time, MARKED[sign.what]) for sign in seen if sign.what in MARKED]
