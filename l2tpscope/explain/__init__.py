"""What a number or a name means, and what to look for: errors of Windows, notifies, result codes, AVPs, PPP, causes, findings.

Nothing is read but our own tables: no capture, no network. Numbers and names are those of `wire/`; what is new here is the errors of
Windows (`windows_errors.py`), advice (`advice.py`) and what breaks in the field (`causes.py`).
"""

from __future__ import annotations

from l2tpscope.explain.entry import Entry
from l2tpscope.explain.search import Answer, ask
from l2tpscope.explain.show import document, nothing, text

__all__ = ["Answer", "Entry", "ask", "document", "nothing", "text"]
