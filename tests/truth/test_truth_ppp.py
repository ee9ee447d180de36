"""PPP against the daemons' own words: pppd wrote down every packet that it sent and received, the addresses, and why it ended."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import delays
import lab
import pytest

import l2tpscope

pytestmark = pytest.mark.shared

CODES = {
    "ConfReq": "Configure-Request",
    "ConfAck": "Configure-Ack",
    "ConfNak": "Configure-Nak",
    "ConfRej": "Configure-Reject",
    "TermReq": "Terminate-Request",
    "TermAck": "Terminate-Ack",
    "EchoReq": "Echo-Request",
    "EchoRep": "Echo-Reply",
    "ProtRej": "Protocol-Reject",
    "AuthReq": "Authenticate-Request",
    "AuthAck": "Authenticate-Ack",
    "AuthNak": "Authenticate-Nak",
}
LINE = re.compile(r"(sent|rcvd) \[(\w+) (\w+).*?id=0x([0-9a-f]+)")
IN_ESP = {"f_dpd_timeout", "l2tpipsec_nat_timeout", "l2tpipsec_ok_gro", "l2tpipsec_tunnelmode"}
"""Most of their PPP is in ESP."""
GARBLED = {"scale_50x2": "a hundred pppd wrote into one log at once"}
WITHOUT_ECHOES = {"kl2tpd_ok", "l2tp_ipv6"}
"""Their client's log has no echoes after the first."""
HOSTS = {"client": ("pppd-cl.log", "to_responder"), "server": ("pppd-srv.log", "to_initiator")}
CASES = [
    (scenario, host)
    for scenario in lab.SCENARIOS
    if scenario not in IN_ESP and scenario not in GARBLED
    for host, (log, _) in HOSTS.items()
    if (lab.LAB / scenario / "logs" / log).exists()
]
METHODS = {"chap MD5": "CHAP MD5", "chap MS-v2": "CHAP MS-CHAPv2", "pap": "PAP", "chap MS": "CHAP MS-CHAP"}

Packet = tuple[str, str, str, int]
"""Sent or received by the host; protocol, code, identifier."""


@cache
def report(scenario: str, point: str) -> Any:
    """The program's report."""
    return l2tpscope.read([str(path) for path in lab.files(scenario, point)])


def log(scenario: str, host: str) -> Path:
    """The host's pppd log."""
    return lab.LAB / scenario / "logs" / HOSTS[host][0]


def logged(scenario: str, host: str) -> Counter[Packet]:
    """Every packet of the log."""
    found = (LINE.search(line) for line in log(scenario, host).read_text(errors="replace").splitlines())
    return Counter((one[1], one[2], CODES.get(one[3], one[3]), int(one[4], 16)) for one in found if one)


def captured(scenario: str, host: str) -> Counter[Packet]:
    """Every row of the host's own capture."""
    out = HOSTS[host][1]
    rows = report(scenario, f"{host}.pcap").rows("ppp")
    return Counter(("sent" if row.direction == out else "rcvd", row.protocol, row.code, row.identifier) for row in rows)


def test_there_are_logs() -> None:
    """Both hosts' logs of most scenarios."""
    assert len(CASES) > 35


@pytest.mark.parametrize(("scenario", "host"), CASES)
def test_packets(scenario: str, host: str) -> None:
    """A host's capture has every packet that its pppd sent and received, and none that it did not send.

    What the log alone has was sent into a session that was gone; what the capture alone has came when nobody listened any more.
    """
    rows, log_lines = captured(scenario, host), logged(scenario, host)
    echoes = ("Echo-Request", "Echo-Reply") if scenario in WITHOUT_ECHOES and host == "client" else ()
    assert [packet for packet in rows - log_lines if packet[0] == "sent" and packet[2] not in echoes] == []
    assert [packet for packet in log_lines - rows if packet[2] != "Terminate-Request"] == []


@pytest.mark.parametrize("scenario", sorted({scenario for scenario, host in CASES if host == "client"}))
@pytest.mark.parametrize("point", lab.BOTH_WAYS)
def test_sessions(scenario: str, point: str) -> None:
    """The last session's addresses, user and authentication are those of the client's log, at every capture point."""
    text = log(scenario, "client").read_text(errors="replace")
    rows = [row for row in report(scenario, point).rows("sessions") if row.ppp_state is not None]
    addresses = set(re.findall(r"local  IP address (\S+)", text)), set(re.findall(r"remote IP address (\S+)", text))
    assert {row.assigned_ip for row in rows if row.assigned_ip} == addresses[0]
    assert {row.peer_ip for row in rows if row.assigned_ip} == addresses[1]
    methods = {METHODS[name] for name in re.findall(r"sent \[LCP ConfAck .*?<auth ([^>]+)>", text)}
    assert {row.ppp_auth for row in rows if row.ppp_auth} == methods
    users = set(re.findall(r'sent \[CHAP Response .*?name = "([^"]*)"', text)) | set(
        re.findall(r'sent \[PAP AuthReq .*?user="([^"]*)"', text)
    )
    assert {row.ppp_user for row in rows if row.ppp_user} == users


@pytest.mark.parametrize("scenario", sorted({scenario for scenario, _ in CASES}))
def test_failures(scenario: str) -> None:
    """Authentication failed in a session exactly where a daemon says so."""
    text = "".join(log(scenario, host).read_text(errors="replace") for host in HOSTS if log(scenario, host).exists())
    failed = any(row.ppp_state == "authentication failed" for row in report(scenario, "server.pcap").rows("sessions"))
    assert failed == bool(re.search(r"(CHAP|PAP) authentication failed|(sent|rcvd) \[CHAP Failure|(sent|rcvd) \[PAP AuthNak", text))


ECHOED = [
    (scenario, point) for scenario, points in lab.SCENARIOS.items() if scenario not in IN_ESP for point in points if point in lab.BOTH_WAYS
]
ENOUGH = 5
"""Echoes of which the fastest is taken for the path."""


def test_echo_round_trips() -> None:
    """The smallest of five or more LCP echoes is the delay set on that side within 1 ms or 2 %, but for a slow daemon; none is shorter."""
    near = []
    for scenario, point in ECHOED:
        config: Any = lab.truth(scenario)["config"]
        for side in ("initiator", "responder"):
            there = delays.set_delay(config["netem"], point.removesuffix(".pcap"), side)
            rows = [row for row in report(scenario, point).rows("rtt") if row.kind == "lcp-echo" and row.side == side]
            found = [row.rtt_s for row in rows if row.quality == "clean"]
            assert all(rtt >= there.delay_s - there.jitter_s - 1e-4 for rtt in found)
            if len(found) >= ENOUGH and not there.jitter_s:
                near.append(abs(min(found) - there.delay_s) <= max(0.001, 0.02 * there.delay_s))
    assert len(near) > 50
    assert sum(near) >= 0.9 * len(near)
