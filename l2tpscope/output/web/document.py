"""document: the whole page, in pieces: one file that fetches nothing, and runs no script but its own."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
from typing import Any

from l2tpscope.analysis.rows import ROWS
from l2tpscope.output import json as _json
from l2tpscope.output.escape import html
from l2tpscope.output.ladder.svg import DARK, LIGHT, STYLE
from l2tpscope.output.values import UNKNOWN, count
from l2tpscope.output.web import cards, charts, flows, grids, lanes
from l2tpscope.output.web.words import Lang, Say
from l2tpscope.report import Report

KEPT = 2000
"""Rows of one table in the data of the page: it is to be mailed, and opened at once."""
SECTIONS = ("verdict", "findings", "timeline", "rtt", "loss", "throughput", "ladders", "tables", "methods", "about")
CONTROLS = (("zoom-in", "+"), ("zoom-out", "−"), ("earlier", "←"), ("later", "→"), ("whole", "0"))  # noqa: RUF001  a minus sign
SAID = (
    *(
        "copied",
        "beyond",
        "hello",
        "again",
        "rekeying",
        "finding",
        "broken",
        "no-vpn",
        "lanes-left",
        "IKE SA",
        "ESP SA",
        "tunnel",
        "session",
    ),
    *("side-initiator", "side-responder", "clean", "not-clean", "no-rtt", "no-loss", "no-throughput", "timeline", "rtt", "loss"),
    *("throughput", "all-sessions", "all-esp", "to_responder", "to_initiator", "suspect", "loss-left", "rows", "of"),
    *("no-ladder", "lost-course", "late-course", "bit-a-second"),
)
"""What the script says: it fills the braces in itself."""
SOUGHT = 8
"""Connections from which on one is looked for by its name."""
LADDER_THEMES = f':root[data-theme="light"] .l2tp-ladder{{{LIGHT}}}:root[data-theme="dark"] .l2tp-ladder{{{DARK}}}'
"""The page's own choice goes before the system's; on paper it is light."""
LADDER_PRINT = f"@media print{{:root[data-theme] .l2tp-ladder{{{LIGHT}}}}}"


def document(report: Report, lang: Lang = "en", digests: Mapping[str, str | None] | None = None) -> Iterator[str]:
    """The page of a report. *digests*: of its capture files, by their paths."""
    say = Say(lang)
    style = _asset("page.css") + STYLE + LADDER_THEMES + LADDER_PRINT
    script = _asset("page.js") + _asset("pictures.js")
    yield _head(report, say, style, script)
    for name in SECTIONS:
        yield f'<section id="{name}" aria-labelledby="h-{name}"><h2 id="h-{name}">{html(say(name))}</h2>'
        yield from _section(name, report, say, digests or {})
        yield "</section>\n"
    yield "</main>\n"
    yield from _data("l2tpscope-data", _document(report))
    yield from _data("l2tpscope-view", [json.dumps(_view(report, say), allow_nan=False, separators=(",", ":"))])
    yield f"<script>{script}</script></body></html>\n"


def _asset(name: str) -> str:
    return files("l2tpscope.output.web").joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def _head(report: Report, say: Say, style: str, script: str) -> str:
    policy = f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; img-src data:; base-uri 'none'; form-action 'none'"
    names = ", ".join(row.path.rpartition("/")[2] for row in report.measures.captures)
    links = "".join(f'<li><a href="#{name}">{html(say(name))}</a></li>' for name in SECTIONS)
    themes = "".join(f'<option value="{each}">{html(say(f"theme-{each}"))}</option>' for each in ("auto", "light", "dark"))
    return (
        f'<!DOCTYPE html>\n<html lang="{say.lang}"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">\n'
        f'<meta name="generator" content="l2tpscope {html(report.version)}"><link rel="icon" href="data:,">\n'
        f"<title>{html(names)} – {html(say('title'))}</title>\n<style>{style}</style></head>\n"
        f'<body><a class="skip" href="#verdict">{html(say("skip"))}</a>\n<header><h1>{html(say("title"))}</h1><p>{html(names)}</p>'
        f'<label class="theme">{html(say("theme"))} <select id="theme">{themes}</select></label>'
        f"<noscript><p>{html(say('noscript'))}</p></noscript></header>\n"
        f'<nav aria-label="{html(say("contents"))}"><ul>{links}</ul></nav>\n<main>\n'
    )


def _section(name: str, report: Report, say: Say, digests: Mapping[str, str | None]) -> Iterator[str]:
    """What stands under a heading."""
    match name:
        case "verdict":
            yield cards.verdict(report, say)
        case "findings":
            yield cards.findings(report, say)
        case "timeline" | "rtt" | "loss" | "throughput":
            yield from _picture(name, report, say)
        case "ladders":
            yield from flows.flows(report, say)
        case "tables":
            yield from grids.tables(report, say)
        case "methods":
            yield "".join(f"<p>{html(text)}</p>" for text in say.limits())
        case _:
            yield _about(report, say, digests)


def _picture(name: str, report: Report, say: Say) -> Iterator[str]:
    """Where the script draws, what it draws, and the same in numbers."""
    yield f'<p class="quiet">{html(say(f"{name}-about"))}</p>'
    if name == "timeline" and any(report.rows(table) for table in ("vpns", "tunnels", "ike_sas", "esp_sas")):
        buttons = "".join(
            f'<button type="button" data-zoom="{key}" aria-label="{html(say(word))}">{html(key)}</button>' for word, key in CONTROLS
        )
        yield f'<div class="tools" role="group" aria-label="{html(say("timeline"))}">{buttons}<span class="quiet" id="range"></span></div>'
        yield f'<p class="quiet help">{html(say("zoom-help"))}</p>'
        if len(report.rows("vpns")) > SOUGHT:
            yield f'<p class="tools"><label>{html(say("filter-lanes"))} <input type="search" id="lanes"></label></p>'
    if name == "rtt" and len(report.rows("rtt")) > charts.POINTS:
        yield f'<p class="warn">{html(say("rtt-thinned", n=count(len(report.rows("rtt")))))}</p>'
    if name == "throughput" and report.rows("throughput"):
        yield f'<p class="tools"><label>{html(say("series"))} <select id="series"></select></label></p>'
    if name == "loss":
        label = html(say("loss-over-time"))
        yield f'<div class="picture zooms" id="draw-course" role="group" aria-label="{label}" tabindex="0" hidden></div>'
    zooms = "" if name == "loss" else " zooms"
    yield f'<div class="picture{zooms}" id="draw-{name}" role="group" aria-label="{html(say(name))}" tabindex="0"></div>'
    if name == "rtt":
        yield grids.statistics(report, say)
    if name == "loss":
        yield _unmeasured(report, say)


def _unmeasured(report: Report, say: Say) -> str:
    rows = charts.losses(report)["unmeasured"]
    lines = "".join(f'<li>{html(space)} ({count(number)}): <span lang="en">{html(why)}</span></li>' for space, why, number in rows)
    return f"<h3>{html(say('not-measurable'))}</h3><ul>{lines}</ul>" if rows else ""


def _about(report: Report, say: Say, digests: Mapping[str, str | None]) -> str:
    options = ", ".join(f"{name}: {_option(value)}" for name, value in report.options.items())
    facts = [(say("tool"), f"{report.tool['name']} {report.version}"), (say("schema"), report.schema), (say("options"), options or UNKNOWN)]
    listed = "".join(f"<div><dt>{html(name)}</dt><dd>{html(value)}</dd></div>" for name, value in facts)
    hashes = "".join(
        f"<div><dt>{html(row.path)}</dt><dd>{html(say('hash'))} <code>{html(digests.get(row.path) or say('hash-none'))}</code></dd></div>"
        for row in report.measures.captures
    )
    cut = [f"{name} ({count(len(report.rows(name)))})" for name in ROWS if len(report.rows(name)) > KEPT]
    left = f" {say('data-cut', n=count(KEPT), tables=', '.join(cut))}" if cut else ""
    return f"<dl>{listed}{hashes}</dl><p>{html(say('data') + left)}</p>"


def _option(value: object) -> str:
    return json.dumps(value)


def _view(report: Report, say: Say) -> dict[str, Any]:
    """What the script draws. Every text in it is harmless already, and is set as text."""
    return {
        "begin": lanes.origin(report) / 1_000_000,
        "length": lanes.extent(report),
        "timeline": lanes.timeline(report),
        "findings": lanes.findings(report),
        "rtt": charts.rtt(report),
        "loss": charts.losses(report),
        "throughput": charts.throughput(report),
        "words": {name: say(name, n="{n}") for name in SAID},
    }


def _document(report: Report) -> Iterator[str]:
    """The document of docs/format.md, its long tables cut; how long they are is in `rows`."""
    sizes = {name: len(report.rows(name)) for name in ROWS}
    yield "{" + "".join(f"{json.dumps(name)}:{json.dumps(value)}," for name, value in _json.head(report).items())
    yield f'"rows":{json.dumps(sizes)}'
    for name in ROWS:
        yield f",{json.dumps(name)}:[\n"
        for at, record in enumerate(_json.records(report, name, KEPT)):
            yield (",\n" if at else "") + json.dumps(record, allow_nan=False, separators=(",", ":"))
        yield "]"
    yield "}"


def _data(name: str, pieces: Iterable[str]) -> Iterator[str]:
    """JSON as an element: ASCII, in which no `<` can end it."""
    yield f'<script type="application/json" id="{name}">'
    for piece in pieces:
        yield piece.replace("<", "\\u003c")
    yield "</script>\n"
