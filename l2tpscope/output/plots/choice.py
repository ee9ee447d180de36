"""Which rows belong to one connection, for pictures of that one alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from l2tpscope.report import Report


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a connection; of everything, where none was chosen."""

    everything: bool
    numbers: frozenset[tuple[str, int]] = frozenset()

    def has(self, row: Any) -> bool:
        """Whether a row of `rtt`, `loss`, `throughput` or `messages` was measured from one of the parts."""
        if self.everything:
            return True
        named = ((name, getattr(row, name, None)) for name in ("tunnel", "session", "ike_sa", "esp_sa"))
        return any(part in self.numbers for part in named)


def parts(report: Report, vpn: int | None) -> Parts:
    """Those of connection *vpn*; none, where there is no such connection."""
    if vpn is None:
        return Parts(everything=True)
    row = next((row for row in report.rows("vpns") if row.vpn == vpn), None)
    if row is None:
        return Parts(everything=False)
    named = {"tunnel": row.tunnels, "session": row.sessions, "ike_sa": row.ike_sas, "esp_sa": row.esp_sas}
    return Parts(everything=False, numbers=frozenset((name, number) for name, numbers in named.items() for number in numbers))
