"""The report to mail: one page of HTML with verdict, findings, timeline, charts, ladders, tables and the data; no network."""

from __future__ import annotations

from l2tpscope.output.web.document import document
from l2tpscope.output.web.origin import digests
from l2tpscope.output.web.words import LANGS, Lang

__all__ = ["LANGS", "Lang", "digests", "document"]
