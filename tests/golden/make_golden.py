"""Makes the golden captures and their facts from the laboratory captures: `python tests/golden/make_golden.py`.

The facts come from the truth of the whole laboratory capture (`tests/truth`), counted anew for the part that was kept; the program has no
say in them. Needs ../shared; what it makes is stored, so that the facts are tested without.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "truth"))

import container  # noqa: E402
import esp_facts  # noqa: E402
import hand  # noqa: E402
import ike_facts  # noqa: E402
import lab  # noqa: E402
from conversations import Conversations  # noqa: E402
from hand import Record  # noqa: E402

Keep = Callable[[Record], bool]


@dataclasses.dataclass(frozen=True)
class Case:
    """One golden capture: where it comes from, and what of it was kept."""

    name: str
    scenario: str
    point: str
    about: str
    keep: Keep = lambda record: True
    snaplen: int = 65535


def _from_client(record: Record) -> bool:
    return record.octets[26:30] == bytes([198, 51, 100, 10])


CASES = [
    Case("healthy", "l2tp_tunnel_auth_ok", "wan.pcap", "A healthy tunnel with one session, challenged both ways, closed by the client."),
    Case(
        "loss_with_s_bit",
        "l2tp_clear_loss_seq",
        "wan.pcap",
        "Seven tunnels in a row (of the first only the end), data with sequence numbers, over a path that loses 3 % and 1 %.",
        keep=lambda record: record.frame > 2100,
        snaplen=160,
    ),
    Case(
        "reordered_with_s_bit",
        "l2tp_clear_reorder_seq",
        "server.pcap",
        "Data with sequence numbers over a path that reorders and duplicates but loses nothing.",
    ),
    Case("refused_session", "f_session_limit", "wan.pcap", "The LNS has one address to give: it refuses the tunnel's second session."),
    Case("unanswered", "f_1701_filtered", "client.pcap", "Nobody answers: SCCRQ five times, then StopCCN five times."),
    Case("lns_killed", "f_lns_killed", "wan.pcap", "The LNS falls silent in mid-session; HELLOs pile up, then the client gives up."),
    Case("multi_tunnels", "multi_s2s", "wan.pcap", "Three tunnels with four, two and one sessions between one pair of hosts.", snaplen=160),
    Case("ipv6", "l2tp_ipv6", "wan.pcap", "A healthy tunnel over IPv6; 55 equal datagrams in a row are no copies.", snaplen=160),
    Case("fragmented", "mtu_fragmented", "wan.pcap", "Data packets larger than the path's MTU come as IP fragments."),
    Case(
        "begins_late",
        "kl2tpd_ok",
        "wan.pcap",
        "The capture begins in mid-session: no SCCRQ, no ICRQ, but HELLOs, data and the end.",
        keep=lambda record: record.frame > 60,
    ),
    Case("one_sided", "l2tp_mschapv2_mppe", "wan.pcap", "Only what the client sent is in the capture.", keep=_from_client),
    Case(
        "crossing_close",
        "f_chap_wrong",
        "server.pcap",
        "CDNs and StopCCNs cross; afterwards each daemon acknowledges messages that have not reached it yet.",
    ),
    Case("wrong_psk", "f_wrong_psk", "wan.pcap", "The client has another pre-shared key: each of four MM5 is answered by an encrypted no."),
    Case("two_clients_one_nat", "two_nat", "server.pcap", "Two clients behind one NAT; the second one's SAs cut the first one off."),
    Case(
        "gateway_decrypts",
        "l2tpipsec_ok_gro",
        "server.pcap",
        "A gateway's own capture: what the client sent is there in clear only, what the gateway sent as ESP only.",
    ),
]


def main() -> None:
    """Write every case."""
    for case in CASES:
        folder = HERE / case.name
        folder.mkdir(exist_ok=True)
        kept = [
            _cut(record, case.snaplen)
            for path in lab.files(case.scenario, case.point)
            for record in hand.records(path)
            if case.keep(record)
        ]
        capture = container.write(folder / "capture.pcap", container.pcap(kept))
        whole = lab.conversations(case.scenario, case.point)
        part = Conversations.known_from(whole).read(capture)
        part.drop_unseen()
        tunnels = [lab.tunnel_facts(case.scenario, case.point, tunnel) for tunnel in part.tunnels]
        (folder / "about.md").write_text(case.about + "\n")
        ipsec = {
            "ike_sas": [_ike(sa) for sa in ike_facts.sas(case.scenario, case.point)],
            "esp_sas": [_esp(case, sa) for sa in esp_facts.sas(case.scenario, case.point).values()],
        }
        facts = {"source": f"{case.scenario}/{case.point}", "frames": len(kept), "tunnels": [_plain(tunnel) for tunnel in tunnels]}
        facts |= {table: rows for table, rows in ipsec.items() if rows}
        (folder / "facts.json").write_text(json.dumps(facts, indent=1) + "\n")
        print(f"{case.name:22} {len(kept):5} frames {capture.stat().st_size:7} octets {len(tunnels)} tunnels")


def _ike(sa: ike_facts.IkeSa) -> dict[str, object]:
    return {
        "initiator_spi": sa.initiator_spi,
        "responder_spi": sa.responder_spi,
        "furthest": sa.furthest(),
        "messages": len(sa.said),
        "retransmissions": {side: sa.count(side, again=True) for side in ("initiator", "responder")},
    }


def _esp(case: Case, sa: esp_facts.EspSa) -> dict[str, object]:
    loss = esp_facts.upstream_loss(case.scenario, sa)
    return {"spi": sa.spi, "packets": len(sa.packets), "lost": loss.lost, "late": loss.late, "reordered": sa.reordered()}


def _cut(record: Record, snaplen: int) -> Record:
    """The record with data packets cut to *snaplen*; control messages stay whole."""
    octets = record.octets
    at = 14 + (40 if octets[12:14] == b"\x86\xdd" else (octets[14] & 15) * 4) + 8
    control = len(octets) > at and octets[at] & 0x80
    return record if control else dataclasses.replace(record, octets=octets[:snaplen])


def _plain(value: object) -> object:
    """Data classes as dictionaries; an unknown fact as its reason."""
    if isinstance(value, lab.Unknown):
        return {"unknown": value.why}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value


if __name__ == "__main__":
    main()
