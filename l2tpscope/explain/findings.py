"""findings: what a finding means, out of the docstring of its rule: `findings/rules/l2s101_*.py`.

The files are read and not imported, so that explaining does not wait for what rules are made of.

```
L2S101 SCCRQ is not answered.

What is seen: ...
Why it matters: ...
What else could cause it: ...
What to do: ...
Source: ...
```
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from l2tpscope.explain.entry import Entry, keys

RULES = Path(__file__).resolve().parents[1] / "findings" / "rules"
ID = re.compile(r"l2s\d+")
_HEADINGS = ("What is seen", "Why it matters", "What else could cause it", "What to do", "Source")
_HEADING = re.compile(rf"^({'|'.join(_HEADINGS)}):[ \n]", re.MULTILINE)


def entries(folder: Path = RULES) -> list[Entry]:
    """One for each rule that has a docstring of that form, in the order of their ids."""
    return [entry for name, document in documents(folder) if (entry := _entry(name, document))]


def documents(folder: Path) -> Iterator[tuple[str, str]]:
    """The names and docstrings of the rules; none where there are no rules."""
    for path in sorted(folder.glob("l2s*.py")):
        name = path.stem.partition("_")[2]
        yield name, ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""


def _entry(name: str, document: str) -> Entry | None:
    title, *_ = document.split("\n", 1)
    identifier, _, called = title.strip().rstrip(".").partition(" ")
    if not ID.fullmatch(identifier.lower()):
        return None
    _, *parts = _HEADING.split(document)
    told = {heading: " ".join(text.split()) for heading, text in zip(parts[::2], parts[1::2], strict=True)}
    seen = told.get("What is seen", "")
    return Entry(
        identifier,
        f"Finding {identifier}: {called}",
        f"{seen[:1].upper()}{seen[1:]}",
        tuple(f"{heading}: {told[heading]}" for heading in _HEADINGS[1:-1] if heading in told),
        told.get("Source", ""),
        keys(identifier, name, called, f"finding {identifier}"),
    )
