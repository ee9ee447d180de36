"""The expected IKE SAs of a laboratory capture: from its bytes, the daemons' logs, and what netem was told."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import delays
import ipsec_hand
import ipsec_logs
import lab
from conversations import INITIATOR, OTHER, RESPONDER
from ipsec_hand import AGGRESSIVE, AUTH, CHILD, INFORMATIONAL, KE, MAIN, QUICK, RESPONSE_FLAG, SA, SA_INIT, Ike

STEPS = ("MM1", "AM1", "MM2", "MM3", "MM4", "AM2", "MM5", "AM3", "MM6", "QM1", "QM2", "QM3")
STEPS_V2 = ("IKE_SA_INIT request", "IKE_SA_INIT response", "IKE_AUTH request", "IKE_AUTH response")
NAMES_V2 = {SA_INIT: "IKE_SA_INIT", AUTH: "IKE_AUTH", CHILD: "CREATE_CHILD_SA", 37: "INFORMATIONAL"}
EXCHANGES = {MAIN: "main", AGGRESSIVE: "aggressive", SA_INIT: "ike_sa_init"}
SERVER = "203.0.113.5"
PAIRS = {"MM2": "MM1", "MM3": "MM2", "MM4": "MM3", "MM5": "MM4", "MM6": "MM5", "AM2": "AM1", "AM3": "AM2", "QM2": "QM1", "QM3": "QM2"}
"""Answer -> what it answers."""


@dataclass(frozen=True, slots=True)
class Said:
    """One message in its place."""

    message: Ike
    receiver: str
    name: str
    again: bool
    """Its octets were there before."""


@dataclass(slots=True)
class IkeSa:
    """The messages of one IKE SA at a tap, in file order."""

    initiator_spi: str
    responder_spi: str | None = None
    said: list[Said] = field(default_factory=list)
    asked_first: dict[int, str] = field(default_factory=dict)
    """By message ID of a Quick Mode: the side that asked receives the answer."""

    def count(self, receiver: str, *, again: bool | None = None) -> int:
        """Messages to a side; with *again*, only the repeats, or only the others."""
        return sum(one.receiver == receiver and again in (None, one.again) for one in self.said)

    def furthest(self) -> str:
        """The last step of the set-up that passed."""
        steps = STEPS if self.said[0].message.version == 1 else STEPS_V2
        return max((one.name for one in self.said if one.name in steps), key=steps.index)

    def children(self) -> int:
        """Exchanges that make child SAs: Quick Modes, IKE_AUTH, CREATE_CHILD_SA."""
        return len({(one.message.exchange, one.message.message_id) for one in self.said if one.message.exchange in (QUICK, AUTH, CHILD)})

    def firsts(self) -> list[Said]:
        """Each message once."""
        return [one for one in self.said if not one.again]

    def copies(self, one: Said, before: Said) -> int:
        """How often it had passed before another message did."""
        return sum(other.message.octets == one.message.octets for other in self.said[: self.said.index(before)])


@cache
def sas(scenario: str, point: str) -> list[IkeSa]:
    """The IKE SAs of one capture point, in the order of their first messages."""
    found: dict[str, IkeSa] = {}
    for path in lab.files(scenario, point):
        for message in ipsec_hand.ipsec(path):
            if isinstance(message, Ike):
                sa = found.setdefault(message.initiator_spi.hex(), IkeSa(message.initiator_spi.hex()))
                if any(message.responder_spi):
                    sa.responder_spi = message.responder_spi.hex()
                _take(sa, message)
    return list(found.values())


def _take(sa: IkeSa, message: Ike) -> None:
    """In the laboratory the client, which has the address that is not the server's, initiates every IKE SA."""
    receiver = RESPONDER if message.packet.destination == SERVER else INITIATOR
    again = any(one.message.octets == message.octets and one.receiver == receiver for one in sa.said)
    sa.said.append(Said(message, receiver, _name(sa, message, receiver), again))


def _name(sa: IkeSa, message: Ike, receiver: str) -> str:
    if message.version == 2:
        return f"{NAMES_V2[message.exchange]} {'response' if message.flags & RESPONSE_FLAG else 'request'}"
    to_responder = receiver == RESPONDER
    kinds = [kind for kind, _ in message.payloads()]
    if message.exchange == MAIN:
        step = 0 if SA in kinds else 2 if KE in kinds else 4
        return f"MM{step + (1 if to_responder else 2)}"
    if message.exchange == AGGRESSIVE:
        return "AM1" if SA in kinds and to_responder else "AM2" if SA in kinds else "AM3"
    if message.exchange == QUICK:
        same = [one.message.octets for one in sa.said if one.message.message_id == message.message_id and one.receiver == receiver]
        asks = sa.asked_first.setdefault(message.message_id, receiver) == receiver
        return "QM2" if not asks else "QM1" if not same or message.octets == same[0] else "QM3"
    return "INF"


def nat(scenario: str, sa: IkeSa) -> dict[str, bool | lab.Unknown]:
    """Who is behind NAT: what the laboratory built, where this tap has hashes to tell it from.

    A private address whose hash fits tells of a NAT beyond the tap if the other side's hash of it does not fit; a public one
    in the same case may be SoftEther's false hash (field-notes 25), which nothing on the wire tells from a NAT.
    """
    hashes = {one.receiver: found for one in sa.firsts() if (found := ipsec_hand.nat_hashes(one.message)) is not None}
    config: dict[str, dict[str, object]] = lab.truth(scenario)["config"]  # type: ignore[assignment]
    built = {INITIATOR: bool(config["topology"]["nat"]), RESPONDER: False}
    if not hashes:
        return dict.fromkeys(built, lab.Unknown("no message with NAT-D hashes in clear passed"))
    from_client = hashes.get(RESPONDER)
    from_server = hashes.get(INITIATOR)
    known: dict[str, bool | lab.Unknown] = dict(built)
    if from_server is not None and not from_server.other and (from_client is None or from_client.own) and not built[INITIATOR]:
        known[INITIATOR] = lab.Unknown("SoftEther sends a false hash of the client's address")
    return known


def deleted_by(scenario: str, point: str, sa: IkeSa) -> str | None:
    """The side whose DELETE of the IKE SA passed the tap first, by the message IDs in the logs."""
    for one in sa.firsts():
        daemons = (ipsec_logs.SERVER,) if one.receiver == INITIATOR else ipsec_logs.CLIENTS
        for daemon in daemons:
            log = ipsec_logs.read(lab.LAB / scenario, daemon)
            number = log.deletes.get(one.message.message_id) if log else None
            is_request = one.message.version == 1 or not one.message.flags & RESPONSE_FLAG
            if number is not None and is_request and one.name.startswith("INF"):
                return OTHER[one.receiver]
    return None


def round_trip(scenario: str, point: str, sa: IkeSa, side: str) -> lab.RoundTrip:
    """What the tap can measure to one side: the fastest of the exchanges that it answered, and the delay that was set.

    Where the daemon was slow, `path_share` still tells the path apart from the daemon.
    """
    there = path_delay(scenario, point, side)
    trips = exchanges(sa, side)
    fastest = min(trips.values(), default=None)
    delay: float | lab.Unknown = there.delay_s
    tolerance = max(0.001, 0.02 * there.delay_s)
    if fastest is None:
        delay = lab.Unknown("no message that this side answered is in the capture exactly once, with its answer")
    elif fastest - there.delay_s > tolerance:
        delay = lab.Unknown(f"its fastest answer took {(fastest - there.delay_s) * 1000:.1f} ms more than the path: the daemon was slow")
    return lab.RoundTrip(delay, there.delay_s - there.jitter_s, tolerance, fastest)


def path_delay(scenario: str, point: str, side: str) -> delays.Delay:
    """What netem was told between a capture point and a side, there and back."""
    config: dict[str, dict[str, str]] = lab.truth(scenario)["config"]  # type: ignore[assignment]
    return delays.set_delay(config["netem"], delays.place(point), side)


def own_point(scenario: str, sa: IkeSa, side: str) -> str:
    """The capture on the host of a side."""
    if side == RESPONDER:
        return "server.pcap"
    second = {one.initiator_spi for one in sas(scenario, "client2.pcap")}
    return "client2.pcap" if sa.initiator_spi in second else "client.pcap"


def path_share(scenario: str, sa: IkeSa, side: str) -> float | None:
    """The least time that an exchange spent between tap and host: what the tap measures less what the host's own capture does."""
    own = next((one for one in sas(scenario, own_point(scenario, sa, side)) if one.initiator_spi == sa.initiator_spi), None)
    slow = exchanges(own, side) if own is not None else {}
    return min((trip - slow[key] for key, trip in exchanges(sa, side).items() if key in slow), default=None)


def exchanges(sa: IkeSa, side: str) -> dict[tuple[str, int], float]:
    """From a message to *side* to its answer, seconds, by the answer's name and message ID; only if one copy had passed till then (Karn).

    These are the steps of the set-up, Quick Modes, IKEv2 requests, and a refusal in clear of the first message.
    """
    asked = {(one.name, one.message.message_id): one for one in sa.firsts() if one.receiver == side}
    found: dict[tuple[str, int], float] = {}
    for one in sa.firsts():
        number = one.message.message_id
        request = asked.get((_question(one), number if one.message.exchange != INFORMATIONAL else 0))
        if one.receiver != side and request is not None and sa.copies(request, one) == 1:
            found[one.name, number] = (one.message.packet.time - request.message.packet.time) / 1e9
    return found


def _question(one: Said) -> str:
    """The name of what it answers."""
    if one.name == "INF":
        return "" if one.message.encrypted else "MM1"
    return f"{one.name.split()[0]} request" if one.name.endswith(" response") else PAIRS.get(one.name, "")


def dead_peer_checks(scenario: str, sa: IkeSa) -> dict[str, list[tuple[Said, Said | None]]]:
    """By the side that is asked: DPD requests with their answers, by the message IDs in the logs.

    A daemon answers in order. libreswan and SoftEther log no message IDs: of what they ask, the peer's answers tell.
    """
    found: dict[str, list[tuple[Said, Said | None]]] = {INITIATOR: [], RESPONDER: []}
    daemons = {INITIATOR: ipsec_logs.CLIENTS, RESPONDER: (ipsec_logs.SERVER,)}
    for side, checks in found.items():
        asking = _logs(scenario, daemons[OTHER[side]])
        answers = [number for log in _logs(scenario, daemons[side]) for number in log.dpd_answers]
        for one in sa.firsts():
            number = one.message.message_id
            if one.name != "INF" or not one.message.encrypted:
                continue
            if one.receiver == side and (any(number in log.dpd for log in asking) or not asking):
                checks.append((one, None))
            elif one.receiver != side and number in answers and checks:
                checks[-1] = (checks[-1][0], one)
        if not asking:
            found[side] = [check for check in checks if check[1] is not None]
    return found


def _logs(scenario: str, daemons: tuple[str, ...]) -> list[ipsec_logs.Log]:
    return [log for daemon in daemons if (log := ipsec_logs.read(lab.LAB / scenario, daemon)) is not None]
