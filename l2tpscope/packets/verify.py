"""Verify: every field that both we and Wireshark decode, compared frame by frame; one pass of each over the capture, in step."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from l2tpscope.capture import merged, open_captures
from l2tpscope.frames import Decoder, Kind
from l2tpscope.output.blocks import Block, Cell
from l2tpscope.output.ladder.raw import MASKED
from l2tpscope.output.page import Page
from l2tpscope.output.values import count
from l2tpscope.packets import tshark
from l2tpscope.packets import wireshark_fields as wireshark
from l2tpscope.packets.packet import Packet, packets_of
from l2tpscope.packets.reasons import TEXT, WHOLE, Difference, reason_of
from l2tpscope.packets.wireshark_fields import Fields
from l2tpscope.packets.wireshark_values import ike_values, ppp_values, wiresharks_ike_values, wiresharks_ppp_values
from l2tpscope.report import clean
from l2tpscope.wire.l2tp import ControlMessage
from l2tpscope.wire.ppp import PppFrame

LAYERS = {
    Kind.L2TP2_CONTROL: "l2tp",
    Kind.L2TP2_DATA: "l2tp",
    Kind.L2TP3_CONTROL: "l2tp",
    Kind.L2TP3_DATA: "l2tp",
    Kind.IKE: "isakmp",
    Kind.ESP: "esp",
    Kind.AH: "ah",
}
"""What Wireshark calls them."""
OUTER = ("l2tp", "isakmp", "esp", "ah")
QUOTING = ("icmp", "icmpv6")
HEADERS = ("l2tp.tunnel", "l2tp.session", "l2tp.flags", "l2tp.version", "l2tp.length", "l2tp.Ns", "l2tp.Nr", "l2tp.ccid", "l2tp.sid")
"""Fields of which the first value is the outer header's, where L2TP is inside L2TP."""
MOST_LISTED = 1000
MOST_FRAMES = 12
"""Named of each reason."""
DISPLAY = "l2tp || isakmp || esp || ah"


@dataclass
class Comparison:
    """What came of it."""

    path: str
    frames: int = 0
    """Frames that both decode."""
    fields: int = 0
    """Fields compared in them."""
    layers: Counter[str] = field(default_factory=Counter)
    """Packets of each protocol."""
    explained: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    """By reason, the frames; the first of them."""
    explained_count: Counter[str] = field(default_factory=Counter)
    unexplained: list[Difference] = field(default_factory=list)
    """The first of them."""
    unexplained_count: int = 0

    def add(self, difference: Difference) -> None:
        """Take in a difference."""
        reason = reason_of(difference)
        if reason is None:
            self.unexplained_count += 1
            if len(self.unexplained) < MOST_LISTED:
                self.unexplained.append(difference)
            return
        self.explained_count[reason.name] += 1
        frames = self.explained[reason.name]
        if len(frames) < MOST_FRAMES and difference.frame not in frames:
            frames.append(difference.frame)


def verify(path: str, ports: Sequence[int] = ()) -> Comparison:
    """Our decode of a capture against Wireshark's. *Raises*: NoTsharkError, CaptureError."""
    made = Comparison(path)
    arguments = ["-n", "-r", path, "-Y", DISPLAY, "-T", "fields", "-E", "occurrence=a", *_as_l2tp(ports)]
    theirs = _theirs(tshark.run([*arguments, *(part for name in wireshark.FIELDS for part in ("-e", name))]))
    for frame, packets, row in _together(_ours(path, ports), theirs):
        _compare(made, frame, packets, row)
    return made


def _as_l2tp(ports: Iterable[int]) -> list[str]:
    return [part for port in ports for part in ("-d", f"udp.port=={port},l2tp")]


def _theirs(lines: Iterable[str]) -> Iterator[tuple[int, Fields]]:
    for line in lines:
        values = line.split("\t")
        if len(values) == len(wireshark.FIELDS):
            row = dict(zip(wireshark.FIELDS, values, strict=True))
            yield int(row["frame.number"]), row


def _ours(path: str, ports: Sequence[int]) -> Iterator[tuple[int, list[Packet]]]:
    """The packets of each frame, in the order of the frames."""
    decoder = Decoder(ports)
    kinds = np.array(list(LAYERS), np.uint8)
    for batch in merged(open_captures([path])):
        if not len(batch):
            continue
        frames = decoder.decode(batch)
        together: dict[int, list[Packet]] = defaultdict(list)
        for row in np.flatnonzero(np.isin(frames.kind, kinds)).tolist():
            together[int(frames.frame[row])] += packets_of(frames, [row])
        yield from sorted(together.items())


def _together(
    ours: Iterator[tuple[int, list[Packet]]], theirs: Iterator[tuple[int, Fields]]
) -> Iterator[tuple[int, list[Packet], Fields | None]]:
    """Both in step: each frame that either has."""
    mine, other = next(ours, None), next(theirs, None)
    while mine is not None or other is not None:
        frame = min(one[0] for one in (mine, other) if one is not None)
        packets, row = (mine[1] if mine and mine[0] == frame else []), (other[1] if other and other[0] == frame else None)
        yield frame, packets, row
        mine = next(ours, None) if packets else mine
        other = next(theirs, None) if row is not None else other


def layer_of(protocols: str) -> str | None:
    """The outermost of what is compared, by Wireshark's list of protocols; None: nothing, or it is quoted by an ICMP error."""
    for name in protocols.split(":"):
        if name in OUTER:
            return name
        if name in QUOTING:
            return None
    return None


def _compare(made: Comparison, frame: int, packets: list[Packet], row: Fields | None) -> None:
    layer = layer_of(row["frame.protocols"]) if row is not None else None
    mine = [LAYERS[packet.kind] for packet in packets]
    if layer is None and not mine:
        return
    if layer is None or layer not in mine:
        packet = packets[0] if packets else None
        seen = layer or ""
        made.add(Difference(frame, WHOLE, ", ".join(mine), seen, packet, row, seen or mine[0]))
        return
    assert row is not None
    made.frames += 1
    packet = packets[mine.index(layer)]
    made.layers[layer] += 1
    for name, (ours, theirs, part) in _values(packet, row).items():
        made.fields += 1
        if ours != theirs:
            made.add(Difference(frame, name, str(ours), str(theirs), packet, row, part))


def _values(packet: Packet, row: Fields) -> dict[str, tuple[Any, Any, str]]:
    """By field: ours, Wireshark's, and of which protocol it is."""
    if packet.kind in wireshark.ESP_FIELDS:
        spi, sequence = wireshark.ESP_FIELDS[packet.kind]
        shown = {spi: f"0x{packet.session:08x}", sequence: str(packet.ns)}
        return {name: (value, wireshark.first(row[name]), LAYERS[packet.kind]) for name, value in shown.items()}
    if packet.kind is Kind.IKE:
        message = wireshark.ike_message(packet)
        ours, theirs = wireshark.ike(message) | ike_values(message), wireshark.wiresharks_ike(row) | wiresharks_ike_values(row)
        return {name: (value, theirs[name], "isakmp") for name, value in ours.items()}
    decoded = packet.decoded
    if isinstance(decoded, ControlMessage):
        over_ip = packet.kind is Kind.L2TP3_CONTROL
        fields = {name: value for name, value in wireshark.control(decoded).items() if not (over_ip and name == "l2tp.sid")}
        return {name: (value, _outer(name, row), "l2tp") for name, value in fields.items()}
    compared = {name: (value, _outer(name, row), "l2tp") for name, value in wireshark.data(packet).items()}
    if isinstance(decoded, PppFrame) and row["ppp.protocol"]:
        theirs_ppp = wireshark.wiresharks_ppp(row) | wiresharks_ppp_values(row)
        ours_ppp = wireshark.ppp(decoded) | ppp_values(decoded)
        compared |= {name: (value, theirs_ppp[name], "ppp") for name, value in ours_ppp.items()}
    return compared


def _outer(name: str, row: Fields) -> str:
    """Wireshark's value; of a header the first one. Session IDs have as many digits as it likes."""
    value = wireshark.first(row[name]) if name in HEADERS else row[name]
    return f"0x{int(value, 0):08x}" if name == "l2tp.sid" and value else value


@dataclass(frozen=True)
class Verdict:
    """The comparison as a page and as JSON."""

    made: Comparison
    show_secrets: bool

    def pieces(self, form: str, page: Page) -> Iterator[bytes]:
        """As a page (`table`) or as JSON."""
        text = json.dumps(self.document(), indent=2) + "\n" if form == "json" else page.render(self.blocks())
        yield text.encode("utf-8", "backslashreplace")

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        made = self.made
        return {
            "schema": "l2tpscope-verify/1",
            "path": clean(made.path),
            "frames": made.frames,
            "fields": made.fields,
            "packets": dict(made.layers),
            "explained": [
                {"reason": name, "text": TEXT[name], "count": made.explained_count[name], "frames": frames}
                for name, frames in made.explained.items()
            ],
            "unexplained_count": made.unexplained_count,
            "unexplained": [
                {
                    "frame": one.frame,
                    "field": one.field,
                    "ours": clean(self._value(one, one.ours)),
                    "theirs": clean(self._value(one, one.theirs)),
                }
                for one in made.unexplained
            ],
        }

    def blocks(self) -> Iterator[Block]:
        """As a page has it."""
        made = self.made
        packets = ", ".join(f"{count(number)} {layer}" for layer, number in sorted(made.layers.items())) or "none"
        verdict = f"{count(made.unexplained_count)} unexplained differences" if made.unexplained_count else "no unexplained difference"
        lines = [
            Cell(f"compared with Wireshark: {count(made.fields)} fields of {count(made.frames)} packets ({packets})"),
            Cell(verdict, "bad" if made.unexplained_count else "good"),
        ]
        yield Block(made.path, lines)
        if made.explained:
            told = [
                Cell(f"{made.explained_count[name]} × {TEXT[name]}; frames {', '.join(map(str, frames))}", "dim")
                for name, frames in made.explained.items()
            ]
            yield Block("Explained", told)
        if made.unexplained:
            told = [Cell(self._line(one)) for one in made.unexplained]
            yield Block("Not explained", told)

    def _line(self, one: Difference) -> str:
        ours, theirs = (self._value(one, value) or "nothing" for value in (one.ours, one.theirs))
        return f"frame {one.frame} {one.field}: ours {ours}, Wireshark's {theirs}"

    def _value(self, one: Difference, value: str) -> str:
        return MASKED if value and one.field in wireshark.SECRET and not self.show_secrets else value
