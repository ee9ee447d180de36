"""What the summary says of the IPsec of one connection: what IKE agreed on, what ESP lost, what its ciphertext shows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from l2tpscope.analysis.rows import Direction, EspSaRow, IkeSaRow, InferenceRow, LossRow, Measures, RttRow, VpnRow
from l2tpscope.analysis.rtt import Statistic, statistics
from l2tpscope.analysis.wilson import wilson
from l2tpscope.output.blocks import Cell, Tone
from l2tpscope.output.stages import UNUSED, errors, value
from l2tpscope.output.values import count, duration, interval
from l2tpscope.output.words import both, cut

WAYS: tuple[tuple[Direction, str], ...] = (("to_responder", "→"), ("to_initiator", "←"))
TOLD: Mapping[str, Tone] = {
    "icv-mismatch": "bad",
    "rekey": "warn",
    "padding": "warn",
    "stage": "",
    "heartbeat": "",
    "mtu": "",
    "cipher": "dim",
}
"""Inferences that the summary tells, the most urgent first, and their tone; the others are in their table."""
URGENT = ("icv-mismatch", "rekey")
"""Those told before anything else."""
OF_A_KIND = 2
"""Inferences of one kind that are told of one connection."""
FAILED = "failed"
"""How the value of a rekeying begins that the summary tells: those that worked are counted."""
REASONED = ("icv-mismatch", "padding", "rekey")
"""Those told with their rule: a reader will want to doubt them."""


@dataclass(slots=True)
class Parts:
    """The rows that belong to one connection."""

    ike: list[IkeSaRow] = field(default_factory=list)
    esp: list[EspSaRow] = field(default_factory=list)
    loss: list[LossRow] = field(default_factory=list)
    inferences: list[InferenceRow] = field(default_factory=list)


def parts(measures: Measures) -> dict[int, Parts]:
    """The rows of every connection, by its number."""
    found: dict[int, Parts] = defaultdict(Parts)
    vpn_of = {}
    for ike in measures.ike_sas:
        if ike.vpn is not None:
            found[ike.vpn].ike.append(ike)
    for esp in measures.esp_sas:
        if esp.vpn is not None:
            vpn_of[esp.esp_sa] = esp.vpn
            found[esp.vpn].esp.append(esp)
    for loss in measures.loss:
        if loss.space == "esp" and loss.esp_sa in vpn_of:
            found[vpn_of[loss.esp_sa]].loss.append(loss)
    for inference in measures.inferences:
        if inference.vpn is not None:
            found[inference.vpn].inferences.append(inference)
    return found


def trips(measures: Measures) -> list[Statistic]:
    """Round trips of IKE and ESP by connection; those of heartbeats, which only lengths and times pair, have a kind of their own."""
    of_ike = {row.ike_sa: row.vpn for row in measures.ike_sas}
    of_esp = {row.esp_sa: row.vpn for row in measures.esp_sas}

    def vpn(row: RttRow) -> int | None:
        return of_ike.get(row.ike_sa) if row.ike_sa is not None else of_esp.get(row.esp_sa or 0)

    rows = (row for row in measures.rtt if vpn(row) is not None)
    return statistics((replace(row, quality="clean") if row.quality == "inferred" else row for row in rows), vpn)


def facts(row: VpnRow, of: Parts) -> list[Cell]:
    """What is to be said of a connection beside its line, the most urgent first."""
    told = [*_wrong(row, of), *_silent(row, of), *lost(of.loss), *_ike(of.ike), *_nat(row, of.ike), *_roles(row, of.ike), *_changes(of)]
    if row.twin:
        told.append(Cell(f"twin: {count(row.twin_packets)} packets are in the capture twice, as ESP and in clear; counted once", "dim"))
    reasoned = (*REASONED, "stage") if row.stage in UNUSED else REASONED
    return [*told, *_concluded(of.inferences, [name for name in TOLD if name not in URGENT], reasoned)]


def facts_of_many(row: VpnRow, of: Parts) -> list[Cell]:
    """What is to be said of one of many: what is wrong, and what it may share with the others."""
    return [*_wrong(row, of), *_silent(row, of), *(Cell(agreed(one), "dim") for one in of.ike[-1:])]


def together(several: Iterable[Parts]) -> list[Cell]:
    """Of many connections together: what ESP lost, what IKE sent again."""
    there = list(several)
    lines = lost([row for of in there for row in of.loss])
    again = [_again(of.ike) for of in there]
    if any(map(any, again)):
        which = f"in {count(sum(map(any, again)))} of {count(len(there))} vpns"
        lines.append(Cell(f"IKE messages sent again {which}: →/← {both(*map(sum, zip(*again, strict=True)))}", "warn"))
    return lines


def _wrong(row: VpnRow, of: Parts) -> list[Cell]:
    """What must not be overlooked: ICVs that do not fit, a rekeying that failed, errors that are not the end that is told already."""
    said = [] if row.outcome == "refused" else list(dict.fromkeys(notify for ike in of.ike for notify in errors(ike)))
    lines = [Cell(f"notify from {cut('; '.join(said))}", "warn")] if said else []
    return [*_concluded(of.inferences, URGENT), *lines]


def _silent(row: VpnRow, of: Parts) -> list[Cell]:
    """A side of which no ESP was seen, though the other sent some."""
    there = {esp.direction for esp in of.esp}
    if len(there) != 1:
        return []
    silent = "server" if "to_responder" in there else "client"
    clear = "; what it sent may be there in clear" if row.tunnels else ""
    return [Cell(f"no ESP from the {silent} is in the capture{clear}", "warn")]


# ---- loss ------------------------------------------------------------------------------------------------------------


def totals(rows: Iterable[LossRow], way: Direction) -> tuple[int, int] | None:
    """Lost and expected of all SAs of a direction; None where none of them was measurable."""
    measured = [row for row in rows if row.direction == way and row.measurable and row.lost is not None]
    if not measured:
        return None
    return sum(row.lost or 0 for row in measured), sum(row.expected or 0 for row in measured)


def lost(rows: Sequence[LossRow]) -> list[Cell]:
    """Loss and disorder of ESP in each direction, over all rekeyings."""
    said, tone = [], _tone(rows)
    for way, arrow in WAYS:
        total = totals(rows, way)
        if total is None:
            continue
        missing, expected = total
        ratio = f" {interval(missing / expected, *wilson(missing, expected))}" if missing else ""
        what = f"{count(missing)}/{count(expected)}{ratio}"
        said.append(f"{arrow} {what}{_disorder(row for row in rows if row.direction == way)}")
    lines = [Cell(f"ESP lost before the tap: {'; '.join(said)}", tone)] if said else []
    if any(row.capture_suspect and row.lost for row in rows):
        lines.append(Cell("ESP loss is an upper bound: the capture itself may have lost them", "warn"))
    reasons = dict.fromkeys(row.why_not for row in rows if not row.measurable and row.why_not)
    return lines + [Cell(f"ESP loss not measurable: {why}", "dim") for why in reasons]


def _tone(rows: Iterable[LossRow]) -> Tone:
    return "warn" if any(row.lost or row.reordered or row.duplicate for row in rows) else ""


def _disorder(rows: Iterable[LossRow]) -> str:
    several = list(rows)
    counts = [(name, sum(getattr(row, name) or 0 for row in several)) for name in ("reordered", "duplicate", "pending")]
    return "".join(f", {count(number)} {name}" for name, number in counts if number)


# ---- IKE -------------------------------------------------------------------------------------------------------------


def _ike(rows: Sequence[IkeSaRow]) -> list[Cell]:
    """The last IKE SA: what was chosen, by whom; what had to be sent again, over all of them."""
    lines = [Cell(agreed(row), "dim") for row in rows[-1:]]
    peers = [(name, getattr(row, f"{name}_implementation")) for row in rows[-1:] for name in ("initiator", "responder")]
    if any(made for _, made in peers):
        lines.append(Cell("IKE by " + ", ".join(f"{name} {cut(made, 40)}" for name, made in peers if made), "dim"))
    again = _again(rows)
    return lines + ([Cell(f"IKE messages sent again: →/← {both(*again)}", "warn")] if any(again) else [])


def _again(rows: Iterable[IkeSaRow]) -> tuple[int, int]:
    several = list(rows)
    return sum(row.retransmissions_to_responder for row in several), sum(row.retransmissions_to_initiator for row in several)


def agreed(row: IkeSaRow) -> str:
    """`IKEv1 main: AES-CBC 256, SHA1, MODP-2048, pre-shared key, lifetime 8:00:00`."""
    cipher = " ".join(str(each) for each in (row.encryption, row.key_bits) if each is not None)
    chosen = [each for each in (cipher, row.integrity, row.prf, row.dh_group, row.authentication) if each]
    if row.lifetime_s is not None:
        chosen.append(f"lifetime {duration(float(row.lifetime_s))}")
    kind = f" {row.exchange}" if row.exchange not in (None, "ike_sa_init") else ""
    why_not = "its set-up is not in the capture" if row.exchange is None else "no choice of the responder is in clear"
    return f"IKEv{row.version}{kind}: {', '.join(chosen) or why_not}"


def _roles(row: VpnRow, ike: Sequence[IkeSaRow]) -> list[Cell]:
    """That nothing in the capture tells who called whom; tunnels say it of themselves."""
    guessed = not row.tunnels and all(one.roles == "guessed" for one in ike)
    return [Cell("which side is the client is a guess: no set-up is in the capture", "dim")] if guessed else []


def _nat(row: VpnRow, ike: Sequence[IkeSaRow]) -> list[Cell]:
    """Only what the column cannot say: why it is not known, and port 4500 without NAT."""
    if not ike:
        return [Cell("NAT not to be told: no IKE in the capture", "dim")] if row.esp_sas else []
    if row.nat is None:
        return [Cell("NAT not to be told: no NAT-D hashes of both sides in clear", "dim")]
    if row.nat == "none" and any(one.natt for one in ike):
        return [Cell("on port 4500 although the NAT-D hashes show no NAT", "dim")]
    return []


# ---- in the course of time -------------------------------------------------------------------------------------------


def _changes(of: Parts) -> list[Cell]:
    """Rekeyings, moves, and what a replay window would drop."""
    said = []
    esp = max(sum(row.replaces is not None and row.direction == way for row in of.esp) for way, _ in WAYS)
    ike = sum(row.state == "replaced" for row in of.ike)
    if esp or ike:
        said.append(f"rekeyed: ESP {_times(esp)}, IKE {_times(ike)}")
    moves = max((row.moves for row in of.esp), default=0)
    if moves:
        said.append(f"its outer address or port changed {_times(moves)}")
    lines = [Cell("; ".join(said))] if said else []
    dropped = {window: sum(getattr(row, f"replay_dropped_{window}") or 0 for row in of.esp) for window in (32, 64, 128, 1024)}
    if any(dropped.values()):
        windows = ", ".join(f"{window}: {count(packets)}" for window, packets in dropped.items())
        lines.append(Cell(f"ESP that a receiver would drop, by its replay window, if it came in this order: {windows}", "warn"))
    return lines


def _times(number: int) -> str:
    return "once" if number == 1 else "never" if not number else f"{count(number)} times"


def _concluded(rows: Sequence[InferenceRow], wanted: Sequence[str], reasoned: Sequence[str] = REASONED) -> list[Cell]:
    """Conclusions from ciphertext, each with its grade and, where it is bad news, its rule; those that read alike are one."""
    lines = []
    for name in wanted:
        told = [row for row in rows if row.inference == name and (name != "rekey" or row.value.startswith(FAILED))]
        found = list(dict.fromkeys(_conclusion(row, reasoned) for row in told))
        lines += found[:OF_A_KIND]
        if len(found) > OF_A_KIND:
            more = len(found) - OF_A_KIND
            lines.append(Cell(f"and {more} more conclusion{'s' * (more > 1)} of this kind ({name})", "dim"))
    return lines


def _conclusion(row: InferenceRow, reasoned: Sequence[str]) -> Cell:
    why = f" [{cut(row.rule)}]" if row.inference in reasoned else ""
    tone = TOLD[row.inference]
    return Cell(f"{row.inference} ({row.grade}): {cut(value(row))}{why}", "warn" if tone == "bad" and row.grade == "hint" else tone)
