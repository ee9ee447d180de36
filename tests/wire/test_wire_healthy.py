"""No false alarms: what real daemons said in the laboratory is without anomalies."""

from __future__ import annotations

from collections import Counter

import pytest
from plain_reader import CAPTURES, read_controls

from l2tpscope.core.anomaly import AnomalyKind
from l2tpscope.wire.l2tp import decode_control

pytestmark = [pytest.mark.shared, pytest.mark.skipif(not CAPTURES.exists(), reason="needs the captures of ../shared")]

LAB = sorted((CAPTURES / "lab").glob("*/*.pcap*"))


def test_laboratory_has_no_anomalies() -> None:
    """Thirty thousand control messages of xl2tpd, go-l2tp and SoftEther give no anomaly, but where a snaplen cut them."""
    seen, odd = 0, Counter()
    for path in LAB:
        for control in read_controls(path):
            message = decode_control(control.octets, control.on_wire)
            seen += 1
            odd.update((path.name, anomaly.kind) for anomaly in message.anomalies)
    assert seen > 30_000
    assert odd == {("wan_snap96.pcap", AnomalyKind.TRUNCATED): 2}


def test_public_captures_have_only_the_known_oddities() -> None:
    """Of public captures with L2TP only the one made to overflow a decoder has anomalies."""
    odd = set()
    for path in sorted((CAPTURES / "public").glob("c0[0-4]*")):
        for control in read_controls(path):
            if decode_control(control.octets, control.on_wire).anomalies:
                odd.add(path.name.split("__")[0])
    assert odd == {"c004"}


def test_result_codes_of_a_full_server() -> None:
    """The server that has no address left says so: CDN 2, error 4, and its text."""
    path = CAPTURES / "lab" / "f_session_limit" / "server.pcap"
    ends = [message.get(1) for message in (decode_control(control.octets) for control in read_controls(path)) if message.name == "CDN"]
    assert (2, 4, "No available IP address", False) in ends
