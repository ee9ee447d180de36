"""The head of the summary: how far the captures can be trusted, and what frames were in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from l2tpscope.analysis.rows import CaptureRow, L2fRow, Measures, TunnelRow
from l2tpscope.output.blocks import Block, Cell
from l2tpscope.output.room import command, end_of
from l2tpscope.output.values import count, duration, span
from l2tpscope.output.words import TONES

EACH = 2
"""Up to so many captures have a block each; more are one block, in which only doubts have lines."""
DOUBTS = 4
PORTS = 3
"""Named of another VPN."""
VERDICTS = ("poor", "doubtful", "empty", "good")
"""Worst first."""

COUNTS = (
    ("L2TPv2 control", "l2tp2_control_frames"),
    ("L2TPv2 data", "l2tp2_data_frames"),
    ("L2TPv3 control", "l2tp3_control_frames"),
    ("L2TPv3 data", "l2tp3_data_frames"),
    ("L2F", "l2f_frames"),
    ("IKE", "ike_frames"),
    ("ESP", "esp_frames"),
    ("AH", "ah_frames"),
    ("NAT keepalives", "natt_keepalive_frames"),
    ("OpenVPN on port 1701", "openvpn_1701_frames"),
    ("not L2TP on port 1701", "not_l2tp_1701_frames"),
    ("ICMP errors", "icmp_error_frames"),
    ("other", "other_frames"),
)
OTHER_VPNS = (
    ("OpenVPN", "openvpn_frames", "openvpn_ports"),
    ("WireGuard", "wireguard_frames", "wireguard_ports"),
    ("PPTP control", "pptp_frames", None),
    ("PPTP data (GRE)", "gre_ppp_frames", None),
    ("SSTP without TLS", "sstp_frames", None),
)
"""What is counted, but not followed: name, frames, ports."""
ALWAYS = 2
"""The first of them are named even where there are none."""


def captures(measures: Measures) -> list[Block]:
    """The quality of the captures."""
    rows = measures.captures
    if not rows:
        return [Block("CAPTURE", [Cell("none was read", "bad")])]
    alone = len(rows) == 1 and one_speaks(measures)
    return [_capture(row, alone=alone) for row in rows] if len(rows) <= EACH else [_together(rows)]


def one_speaks(measures: Measures) -> bool:
    """Whether one side alone is heard, of whatever it is: then nothing tells whether the capture has the other direction."""
    ways = {row.direction for row in measures.esp_sas}
    for ike in measures.ike_sas:
        ways |= {"to_responder"} if ike.state == "unanswered" or ike.messages == 1 else {"to_responder", "to_initiator"}
    spoken: list[TunnelRow | L2fRow] = [*measures.tunnels, *measures.l2f]
    for row in spoken:
        ways |= {"to_responder"} if row.messages_to_responder or row.data_packets_to_responder else set()
        ways |= {"to_initiator"} if row.messages_to_initiator or row.data_packets_to_initiator else set()
    return len(ways) == 1


def _capture(row: CaptureRow, *, alone: bool) -> Block:
    number = "1 frame" if row.frames == 1 else f"{count(row.frames)} frames"
    about = f"{span(row.time_start, row.time_end)} ({duration(row.duration_s)}), {number}, {row.format}, {_drops([row])}"
    tone = TONES.get(row.verdict, "")
    lines = [Cell(about), Cell(f"quality: {row.verdict}{_sides(row, alone=alone)}", tone)]
    lines += [Cell(f"- {reason}", tone) for reason in row.reasons]
    return Block(f"CAPTURE {row.path}", lines)


def _together(rows: Sequence[CaptureRow]) -> Block:
    begin, end = min((row.time_start for row in rows if row.time_start is not None), default=None), end_of(rows)
    length = None if begin is None or end is None else (end - begin) / 1e9
    frames, formats = sum(row.frames for row in rows), ", ".join(sorted({row.format for row in rows}))
    lines = [Cell(f"{span(begin, end)} ({duration(length)}), {count(frames)} frames, {formats}, {_drops(rows)}")]
    doubts = sorted((row for row in rows if row.reasons or row.one_sided), key=lambda row: VERDICTS.index(row.verdict))
    lines += [Cell(_doubt(row), TONES.get(row.verdict, "")) for row in doubts[:DOUBTS]]
    if len(doubts) > DOUBTS:
        lines.append(Cell(f"… and {count(len(doubts) - DOUBTS)} more with remarks: {command('captures', rows)}", "warn"))
    verdicts = Counter[str](row.verdict for row in rows)
    said = ", ".join(f"{count(verdicts[verdict])} {verdict}" for verdict in VERDICTS if verdicts[verdict])
    return Block(f"CAPTURES {count(len(rows))}: quality {said}", lines)


def _doubt(row: CaptureRow) -> str:
    return f"- {row.path}: {row.verdict}{_sides(row)}: {'; '.join(row.reasons)}"


def _drops(rows: Sequence[CaptureRow]) -> str:
    told = [row.reported_drops for row in rows if row.reported_drops is not None]
    if not told:
        return "drops not reported"
    return f"{count(sum(told))} drops reported" + (f" by {count(len(told))} of them" if len(told) < len(rows) else "")


def _sides(row: CaptureRow, *, alone: bool = False) -> str:
    if row.verdict == "empty":
        return ""
    if alone and not row.one_sided:
        return " (one side alone is heard)"
    return " (one direction only)" if row.one_sided else " (both directions)"


def other_vpns(rows: Sequence[CaptureRow]) -> str:
    """The other VPNs in the captures, and on which ports; empty where there are none."""
    said = []
    for name, frames_of, ports_of in OTHER_VPNS:
        total = sum(getattr(row, frames_of) for row in rows)
        ports = dict.fromkeys(port for row in rows for port in getattr(row, ports_of)) if ports_of else {}
        where = f" ({', '.join(list(ports)[:PORTS])}{' and others' * (len(ports) > PORTS)})" if ports else ""
        said += [f"{name} {count(total)}{where}"] if total else []
    return ", ".join(said)


def frames(rows: Sequence[CaptureRow]) -> Block:
    """What was in them, counted, and which other VPNs, which are not followed."""
    totals = [(name, sum(getattr(row, column) for row in rows)) for name, column in COUNTS]
    said = [f"{name} {count(total)}" for at, (name, total) in enumerate(totals) if total or at < ALWAYS]
    lines = [Cell(", ".join(said))]
    others = other_vpns(rows)
    if others:
        lines.append(Cell(f"also seen, not followed: {others}", "dim"))
    return Block("FRAMES", lines)
