"""What is wrong, and why: rules over what was seen and measured, each with grade, evidence, doubts, and what people do about it.

Rules are discovered in `rules/`, and those of a layer of which nothing was seen are not even loaded: a small healthy capture does
not wait for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module
from pkgutil import iter_modules

from l2tpscope.analysis.rows import FindingRow, Measures
from l2tpscope.findings import rules as _rules
from l2tpscope.findings.case import Case
from l2tpscope.findings.fold import Found, rows
from l2tpscope.findings.rule import HEADINGS, Finding, Module, Rule, Severity, told
from l2tpscope.model.trace import Trace

__all__ = ["HEADINGS", "Case", "Finding", "Module", "Rule", "Severity", "find", "names", "rule"]


def find(trace: Trace, measures: Measures) -> list[FindingRow]:
    """The table of findings, in the order in which to read it."""
    case = Case(trace, measures)
    wanted = [rule(name) for name in names() if name[3] in _layers(trace, measures)]
    return rows([Found(module, finding) for module in wanted for finding in module.check(case)], case)


def names() -> list[str]:
    """The files of all rules, in the order of their ids."""
    return sorted(found.name for found in iter_modules(_rules.__path__))


def rule(name: str) -> Module:
    """One rule, by its file."""
    module = import_module(f"{_rules.__name__}.{name}")
    document: str = module.__doc__ or ""
    return Module(module.RULE, module.check, document, told(document))


def _layers(trace: Trace, measures: Measures) -> str:
    """The digits of the rules that have something to look at."""
    return "".join(_present(trace, measures))


def _present(trace: Trace, measures: Measures) -> Iterator[str]:
    yield "9"
    yield from _where(bool(measures.tunnels or trace.flood.count), "126")
    yield from _where(bool(measures.sessions), "3")
    yield from _where(bool(measures.ike_sas or trace.ike_flood.count), "46")
    yield from _where(bool(measures.esp_sas or measures.ike_sas or trace.refusals), "5")


def _where(there: bool, layers: str) -> Iterable[str]:
    return layers if there else ""
