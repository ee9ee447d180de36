"""pseudowire: how the packets of a session of L2TPv3 are laid out: cookie, sublayer, and what is carried.

Where the set-up was seen, its AVPs say it: each side tells what it wants to receive (RFC 3931 §5.4.4). Else it is concluded
from the packets: a cookie is the same in each; a sublayer has its reserved bits clear; and behind them something must begin
that can be a frame. The layout that explains nearly all packets, and that no other explains as well, is *likely*.

*Bias*: fewer than `LEAST` packets, or contents that are no known frame (encrypted, ATM, TDM), give no layout rather than a wrong one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from l2tpscope.analysis.inner_frame import ETHERNET, carries_ip, frame_kind
from l2tpscope.analysis.rows import Grade
from l2tpscope.model.channel import Call
from l2tpscope.model.half import ControlFrame, Head
from l2tpscope.track.heads import PLACES, sublayer
from l2tpscope.wire.l2tp.codes import PseudowireType, SublayerType
from l2tpscope.wire.l2tp.ids import COOKIE, PSEUDOWIRE, of_session

LEAST = 20
"""Packets, fewer than which nothing is concluded from."""
NEARLY_ALL = 0.9
SUBLAYER = 69
SUBLAYER_OCTETS = {SublayerType.NONE: 0, SublayerType.DEFAULT: 4, SublayerType.ATM: 4, SublayerType.MPT: 4, SublayerType.PSP: 4}
NUMBER_BITS = {"default": 24, "ATM": 24, "MPT": 16, "PSP": 16}
"""Of the sequence numbers at the end of the sublayer: RFC 3931 §4.6, RFC 4454 §4.1; of DOCSIS's as public captures have them."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Of the packets towards one side. What is None is not known."""

    cookie: int | None = None
    """Octets."""
    sublayer: str | None = None
    """`none`, `default`, `ATM` ..."""
    carried: str | None = None
    """`Ethernet`, `PPP`, `IP`, `HDLC`: what was found in packets."""
    grade: Grade | None = None
    why: str | None = None

    @property
    def number_at(self) -> tuple[int, int] | None:
        """The octets before the sublayer and the bits of its numbers; None: it has none, there is none, or nobody knows."""
        bits = NUMBER_BITS.get(self.sublayer or "")
        return None if self.cookie is None or bits is None else (self.cookie, bits)


def layout(call: Call, side: bool) -> Layout:
    """How the packets towards *side* are laid out: as it asked for it, else as they show."""
    heads = [head for series in call.series[side] for head in series.heads]
    asked = [frame for frame in call.said[side] if frame.type in ("ICRQ", "ICRP", "OCRQ", "OCRP", "ICCN", "OCCN")]
    setup = [frame for frame in asked if frame.type in ("ICRQ", "ICRP", "OCRQ", "OCRP")]
    if not setup:
        return concluded(heads)
    return _agreed(setup, asked, heads)


def _agreed(setup: list[ControlFrame], asked: list[ControlFrame], heads: list[Head]) -> Layout:
    """As the AVPs say: no Assigned Cookie, no cookie; no sublayer named, none (RFC 3931 §5.4.4)."""
    cookie = next((value for frame in setup if isinstance(value := of_session(frame.message, COOKIE), bytes)), b"")
    wanted = [frame.message.get(SUBLAYER) for frame in asked if frame.message is not None]
    kind = next((value for value in reversed(wanted) if value is not None), SublayerType.NONE)
    other = sum(not head.octets.startswith(cookie[: len(head.octets)]) for head in heads)
    why = "as its AVPs say"
    if other:
        why += f"; but {other} of {len(heads)} packets looked at begin with another cookie"
    skip = len(cookie) + SUBLAYER_OCTETS.get(kind, 0)
    carried = Counter(found for head in heads if (found := frame_kind(head.octets[skip:], head.size - skip)))
    return Layout(len(cookie), _sublayer_name(kind), next(iter(dict(carried.most_common(1))), None), "certain", why)


def _sublayer_name(kind: SublayerType) -> str:
    name: str = kind.name
    return name.lower() if kind in (SublayerType.NONE, SublayerType.DEFAULT) else name


def concluded(heads: list[Head]) -> Layout:
    """As the packets show it."""
    if len(heads) < LEAST:
        number = "1 packet" if len(heads) == 1 else f"{len(heads)} packets"
        return Layout(why=f"{number} looked at: too few to tell cookie and sublayer" if heads else None)
    found = [one for place in PLACES for has in (True, False) if (one := _tried(heads, place, has)) is not None]
    if not found:
        return Layout(why="nothing known begins behind any possible cookie and sublayer")
    best = max(share for share, _ in found)
    alike = [one for share, one in found if share == best]
    if len(alike) > 1:
        return Layout(why="several layouts explain the packets as well")
    return alike[0]


def _tried(heads: list[Head], cookie: int, has_sublayer: bool) -> tuple[float, Layout] | None:
    """The layout with that cookie and sublayer, and how many of the packets it explains; None: too few."""
    if cookie and len({head.octets[:cookie] for head in heads}) > 1:
        return None
    if cookie and not any(heads[0].octets[cookie - 4 : cookie]):
        return None  # four zero octets are a sublayer without a number, or a shorter cookie's
    skip = cookie + 4 * has_sublayer
    kinds = Counter(
        kind
        for head in heads
        if (not has_sublayer or sublayer(head.octets, cookie) is not None) and (kind := frame_kind(head.octets[skip:], head.size - skip))
    )
    kind, count = next(iter(kinds.most_common(1)), ("", 0))
    if count < NEARLY_ALL * len(heads):
        return None
    why = f"{count} of {len(heads)} packets looked at have a frame of {kind} behind {cookie} constant octets"
    why += " and a sublayer" if has_sublayer else ""
    return count / len(heads), Layout(cookie, "default" if has_sublayer else "none", kind, "likely", why)


def pseudowire(call: Call, layouts: Iterable[Layout]) -> str | None:
    """What the session carries: as agreed, else as found in its packets."""
    for frame in (frame for side in (True, False) for frame in call.said[side]):
        kind = of_session(frame.message, PSEUDOWIRE)
        if isinstance(kind, PseudowireType):
            return kind.title
    return next((one.carried for one in layouts if one.carried is not None), None)


def used(call: Call) -> bool:
    """Whether IP packets were among the first packets of either direction."""
    for side in (True, False):
        told = layout(call, side)
        if told.cookie is None or told.carried is None:
            continue
        skip = told.cookie + 4 * (told.number_at is not None)
        if any(carries_ip(head.octets[skip:], told.carried) for series in call.series[side] for head in series.heads):
            return True
    return False


def stations(call: Call, side: bool) -> tuple[set[bytes], set[bytes]]:
    """The Ethernet addresses that packets towards *side* come from, and go to, groups left out."""
    told = layout(call, side)
    if told.carried != ETHERNET or told.cookie is None:
        return set(), set()
    skip = told.cookie + 4 * (told.number_at is not None)
    frames = [head.octets[skip:] for series in call.series[side] for head in series.heads]
    return {frame[6:12] for frame in frames}, {frame[:6] for frame in frames if frame and not frame[0] & 1}
