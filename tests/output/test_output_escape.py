"""Nothing that comes off the wire acts on a terminal, a page or a spreadsheet."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2tpscope.output import escape

ANY_TEXT = st.text(alphabet=st.characters(codec=None))  # lone surrogates too


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("lac-7.example", "lac-7.example"),
        ("東京 LNS é", "東京 LNS é"),
        ("a\x1b[31mb", r"a\x1b[31mb"),
        ("a\r\nb\tc\x00", r"a\r\nb\tc\x00"),
        ("\x9b2J", r"\x9b2J"),
        ("abc\u202egpj.exe", r"abc\u202egpj.exe"),
        ("a\u200bb\u2066c\ufeff", r"a\u200bb\u2066c\ufeff"),
        ("line\u2028para\u2029", r"line\u2028para\u2029"),
        ("octet \udc80", r"octet \udc80"),
        ("tag \U000e0041", r"tag \U000e0041"),
        ("CORP\\alice", "CORP\\alice"),
    ],
)
def test_unsafe_characters_are_spelt_out(text: str, shown: str) -> None:
    """Controls, escape sequences, bidi marks, separators and surrogates are spelt out; letters pass."""
    assert escape.terminal(text) == shown


@given(ANY_TEXT)
def test_no_text_is_unsafe_afterwards(text: str) -> None:
    """Whatever the text, what is shown is one line that can be encoded and holds no unsafe category."""
    shown = escape.terminal(text)
    shown.encode("utf-8")
    assert not any(unicodedata.category(character) in escape.UNSAFE for character in shown)
    assert len(shown.splitlines()) <= 1


@given(ANY_TEXT)
def test_html_is_text_only(text: str) -> None:
    """No text opens a tag, ends an attribute or begins an entity of its own."""
    shown = escape.html(text)
    assert not set(shown) & set("<>\"'")
    assert all(rest.startswith(("amp;", "lt;", "gt;", "quot;", "#x27;")) for rest in shown.split("&")[1:])


@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0"])
def test_formulas_are_text_in_csv(formula: str) -> None:
    """A cell that a spreadsheet would run begins with an apostrophe."""
    assert escape.csv(formula) == "'" + formula


def test_controls_before_a_formula_do_not_hide_it() -> None:
    """A tab or a return before the sign is spelt out, so that no spreadsheet sees a formula behind it."""
    assert escape.csv("\t=1") == r"\t=1"
    assert escape.csv("lac") == "lac"
