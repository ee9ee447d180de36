"""A report made by hand: rows with every kind of value, and text as hostile as a peer can make it."""

from __future__ import annotations

from typing import Any

from l2tpscope.analysis.rows import (
    CaptureRow,
    EspSaRow,
    EventRow,
    FindingRow,
    IkeMessageRow,
    IkeSaRow,
    InferenceRow,
    InnerFlowRow,
    L2fRow,
    LossRow,
    Measures,
    MessageRow,
    PppRow,
    RttRow,
    SessionRow,
    ThroughputRow,
    TunnelRow,
    VpnRow,
)
from l2tpscope.output import RENDERER
from l2tpscope.report import Report, columns

T0 = 1_764_000_131_123_456_789
"""2025-11-24T16:02:11.123456789Z."""
SECOND = 1_000_000_000
HOSTILE = "\x1b[2J\r\nevil\u202e<script>alert(1)</script>\x00\udc80"

BLANK: dict[str, Any] = {"time": T0, "int": 0, "float": 0.0, "bool": False, "string": "", "list": [], "numbers": []}


def row(make: type, table: str, /, **given: Any) -> Any:
    """A row in which what is not given is unknown, or zero where it cannot be."""
    blank = {column.name: None if column.optional else BLANK.get(column.kind, (column.values or ("",))[0]) for column in columns(table)}
    return make(**{**blank, **given})


def capture(**given: Any) -> CaptureRow:
    """A good capture of 41 seconds."""
    values = {"capture": 1, "path": "wan.pcap", "format": "pcap", "frames": 1234, "verdict": "good", "time_start": T0}
    values |= {"time_end": T0 + 41 * SECOND, "duration_s": 41.0, "l2tp2_control_frames": 34, "l2tp2_data_frames": 1100, "other_frames": 100}
    values |= {"link_types": ["ETHERNET"], "reasons": [], "reported_drops": None, "time_resolution_s": 1e-6}
    return row(CaptureRow, "captures", **{**values, **given})


def tunnel(number: int = 1, **given: Any) -> TunnelRow:
    """A tunnel closed in order by its initiator."""
    values: dict[str, Any] = {"tunnel": number, "version": 2, "initiator": "198.51.100.10:1701", "responder": "203.0.113.5:1701"}
    values |= {"initiator_id": 23456, "responder_id": 11, "state": "closed", "opened": T0, "closed": T0 + 40 * SECOND, "setup_s": 0.0912}
    values |= {"closed_by": "initiator", "result_code": 1, "result": "general request to clear", "error_message": "Goodbye!"}
    values |= {
        "messages_to_responder": 9,
        "messages_to_initiator": 8,
        "sessions": 1,
        "initiator_host_name": "lac",
        "responder_host_name": "lns",
    }
    return row(TunnelRow, "tunnels", **{**values, **given})


def session(number: int = 1, tunnel: int = 1, **given: Any) -> SessionRow:
    """A session with data both ways."""
    values: dict[str, Any] = {"session": number, "tunnel": tunnel, "call": "incoming", "initiator_id": 4660, "responder_id": 22}
    values |= {
        "state": "closed",
        "opened": T0,
        "closed": T0 + 40 * SECOND,
        "data_packets_to_responder": 600,
        "data_packets_to_initiator": 500,
    }
    values |= {"data_octets_to_responder": 64_000, "data_octets_to_initiator": 1_234_567, "closed_by": "initiator"}
    return row(SessionRow, "sessions", **{**values, **given})


def trip(rtt_s: float, side: str = "initiator", **given: Any) -> RttRow:
    """A clean round trip of tunnel 1."""
    values = {"time": T0, "kind": "l2tp-reply", "side": side, "tunnel": 1, "rtt_s": rtt_s, "quality": "clean", "capture": 1}
    return row(RttRow, "rtt", **{**values, "frame_request": 1, "frame_reply": 2, **given})


def loss(**given: Any) -> LossRow:
    """21 of 5001 data packets lost."""
    values = {
        "space": "l2tp-data",
        "tunnel": 1,
        "session": 1,
        "direction": "to_responder",
        "measurable": True,
        "expected": 5001,
        "lost": 21,
    }
    values |= {"received": 4980, "loss_ratio": 21 / 5001, "loss_low_ratio": 0.0028, "loss_high_ratio": 0.00641, "reordered": 3}
    return row(LossRow, "loss", **{**values, **given})


def finding(**given: Any) -> FindingRow:
    """An error that quotes a hostile peer."""
    values = {
        "finding": "L2S105",
        "name": "call-refused",
        "severity": "error",
        "grade": "certain",
        "subject": "vpn 1",
        "vpn": 1,
        "count": 1,
    }
    values |= {"first": T0, "last": T0 + SECOND, "summary": f"the server refuses the call: {HOSTILE}", "evidence": [7, 8, 9, 12]}
    values |= {"evidence_captures": [1, 1, 1, 1], "against": ["`x`|<b>"], "alternatives": ["one", "another"], "advice": "look there"}
    return row(FindingRow, "findings", **{**values, "wireshark_filter": "l2tp && ip.addr == 203.0.113.5", **given})


def measures() -> Measures:
    """Two tunnels, one of them hostile; a row of each table of IPsec, with text as hostile, of a connection that is clear L2TP."""
    unsequenced = "no sequence numbers (S bit not set)"
    return Measures(
        captures=[capture()],
        tunnels=[tunnel(), tunnel(2, state="refused", initiator_host_name=HOSTILE, error_message=HOSTILE, result_code=2, setup_s=None)],
        sessions=[session()],
        messages=[row(MessageRow, "messages", capture=1, frame=7, time=T0, tunnel=1, message="SCCRQ", ns=0, nr=0, octets=101, fit="new")],
        rtt=[trip(0.0231), trip(0.025), trip(0.0412, "responder"), trip(0.3, quality="ambiguous", rtt_low_s=0.1)],
        loss=[loss(), loss(direction="to_initiator", measurable=False, why_not=unsequenced, expected=None, lost=None, loss_ratio=None)],
        throughput=[row(ThroughputRow, "throughput", time=T0, bin_s=1.0, tunnel=1, session=1, packets=10, octets=9000)],
        events=[row(EventRow, "events", time=T0, capture=1, frame=7, subject="tunnel 1", event="opening", detail="=HYPERLINK(1)")],
        ppp=[
            row(
                PppRow, "ppp", capture=1, frame=9, time=T0, session=1, protocol="CHAP", code="Failure", summary=HOSTILE, anomalies=[HOSTILE]
            )
        ],
        inner_flows=[
            row(
                InnerFlowRow,
                "inner_flows",
                flow=1,
                session=1,
                protocol="TCP",
                initiator="10.0.0.1:80",
                responder=HOSTILE,
                first=T0,
                last=T0,
            )
        ],
        l2f=[
            row(
                L2fRow,
                "l2f",
                l2f=1,
                initiator_name=HOSTILE,
                closed_by="initiator",
                close_message=HOSTILE,
                clients=1,
                client_names=[HOSTILE],
                anomalies=[HOSTILE],
            )
        ],
        vpns=[row(VpnRow, "vpns", vpn=1, client="198.51.100.10:1701", server="203.0.113.5:1701", tunnels=[1], linked_by=[HOSTILE])],
        ike_sas=[row(IkeSaRow, "ike_sas", ike_sa=1, version=2, initiator_id=HOSTILE, vendor_ids=[HOSTILE, "=1"], notifies=[HOSTILE])],
        ike_messages=[
            row(IkeMessageRow, "ike_messages", capture=1, frame=8, time=T0, ike_sa=1, name="IKE_AUTH request", anomalies=[HOSTILE])
        ],
        esp_sas=[row(EspSaRow, "esp_sas", esp_sa=1, spi="0x0000000a", source="198.51.100.7", first=T0, last=T0)],
        inferences=[row(InferenceRow, "inferences", vpn=1, subject="esp_sa 1", value=HOSTILE, rule=HOSTILE, against=HOSTILE)],
        findings=[finding()],
    )


def report(**given: Any) -> Report:
    """The report of these rows, or of others."""
    return Report(**{"measures": measures(), "notes": ["a note"], "renderer": RENDERER, **given})
