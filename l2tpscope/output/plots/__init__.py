"""Pictures of a report: functions that take axes, or make their own, and return them. pyplot is never loaded.

```python
from l2tpscope.output import plots
plots.timeline(report)            # a notebook shows what it returns
plots.rtt(report, ax=ax, vpn=1)   # into a picture of yours, one connection only
report.plot.loss()                # the same, from the report
```
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from l2tpscope.output.plots.loss import loss
from l2tpscope.output.plots.rtt import rtt
from l2tpscope.output.plots.sequence import sequence
from l2tpscope.output.plots.throughput import throughput
from l2tpscope.output.plots.timeline import timeline
from l2tpscope.output.tables import OutputError
from l2tpscope.report import Report

__all__ = ["KINDS", "Plots", "loss", "picture", "rtt", "sequence", "throughput", "timeline"]

KINDS: dict[str, Callable[..., Axes]] = {"timeline": timeline, "rtt": rtt, "loss": loss, "throughput": throughput, "sequence": sequence}
"""Every picture there is."""
DATELESS: dict[str, dict[str, None]] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
"""So that the same capture gives the same file."""


@dataclass(frozen=True, slots=True)
class Plots:
    """`report.plot`: every picture as a method."""

    report: Report
    vpn: int | None = None
    """The connection that is drawn where none is named."""

    def only(self, vpn: int | None) -> Plots:
        """The pictures of one connection."""
        return Plots(self.report, vpn)

    def timeline(self, ax: Axes | None = None, *, vpn: int | None = None) -> Axes:
        """The life of every connection: SAs, tunnels, sessions, and what happened to them."""
        return timeline(self.report, ax, vpn=self._chosen(vpn))

    def rtt(self, ax: Axes | None = None, *, vpn: int | None = None) -> Axes:
        """Every round trip over time, by side, kind and quality."""
        return rtt(self.report, ax, vpn=self._chosen(vpn))

    def loss(self, ax: Axes | None = None, *, vpn: int | None = None) -> Axes:
        """What was lost and reordered, with its interval, over the life of each sequence space."""
        return loss(self.report, ax, vpn=self._chosen(vpn))

    def throughput(self, ax: Axes | None = None, *, vpn: int | None = None) -> Axes:
        """What each session and ESP SA carried, both ways."""
        return throughput(self.report, ax, vpn=self._chosen(vpn))

    def sequence(self, ax: Axes | None = None, *, vpn: int | None = None) -> Axes:
        """The numbers of control messages, and which were sent again."""
        return sequence(self.report, ax, vpn=self._chosen(vpn))

    def _chosen(self, vpn: int | None) -> int | None:
        return self.vpn if vpn is None else vpn


def picture(report: Report, kind: str, form: str, *, vpn: int | None = None, dpi: int = 130) -> bytes:
    """A picture as the octets of a file (`png`, `svg`, `pdf`); text stays text in SVG.

    *Raises*: OutputError where there is no such connection.
    """
    if vpn is not None and all(row.vpn != vpn for row in report.rows("vpns")):
        message = f"no connection {vpn}: l2tpscope vpns has {len(report.rows('vpns'))}"
        raise OutputError(message)
    stream = io.BytesIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "l2tpscope"}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="constrained_layout not applied")
        figure = cast(Figure, KINDS[kind](report, vpn=vpn).get_figure(root=True))
        figure.savefig(stream, format=form, dpi=dpi, metadata=DATELESS.get(form))
    return stream.getvalue()
