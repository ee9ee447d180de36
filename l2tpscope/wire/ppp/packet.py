"""PppFrame, PppPacket: one PPP frame, and what a control protocol says in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from l2tpscope.core.anomaly import Anomaly
from l2tpscope.wire.ppp.protocols import protocol_name

NO_CODE = -1
"""Code and identifier of a link quality report, which has none (RFC 1989 §2.2)."""
SYSTEMS = ("Challenge", "Request")
"""Packets whose name is that of the system that asks, not of a user."""


class Framing(NamedTuple):
    """How the frame begins, as found, whatever was negotiated."""

    address_control: bool
    """FF 03 stands before the protocol (RFC 1662 §3.1)."""
    protocol_octets: int
    """1: compressed (RFC 1661 §6.5); 2; 0: cut off or absent."""


class Value(NamedTuple):
    """One named field of a packet."""

    name: str
    value: int | str
    meaning: str = ""
    """In words, where the value is a number that stands for something."""

    def __str__(self) -> str:
        return f"{self.name}={self.value} ({self.meaning})" if self.meaning else f"{self.name}={self.value}"


@dataclass(frozen=True, slots=True)
class Option:
    """One configuration option."""

    type: int
    name: str
    """`MRU`, `IP-Address`; `option 99` of an unknown one."""
    label: str
    """How a summary calls it: `MRU`, `address`."""
    value: str
    """In words; empty for a mere flag, hex where its octets are not what the RFC says."""
    raw: bytes
    """What stands behind type and length."""
    number: int | None
    """Where the value is one number: MRU, magic, address, MPPE bits."""

    @property
    def octets(self) -> int:
        """The whole option's length."""
        return 2 + len(self.raw)

    def __str__(self) -> str:
        return f"{self.label} {self.value}" if self.value else self.label


@dataclass(frozen=True, slots=True)
class PppPacket:
    """One packet of a control protocol. What does not occur in it, or was cut off, is None or empty."""

    code: int
    code_name: str
    identifier: int
    length: int
    """As the header announces; of a link quality report the octets there are."""
    options: tuple[Option, ...] = ()
    """Of Configure-*, and those of CBCP."""
    magic: int | None = None
    """Of LCP Echo, Discard, Identification, Time-Remaining, Vendor-Specific, and of link quality reports."""
    text: str | None = None
    """Reason of Terminate-*, message of PAP, CHAP, MS-CHAP (its M=) and EAP, what Identification says."""
    peer: str | None = None
    """PAP peer id, CHAP name, EAP identity: a user's name where a peer proves its own, the system's name in a Challenge."""
    rejected: int | None = None
    """Protocol-Reject: the protocol; Code-Reject: the code."""
    values: tuple[Value, ...] = ()
    secret: bytes | None = field(default=None, repr=False)
    """Passwords, challenges and what answers them: nowhere else. Outputs that were not asked for secrets leave it out."""

    def get(self, name: str) -> int | str | None:
        """The value of the field of that name."""
        return next((value.value for value in self.values if value.name == name), None)

    def find(self, option: int) -> Option | None:
        """The first option of that type."""
        return next((found for found in self.options if found.type == option), None)

    def summary(self) -> str:
        """One line of words, without secrets: `MRU 1400, authentication CHAP MS-CHAPv2`, `reason "User request"`."""
        parts = [str(option) for option in self.options]
        if self.rejected is not None:
            parts.append(f"rejects {rejected_name(self.code_name, self.rejected)}")
        if self.peer is not None:
            parts.append(f"{'name' if self.code_name in SYSTEMS else 'user'} {quoted(self.peer)}")
        if self.values:
            parts.append(" ".join(str(value) for value in self.values))
        if self.magic is not None:
            parts.append(f"magic 0x{self.magic:08x}")
        if self.text is not None:
            parts.append(f"reason {quoted(self.text)}" if self.code_name.startswith("Terminate") else quoted(self.text))
        return one_line(", ".join(parts))


@dataclass(frozen=True, slots=True)
class PppFrame:
    """One PPP frame as L2TP carries it: no flags, no stuffing, no FCS (RFC 2661 §4)."""

    framing: Framing
    protocol: int
    """-1: cut off or absent."""
    protocol_name: str
    packet: PppPacket | None
    """None for data, for control protocols that are not read, and where not even the packet's header is there."""
    octets: int
    """What stands behind the protocol, on the wire."""
    anomalies: tuple[Anomaly, ...]


def rejected_name(code_name: str, rejected: int) -> str:
    """`CCP (0x80fd)` of a Protocol-Reject, `code 12` of a Code-Reject."""
    return f"code {rejected}" if code_name == "Code-Reject" else f"{protocol_name(rejected)} (0x{rejected:04x})"


def quoted(text: str) -> str:
    """In quotation marks."""
    return f'"{text}"'


def one_line(text: str) -> str:
    """The text with what cannot be printed escaped: a peer may have put anything into it."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
