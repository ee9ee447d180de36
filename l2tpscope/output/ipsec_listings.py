"""The tables of IPsec on the terminal: connections, IKE SAs and messages, ESP SAs, and what ciphertext shows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from l2tpscope.analysis.rows import EspSaRow, IkeMessageRow, IkeSaRow, InferenceRow, VpnRow
from l2tpscope.core.runs import numbers
from l2tpscope.output.blocks import Cell
from l2tpscope.output.ipsec import agreed
from l2tpscope.output.shown import Shown, arrow, instant, known, left, right, second
from l2tpscope.output.stages import reached
from l2tpscope.output.values import UNKNOWN, count, duration, milliseconds, percent, short
from l2tpscope.output.words import both, cut, host

LONG = 300
"""What peers sent is cut to this many columns: lists of vendor IDs are long."""
WINDOWS = (32, 64, 128, 1024)


def _between(row: IkeSaRow) -> str:
    return f"{host(row.initiator)} → {host(row.responder)}" + (" ?" if row.roles == "guessed" else "")


def _payloads(row: IkeMessageRow) -> str:
    return "encrypted" if row.encrypted and not row.payloads else cut(", ".join(row.payloads))


def _lost(row: EspSaRow) -> str:
    return UNKNOWN if row.lost is None else f"{count(row.lost)}/{count(row.expected)} {percent(row.loss_ratio)} %"


LISTINGS: dict[str, Sequence[Shown]] = {
    "vpns": (
        right("#", lambda row: str(row.vpn)),
        left("client → server", lambda row: f"{host(row.client)} → {host(row.server)}", elastic=True),
        left("kind", lambda row: row.kind),
        left("NAT", lambda row: known(row.nat)),
        left("reached", reached),
        left("outcome", lambda row: row.outcome),
        left("opened (UTC)", lambda row: second(row.opened)),
    ),
    "ike_sas": (
        right("#", lambda row: str(row.ike_sa)),
        right("vpn", lambda row: known(row.vpn)),
        left("initiator → responder", _between, elastic=True),
        left("state", lambda row: row.state),
        left("last step", lambda row: known(row.furthest), elastic=True),
        left("opened (UTC)", lambda row: second(row.opened)),
        right("set-up", lambda row: duration(row.setup_s)),
        right("again →/←", lambda row: both(row.retransmissions_to_responder, row.retransmissions_to_initiator)),
    ),
    "ike_messages": (
        right("frame", lambda row: str(row.frame)),
        left("time (UTC)", lambda row: instant(row.time)),
        right("SA", lambda row: str(row.ike_sa)),
        left("", arrow),
        left("name", lambda row: row.name, elastic=True),
        right("octets", lambda row: count(row.octets)),
        left("payloads in clear", _payloads, elastic=True),
        left("fit", lambda row: row.fit if row.retransmission_of is None else f"again ({row.retransmission_of})"),
        right("answers", lambda row: known(row.reply_to)),
    ),
    "esp_sas": (
        right("#", lambda row: str(row.esp_sa)),
        right("vpn", lambda row: known(row.vpn)),
        left("SPI", lambda row: row.spi),
        left("source → destination", lambda row: f"{host(row.source)} → {host(row.destination)}", elastic=True),
        left("over", lambda row: "ah" if row.protocol == "ah" else {"esp": "ip"}.get(row.encapsulation, row.encapsulation)),
        left("first (UTC)", lambda row: second(row.first)),
        right("packets", lambda row: short(row.packets)),
        right("lost", _lost),
    ),
    "inferences": (
        right("vpn", lambda row: known(row.vpn)),
        left("subject", lambda row: row.subject),
        left("inference", lambda row: row.inference),
        left("grade", lambda row: row.grade),
        left("value", lambda row: row.value, elastic=True),
        left("since (UTC)", lambda row: second(row.time)),
        right("frame", lambda row: known(row.frame)),
    ),
}
"""What each of these tables shows on a page."""


# ---- what stands under a row -----------------------------------------------------------------------------------------


def _vpn(row: VpnRow) -> list[Cell]:
    """What it is made of, and how each link is known."""
    members = (("ike_sa", row.ike_sas), ("esp_sa", row.esp_sas), ("tunnel", row.tunnels), ("session", row.sessions))
    made_of = [f"{name}{'s' if len(which) > 1 else ''} {numbers(which)}" for name, which in members if which]
    packets = f"packets → {count(row.packets_to_server)}, ← {count(row.packets_to_client)}"
    twin = [f"{count(row.twin_packets)} of them twice, as ESP and in clear"] if row.twin else []
    ended = [f"closed by the {row.closed_by}"] if row.closed_by else []
    about = [Cell("; ".join([*made_of, packets, *twin, *([row.use] if row.use else []), *ended]), "dim")]
    return about + [Cell(f"- {link}", "dim") for link in _links(row.linked_by)]


def _links(links: Sequence[str]) -> list[str]:
    """What is known in the same way on one line: a connection that rekeys all day has many alike."""
    alike: dict[str, list[str]] = defaultdict(list)
    for link in links:
        subject, _, how = link.partition(": ")
        alike[how].append(subject)
    return [f"{cut('; '.join(subjects), LONG)}: {how}" if how else "; ".join(subjects) for how, subjects in alike.items()]


def _ike(row: IkeSaRow) -> list[Cell]:
    """What was chosen, who they are, how it ended, and what they said in clear."""
    spis = f"SPIs {row.initiator_spi} {row.responder_spi or UNKNOWN}"
    ended = [f"{row.state} by the {row.closed_by}"] if row.closed_by else []
    lines = [f"{agreed(row)}; {_nat(row)}", "; ".join([spis, f"{count(row.messages)} messages", *_counted(row), *ended])]
    for name in ("initiator", "responder"):
        who = [getattr(row, f"{name}_implementation"), getattr(row, f"{name}_id")]
        lines += [f"{name}: {', '.join(cut(each) for each in who if each)}"] if any(who) else []
    lines += [*_by_side("vendor IDs", row.vendor_ids), *_by_side("notifies", row.notifies)]
    return [Cell(line, "dim") for line in lines]


def _nat(row: IkeSaRow) -> str:
    words = {True: "behind NAT", False: "no NAT", None: "NAT not to be told"}
    initiator, responder = words[row.nat_initiator], words[row.nat_responder]
    both_sides = initiator if initiator == responder else f"initiator {initiator}, responder {responder}"
    return both_sides + (", port 4500" if row.natt else "")


def _by_side(what: str, said: Sequence[str]) -> list[str]:
    """What each side sent in clear: `vendor IDs of the initiator: XAUTH; ...`."""
    sides = {name: [each.removeprefix(f"{name}: ") for each in said if each.startswith(f"{name}: ")] for name in ("initiator", "responder")}
    return [f"{what} of the {name}: {cut('; '.join(sent), LONG)}" for name, sent in sides.items() if sent]


def _counted(row: IkeSaRow) -> list[str]:
    counts = [f"child exchanges {count(row.child_exchanges)}"] if row.child_exchanges else []
    counts += [f"dead peer checks {count(row.dead_peer_checks)}"] if row.dead_peer_checks else []
    least = (row.rtt_initiator_side_min_s, row.rtt_responder_side_min_s)
    if any(each is not None for each in least):
        counts.append(f"least rtt initiator {milliseconds(least[0])} ms, responder {milliseconds(least[1])} ms")
    return counts


def _odd(row: IkeMessageRow) -> list[Cell]:
    return [Cell(anomaly, "warn") for anomaly in row.anomalies]


def _esp(row: EspSaRow) -> list[Cell]:
    """Where it comes from, its numbers, and what its lengths show."""
    origin = _origin(row)
    origin += [f"took the place of esp_sa {row.replaces}"] if row.replaces is not None else []
    said = [
        f"numbers {known(row.first_sequence)} to {known(row.last_sequence)}"
        + ("" if row.birth_seen else ", its begin is not in the capture")
    ]
    said += [f"{count(getattr(row, name))} {name}" for name in ("reordered", "duplicate", "pending") if getattr(row, name)]
    said += [f"{row.epochs} epochs"] if row.epochs > 1 else []
    said += [f"moved {row.moves} times"] if row.moves else []
    said += [f"block {row.cipher_block_octets}"] if row.cipher_block_octets else []
    said += [f"ICV {row.icv_octets}"] if row.icv_octets else []
    said += [f"largest {count(row.largest_octets)} octets"] if row.largest_octets else []
    dropped = [(window, getattr(row, f"replay_dropped_{window}") or 0) for window in WINDOWS]
    if any(packets for _, packets in dropped):
        said.append("a replay window would drop " + ", ".join(f"{count(packets)} ({window})" for window, packets in dropped))
    return [Cell("; ".join(origin), "dim"), Cell("; ".join(said), "dim")]


def _origin(row: EspSaRow) -> list[str]:
    """Its other direction and the IKE SA that made it, with how that is known, once where it is the same."""
    pair = "no pair seen" if row.pair is None else f"pair esp_sa {row.pair}"
    if row.ike_sa is None:
        return [f"{pair}{_how(row.pair_linked_by)}"]
    if row.pair is None or row.pair_linked_by == row.ike_linked_by:
        return [f"{pair}, of ike_sa {row.ike_sa}{_how(row.ike_linked_by)}"]
    return [f"{pair}{_how(row.pair_linked_by)}", f"of ike_sa {row.ike_sa}{_how(row.ike_linked_by)}"]


def _how(linked_by: str | None) -> str:
    return f" ({linked_by})" if linked_by else ""


def _inference(row: InferenceRow) -> list[Cell]:
    return [Cell(row.rule, "dim")] + ([Cell(f"or: {row.against}", "dim")] if row.against else [])


DETAILS: Mapping[str, Callable[[Any], Sequence[Cell]]] = {
    "vpns": _vpn,
    "ike_sas": _ike,
    "ike_messages": _odd,
    "esp_sas": _esp,
    "inferences": _inference,
}
