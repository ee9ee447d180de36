"""rewrite: the rows of a batch, in place, between their decoding and everything that is made of them.

*Bias*: in L2TPv3 nothing in a packet tells how long its cookie is: every word before the frame is taken for one, but a last
one that begins as the default sublayer with a number does (40 hex), so a cookie whose last word begins so keeps that word.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from l2tpscope.anonymous.addresses import Addresses
from l2tpscope.anonymous.ike import Ends, Ike
from l2tpscope.anonymous.ip import ETHERNET, IPV4_OCTETS, IpPackets, blank, plain, seal
from l2tpscope.anonymous.key import Key
from l2tpscope.anonymous.l2tp import L2tp
from l2tpscope.anonymous.ppp import Ppp
from l2tpscope.frames import Endpoint, Frames, Kind
from l2tpscope.frames.addresses import address_keys
from l2tpscope.frames.link import IPV4, IPV6
from l2tpscope.frames.tables import AH, ESP, ICMP, IKE_PORT, L2TP_IP, NATT_PORT, RESERVED_V2_CONTROL, RESERVED_V2_DATA, UDP
from l2tpscope.frames.unwrap import ip_header
from l2tpscope.frames.window import Views
from l2tpscope.model.inner import Content
from l2tpscope.track.inner_place import ADDRESS_CONTROL, ETHERTYPES, FRAMED_CONTROL, PLACES, VLAN
from l2tpscope.track.inner_place import locate as locate_inner
from l2tpscope.wire.icmp import REDIRECT
from l2tpscope.wire.ike.message import HEADER
from l2tpscope.wire.ppp import decode_ppp

MARKER, ICMP_HEADER, WORD = 4, 8, 4
T_BIT, L_BIT, S_BIT, O_BIT, VERSION = 0x8000, 0x4000, 0x0800, 0x0200, 0x000F
DATA = (Kind.L2TP2_DATA, Kind.L2TP3_DATA)
HIGH_O_BIT = 0x02
"""Of the first octet."""
IPS, UNREAD = frozenset((int(Content.IPV4), int(Content.IPV6))), frozenset((int(Content.CUT), int(Content.BROKEN)))
ARP, PPP_CONTROL, OTHER = int(Content.ARP), int(Content.PPP_CONTROL), int(Content.OTHER)
"""As numbers: there may be millions of packets."""
HEADER3 = 12
"""Octets of a control header of L2TPv3, and of the most of v2 before the Offset Size."""
L2F, L2F_KEPT = 1, 10
"""Its version, and the octets before its key (RFC 2341 §4)."""
FRAMED_IP = (bytes.fromhex("ff030021"), bytes.fromhex("ff030057"))
"""What PPP has before IP (RFC 1662 §3.1)."""
PREFIX = 12
"""Octets of cookie and sublayer together, at most."""
NUMBERED = 0x40
"""First octet of the default sublayer with a number (RFC 3931 §4.6); without one it is zeros, which stay zeros."""
PRODUCTS = ("anonymous",)
"""As analysis.software.marks has them; a test holds them together."""
Int64s = NDArray[np.int64]


class _Data(NamedTuple):
    """A data packet: its version, and offsets."""

    v3: bool
    payload: int
    body: int
    content: int
    at: int
    """Where its content begins."""
    limit: int
    done: bool
    """Whether the IP header in it was rewritten."""


class Anonymiser:
    """Rewrites batches; holds nothing but the key, and what it replaced lately."""

    def __init__(self, key: Key) -> None:
        addresses = Addresses(key.octets)
        self._key, self._addresses = key, addresses
        self._ip = IpPackets(key, addresses)
        self._ppp = Ppp(key, addresses)
        self._l2tp = L2tp(key, addresses, self._ppp, PRODUCTS)
        self._ike = Ike(key, addresses)

    def __call__(self, frames: Frames) -> None:
        """Rewrite the octets and columns of all rows."""
        self.headers(frames)
        self.contents(frames, np.arange(len(frames)))

    def headers(self, frames: Frames) -> None:
        """All columns, and the octets of what is not data: enough to tell where a row belongs."""
        if not len(frames):
            return
        before = {row: self._ends(frames, row) for row in np.flatnonzero(frames.kind == Kind.IKE).tolist()}
        self._outer(frames)
        for row in np.flatnonzero(~np.isin(frames.kind, DATA)).tolist():
            self._row(frames, row, before)
        self._seal(frames)

    def endpoint(self, end: Endpoint) -> Endpoint:
        """An endpoint that is known beside the rows."""
        return end._replace(address=self._addresses.replace(end.address))

    def contents(self, frames: Frames, rows: Int64s) -> None:
        """What some rows carry that are data, afterwards."""
        data = rows[np.isin(frames.kind[rows], DATA)]
        if not len(data):
            return
        octets, v3 = frames.octets, frames.kind[data] == Kind.L2TP3_DATA
        place = locate_inner(frames, Views(octets), data)
        limits = frames.payload[data] + np.minimum(frames.payload_captured[data], frames.payload_octets[data])
        # Of L2TPv3 what stands before it is still to be looked at, by its header as it was sent.
        done = (place.content == Content.IPV4) & plain(octets, place.at, limits) & ~v3
        self._ip.headers(octets, place.at[done])
        columns = (v3, frames.payload[data], frames.body[data], place.content, place.at, limits, done)
        for numbers in zip(*(column.tolist() for column in columns), strict=True):
            self._data(octets, _Data._make(numbers))
        self._seal(frames, data)

    @staticmethod
    def _ends(frames: Frames, row: int) -> tuple[object, object]:
        return frames.source_endpoint(row), frames.destination_endpoint(row)

    @staticmethod
    def _limit(frames: Frames, row: int) -> int:
        return int(frames.payload[row]) + min(int(frames.payload_captured[row]), int(frames.payload_octets[row]))

    def _outer(self, frames: Frames) -> None:
        """The IP headers of the rows, each once: messages of TCP may share one."""
        ips, first = np.unique(frames.ip, return_index=True)
        octets = frames.octets
        simple = plain(octets, ips, np.maximum(frames.payload[first], ips + IPV4_OCTETS))
        self._ip.headers(octets, ips[simple], outer=True)
        u8, udp = np.frombuffer(octets, np.uint8), frames.payload[first][simple & (frames.protocol[first] == UDP)]
        u8[udp - 1], u8[udp - 2] = 0, 0
        for at, row in zip(ips[~simple].tolist(), first[~simple].tolist(), strict=True):
            limit = max(self._limit(frames, row), at + 20) if frames.octets[at] >> 4 == 4 else max(self._limit(frames, row), at + 40)
            ip = self._ip.header(frames.octets, at, limit, outer=True)
            if ip is not None and frames.protocol[row] == UDP and ip.version == 4:  # may have none, and so needs none
                checksum = int(frames.payload[row]) - 2
                frames.octets[checksum : checksum + 2] = b"\0\0"
        views = Views(frames.octets)
        frames.source, frames.destination = address_keys(views, views.rows(frames.ip), frames.ip)

    def _seal(self, frames: Frames, rows: Int64s | None = None) -> None:
        """Checksums of UDP in IPv6, and of ICMP errors; of some rows, or of what is not data."""
        octets = frames.octets
        rows = np.flatnonzero(~np.isin(frames.kind, DATA)) if rows is None else rows
        ips, which = np.unique(frames.ip[rows], return_index=True)
        first = rows[which]
        icmp = frames.kind[first] == Kind.ICMP_ERROR
        some = icmp | ((frames.protocol[first] == UDP) & (Views(octets).u8[ips] >> 4 == 6))
        for at, row in zip(ips[some].tolist(), first[some].tolist(), strict=True):
            limit = self._limit(frames, row)
            ip = ip_header(octets, at, IPV4 if octets[at] >> 4 == 4 else IPV6, limit, limit)
            if ip is not None and ip.transport + ICMP_HEADER <= limit:
                seal(octets, at, ip, ip.end if ip.end <= limit else 0)

    def _data(self, octets: bytearray, data: _Data) -> None:
        v3, payload, body, content, at, limit, done = data
        if v3:
            at = self._before_frame(octets, body, at, limit, content)
        elif octets[payload] & HIGH_O_BIT:
            _padding(octets, payload, min(body, limit))
        if content in IPS:
            self._ip.inner(octets, at, limit, done=done)
        elif content == ARP:
            self._ip.arp(octets, at, limit)
        elif content == PPP_CONTROL:
            self._control(octets, at if v3 else body, limit)
        else:  # of PPP the protocol says what there was; where it was cut off, not even that
            blank(octets, body if content in UNREAD else at, limit)

    def _before_frame(self, octets: bytearray, body: int, at: int, limit: int, content: int) -> int:
        """Cookie, sublayer and Ethernet header of a packet of L2TPv3; where what they carry begins."""
        begin = at
        known = content in IPS or content == ARP
        for header in (ETHERNET + WORD, ETHERNET):  # with a tag first: it would pass for a cookie and the end of an address
            kind = int.from_bytes(octets[at - 2 : at], "big")
            tagged = header == ETHERNET or int.from_bytes(octets[at - 6 : at - 4], "big") == VLAN
            if known and at - header >= body and (at - header - body) % WORD == 0 and kind in ETHERTYPES and tagged:
                begin = at - header
                self._ip.ethernet(octets, begin)
                break
        if content == PPP_CONTROL:
            begin = at = _control_begin(octets, body, limit)
        elif not known:
            begin = at = body + (min(limit - body, PREFIX) & -WORD)
        elif begin == at and at - WORD >= body and octets[at - WORD : at] in FRAMED_IP:
            begin = at - WORD
        for word in range(body, begin - WORD + 1, WORD):
            old = bytes(octets[word : word + WORD])
            sublayer = octets[word] == NUMBERED and (word == begin - WORD or content == OTHER) and not self._l2tp.is_cookie(old)
            if not sublayer:
                octets[word : word + WORD] = self._key.cookie(old)
        return at

    def _control(self, octets: bytearray, body: int, limit: int) -> None:
        """A PPP control packet behind its framing."""
        frame = decode_ppp(bytes(octets[body:limit]))
        begin = body + 2 * frame.framing.address_control + frame.framing.protocol_octets
        if begin < limit:
            octets[begin:limit] = self._ppp.packet(frame.protocol, bytes(octets[begin:limit]))

    def _row(self, frames: Frames, row: int, before: dict[int, tuple[object, object]]) -> None:
        octets, at, limit = frames.octets, int(frames.payload[row]), self._limit(frames, row)
        match Kind(int(frames.kind[row])):
            case Kind.ESP | Kind.AH as kind:
                spi = self._key.spi(int(frames.session[row]))
                frames.session[row] = spi
                self._security(octets, at, limit, kind == Kind.AH)
            case Kind.L2TP2_CONTROL | Kind.L2TP3_CONTROL:
                body = int(frames.body[row])
                if frames.kind[row] == Kind.L2TP2_CONTROL:
                    _padding(octets, at, min(body, limit))
                octets[body:limit] = self._l2tp.avps(bytes(octets[body:limit]))
            case Kind.IKE:
                self._ike_message(frames, row, before[row])
            case Kind.ICMP_ERROR:
                if octets[at - ICMP_HEADER] == REDIRECT and frames.protocol[row] == ICMP:
                    octets[at - 4 : at] = self._ip.address(bytes(octets[at - 4 : at]))
                self._quoted(octets, at, limit)
            case Kind.L2F:
                octets[at:limit] = self._l2tp.l2f(bytes(octets[at:limit]))
            case Kind.NATT_KEEPALIVE:
                pass
            case _:
                blank(octets, at, limit)

    def _security(self, octets: bytearray, at: int, limit: int, ah: bool) -> None:
        """SPI of ESP or AH; what follows its number is ciphertext, or might be clear."""
        begin = at + WORD * ah
        if limit - begin >= WORD:
            octets[begin : begin + WORD] = self._key.spi(int.from_bytes(octets[begin : begin + WORD], "big")).to_bytes(WORD, "big")
        blank(octets, begin + 2 * WORD, limit)

    def _ike_message(self, frames: Frames, row: int, before: tuple[object, object]) -> None:
        octets, at, limit = frames.octets, int(frames.payload[row]), self._limit(frames, row)
        ports = int(frames.source_port[row]), int(frames.destination_port[row])
        skip = MARKER if IKE_PORT not in ports and octets[at : at + MARKER] == bytes(MARKER) else 0
        size = int(frames.payload_octets[row]) - skip
        ends = Ends(before, self._ends(frames, row))  # type: ignore[arg-type]
        octets[at + skip : limit] = self._ike.message(bytes(octets[at + skip : limit]), size, ends)

    def _quoted(self, octets: bytearray, at: int, limit: int) -> None:
        """What an ICMP error quotes: its headers, ids and SPIs; the rest goes."""
        ip = self._ip.header(octets, at, limit)
        if ip is None:
            blank(octets, at, limit)
            return
        begin = ip.transport
        if ip.protocol in (ESP, AH):
            self._security(octets, begin, limit, ip.protocol == AH)
        elif ip.protocol == UDP and not ip.offset:
            ports = {int.from_bytes(octets[begin + 2 * side : begin + 2 * side + 2], "big") for side in (0, 1)}
            self._quoted_udp(octets, begin + 8, limit, ports)
        elif ip.protocol == L2TP_IP:  # of data the Session ID alone: what follows may be a cookie
            control = not any(octets[begin : min(begin + WORD, limit)])
            blank(octets, begin + (HEADER3 if control else WORD), limit)
        else:
            blank(octets, begin, limit)

    def _quoted_udp(self, octets: bytearray, at: int, limit: int, ports: set[int]) -> None:
        octets[at - 2 : min(at, limit)] = bytes(max(0, min(at, limit) - at + 2))
        if at >= limit:
            return
        marked = octets[at : at + MARKER] == bytes(MARKER)
        if NATT_PORT in ports and not marked:
            self._security(octets, at, limit, False)
        elif ports & {IKE_PORT, NATT_PORT}:
            at += MARKER * (IKE_PORT not in ports)
            octets[at : min(at + 16, limit)] = self._ike.spis(bytes(octets[at : min(at + 16, limit)]))
            blank(octets, at + HEADER, limit)
        else:
            blank(octets, at + _header_octets(octets, at), limit)


def _header_octets(octets: bytearray, at: int) -> int:
    """How long a header of L2TP or L2F is, up to where it may hold something of somebody's; 0: it is neither's."""
    flags = int.from_bytes(octets[at : at + 2], "big")
    if flags & VERSION == L2F:
        return L2F_KEPT
    if flags & (RESERVED_V2_CONTROL if flags & T_BIT else RESERVED_V2_DATA) or flags & VERSION not in (2, 3):
        return 0
    return _header2(flags) if flags & VERSION == 2 else HEADER3 if flags & T_BIT else 8


def _header2(flags: int) -> int:
    return 6 + 2 * bool(flags & L_BIT) + 4 * bool(flags & S_BIT) + 2 * bool(flags & O_BIT)


def _padding(octets: bytearray, at: int, body: int) -> None:
    """Between a header of L2TPv2 and what it carries there may be octets of any kind (RFC 2661 §3.1)."""
    blank(octets, at + _header2(int.from_bytes(octets[at : at + 2], "big")), body)


def _control_begin(octets: bytearray, body: int, limit: int) -> int:
    """Where in a packet of L2TPv3 a control packet of PPP begins, with its address and control."""
    for skip in PLACES:
        word = int.from_bytes(octets[body + skip : min(limit, body + skip + WORD)], "big")
        if word >> 16 == ADDRESS_CONTROL and word & 0xFFFF in FRAMED_CONTROL:
            return body + skip
    return min(limit, body + PREFIX)
