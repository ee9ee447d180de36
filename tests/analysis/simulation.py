"""A simulated L2TP tunnel over a lossy link with a tap in it: two peers after RFC 2661 §5.8, and the truth beside the capture.

Written for the tests alone and sharing nothing with the program: octets are put together by hand.
"""

from __future__ import annotations

import heapq
import random
import struct
from collections import Counter
from dataclasses import dataclass, field

CLIENT, SERVER = b"\xc6\x33\x64\x0a", b"\xcb\x00\x71\x05"
TUNNEL = {True: 4711, False: 815}
"""The id that each side gives out; True is the initiator."""
SESSION = {True: 21, False: 42}
TYPES = {"SCCRQ": 1, "SCCRP": 2, "SCCCN": 3, "StopCCN": 4, "HELLO": 6, "ICRQ": 10, "ICRP": 11, "ICCN": 12}


def avp(kind: int, value: bytes) -> bytes:
    """An AVP with the M bit."""
    return struct.pack(">HHH", 0x8000 | 6 + len(value), 0, kind) + value


def body(message: str, sender: bool) -> bytes:
    """The AVPs of a message."""
    octets = avp(0, struct.pack(">H", TYPES[message]))
    if message in ("SCCRQ", "SCCRP"):
        octets += avp(2, b"\1\0") + avp(3, b"\0\0\0\3") + avp(7, b"lac" if sender else b"lns") + avp(9, struct.pack(">H", TUNNEL[sender]))
    elif message == "StopCCN":
        octets += avp(9, struct.pack(">H", TUNNEL[sender])) + avp(1, b"\0\1\0\0bye")
    elif message in ("ICRQ", "ICRP"):
        octets += avp(14, struct.pack(">H", SESSION[sender])) + (avp(15, b"\0\0\0\7") if message == "ICRQ" else b"")
    elif message == "ICCN":
        octets += avp(24, b"\0\1\0\0") + avp(19, b"\0\0\0\1")
    return octets


def datagram(payload: bytes, from_client: bool, ip_id: int) -> bytes:
    """Ethernet, IPv4, UDP 1701 around an L2TP message."""
    source, destination = (CLIENT, SERVER) if from_client else (SERVER, CLIENT)
    udp = struct.pack(">HHHH", 1701, 1701, 8 + len(payload), 0) + payload
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), ip_id & 0xFFFF, 0, 64, 17, 0, source, destination)
    return b"\x02\0\0\0\0\1\x02\0\0\0\0\2\x08\0" + ip + udp


@dataclass
class Peer:
    """One end: numbers, window of four, retransmission after 1, 2, 4, 8 s."""

    initiator: bool
    ns: int = 0
    nr: int = 0
    knows_peer: bool = False
    waiting: list[tuple[int, str, int]] = field(default_factory=list)
    """(Ns, message, times sent) not acknowledged yet."""
    data_ns: int = 0


@dataclass
class Link:
    """Delays of each half of the path in milliseconds, one way, and loss shares before and after the tap."""

    to_client_ms: float
    to_server_ms: float
    loss: float = 0.0
    jitter_ms: float = 0.0


class Simulation:
    """Runs a set-up, HELLOs, data and a StopCCN; `records` is what the tap saw, the counters are the truth."""

    def __init__(self, link: Link, seed: int, *, hellos: int = 10, data: int = 200) -> None:
        self.link, self.random = link, random.Random(seed)
        self.peers = {True: Peer(True), False: Peer(False)}
        self.queue: list[tuple[float, int, tuple[object, ...]]] = []
        self.count = 0
        self.records: list[tuple[float, bytes]] = []
        self.hellos, self.data = hellos, data
        self.passed: Counter[tuple[bool, int, str]] = Counter()
        """Copies of (from the client?, Ns, message) that passed the tap."""
        self.data_sent: dict[bool, int] = {True: 0, False: 0}
        self.data_passed: dict[bool, list[int]] = {True: [], False: []}
        self.delivered_unseen = 0

    def run(self) -> bytes:
        """The capture, as a pcap file."""
        self.send(0.0, True, "SCCRQ")
        while self.queue:
            now, _, (what, *arguments) = heapq.heappop(self.queue)
            getattr(self, str(what))(now, *arguments)
        return self.file()

    def file(self) -> bytes:
        """The records as a pcap file."""
        self.records.sort(key=lambda record: record[0])
        header = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
        return header + b"".join(
            struct.pack("<IIII", 1_700_000_000 + int(time), int(time % 1 * 1e6), len(octets), len(octets)) + octets
            for time, octets in self.records
        )

    def later(self, time: float, *event: object) -> None:
        """Schedule an event."""
        self.count += 1
        heapq.heappush(self.queue, (time, self.count, event))

    # ---- peers

    def send(self, now: float, side: bool, message: str) -> None:
        """A new control message."""
        peer = self.peers[side]
        peer.waiting.append((peer.ns, message, 0))
        peer.ns = (peer.ns + 1) & 0xFFFF
        self.transmit(now, side, peer.waiting[-1][0])

    def transmit(self, now: float, side: bool, ns: int) -> None:
        """Send a message that is not acknowledged yet, again and again; six times at most."""
        peer = self.peers[side]
        for at, (number, message, times) in enumerate(peer.waiting):
            if number == ns and times < 6:
                peer.waiting[at] = (number, message, times + 1)
                self.emit(now, side, message, ns)
                self.later(now + min(8, 2**times), "transmit", side, ns)

    def emit(self, now: float, side: bool, message: str, ns: int) -> None:
        """Put a control message, or a ZLB, on the wire."""
        peer = self.peers[side]
        octets = b"" if message == "ZLB" else body(message, side)
        tunnel = TUNNEL[not side] if peer.knows_peer else 0
        session = {"ICRP": SESSION[True], "ICCN": SESSION[False]}.get(message, 0)
        header = struct.pack(">HHHHHH", 0xC802, 12 + len(octets), tunnel, session, ns, peer.nr)
        self.travel(now, side, header + octets, ("control", message, ns, peer.nr))

    def travel(self, now: float, from_client: bool, payload: bytes, meaning: tuple[object, ...]) -> None:
        """Past the tap, or not; to the other end, or not."""
        first, second = (
            (self.link.to_client_ms, self.link.to_server_ms) if from_client else (self.link.to_server_ms, self.link.to_client_ms)
        )
        lost_before, lost_after = self.random.random() < self.link.loss, self.random.random() < self.link.loss
        if lost_before:
            return
        at_tap = now + (first + self.random.random() * self.link.jitter_ms) / 1e3
        self.count += 1
        self.records.append((at_tap, self.datagram(payload, from_client, self.count)))
        if meaning[0] == "data":
            self.data_passed[from_client].append(int(str(meaning[1])))
        elif meaning[1] != "ZLB":
            self.passed[from_client, int(str(meaning[2])), str(meaning[1])] += 1
        if not lost_after and meaning[0] == "control":
            self.later(at_tap + second / 1e3, "receive", not from_client, *meaning[1:])

    def receive(self, now: float, side: bool, message: str, ns: int, nr: int) -> None:
        """A control message arrives: acknowledge, and act if it is the next one."""
        peer = self.peers[side]
        peer.waiting = [one for one in peer.waiting if (nr - one[0] - 1) & 0xFFFF >= 0x8000]
        if message == "ZLB":
            return
        if ns != peer.nr:
            self.emit(now, side, "ZLB", peer.ns)
            return
        peer.nr = (peer.nr + 1) & 0xFFFF
        before = peer.ns
        self.act(now, side, message)
        if peer.ns == before:
            self.emit(now, side, "ZLB", peer.ns)

    def act(self, now: float, side: bool, message: str) -> None:
        """What a daemon does on a message."""
        self.peers[side].knows_peer = True
        answers = {"SCCRQ": ["SCCRP"], "SCCRP": ["SCCCN", "ICRQ"], "ICRQ": ["ICRP"], "ICRP": ["ICCN"]}
        for answer in answers.get(message, []):
            self.send(now, side, answer)
        if message == "ICRP":
            for number in range(self.hellos):
                self.later(now + 1 + 0.9 * number, "send", True, "HELLO")
            self.later(now + 1 + 0.9 * self.hellos + 40, "send", True, "StopCCN")
            for sender in (True, False):
                self.later(now + 0.5, "send_data", sender)

    def datagram(self, payload: bytes, from_client: bool, ip_id: int) -> bytes:
        """A frame with an L2TP message in it."""
        return datagram(payload, from_client, ip_id)

    def send_data(self, now: float, side: bool) -> None:
        """A data packet with a sequence number, and the next one 20 ms later."""
        number = self.data_sent[side]
        if number == self.data:
            return
        self.data_sent[side] += 1
        header = struct.pack(">HHHHH", 0x0802, TUNNEL[not side], SESSION[not side], number & 0xFFFF, 0)
        self.travel(now, side, header + b"\xff\x03\x00\x21" + bytes(60), ("data", number))
        self.later(now + 0.02, "send_data", side)
