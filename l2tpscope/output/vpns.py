"""The connections of the summary: how many got how far and who stopped answering, then a line each, the worst first.

Clear L2TP alone says nothing here that its tunnel does not say better: such connections are left to the tunnels.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from l2tpscope.analysis.rows import Measures, VpnRow
from l2tpscope.analysis.rtt import Statistic
from l2tpscope.core.endpoints import split
from l2tpscope.output.blocks import Block, Cell, Head, Row
from l2tpscope.output.ipsec import WAYS, Parts, facts, facts_of_many, parts, together, totals, trips
from l2tpscope.output.room import FEW, command, end_of, fitted, known_until, life, named, shared, when
from l2tpscope.output.stages import SEVERITIES, STAGES, TONE, Fate, fate, reached, stage_inferences
from l2tpscope.output.trips import round_trips
from l2tpscope.output.values import UNKNOWN, count, percent, short
from l2tpscope.output.words import host

LEGEND = "(→ to server, ← to client)"
GRADED = "(likely), (hint): concluded from lengths and times of ciphertext"
MOST_FATES = 6
TIGHT = 3
"""With room for so few lines, how far each got comes before what they agreed on."""
CLIENTS = 3
"""So many clients are named where several share a fate."""

Column = tuple[Head, Callable[[VpnRow], Cell]]


def vpns(report_measures: Measures, room: int) -> list[Block]:
    """What is said of the connections in so many lines; nothing where all is clear L2TP, a tunnel each."""
    rows = [row for row in report_measures.vpns if not clear(row)]
    if not rows:
        return []
    return fitted(partial(_block, _Told(report_measures, rows)), room)


def clear(row: VpnRow) -> bool:
    """Whether it is one clear tunnel, and nothing else."""
    return not (row.ike_sas or row.esp_sas) and len(row.tunnels) <= 1


class _Told:
    """What is known of the connections before anyone decides how much of it fits."""

    def __init__(self, measures: Measures, rows: Sequence[VpnRow]) -> None:
        self.measures, self.rows = measures, rows
        self.parts: Mapping[int, Parts] = parts(measures)
        self.fates = _fates(measures, rows)
        self.few = len(rows) <= FEW
        say = facts if self.few else facts_of_many
        of = {row.vpn: say(row, self.parts.get(row.vpn, Parts())) for row in rows}
        self.facts = shared(of, "vpn")
        self.trips: list[Statistic] = trips(measures) if self.few else []


def _fates(measures: Measures, rows: Sequence[VpnRow]) -> dict[int, Fate]:
    ike = {row.ike_sa: row for row in measures.ike_sas}
    concluded = stage_inferences(measures.inferences)
    return {row.vpn: fate(row, ike.get(row.ike_sas[-1]) if row.ike_sas else None, concluded.get(row.vpn)) for row in rows}


def _block(told: _Told, most: int) -> list[Block]:
    shown = _chosen(told, most)
    common, party = _parties(told.rows)
    columns = _columns(told, party)
    grid = [Row([cell(row) for _, cell in columns], _own(told, row, most)) for row in shown]
    title = f"VPNS {count(len(told.rows))}: {_outcomes(told)}   {LEGEND}"
    once = [fact for fact in told.facts.once if most > TIGHT or fact.tone in ("warn", "bad")]
    lines = [*_by_fate(told, most), *common, *once]
    block = Block(title, lines, [head for head, _ in columns], grid, _after(told, shown, most))
    there = round_trips(told.trips, [row.vpn for row in shown], "vpn", told.measures.captures)
    return [block, there] if there else [block]


def _chosen(told: _Told, most: int) -> list[VpnRow]:
    """All of a few; of more as many as fit, the worst first."""
    if len(told.rows) <= max(most, FEW):
        return list(told.rows)
    order = sorted(told.rows, key=lambda row: (SEVERITIES.index(told.fates[row.vpn].severity), STAGES.index(row.stage), row.vpn))
    return order[:most]


def _own(told: _Told, row: VpnRow, most: int) -> list[Cell]:
    """What stands under its line: of a few all that fits, of many the worst alone."""
    own = told.facts.own[row.vpn]
    return list(own[:most]) if told.few else [fact for fact in own if fact.tone in ("warn", "bad")][:1]


def _outcomes(told: _Told) -> str:
    """How many ended how; `stuck` are those that are up in vain."""
    stuck = {number for number, one in told.fates.items() if one.severity == "stuck"}
    counts = Counter[str]("stuck" if row.vpn in stuck else row.outcome for row in told.rows)
    order = ("lost", "unanswered", "refused", "failed", "stuck", "opening", "partial", "up", "closed")
    return ", ".join(f"{count(counts[outcome])} {outcome}" for outcome in order if counts[outcome])


# ---- how far each got ------------------------------------------------------------------------------------------------


def _by_fate(told: _Told, most: int) -> list[Cell]:
    """How many got how far, the worst first: the furthest stage, what did not follow, who owed it."""
    groups: dict[Fate, list[VpnRow]] = defaultdict(list)
    for row in told.rows:
        groups[told.fates[row.vpn]].append(row)
    order = sorted(groups, key=lambda one: (SEVERITIES.index(one.severity), -len(groups[one])))
    told_of = order[: min(MOST_FATES, most + TIGHT)]
    lines = [Cell(f"{count(len(groups[one]))} {one.text}{_which(told, groups[one], one)}", TONE[one.severity]) for one in told_of]
    left = sum(len(groups[one]) for one in order[len(told_of) :])
    return lines + ([Cell(f"… and {count(left)} that ended otherwise: {command('vpns', told.measures.captures)}", "warn")] if left else [])


def _which(told: _Told, rows: Sequence[VpnRow], one: Fate) -> str:
    """Which connections, where the list is short; whose, where something is wrong with them."""
    which = named([row.vpn for row in rows], len(told.rows), "vpn")
    said = ([] if " of " in which else [which]) + ([] if one.severity in ("up", "closed") else [_clients(rows)])
    return f": {', '.join(said)}" if said else ""


def _clients(rows: Sequence[VpnRow]) -> str:
    counts = Counter[str](split(row.client)[0] for row in rows)
    if len(counts) > CLIENTS:
        return f"{count(len(counts))} clients"
    return ", ".join(f"client {client}" + (f" ({number} times)" if number > 1 else "") for client, number in counts.most_common())


# ---- a line each -----------------------------------------------------------------------------------------------------


def _parties(rows: Sequence[VpnRow]) -> tuple[list[Cell], Column]:
    """A server that all share is said once."""
    servers = {host(row.server) for row in rows}
    if len(servers) > 1:
        return [], (Head("client → server", elastic=True), lambda row: Cell(f"{host(row.client)} → {host(row.server)}"))
    whose = "all to server" if len(rows) > 1 else "to server"
    return [Cell(f"{whose} {servers.pop()}")], (Head("client", elastic=True), lambda row: Cell(host(row.client)))


def _columns(told: _Told, party: Column) -> list[Column]:
    captures = told.measures.captures
    end = end_of(captures)
    columns: list[Column] = [
        (Head("#", right=True), lambda row: Cell(str(row.vpn))),
        party,
        (Head("NAT"), lambda row: Cell(row.nat or UNKNOWN)),
        (Head("reached"), lambda row: Cell(reached(row), TONE[told.fates[row.vpn].severity])),
        (Head("outcome"), lambda row: Cell(row.outcome, TONE[told.fates[row.vpn].severity])),
        (Head("opened", spare=2), lambda row: Cell(when(row.opened, captures))),
        (Head("life", right=True, spare=1), lambda row: Cell(life(row, known_until(row, told.parts.get(row.vpn, Parts()).esp, end)))),
        (Head("IKE/ESP/tun/ses", spare=3), lambda row: Cell(_parts(row))),
        (Head("packets →/←", right=True), lambda row: Cell(f"{short(row.packets_to_server)}/{short(row.packets_to_client)}")),
    ]
    if not told.few and any(row.lost for one in told.parts.values() for row in one.loss):
        columns.append((Head("lost % →/←", right=True), lambda row: _lost(told.parts.get(row.vpn, Parts()))))
    return columns


def _parts(row: VpnRow) -> str:
    return "/".join(str(len(which)) for which in (row.ike_sas, row.esp_sas, row.tunnels, row.sessions))


def _lost(of: Parts) -> Cell:
    both = [totals(of.loss, way) for way, _ in WAYS]
    text = "/".join(UNKNOWN if one is None else percent(one[0] / one[1] if one[1] else None) for one in both)
    return Cell(text, "warn" if any(one and one[0] for one in both) else "")


def _after(told: _Told, shown: Sequence[VpnRow], most: int) -> list[Cell]:
    captures = told.measures.captures
    lines = []
    left = len(told.rows) - len(shown)
    if left:
        lines.append(Cell(f"… and {count(left)} more (worst shown first): {command('vpns', captures)}", "warn"))
    elif told.few and any(len(told.facts.own[row.vpn]) > most for row in shown):
        lines.append(Cell(f"… and more of each: {command('vpns', captures)}", "warn"))
    lines += _beside(told) + ([] if told.few else together(told.parts.values()))
    return lines + ([Cell(GRADED, "dim")] if any(row.stage_grade != "certain" for row in shown) else [])


def _beside(told: _Told) -> list[Cell]:
    """Clear L2TP of clients that also tried IPsec with the same server: what was to be secret may be in clear."""
    tried = {(split(row.client)[0], split(row.server)[0]) for row in told.rows if row.ike_sas or row.esp_sas}
    which = [row.vpn for row in told.measures.vpns if clear(row) and (split(row.client)[0], split(row.server)[0]) in tried]
    if not which:
        return []
    text = "speak L2TP in clear, although their client also tried IPsec with the same server"
    return [Cell(f"{named(which, len(told.measures.vpns), 'vpn')}: {text}", "warn")]
