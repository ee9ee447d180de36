"""show: an answer as text of 100 columns, and as JSON. All of it is ours: nothing here came off a wire."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence

from l2tpscope.explain.entry import Entry, key
from l2tpscope.explain.findings import ID
from l2tpscope.explain.findings import entries as findings
from l2tpscope.explain.search import Answer

WIDTH = 100
MOST_IN_FULL = 2
"""Entries that are told in full; of more, the first, and a line for each other."""
TERM = 24
"""Columns for what to ask; a test holds that every term fits."""


CAN_BE_ASKED = "809, N14, cdn/2/6, avp 9, avp 9/1, disconnect 3, lcp 5, E=691, SCCRQ, port 1701, L2S401, or words: psk"


def text(answer: Answer) -> str:
    """For a person."""
    exact = answer.how == "exact"
    full = answer.entries if len(answer.entries) <= MOST_IN_FULL else answer.entries[:exact]
    rest = answer.entries[len(full) :]
    blocks = ["\n".join(_whole(entry)) for entry in full]
    if rest:
        heading = "It can also mean" if exact else "No such name; what has the words"
        blocks.append("\n".join((f"{heading} (ask by the first column):", *_list(rest))))
    elif not exact:
        blocks.insert(0, "No such name; what has the words:")
    return "\n\n".join(blocks) + "\n"


def _whole(entry: Entry) -> Iterator[str]:
    yield from textwrap.wrap(entry.title, WIDTH)
    yield from _wrapped(entry.meaning, "  ", "  ")
    for line in entry.look_for:
        yield from _wrapped(line, "  - ", "    ")
    if entry.source:
        yield from _wrapped(f"Source: {entry.source}", "  ", "    ")


def _list(entries: Sequence[Entry]) -> Iterator[str]:
    for entry in entries:
        line = entry.title if entry.title.startswith(("Failure", "Finding")) else f"{entry.title}. {entry.meaning}"
        yield from _wrapped(line, f"  {entry.term:<{TERM}}  ", " " * (TERM + 4))


def _wrapped(line: str, first: str, later: str) -> list[str]:
    return textwrap.wrap(line, WIDTH, initial_indent=first, subsequent_indent=later, break_on_hyphens=False)


def nothing(question: str, answer: Answer) -> str:
    """One line for a question that meets nothing: what is near, or what can be asked."""
    if ID.fullmatch(key(question)):
        found = ", ".join(entry.term for entry in findings())
        return f"no finding {question.strip().upper()}: {f'there are {found}' if found else 'this version has none'}"
    near = f"; near: {', '.join(answer.near)}" if answer.near else ""
    return f"nothing is known of {question!r}{near}. Ask for: {CAN_BE_ASKED}"


def document(question: str, answer: Answer) -> str:
    """For a program: all entries, whole."""
    entries = [
        {
            "term": entry.term,
            "title": entry.title,
            "meaning": entry.meaning,
            "look_for": list(entry.look_for),
            "source": entry.source or None,
        }
        for entry in answer.entries
    ]
    return json.dumps({"asked": question, "how": answer.how, "entries": entries}, indent=2) + "\n"
