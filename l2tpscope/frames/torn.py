"""Torn: datagrams of L2TP and IPsec of which the first fragment was seen, and others never.

Only the first fragment has ports, so what a datagram without it was is not known, and it is not told here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, NamedTuple

from l2tpscope.frames.columns import Endpoint
from l2tpscope.frames.tables import ESP, IKE_PORT, L2TP_IP, L2TP_PORT, NATT_PORT, UDP

if TYPE_CHECKING:
    from l2tpscope.frames.fragments import Key

MOST = 256
"""Conversations that are kept apart."""
MOST_PLACES = 12
UDP_HEADER, MARKER = 8, bytes(4)

What = Literal["ike", "esp", "l2tp"]


class Seen(NamedTuple):
    """A fragment: where it was seen, and the protocol of IP that its datagram carries."""

    capture: int
    frame: int
    protocol: int


@dataclass(slots=True)
class Torn:
    """Incomplete datagrams of one conversation in one direction."""

    what: What
    exchange: int | None
    """Of IKE: its number."""
    sender: Endpoint
    receiver: Endpoint
    octets: int
    """Of the largest, IP header included: as UDP says, else as far as its fragments reach."""
    first: int
    last: int
    count: int = 0
    places: list[tuple[int, int]] = field(default_factory=list)
    """Capture and frame of the first fragments; the first dozen."""
    later: bool = False
    """Later fragments of its protocol of IP were seen somewhere: the capture's filter lets them through."""
    whole: int = 0
    """Datagrams between these addresses, this way, that came in fragments and were complete."""
    protocol: int = UDP


class TornDatagrams:
    """Counts them; memory is bounded."""

    def __init__(self) -> None:
        self._kept: dict[tuple[object, ...], Torn] = {}
        self.later: set[int] = set()
        """Protocols of IP of which later fragments were seen."""
        self.whole = Counter[tuple[bytes, int]]()
        """Complete ones, by both addresses and the protocol of IP."""

    def add(self, key: Key, seen: Seen, time: int, octets: bytes, reach: int) -> None:
        """Take one that was given up. *octets*: of its first fragment behind the IP header; *reach*: how far its fragments do."""
        one = _read(key, seen, octets, reach)
        if one is None:
            return
        name = one.what, one.exchange, one.sender, one.receiver
        if name not in self._kept and len(self._kept) >= MOST:
            return
        known = self._kept.setdefault(name, one)
        if not known.count:
            known.first = time
        known.count += 1
        known.last = time
        known.octets = max(known.octets, one.octets)
        if len(known.places) < MOST_PLACES:
            known.places.append((seen.capture, seen.frame))

    def complete(self, key: Key, seen: Seen) -> None:
        """Count one of which every fragment came."""
        name = key[1], seen.protocol
        if name in self.whole or len(self.whole) < MOST:
            self.whole[name] += 1

    def age(self, before: int) -> None:
        """Forget those of before an instant."""
        self._kept = {name: one for name, one in self._kept.items() if one.last >= before}

    def copy(self) -> TornDatagrams:
        """The same, to be added to."""
        copy = TornDatagrams()
        copy.later, copy.whole = set(self.later), self.whole.copy()
        copy._kept = {name: replace(one, places=list(one.places)) for name, one in self._kept.items()}
        return copy

    def __iter__(self) -> Iterator[Torn]:
        for one in self._kept.values():
            whole = self.whole[one.sender.address + one.receiver.address, one.protocol]
            yield replace(one, later=one.protocol in self.later, whole=whole)


def _read(key: Key, seen: Seen, octets: bytes, reach: int) -> Torn | None:
    """What the first fragment says of its datagram; None: nothing of ours, or too little of it."""
    version, addresses, _, _ = key
    header, size = (20, 4) if version == 4 else (40, 16)
    source, destination = addresses[:size], addresses[size:]
    if seen.protocol in BARE:
        ends = Endpoint(source, None), Endpoint(destination, None)
        return Torn(BARE[seen.protocol], None, *ends, header + reach, 0, 0, protocol=seen.protocol)
    if seen.protocol != UDP or len(octets) < UDP_HEADER:
        return None
    sport, dport, length = (int.from_bytes(octets[at : at + 2], "big") for at in (0, 2, 4))
    found = _over_udp({sport, dport}, octets[UDP_HEADER:])
    if found is None:
        return None
    what, exchange = found
    return Torn(what, exchange, Endpoint(source, sport), Endpoint(destination, dport), header + max(length, reach), 0, 0)


BARE: Mapping[int, What] = {ESP: "esp", L2TP_IP: "l2tp"}
"""Protocols of IP that have no ports."""


def _over_udp(ports: set[int], payload: bytes) -> tuple[What, int | None] | None:
    if L2TP_PORT in ports:
        return "l2tp", None
    if IKE_PORT in ports or (NATT_PORT in ports and payload[:4] == MARKER):
        begin = 0 if IKE_PORT in ports else len(MARKER)
        return ("ike", payload[begin + 18]) if len(payload) > begin + 18 else None
    return ("esp", None) if NATT_PORT in ports else None
