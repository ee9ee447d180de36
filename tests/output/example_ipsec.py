"""IPsec connections made by hand: healthy behind NAT, a wrong key, port 4500 blocked, an SCCRQ in vain, three hundred clients."""

from __future__ import annotations

from typing import Any

from example_report import HOSTILE, SECOND, T0, capture, loss, row, trip

from l2tpscope.analysis.rows import (
    EspSaRow,
    IkeMessageRow,
    IkeSaRow,
    InferenceRow,
    LossRow,
    Measures,
    VpnRow,
)

END = T0 + 41 * SECOND


def vpn(number: int = 1, **given: Any) -> VpnRow:
    """A healthy connection from behind a NAT, up to the end, of which only ciphertext is in the capture."""
    values: dict[str, Any] = {
        "vpn": number,
        "kind": "l2tp/ipsec",
        "client": "198.51.100.7:4500",
        "server": "203.0.113.5:4500",
        "nat": "client",
    }
    values |= {"ike_sas": [number], "esp_sas": [2 * number - 1, 2 * number], "opened": T0, "stage": "traffic", "stage_grade": "likely"}
    values |= {"outcome": "up", "linked_by": [f"ESP 0x0000000a and 0x0000000b: made by an exchange of ike_sa {number}"]}
    return row(VpnRow, "vpns", **{**values, "packets_to_server": 600, "packets_to_client": 12_345, **given})


def ike_sa(number: int = 1, **given: Any) -> IkeSaRow:
    """A main mode SA that came up."""
    values: dict[str, Any] = {"ike_sa": number, "vpn": number, "version": 1, "exchange": "main", "state": "established", "furthest": "QM3"}
    values |= {"initiator": "198.51.100.7:4500", "responder": "203.0.113.5:4500", "initiator_spi": "00112233445566aa", "opened": T0}
    values |= {"responder_spi": "8899aabbccddeeff", "established": T0 + SECOND, "setup_s": 0.123, "encryption": "AES-CBC", "key_bits": 256}
    values |= {"integrity": "SHA1", "dh_group": "MODP-2048", "authentication": "pre-shared key", "lifetime_s": 28_800, "natt": True}
    values |= {"nat_initiator": True, "nat_responder": False, "messages": 9, "child_exchanges": 1, "responder_implementation": "libreswan"}
    values |= {"vendor_ids": ["responder: Dead Peer Detection v1.0"], "rtt_responder_side_min_s": 0.0203}
    return row(IkeSaRow, "ike_sas", **{**values, **given})


def esp_sa(number: int = 1, **given: Any) -> EspSaRow:
    """One of a pair; odd ones to the responder."""
    to_responder = number % 2 == 1
    values: dict[str, Any] = {
        "esp_sa": number,
        "vpn": (number + 1) // 2,
        "spi": f"0x{number:08x}",
        "pair": number + (1 if to_responder else -1),
    }
    ends = ("198.51.100.7:4500", "203.0.113.5:4500")
    values |= dict(zip(("source", "destination"), ends if to_responder else ends[::-1], strict=True))
    values |= {
        "direction": "to_responder" if to_responder else "to_initiator",
        "encapsulation": "udp",
        "ike_sa": 1,
        "first": T0,
        "last": END,
    }
    values |= {"packets": 600, "expected": 620, "received": 600, "lost": 20, "reordered": 1, "loss_ratio": 20 / 620, "birth_seen": True}
    values |= {"first_sequence": 1, "last_sequence": 620, "epochs": 1, "ike_linked_by": "an exchange", "pair_linked_by": "an exchange"}
    return row(EspSaRow, "esp_sas", **{**values, "cipher_block_octets": 16, "icv_octets": 12, **given})


def esp_loss(number: int = 1, **given: Any) -> LossRow:
    """20 of 620 lost in the odd ones, none in the even ones."""
    lost = 20 if number % 2 else 0
    values: dict[str, Any] = {"space": "esp", "tunnel": None, "session": None, "esp_sa": number, "expected": 620, "lost": lost}
    values |= {"direction": "to_responder" if number % 2 else "to_initiator", "loss_ratio": lost / 620, "reordered": 0}
    return loss(**{**values, **given})


def inference(**given: Any) -> InferenceRow:
    """Traffic, from ciphertext."""
    values: dict[str, Any] = {
        "vpn": 1,
        "subject": "vpn 1",
        "inference": "stage",
        "value": "traffic, usable 2.1 s after the SAs",
        "grade": "likely",
    }
    values |= {"rule": "24 packets of 600 octets and more, the first at 2.1 s", "against": "other large packets than those of PPP"}
    return row(InferenceRow, "inferences", **{**values, "time": T0, "capture": 1, "frame": 44, **given})


def ike_message(**given: Any) -> IkeMessageRow:
    """MM1, sent again."""
    values: dict[str, Any] = {
        "capture": 1,
        "frame": 9,
        "time": T0,
        "ike_sa": 1,
        "exchange": "Identity Protection (Main Mode)",
        "name": "MM1",
    }
    values |= {"octets": 372, "payloads": ["SA", "VID", "VID"], "fit": "retransmission", "retransmission_of": 3}
    return row(IkeMessageRow, "ike_messages", **{**values, **given})


def trips() -> list[Any]:
    """Round trips of IKE, one of them ambiguous, and of heartbeats."""
    own: dict[str, Any] = {"tunnel": None, "session": None}
    found = [trip(0.0203, "responder", kind="ike", ike_sa=1, **own), trip(0.0402, kind="ike", ike_sa=1, **own)]
    found.append(trip(0.5, "responder", kind="ike", ike_sa=1, quality="ambiguous", **own))
    return found + [trip(0.021 + at / 1e4, "responder", kind="esp-heartbeat", esp_sa=2, quality="inferred", **own) for at in range(5)]


def ipsec_capture(**given: Any) -> Any:
    """A capture of IKE and ESP alone."""
    none = {"l2tp2_control_frames": 0, "l2tp2_data_frames": 0}
    return capture(**{**none, "ike_frames": 9, "esp_frames": 1200, "natt_keepalive_frames": 2, **given})


def healthy() -> Measures:
    """One client behind NAT, nothing but ciphertext, with a little loss to the server."""
    return Measures(
        captures=[ipsec_capture()],
        vpns=[vpn()],
        ike_sas=[ike_sa()],
        ike_messages=[ike_message(frame=3, fit="new", retransmission_of=None), ike_message()],
        esp_sas=[esp_sa(1), esp_sa(2, lost=0, loss_ratio=0.0)],
        loss=[esp_loss(1), esp_loss(2)],
        rtt=trips(),
        inferences=[
            inference(),
            inference(
                inference="heartbeat", subject="vpn 1", value="every 10.0 s, 4 of 60 unanswered", rule="60 pairs of 68 octets", against=None
            ),
        ],
    )


def wrong_psk(number: int = 1, **given: Any) -> tuple[VpnRow, IkeSaRow]:
    """MM5 again and again, and never MM6."""
    connection = vpn(
        number, stage="ike-authentication", stage_grade="certain", outcome="failed", esp_sas=[], closed=T0 + 30 * SECOND, **given
    )
    repeats = {"retransmissions_to_responder": 4, "retransmissions_to_initiator": 4}
    return connection, ike_sa(number, state="failed", furthest="MM5", established=None, setup_s=None, **repeats)


def blocked_4500(number: int = 1) -> tuple[VpnRow, IkeSaRow]:
    """MM5 leaves on port 4500, and nothing ever comes back from there."""
    connection = vpn(number, stage="ike-authentication", stage_grade="certain", outcome="failed", esp_sas=[], nat="client")
    return connection, ike_sa(number, state="failed", furthest="MM5", established=None, setup_s=None, retransmissions_to_responder=5)


def unanswered_sccrq() -> Measures:
    """IPsec is up; inside, the same length at 0, 1, 3, 7, 15 s, and nothing comes back."""
    value = inference(
        value="SCCRQ unanswered", rule="5 client frames of 164 octets at 0/1/3/7/15 s, no ESP back", against="another protocol's repeats"
    )
    return Measures(
        captures=[ipsec_capture()],
        vpns=[vpn(stage="l2tp-request", esp_sas=[1], packets_to_server=5, packets_to_client=0)],
        ike_sas=[ike_sa()],
        esp_sas=[esp_sa(1, pair=None, packets=5)],
        loss=[esp_loss(1, expected=5, lost=0, loss_ratio=0.0)],
        inferences=[value],
    )


def clients(count: int = 300) -> Measures:
    """Many clients: every tenth with a wrong key, one with what it was sent in its id as hostile as can be."""
    measures = Measures(captures=[ipsec_capture()])
    for number in range(1, count + 1):
        client = f"198.51.{number // 200}.{number % 200 + 1}:4500"
        connection, ike = wrong_psk(number, client=client) if number % 10 == 0 else (vpn(number, client=client), ike_sa(number))
        measures.vpns.append(connection)
        measures.ike_sas.append(ike)
        if number % 10:
            measures.esp_sas += [esp_sa(2 * number - 1), esp_sa(2 * number, lost=0)]
            measures.loss += [esp_loss(2 * number - 1), esp_loss(2 * number)]
    measures.ike_sas[0].notifies = ["responder: " + HOSTILE]
    return measures
