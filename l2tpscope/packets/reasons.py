"""Reasons: why our decode and Wireshark's differ where both are known to; how each is recognised. `verify` and the tests use them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from l2tpscope.core.anomaly import AnomalyKind
from l2tpscope.packets.packet import Packet
from l2tpscope.packets.wireshark_fields import Fields
from l2tpscope.wire.ike import IkeMessage
from l2tpscope.wire.ppp import PppFrame

T, L, S, O = 0x8000, 0x4000, 0x0800, 0x0200  # noqa: E741  the RFC's names
NAT_D_OF_DRAFTS = 15
COUNTED = ("payloads", "vendor_ids", "notifies", "proposals", "attributes", "notify_protocols", "lengths")
"""Of which Wireshark may have more than fits."""
NUMBERS = ("ppp", "code", "identifier", "length", "lcp.rej_proto")
"""Of a PPP packet itself, whatever it quotes."""
WHOLE = "frame"
"""The field of a difference where one of the two does not see the packet at all."""


@dataclass(frozen=True)
class Difference:
    """One field of one frame in which the two differ."""

    frame: int
    field: str
    ours: str
    theirs: str
    packet: Packet | None
    """Ours; None: no packet of ours."""
    row: Fields | None
    """Wireshark's fields; None: it sees no such packet."""
    layer: str
    """`l2tp`, `isakmp`, `esp`, `ah`, `ppp`."""


@dataclass(frozen=True)
class Reason:
    """Why, and when."""

    name: str
    text: str
    applies: Callable[[Difference], bool]


def _some_of(fewer: str, more: str) -> bool:
    """Whether a list, printed, is the beginning of another, or has some of its parts."""
    if fewer.startswith("["):
        return not Counter(fewer.strip("[]").split(", ")) - Counter([*more.strip("[]").split(", "), ""])
    return more.startswith(fewer)


def _malformed(difference: Difference) -> bool:
    decoded = difference.packet.decoded if difference.packet is not None else None
    odd = decoded is not None and any(anomaly.kind is AnomalyKind.MALFORMED for anomaly in decoded.anomalies)
    return odd and difference.layer == "isakmp" and difference.field in COUNTED and _some_of(difference.ours, difference.theirs)


def _number(row: Fields | None, name: str) -> int:
    value = row[name].split(",", maxsplit=1)[0] if row is not None else ""
    return int(value, 0) if value else -1


def _by_port_l2tp(difference: Difference) -> bool:
    """A header that RFC 2661 §3.1 and RFC 3931 §3.2.1 do not allow, on the port of L2TP."""
    row, flags = difference.row, _number(difference.row, "l2tp.flags")
    if difference.field != WHOLE or difference.ours or difference.layer != "l2tp" or row is None or flags < 0:
        return False
    room = _number(row, "udp.length") - 8
    control = flags & T and (flags & (L | S | O)) != L | S
    return bool(control or flags & 15 not in (2, 3) or flags & 0x34F0 or (flags & L and _number(row, "l2tp.length") > room))


def _by_port_ike(difference: Difference) -> bool:
    """A version that IKE does not have, or a Length that is not the datagram's."""
    row = difference.row
    if difference.field != WHOLE or difference.ours or difference.layer != "isakmp" or row is None:
        return False
    room, length = _number(row, "udp.length") - 8, _number(row, "isakmp.length")
    return _number(row, "isakmp.version") >> 4 not in (1, 2) or length not in (room, room - 4)


def _short_esp(difference: Difference) -> bool:
    theirs_alone = difference.field == WHOLE and not difference.ours and difference.layer in ("esp", "ah")
    return theirs_alone and difference.row is not None and not difference.row[f"{difference.layer}.sequence"]


def _draft_nat_d(difference: Difference) -> bool:
    decoded = difference.packet.decoded if difference.packet is not None else None
    kinds = [payload.kind for payload in decoded.payloads] if isinstance(decoded, IkeMessage) else []
    malformed = difference.row is not None and bool(difference.row["_ws.malformed"])
    fewer = difference.field in ("payloads", "nat_hashes", "lengths") and _some_of(difference.theirs, difference.ours)
    return fewer and NAT_D_OF_DRAFTS in kinds and malformed


def _ppp(difference: Difference) -> PppFrame | None:
    decoded = difference.packet.decoded if difference.packet is not None else None
    return decoded if isinstance(decoded, PppFrame) and decoded.packet is not None and difference.layer == "ppp" else None


def _rejected(difference: Difference) -> bool:
    frame = _ppp(difference)
    quotes = frame is not None and frame.packet is not None and frame.packet.rejected is not None
    return quotes and not difference.ours and difference.field not in NUMBERS


def _odd_option(difference: Difference) -> bool:
    frame = _ppp(difference)
    in_options = difference.field == "options" or ".opt." in difference.field
    return frame is not None and bool(frame.anomalies) and in_options and _fewer(difference.theirs, difference.ours)


def _fewer(some: str, all_of_them: str) -> bool:
    return not Counter(some.replace(",", " ").split()) - Counter(all_of_them.replace(",", " ").split())


REASONS: tuple[Reason, ...] = (
    Reason(
        "by-port-l2tp",
        "Wireshark goes by the port alone: bits that no L2TP header has, or a Length beyond the datagram",
        _by_port_l2tp,
    ),
    Reason("by-port-ike", "Wireshark goes by the port alone: no version of IKE, or a Length that the datagram does not have", _by_port_ike),
    Reason(
        "short-esp",
        "less than a header of ESP was captured or sent: Wireshark tells the SPI, we make nothing of it",
        _short_esp,
    ),
    Reason(
        "draft-nat-d",
        "Wireshark takes NAT-D of the drafts (type 15) for GDOI, finds it malformed, and stops before the second one",
        _draft_nat_d,
    ),
    Reason(
        "malformed-ike",
        "Wireshark counts a proposal or payload that does not fit into what it stands in; we say that it is malformed",
        _malformed,
    ),
    Reason(
        "rejected-packet", "Wireshark reads the packet that a Protocol-Reject quotes as well; what is quoted was not sent here", _rejected
    ),
    Reason(
        "odd-option",
        "Wireshark leaves out options whose length is not the RFC's, or those behind them; we say so of each, and read on",
        _odd_option,
    ),
)
"""In the order in which they are tried."""
TEXT = {reason.name: reason.text for reason in REASONS}


def reason_of(difference: Difference) -> Reason | None:
    """The first reason that applies; None: it is not explained."""
    return next((reason for reason in REASONS if reason.applies(difference)), None)
