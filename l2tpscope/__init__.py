"""l2tpscope: a passive L2TP traffic analyzer that explains and measures.

`l2tpscope.read("x.pcap")` gives a `Report`; both names are imported when they are first asked for, so that
`import l2tpscope` costs neither numpy nor pandas.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from l2tpscope.api import read
    from l2tpscope.report import Report

__version__ = "0.1.0"
__all__ = ["Report", "__version__", "read"]


def __getattr__(name: str) -> object:
    """Import `read` and `Report` on first use."""
    if name == "read":
        from l2tpscope.api import read  # noqa: PLC0415

        return read
    if name == "Report":
        from l2tpscope.report import Report  # noqa: PLC0415

        return Report
    message = f"module 'l2tpscope' has no attribute {name!r}"
    raise AttributeError(message)


def __dir__() -> list[str]:
    return sorted([*globals(), "Report", "read"])
