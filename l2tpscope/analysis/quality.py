"""quality: how far a capture can be trusted, said before any number: what speaks against it, and a verdict.

Evidence, strongest first: the capturer says it dropped frames; a peer acknowledged what the capture does not have (it was
delivered, so the capture lost it, or it went another way); only one direction is there; the clock steps back; frames are
there twice. *Source*: methodology C.7.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from l2tpscope.analysis.follow import Story
from l2tpscope.analysis.rows import CaptureRow
from l2tpscope.capture import CaptureInfo
from l2tpscope.core.anomaly import AnomalyKind
from l2tpscope.frames import Kind
from l2tpscope.model.tally import CaptureTally

POOR_SHARE = 0.01
"""Share of frames or control messages missing from which a capture is poor."""
COARSE_S = 1e-3
STEP_S = 1e-3

OTHER_VPNS = (Kind.OPENVPN, Kind.WIREGUARD, Kind.PPTP, Kind.GRE_PPP, Kind.SSTP)
MOST_PORTS = 8
"""Named of each."""

_LOUD = ("poor", "doubtful")


@dataclass(slots=True)
class Doubts:
    """What the control channels say against a capture."""

    acknowledged_unseen: Counter[int] = field(default_factory=Counter)
    other_direction: Counter[int] = field(default_factory=Counter)
    """Messages known from acknowledgements alone, of tunnels of which the capture has one direction only."""
    messages: Counter[int] = field(default_factory=Counter)
    cut_messages: Counter[int] = field(default_factory=Counter)


def doubts(stories: Iterable[Story]) -> Doubts:
    """Gathered per capture; a missing message counts for the capture in which its tunnel was first seen."""
    found = Doubts()
    for story in stories:
        if not story.verdicts:
            continue
        capture = story.verdicts[0][0].capture
        for sent, way in story.reliable.ways.items():
            whole = story.channel.to[not sent] is not None
            (found.acknowledged_unseen if whole else found.other_direction)[capture] += way.acknowledged_unseen
        found.messages[capture] += sum(len(way.slots) for way in story.reliable.ways.values())
        found.cut_messages[capture] += sum(
            any(anomaly.kind is AnomalyKind.TRUNCATED for anomaly in frame.message.anomalies)
            for frame, _, _ in story.verdicts
            if frame.message is not None
        )
    return found


def capture_row(info: CaptureInfo, tally: CaptureTally, found: Doubts) -> CaptureRow:
    """The row of one capture."""
    unseen = found.acknowledged_unseen[info.capture]
    one_sided = tally.one_sided
    reasons = _reasons(info, tally, found, one_sided=one_sided)
    kept = tally.kinds.total()
    others = {kind: sum(count for (one, _), count in tally.others.items() if one == kind) for kind in OTHER_VPNS}
    duration = None if info.first_time is None or info.last_time is None else (info.last_time - info.first_time) / 1e9
    severities = {severity for severity, _ in reasons}
    verdict = next((severity for severity in _LOUD if severity in severities), "good")
    return CaptureRow(
        capture=info.capture,
        path=info.path,
        format=info.format,
        frames=info.frames,
        octets=info.octets,
        time_start=info.first_time,
        time_end=info.last_time,
        duration_s=duration,
        time_resolution_s=info.time_resolution_s,
        link_types=list(info.link_types),
        truncated_file=info.truncated_file,
        cut_frames=info.cut_frames,
        undecoded_frames=tally.undecoded,
        reported_drops=info.reported_drops,
        duplicate_frames=tally.duplicates,
        one_sided=one_sided,
        verdict="empty" if kept == 0 else verdict,  # type: ignore[arg-type]
        reasons=[text for _, text in reasons],
        acknowledged_unseen=unseen,
        l2tp2_control_frames=tally.kinds[Kind.L2TP2_CONTROL],
        l2tp2_data_frames=tally.kinds[Kind.L2TP2_DATA],
        l2tp3_control_frames=tally.kinds[Kind.L2TP3_CONTROL],
        l2tp3_data_frames=tally.kinds[Kind.L2TP3_DATA],
        l2f_frames=tally.kinds[Kind.L2F],
        openvpn_1701_frames=tally.kinds[Kind.OPENVPN_1701],
        not_l2tp_1701_frames=tally.kinds[Kind.NOT_L2TP_1701],
        ike_frames=tally.kinds[Kind.IKE],
        esp_frames=tally.kinds[Kind.ESP],
        ah_frames=tally.kinds[Kind.AH],
        natt_keepalive_frames=tally.kinds[Kind.NATT_KEEPALIVE],
        icmp_error_frames=tally.kinds[Kind.ICMP_ERROR],
        openvpn_frames=others[Kind.OPENVPN],
        openvpn_ports=_ports(tally, Kind.OPENVPN),
        wireguard_frames=others[Kind.WIREGUARD],
        wireguard_ports=_ports(tally, Kind.WIREGUARD),
        pptp_frames=others[Kind.PPTP],
        gre_ppp_frames=others[Kind.GRE_PPP],
        sstp_frames=others[Kind.SSTP],
        other_frames=max(0, info.frames - kept - sum(others.values())),
    )


def _ports(tally: CaptureTally, kind: Kind) -> list[str]:
    """On which ports another VPN was seen, that of the most frames first."""
    frames = sorted((-count, port) for (one, port), count in tally.others.items() if one == kind)
    return [port for _, port in frames[:MOST_PORTS]]


def _reasons(info: CaptureInfo, tally: CaptureTally, found: Doubts, *, one_sided: bool) -> list[tuple[str, str]]:
    """What speaks against the capture: severity (`poor`, `doubtful`, or `note`, which changes no verdict) and one line."""
    reasons: list[tuple[str, str]] = []
    if info.reported_drops:
        share = info.reported_drops / max(1, info.frames + info.reported_drops)
        reasons.append(("poor" if share >= POOR_SHARE else "doubtful", f"the capturer reports {info.reported_drops} dropped frames"))
    unseen, messages = found.acknowledged_unseen[info.capture], found.messages[info.capture]
    other = found.other_direction[info.capture]
    if other:
        reasons.append(("note", f"{other} control messages of a direction that is not here are known from their acknowledgements"))
    if unseen:
        severity = "poor" if unseen >= max(3, POOR_SHARE * 5 * messages) else "doubtful"
        reasons.append((severity, f"{unseen} control messages were acknowledged that the capture does not have"))
    if one_sided:
        reasons.append(("doubtful", "only one direction is in the capture"))
    if info.truncated_file:
        reasons.append(("doubtful", info.problem or "the file is cut off"))
    elif info.problem:
        reasons.append(("doubtful", info.problem))
    reasons += _clock(info)
    if tally.duplicates:
        reasons.append(("doubtful", f"{tally.duplicates} frames are copies made by the capture; they are counted once"))
    cut = found.cut_messages[info.capture]
    if cut:
        reasons.append(("doubtful", f"{cut} control messages are cut off (snaplen)"))
    elif info.cut_frames:
        reasons.append(("note", f"{info.cut_frames} frames are cut (snaplen); lengths are those of the IP headers"))
    return reasons


def _clock(info: CaptureInfo) -> list[tuple[str, str]]:
    reasons = []
    if info.backward_steps and info.largest_backward_step_s >= STEP_S:
        reasons.append(("doubtful", f"the clock steps back {info.backward_steps} times, by up to {info.largest_backward_step_s:.3f} s"))
    if info.undated_frames:
        reasons.append(("doubtful", f"{info.undated_frames} frames have no time stamp"))
    if info.time_resolution_s is not None and info.time_resolution_s >= COARSE_S:
        reasons.append(("doubtful", f"time stamps resolve only {info.time_resolution_s:g} s"))
    if info.frames > 1 and info.first_time is not None and info.first_time == info.last_time and not info.undated_frames:
        reasons.append(("doubtful", "all time stamps are the same: nothing can be timed"))
    return reasons
