"""l2tpscope: a passive L2TP traffic analyzer that explains and measures.

`l2tpscope.read("x.pcap")` gives a `Report`, or raises `CaptureError`; `watch(Interface("eth0"))` gives one after the other. These names
are imported when they are first asked for, so that `import l2tpscope` costs neither numpy nor pandas.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from l2tpscope.api import read, watch
    from l2tpscope.capture import CaptureError
    from l2tpscope.capture.live import Interface
    from l2tpscope.report import Report

__version__ = "0.1.0"
__all__ = ["CaptureError", "Interface", "Report", "__version__", "read", "watch"]


_WHERE = {
    "read": "l2tpscope.api",
    "watch": "l2tpscope.api",
    "Report": "l2tpscope.report",
    "CaptureError": "l2tpscope.capture",
    "Interface": "l2tpscope.capture.live",
}


def __getattr__(name: str) -> object:
    """Import what is public on first use."""
    if name not in _WHERE:
        message = f"module 'l2tpscope' has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(_WHERE[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_WHERE])
