"""Inner: what the sessions in clear carried: their contents by kind, flows of IP, echoes, round trips of TCP."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple


class Content(IntEnum):
    """What one data packet carries."""

    IPV4 = 1
    IPV6 = 2
    PPP_CONTROL = 3
    """LCP, authentication, IPCP and their kin."""
    VJ = 4
    """TCP with its headers compressed (RFC 1144): left alone."""
    MULTILINK = 5
    """Fragments of RFC 1990: left alone."""
    COMPRESSED = 6
    """What CCP agreed on: compressed, or encrypted with MPPE (RFC 3078)."""
    OTHER_PPP = 7
    ARP = 8
    OTHER = 9
    """L2TPv3: neither Ethernet, PPP nor IP with an IP packet in it that holds together."""
    BROKEN = 10
    """Said to be IP, but it contradicts itself; or too short for any header."""
    CUT = 11
    """Too little of it was captured."""


class Large(NamedTuple):
    """The first large TCP segment of a flow."""

    octets: int
    """Of its data."""
    copies: int
    acknowledged: bool
    before: bool
    """All before it was acknowledged, and nothing of it."""
    first: int
    last: int
    """Of the copies."""
    places: tuple[tuple[int, int], ...]
    """Capture and frame of copies, the first few."""


@dataclass(slots=True)
class InnerFlow:
    """IP packets of one session and direction with the same addresses, protocol and ports."""

    series: int
    """Number of its `DataSeries`."""
    protocol: int
    source: bytes
    """4 or 16 octets."""
    destination: bytes
    source_port: int | None
    """None where the protocol has none, and of fragments."""
    destination_port: int | None
    partner: int = 0
    """Number of the flow back; 0: none was seen."""
    packets: int = 0
    octets: int = 0
    """Of IP, headers included."""
    first: int = 0
    last: int = 0
    fragments: int = 0
    segments: int = 0
    """TCP: those that occupy numbers, keep-alives left out."""
    filled: int = 0
    """Of them, those that filled a gap, sent again: their first copy never passed the tap."""
    repeated: int = 0
    """Of them, those of which all had passed before."""
    reordered: int = 0
    mss: int | None = None
    """What its sender said to be willing to receive."""
    large: Large | None = None
    """None: no segment was large, or the flow back was not seen."""
    rtt_count: int = 0
    rtt_min: int | None = None
    """Nanoseconds, from the tap to the receiver and back."""


class TcpSample(NamedTuple):
    """One round trip: a segment, and the first acknowledgement of all of it."""

    flow: int
    """Of the segment."""
    time: int
    """Of the acknowledgement."""
    rtt: int
    capture: int
    frame_request: int
    frame_reply: int


class Echo(NamedTuple):
    """One echo request or reply of ICMP or ICMPv6."""

    flow: int
    request: bool
    number: int
    """Identifier and sequence number, 16 bits each."""
    time: int
    capture: int
    frame: int


@dataclass(slots=True)
class Inner:
    """All of it."""

    flows: list[InnerFlow | None] = field(default_factory=lambda: [None])
    """By number; 0 stands for those too many to be told apart."""
    contents: dict[tuple[int, Content], int] = field(default_factory=dict)
    """Packets by number of the `DataSeries` and what they carry; IP only as far as it is in no flow."""
    samples: list[TcpSample] = field(default_factory=list)
    echoes: list[Echo] = field(default_factory=list)
    echoes_end: int | None = None
    """The instant from which on echoes were not kept."""
