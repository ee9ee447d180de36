"""stream: the packets between the rungs: data and ESP counted both ways, answered keepalives among them, a rung a stretch."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from l2tpscope.analysis.rows import ThroughputRow
from l2tpscope.output.blocks import Cell
from l2tpscope.output.ladder.model import Rung
from l2tpscope.output.ladder.scene import Scene
from l2tpscope.output.values import SECOND, count, duration, short

FEW = 3
"""So many keepalives between two rungs stand for themselves, where there is no data."""
EXACT = 3
"""How long a stretch lasts is told from so many bins on."""
SETTLES = ("Configure", "Challenge", "Response", "Success", "Authenticate")
"""Begins of codes that data comes after."""


class Packets(NamedTuple):
    """A bin of data."""

    time: int
    """Where it is put: not before the first of its packets, nor before PPP was settled in it, nor before what is told of it."""
    begin: int
    until: int
    esp: bool
    to_server: bool
    packets: int
    octets: int
    ppp: int
    """How many of them are PPP's own, which have rungs."""


def packets(scene: Scene) -> list[Packets]:
    """The bins of its sessions and ESP SAs; none that holds nothing but PPP's own packets, which have rungs."""
    ppp = _ppp(scene)
    rows: Iterable[ThroughputRow] = scene.report.rows("throughput")
    found = []
    for row in rows:
        if row.esp_sa is not None:
            if row.esp_sa in scene.esp_sas:
                sa = scene.esp_sas[row.esp_sa]
                found.append(_bin(row, (sa.first, sa.last), scene.to_server("esp_sas", row.esp_sa, row.direction)))
        elif row.session in scene.sessions and row.tunnel is not None:
            session = scene.sessions[row.session]
            own, settled = ppp.get((row.session, row.direction), NONE).within(row.time, row.time + round(row.bin_s * SECOND))
            if own < row.packets:
                one = _bin(row, (session.first_data, session.last_data), scene.to_server("tunnels", row.tunnel, row.direction))
                found.append(one._replace(time=max(one.time, min(settled, one.until)), ppp=own))
    return sorted(found)


def _bin(row: ThroughputRow, life: tuple[int | None, int | None], to_server: bool) -> Packets:
    begin, end = row.time, row.time + round(row.bin_s * SECOND)
    first, last = life
    begin = begin if first is None else min(max(begin, first), end)
    until = max(begin, end if last is None else min(end, last))
    return Packets(begin, row.time, until, row.esp_sa is not None, to_server, row.packets, row.octets, 0)


@dataclass(slots=True)
class Own:
    """PPP's own packets of one session and direction."""

    times: list[int]
    settling: list[int]
    """Those of both directions that data comes after."""

    def within(self, begin: int, end: int) -> tuple[int, int]:
        """How many there are from *begin* to *end*, and when the last of them was that data comes after; 0: none."""
        number = bisect_right(self.times, end - 1) - bisect_right(self.times, begin - 1)
        at = bisect_right(self.settling, end - 1)
        last = self.settling[at - 1] if at else 0
        return number, last if last >= begin else 0


NONE = Own([], [])


def _ppp(scene: Scene) -> dict[tuple[int, str], Own]:
    """Of each session, by direction; when PPP was settling is the same for both."""
    found: dict[tuple[int, str], Own] = {}
    for row in sorted((row for row in scene.report.rows("ppp") if row.session in scene.sessions), key=lambda row: int(row.time)):
        if (row.session, row.direction) not in found:
            settling: list[int] = []
            found.update({(row.session, way): Own([], settling) for way in ("to_responder", "to_initiator")})
        own = found[row.session, row.direction]
        own.times.append(row.time)
        if row.code.startswith(SETTLES):
            own.settling.append(row.time)
    return found


# ---- stretches -------------------------------------------------------------------------------------------------------


def with_stretches(rungs: Sequence[Rung], bins: Sequence[Packets], last_lane: int) -> list[Rung]:
    """The rungs in the order of time, between them a stretch for the bins and the quiet rungs that lie there."""
    loud = [rung for rung in rungs if not rung.quiet]
    times = [rung.time for rung in loud]
    quiet: dict[int, list[Rung]] = defaultdict(list)
    for rung in rungs:
        if rung.quiet:
            quiet[bisect_right(times, rung.time)].append(rung)
    told = sorted(rung.time for rung in loud if rung.line in ("fact", "guess"))
    between: dict[int, list[Packets]] = defaultdict(list)
    for one in bins:
        within = told[bisect_right(told, one.time) : bisect_left(told, one.until)]
        between[bisect_right(times, max([one.time, *within[-1:]]))].append(one)
    result: list[Rung] = []
    for at in range(len(loud) + 1):
        room = times[at - 1] if at else None, times[at] if at < len(times) else None
        result += _stretch(quiet[at], between[at], room, last_lane)
        result += loud[at : at + 1]
    return result


def _stretch(quiet: Sequence[Rung], bins: Sequence[Packets], room: tuple[int | None, int | None], last_lane: int) -> Iterator[Rung]:
    """One rung, within the *room* that the rungs around it leave; a few keepalives without data stay as they are."""
    if not bins and len(quiet) <= FEW:
        yield from quiet
        return
    begin = min([rung.time for rung in quiet] + [one.time for one in bins])
    end = max([rung.last for rung in quiet] + [one.until for one in bins])
    before, following = room
    begin = begin if before is None else max(begin, before)
    end = max(begin, end if following is None else min(end, following))
    exact = not bins or end - begin >= EXACT * min(one.until - one.begin for one in bins)
    forth, back = (any(one.to_server is way for one in bins) or not bins for way in (True, False))
    tags = [tag for tag, esp in (("data", False), ("ESP", True)) if any(one.esp is esp for one in bins)]
    what = " and ".join(tags) or "keepalives"
    notes = [note for tag in tags for note in _counts([one for one in bins if one.esp is (tag == "ESP")], tag if len(tags) > 1 else "")]
    yield Rung(
        time=begin,
        until=end,
        line="stream",
        label=f"{what}, {duration((end - begin) / SECOND)}" if exact else what,
        tag=tags[0] if tags else quiet[0].tag,
        source=0 if forth else last_lane,
        target=last_lane if forth else 0,
        both=forth and back,
        notes=[*notes, *_keepalives(quiet)],
    )


def _counts(bins: Sequence[Packets], what: str) -> Iterator[Cell]:
    """Packets and octets, each way; `octets` are those of IP datagrams."""
    for arrow, to_server in (("→", True), ("←", False)):
        way = [one for one in bins if one.to_server is to_server]
        number, size = sum(one.packets for one in way), sum(one.octets for one in way)
        own = sum(one.ppp for one in way)
        aside = f", {count(own)} of them PPP's own" if own else ""
        told = f"{count(number)} packet{'s' if number > 1 else ''}, {short(size)} octets{aside}" if number else "nothing"
        yield Cell(f"{what} {arrow} {told}".strip())


def _keepalives(quiet: Sequence[Rung]) -> Iterator[Cell]:
    """How many of each name, in which direction; those that want an answer got one."""
    counts = Counter((_name(rung), (rung.source or 0) < (rung.target or 0)) for rung in quiet)
    for (name, forth), number in counts.items():
        yield Cell(f"{name} {'→' if forth else '←'} ×{number}")


def _name(rung: Rung) -> str:
    """Without numbers of its own."""
    words = rung.label.split(" Ns ")[0].split(" ")
    return " ".join(words[:-1] if words[-1].isdecimal() else words)


def alike(rungs: Sequence[Rung]) -> list[Rung]:
    """Neighbours that are alike as one: requests of a keepalive that nobody answers."""
    result: list[Rung] = []
    for rung in rungs:
        before = result[-1] if result else None
        if before is not None and rung.alike and before.alike == rung.alike:
            frames = [*before.frames, *rung.frames]
            over = (rung.time - before.time) / SECOND
            known = [note for note in before.notes if not note.text.startswith("×")]
            notes = [Cell(f"×{len(frames)} over {over:.1f} s", "warn"), *dict.fromkeys([*known, *rung.notes])]
            label = _name(before) if before.until is None else before.label
            result[-1] = replace(before, label=label, until=rung.time, frames=frames, notes=notes)
        else:
            result.append(rung)
    return result
