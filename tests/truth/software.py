"""The mystery test: whose software each peer is, in every capture whose peers are known, and how often that was named right.

    python tests/truth/software.py

The laboratory's peers are known from the logs of the daemons that ran, the public ones as `PUBLIC` says. What is not named counts half,
what is named wrong counts against. A peer that said anything counts once for each capture point and each way in which it was named there,
however many tunnels or IKE SAs it had: floods do not outvote the rest.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import lab

import l2tpscope

PUBLIC_CAPTURES = lab.LAB.parent / "public"
POINTS = ("client.pcap", "wan.pcap", "server.pcap", "nat_outside.pcap")
Names = tuple[str, ...]
SERVER, CLIENTS = "203.0.113.", ("198.51.100.", "192.168.77.")
"""Addresses of the laboratory's hosts, in clear or behind the NAT."""
NOBODY: Names = ()
"""A generator of packets: whatever it is called is wrong."""

L2TP_DAEMONS: dict[str, dict[str, Names]] = {
    "initiator": {"xl2tpd-lac.log.ts": ("xl2tpd",), "kl2tpd.toml": ("go-l2tp",)},
    "responder": {"xl2tpd-lns.conf": ("xl2tpd",), "softether.log": ("SoftEther",)},
}
IKE_DAEMONS: dict[str, dict[str, Names]] = {
    "initiator": {"charon-cl.log": ("strongSwan",)},
    "responder": {"charon-sv.log": ("strongSwan",), "pluto-sv.log": ("Libreswan",), "softether.log": ("SoftEther",)},
}
"""By side: what a daemon of that host left among the logs, and what it may be called."""
GENERATED = ("atk_sccrq_flood",)
"""Scenarios whose initiator is a script that forges messages."""

OPENSWAN: Names = ("Openswan", "Openswan or Libreswan")
UNIT_TEST = "written by Openswan's own code, in its unit tests"
PUBLIC: tuple[tuple[str, str, str, Names, str], ...] = (
    ("c001", "tunnels", "initiator", ("Windows", "Windows 2000 or XP"), "its PPP says MSRASV5.10 and an NT host name"),
    ("c001", "tunnels", "responder", ("Cisco", "Cisco IOS"), "its Vendor Name; the collection's note"),
    ("c044", "ike_sas", "initiator", OPENSWAN, "its vendor ID begins with OE, of the Openswan project"),
    ("c065", "ike_sas", "initiator", ("strongSwan",), "its vendor ID is the hash of the word strongSwan"),
    ("c065", "ike_sas", "responder", ("strongSwan",), "its vendor ID is the hash of the word strongSwan"),
    ("c078", "ike_sas", "initiator", OPENSWAN, "its vendor ID is the hash of Openswan 2.6.32"),
    ("c097", "ike_sas", "initiator", OPENSWAN, UNIT_TEST),
    ("c098", "ike_sas", "initiator", OPENSWAN, UNIT_TEST),
    ("c099", "ike_sas", "initiator", OPENSWAN, UNIT_TEST),
    ("c100", "ike_sas", "initiator", OPENSWAN, UNIT_TEST),
    ("c101", "ike_sas", "responder", OPENSWAN, UNIT_TEST),
    ("c102", "ike_sas", "responder", OPENSWAN, UNIT_TEST),
    ("c108", "ike_sas", "initiator", OPENSWAN, UNIT_TEST),
    ("c109", "ike_sas", "initiator", (*OPENSWAN, "Libreswan"), "one of Libreswan's recorded inputs for pluto"),
    ("c110", "ike_sas", "initiator", ("Windows", "Windows 7 or 8", "Windows 7"), "AuthIP, which only Windows speaks; the path says so"),
    ("c111", "ike_sas", "initiator", (*OPENSWAN, "Libreswan"), "one of Libreswan's recorded inputs for pluto"),
)
"""Capture, table, side, names that are right, how that is known without this program."""


@dataclass(slots=True)
class Score:
    """How one kind of peer was named."""

    counts: Counter[str] = field(default_factory=Counter)
    """`right`, `unknown`, `wrong`."""
    mistakes: list[str] = field(default_factory=list)
    graded: list[str] = field(default_factory=list)
    """The mistakes that were not mere hints."""
    counted: set[tuple[Path, str, str, str | None]] = field(default_factory=set)
    """Capture, table, side and name."""

    @property
    def points(self) -> float:
        """Of 1: right counts 1, unknown a half, wrong -1."""
        return (self.counts["right"] + self.counts["unknown"] / 2 - self.counts["wrong"]) / max(1, self.counts.total())

    def take(self, path: Path, table: str, side: str, row: Any, right: Names) -> None:
        """One peer, as it was named."""
        name, grade = named(row, side)
        if (path, table, side, name) in self.counted:
            return
        self.counted.add((path, table, side, name))
        verdict = "unknown" if name is None and right else "right" if name in right or name is None else "wrong"
        self.counts[verdict] += 1
        if verdict == "wrong":
            where = f"{path.parent.name}/{path.name} {table} {side}"
            self.mistakes.append(f"{where}: {name} ({grade}), not {' or '.join(right) or 'to be named'}")
            self.graded += [self.mistakes[-1]] if grade in ("certain", "likely") else []


@cache
def report(path: Path) -> Any:
    """The program's report."""
    return l2tpscope.read(str(path))


def laboratory() -> list[tuple[str, Path]]:
    """Scenario and capture, of every capture point."""
    return [(folder.name, folder / point) for folder in sorted(lab.LAB.iterdir()) for point in POINTS if (folder / point).exists()]


def daemon(scenario: str, row: Any, side: str, left: dict[str, dict[str, Names]]) -> Names | None:
    """What the daemon of the host on that side may be called; None where none is known to have run."""
    address = getattr(row, side)
    side = "responder" if address.startswith(SERVER) else "initiator" if address.startswith(CLIENTS) else side
    if side == "initiator" and scenario in GENERATED:
        return NOBODY
    return next((names for file, names in left[side].items() if (lab.LAB / scenario / "logs" / file).exists()), None)


def heard(row: Any, side: str) -> bool:
    """Whether the peer said anything in that tunnel or IKE SA."""
    if hasattr(row, "messages_to_responder"):
        return bool(row.messages_to_responder if side == "initiator" else row.messages_to_initiator)
    return side == "initiator" or row.responder_spi is not None


def named(row: Any, side: str) -> tuple[str | None, str | None]:
    """Name and grade; that of an IKE peer is not graded, and so is taken for certain."""
    return getattr(row, f"{side}_implementation"), getattr(row, f"{side}_implementation_grade", "certain")


@cache
def score_all() -> dict[str, Score]:
    """By kind of peer: laboratory and public, L2TP and IKE, and what it is."""
    scores: dict[str, Score] = {}
    for scenario, path in laboratory():
        for table, left in (("tunnels", L2TP_DAEMONS), ("ike_sas", IKE_DAEMONS)):
            for row in report(path).rows(table):
                for side in ("initiator", "responder"):
                    right = daemon(scenario, row, side, left)
                    if right is not None and heard(row, side):
                        kind = f"laboratory {'L2TP' if table == 'tunnels' else 'IKE'}: {' or '.join(right) or 'a script'}"
                        scores.setdefault(kind, Score()).take(path, table, side, row, right)
    for capture, table, side, right, _ in PUBLIC:
        (path,) = PUBLIC_CAPTURES.glob(f"{capture}__*")
        for row in report(path).rows(table):
            if heard(row, side):
                kind = f"public {'L2TP' if table == 'tunnels' else 'IKE'}: {right[0]}"
                scores.setdefault(kind, Score()).take(path, table, side, row, right)
    return scores


def main() -> None:
    """The table."""
    scores = score_all()
    for kind, score in sorted(scores.items()):
        counts = score.counts
        print(f"{kind:34} {counts['right']:5} right {counts['unknown']:4} unknown {counts['wrong']:3} wrong   {score.points:5.2f}")
        for mistake in score.mistakes:
            print(f"    {mistake}")
    total = Counter[str]()
    for score in scores.values():
        total += score.counts
    whole = Score(total)
    print(f"{'all':34} {total['right']:5} right {total['unknown']:4} unknown {total['wrong']:3} wrong   {whole.points:5.2f}")


if __name__ == "__main__":
    main()
