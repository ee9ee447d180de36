"""ike_rows: the tables of IKE SAs and their messages, and the round trips of their exchanges."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from l2tpscope.analysis.ike_follow import firsts
from l2tpscope.analysis.ike_nat import behind_nat
from l2tpscope.analysis.ike_outcome import IkeOutcome, began
from l2tpscope.analysis.ike_story import IkeStory, Said
from l2tpscope.analysis.names import endpoint_name
from l2tpscope.analysis.rows import IkeMessageRow, IkeSaRow, RttRow
from l2tpscope.frames.tables import NATT_PORT
from l2tpscope.wire.ike import Identification, IkeMessage, Notify, VendorId, exchange_name, implementation, offered

EXCHANGES = {"MM": "main", "AM": "aggressive", "IK": "ike_sa_init"}
Trips = Mapping[tuple[int, str], tuple[float, float]]
"""By IKE SA and side: least and median."""


def ike_sa_row(story: IkeStory, outcome: IkeOutcome, trips: Trips, checks: int, vpn: int | None) -> IkeSaRow:
    """The row of one IKE SA."""
    nat = behind_nat(story)
    first, agreed = story.said[0].frame, story.agreed
    established = outcome.established.time if outcome.established is not None else None
    born = began(story)
    return IkeSaRow(
        ike_sa=story.number,
        version=story.version,
        initiator=endpoint_name(story.initiator),
        responder=endpoint_name(story.responder),
        roles="seen" if story.roles_seen else "guessed",
        initiator_spi=f"{story.sa.initiator_spi:016x}",
        responder_spi=f"{story.sa.responder_spi:016x}" if story.sa.responder_spi else None,
        exchange=_exchange(story) if born else None,  # type: ignore[arg-type]
        state=outcome.state,  # type: ignore[arg-type]
        furthest=outcome.furthest,
        opened=first.time,
        established=established if born else None,
        closed=outcome.closed,
        setup_s=(established - first.time) / 1e9 if established is not None and born else None,
        closed_by=outcome.closed_by,  # type: ignore[arg-type]
        encryption=agreed.encryption if agreed else None,
        key_bits=agreed.key_bits if agreed else None,
        integrity=agreed.integrity if agreed else None,
        prf=agreed.prf if agreed else None,
        dh_group=agreed.dh_group if agreed else None,
        authentication=agreed.authentication if agreed else None,
        lifetime_s=agreed.lifetime_s if agreed else None,
        offered=next((offered(said.frame.message) for said in story.said if said.from_initiator and offered(said.frame.message)), []),
        nat_initiator=nat.initiator,
        nat_responder=nat.responder,
        natt=any(NATT_PORT in (said.frame.sender.port, said.frame.receiver.port) for said in story.said),
        messages=len(story.said) + story.sa.unkept,
        child_exchanges=len(story.children),
        dead_peer_checks=checks,
        vendor_ids=_vendors(story),
        notifies=_notifies(story),
        vpn=vpn,
        **_repeats(story),
        **_peers(story),
        **_least(story.number, trips),
    )


def _exchange(story: IkeStory) -> str:
    return EXCHANGES.get(story.said[0].name[:2], "other")


def _repeats(story: IkeStory) -> dict[str, Any]:
    again = [said.from_initiator for said in story.said if said.fit == "retransmission"]
    return {"retransmissions_to_responder": sum(again), "retransmissions_to_initiator": len(again) - sum(again)}


def _peers(story: IkeStory) -> dict[str, Any]:
    """What each side says of itself in clear."""
    columns: dict[str, Any] = {}
    for side, name in ((True, "initiator"), (False, "responder")):
        messages = [said.frame.message for said in firsts(story) if said.from_initiator is side]
        ids = [payload for message in messages for payload in message.payloads if isinstance(payload, Identification)]
        columns[f"{name}_implementation"] = implementation(messages)
        columns[f"{name}_id"] = ids[0].text if ids else None
    return columns


def _vendors(story: IkeStory) -> list[str]:
    found = [
        f"{_who(said)}: {payload.name or payload.octets_sent.hex()}"
        for said in firsts(story)
        for payload in said.frame.message.payloads
        if isinstance(payload, VendorId)
    ]
    return list(dict.fromkeys(found))


def _notifies(story: IkeStory) -> list[str]:
    found = [
        f"{_who(said)}: {payload.type.name}" + (f" ({payload.says})" if payload.says else "")
        for said in firsts(story)
        for payload in said.frame.message.payloads
        if isinstance(payload, Notify)
    ]
    return list(dict.fromkeys(found))


def _who(said: Said) -> str:
    return "initiator" if said.from_initiator else "responder"


def _least(number: int, trips: Trips) -> dict[str, Any]:
    columns: dict[str, float | None] = {}
    for side in ("initiator", "responder"):
        least, median = trips.get((number, side), (None, None))
        columns[f"rtt_{side}_side_min_s"], columns[f"rtt_{side}_side_p50_s"] = least, median
    return columns


def measure_ike_messages(stories: Iterable[IkeStory]) -> list[IkeMessageRow]:
    """One row a message, in the order of the capture."""
    return [_message_row(story, said) for story, said in _placed(stories)]


def decoded_ike(stories: Iterable[IkeStory]) -> list[IkeMessage]:
    """What was decoded of each row of `measure_ike_messages`."""
    return [said.frame.message for _, said in _placed(stories)]


def _placed(stories: Iterable[IkeStory]) -> list[tuple[IkeStory, Said]]:
    return sorted(((story, said) for story in stories for said in story.said), key=lambda pair: pair[1].frame.position)


def _message_row(story: IkeStory, said: Said) -> IkeMessageRow:
    frame = said.frame
    return IkeMessageRow(
        capture=frame.capture,
        frame=frame.frame,
        time=frame.time,
        ike_sa=story.number,
        direction="to_responder" if said.from_initiator else "to_initiator",
        exchange=exchange_name(frame.message.major, frame.message.exchange),
        message_id=frame.message.message_id,
        name=said.name,
        encrypted=frame.message.encrypted,
        octets=frame.octets,
        payloads=list(frame.message.payload_names),
        fit=said.fit,
        retransmission_of=said.original.frame if said.original is not None else None,
        reply_to=said.reply_to.frame if said.reply_to is not None else None,
        anomalies=[str(anomaly) for anomaly in frame.message.anomalies],
    )


def measure_ike_rtt(stories: Sequence[IkeStory]) -> list[RttRow]:
    """A sample for each reply: from the first copy of what it answers to its own first copy, both at the tap.

    Where the request was sent again before the reply came, it is ambiguous, with the last copy as the lower bound (Karn).
    *Bias*: long by what the answering side takes: Diffie-Hellman, a RADIUS server. Minima are the path.
    """
    return [row for story in stories for row in _samples(story)]


def _samples(story: IkeStory) -> Iterable[RttRow]:
    copies: dict[int, list[Said]] = {}
    for said in story.said:
        first = said.original or said.frame
        copies.setdefault(first.position, []).append(said)
    for said in firsts(story):
        if said.reply_to is None or said.frame.time < said.reply_to.time:
            continue
        before = [one.frame for one in copies[said.reply_to.position] if one.frame.position < said.frame.position]
        repeated = len(before) > 1
        yield RttRow(
            time=said.frame.time,
            kind="ike",
            side="initiator" if said.from_initiator else "responder",
            tunnel=None,
            session=None,
            ike_sa=story.number,
            esp_sa=None,
            capture=said.frame.capture,
            frame_request=said.reply_to.frame,
            frame_reply=said.frame.frame,
            rtt_s=(said.frame.time - said.reply_to.time) / 1e9,
            rtt_low_s=(said.frame.time - before[-1].time) / 1e9 if repeated else None,
            quality="ambiguous" if repeated else "clean",
        )
