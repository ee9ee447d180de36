"""payloads: what is kept of each IKE payload. Keys, nonces, hashes and signatures leave their lengths only.

Traffic selectors, configuration and EAP stand in encrypted payloads alone, so they have a name and a length here.
"""

from __future__ import annotations

from dataclasses import dataclass

from l2tpscope.wire.ike.identity import identity
from l2tpscope.wire.ike.names import FIRST_STATUS, NotifyV1, NotifyV2
from l2tpscope.wire.ike.transforms import GROUPS


@dataclass(frozen=True, slots=True)
class Payload:
    """Any payload: its type and the length of its body, without the four octets before it."""

    kind: int
    octets: int


@dataclass(frozen=True, slots=True)
class Transform:
    """One transform of a proposal."""

    kind: int
    """IKEv2: transform type; 0 in IKEv1, where the attributes say everything."""
    identifier: int
    attributes: tuple[tuple[int, int], ...]
    """Type and value; long values as numbers."""

    def get(self, attribute: int) -> int | None:
        """The first value of an attribute."""
        return next((value for kind, value in self.attributes if kind == attribute), None)


@dataclass(frozen=True, slots=True)
class Proposal:
    """One proposal of a security association."""

    number: int
    protocol: int
    spi: bytes
    transforms: tuple[Transform, ...]


@dataclass(frozen=True, slots=True)
class SecurityAssociation(Payload):
    """Proposals; of a responder, the one that it chose."""

    doi: int | None
    """None: IKEv2, which has none."""
    proposals: tuple[Proposal, ...]
    whole: bool
    """False: it was cut off, does not hold what it should, or holds more than is kept; proposals may be missing."""


@dataclass(frozen=True, slots=True)
class KeyExchange(Payload):
    """A public value; IKEv2 names its group."""

    group: str | None


@dataclass(frozen=True, slots=True)
class Identification(Payload):
    """Who somebody claims to be."""

    type: str
    protocol: int
    port: int
    text: str


@dataclass(frozen=True, slots=True)
class Certificate(Payload):
    """A certificate."""

    encoding: str


@dataclass(frozen=True, slots=True)
class CertificateRequest(Payload):
    """The wish for a certificate."""

    encoding: str
    authority: str | None
    """IKEv1: whose; IKEv2 sends hashes of the authorities' keys."""


@dataclass(frozen=True, slots=True)
class Notify(Payload):
    """An error or a status."""

    protocol: int
    type: NotifyV1 | NotifyV2
    spi: bytes
    data: bytes

    @property
    def is_error(self) -> bool:
        """Whether it says that something failed. Windows' own type has a number among the errors, and says all sorts of things."""
        return int(self.type) < FIRST_STATUS and self.type.name != "MS_NOTIFY_STATUS"

    @property
    def says(self) -> str | None:
        """Its data in words: which group is wanted, which gateway to go to; None: nothing that anybody could read."""
        name, data = self.type.name, self.data
        if name == "INVALID_KE_PAYLOAD" and len(data) == 2:
            number = int.from_bytes(data, "big")
            return f"wants {GROUPS.get(number, f'group {number}')}"
        if name in ("REDIRECT", "REDIRECTED_FROM") and len(data) >= 2 and len(data) >= 2 + data[1]:
            return f"gateway {identity(_GATEWAYS.get(data[0], 0), data[2 : 2 + data[1]])}"
        if name == "UNITY_LOAD_BALANCE" and len(data) == 4:
            return f"gateway {identity(1, data)}"
        if name == "UNSUPPORTED_CRITICAL_PAYLOAD" and len(data) == 1:
            return f"payload {data[0]}"
        return f"0x{data[-4:].hex()}" if name == "MS_NOTIFY_STATUS" and len(data) >= 4 else None


_GATEWAYS = {1: 1, 2: 5, 3: 2}
"""Types of gateway identity (RFC 5685 §9) as types of Identification: IPv4, IPv6, name."""


@dataclass(frozen=True, slots=True)
class Delete(Payload):
    """SAs that are deleted."""

    protocol: int
    spis: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class VendorId(Payload):
    """What software it is, or what it can do."""

    octets_sent: bytes
    """The first 64 of them."""
    name: str | None
    """None: in no list."""
    vendor: str | None
    """None: of many."""


@dataclass(frozen=True, slots=True)
class NatD(Payload):
    """A hash of an address and port (RFC 3947 §3.2)."""

    digest: bytes


@dataclass(frozen=True, slots=True)
class NatOa(Payload):
    """The address before NAT (RFC 3947 §5.2)."""

    address: str


@dataclass(frozen=True, slots=True)
class Fragment(Payload):
    """A piece of a message: of Cisco and Microsoft (IKEv1), or of RFC 7383."""

    identifier: int
    """The same in all pieces of one message; 0 in IKEv2, whose message ID tells."""
    number: int
    """From 1."""
    total: int | None
    """IKEv1: only the last piece tells."""
