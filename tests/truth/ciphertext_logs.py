"""What was inside the ciphertext of a laboratory capture, as the daemons wrote it down: payloads, ciphers, beats, MTU, stage of L2TP."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

CODED = re.compile(
    r"^(?P<time>[\d.]+) .*\[ENC\] (generating|parsed) (?P<exchange>\w+) (?P<kind>request|response) (?P<id>\d+) \[(?P<payloads>.*)\]"
)
DELETED = re.compile(r"(sending|received) DELETE for (ESP CHILD_SA|IKE_SA)")
KEEP_ALIVE = re.compile(r"^([\d.]+) .*sending keep alive to")
SA = re.compile(
    r"^src .*?^\tproto esp spi (?P<spi>0x[0-9a-f]+).*?auth-trunc hmac\(\w+\) \S+ \(\d+ bits\) (?P<icv>\d+)\s+enc cbc\((?P<cipher>\w+)\)",
    re.M | re.S,
)
BLOCKS = {"aes": 16, "des3_ede": 8}
RECEIVED_HELLO = re.compile(r"^([\d.]+) .*message_type_avp: message type 6 \(Hello\)")
STAGES = ("l2tp-request", "l2tp-tunnel", "l2tp-session", "traffic")
XL2TPD_HELLO_S = 10.0
"""As the logs of its peers have it, where these write one."""
Key = tuple[str, str, int]
"""Exchange, request or response, message ID."""


@dataclass(slots=True)
class Inside:
    """Of one scenario."""

    payloads: dict[Key, list[str]] = field(default_factory=dict)
    """What the messages of each exchange held, and of deletes whose."""
    ciphers: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Block and ICV in octets, by SPI."""
    periods: dict[bool, list[float]] = field(default_factory=dict)
    """Seconds between the beats of a side; True: the client, the initiator."""
    reached: str = "l2tp-request"
    """By the furthest client."""
    mtu: int | None = None
    """Of the PPP interfaces, where full TCP segments were sent."""
    keep_alive_s: float | None = None


@cache
def inside(folder: Path) -> Inside:
    """All of it."""
    logs = folder / "logs"
    result = Inside()
    for path in sorted(logs.glob("charon-*.log")):
        _ike(path, result)
    for path in sorted(logs.glob("xfrm-*.txt")):
        for found in SA.finditer(path.read_text(errors="replace")):
            result.ciphers[found["spi"]] = (BLOCKS[found["cipher"]], int(found["icv"]) // 8)
    for side, ppp, daemon in ((True, "cl", "lns"), (False, "srv", "lac")):
        result.periods[side] = _periods(logs / f"ppp-options.{ppp}", logs / f"xl2tpd-{daemon}.log.ts")
    if (logs / "softether.log").exists():
        result.periods[True].append(XL2TPD_HELLO_S)
        result.periods[False] = [_median_gap(logs / "xl2tpd-lac.log.ts") or 8.8]
    _l2tp(folder, result)
    return result


def _ike(path: Path, result: Inside) -> None:
    """The payloads of each message that charon made or read; its lines on deletes stand before (sending) or after (received)."""
    lines = path.read_text(errors="replace").splitlines()
    sent: list[float] = []
    announced: str | None = None
    for number, line in enumerate(lines):
        if (alive := KEEP_ALIVE.match(line)) is not None:
            sent.append(float(alive[1]))
        if (deleted := DELETED.search(line)) is not None and deleted[1] == "sending":
            announced = deleted[2]
        coded = CODED.match(line)
        if coded is None:
            continue
        payloads = coded["payloads"].strip()
        if payloads.split()[-1:] == ["D"]:
            if coded[2] == "generating":
                whose = announced
            else:
                after = next((found for one in lines[number + 1 : number + 4] if (found := DELETED.search(one)) is not None), None)
                whose = after[2] if after is not None else None
            payloads = f"{payloads} {whose or ''}".strip()
        known = result.payloads.setdefault((coded["exchange"], coded["kind"], int(coded["id"])), [])
        if payloads not in known:
            known.append(payloads)
    if len(sent) > 2:
        gaps = sorted(after - before for before, after in itertools.pairwise(sent))
        result.keep_alive_s = gaps[len(gaps) // 2]


def _periods(options: Path, peer: Path) -> list[float]:
    """LCP echoes as they were configured, HELLOs as the peer got them."""
    found = []
    echo = re.search(r"^lcp-echo-interval (\d+)", options.read_text(), re.M) if options.exists() else None
    if echo is not None and int(echo[1]):
        found.append(float(echo[1]))
    hello = _median_gap(peer)
    return [*found, hello] if hello is not None else found


def _median_gap(path: Path) -> float | None:
    if not path.exists():
        return None
    times = [float(found[1]) for line in path.read_text(errors="replace").splitlines() if (found := RECEIVED_HELLO.match(line)) is not None]
    gaps = sorted(after - before for before, after in itertools.pairwise(times) if after - before > 1)
    return gaps[len(gaps) // 2] if gaps else None


def _l2tp(folder: Path, result: Inside) -> None:
    """How far each client got, by its daemon's log and by what passed through the tunnel."""
    known = json.loads((folder / "truth.json").read_text())
    stages = [_reached(path, known, path.stem.removeprefix("xl2tpd-lac")) for path in sorted((folder / "logs").glob("xl2tpd-lac*.log"))]
    if stages:
        result.reached = max(stages, key=STAGES.index)
    full = [one for one in known["transfers"] if one["tcp"] and one["tcp"]["sent_bytes"] > 50_000]
    options = folder / "logs" / "ppp-options.cl"
    mtu = re.search(r"^mtu (\d+)", options.read_text(), re.M) if options.exists() else None
    result.mtu = int(mtu[1]) if mtu and full else None


def _reached(path: Path, known: dict[str, list[dict[str, object]]], client: str) -> str:
    passed = any(one["received"] for one in known["pings"] if one["ns"] == f"cl{client}" and str(one["dst"]).startswith("10.99"))
    if passed or any(one["udp"] or one["tcp"] for one in known["transfers"]):
        return "traffic"
    text = path.read_text(errors="replace")
    if "Call established" in text:
        return "l2tp-session"
    return "l2tp-tunnel" if "Connection established" in text else "l2tp-request"
