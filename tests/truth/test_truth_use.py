"""`use` of connections against what the laboratory set up: who was behind NAT, to whom pppd gave an address, who had several sessions."""

from __future__ import annotations

from collections import Counter

import lab
import pytest

import l2tpscope

pytestmark = pytest.mark.shared

SITES = {
    "multi_s2s": {"site-to-site": 2, None: 1},  # 3 tunnels with 4, 2 and 1 sessions: of the last nothing tells, but its client is no person
    "scale_50x2": {"site-to-site": 50},  # 50 tunnels x 2 sessions
}
"""From `WHAT WAS DONE` of their notes."""
ASKED_FOR_SEVERAL = {"f_session_limit"}
"""A second session was asked for beside the first, and refused."""
IN_ESP = {"f_dpd_timeout", "l2tpipsec_nat_timeout"}
"""Their PPP is in ESP until the SAs are gone."""
LEFT_OUT = {"atk_sccrq_flood"}
"""No use of any kind."""
SCENARIOS = sorted(folder.name for folder in lab.LAB.glob("*") if (folder / "wan.pcap").exists() and folder.name not in LEFT_OUT)


def given_addresses(scenario: str) -> int:
    """How many addresses the client's pppd was given: it asked for 0.0.0.0 and was told another."""
    log = lab.LAB / scenario / "logs" / "pppd-cl.log"
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    asked = any("sent [IPCP ConfReq" in line and "<addr 0.0.0.0>" in line for line in lines)
    return sum("rcvd [IPCP ConfNak" in line and "<addr " in line for line in lines) if asked else 0


def expected(scenario: str, rows: int) -> dict[str | None, int]:
    """How many connections are to be called what."""
    if scenario in SITES:
        return SITES[scenario]
    if lab.truth(scenario)["config"]["topology"]["nat"]:
        return {"remote-access": rows}
    in_clear = "wan.pcap" in lab.SCENARIOS.get(scenario, ())
    told = given_addresses(scenario) if in_clear and scenario not in IN_ESP | ASKED_FOR_SEVERAL else 0
    return {use: count for use, count in (("remote-access", told), (None, rows - told)) if count}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_use(scenario: str) -> None:
    """Clients behind NAT, or given an address in clear, are remote access; several sessions at once are a site; else nothing is said."""
    rows = l2tpscope.read(str(lab.LAB / scenario / "wan.pcap")).rows("vpns")
    assert Counter(row.use for row in rows) == expected(scenario, len(rows))


def test_the_laboratory_has_all_of_them() -> None:
    """Remote access by NAT and by address, sites, and what cannot be told are all in the laboratory: no kind is tested on nothing."""
    assert sum(bool(given_addresses(scenario)) for scenario in SCENARIOS) >= 20
    assert sum(bool(lab.truth(scenario)["config"]["topology"]["nat"]) for scenario in SCENARIOS) >= 4
