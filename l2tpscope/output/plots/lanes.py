"""The lanes of the timeline: which bars, marks and silences stand in which row. Nothing is drawn here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from l2tpscope.output.lives import BACK, BROKEN, FORTH, MESSAGES, packed, signs
from l2tpscope.output.plots.canvas import captured, plain
from l2tpscope.output.values import SECOND
from l2tpscope.report import Report

Kind = Literal["IKE SA", "ESP", "tunnel", "session"]
ENDED = BROKEN | {"closed", "replaced"}
SILENCE = 60 * SECOND
"""From here on a stretch without data is drawn; longer in a long capture, where it would be too narrow to be seen."""
SILENCE_SHARE = 600
MARKED = {"hello": "HELLO", "again": "sent again", "rekeying": "rekeying", "moved": "moved", "icmp error": "ICMP error"}
"""What is marked on the bars, and as what."""
ORDER: dict[Kind, int] = {"IKE SA": 0, "ESP": 1, "tunnel": 2, "session": 3}
NO_VPN = "of no connection"
HEAD, NAME = 90, 34
"""Characters of the name of a connection, and of a lane."""


class Mark(NamedTuple):
    """Something that happened at an instant."""

    time: int
    kind: str


@dataclass(slots=True)
class Bar:
    """The life of one row of a table."""

    kind: Kind
    number: int
    begin: int
    end: int
    state: str
    up: int | None = None
    """When it was established."""
    before: bool = False
    """It began before it was seen."""
    beyond: bool = False
    """The capture ends before it does."""
    marks: list[Mark] = field(default_factory=list)
    silences: list[tuple[int, int]] = field(default_factory=list)
    name: str = ""
    way: str = ""
    """Of what has one direction: its arrow."""


@dataclass(slots=True)
class Lane:
    """Bars one after the other, none of which covers another."""

    kind: Kind
    bars: list[Bar]

    @property
    def name(self) -> str:
        """What is in it: `tunnel 1 lac → lns`, `ESP → 1, 3, 5`."""
        numbers = [bar.number for bar in self.bars]
        listed = ", ".join(str(number) for number in numbers[:3]) + (f" ... {numbers[-1]}" if len(numbers) > 3 else "")
        own = f" {self.bars[0].name}" if len(self.bars) == 1 and self.bars[0].name else ""
        return plain(f"{self.kind} {self.bars[0].way}{listed}{own}", NAME)


@dataclass(slots=True)
class Group:
    """One connection: its lanes, outermost protocol first."""

    vpn: int | None
    name: str
    short: str
    """Where there is little room."""
    begin: int
    lanes: list[Lane]


def groups(report: Report, vpn: int | None = None) -> list[Group]:
    """Every connection, or one of them, in the order of their begin; what belongs to none comes last."""
    bars = _Bars(report)
    names = {row.vpn: (f"vpn {row.vpn}: {row.client} → {row.server}", f"vpn {row.vpn}: {row.client}") for row in report.rows("vpns")}
    found = []
    for number in (*names, None) if vpn is None else (vpn,):
        lanes = list(_lanes(bars.of(number)))
        if lanes:
            begin = min(bar.begin for lane in lanes for bar in lane.bars)
            name, short = names.get(number, (NO_VPN, NO_VPN)) if number is not None else (NO_VPN, NO_VPN)
            found.append(Group(number, plain(name, HEAD), plain(short, NAME), begin, lanes))
    found.sort(key=lambda group: (group.vpn is None, group.begin, group.vpn or 0))
    return found


def _lanes(found: Iterable[Bar]) -> Iterator[Lane]:
    """The lanes of one connection."""
    ordered = sorted(found, key=lambda bar: (bar.begin, bar.number))
    return (Lane(bars[0].kind, bars) for bars in packed(ordered, lambda bar: (ORDER[bar.kind], bar.way != FORTH)))


class _Bars:
    """The bars of a report, with what is marked on them."""

    def __init__(self, report: Report) -> None:
        begin, self.end = captured(report) or (0, 0)
        self.silence = max(SILENCE, (self.end - begin) // SILENCE_SHARE)
        self.marks: dict[str, list[Mark]] = defaultdict(list)
        self.heard: dict[str, list[int]] = defaultdict(list)
        """First and last instants at which something of it was seen; for data, every bin."""
        self._mark(report)
        self.by_vpn: dict[int | None, list[Bar]] = defaultdict(list)
        owner = {row.tunnel: row.vpn for row in report.rows("tunnels")}
        for row in report.rows("ike_sas"):
            self.by_vpn[row.vpn].append(self._ike(row))
        for row in report.rows("esp_sas"):
            self.by_vpn[row.vpn].append(self._esp(row))
        for row in report.rows("tunnels"):
            self.by_vpn[row.vpn].append(self._tunnel(row))
        for row in report.rows("sessions"):
            self.by_vpn[owner.get(row.tunnel)].append(self._session(row))

    def of(self, vpn: int | None) -> list[Bar]:
        """Those of one connection."""
        return self.by_vpn.get(vpn, [])

    def _mark(self, report: Report) -> None:
        for subject, several in signs(report).items():
            if not subject.startswith("session "):  # a session's own silence is that of its data
                self.heard[subject] += [sign.time for sign in several if sign.what in MESSAGES]
            self.marks[subject] += [Mark(sign.time, MARKED[sign.what]) for sign in several if sign.what in MARKED]
        for row in report.rows("throughput"):
            subject = f"esp_sa {row.esp_sa}" if row.esp_sa is not None else f"session {row.session}"
            self.heard[subject] += (row.time, row.time + int(row.bin_s * SECOND))

    def _ike(self, row: Any) -> Bar:
        return self._life("IKE SA", row.ike_sa, row, f"ike_sa {row.ike_sa}")

    def _tunnel(self, row: Any) -> Bar:
        hosts = [host for host in (row.initiator_host_name, row.responder_host_name) if host]
        return self._life("tunnel", row.tunnel, row, f"tunnel {row.tunnel}", " → ".join(hosts))

    def _session(self, row: Any) -> Bar:
        bar = self._life("session", row.session, row, f"session {row.session}", row.ppp_user or row.pseudowire or "")
        seen = [time for time in (bar.begin, row.first_data) if time is not None]
        bar.begin = min(seen)
        bar.end = max(bar.end, row.last_data or bar.end)
        bar.silences = self._silences(f"session {row.session}", bar)
        return bar

    def _esp(self, row: Any) -> Bar:
        subject = f"esp_sa {row.esp_sa}"
        bar = Bar("ESP", row.esp_sa, row.first, row.last, "", row.first, not row.birth_seen, marks=self.marks[subject], name=row.spi)
        bar.way = FORTH if row.direction == "to_responder" else BACK
        bar.silences = self._silences(subject, bar)
        return bar

    def _life(self, kind: Kind, number: int, row: Any, subject: str, name: str = "") -> Bar:
        """From its opening to its end; of what was not seen to end, to the end of the capture where it was up, else to its last sign."""
        heard = self.heard[subject]
        begin = row.opened if row.opened is not None else getattr(row, "first_data", None)
        if begin is None:
            begin = min(heard, default=self.end)
        last = max([begin, *heard])
        if row.closed is not None:
            last = max(begin, row.closed)
        elif row.state in ("established", "opening"):
            last = max(last, self.end)
        ended = row.closed is not None or row.state in ENDED
        return Bar(
            kind,
            number,
            begin,
            last,
            row.state,
            row.established,
            before=row.state == "partial" or row.opened is None,
            beyond=not ended,
            marks=self.marks[subject],
            name=name,
        )

    def _silences(self, subject: str, bar: Bar) -> list[tuple[int, int]]:
        """Where it was up and no data passed in either direction for long."""
        heard = sorted(time for time in self.heard[subject] if bar.begin <= time <= bar.end)
        found, last = [], bar.begin
        for time in (*heard, bar.end):
            if time - last >= self.silence:
                found.append((last, time))
            last = time
        return found
