"""build: a ladder out of the tables of a report: which connections, their rungs in the order of time, no more than can be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from l2tpscope.analysis.rows import VpnRow
from l2tpscope.output.blocks import Block, Cell, Head, Row
from l2tpscope.output.ladder.control import control_rungs, ike_rungs
from l2tpscope.output.ladder.marks import marked, marks
from l2tpscope.output.ladder.model import Ladder, Rung
from l2tpscope.output.ladder.ppp import ppp_rungs
from l2tpscope.output.ladder.scene import Scene
from l2tpscope.output.ladder.stream import alike, packets, with_stretches
from l2tpscope.output.ladder.text import text
from l2tpscope.output.page import Page
from l2tpscope.output.room import FEW, end_of, known_until, life, when
from l2tpscope.output.stages import SEVERITIES, STAGES, TONE, Fate, fate, reached, stage_inferences
from l2tpscope.output.tables import OutputError
from l2tpscope.output.values import count, date, duration
from l2tpscope.output.words import host
from l2tpscope.report import Report

MOST = 200
"""Rungs of one ladder."""
BEGIN, END = 0.6, 0.3
"""How much of that the begin and the end take; the rest is for what is not as it should be, in between."""
NAT = {
    "client": "; the client is behind NAT, and the address is the NAT's",
    "server": "; the server is behind NAT, and the address is the NAT's",
    "both": "; both are behind NAT, and the addresses are the NATs'",
}
LISTED = 40
"""Connections that are named where one is to be chosen."""


class ChoiceError(OutputError):
    """The connection or tunnel that was asked for is not there."""


def ladders(report: Report, *, vpn: int | None = None, tunnel: int | None = None, raw: bool = False, most: int = MOST) -> list[Ladder]:
    """The ladder of a connection or of a tunnel; of all connections where they are few; none where one is to be chosen.

    *raw*: with all that was decoded of each message. *most*: rungs of each; 0: all.
    *Raises*: ChoiceError where it is not there.
    """
    rows = report.measures.vpns
    if tunnel is not None and vpn is not None:
        raise ChoiceError("either a vpn or a tunnel")
    if tunnel is not None:
        found = next((row for row in report.measures.tunnels if row.tunnel == tunnel), None)
        if found is None:
            raise ChoiceError(f"no tunnel {tunnel}: {_there(len(report.measures.tunnels), 'tunnel')}")
        vpn = found.vpn
    if vpn is not None:
        rows = [row for row in rows if row.vpn == vpn]
        if not rows:
            raise ChoiceError(f"no vpn {vpn}: {_there(len(report.measures.vpns), 'vpn')}")
    return [_ladder(Scene(report, row, tunnel, raw), most) for row in rows] if len(rows) <= FEW else []


def _there(number: int, noun: str) -> str:
    if number < 2:
        return f"there is {noun} 1 alone" if number else f"there is no {noun}"
    return f"there are {noun}s 1 to {number}"


def _ladder(scene: Scene, most: int) -> Ladder:
    control, acknowledgements = control_rungs(scene)
    rungs = marked([*control, *ike_rungs(scene), *ppp_rungs(scene)], marks(scene))
    all_rungs = alike(with_stretches(rungs, packets(scene), len(scene.lanes) - 1))
    kept = dated(thinned(all_rungs, most))
    return Ladder(
        title=_title(scene),
        about=_about(scene, all_rungs),
        lanes=scene.lanes,
        seen=scene.seen,
        rungs=kept,
        captures=len(scene.report.measures.captures),
        footer=_footer(scene, kept, acknowledgements),
    )


def dated(rungs: Sequence[Rung]) -> list[Rung]:
    """The same, with the date on the first of each further day: their times are those of a clock."""
    days = [date(rung.time) for rung in rungs]
    new = [False, *(day != before for before, day in pairwise(days))]
    return [
        replace(rung, notes=[Cell(f"on {day}", "dim"), *rung.notes]) if first else rung
        for rung, day, first in zip(rungs, days, new, strict=False)
    ]


def thinned(rungs: Sequence[Rung], most: int) -> list[Rung]:
    """At most about so many rungs: the begin, the end, between them what is not as it should be; what is left out is counted."""
    if not most or len(rungs) <= most:
        return list(rungs)
    begin, end = int(most * BEGIN), len(rungs) - int(most * END)
    odd = [at for at in range(begin, end) if rungs[at].tone in ("bad", "warn") or rungs[at].line == "fact"]
    keep = {*range(begin), *range(end, len(rungs)), *odd[: most - begin - (len(rungs) - end)]}
    result: list[Rung] = []
    left: list[Rung] = []
    for at, rung in enumerate(rungs):
        if at not in keep:
            left.append(rung)
            continue
        if left:
            result.append(_gap(left))
            left = []
        result.append(rung)
    return result


def _gap(left: Sequence[Rung]) -> Rung:
    names = Counter(rung.label.split(" ")[0] for rung in left if rung.line == "message")
    told = ", ".join(f"{name} ×{number}" for name, number in names.most_common(4))
    notes = [Cell(told)] if told else []
    return Rung(left[0].time, "gap", f"{count(len(left))} rows not drawn", notes=notes, tone="warn", until=left[-1].last)


# ---- what stands above and below -------------------------------------------------------------------------------------


def _fate(report: Report, row: VpnRow) -> Fate:
    ike = {each.ike_sa: each for each in report.measures.ike_sas}
    return fate(row, ike.get(row.ike_sas[-1]) if row.ike_sas else None, stage_inferences(report.measures.inferences).get(row.vpn))


def _title(scene: Scene) -> str:
    vpn = scene.vpn
    if scene.tunnel is not None:
        return f"LADDER of tunnel {scene.tunnel} (vpn {vpn.vpn}, {vpn.kind})"
    return f"LADDER of vpn {vpn.vpn} ({vpn.kind})"


def _about(scene: Scene, rungs: Sequence[Rung]) -> list[Cell]:
    vpn = scene.vpn
    ends = [lane.endpoint for lane in scene.lanes if lane.endpoint]
    lines = [Cell(f"client {ends[0]} → server {ends[-1]}" + NAT.get(vpn.nat or "", ""))]
    if scene.tunnel is None:
        one = _fate(scene.report, vpn)
        lines.append(Cell(one.text, TONE[one.severity]))
    if scene.one_way:
        lines.append(Cell("one direction alone can be read here: what was answered is not to be told", "warn"))
    if rungs:
        begin, end = rungs[0].time, max(rung.last for rung in rungs)
        day = date(begin) if date(begin) == date(end) else f"{date(begin)} to {date(end)}"
        lines.append(Cell(f"{day}, times in UTC, Δ since the row before; {duration((end - begin) / 1e9)} in all", "dim"))
    return lines


def _footer(scene: Scene, rungs: Sequence[Rung], acknowledgements: int) -> list[Cell]:
    lines = []
    if any(rung.line == "gap" for rung in rungs):
        drawn = count(sum(rung.line != "gap" for rung in rungs))
        lines.append(Cell(f"{drawn} rows are drawn: --rows 0 draws all, --tunnel N one tunnel", "warn"))
    if any(rung.line == "stream" for rung in rungs):
        widths = {row.bin_s for row in scene.report.rows("throughput")}
        bins = f"{max(widths):g} s" if widths else "time"
        lines.append(Cell(f"═ packets are counted by bins of {bins}: those of one bin may belong to the stretch before or after", "dim"))
    if any(rung.line == "guess" for rung in rungs) or any(note.text.startswith("[") for rung in rungs for note in rung.notes):
        lines.append(Cell("[grade: ...] is concluded from lengths and times of ciphertext (l2tpscope inferences)", "dim"))
    if acknowledgements:
        lines.append(Cell(f"{count(acknowledgements)} frames that only acknowledge are named at what they acknowledge first", "dim"))
    return lines


def page(report: Report, drawn: Sequence[Ladder], on: Page) -> str:
    """The ladders as text; where there are none, the connections to choose from."""
    return text(drawn, on) if drawn else on.render(choice(report))


# ---- where there are many --------------------------------------------------------------------------------------------


def choice(report: Report) -> list[Block]:
    """The connections that there are, the worst first, and how to choose one; or that there is none."""
    rows = report.measures.vpns
    if not rows:
        lines = [Cell("no connection of L2TP or IPsec to draw")]
        if report.measures.l2f:
            lines.append(Cell("tunnels of L2F are not drawn: l2tpscope l2f lists them", "warn"))
        return [Block(lines=lines)]
    fates = {row.vpn: _fate(report, row) for row in rows}
    order = sorted(rows, key=lambda row: (SEVERITIES.index(fates[row.vpn].severity), STAGES.index(row.stage), row.vpn))
    heads = [Head("vpn", right=True), Head("client → server", elastic=True), Head("tunnels"), Head("reached"), Head("outcome")]
    heads += [Head("opened", spare=1), Head("life", right=True, spare=2)]
    grid = [Row(_cells(report, row, fates[row.vpn])) for row in order[:LISTED]]
    left = len(rows) - len(grid)
    after = [Cell(f"… and {count(left)} more, the worst are shown: l2tpscope vpns has all", "warn")] if left else []
    lines = [Cell("choose one: --vpn N, or --tunnel N for one tunnel of it")]
    return [Block(f"{count(len(rows))} CONNECTIONS", lines, heads, grid, after)]


def _cells(report: Report, row: VpnRow, one: Fate) -> list[Cell]:
    captures = report.measures.captures
    tone = TONE[one.severity]
    tunnels = ", ".join(map(str, row.tunnels[:3])) + (" …" if len(row.tunnels) > 3 else "")
    return [
        Cell(str(row.vpn)),
        Cell(f"{host(row.client)} → {host(row.server)}"),
        Cell(tunnels or "–"),
        Cell(reached(row), tone),
        Cell(row.outcome, tone),
        Cell(when(row.opened, captures)),
        Cell(life(row, known_until(row, (one for one in report.measures.esp_sas if one.vpn == row.vpn), end_of(captures)))),
    ]
