"""Display filters of rules that no capture at hand fires: Wireshark takes them, and shows what is named."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import test_findings_large as large
import test_findings_ppp as ppp
import test_findings_proof as proof
import test_findings_scripts as scripts
import test_findings_stale as stale
from script import Script

MADE: tuple[tuple[str, str, Callable[[], Script]], ...] = (
    ("L2S108", "began anew", stale.restarted),
    ("L2S108", "held", stale.ignored),
    ("L2S306", "encryption", lambda: ppp.refused(reason=b"", after=1.0)),
    ("L2S307", "PFC", lambda: ppp.reject(ppp.addressed(ppp.linked()), 3.0, True, 0x2145)),
    ("L2S413", "first fragments", lambda: large.ikev2(keep=1)),
    ("L2S413", "two of three fragments", lambda: large.ikev2(keep=2, size=4096)),
    ("L2S413", "whole", lambda: large.ikev2(keep=None)),
    ("L2S413", "pieces", large.pieces),
    ("L2S414", "certificate", lambda: proof.proved(proof.RSA, 1764)),
    ("L2S509", "TCP", large.browsing),
    ("L2S509", "fragments", lambda: large.torn_data(torn=6, whole=1)),
    ("L2S509", "ESP", lambda: large.esp_again(gaps=(0.4, 0.8, 1.6, 3.2, 6.4))),
    ("L2S607", "far behind", lambda: scripts.with_repeats([100, 101, 102])),
    ("L2S614", "five tunnels", lambda: stale.held(5, 30.0)),
    ("L2S614", "one session", lambda: stale.held(1, 90.0, call=True)),
    ("L2S615", "40 bits", lambda: ppp.mppe(b"\1\0\0\x20", acked=b"\1\0\0\x20", ip=False)),
)


@pytest.mark.tshark
@pytest.mark.slow
@pytest.mark.parametrize(("rule", "make"), [(rule, make) for rule, _, make in MADE], ids=[f"{rule}-{name}" for rule, name, _ in MADE])
def test_wireshark_shows_what_is_named(rule: str, make: Callable[[], Script], tmp_path: Path) -> None:
    """What the display filter lets through holds all frames that are evidence, and there are some."""
    script = make()
    script.records.sort(key=lambda record: record[0])
    (row,) = [one for one in script.report().rows("findings") if one.finding == rule]
    (tmp_path / "made.pcap").write_bytes(script.file())
    command = ["tshark", "-r", str(tmp_path / "made.pcap"), "-Y", row.wireshark_filter, "-T", "fields", "-e", "frame.number"]
    shown = {int(number) for number in subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()}
    assert row.evidence
    assert set(row.evidence) <= shown
