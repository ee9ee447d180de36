"""Every rule: its form, and that it says what it must."""

from __future__ import annotations

import re

import pytest

from l2tpscope import findings
from l2tpscope.findings import HEADINGS, rule

NAMES = findings.names()
EVERY_RULE = pytest.mark.parametrize("name", NAMES)


def test_ids_are_unique() -> None:
    """No two rules share an id or a name."""
    rules = [rule(name).rule for name in NAMES]
    assert len({one.id for one in rules}) == len({one.name for one in rules}) == len(rules) > 5


@EVERY_RULE
def test_a_file_is_named_by_its_id(name: str) -> None:
    """The file and the docstring begin with the id of the rule, of a layer that there is."""
    one = rule(name)
    assert re.fullmatch(r"L2S[1234569]\d\d", one.rule.id)
    assert name.startswith(one.rule.id.lower() + "_")
    assert one.document.startswith(one.rule.id + " ")


@EVERY_RULE
def test_a_rule_has_all_its_headings(name: str) -> None:
    """Each rule says what is seen, why it matters, what else could cause it, what to do, and its source."""
    one = rule(name)
    assert list(one.texts) == list(HEADINGS)
    assert all(len(text) > 3 for text in one.texts.values())
    assert one.alternatives
