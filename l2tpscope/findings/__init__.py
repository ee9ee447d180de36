"""What is wrong, and why: rules over what was seen and measured, each with grade, evidence, doubts, and what people do about it.

Rules are discovered in `rules/`, and those of a layer in which nothing can be wrong are not even loaded (gates.py).
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from l2tpscope.analysis.rows import FindingRow, Measures
from l2tpscope.findings import rules as _rules
from l2tpscope.findings.case import Case
from l2tpscope.findings.fold import Found, rows
from l2tpscope.findings.gates import layers
from l2tpscope.findings.rule import HEADINGS, Finding, Module, Rule, Severity
from l2tpscope.model.trace import Trace

__all__ = ["HEADINGS", "Case", "Finding", "Module", "Rule", "Severity", "find", "names", "rule"]


def find(trace: Trace, measures: Measures) -> list[FindingRow]:
    """The table of findings, in the order in which to read it."""
    case = Case(trace, measures)
    present = layers(trace, measures)
    wanted = [rule(name) for name in names() if name[3] in present] if present else []
    return rows([Found(module, finding) for module in wanted for finding in module.check(case)], case)


def names() -> list[str]:
    """The files of all rules, in the order of their ids."""
    return sorted(found.name for found in iter_modules(_rules.__path__))


def rule(name: str) -> Module:
    """One rule, by its file."""
    module = import_module(f"{_rules.__name__}.{name}")
    document: str = module.__doc__ or ""
    return Module(module.RULE, module.check, document)
