"""The confusion table of the findings: `python tests/truth/confusion.py [SCENARIO ...]`.

For each laboratory scenario and capture point: the first finding of severity error, its grade, and whether it names what was done
(truth.json, logs), has it among its alternatives, or is wrong. Scenarios that work must have none. Prints the table; exits with 1 where
something is wrong.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import l2tpscope

LAB = Path(__file__).resolve().parents[2].parent / "shared" / "captures" / "lab"
POINTS = ("client", "wan", "server", "nat_outside")


@dataclass(frozen=True, slots=True)
class Cause:
    """What was done, as the findings may name it. All from `what_was_done` of truth.json and the daemons' logs."""

    right: tuple[str, ...]
    """Rules whose sentence is what was done."""
    words: str = ""
    """In an alternative, where what was done cannot be told from other causes."""
    blind: tuple[str, ...] = ()
    """Capture points at which nothing of it can be seen."""


CAUSES: dict[str, Cause] = {
    "atk_chap_brute": Cause(("L2S606",)),
    "atk_replay": Cause(("L2S607",), blind=("client",)),
    "atk_sccrq_flood": Cause(("L2S605",)),
    "f_1701_closed": Cause(("L2S102",)),
    "f_1701_filtered": Cause((), "UDP 1701 is filtered"),
    "f_4500_blocked": Cause(("L2S403",), "UDP 4500 is filtered"),
    "f_chap_wrong": Cause(("L2S301",)),
    "f_dpd_timeout": Cause((), "path"),
    "f_dup_client_reconnect": Cause((), "path broke"),
    "f_ike_filtered": Cause((), "UDP 500 is filtered"),
    "f_ike_id_mismatch_then_clear": Cause(("L2S406",)),
    "f_ipcp_rejected": Cause(("L2S303",)),
    "f_l2tp_no_ipsec": Cause((), "takes L2TP only through IPsec"),
    "f_lns_killed": Cause((), "the other side is gone"),
    "f_no_proposal_ike": Cause(("L2S404",)),
    "f_pfs_mismatch": Cause((), "PFS"),
    "f_ppp_auth_refused": Cause(("L2S302",)),
    "f_sa_deleted": Cause(("L2S502",)),
    "f_session_limit": Cause(("L2S105",)),
    "f_sha2_truncation": Cause(("L2S503",)),
    "f_wrong_psk": Cause(("L2S405",), "the pre-shared keys differ"),
    "kl2tpd_lossy": Cause((), "go-l2tp"),
    "l2tp_clear_reorder_seq": Cause(("L2S202",)),
    "l2tpipsec_nat_timeout": Cause(("L2S506",)),
    "two_nat": Cause(("L2S505",), "another client behind the same NAT"),
}
"""The scenarios in which something failed or was attacked; in all others everything works, or only badly."""


def verdict(scenario: str, point: str, first: l2tpscope.analysis.rows.FindingRow | None) -> str:
    """`right`, `among alternatives`, `wrong`, `missed`; of what works, `quiet` or `wrong`."""
    cause = CAUSES.get(scenario)
    if cause is None or point in cause.blind:
        return "quiet" if first is None else "wrong"
    if first is None:
        return "missed"
    if first.finding in cause.right:
        return "right"
    return "among alternatives" if cause.words and any(cause.words in text for text in first.alternatives) else "wrong"


def table(scenarios: list[str]) -> Iterator[tuple[str, str, l2tpscope.analysis.rows.FindingRow | None, str]]:
    """Scenario, capture point, first error, verdict."""
    for scenario in scenarios:
        for point in POINTS:
            path = LAB / scenario / f"{point}.pcap"
            if path.exists():
                rows = l2tpscope.read(str(path)).rows("findings")
                first = next((row for row in rows if row.severity == "error"), None)
                yield scenario, point, first, verdict(scenario, point, first)


def main() -> int:
    """Print the table, the counts, and what speaks against them."""
    scenarios = sys.argv[1:] or sorted(path.parent.name for path in LAB.glob("*/truth.json"))
    counts, bad = Counter[str](), 0
    for scenario, point, first, found in table(scenarios):
        counts[found] += 1
        bad += found == "wrong"
        what = f"{first.finding} {first.name} ({first.grade})" if first else "-"
        print(f"{scenario:30} {point:12} {found:19} {what}")
        if found in ("wrong", "missed"):
            print(f"    done: {json.loads((LAB / scenario / 'truth.json').read_text())['what_was_done']}")
            print(f"    said: {first.summary if first else 'no error'}")
    print(", ".join(f"{count} {name}" for name, count in counts.most_common()))
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
