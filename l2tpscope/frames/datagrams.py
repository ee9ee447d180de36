"""IP datagrams under consideration: whose they are, what they carry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from l2tpscope.frames.flows import Keys, flow_keys
from l2tpscope.frames.network import Packets
from l2tpscope.frames.window import Bools, Int64s


@dataclass(slots=True)
class Payloads:
    """What datagrams carry: where it begins, how long it is, how much of it is there. *Shape*: every column (n,)."""

    at: Int64s
    octets: Int64s
    captured: Int64s


def payloads_of(packets: Packets, udp: Bools, icmp: Bools) -> Payloads:
    """Where the payload of each datagram lies: behind the header of UDP or ICMP; ESP, AH, protocol 115: all of it.

    The UDP length counts, but never past the end of the datagram; 0 means up to there (a jumbogram, RFC 2675 §4).
    """
    at = packets.transport + 8 * (udp | icmp)
    announced = packets.rows["udp_octets"].astype(np.int64)
    room = packets.end - packets.transport
    if not (udp.all() and (announced == room).all()):
        room = np.where(udp & (announced > 0), np.minimum(announced, room), room)
    octets = np.maximum(room - (at - packets.transport), 0)
    captured = np.clip(packets.limit - at, 0, octets)
    return Payloads(at, octets, captured)


@dataclass(slots=True)
class Datagrams:
    """Datagrams. *Shape*: every column (n,)."""

    packets: Packets
    payload: Payloads
    source: Keys
    destination: Keys
    record: Int64s
    """Number of the record since the decoder began."""

    def keys(self, which: Int64s) -> Keys:
        """Flow numbers of some of them."""
        rows = self.packets.rows
        return flow_keys(self.source[which], self.destination[which], rows["source_port"][which], rows["destination_port"][which])

    def select(self, which: Any) -> Datagrams:
        """Some of them."""
        payload = self.payload
        some = Payloads(payload.at[which], payload.octets[which], payload.captured[which])
        return Datagrams(self.packets.select(which), some, self.source[which], self.destination[which], self.record[which])
