"""flows: a ladder of each attempt, the worst first. The pictures escape their own texts."""

from __future__ import annotations

from collections.abc import Iterator

from l2tpscope.output.escape import html
from l2tpscope.output.ladder import ladders, svg
from l2tpscope.output.ladder.svg import STYLE
from l2tpscope.output.values import count
from l2tpscope.output.web.order import worst_first
from l2tpscope.output.web.words import Say
from l2tpscope.output.words import host
from l2tpscope.report import Report

MOST = 40
"""Connections that are drawn."""
RUNGS = 100
"""Of one ladder."""
TOGETHER = 1500
"""Of all: with many connections each is drawn with less, but with this many at least."""
LEAST = 40
OPEN = 1
"""The worst ones are open from the start, and on paper; what is closed is not printed."""
OWN_STYLE = f"<style>{STYLE}</style>"
"""Every picture has it for itself; on a page once is enough, and only what the page's policy names may be there."""


def flows(report: Report, say: Say) -> Iterator[str]:
    """The ladders, and how many connections have none here."""
    order = worst_first(report)
    rungs = max(LEAST, min(RUNGS, TOGETHER // max(1, min(len(order), MOST))))
    for place, row in enumerate(order[:MOST]):
        (ladder,) = ladders(report, vpn=row.vpn, most=rungs)
        title = f"{say('ladder-of', n=row.vpn)}: {host(row.client)} → {host(row.server)}, {say.value(row.outcome)}"
        picture = svg([ladder]).replace(OWN_STYLE, "", 1)
        yield (
            f'<details class="fold flow" id="flow-{row.vpn}"{" open" * (place < OPEN)}><summary><h3>{html(title)}</h3></summary>'
            f'<div class="wide" tabindex="0" role="group" aria-label="{html(title)}">{picture}</div></details>'
        )
    if not order:
        yield f"<p>{html(say('no-ladder'))}</p>"
    if len(order) > MOST:
        yield f'<p class="warn">{html(say("ladders-left", n=count(len(order) - MOST)))}</p>'
