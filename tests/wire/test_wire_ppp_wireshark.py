"""Wireshark's word on every PPP frame inside L2TP of the public and the laboratory captures, and on PPP elsewhere for its variety."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from ppp_captures import CAPTURES, Carried, read_gre, read_plain, read_tunnelled

from l2tpscope.packets.reasons import TEXT
from l2tpscope.packets.wireshark_fields import PPP_FIELDS, Fields
from l2tpscope.packets.wireshark_fields import ppp as ours
from l2tpscope.packets.wireshark_fields import wiresharks_ppp as wiresharks

pytestmark = [
    pytest.mark.shared,
    pytest.mark.tshark,
    pytest.mark.skipif(not CAPTURES.exists(), reason="needs the captures of ../shared"),
]

PUBLIC = ("c001", "c009", "c029", "c030", "c033")
"""Those of the public captures that have L2TPv2 data."""
PLAIN = ("c121", "c123", "c130", "c133", "c135", "c141", "c143")
"""Public captures of PPPoE and of PPP links."""
GRE = ("c136", "c138", "c139")
"""Public captures of PPTP, whose data is PPP in GRE."""
NOT_READ = {"c122": "what pppd records of a line (pppdump) is no capture format that is read"}
CLEAR = (
    "atk_chap_brute",
    "atk_replay",
    "cdn_server",
    "f_chap_wrong",
    "f_dpd_timeout",
    "f_dup_client_reconnect",
    "f_ike_id_mismatch_then_clear",
    "f_ipcp_rejected",
    "f_lns_killed",
    "f_ppp_auth_refused",
    "f_session_limit",
    "kl2tpd_lossy",
    "kl2tpd_ok",
    "l2tp_clear_loss",
    "l2tp_clear_loss_capvariants",
    "l2tp_clear_loss_seq",
    "l2tp_clear_ok",
    "l2tp_clear_reorder_seq",
    "l2tp_hidden_avp",
    "l2tp_ipv6",
    "l2tp_mschapv2_mppe",
    "l2tp_pap",
    "l2tp_tunnel_auth_ok",
    "l2tpipsec_tunnelmode",
    "mtu_df_icmp",
    "mtu_fragmented",
    "multi_s2s",
    "scale_50x2",
    "stopccn_server",
)
"""Laboratory captures with L2TPv2 data in clear, as the client saw it."""

REJECTED = TEXT["rejected-packet"]
REASONS: dict[tuple[str, int], str] = {
    ("c001", 74): REJECTED,
    ("c121", 17): REJECTED,
    ("c123", 20): REJECTED,
    ("c130", 1): TEXT["odd-option"],
    ("c135", 1): "by a fuzzer: Wireshark skips two octets after any FF; FF without 03 is no address and control field",
    ("c143", 35): REJECTED,
}
"""By capture and frame: why we differ."""

FIELDS = ["frame.number", "frame.protocols", *PPP_FIELDS]


Differences = list[tuple[str, int]]


def theirs(path: Path, display: str) -> Iterator[tuple[int, Fields]]:
    """Wireshark's fields by frame; not of what an ICMP error quotes."""
    command = ["tshark", "-r", str(path), "-Y", display, "-T", "fields", "-E", "occurrence=a"]
    for name in FIELDS:
        command += ["-e", name]
    lines = subprocess.run(command, capture_output=True, check=True, text=True).stdout.splitlines()
    for line in lines:
        row = dict(zip(FIELDS, line.split("\t"), strict=True))
        protocols = row["frame.protocols"]
        if "icmp" not in protocols.partition("l2tp" if "l2tp" in protocols else "ppp")[0]:
            yield int(row["frame.number"]), wiresharks(row)


def compare(name: str, path: Path, found: Iterator[Carried], display: str) -> tuple[int, int, Differences]:
    """How many frames were compared, how many of them are packets of control protocols, and those that differ."""
    mine = {carried.frame: ours(carried.ppp) for carried in found}
    other = dict(theirs(path, display))
    different = [(name, frame) for frame in sorted(mine.keys() | other.keys()) if mine.get(frame) != other.get(frame)]
    return len(other), sum(1 for row in other.values() if row["code"]), different


def totals(results: list[tuple[int, int, Differences]]) -> tuple[int, int, Differences]:
    """All captures together."""
    return sum(one[0] for one in results), sum(one[1] for one in results), [found for one in results for found in one[2]]


def public(name: str) -> Path:
    """A public capture."""
    (path,) = (CAPTURES / "public").glob(f"{name}__*")
    return path


INSIDE = "l2tp.type == 0 && ppp"


def test_public_captures_equal_wireshark() -> None:
    """Protocol, code, identifier, length and options of all 181 frames inside L2TP are Wireshark's; each difference has a reason."""
    count, packets, different = totals([compare(name, public(name), read_tunnelled(public(name)), INSIDE) for name in PUBLIC])
    assert (count, packets) == (181, 43)
    assert different == [key for key in REASONS if key[0] in PUBLIC]


def test_laboratory_captures_equal_wireshark() -> None:
    """So they are in more than 21000 frames of the laboratory, without any difference."""
    paths = {name: CAPTURES / "lab" / name / "client.pcap" for name in CLEAR}
    count, packets, different = totals([compare(name, path, read_tunnelled(path), INSIDE) for name, path in paths.items()])
    assert different == []
    assert (count, packets) == (21349, 6835)


def test_ppp_without_l2tp_equals_wireshark() -> None:
    """And so they are in PPPoE and on PPP links, with IPV6CP, compressed protocol fields and what a fuzzer made."""
    results = [compare(name, public(name), read_plain(public(name)), "ppp") for name in PLAIN]
    count, packets, different = totals(results)
    assert different == [key for key in REASONS if key[0] in PLAIN]
    assert (count, packets) == (164, 75)


def test_ppp_of_pptp_equals_wireshark() -> None:
    """And in all 381 frames that PPTP carries, 16 of them control packets."""
    count, packets, different = totals([compare(name, public(name), read_gre(public(name)), "gre && ppp") for name in GRE])
    assert different == []
    assert (count, packets) == (381, 16)


@pytest.mark.slow
def test_every_public_capture_with_ppp_is_compared() -> None:
    """Those in which Wireshark sees PPP are the ones above; what is left out has a reason."""
    seen = []
    for path in sorted((CAPTURES / "public").iterdir()):
        command = ["tshark", "-r", str(path), "-Y", "ppp", "-T", "fields", "-e", "frame.number"]
        if subprocess.run(command, capture_output=True, check=False, text=True).stdout:
            seen.append(path.name.partition("__")[0])
    assert seen == sorted((*PUBLIC, *PLAIN, *GRE, *NOT_READ))
