"""marks: what the tables say of a moment, put at the rung that shows it: events, guesses from ciphertext, findings."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from dataclasses import replace
from typing import NamedTuple

from l2tpscope.analysis.rows import EventRow, FindingRow, InferenceRow
from l2tpscope.output.blocks import Cell, Tone
from l2tpscope.output.findings import TONES as SEVERITY_TONES
from l2tpscope.output.ladder.model import Line, Rung
from l2tpscope.output.ladder.scene import Scene
from l2tpscope.output.words import LONGEST, TONES, cut

SHOWN_ALREADY = ("opening", "answered", "repeated", "violation")
"""Events that a rung shows by itself."""
BARE = ("established", "authenticated", "authentication failed", "IPCP up", "IPV6CP up", "PPP terminated", "moved to port 4500")
"""Events whose details stand at their rung already."""
ICMP = "icmp error"
BEGINS = ("first packet", "rekeyed")
"""Events of the first packet of an ESP SA."""
OF_SERIES = ("cipher", "icv-mismatch", "heartbeat", "keepalive", "mtu", "padding")
"""Conclusions from all that an ESP SA carried."""
CHECK = "DPD"
"""Conclusions that begin so name a keepalive, which is left in its stretch."""


LAST = (1 << 62, 0)
"""What has no frame stands after what has one at the same time."""


STEP, SIDE = re.compile(r"^[A-Z]{2}\d: "), re.compile(r", of the (initiator|responder)")
"""What of a conclusion about an IKE message its rung shows: its name, who sent it."""


class Mark(NamedTuple):
    """What is to be said of a moment."""

    time: int
    frames: Sequence[tuple[int, int]]
    """Any of them shows it; none: it has no frame, and stands for itself."""
    line: Line
    tag: str
    text: Cell
    alone: str
    """What it says where it stands for itself."""


def marks(scene: Scene) -> list[Mark]:
    """Everything that is said of this connection's moments; events first, so that what concludes from them finds them."""
    parts = (_events(scene), _guesses(scene), _findings(scene))
    return [mark for part in parts for mark in sorted(part, key=lambda mark: mark.time)]


def marked(rungs: Iterable[Rung], which: Iterable[Mark]) -> list[Rung]:
    """The rungs with the marks among their notes, in the order of time; what belongs to none of them is a rung of its own."""
    result = list(rungs)
    moments = {rung.time: place for place, rung in reversed(list(enumerate(result)))}
    at = {frame: place for place, rung in reversed(list(enumerate(result))) for frame in rung.frames}
    for mark in which:
        place = next((at[frame] for frame in mark.frames if frame in at), None if mark.frames else moments.get(mark.time))
        if place is None:
            own = Rung(mark.time, mark.line, mark.alone, mark.tag, tone=mark.text.tone, frames=mark.frames)
            at.update((frame, len(result)) for frame in mark.frames)
            result.append(own)
        else:
            rung = result[place]
            result[place] = replace(rung, notes=[*rung.notes, mark.text], quiet=False)
    return sorted(result, key=lambda rung: (rung.time, rung.frames[0] if rung.frames else LAST))


def _events(scene: Scene) -> Iterator[Mark]:
    about = _about(scene)
    rows: Iterable[EventRow] = scene.report.rows("events")
    for row in rows:
        if row.event in SHOWN_ALREADY or not about(row.subject):
            continue
        reason = _reason(row)
        what = "" if row.event == ICMP else f"{_subject(scene, row.subject)} {row.event}"
        text = cut(": ".join(part for part in (what, reason) if part), LONGEST)
        frames = [] if row.frame is None else [(row.capture, row.frame)]
        yield Mark(row.time, frames, "fact", "", Cell(text, _tone(row.event)), text)


def _subject(scene: Scene, subject: str) -> str:
    """`tunnel`, `ESP SA 3`: with its number where there are several."""
    name, _, number = subject.partition(" ")
    of: Mapping[str, Sized] = {"tunnel": scene.tunnels, "session": scene.sessions, "ike_sa": scene.ike_sas, "esp_sa": scene.esp_sas}
    return name.replace("ike_sa", "IKE SA").replace("esp_sa", "ESP SA") + (f" {number}" if len(of[name]) > 1 else "")


def _reason(row: EventRow) -> str:
    """What of the details the rung does not show: why it was closed, from which port, under which SPI."""
    if row.event in BARE:
        return ""
    if row.event in BEGINS:
        return row.detail.rpartition(", ")[2]
    if row.event == ICMP:
        said, _, about = row.detail.partition(": ")
        return said + "".join(about.partition(", ")[1:])
    return row.detail.partition(": ")[2] if row.detail.startswith(("StopCCN", "CDN")) else row.detail


def _tone(event: str) -> Tone:
    return TONES.get(event, "good" if event.endswith(" up") or event == "authenticated" else "bad" if "failed" in event else "")


def _about(scene: Scene) -> Callable[[str], bool]:
    """Whether a subject is part of the connection."""
    parts: Mapping[str, Iterable[int]] = {
        "tunnel": scene.tunnels,
        "session": scene.sessions,
        "ike_sa": scene.ike_sas,
        "esp_sa": scene.esp_sas,
    }
    names = {f"{name} {number}" for name, rows in parts.items() for number in rows}
    return lambda subject: subject in names


def _guesses(scene: Scene) -> Iterator[Mark]:
    """In brackets, with their grade; those of a message beside it, those of a whole SA at its first packet, each once."""
    rows: Iterable[InferenceRow] = scene.inferences
    begins = _begins(scene)
    said: set[str] = set()
    for row in rows:
        if row.time is None or (row.inference == "ike-message" and row.value.startswith(CHECK)):
            continue
        frames = [] if row.frame is None or row.capture is None else [(row.capture, row.frame)]
        text = f"[{row.grade}: {row.inference} {cut(row.value, LONGEST)}]"
        if row.inference == "ike-message":
            text = f"[{row.grade}: {cut(STEP.sub('', SIDE.sub('', row.value)), LONGEST)}]"
        elif row.inference in OF_SERIES:
            if text in said:
                continue
            said.add(text)
            frames = begins.get(row.subject, []) + frames
        yield Mark(row.time, frames, "guess", "IKE" if row.subject.startswith("ike") else "ESP", Cell(text, "dim"), text)


def _begins(scene: Scene) -> dict[str, list[tuple[int, int]]]:
    """The first packet of each ESP SA."""
    rows: Iterable[EventRow] = scene.report.rows("events")
    return {row.subject: [(row.capture, row.frame)] for row in rows if row.event in BEGINS and row.frame is not None}


def _findings(scene: Scene) -> Iterator[Mark]:
    """At the first rung that shows it; what many connections share too, where its evidence is here."""
    rows: Iterable[FindingRow] = scene.report.rows("findings")
    for row in rows:
        frames = list(zip(row.evidence_captures, row.evidence, strict=False))
        text = cut(f"{row.severity}, {row.grade}, {row.finding}: {row.summary}", 2 * LONGEST)
        if row.vpn == scene.vpn.vpn and not _elsewhere(scene, row):
            yield Mark(row.first, frames, "fact", "", Cell(f"◆ {text}", SEVERITY_TONES[row.severity]), f"◆ {text}")


def _elsewhere(scene: Scene, row: FindingRow) -> bool:
    """Whether one tunnel is wanted, and this is about another one or about the connection."""
    return scene.tunnel is not None and not _about(scene)(row.subject)
