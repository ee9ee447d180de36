"""ESP and IKE as a tap sees them, made from what is inside: plain octets and a transform, or a body and its lengths."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from l2tpscope.analysis.encrypted.ike_lengths import Lengths
from l2tpscope.analysis.encrypted.lengths import TRANSFORMS, UDP_HEADER, Transform
from l2tpscope.analysis.ike_story import Child, IkeStory, Said
from l2tpscope.frames import Endpoint
from l2tpscope.model.esp import EspPair, EspSeries, Packets
from l2tpscope.model.ike import IkeFrame, IkeSa
from l2tpscope.model.sequence import SequenceCount

SECOND = 1_000_000_000
CLIENT, SERVER = Endpoint(b"\xc6\x33\x64\x0a", None), Endpoint(b"\xcb\x00\x71\x05", None)
AES_SHA1, AES_SHA256 = TRANSFORMS[0], TRANSFORMS[1]
TRIPLE_DES = TRANSFORMS[4]
GCM = TRANSFORMS[8]
SETUP = (
    (0.00, True, 97 + 4),
    (0.04, False, 97 + 4),
    (0.08, True, 20),
    (0.08, True, 48),
    (0.11, False, 12),
    (0.12, False, 28),
    (0.16, True, 48),
    (0.20, False, 12),
)
"""SCCRQ, SCCRP, SCCCN, ICRQ, ZLB, ICRP, ICCN, ZLB: seconds, by the client?, octets of the L2TP message."""

Spoken = tuple[float, bool, int]


def pair_of(spoken: list[Spoken], transform: Transform | dict[bool, Transform], *, number: int = 1, first_sequence: int = 1) -> EspPair:
    """The pair of SAs that carried *spoken*: seconds, by the client?, octets of L2TP. *transform*: one, or one a sender."""
    pair = EspPair({True: None, False: None}, number=number, made=0)
    for client in (True, False):
        mine = sorted(one for one in spoken if one[1] == client)
        if not mine:
            continue
        used = transform[client] if isinstance(transform, dict) else transform
        octets = [used.octets(UDP_HEADER + message) for _, _, message in mine]
        pair.to[not client] = series([time for time, _, _ in mine], octets, client=client, number=2 * number + client, first=first_sequence)
    return pair


def series(times: list[float], octets: list[int], *, client: bool, number: int, first: int = 1) -> EspSeries:
    """One SA."""
    time = (np.array(times) * SECOND).astype(np.int64)
    size = np.array(octets, np.int64)
    sequence = np.arange(first, first + len(time), dtype=np.int64)
    rows = np.arange(len(time))

    def packets(which: Any) -> Packets:
        return Packets(time[which], size[which], sequence[which], np.ones(len(time[which]), np.int64), sequence[which])

    count = SequenceCount(len(time), len(time), 0, 0, 0, 0, 0, 0, 0, first)
    return EspSeries(
        protocol="esp",
        encapsulation="ip",
        spi=0x1000 + number,
        sender=CLIENT if client else SERVER,
        receiver=SERVER if client else CLIENT,
        position=number,
        number=number,
        capture=1,
        frame=first,
        packets=len(time),
        octets=int(size.sum()),
        first=int(time[0]),
        last=int(time[-1]),
        count=count,
        sizes=dict(Counter(size.tolist())),
        head=packets(rows < 64),
        small=packets(size <= 100),
        tail=packets(rows >= len(rows) - 64),
    )


class Talk:
    """An IKE SA, message by message."""

    def __init__(self, *, version: int = 1, block: int | None = 16, hash_octets: int | None = 20) -> None:
        self.story = IkeStory(IkeSa(1, 2), 1, version, CLIENT, SERVER, roles_seen=True)
        self.story.cipher_block, self.story.hash_octets = block, hash_octets
        self.lengths = Lengths(block or 16, hash_octets or 20)

    def say(self, time: float, initiator: bool, name: str, octets: int, *, reply_to: Said | None = None, encrypted: bool = True) -> Said:
        """A message of that length."""
        number = len(self.story.said) + 1
        ends = (CLIENT, SERVER) if initiator else (SERVER, CLIENT)
        message = cast(Any, SimpleNamespace(encrypted=encrypted, message_id=number))
        frame = IkeFrame(number, int(time * SECOND), 1, number, *ends, octets, number, message)
        said = Said(frame, initiator, name, reply_to=reply_to.frame if reply_to else None)
        self.story.said.append(said)
        return said

    def inf(self, time: float, initiator: bool, body: int) -> Said:
        """An encrypted INFORMATIONAL of IKEv1 with that many octets after HASH."""
        return self.say(time, initiator, "INF", min(self.lengths.of(body)))

    def quick(self, time: float, *, answered: bool = True) -> None:
        """A Quick Mode that the initiator begins; three messages 20 ms apart."""
        child = Child(len(self.story.said), self.say(time, True, "QM1", min(self.lengths.of(120))).frame, True)
        self.story.children.append(child)
        if answered:
            child.answered = self.say(time + 0.02, False, "QM2", min(self.lengths.of(120))).frame
            child.completed = self.say(time + 0.04, True, "QM3", min(self.lengths.of(0))).frame

    def main(self) -> None:
        """Main Mode, from 0 s on."""
        for step, octets in enumerate((180, 160, 372, 372), 1):
            self.say(step / 50, step % 2 == 1, f"MM{step}", octets, encrypted=False)
        self.say(0.10, True, "MM5", min(self.lengths.of(40)))
        self.say(0.12, False, "MM6", min(self.lengths.of(12)))
