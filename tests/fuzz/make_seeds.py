"""Makes the captures of IPsec, L2TPv3 and L2F in `seeds/`: `python tests/fuzz/make_seeds.py`.

That of L2F is written by a script, the others are laboratory captures. They seed the fuzzing and the tests of invariance, which need no
facts. Needs ../shared.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / name) for name in ("truth", "analysis")]

import container  # noqa: E402
import hand  # noqa: E402
import ipsec_hand  # noqa: E402
import l2f_script  # noqa: E402
import lab  # noqa: E402
from hand import Record  # noqa: E402

SNAPLEN = 96
"""Of everything but IKE, whose messages are kept whole."""


@dataclasses.dataclass(frozen=True)
class Seed:
    """Where a seed comes from, and which frames of it."""

    scenario: str
    point: str
    keep: Callable[[int], bool] = lambda frame: True


SEEDS = {
    "v3_over_ip": Seed("l2tpv3_ip_c4", "wan.pcap", lambda frame: frame <= 120),
    "v3_over_udp": Seed("l2tpv3_udp_seq_loss", "client.pcap", lambda frame: frame <= 160),
    "v3_hello": Seed("ql2tpd_v3_udp_hello", "wan.pcap"),
    "aggressive": Seed("ike_aggressive_ok", "wan.pcap", lambda frame: frame <= 60),
    "dead_peer": Seed("f_dpd_timeout", "server.pcap"),
    "decrypted_inbound": Seed("l2tpipsec_ok_gro", "server.pcap"),
    "esp_begins_late": Seed("l2tpipsec_3des", "wan.pcap", lambda frame: 300 < frame <= 420),
    "ikev2": Seed("l2tpipsec_ikev2", "wan.pcap", lambda frame: frame <= 60 or 215 < frame <= 260 or frame > 590),
    "libreswan_nat": Seed("libreswan_l2tpipsec_nat", "wan.pcap"),
    "refused": Seed("f_no_proposal_ike", "wan.pcap"),
    "rekeying": Seed("rekey", "wan.pcap", lambda frame: 150 < frame <= 360),
    "tunnel_mode": Seed("l2tpipsec_tunnelmode", "client.pcap", lambda frame: frame <= 150),
    "two_clients_one_nat": Seed("two_nat", "wan.pcap"),
}


def cut(record: Record) -> Record:
    """The frame as a capture with SNAPLEN has it, unless it is of IKE."""
    packet = hand.ip_packet(record)
    ports = {int.from_bytes(packet[20:22], "big"), int.from_bytes(packet[22:24], "big")} if packet[9] == hand.UDP else set()
    if ipsec_hand.IKE_PORT in ports or (ipsec_hand.NATT_PORT in ports and packet[28:32] == bytes(4)):
        return record
    return dataclasses.replace(record, octets=record.octets[:SNAPLEN])


def main() -> None:
    """Make them all."""
    for name, seed in SEEDS.items():
        records = [cut(one) for one in hand.records(lab.LAB / seed.scenario / seed.point) if seed.keep(one.frame)]
        container.write(HERE / "seeds" / f"{name}.pcap", container.pcap(records))
    container.write(HERE / "seeds" / "l2f.pcap", l2f_script.whole().file())


if __name__ == "__main__":
    main()
