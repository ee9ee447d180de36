"""What the IKE daemons wrote down: which SAs they had up, which SPIs, what they agreed on, who deleted what."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

CLIENTS = ("cl", "cl2")
SERVER = "sv"
CHILD_UP = re.compile(r"CHILD_SA \S+ established with SPIs (\w+)_i (\w+)_o")
IKE_UP = re.compile(r"^([\d.]+) .*IKE_SA \S+\[(\d+)\] established between")
PROPOSAL = re.compile(r"selected proposal: IKE:(\S+)")
LIFETIME = re.compile(r"maximum IKE_SA lifetime (\d+)s")
DELETES = re.compile(r"sending DELETE for IKE_SA \S+\[(\d+)\]")
GENERATED = re.compile(r"\[ENC\] generating (\w+) (request|response) (\d+) \[(.*)\]")
ANSWERED = re.compile(r"\[ENC\] parsed (?:QUICK_MODE|IKE_AUTH|CREATE_CHILD_SA) response (\d+) ")
DPD_SENT = re.compile(r"\[ENC\] generating INFORMATIONAL_V1 request (\d+) \[ HASH N\(DPD\) \]")
DPD_ANSWER = re.compile(r"\[ENC\] generating INFORMATIONAL_V1 request (\d+) \[ HASH N\(DPD_ACK\) \]")
PLUTO_CHILD = re.compile(r"IPsec SA established transport mode \{ESPinUDP=>0x(\w+) <0x(\w+)")


@dataclass(frozen=True, slots=True)
class ChildUp:
    """A pair of SAs as one daemon made it; each side chooses the SPI of what it receives."""

    message_id: int
    """Of the exchange that made it."""
    inbound: str
    outbound: str


@dataclass(slots=True)
class Log:
    """One daemon's word."""

    children: list[ChildUp] = field(default_factory=list)
    ike_up: list[int] = field(default_factory=list)
    """Its own numbers of the IKE SAs it had up."""
    proposals: list[str] = field(default_factory=list)
    lifetime_s: int | None = None
    """Of an IKE SA."""
    deletes: dict[int, int] = field(default_factory=dict)
    """Message ID of the INFORMATIONAL that deletes an IKE SA -> the daemon's number of that SA."""
    dpd: list[int] = field(default_factory=list)
    """Message IDs of its own DPD requests (IKEv1)."""
    dpd_answers: list[int] = field(default_factory=list)


@cache
def read(folder: Path, daemon: str) -> Log | None:
    """The log of one strongSwan; None: there is none."""
    path = folder / "logs" / f"charon-{daemon}.log"
    if not path.exists():
        return None
    log, deleting, answered = Log(), None, 0
    for line in path.read_text(errors="replace").splitlines():
        if found := ANSWERED.search(line):
            answered = int(found[1])
        _sas(line, log, answered)
        if found := DELETES.search(line):
            deleting = int(found[1])
        elif (found := GENERATED.search(line)) and found[1].startswith("INFORMATIONAL") and deleting is not None:
            log.deletes[int(found[3])] = deleting
            deleting = None
        if found := DPD_SENT.search(line):
            log.dpd.append(int(found[1]))
        elif found := DPD_ANSWER.search(line):
            log.dpd_answers.append(int(found[1]))
    return log


def _sas(line: str, log: Log, answered: int) -> None:
    """What a line says of SAs that came up; of a rekeyed child SA in IKEv2 it says so for each direction, which is one pair."""
    if found := CHILD_UP.search(line):
        pair = ChildUp(answered, f"0x{found[1]}", f"0x{found[2]}")
        if all((one.inbound, one.outbound) != (pair.inbound, pair.outbound) for one in log.children):
            log.children.append(pair)
    elif found := IKE_UP.search(line):
        log.ike_up.append(int(found[2]))
    elif found := PROPOSAL.search(line):
        log.proposals.append(found[1])
    elif found := LIFETIME.search(line):
        log.lifetime_s = int(found[1])


def pluto_children(folder: Path) -> list[tuple[str, str]]:
    """Pairs that libreswan had up: (inbound, outbound)."""
    path = folder / "logs" / "pluto-sv.log"
    text = path.read_text(errors="replace") if path.exists() else ""
    return [(f"0x{found[2]}", f"0x{found[1]}") for found in PLUTO_CHILD.finditer(text)]


def pairs(folder: Path, client: str = "cl") -> list[tuple[str, str]]:
    """SPI to the responder and SPI to the initiator of each pair of SAs that a client had up, in the order they were made."""
    log = read(folder, client)
    return [(one.outbound, one.inbound) for one in log.children] if log else []
