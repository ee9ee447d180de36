"""marks: what one side of a tunnel showed that may tell its software, each a few words: the text of a reason.

What was cut off, hidden or malformed makes no mark, so that nothing is taken for absent that was only not seen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from l2tpscope.analysis.follow import Story
from l2tpscope.analysis.ppp_story import REQUEST, PppStory
from l2tpscope.core.anomaly import AnomalyKind
from l2tpscope.model.half import ControlFrame
from l2tpscope.wire.l2tp import ControlMessage, ResultCode

RESULT_CODE, FRAMING, BEARER, FIRMWARE, HOST_NAME, VENDOR_NAME, WINDOW = 1, 3, 4, 6, 7, 8, 10
CHALLENGE, RESPONSE, TX_SPEED, RANDOM_VECTOR = 11, 13, 24, 36
SETTINGS = frozenset({CHALLENGE, RESPONSE, RANDOM_VECTOR})
"""AVPs that come with a secret, whatever the software: left out of its order."""
NUMBERS = ((FRAMING, "Framing Capabilities"), (BEARER, "Bearer Capabilities"), (WINDOW, "Receive Window Size"))
OF_PRODUCTS = ("anonymous",)
"""Host names that are the same on every host that has the product; others are people's."""
SET_UP = ("SCCRQ", "SCCRP")
ORDERED = (*SET_UP, "ICRQ", "ICCN")
TOLD = frozenset({*ORDERED, "StopCCN", "CDN"})
AUTHENTICATION = 3
"""LCP option: a matter of the side, not of the software."""
FEWEST_GAPS = 3
"""HELLO intervals, or waits before copies of a message, that make a habit (of the waits, two)."""
MOST_WAITS = 8
MOST_TEXTS = 4
"""Identifications of a session that are looked at: Windows sends three."""
SECOND = 1e9
BROKEN = (AnomalyKind.TRUNCATED, AnomalyKind.MALFORMED)


def marks(story: Story, ppp: Iterable[PppStory], ike: Iterable[str], *, initiator: bool) -> tuple[str, ...]:
    """All of one side; *ppp*: the tunnel's sessions; *ike*: the software of that host's IKE."""
    said = _said(story, initiator)
    found: list[str] = []
    for kind in ORDERED:
        if kind in said:
            found += _of_message(kind, said[kind])
    found += _of_closing(said.get("StopCCN"), said.get("CDN"))
    found += _timers(story, initiator)
    for session in ppp:
        found += _of_ppp(session, initiator)
    found += [f"IKE by {name}" for name in ike]
    return tuple(dict.fromkeys(found))


def _said(story: Story, initiator: bool) -> Mapping[str, ControlMessage]:
    """The first whole message of each kind that the side sent."""
    said: dict[str, ControlMessage] = {}
    for frame, sent, _ in story.verdicts:
        if sent is initiator and frame.type in TOLD and frame.type not in said and _whole(frame):
            assert frame.message is not None
            said[frame.type] = frame.message
    return said


def _whole(frame: ControlFrame) -> bool:
    return frame.message is not None and not any(anomaly.kind in BROKEN for anomaly in frame.message.anomalies)


def _of_message(kind: str, message: ControlMessage) -> list[str]:
    """The order of its AVPs; of a set-up message, what it says too."""
    order = [f"{avp.vendor}:{avp.type}" if avp.vendor else str(avp.type) for avp in message.avps if avp.key not in SETTINGS]
    found = [f"{kind}: AVPs {' '.join(order)}"]
    speed = message.get(TX_SPEED) if kind == "ICCN" else None
    if isinstance(speed, int):
        found.append(f"Tx Connect Speed {speed}")
    return found + _of_set_up(kind, message) if kind in SET_UP else found


def _of_set_up(kind: str, message: ControlMessage) -> list[str]:
    found = []
    vendor, firmware, host = message.get(VENDOR_NAME), message.get(FIRMWARE), message.find(HOST_NAME)
    if isinstance(vendor, str):
        found.append(f"Vendor Name {vendor}")
    if isinstance(firmware, int):
        found.append(f"Firmware Revision 0x{firmware:04x}")
    found += [f"{name} {int(value)}" for attribute, name in NUMBERS if isinstance(value := message.get(attribute), int)]
    if host is not None:
        found += [f"Host Name {host.value}"] if host.value in OF_PRODUCTS else []
        found += ["Host Name ends with NUL"] if host.raw.endswith(b"\0") else []
    optional = sorted({avp.type for avp in message.avps if not avp.mandatory and not avp.vendor})
    return found + ([f"{kind}: optional {' '.join(map(str, optional))}"] if optional else [])


def _of_closing(*messages: ControlMessage | None) -> list[str]:
    codes = [code for message in messages if message is not None and isinstance(code := message.get(RESULT_CODE), ResultCode)]
    found = ["Result Code in host byte order"] if any(code.swapped for code in codes) else []
    stop = messages[0].get(RESULT_CODE) if messages[0] is not None else None
    return found + ([f"StopCCN says {stop.message}"] if isinstance(stop, ResultCode) and stop.message else [])


def _timers(story: Story, initiator: bool) -> list[str]:
    """How often it says HELLO, by the median; how long it waits for an acknowledgement, by the message with the most copies.

    *Bias*: a copy lost before the tap makes a wait longer; such waits fit no row.
    """
    hellos = [slot.first.time for _, slot in sorted(story.reliable.ways[initiator].slots.items()) if slot.first.type == "HELLO"]
    gaps = _gaps(hellos)
    found = [f"HELLO every {sorted(gaps)[len(gaps) // 2]:.1f} s"] if len(gaps) >= FEWEST_GAPS else []
    copies: dict[int, list[int]] = defaultdict(list)
    for frame, sent, verdict in story.verdicts:
        if sent is initiator and verdict.slot is not None and verdict.slot.copies >= FEWEST_GAPS:
            copies[verdict.slot.first.position].append(frame.time)
    waits = _gaps(max(copies.values(), key=len))[:MOST_WAITS] if copies else []
    return [*found, f"sent again after {' '.join(f'{round(wait * 2) / 2:g}' for wait in waits)} s"] if waits else found


def _gaps(times: Sequence[int]) -> list[float]:
    return [(after - before) / SECOND for before, after in pairwise(times)]


def _of_ppp(session: PppStory, initiator: bool) -> list[str]:
    """The options that its first LCP request asks for, in order, and what its Identifications say."""
    own = [said.seen.ppp.packet for said in session.said if said.to_initiator is not initiator and said.protocol == "LCP"]
    asked = next((packet for packet in own if packet is not None and packet.code_name == REQUEST), None)
    texts = [packet.text for packet in own if packet is not None and packet.code_name == "Identification" and packet.text]
    options = [option.label for option in asked.options if option.type != AUTHENTICATION] if asked is not None else []
    return [f"LCP asks {', '.join(options)}"] * bool(options) + [f"Identification {text}" for text in texts[:MOST_TEXTS]]
