"""ip: addresses in IP headers; what an inner packet carries, beyond its ports and numbers, becomes zeros."""

from __future__ import annotations

from l2tpscope.anonymous.addresses import Addresses
from l2tpscope.anonymous.key import Key
from l2tpscope.frames.link import IPV4, IPV6
from l2tpscope.frames.tables import ICMP, ICMPV6, TCP, UDP
from l2tpscope.frames.unwrap import Ip, ip_header

V4, V6 = ((12, 4), (16, 4)), ((8, 16), (24, 16))
"""Where the addresses stand, and their lengths."""
HEADERS = {UDP: 8, ICMP: 8, ICMPV6: 8}
PORTS = 4
ETHERNET, ARP_ETHERNET_IPV4 = 14, b"\x00\x01\x08\x00\x06\x04"


class IpPackets:
    """Rewrites packets in place."""

    def __init__(self, key: Key, addresses: Addresses) -> None:
        self._key, self._addresses = key, addresses

    def header(self, octets: bytearray, at: int, limit: int) -> Ip | None:
        """Addresses of the header at an offset, its options crossed out, its checksum made anew; the header, or None if it is none."""
        version = octets[at] >> 4 if at < limit else 0
        kind = {4: IPV4, 6: IPV6}.get(version)
        ip = ip_header(octets, at, kind, limit, limit) if kind is not None else None
        if ip is None:
            return None
        right = version == 6 or _sum(octets, at, ip.transport) == 0xFFFF
        for offset, size in V4 if version == 4 else V6:
            begin = at + offset
            octets[begin : begin + size] = self._addresses.replace(bytes(octets[begin : begin + size]))
        if version == 4:
            end = at + 4 * (octets[at] & 15)
            octets[at + 20 : end] = bytes(end - at - 20)
            octets[at + 10 : at + 12] = b"\0\0"
            octets[at + 10 : at + 12] = (0xFFFF - _sum(octets, at, end) ^ (0 if right else 1)).to_bytes(2, "big")
        return ip

    def inner(self, octets: bytearray, at: int, limit: int) -> None:
        """A packet inside: header, ports, numbers of TCP and of echoes stay; the rest goes."""
        ip = self.header(octets, at, limit)
        if ip is None:
            blank(octets, at, limit)
            return
        kept = HEADERS.get(ip.protocol, 0)
        if ip.protocol == TCP:
            kept = max(20, 4 * (octets[ip.transport + 12] >> 4)) if ip.transport + 12 < limit else 20
        elif not kept:
            kept = PORTS
        blank(octets, ip.transport + (0 if ip.offset else kept), limit)

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


def _sum(octets: bytearray, at: int, end: int) -> int:
    """The sum in ones' complement (RFC 1071); 0xFFFF where a checksum in it is right."""
    total = sum(int.from_bytes(octets[begin : begin + 2], "big") for begin in range(at, end, 2))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def blank(octets: bytearray, at: int, limit: int) -> None:
    """Zeros up to the limit."""
    if at < limit:
        octets[at:limit] = bytes(limit - at)
