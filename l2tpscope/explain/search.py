"""search: from a question to entries: by their keys, and else by their words."""

from __future__ import annotations

import difflib
import re
from functools import cache
from typing import Literal, NamedTuple

from l2tpscope.explain import causes, findings, ike, l2tp, ports, ppp, ranges, windows
from l2tpscope.explain.entry import Entry, key, words
from l2tpscope.wire.l2tp.codes import MessageType
from l2tpscope.wire.l2tp.results import explain_error

MOST_MATCHES = 16
"""Of a search by words."""
SYNONYMS: dict[str, tuple[str, ...]] = {
    "psk": ("pre shared key",),
    "preshared": ("pre shared", "psk"),
    "secret": ("pre shared key",),
    "auth": ("authentication", "authenticate"),
    "cert": ("certificate",),
    "certificate": ("cert",),
    "pass": ("password",),
    "timeout": ("timed out",),
    "dns": ("name is not resolved",),
    "blocked": ("not answered", "dropped"),
}
"""What else a word is called."""
_PAIR = re.compile(r"(?:message )?(stopccn|cdn|msen) (\d{1,5}) (\d{1,5})")
_MESSAGES = {"stopccn": MessageType.STOPCCN, "cdn": MessageType.CDN, "msen": MessageType.MSEN}


class Answer(NamedTuple):
    """What was found."""

    entries: tuple[Entry, ...]
    how: Literal["exact", "words", "nothing"]
    near: tuple[str, ...] = ()
    """Questions much like it, where nothing was found."""


@cache
def catalogue() -> tuple[Entry, ...]:
    """Every entry, the likeliest kinds first."""
    books = (windows, l2tp, ike, findings, causes, ppp, ports)
    return tuple(entry for book in books for entry in book.entries())


@cache
def _index() -> dict[str, list[Entry]]:
    index: dict[str, list[Entry]] = {}
    for entry in catalogue():
        for question in entry.keys:
            index.setdefault(question, []).append(entry)
    return index


def ask(question: str) -> Answer:
    """What the question means: by number or name, then by ranges of numbers, then by words."""
    asked = key(question)
    exact = _pair(asked) or _likeliest(_index().get(asked, [])) or ranges.find(question)
    if exact:
        return Answer(tuple(exact), "exact")
    found = _by_words(asked)
    if found:
        return Answer(tuple(found), "words")
    return Answer((), "nothing", tuple(difflib.get_close_matches(asked, list(_index()), 3, 0.75)))


def _likeliest(found: list[Entry]) -> list[Entry]:
    """Those that something can be said of come first: they are what turns up in captures of failures."""
    return sorted(found, key=lambda entry: not entry.look_for or entry.title.startswith(("AVP", "L2TP message")))


def _pair(asked: str) -> list[Entry]:
    """`cdn 2 6`: the result, and what the error code beside it means there."""
    found = _PAIR.fullmatch(asked)
    if not found:
        return []
    name, result, error = found[1], int(found[2]), int(found[3])
    message = _MESSAGES[name]
    first = _index().get(f"{name} {result}", [])
    if not first:
        return []
    meaning = explain_error(message, result, error)
    general = [entry for entry in _index().get(f"{'tdm' if (name, result) == ('cdn', 30) else 'general'} {error}", []) if meaning]
    if name == "stopccn" and result == 5:
        general = [Entry(f"stopccn/5/{error}", f"Error code {error} beside StopCCN result 5", f"The {meaning}.", source="RFC 2661 §4.4.2")]
    elif not general:
        told = f"{meaning[:1].upper()}{meaning[1:]}." if meaning else "No error beside the result."
        general = [Entry(f"{name}/{result}/{error}", f"Error code {error}", told, source="RFC 2661 §4.4.2")]
    return [first[0], general[0]]


def _by_words(asked: str) -> list[Entry]:
    """The entries that have most of its words, and have them in the title rather than in what is said."""
    sought = [word for word in asked.split() if len(word) > 1 or word.isdigit()]
    if not sought:
        return []
    scored = [(_score(entry, sought), at, entry) for at, entry in enumerate(catalogue())]
    wanted = max(score[0] for score, _, _ in scored)
    if wanted < len(sought) and wanted * 2 <= len(sought):
        return []
    best = sorted((found for found in scored if found[0][0] == wanted), key=lambda found: (-found[0][1], found[1]))
    return [entry for _, _, entry in best[:MOST_MATCHES]]


def _score(entry: Entry, sought: list[str]) -> tuple[int, int]:
    """How many of the words it has, and how prominently; none, where it lacks a number that is asked for."""
    title, text = _text(entry)
    if not all(f" {word} " in title + text for word in sought if word.isdigit()):
        return 0, 0
    found = [(any(_has(title, one) for one in _names(word)), any(_has(text, one) for one in _names(word))) for word in sought]
    told = 2 if entry.look_for else 0
    failure = 2 if entry.title.startswith("Failure") else 0
    return sum(1 for where in found if any(where)), 2 * sum(1 for where in found if where[0]) + told + failure


def _names(word: str) -> tuple[str, ...]:
    return (word, *SYNONYMS.get(word, ()))


@cache
def _text(entry: Entry) -> tuple[str, str]:
    """Title, and what is said first, as words with spaces about them."""
    said = " ".join((entry.meaning, *entry.look_for[:1]))
    return _spaced(entry.title), _spaced(said)


def _spaced(text: str) -> str:
    return f" {words(text)} "


def _has(text: str, word: str) -> bool:
    """Whether a word of the text begins with it."""
    return f" {word}" in text
