"""Each rule on captures that others made: one that fires it, and one that nearly does."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

import pytest

import l2tpscope
from l2tpscope.analysis.rows import FindingRow

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples"
SHARED = ROOT.parent / "shared" / "captures"

FIRES: tuple[tuple[str, str, str], ...] = (
    ("L2S101", "lab/f_1701_filtered/wan.pcap", "lab/f_1701_closed/wan.pcap"),
    ("L2S102", "lab/f_1701_closed/client.pcap", "lab/f_chap_wrong/client.pcap"),
    ("L2S105", "lab/f_session_limit/server.pcap", "lab/cdn_server/server.pcap"),
    ("L2S106", "lab/f_lns_killed/wan.pcap", "lab/l2tp_clear_loss/wan.pcap"),
    ("L2S107", "lab/stopccn_server/wan.pcap", "lab/l2tp_clear_ok/wan.pcap"),
    ("L2S201", "lab/l2tp_clear_loss_seq/server.pcap", "lab/l2tp_clear_reorder_seq/server.pcap"),
    ("L2S202", "lab/l2tp_clear_reorder_seq/wan.pcap", "lab/l2tp_clear_loss_seq/wan.pcap"),
    ("L2S203", "lab/scale_50x2/wan.pcap", "lab/multi_s2s/wan.pcap"),
    ("L2S205", "lab/ql2tpd_v3_udp_hello/client.pcap", "lab/f_lns_killed/client.pcap"),
    ("L2S301", "lab/f_chap_wrong/wan.pcap", "lab/f_ppp_auth_refused/wan.pcap"),
    ("L2S302", "lab/f_ppp_auth_refused/wan.pcap", "lab/l2tp_mschapv2_mppe/wan.pcap"),
    ("L2S303", "lab/f_ipcp_rejected/wan.pcap", "lab/f_chap_wrong/wan.pcap"),
    ("L2S304", "lab/l2tp_clear_reorder_seq/client.pcap", "lab/cdn_server/client.pcap"),
    ("L2S401", "lab/f_ike_filtered/wan.pcap", "lab/f_no_proposal_ike/wan.pcap"),
    ("L2S403", "lab/f_4500_blocked/wan.pcap", "lab/f_wrong_psk/wan.pcap"),
    ("L2S404", "lab/f_no_proposal_ike/wan.pcap", "lab/f_pfs_mismatch/wan.pcap"),
    ("L2S405", "lab/f_wrong_psk/wan.pcap", "lab/f_4500_blocked/wan.pcap"),
    ("L2S406", "lab/f_ike_id_mismatch_then_clear/wan.pcap", "lab/l2tpipsec_ok/wan.pcap"),
    ("L2S407", "lab/f_pfs_mismatch/wan.pcap", "lab/rekey/wan.pcap"),
    ("L2S502", "lab/f_sa_deleted/wan.pcap", "lab/f_dpd_timeout/wan.pcap"),
    ("L2S503", "lab/f_sha2_truncation/wan.pcap", "lab/l2tpipsec_sha384/wan.pcap"),
    ("L2S504", "lab/f_dpd_timeout/wan.pcap", "lab/f_sa_deleted/wan.pcap"),
    ("L2S505", "lab/two_nat/server.pcap", "lab/l2tpipsec_nat/server.pcap"),
    ("L2S506", "lab/l2tpipsec_nat_timeout/server.pcap", "lab/libreswan_l2tpipsec_nat/server.pcap"),
    ("L2S507", "lab/mtu_df_icmp/client.pcap", "lab/mtu_fragmented/client.pcap"),
    ("L2S601", "lab/l2tp_clear_ok/wan.pcap", "lab/l2tpipsec_tunnelmode/server.pcap"),
    ("L2S602", "lab/l2tp_pap/wan.pcap", "lab/l2tp_clear_ok/wan.pcap"),
    ("L2S602", "public/c001__test-l2tp.pcap", "lab/l2tp_mschapv2_mppe/wan.pcap"),
    ("L2S603", "lab/l2tpipsec_3des/wan.pcap", "lab/l2tpipsec_sha384/wan.pcap"),
    ("L2S603", "public/c045__ISAKMP_sa_setup.pcap", "lab/l2tpipsec_ikev2/wan.pcap"),
    ("L2S604", "public/c076__ipsec-ikev1-isakmp-aggressive-mode.pcap", "public/c078__ikev1-certs.pcap"),
    ("L2S604", "lab/ike_aggressive_ok/wan.pcap", "lab/l2tpipsec_ok/wan.pcap"),
    ("L2S605", "lab/atk_sccrq_flood/server.pcap", "lab/scale_50x2/server.pcap"),
    ("L2S606", "lab/atk_chap_brute/server.pcap", "lab/f_chap_wrong/server.pcap"),
    ("L2S607", "lab/atk_replay/server.pcap", "lab/atk_replay/client.pcap"),
    ("L2S608", "lab/f_ike_id_mismatch_then_clear/wan.pcap", "lab/l2tpipsec_nat_timeout/wan.pcap"),
    ("L2S613", "lab/l2tp_pap/wan.pcap", "lab/f_1701_filtered/wan.pcap"),
    ("L2S613", "public/c001__test-l2tp.pcap", "lab/l2tpipsec_tunnelmode/server.pcap"),
    ("L2S616", "public/c043__test1.pcap", "lab/l2tpipsec_ok/wan.pcap"),
    ("L2S901", "public/c033__l2tp.pcap", "lab/f_ike_filtered/wan.pcap"),
    ("L2S901", "public/c180__test009.pcapng", "lab/l2tp_clear_loss/wan.pcap"),
    ("L2S902", "lab/other_openvpn_1701/wan.pcap", "lab/l2tp_clear_ok/wan.pcap"),
    ("L2S902", "public/c004__l2tp-avp-overflow.pcap", "public/c001__test-l2tp.pcap"),
    ("L2S903", "public/c041__golt_msg_test.pcap", "public/c001__test-l2tp.pcap"),
    ("L2S903", "public/c072__detect-bypass-udp_input.pcap", "lab/atk_replay/server.pcap"),
    ("L2S904", "public/c004__l2tp-avp-overflow.pcap", "public/c181__pcapng-example.pcapng"),
    ("L2S905", "public/c005___2018-09-19_14-20-52.pcap.gz", "public/c208__sanitized4k_truncated128.pcap"),
    ("L2S905", "lab/l2tp_clear_loss_capvariants/wan_snap96.pcap", "lab/l2tp_clear_loss_capvariants/wan.pcap"),
)
"""Rule, a capture that fires it, one that does not. What was done there is in truth.json and in the inventory of the public ones."""

IN_SAMPLES = (
    ("filtered.pcap", ["L2S101"]),
    ("healthy.pcap.gz", ["L2S601"]),
    ("lns_killed.pcap", ["L2S106", "L2S601"]),
    ("server_stops.pcap", ["L2S601", "L2S107"]),
    ("session_limit.pcap", ["L2S105", "L2S601"]),
    ("two_clients_nat.pcap", ["L2S505"]),
    ("wrong_psk.pcap", ["L2S405"]),
)


@cache
def found(path: Path) -> tuple[FindingRow, ...]:
    """The findings of a capture."""
    return tuple(l2tpscope.read(str(path)).rows("findings"))


@pytest.mark.shared
@pytest.mark.parametrize(("rule", "fires", "near"), FIRES, ids=[f"{rule}-{Path(fires).parent.name}" for rule, fires, _ in FIRES])
def test_a_rule_fires_there_and_not_here(rule: str, fires: str, near: str) -> None:
    """A rule finds what was done in one capture, and nothing in one that is alike in all but that."""
    assert rule in {row.finding for row in found(SHARED / fires)}
    assert rule not in {row.finding for row in found(SHARED / near)}


@pytest.mark.parametrize(("name", "expected"), IN_SAMPLES)
def test_samples_are_diagnosed(name: str, expected: list[str]) -> None:
    """Each sample has the findings of what was done in it, the cause first; that names cross in clear is good to know, not a fault."""
    assert [row.finding for row in found(SAMPLES / name) if row.finding != "L2S613"] == expected


def test_mppe_is_seen_in_one_direction_too() -> None:
    """Where only the client is in the capture, and the method of CHAP is not known, what MPPE encrypts is not called clear."""
    row = next(row for row in found(ROOT / "tests" / "golden" / "one_sided" / "capture.pcap") if row.finding == "L2S601")
    assert "encrypted by MPPE alone" in row.summary


@pytest.mark.shared
def test_the_true_figures_of_attacks() -> None:
    """2000 SCCRQs from 1999 addresses; 29 failures of alice and admin; 70 replayed packets: as the laboratory's programs sent them."""
    flood, guesses, replay = (
        next(row for row in found(SHARED / "lab" / where / "server.pcap") if row.severity == "error")
        for where in ("atk_sccrq_flood", "atk_chap_brute", "atk_replay")
    )
    assert flood.summary.startswith("2000 SCCRQs")
    assert "1999 addresses: forged" in flood.summary
    assert '29 failed authentications from 198.51.100.10 in 480 s ("alice" 19 times, "admin" 10 times)' in guesses.summary
    assert "70 that repeat" in replay.summary


@pytest.mark.shared
@pytest.mark.tshark
@pytest.mark.slow
@pytest.mark.parametrize(
    ("rule", "fires"), [(rule, fires) for rule, fires, _ in FIRES], ids=[f"{rule}-{fires[4:12]}" for rule, fires, _ in FIRES]
)
def test_the_filter_is_wireshark_s_and_shows_the_evidence(rule: str, fires: str) -> None:
    """Wireshark takes the display filter, and what it lets through holds all frames that are named."""
    row = next(row for row in found(SHARED / fires) if row.finding == rule)
    command = ["tshark", "-r", str(SHARED / fires), "-Y", row.wireshark_filter, "-T", "fields", "-e", "frame.number"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0 or "cut short in the middle of a packet" in done.stderr, done.stderr
    shown = {int(number) for number in done.stdout.split()}
    assert shown or not row.evidence
    assert set(row.evidence) <= shown
