"""A row to look at shows what is known of it, and nothing that a peer made of it."""

from __future__ import annotations

import copy
import pickle

import pytest
from example_report import report, tunnel

from l2tpscope.report import Item, Report


def test_an_item_shows_what_is_known_and_leaves_out_what_is_not() -> None:
    """The text of a tunnel has its state and its set-up with a unit; a column that is null is not there."""
    lines = str(report().tunnel(1)).splitlines()
    assert lines[0] == "tunnel 1"
    assert dict(line.split(maxsplit=1) for line in lines[1:])["setup_s"] == "0.09 s"
    assert not any("error_code" in line for line in lines)


def test_a_hostile_name_has_no_effect() -> None:
    """In text controls are escaped and lines stay lines; in HTML tags are text."""
    item = report().tunnel(2)
    assert all(line.isprintable() and len(line) <= 100 for line in str(item).splitlines())
    html = item._repr_html_() or ""
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_columns_are_attributes() -> None:
    """A column is an attribute; what is no column is an AttributeError, so that copying and pickling work."""
    item = report().tunnel(1)
    assert (item.tunnel, item.state) == (1, "closed")
    with pytest.raises(AttributeError):
        _ = item.nothing
    assert copy.copy(item).state == "closed"
    assert pickle.loads(pickle.dumps(item)).row == tunnel()  # noqa: S301


def test_items_are_found_by_number() -> None:
    """A number that is not there is a KeyError that says how many there are; `items` gives all rows of a table."""
    made = report()
    assert (made.vpn(1).table, made.session(1).table) == ("vpns", "sessions")
    with pytest.raises(KeyError, match="no tunnel 7: there are 2"):
        made.tunnel(7)
    assert [item.finding for item in made.items("findings")] == ["L2S105"]


def test_without_a_renderer_there_is_a_line() -> None:
    """A report made without a renderer still has items that print."""
    bare: Report = report(renderer=None)
    assert repr(Item(bare, "tunnels", tunnel())) == "<l2tpscope row of tunnels>"
    assert bare.tunnel(1)._repr_html_() is None
