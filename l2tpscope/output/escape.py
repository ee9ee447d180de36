"""Text that came off the wire, made harmless: for a terminal, for a table of text, for HTML, for Markdown.

Host names, vendor names, error messages and user names are whatever the peer wanted them to be: escape sequences that
repaint the screen, newlines that fake a row, marks that turn the direction of writing. Letters of any script pass.
"""

from __future__ import annotations

import html as _html
import unicodedata

UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories that are never shown as they are: controls, formats (bidi overrides, zero width), lone surrogates,
private use, unassigned, line and paragraph separators."""

FORMULA = ("=", "+", "-", "@")
"""Beginnings that make a spreadsheet run a cell of a CSV file."""

MARKS = frozenset("\\`*_{}[]<>()#+!|~&@")
"""Characters that mean something in Markdown or in what trackers of tickets make of it; each may stand after a backslash."""


def terminal(text: str) -> str:
    r"""The text on one line and without effect: what is unsafe becomes `\x1b` or `\u202e`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_visible(character) for character in text)


def html(text: str) -> str:
    """The text for HTML, in an element or a quoted attribute; what is unsafe on a terminal is unsafe here too."""
    return _html.escape(terminal(text), quote=True)


def csv(text: str) -> str:
    """The text for a cell of CSV: one line, and an apostrophe before what a spreadsheet would take for a formula."""
    shown = terminal(text)
    return "'" + shown if shown.startswith(FORMULA) else shown


def markdown(text: str) -> str:
    """The text for Markdown: one line in which nothing is a mark, a link or an HTML element."""
    marked = "".join(f"\\{character}" if character in MARKS else character for character in terminal(text))
    return marked.replace("://", "\\://").replace("www.", "www\\.")


def _visible(character: str) -> str:
    if unicodedata.category(character) not in UNSAFE:
        return character
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
