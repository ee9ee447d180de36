"""What the daemons themselves wrote down: tunnels and sessions they had up, and what their peers told them on closing."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

SIDES = {"xl2tpd-lac.log.ts": "initiator", "kl2tpd.log.ts": "initiator", "xl2tpd-lns.log.ts": "responder"}

TUNNEL_UP = re.compile(r"Connection established to \S+, \d+\.  Local: (\d+), Remote: (\d+)")
SESSION_UP = re.compile(r"Call established with [\d.]+,(?: PID: \d+,)? Local: (\d+), Remote: (\d+)")
MESSAGE = re.compile(r"message_type_avp: message type (\d+) ")
TOLD = re.compile(r"result_code_avp: peer closing for reason (\d+) \(.*?\), error = (\d+)")
GO_UP = re.compile(r'message="session up".* tunnel_id=(\d+) session_id=(\d+) peer_tunnel_id=(\d+) peer_session_id=(\d+)')


@dataclass(slots=True)
class Log:
    """One daemon's word; pairs are (its own id, its peer's id)."""

    side: str
    tunnels: set[tuple[int, int]] = field(default_factory=set)
    sessions: set[tuple[int, int]] = field(default_factory=set)
    told: list[tuple[int, int, int]] = field(default_factory=list)
    """Message type, result code and error code of each StopCCN (4) and CDN (14) that it read from its peer, in order."""


def read(folder: Path) -> dict[str, Log]:
    """The logs of a scenario, by side; a daemon without a log has none."""
    return {side: _read(folder / "logs" / name, side) for name, side in SIDES.items() if (folder / "logs" / name).exists()}


def _read(path: Path, side: str) -> Log:
    log, kind = Log(side), 0
    for line in path.read_text(errors="replace").splitlines():
        if found := TUNNEL_UP.search(line):
            log.tunnels.add((int(found[1]), int(found[2])))
        elif found := SESSION_UP.search(line):
            log.sessions.add((int(found[1]), int(found[2])))
        elif found := GO_UP.search(line):
            log.tunnels.add((int(found[1]), int(found[3])))
            log.sessions.add((int(found[2]), int(found[4])))
        elif found := MESSAGE.search(line):
            kind = int(found[1])
        elif found := TOLD.search(line):
            log.told.append((kind, int(found[1]), int(found[2])))
    return log
