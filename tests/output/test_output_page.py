"""A page is 100 columns wide, with colour or without, in ASCII or not."""

from __future__ import annotations

import io
import re

import pytest
from example_report import HOSTILE
from hypothesis import given
from hypothesis import strategies as st

from l2tpscope.output.blocks import Block, Cell, Head, Row
from l2tpscope.output.page import Page, ascii_needed, cells, colour_wanted, fold

HEADS = (Head("#", right=True), Head("name", elastic=True), Head("text", elastic=True))


def block(name: str, text: str) -> Block:
    """A block in which hostile text stands in every place."""
    return Block(name, [Cell(text)], HEADS, [Row([Cell("1"), Cell(name), Cell(text, "bad")], [Cell(text)])], [Cell(name)])


@given(st.text(max_size=200), st.text(max_size=200), st.booleans(), st.booleans())
def test_no_line_is_wider_than_the_page(name: str, text: str, colour: bool, only_ascii: bool) -> None:
    """Whatever the text, no line passes 100 columns, and only our own escape sequences are in it."""
    rendered = Page(colour=colour, ascii=only_ascii).render([block(name, text)])
    bare = re.sub(r"\x1b\[[0-9]+m", "", rendered)
    assert "\x1b" not in bare
    assert max(cells(line) for line in bare.split("\n")) <= 100
    assert bare.isascii() or not only_ascii


def test_colour_changes_nothing_but_colour() -> None:
    """Without its colour the coloured page is the plain page."""
    blocks = [block("lac", HOSTILE)]
    coloured = Page(colour=True).render(blocks)
    assert "\x1b[31m" in coloured
    assert re.sub(r"\x1b\[[0-9]+m", "", coloured) == Page().render(blocks)


def test_ascii_has_a_sign_for_each_of_ours() -> None:
    """In ASCII our signs have substitutes of the same width, and foreign letters are spelt out."""
    assert Page(ascii=True).show("→ ← – … 東") == r"> < - ~ \u6771"


def test_columns_are_aligned() -> None:
    """Numbers stand to the right of their column, words to the left, under their heads."""
    rows = [Row([Cell("7"), Cell("a"), Cell("b")]), Row([Cell("12"), Cell("long name"), Cell("c")])]
    assert Page().render([Block(heads=HEADS, rows=rows)]) == "   #  name       text\n   7  a          b\n  12  long name  c\n"


def test_elastic_columns_give_way() -> None:
    """Where the page is too narrow, the widest elastic column is folded between words."""
    rows = [Row([Cell("1"), Cell("short"), Cell("word " * 30)])]
    lines = Page().render([Block(heads=HEADS, rows=rows)]).splitlines()
    assert len(lines) == 3
    assert all(len(line) <= 100 for line in lines)


def test_columns_that_are_not_elastic_give_way_last() -> None:
    """Where no elastic column is left to narrow, the others are, and the page keeps its width."""
    rows = [Row([Cell("x" * 60), Cell("y" * 60)])]
    lines = Page().render([Block(heads=[Head("a"), Head("b")], rows=rows)]).splitlines()
    assert max(map(len, lines)) == 100
    assert "".join(lines).count("x") == 60


def test_spare_columns_go_first() -> None:
    """Where a grid is too wide its spare columns are left out, the highest first, and no more of them than must be."""
    heads = [Head("a", spare=1), Head("b"), Head("c", spare=2), Head("d", elastic=True)]
    rows = [Row([Cell("a" * 20), Cell("b" * 20), Cell("c" * 20), Cell("d" * 40)])]
    assert Page(width=110).render([Block(heads=heads, rows=rows)]).split() == ["a", "b", "c", "d", "a" * 20, "b" * 20, "c" * 20, "d" * 40]
    assert Page(width=100).render([Block(heads=heads, rows=rows)]).split() == ["a", "b", "d", "a" * 20, "b" * 20, "d" * 40]
    assert Page(width=70).render([Block(heads=heads, rows=rows)]).split() == ["b", "d", "b" * 20, "d" * 40]


@given(st.text(alphabet="ab 東é", max_size=80), st.integers(2, 20))
def test_folding_loses_nothing(text: str, width: int) -> None:
    """Folded lines fit, and together hold every character but spaces."""
    lines = fold(text, width)
    assert all(cells(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """It is."""
        return True


@pytest.mark.parametrize(
    ("option", "environ", "terminal", "wanted"),
    [
        ("auto", {}, True, True),
        ("auto", {}, False, False),
        ("auto", {"NO_COLOR": "1"}, True, False),
        ("auto", {"NO_COLOR": ""}, True, True),
        ("auto", {"FORCE_COLOR": "1"}, False, True),
        ("auto", {"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        ("auto", {"TERM": "dumb"}, True, False),
        ("always", {"NO_COLOR": "1"}, False, True),
        ("never", {"FORCE_COLOR": "1"}, True, False),
    ],
)
def test_who_decides_about_colour(option: str, environ: dict[str, str], terminal: bool, wanted: bool) -> None:
    """The option decides, then NO_COLOR, FORCE_COLOR, TERM=dumb, then whether it is a terminal."""
    assert colour_wanted(option, Terminal() if terminal else io.StringIO(), environ) is wanted


@pytest.mark.parametrize(
    ("encoding", "needed"), [("utf-8", False), ("UTF8", False), ("ascii", True), ("latin-1", True), ("shift_jis", True)]
)
def test_only_utf8_gets_our_signs(encoding: str, needed: bool) -> None:
    """A stream in any other encoding than UTF-8 gets ASCII."""
    assert ascii_needed(io.TextIOWrapper(io.BytesIO(), encoding=encoding)) is needed


def test_a_stream_without_encoding_gets_ascii() -> None:
    """What has no encoding, or one that nobody knows, gets ASCII."""

    class Unknown(io.StringIO):
        encoding = "klingon"  # type: ignore[assignment]

    assert ascii_needed(Unknown())
    assert ascii_needed(io.StringIO())


@pytest.mark.parametrize(("text", "width"), [("lac", 3), ("東京", 4), ("e\u0301", 1), ("→", 1), ("", 0)])
def test_columns_of_a_terminal(text: str, width: int) -> None:
    """Wide letters take two columns, combining marks none, our own signs one."""
    assert cells(text) == width
