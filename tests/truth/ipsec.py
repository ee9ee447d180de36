"""The laboratory captures with IPsec, and what each client's connection consists of, how far it got and who ended it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import esp_facts
import ike_facts
import ipsec_logs
import lab

POINTS = ("client.pcap", "client2.pcap", "nat_outside.pcap", "wan.pcap", "server.pcap", "server_any.pcap")

SCENARIOS = sorted(path.parent.parent.name for path in lab.LAB.glob("*/logs/ipsec-cl.conf"))

CASES = [(scenario, point) for scenario in SCENARIOS for point in POINTS if lab.files(scenario, point)]

Key = tuple[frozenset[str], frozenset[str], frozenset[tuple[int | None, int | None]]]
"""Initiator SPIs of its IKE SAs, SPIs of its ESP SAs, ids of its tunnels in clear."""


@dataclass(frozen=True, slots=True)
class Connection:
    """What belongs to one client's connection, as far as it passed the tap."""

    client: str
    ike: tuple[str, ...]
    """Initiator SPIs, in order."""
    pairs: tuple[tuple[str, str], ...]
    """SPI to the server and SPI to the client, in the order they were made; those of which at least one carried something."""
    tunnels: tuple[tuple[int | None, int | None], ...]
    """Ids of the tunnels in clear."""

    def key(self, spis: set[str]) -> Key:
        """What it is told by; *spis*: those that carried something."""
        return frozenset(self.ike), frozenset(spi for pair in self.pairs for spi in pair if spi in spis), frozenset(self.tunnels)


APART = {"f_ike_id_mismatch_then_clear"}
"""IKE failed before anything was protected, then the client dialled in clear: two attempts, which only the addresses have in common."""


@cache
def connections(scenario: str, point: str) -> list[Connection]:
    """The connections of one capture point."""
    passed = set(esp_facts.sas(scenario, point))
    clear = tuple((one.initiator_id, one.responder_id) for one in lab.expected(scenario, point)) if (scenario, point) in lab.CASES else ()
    found = []
    for client in ipsec_logs.CLIENTS:
        own = {sa.initiator_spi for sa in ike_facts.sas(scenario, "client.pcap" if client == "cl" else "client2.pcap")}
        ike = tuple(sa.initiator_spi for sa in ike_facts.sas(scenario, point) if sa.initiator_spi in own)
        pairs = tuple(pair for pair in ipsec_logs.pairs(lab.LAB / scenario, client) if passed & set(pair))
        if ike or pairs:
            found.append(Connection(client, ike, pairs, () if scenario in APART else clear))
    return found + ([Connection("cl", (), (), clear)] if scenario in APART else [])


@dataclass(frozen=True, slots=True)
class End:
    """What may be said of a connection; the first is the truth, the others say less, never more."""

    stages: tuple[str, ...]
    outcomes: tuple[str, ...]
    closed_by: tuple[str | None, ...]
    why: str


WHOLE = ("traffic", "l2tp-session", "esp")
"""Pings of the size of what sets PPP up prove no traffic; and where nothing proves transport mode, ESP is all that is certain."""
CLEAN = "the client hung up, then deleted its SAs"
HEALTHY = End(WHOLE, ("closed",), ("client",), CLEAN)

ENDS: dict[tuple[str, str], End] = {
    ("f_4500_blocked", "cl"): End(("ike-authentication",), ("failed",), (None,), "message 5 is sent again and again"),
    ("f_dpd_timeout", "cl"): End(
        WHOLE, ("lost",), (None,), "the path from the server is cut; what the server deletes much later never arrives"
    ),
    ("f_ike_filtered", "cl"): End(("ike-request",), ("unanswered",), (None,), "message 1 is filtered behind every tap"),
    ("f_ike_id_mismatch_then_clear", "cl"): End(
        ("ike-authentication", "ike-sa"),
        ("failed", "closed"),
        ("client",),
        "the client refuses the server's identity; from outside message 6 completes the IKE SA, which it then deletes",
    ),
    ("f_no_proposal_ike", "cl"): End(("ike-request",), ("refused",), ("server",), "an error in clear answers message 1"),
    ("f_pfs_mismatch", "cl"): End(
        ("child-request",),
        ("failed",),
        ("server", None),
        "Quick Mode is refused; the lonely DELETE of the server's end has the length of a DPD request",
    ),
    ("f_sa_deleted", "cl"): End(
        WHOLE, ("lost", "closed"), (None, "server"), "the server lost its SAs: its side falls silent, and it deletes the IKE SA in the end"
    ),
    ("f_sha2_truncation", "cl"): End(
        ("l2tp-request", "esp"), ("closed", "failed"), ("client",), "nothing ever comes back; the client gives up"
    ),
    ("f_wrong_psk", "cl"): End(("ike-authentication",), ("refused", "failed"), ("server", None), "an INFORMATIONAL answers message 5"),
    ("l2tpipsec_ikev2", "cl"): End(
        WHOLE,
        ("closed", "up"),
        ("client", None),
        "a DELETE of the IKE SA is as long as an empty INFORMATIONAL, and the last of several",
    ),
    ("l2tpipsec_nat_timeout", "cl"): End(
        WHOLE,
        ("closed", "lost"),
        ("server", None),
        "the server gave its tunnel up while the NAT had forgotten the client, and is the first to delete the SAs",
    ),
    ("two_nat", "cl"): End(WHOLE, ("lost", "closed"), (None, "server"), "cut by the second client's policy on the server"),
    ("two_nat", "cl2"): End(
        ("l2tp-session", "esp"),
        ("closed", "lost"),
        ("client", "server", None),
        "its StopCCN is inside ESP; in sight is the server's DELETE, 3 s later",
    ),
}
"""By scenario and client, where it is not HEALTHY. Judged by hand from logs and captures, each with why."""

AT_POINT: dict[tuple[str, str], End] = {
    ("f_4500_blocked", "server.pcap"): End(
        ("ike-keys",), ("opening", "failed"), (None,), "nothing on port 4500 arrives; the capture ends at once"
    ),
}
"""Where a capture point knows less."""

AFTER_APART = End(("traffic", "l2tp-session"), ("closed",), ("client",), "the tunnel in clear: pings went through it, the client hung up")


def end(scenario: str, point: str, connection: Connection) -> End:
    """What may be said of a connection at a capture point."""
    if scenario in APART and not connection.ike:
        return AFTER_APART
    return AT_POINT.get((scenario, point)) or ENDS.get((scenario, connection.client), HEALTHY)


STATES: dict[str, tuple[tuple[str, ...], ...]] = {
    "f_4500_blocked": (("failed", "opening"),),
    "f_dpd_timeout": (("lost", "closed"),),
    "f_ike_filtered": (("unanswered",),),
    "f_ike_id_mismatch_then_clear": (("failed", "closed"),),
    "f_no_proposal_ike": (("refused",),),
    "f_pfs_mismatch": (("closed", "established"),),
    "f_wrong_psk": (("refused", "failed"),),
    "l2tpipsec_ikev2": (("closed", "established"),),
    "rekey": (("replaced",), ("closed",)),
}
"""Of its IKE SAs in order, with the reasons of ENDS; all others were closed. Only the server of f_dpd_timeout sees its own DELETE."""


def states(scenario: str, point: str) -> tuple[tuple[str, ...], ...]:
    """What may be said of the state of each IKE SA."""
    return STATES.get(scenario, (("closed",),) * len(ike_facts.sas(scenario, point)))
