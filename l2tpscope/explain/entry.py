"""Entry: one thing that can be asked for; and how a question is written down so that it meets the entry's keys."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

LONGEST_QUESTION = 200
"""Characters of a question that are read."""
_NOISE = frozenset({"code", "error", "result", "number", "the", "a", "of", "what", "is", "means"})
"""Words that say nothing where a number or a name follows: `CDN result 2 error 6` is `cdn 2 6`."""
_NUMBERED = re.compile(r"\b(n|e|avp|stopccn|cdn|msen|lcp|ipcp)(\d+)\b")
_BETWEEN = re.compile(r"[^\w']+|_+")
_HEX = re.compile(r"\b0x([0-9a-f]{1,8})\b")


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of one number, name or failure."""

    term: str
    """What to ask for in order to get this and nothing else."""
    title: str
    meaning: str
    look_for: tuple[str, ...] = ()
    """What to look for, and where."""
    source: str = ""
    keys: tuple[str, ...] = ()
    """The questions that mean it, as `key` writes them."""


def words(text: str) -> str:
    """The words of a text, in lower case, with one space between."""
    return " ".join(word for word in _BETWEEN.split(text.lower()) if word)


def key(question: str) -> str:
    """A question as keys are written: its words, hexadecimal as decimal, without noise."""
    text = _HEX.sub(lambda found: str(int(found[1], 16)), question[:LONGEST_QUESTION].lower())
    return _NUMBERED.sub(r"\1 \2", " ".join(word for word in words(text).split() if word not in _NOISE))


def keys(*questions: str) -> tuple[str, ...]:
    """Several of them, each once."""
    return tuple(dict.fromkeys(filter(None, map(key, questions))))


def numbered(prefixes: Iterable[str], *numbers: int, names: Iterable[str] = ()) -> tuple[str, ...]:
    """Every prefix with the numbers, then the names."""
    tail = " ".join(str(number) for number in numbers)
    return keys(*(f"{prefix} {tail}" for prefix in prefixes), *names)
