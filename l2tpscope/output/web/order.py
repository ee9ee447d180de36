"""order: which connections come first where not all can be drawn."""

from __future__ import annotations

from l2tpscope.analysis.rows import VpnRow
from l2tpscope.output.stages import SEVERITIES, STAGES, fate, stage_inferences
from l2tpscope.report import Report


def worst_first(report: Report) -> list[VpnRow]:
    """The connections, those that stopped earliest and worst before the others, then by number."""
    ike = {row.ike_sa: row for row in report.measures.ike_sas}
    inferences = stage_inferences(report.measures.inferences)

    def rank(row: VpnRow) -> tuple[int, int, int]:
        one = fate(row, ike.get(row.ike_sas[-1]) if row.ike_sas else None, inferences.get(row.vpn))
        return SEVERITIES.index(one.severity), STAGES.index(row.stage), row.vpn

    return sorted(report.measures.vpns, key=rank)
