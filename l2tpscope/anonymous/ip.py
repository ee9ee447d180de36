"""ip: addresses in IP headers; what an inner packet carries, beyond its ports and numbers, becomes zeros.

Checksums are made anew, for the old ones would tell whether a guessed address is right (RFC 1071: they are sums).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from l2tpscope.anonymous.addresses import Addresses
from l2tpscope.anonymous.key import Key
from l2tpscope.frames.link import IPV4, IPV6
from l2tpscope.frames.network import EXTENSIONS
from l2tpscope.frames.tables import ESP, ICMP, ICMPV6, TCP, UDP
from l2tpscope.frames.unwrap import Ip, ip_header
from l2tpscope.frames.window import Bools, Int64s, Views
from l2tpscope.track.inner_packets import DCCP, SCTP, UDP_LITE

IPV4_OCTETS = 20
V4, V6 = ((12, 4), (16, 4)), ((8, 16), (24, 16))
"""Where the addresses stand, and their lengths."""
SPI, PORTS = 4, 4
KEPT = {UDP: 8, TCP: 20, ICMP: 4, ICMPV6: 4, SCTP: PORTS, DCCP: PORTS, UDP_LITE: PORTS, ESP: SPI}
"""Octets of what is in IP that are ports and numbers; of all else, none."""
NUMBERED = {ICMP: (0, 3, 8, 11, 12, 13, 14), ICMPV6: (1, 2, 3, 128, 129)}
"""Types whose second word is a number; of others it may be an address (RFC 792: a redirect's)."""
CHECKSUMS = {UDP: 6, TCP: 16, ICMP: 2, ICMPV6: 2}
"""Where it stands."""
TCP_OPTIONS = (2, 3, 4, 5, 8)
"""Segment size, window scale, SACK and its blocks, time stamps; others hold cookies and addresses (RFC 7413, RFC 8684)."""
ETHERNET, ARP_ETHERNET_IPV4 = 14, b"\x00\x01\x08\x00\x06\x04"


class IpPackets:
    """Rewrites packets in place."""

    def __init__(self, key: Key, addresses: Addresses) -> None:
        self._key, self._addresses = key, addresses

    def address(self, octets: bytes) -> bytes:
        """An address that stands somewhere else."""
        return self._addresses.replace(octets)

    def header(self, octets: bytearray, at: int, limit: int, *, outer: bool = False) -> Ip | None:
        """Addresses of the header at an offset, its options crossed out; the header, or None if it is none.

        Its checksum is made anew. A wrong one stays wrong, for inside L2TPv3 headers are known by it; but of an *outer* one that was put
        together from fragments it never was that of this header.
        """
        version = octets[at] >> 4 if at < limit else 0
        kind = {4: IPV4, 6: IPV6}.get(version)
        ip = ip_header(octets, at, kind, limit, limit) if kind is not None else None
        if ip is None:
            return None
        right = outer or version == 6 or _sum(octets, at, ip.transport) == 0xFFFF
        for offset, size in V4 if version == 4 else V6:
            begin = at + offset
            octets[begin : begin + size] = self._addresses.replace(bytes(octets[begin : begin + size]))
        if version == 6:
            _extensions(octets, at, min(ip.transport, limit))
        else:
            end = at + 4 * (octets[at] & 15)
            octets[at + 20 : end] = bytes(end - at - 20)
            octets[at + 10 : at + 12] = b"\0\0"
            octets[at + 10 : at + 12] = (0xFFFF - _sum(octets, at, end) ^ (0 if right else 1)).to_bytes(2, "big")
        return ip

    def headers(self, octets: bytearray, at: Int64s, *, outer: bool = False) -> None:
        """The same of many headers at once, each of IPv4, without options and whole."""
        block = Views(octets).matrix(at, IPV4_OCTETS)
        words = block.view(">u2")
        wrong = np.zeros(len(at), np.uint16) if outer else (_folded(words) != 0xFFFF).astype(np.uint16)
        for offset, size in V4:
            old, which = np.unique(block[:, offset : offset + size].copy().view(">u4"), return_inverse=True)
            new = b"".join(self._addresses.replace(number.to_bytes(size, "big")) for number in old.tolist())
            block[:, offset : offset + size] = np.frombuffer(new, np.uint8).reshape(-1, size)[which.reshape(-1)]
        words[:, 5] = 0
        words[:, 5] = (0xFFFF - _folded(words)).astype(np.uint16) ^ wrong
        np.frombuffer(octets, np.uint8)[at[:, None] + np.arange(IPV4_OCTETS)] = block

    def inner(self, octets: bytearray, at: int, limit: int, *, done: bool = False) -> None:
        """A packet inside: header, ports, numbers of TCP and of echoes stay; the rest goes. *done*: its header was rewritten."""
        ip = ip_header(octets, at, IPV4, limit, limit) if done else self.header(octets, at, limit)
        if ip is None:
            blank(octets, at, limit)
            return
        begin, end = ip.transport, min(limit, ip.end)
        kept = 0 if ip.offset else min(self._kept(octets, ip, end), max(0, end - begin))
        blank(octets, begin + kept, limit)
        if kept >= KEPT.get(ip.protocol, 0):
            seal(octets, at, ip, 0 if ip.fragment else begin + kept)

    def _kept(self, octets: bytearray, ip: Ip, limit: int) -> int:
        """How many octets behind the IP header stay."""
        begin, kept = ip.transport, KEPT.get(ip.protocol, 0)
        if begin + kept > limit:
            return kept
        if ip.protocol == TCP:
            kept = max(kept, 4 * (octets[begin + 12] >> 4))
            _tcp_options(octets, begin + KEPT[TCP], min(begin + kept, limit))
        elif ip.protocol == ESP:
            octets[begin : begin + SPI] = self._key.spi(int.from_bytes(octets[begin : begin + SPI], "big")).to_bytes(SPI, "big")
        elif octets[begin : begin + 1] and octets[begin] in NUMBERED.get(ip.protocol, ()):
            kept += 4
        return kept

    def ethernet(self, octets: bytearray, at: int) -> None:
        """The two addresses of an Ethernet header."""
        for begin in (at, at + 6):
            octets[begin : begin + 6] = self._key.mac(bytes(octets[begin : begin + 6]))

    def arp(self, octets: bytearray, at: int, limit: int) -> None:
        """RFC 826, for Ethernet and IPv4."""
        if limit - at < 28 or octets[at : at + 6] != ARP_ETHERNET_IPV4:
            blank(octets, at + 8, limit)
            return
        for begin in (at + 8, at + 18):
            octets[begin : begin + 6] = self._key.mac(bytes(octets[begin : begin + 6]))
            octets[begin + 6 : begin + 10] = self._addresses.replace(bytes(octets[begin + 6 : begin + 10]))
        blank(octets, at + 28, limit)


def plain(octets: bytearray, at: Int64s, limit: Int64s) -> Bools:
    """Which of some headers `headers` can rewrite: as `ip_header` finds them, whole and without options."""
    whole = limit - at >= IPV4_OCTETS
    begin = np.where(whole, at, 0)
    views = Views(octets)
    total = views.u16(begin + 2)
    found: Bools = whole & (views.u8[begin] == 0x45) & ((total == 0) | (total >= IPV4_OCTETS))
    return found


def _folded(words: NDArray[Any]) -> NDArray[np.uint32]:
    """The sums of rows of 16-bit numbers in ones' complement."""
    total = words.sum(axis=1, dtype=np.uint32)
    total = (total & 0xFFFF) + (total >> 16)
    folded: NDArray[np.uint32] = (total & 0xFFFF) + (total >> 16)
    return folded


def seal(octets: bytearray, at: int, ip: Ip, end: int) -> None:
    """The checksum of what is in the IP packet at an offset, made anew; from *end* on all is zeros. End 0: none can be made.

    A UDP checksum of 0 is none, and stays (RFC 768).
    """
    if ip.protocol not in CHECKSUMS:
        return
    place = ip.transport + CHECKSUMS[ip.protocol]
    if ip.protocol == UDP and not any(octets[place : place + 2]):
        return
    octets[place : place + 2] = b"\0\0"
    if not end:
        return
    total = int.from_bytes(octets[ip.transport : end], "big") << 8 * ((end - ip.transport) % 2)
    if ip.protocol != ICMP:
        addresses = octets[at + 12 : at + 20] if ip.version == 4 else octets[at + 8 : at + 40]
        total += int.from_bytes(addresses, "big") + ip.protocol + ip.end - ip.transport
    made = 0xFFFF - total % 0xFFFF  # never 0, which UDP has for none
    octets[place : place + 2] = made.to_bytes(2, "big")


def _extensions(octets: bytearray, at: int, transport: int) -> None:
    """What the extension headers of IPv6 hold, crossed out: routes and options have addresses. Those of a fragment stay."""
    kind, here = octets[at + 6], at + 40
    while here + 8 <= transport:
        if kind in EXTENSIONS:
            size = 8 + 8 * octets[here + 1]
            octets[here + 2 : min(here + size, transport)] = bytes(min(here + size, transport) - here - 2)
        else:
            size = 8
        kind, here = octets[here], here + size


def _tcp_options(octets: bytearray, at: int, end: int) -> None:
    """Options that are numbers stay; the values of others become zeros."""
    while at + 1 < end and octets[at]:
        size = 1 if octets[at] == 1 else octets[at + 1]
        if octets[at] != 1 and (size < 2 or at + size > end):
            break
        if octets[at] not in (1, *TCP_OPTIONS):
            blank(octets, at + 2, at + size)
        at += size
    blank(octets, at, end)


def _sum(octets: bytearray, at: int, end: int) -> int:
    """The sum in ones' complement (RFC 1071); 0xFFFF where a checksum in it is right."""
    total = int.from_bytes(octets[at:end], "big")
    return total % 0xFFFF or (0xFFFF if total else 0)


def blank(octets: bytearray, at: int, limit: int) -> None:
    """Zeros up to the limit."""
    if at < limit:
        octets[at:limit] = bytes(limit - at)
