"""control: a rung for each L2TP control message and each IKE message, retransmissions and acknowledgements folded into it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from l2tpscope.analysis.rows import IkeMessageRow, MessageRow, TunnelRow
from l2tpscope.model.half import ACKNOWLEDGEMENTS
from l2tpscope.output.blocks import Cell
from l2tpscope.output.ladder.copies import SECOND, Copies, grouped, rung
from l2tpscope.output.ladder.model import Rung
from l2tpscope.output.ladder.raw import of_control, of_ike
from l2tpscope.output.ladder.scene import Scene
from l2tpscope.output.stages import NEXT
from l2tpscope.output.words import LONGEST, cut, said
from l2tpscope.wire.ike import Fragment

CHECKS = ("INF", "INFORMATIONAL request", "INFORMATIONAL response")
"""Mostly dead peer detection; what else one is, an inference or an event at its frame says."""
PIECES = frozenset({"SKF", "FRAG"})
"""Payloads whose number only the decoded message tells."""
Acknowledgements = dict[tuple[int, int], list[tuple[MessageRow, Any]]]
"""By tunnel and frame; in several captures frames may have the same number."""


def control_rungs(scene: Scene) -> tuple[list[Rung], int]:
    """The control messages of its tunnels, and how many mere acknowledgements have no rung."""
    rows = zip(scene.report.rows("messages"), scene.decoded("messages"), strict=True)
    pairs = [pair for pair in rows if pair[0].tunnel in scene.tunnels]
    by_frame: Acknowledgements = {}
    for pair in pairs:
        if pair[0].message in ACKNOWLEDGEMENTS:
            by_frame.setdefault((pair[0].tunnel, pair[0].frame), []).append(pair)
    messages = grouped((pair for pair in pairs if pair[0].message not in ACKNOWLEDGEMENTS), lambda row: int(row.tunnel))
    odd = [pair for several in by_frame.values() for pair in several if pair[0].anomalies]
    rungs = [_control(scene, copies, by_frame) for copies in messages] + [_acknowledgement(scene, *pair) for pair in odd]
    return rungs, sum(map(len, by_frame.values())) - len(odd)


def _control(scene: Scene, copies: Copies, by_frame: Acknowledgements) -> Rung:
    first: MessageRow = copies.first
    frame = next((row.acked_by for row in copies.rows if row.acked_by is not None), None)
    notes = [*_acknowledged(first, by_frame.get((first.tunnel, frame), [])), *_who(scene.tunnels[first.tunnel], first)] if frame else []
    notes += [] if frame else list(_who(scene.tunnels[first.tunnel], first))
    if first.fit in ("out-of-order", "violation", "duplicate"):
        notes.append(Cell(first.fit, "warn"))
    return rung(
        scene,
        copies,
        scene.way("tunnels", first.tunnel, first.direction),
        missing="" if frame is not None else "acknowledgement",
        notes=notes,
        label=f"{first.message} Ns {_number(first.ns)} Nr {_number(first.nr)}",
        tag=_tag(scene, first),
        details=_details(scene, copies.decoded),
        quiet=first.message == "HELLO" and len(copies.rows) == 1 and frame is not None,
    )


def _acknowledgement(scene: Scene, row: MessageRow, decoded: Any) -> Rung:
    way = scene.way("tunnels", row.tunnel, row.direction)
    label = f"{row.message} Nr {_number(row.nr)}"
    return rung(scene, Copies([row], decoded), way, label=label, tag=_tag(scene, row), details=_details(scene, decoded))


def _tag(scene: Scene, row: MessageRow) -> str:
    return "L2TP" if len(scene.tunnels) < 2 else f"L2TP t{row.tunnel}"


def _details(scene: Scene, decoded: Any) -> list[str]:
    return of_control(decoded, show_secrets=bool(scene.report.options.get("show_secrets"))) if scene.raw else []


def _number(number: int | None) -> str:
    return "?" if number is None else str(number)


def _acknowledged(row: MessageRow, by: list[tuple[MessageRow, Any]]) -> list[Cell]:
    """By a message that says nothing else, and after how long; another message stands for itself."""
    after = [(each.time - row.time, each) for each, _ in by if each.time >= row.time]
    return [Cell(f"{each.message} +{wait / SECOND:.3f} s") for wait, each in after[:1]]


def _who(tunnel: TunnelRow, row: MessageRow) -> Iterator[Cell]:
    """What the first messages say of their sender."""
    if row.message in ("SCCRQ", "SCCRP"):
        side = "initiator" if row.direction == "to_responder" else "responder"
        told = (("host", getattr(tunnel, f"{side}_host_name")), ("vendor", getattr(tunnel, f"{side}_vendor")))
        yield from (Cell(f"{what} {said(value)}") for what, value in told if value)


# ---- IKE -------------------------------------------------------------------------------------------------------------


def ike_rungs(scene: Scene) -> list[Rung]:
    """The messages of its IKE SAs."""
    listed = scene.report.rows("ike_messages")
    pieces = any(row.ike_sa in scene.ike_sas and not PIECES.isdisjoint(row.payloads) for row in listed)
    pairs = zip(listed, scene.decoded("ike_messages", always=pieces), strict=True)
    messages = grouped((pair for pair in pairs if pair[0].ike_sa in scene.ike_sas), lambda row: int(row.ike_sa))
    said = {(copies.first.ike_sa, copies.first.message_id, copies.first.name) for copies in messages}
    return [_ike(scene, copies, said) for copies in messages]


def _ike(scene: Scene, copies: Copies, said: set[tuple[int, int, str]]) -> Rung:
    first: IkeMessageRow = copies.first
    awaited = _awaited(first.name)
    full = f"{first.name.removesuffix('request')}response" if awaited == "response" else awaited
    missing = bool(awaited) and not copies.answered and (first.ike_sa, first.message_id, full) not in said
    idle = first.name in CHECKS and first.encrypted and first.fit == "new" and len(copies.rows) == 1
    return rung(
        scene,
        copies,
        scene.way("ike_sas", first.ike_sa, first.direction),
        missing=awaited if missing else "",
        notes=[
            Cell(cut(_payloads(first) + _piece(copies.decoded), LONGEST)),
            *([Cell(first.fit, "warn")] if first.fit == "violation" else []),
        ],
        label=first.name,
        tag="IKE" if len(scene.ike_sas) < 2 else f"IKE {first.ike_sa}",
        details=of_ike(copies.decoded) if scene.raw else [],
        alike=f"{first.name} of {first.octets} octets, ike_sa {first.ike_sa}, {first.direction}" if idle else "",
        quiet=idle and not missing and scene.ike_sas[first.ike_sa].established is not None,
    )


def _awaited(name: str) -> str:
    """What has to follow a message: `MM6`, `response`; nothing after a response of IKEv2, which is the last word."""
    if name.endswith("response"):
        return ""
    return "response" if name.endswith("request") else NEXT[name][0] if name in NEXT else ""


def _piece(decoded: Any) -> str:
    """` 2/3` of a piece that IKE itself made of a message; of IKEv1 ` 2`, as the last alone tells how many there are."""
    pieces = (payload for payload in decoded.payloads if isinstance(payload, Fragment)) if decoded else ()
    return "".join(f" {piece.number}" + (f"/{piece.total}" if piece.total else "") for piece in pieces)


def _payloads(row: IkeMessageRow) -> str:
    """`SA, VID ×5`, or how much of it is encrypted."""
    listed = ", ".join(name + (f" ×{number}" if number > 1 else "") for name, number in Counter(row.payloads).items())
    return listed or (f"encrypted, {row.octets} octets" if row.encrypted else "")
