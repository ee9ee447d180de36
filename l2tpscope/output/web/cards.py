"""cards: the verdict, and each finding with all that is known of it. Every text is escaped here, and nowhere before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from l2tpscope.analysis.rows import CaptureRow, FindingRow
from l2tpscope.output.captures import VERDICTS, one_speaks
from l2tpscope.output.escape import html
from l2tpscope.output.findings import SEVERITIES, evidence
from l2tpscope.output.room import when
from l2tpscope.output.values import count, duration, span
from l2tpscope.output.web.words import Say
from l2tpscope.output.words import TONES
from l2tpscope.report import Report

PLURAL = {"error": "errors", "warning": "warnings", "info": "infos"}
SIGNS = {"error": "✗", "warning": "!", "info": "i"}
"""So that no severity is told by its colour alone."""


def verdict(report: Report, say: Say) -> str:
    """What an engineer reads first: what is wrong, how the connections fared, how far the captures can be trusted."""
    findings, vpns = report.rows("findings"), report.rows("vpns")
    severities = Counter[str](row.severity for row in findings)
    worst = next((each for each in SEVERITIES if severities[each] and each != "info"), None)
    tone = {"error": "bad", "warning": "warn"}.get(worst or "", "good")
    if report.empty:
        said, tone = say("nothing"), "warn"
    elif worst is None:
        said = say("no-finding")
    else:
        said = ", ".join(_counted(severities[each], each, say) for each in SEVERITIES if severities[each])
    parts = [f'<p class="headline {tone}">{html(said)}</p>']
    if report.interrupted:
        parts.append(f'<p class="warn">{html(say("interrupted"))}</p>')
    if report.empty:
        parts.append(f'<p class="quiet">{html(say("nothing-more"))}</p>')
    elif worst is None:
        parts.append(f'<p class="quiet">{html(say("no-finding-more"))}</p>')
    first = next((row for row in findings if row.severity == worst), None)
    if first is not None:
        parts.append(f'<p lang="en"><a href="#finding-{findings.index(first) + 1}">{html(first.summary)}</a></p>')
    outcomes = Counter[str](row.outcome for row in vpns)
    listed = ", ".join(f"{count(number)} {say.value(outcome)}" for outcome, number in outcomes.most_common())
    tiles = [
        (count(len(vpns)), say("one-connection" if len(vpns) == 1 else "connections"), listed),
        _quality(report.measures.captures, say),
    ]
    parts.append(f'<ul class="tiles">{"".join(_tile(*tile) for tile in tiles)}</ul>')
    alone = len(report.measures.captures) == 1 and one_speaks(report.measures)
    parts += [_capture(row, say, alone=alone) for row in report.measures.captures]
    if report.notes:
        lines = "".join(f'<li lang="en">{html(note)}</li>' for note in report.notes)
        parts.append(f"<h3>{html(say('notes'))}</h3><ul>{lines}</ul>")
    return "".join(parts)


def _counted(number: int, severity: str, say: Say) -> str:
    return say(f"one-{severity}") if number == 1 else say(PLURAL[severity], n=count(number))


def _tile(number: str, name: str, more: str) -> str:
    return f"<li><b>{html(number)}</b> <span>{html(name)}</span><small>{html(more)}</small></li>"


def _quality(rows: Sequence[CaptureRow], say: Say) -> tuple[str, str, str]:
    """The worst verdict of all captures."""
    verdicts = [row.verdict for row in rows]
    worst = next((each for each in VERDICTS if each in verdicts), None)
    return (say.value(worst) if worst else say("unknown"), say("quality"), "")


def _capture(row: CaptureRow, say: Say, *, alone: bool) -> str:
    sides = say("one-sided") if row.one_sided else say("unknown") if alone or row.verdict == "empty" else say("two-sided")
    drops = say("unknown") if row.reported_drops is None else count(row.reported_drops)
    times = span(row.time_start, row.time_end).replace(" to ", f" {say('to')} ")
    facts = [
        (say("quality"), say.value(row.verdict)),
        (say("span"), f"{times} ({duration(row.duration_s)})"),
        (say("frames"), count(row.frames)),
        (say("directions"), sides),
        (say("drops"), drops),
    ]
    tone = TONES.get(row.verdict, "")
    reasons = "".join(f'<li class="{tone}">{html(reason)}</li>' for reason in row.reasons)
    listed = "".join(f"<div><dt>{html(name)}</dt><dd>{html(value)}</dd></div>" for name, value in facts)
    why = f'<ul lang="en">{reasons}</ul>' if reasons else ""
    return f'<section class="capture"><h3>{html(row.path)}</h3><dl class="facts">{listed}</dl>{why}</section>'


def findings(report: Report, say: Say) -> str:
    """A card each, in the order in which to read them, and a field that filters them."""
    rows: list[FindingRow] = report.rows("findings")
    if not rows:
        return f"<p>{html(say('nothing' if report.empty else 'no-finding'))}</p>"
    choices = "".join(f'<option value="{each}">{html(say.value(each))}</option>' for each in SEVERITIES)
    fields = (
        f'<div class="tools"><label>{html(say("filter-findings"))} <input type="search" id="find"></label> '
        f'<label>{html(say("severity"))} <select id="severity"><option value="">{html(say("all"))}</option>{choices}</select></label> '
        f'<output id="found"></output></div>'
    )
    english = f'<p class="quiet">{html(say("english"))}</p>' if say("english") else ""
    cards = "".join(_card(number, row, report.measures.captures, say) for number, row in enumerate(rows, 1))
    return f"{fields if len(rows) > 1 else ''}{english}{cards}"


def _card(number: int, row: FindingRow, captures: Sequence[CaptureRow], say: Say) -> str:
    times = f" · {count(row.count)} {say('times')}" if row.count > 1 else ""
    name = f"{row.finding} {say.rule(row.finding, row.name)}"
    facts = "".join(f"<div><dt>{html(label)}</dt><dd{lang}>{inner}</dd></div>" for label, lang, inner in _facts(row, captures, say))
    return (
        f'<article class="card {row.severity}" id="finding-{number}" data-severity="{row.severity}"><h3>'
        f'<span class="badge {row.severity}"><span aria-hidden="true">{SIGNS[row.severity]}</span> {html(say.value(row.severity))}</span> '
        f'{html(name)} <span class="quiet">{html(row.subject)} · {html(say.value(row.grade))}{html(times)}</span></h3>'
        f'<p class="said" lang="en">{html(row.summary)}</p><dl>{facts}</dl></article>'
    )


def _facts(row: FindingRow, captures: Sequence[CaptureRow], say: Say) -> Iterator[tuple[str, str, str]]:
    """Label, language, and the HTML beside it."""
    english = ' lang="en"'
    if row.consequence_of:
        yield say("follows"), "", html(row.consequence_of)
    frames = evidence(row, captures)
    if frames:
        yield say("evidence"), "", html(f"{say('frame')} {frames}")
    first, last = when(row.first, captures), when(row.last, captures)
    yield say("when"), "", html(f"{first} UTC" if first == last else f"{first} {say('to')} {last} UTC")
    if row.against:
        yield say("against"), english, _list(row.against)
    if row.alternatives:
        yield say("alternatives"), english, _list(row.alternatives)
    if row.advice:
        yield say("advice"), english, html(row.advice)
    if row.wireshark_filter:
        yield (
            say("filter"),
            "",
            f'<code>{html(row.wireshark_filter)}</code> <button type="button" class="copy">{html(say("copy"))}</button>',
        )


def _list(items: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{html(item)}</li>' for item in items)}</ul>" if len(items) > 1 else html(items[0])
