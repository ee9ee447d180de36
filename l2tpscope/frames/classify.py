"""What each datagram is: L2TP, L2F, OpenVPN, IKE, ESP, an ICMP error that quotes one of these, or nothing of ours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from l2tpscope.frames.columns import Kind
from l2tpscope.frames.datagrams import Datagrams, Payloads
from l2tpscope.frames.flows import Flows
from l2tpscope.frames.ike_header import HEADER as IKE_HEADER
from l2tpscope.frames.ike_header import MARKER, UDP_PAYLOAD, exact_headers
from l2tpscope.frames.network import Packets
from l2tpscope.frames.tables import (
    AH,
    ESP,
    IKE_PORT,
    L2F,
    L2TP_IP,
    NATT_PORT,
    NONE,
    ON_IPSEC,
    ON_L2TP,
    ON_PROVEN,
    V2_DATA,
    V3_DATA,
    L,
    O,
    header_octets,
    lenient_forms,
    port_table,
    ppp_table,
    strict_forms,
)
from l2tpscope.frames.window import WIDTH, Bools, Int64s, Octet, Rows, Views, select

HEADER = header_octets()
STRICT = strict_forms()
LENIENT = lenient_forms()
PPP = ppp_table()
KIND_OF_FORM = np.array([Kind.NOT_L2TP_1701, Kind.L2TP2_DATA, Kind.L2TP2_CONTROL, Kind.L2TP3_DATA, Kind.L2TP3_CONTROL, Kind.L2F], np.uint8)

PROOF_MASK, PROOF = 0xCA0E, 0xC802
"""T, L and S set, O clear, version 2 or 3."""
SCCRQ = 1


def proofs(rows: Rows, payload: Payloads) -> Int64s:
    """Positions of the datagrams that are an L2TP control message beyond doubt: header, Length, a Message Type AVP first.

    *Source*: RFC 2661 §4.4.1 (vendor 0, type 0, 8 octets; types 1 to 29 are assigned).
    """
    which = np.flatnonzero((rows["flags"] & PROOF_MASK) == PROOF)
    some = select(rows, which)
    message_type, length = some["message_type"], some["length"].astype(np.int64)
    sure = ((some["avp"] & 0x7FFF) == 8) & (some["avp_type"] == 0) & (message_type >= 1) & (message_type <= 29)
    sure &= (length >= 20) & (length <= payload.octets[which]) & (payload.captured[which] >= 20)
    sure_ones: Int64s = which[sure]
    return sure_ones


class Classifier:
    """Tells kinds apart; remembers which flows were proven to be L2TP or OpenVPN."""

    def __init__(self, ports: list[int]) -> None:
        self.ports = port_table(ports)
        self.l2tp = Flows()
        self.openvpn = Flows()
        self.natt = Flows()
        """On other ports than NAT traversal's, with a non-ESP marker before IKE: so what is without one is ESP."""

    def trim(self) -> None:
        """Keep the memory bounded."""
        self.l2tp.trim()
        self.openvpn.trim()
        self.natt.trim()

    def learn(self, datagrams: Datagrams) -> bool:
        """Remember the flows that some datagrams prove to be L2TP or IKE behind a marker, from each on; whether there were any.

        A SCCRQ on a port of L2TP proves nothing that the port does not say, and may be one of a flood.
        """
        rows = datagrams.packets.rows
        which = proofs(rows, datagrams.payload)
        on_port = self.ports.take(rows["destination_port"][which]) & ON_L2TP
        which = which[(rows["message_type"][which] != SCCRQ) | (on_port == 0)]
        marked = np.flatnonzero(exact_headers(rows)[1] & (datagrams.payload.captured >= IKE_HEADER + MARKER + 4))
        on = self.ports.take(rows["source_port"][marked]) | self.ports.take(rows["destination_port"][marked])
        marked = marked[on & (ON_L2TP | ON_IPSEC) == 0]
        for flows, proofs_of in ((self.l2tp, which), (self.natt, marked)):
            flows.prove(datagrams.keys(proofs_of), datagrams.record[proofs_of])
            for port in (rows["source_port"][proofs_of], rows["destination_port"][proofs_of]):
                self.ports[port] |= ON_PROVEN
        return len(which) + len(marked) > 0

    def udp_kinds(self, views: Views, datagrams: Datagrams) -> Octet:
        """The kind of each UDP datagram. *Shape*: (n,)."""
        rows = datagrams.packets.rows
        on = self.ports.take(rows["source_port"]) | self.ports.take(rows["destination_port"])
        ours = (on & ON_L2TP) != 0
        if ours.all():
            return self._l2tp_kinds(views, datagrams)
        elsewhere = np.flatnonzero(~ours & ((on & ON_PROVEN) != 0))
        keys, record = datagrams.keys(elsewhere), datagrams.record[elsewhere]
        ours[elsewhere] = self.l2tp.known(keys, record)
        natt = (rows["source_port"] == NATT_PORT) | (rows["destination_port"] == NATT_PORT)
        natt[elsewhere] |= self.natt.known(keys, record)
        kinds = ipsec_kinds(rows, datagrams.payload, natt)
        which = np.flatnonzero(ours)
        kinds[which] = self._l2tp_kinds(views, datagrams.select(which))
        return kinds

    def _l2tp_kinds(self, views: Views, datagrams: Datagrams) -> Octet:
        """The kinds of datagrams on a port of L2TP, or in a flow of L2TP."""
        rows, payload = datagrams.packets.rows, datagrams.payload
        flags = rows["flags"].astype(np.intp)
        form = STRICT.take(flags)
        form[~plausible(views, rows, payload, form, flags)] = NONE
        kinds = KIND_OF_FORM.take(form)
        unclear = np.flatnonzero((form == NONE) | (form == L2F))
        if len(unclear):
            kinds[unclear] = self._unclear_kinds(datagrams.select(unclear), form[unclear])
        return kinds

    def _unclear_kinds(self, datagrams: Datagrams, form: Octet) -> Octet:
        """The kinds of datagrams whose own octets do not show L2TP: their flow has the word."""
        rows, payload, record = datagrams.packets.rows, datagrams.payload, datagrams.record
        kinds = KIND_OF_FORM.take(form)
        keys = datagrams.keys(np.arange(len(record)))
        reset = openvpn_reset(rows, payload) & (form == NONE)
        self.openvpn.prove(keys[reset], record[reset])
        first = rows["flags"] >> 11
        openvpn = (first >= 1) & (first <= 11) & (payload.captured > 0) & (form == NONE) & self.openvpn.known(keys, record)
        kinds[openvpn] = Kind.OPENVPN_1701
        l2tp = LENIENT.take(rows["flags"])
        l2tp[payload.octets < HEADER.take(rows["flags"])] = NONE
        proven = (l2tp != NONE) & self.l2tp.known(keys, record)
        kinds[proven] = KIND_OF_FORM.take(l2tp[proven])
        kinds[(payload.captured < 2) & (payload.octets >= 6)] = UNREADABLE
        return kinds


UNREADABLE = 255
"""In place of a kind: so little was captured that nothing can be said."""


def plausible(views: Views, rows: Rows, payload: Payloads, form: Octet, flags: NDArray[np.intp]) -> Bools:
    """Whether the rest of the octets bears out what the first word says.

    The header fits; where there is a Length it covers the header and lies inside the datagram; data is not empty and
    begins as PPP does (v2) or is for a session (v3). *Bias*: random octets pass as v2 data once in some 30,000 datagrams; PPP protocols
    that nobody has registered are not believed until a control message proves the flow.
    """
    header = HEADER.take(flags)
    fits = payload.octets >= header
    announced = (flags & L) != 0
    octets = payload.octets
    if announced.any():
        announced &= (payload.captured >= 4) & (form != L2F)
        octets = np.where(announced, rows["length"], octets)
        fits &= ~announced | ((octets >= header) & (octets <= payload.octets))
    fits &= payload.captured >= 2
    data = form == V2_DATA
    fits &= ~data | _ppp_begins(views, rows, payload, header, octets, flags)
    if not data.all():
        v3 = form == V3_DATA
        fits &= ~v3 | ((rows["length"] == 0) & ((rows["at4"] != 0) | (payload.captured < 8)))
        fits &= (form != L2F) | _l2f(rows, payload)
    return fits


def _ppp_begins(  # noqa: PLR0917
    views: Views, rows: Rows, payload: Payloads, header: Octet, octets: Int64s, flags: NDArray[np.intp]
) -> Bools:
    """Whether what stands behind the header can be the begin of a PPP frame, as far as it was captured."""
    before = header.astype(np.int64)
    word = rows["word6"].astype(np.uint16)
    for size, name in ((8, "word8"), (10, "word10"), (12, "word12")):
        which = np.flatnonzero(header == size)
        if len(which):
            word[which] = rows[name][which]
    padded = np.flatnonzero(flags & O)
    if len(padded):
        there = payload.captured[padded] >= before[padded]
        before[padded] += np.where(there, views.u16(payload.at[padded] + before[padded] - 2), 0)
        word[padded] = views.u16(payload.at[padded] + np.minimum(before[padded], payload.captured[padded]))
    begins: Bools = PPP.take(word)
    begins |= np.minimum(payload.captured, octets) - before < 2
    begins &= before < octets
    return begins


def _l2f(rows: Rows, payload: Payloads) -> Bools:
    """RFC 2341 §4.2: protocol 1 to 3, and a Length that covers the header and fits, the checksum not counted."""
    flags = rows["flags"]
    header = 10 + 2 * (flags >> 15) + 4 * ((flags >> 14) & 1)
    length = rows["at8"] >> 16
    protocol = rows["length"] >> 8
    fits = (length >= header) & (length + 2 * ((flags >> 3) & 1) <= payload.octets)
    believed: Bools = (protocol >= 1) & (protocol <= 3) & (fits | (payload.captured < 10))
    return believed


RESET_OCTETS = (14, 26, 38, 42, 50, 54, 66, 86, 98)
"""Lengths of OpenVPN's first packets: none, MD5, SHA1, SHA256, SHA512 or tls-crypt; the server's have 12 more."""


def openvpn_reset(rows: Rows, payload: Payloads) -> Bools:
    """Whether a datagram is the first of an OpenVPN connection, or its data (P_DATA_V2, peer below 256 or none)."""
    first = rows["flags"] >> 8
    reset = np.isin(first, (0x08, 0x10, 0x38, 0x40)) & np.isin(payload.octets, RESET_OCTETS)
    reset |= (first == 0x50) & (payload.octets >= 54)
    peer = rows["marker"] & 0xFFFF00
    data = (rows["flags"] >> 11 == 9) & ((peer == 0) | (rows["marker"] & 0xFFFFFF == 0xFFFFFF)) & (payload.octets >= 20)
    seen: Bools = (reset | data) & (payload.captured >= 4)
    return seen


def ipsec_kinds(rows: Rows, payload: Payloads, natt: Bools) -> Octet:
    """Kinds of UDP datagrams: by the port of IKE, by NAT traversal's or a flow of it (*natt*), by the header alone; else OTHER.

    *Source*: RFC 3948 §2 (keepalive, non-ESP marker), RFC 7296 §3.1 (the header), RFC 4303 §2.1 (SPIs below 256).
    """
    kinds = np.zeros(len(rows), np.uint8)
    marker = rows["marker"]
    long = natt & (payload.octets >= 8) & (payload.captured >= 4)
    kinds[long & (marker >= 256)] = Kind.ESP
    kinds[natt & (payload.octets == 1) & (rows["flags"] >> 8 == 0xFF) & (payload.captured == 1)] = Kind.NATT_KEEPALIVE
    which = np.flatnonzero(long & (marker == 0) & (payload.octets >= IKE_HEADER + MARKER))
    if len(which):
        kinds[which[_ike(rows, payload, which, MARKER)]] = Kind.IKE
    ike = (rows["source_port"] == IKE_PORT) | (rows["destination_port"] == IKE_PORT)
    which = np.flatnonzero(~natt & (payload.octets >= IKE_HEADER))
    if len(which):
        believed = ike[which] & _ike(rows, payload, which, 0)
        strangers = np.flatnonzero(~ike[which] & (payload.captured[which] >= IKE_HEADER + 4))
        believed[strangers] = exact_headers(select(rows, which[strangers]))[0]
        kinds[which[believed]] = Kind.IKE
    return kinds


def _ike(rows: Rows, payload: Payloads, which: Int64s, skip: int) -> Bools:
    """Whether version and length are those of IKE, as far as they were captured, in datagrams on its ports."""
    some = select(rows, which)
    major = some.view(np.uint8).reshape(-1, WIDTH)[:, UDP_PAYLOAD + skip + 17] >> 4
    length = some["natt_length" if skip else "ike_length"]
    header = ((major == 1) | (major == 2)) & (length >= IKE_HEADER) & (length <= payload.octets[which] - skip)
    believed: Bools = header | (payload.captured[which] < IKE_HEADER + skip)
    return believed


KIND_OF_PROTOCOL, SHORTEST = np.zeros(256, np.uint8), np.zeros(256, np.uint8)
"""By IP protocol: what it is until its octets say more, and how many these are at least."""
for _protocol, _kind, _octets in ((ESP, Kind.ESP, 8), (AH, Kind.AH, 12), (L2TP_IP, Kind.NOT_L2TP_1701, 0)):
    KIND_OF_PROTOCOL[_protocol], SHORTEST[_protocol] = _kind, _octets


def protocol_kinds(packets: Packets, payload: Payloads) -> Octet:
    """Kinds of the datagrams that are not UDP; OTHER where an ICMP message is for others to judge."""
    rows = packets.rows
    protocol = np.ascontiguousarray(rows["protocol"])
    kinds = KIND_OF_PROTOCOL.take(protocol)
    kinds[payload.octets < SHORTEST.take(protocol)] = Kind.OTHER
    over_ip = protocol == L2TP_IP
    if not over_ip.any():
        return kinds
    control = (rows["spi"] == 0) & ((rows["after_ports"] >> 16 & 0x800F) == 0x8003) & (payload.octets >= 16)
    kinds[over_ip & (rows["spi"] != 0) & (payload.octets >= 4)] = Kind.L2TP3_DATA
    kinds[over_ip & control] = Kind.L2TP3_CONTROL
    return kinds
