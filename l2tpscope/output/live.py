"""What a capture shows while it is made: a page that fits the window, or a line for each thing as it happens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from l2tpscope.analysis.rows import EventRow, FindingRow, Measures, TunnelRow, VpnRow
from l2tpscope.output.blocks import Block, Cell, Head, Row
from l2tpscope.output.findings import TONES as SEVERITY_TONES
from l2tpscope.output.findings import counts, head
from l2tpscope.output.page import Page
from l2tpscope.output.values import UNKNOWN, clock, count, duration, milliseconds, percent, short
from l2tpscope.output.words import TONES, host
from l2tpscope.report import Report

FINDINGS = 5
"""The newest that are shown."""
NOTES = 3
LEAST = 3
"""Connections that are shown however small the window."""
REMEMBERED = 1_200_000_000_000
"""Nanoseconds after which what was told is forgotten, unless it is still in the report."""
WAYS = ("to_responder", "to_initiator")
HEADS = (
    Head("#", right=True, spare=4),
    Head("client → server", elastic=True),
    Head("kind", spare=2),
    Head("state"),
    Head("how far", elastic=True, spare=1),
    Head("since", spare=5),
    Head("life", right=True, spare=6),
    Head("→ packets", right=True),
    Head("← packets", right=True),
    Head("rtt ms", right=True),
    Head("loss % →/←", right=True),
)


@dataclass(slots=True)
class Rates:
    """What came between two views."""

    frames: int = 0
    octets: int = 0
    seconds: float = 0.0
    """0: this is the first view."""


def view(report: Report, rates: Rates, page: Page, lines: int) -> str:
    """The page, of at most so many lines."""
    measures = report.measures
    top = [_head(measures, rates)]
    tail = [*_findings(report), *_notes(report), Block(lines=[Cell("Ctrl-C ends it and prints the summary", "dim")])]
    most = len(measures.vpns)
    room = lines - _height(top + tail, page) - 1
    while _height(connections := [_connections(measures, most)], page) > room and most > LEAST:
        most = max(LEAST, min(most - 1, room - 3))
    return "\n".join(page.render([*top, *connections, *tail]).splitlines()[: max(lines, 1)]) + "\n"


def _height(blocks: Sequence[Block], page: Page) -> int:
    return page.render(blocks).count("\n") + 1


def _head(measures: Measures, rates: Rates) -> Block:
    row = measures.captures[0]
    pace = ""
    if rates.seconds:
        pace = f", now {short(round(rates.frames / rates.seconds))}/s, {rates.octets * 8 / rates.seconds / 1e6:.3g} Mbit/s"
    drops = "the capturer reports drops at its end, if at all" if row.reported_drops is None else f"{count(row.reported_drops)} dropped"
    own = row.l2tp2_control_frames + row.l2tp2_data_frames + row.l2tp3_control_frames + row.l2tp3_data_frames
    return Block(
        f"LIVE {row.path}   {clock(row.time_end)} UTC   {duration(row.duration_s)}",
        [
            Cell(f"{short(row.frames)} frames{pace}; {drops}", "bad" if row.reported_drops else ""),
            Cell(
                f"L2TP {short(own)}, IKE {short(row.ike_frames)}, ESP {short(row.esp_frames)}; quality {row.verdict}",
                TONES.get(row.verdict, ""),
            ),
        ],
    )


# ---- connections -------------------------------------------------------------------------------------------------------


def _connections(measures: Measures, most: int) -> Block:
    """A line a connection, those that were opened last first; of those left out, how many in which state."""
    rows = sorted(measures.vpns, key=lambda row: (-row.opened, row.vpn))
    if not rows:
        return Block("CONNECTIONS 0", [Cell("no L2TP or IPsec so far")])
    states = Counter(row.outcome for row in rows)
    said = ", ".join(f"{count(states[each])} {each}" for each in sorted(states, key=lambda each: -states[each]))
    tunnels = {row.tunnel: row for row in measures.tunnels}
    losses = _losses(measures)
    left = len(rows) - most
    after = [Cell(f"… and {count(left)} more, opened before", "dim")] if left > 0 else []
    grid = [_connection(row, [tunnels[each] for each in row.tunnels if each in tunnels], measures, losses) for row in rows[:most]]
    return Block(f"CONNECTIONS {count(len(rows))}: {said}", heads=HEADS, rows=grid, after=after)


def _connection(row: VpnRow, tunnels: Sequence[TunnelRow], measures: Measures, losses: dict[int, str]) -> Row:
    end = row.closed if row.closed is not None else measures.captures[0].time_end
    life = (end - row.opened) / 1e9 if end is not None else None
    texts = (
        str(row.vpn),
        f"{host(row.client)} → {host(row.server)}",
        row.kind,
        row.outcome,
        row.stage if row.stage_grade == "certain" else f"{row.stage} ({row.stage_grade})",
        clock(row.opened),
        duration(life),
        short(row.packets_to_server),
        short(row.packets_to_client),
        _rtt(row, tunnels, measures),
        losses.get(row.vpn, UNKNOWN),
    )
    tone = TONES.get(row.outcome, "")
    return Row([Cell(text, tone if at == 3 else "") for at, text in enumerate(texts)])


def _rtt(row: VpnRow, tunnels: Sequence[TunnelRow], measures: Measures) -> str:
    """The shortest to either side, of the tunnels' control messages, else of IKE: `client/server`."""
    for rows in (tunnels, [sa for sa in measures.ike_sas if sa.ike_sa in row.ike_sas]):
        sides = [
            min((value for one in rows if (value := getattr(one, name)) is not None), default=None)
            for name in ("rtt_initiator_side_min_s", "rtt_responder_side_min_s")
        ]
        if sides != [None, None]:
            return "/".join(map(milliseconds, sides))
    return UNKNOWN


def _losses(measures: Measures) -> dict[int, str]:
    """By connection, what was lost of its data, or else of its ESP, in either direction; not there where nothing can be measured."""
    vpn_of_session = {session: row.vpn for row in measures.vpns for session in row.sessions}
    vpn_of_esp = {each: row.vpn for row in measures.vpns for each in row.esp_sas}
    found: dict[int, dict[tuple[bool, str], list[int]]] = {}
    for row in measures.loss:
        vpn = vpn_of_session.get(row.session or 0) if row.space == "l2tp-data" else vpn_of_esp.get(row.esp_sa or 0)
        if vpn is not None and row.measurable and row.space in ("l2tp-data", "esp") and row.expected:
            sums = found.setdefault(vpn, {}).setdefault((row.space == "esp", row.direction), [0, 0])
            sums[0] += row.lost or 0
            sums[1] += row.expected
    return {vpn: _both_ways(sums) for vpn, sums in found.items()}


def _both_ways(sums: dict[tuple[bool, str], list[int]]) -> str:
    esp = not any(not of_esp for of_esp, _ in sums)
    ratios = [sums.get((esp, way)) for way in WAYS]
    return "/".join(UNKNOWN if one is None else percent(one[0] / one[1]) for one in ratios)


# ---- the rest ----------------------------------------------------------------------------------------------------------


def _findings(report: Report) -> list[Block]:
    """The newest, a line each."""
    rows: list[FindingRow] = report.rows("findings")
    if not rows:
        return []
    newest = sorted(rows, key=lambda row: (row.severity == "info", -row.last))[:FINDINGS]
    lines = [Cell(f"{clock(row.last)} {head(row)}: {row.summary}", SEVERITY_TONES[row.severity]) for row in newest]
    return [Block(f"FINDINGS {counts(rows)}, the newest:", lines)]


def _notes(report: Report) -> list[Block]:
    return [Block("NOTES", [Cell(note) for note in report.notes[:NOTES]])] if report.notes else []


class Told:
    """What was told already: each event and each finding is told once."""

    def __init__(self) -> None:
        self._told: dict[Hashable, tuple[int, int]] = {}
        """To how often, and the time of the latest."""

    def news(self, report: Report) -> Iterator[EventRow | FindingRow]:
        """Events in the order of time, then findings, that were not told before.

        Numbers of tunnels may change when old ones are let go: an event is known by where it stands and what it is.
        """
        seen: Counter[Hashable] = Counter()
        for row in [*report.rows("events"), *report.rows("findings")]:
            key, time = _key(row)
            seen[key] += 1
            if seen[key] > self._told.get(key, (0, 0))[0]:
                self._told[key] = seen[key], time
                yield row
        latest = report.measures.captures[0].time_end or 0
        self._told = {key: told for key, told in self._told.items() if key in seen or told[1] > latest - REMEMBERED}


def _key(row: Any) -> tuple[Hashable, int]:
    if isinstance(row, EventRow):
        return (row.time, row.frame, row.event), row.time
    return (row.finding, row.first, *row.evidence[:1]), row.last


def line(row: EventRow | FindingRow, page: Page) -> str:
    """One thing that happened, on a line."""
    if isinstance(row, EventRow):
        return f"{clock(row.time, decimals=3)} {page.show(row.subject)}: {page.show(row.event)}" + (
            f", {page.show(row.detail)}" if row.detail else ""
        )
    return page.paint(f"{clock(row.last, decimals=3)} {page.show(head(row))}: {page.show(row.summary)}", SEVERITY_TONES[row.severity])
