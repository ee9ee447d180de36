"""ike_lengths: how long each encrypted IKEv1 message is, by the cipher and hash that MM2 or AM2 chose in clear.

    octets = 28 (header) + block * ceil((4 + hash + body) / block)        (RFC 2409 §5)

*body* is what follows the HASH payload (of MM5 and MM6, what goes before it). Where it fits exactly, some stacks add a whole
block of padding (strongSwan, IOS), so that two lengths are possible. Payloads: RFC 2408 §3, RFC 3706 §5.
"""

from __future__ import annotations

from dataclasses import dataclass

HEADER, GENERIC = 28, 4

Table = dict[str, tuple[int, ...]]
"""Classes of messages, with the octets that each can have beside the HASH payload."""

DELETE_ESP, DELETE_IKE, DPD, ERROR = "delete of an ESP SA", "delete of the IKE SA", "DPD", "error notify"

INFORMATIONAL: Table = {
    DELETE_ESP: (16, 20),
    DELETE_IKE: (28,),
    DPD: (32,),
    ERROR: (12, 16, 28),
}
"""Octets of the payload after HASH: Delete with one or two SPIs of 4, with one of 16; Notify with a SPI of 16 and a sequence of 4;
Notify with a SPI of 0, 4, 16."""
PLAIN_ID, INITIAL_CONTACT = "identity and HASH", "identity, HASH and INITIAL_CONTACT"
IDENTITY: dict[int, Table] = {4: {PLAIN_ID: (12,), INITIAL_CONTACT: (40,)}, 16: {PLAIN_ID: (24,), INITIAL_CONTACT: (52,)}}
"""MM5, MM6 with a pre-shared key, by the octets of the address that the ID payload holds; and a Notify with a SPI of 16."""
SHORTEST_QM, LONGEST_QM = 48 + 20 + 24, 80 + 52 + 48 + 28
"""QM2 without KE: SA with one proposal of one transform, nonce of 16 to 48, two IDs of IPv4; at most two NAT-OA and a lifetime notify
more. QM1 can have more proposals."""
SMALLEST_KE = 4 + 128
"""Of a MODP group (RFC 2409 §6.2)."""
SMALLEST_ECP = 4 + 64


@dataclass(slots=True, frozen=True)
class Lengths:
    """The equation with cipher and hash filled in."""

    block: int
    hash: int

    def of(self, body: int) -> set[int]:
        """The lengths that a message with that body can have."""
        inner = GENERIC + self.hash + body
        padded = -(-inner // self.block) * self.block
        return {HEADER + padded, HEADER + padded + self.block} if inner == padded else {HEADER + padded}

    def classes(self, octets: int, table: Table) -> list[str]:
        """Which classes of *table* can be so long."""
        return [name for name, bodies in table.items() if any(octets in self.of(body) for body in bodies)]

    def perfect_forward_secrecy(self, octets: int) -> bool | None:
        """Whether a QM2 of that length has a KE payload; None: it could be either."""
        if min(self.of(SHORTEST_QM + SMALLEST_KE)) <= octets and octets > max(self.of(LONGEST_QM)):
            return True
        return False if octets < min(self.of(SHORTEST_QM + SMALLEST_ECP)) else None
