"""Belonging: to which tunnel, session, SA and connection of a report a packet belongs.

Control messages, IKE and PPP have rows of their own, found by capture and frame. Data and ESP are found as a receiver finds them: by
the ids, the receiver's address, and the time; ids are given out anew. What an ICMP error quotes belongs where the quoted packet does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, NamedTuple

from l2tpscope.analysis.names import endpoint_name
from l2tpscope.analysis.rows import EspSaRow, SessionRow, TunnelRow
from l2tpscope.core.endpoints import split
from l2tpscope.frames import Endpoint, Kind
from l2tpscope.frames.tables import AH, ESP, IKE_PORT, L2TP_IP, UDP
from l2tpscope.packets.packet import MARKER, Packet, ike_of
from l2tpscope.report import Report
from l2tpscope.wire.icmp import IcmpError, Quoted
from l2tpscope.wire.l2tp.header import decode_header

FOREVER = 1 << 62
T_BIT, VERSION = 0x8000, 0x000F
Flow = frozenset[str]
"""Both ends, with ports where there are any."""


class Place(NamedTuple):
    """Where a packet belongs; None: to none, or not to be told."""

    vpn: int | None = None
    tunnel: int | None = None
    session: int | None = None
    ike_sa: int | None = None
    esp_sa: int | None = None
    l2f: int | None = None


NOWHERE = Place()


class _Span(NamedTuple):
    begin: int
    end: int
    ends: tuple[str, str]
    """Sender and receiver, as the row has them at last."""
    place: Place


@dataclass
class Belonging:
    """Looks packets up in the tables of a report."""

    report: Report
    rows: dict[tuple[int, int], list[tuple[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    """By capture and frame: table and row of control messages, IKE and PPP."""
    _spans: dict[tuple[Any, ...], list[_Span]] = field(default_factory=lambda: defaultdict(list))
    _flows: dict[Flow, set[Place]] = field(default_factory=lambda: defaultdict(set))

    def __post_init__(self) -> None:
        measures = self.report.measures
        self._vpn_of = {row.tunnel: row.vpn for row in measures.tunnels}
        tunnels = {row.tunnel: row for row in measures.tunnels}
        self._session_of = {row.session: row.tunnel for row in measures.sessions}
        self._ike_vpn = {row.ike_sa: row.vpn for row in measures.ike_sas}
        for table in ("messages", "ike_messages", "ppp"):
            for row in self.report.rows(table):
                self.rows[row.capture, row.frame].append((table, row))
        for tunnel in measures.tunnels:
            self._add_tunnel(tunnel)
        for session in measures.sessions:
            self._add_session(session, tunnels[session.tunnel])
        for esp in measures.esp_sas:
            self._add_esp(esp)
        for ike in measures.ike_sas:
            place = Place(ike.vpn, ike_sa=ike.ike_sa)
            for other in {ike.responder_spi or "", ""}:
                span = _Span(ike.opened or 0, FOREVER, (ike.initiator, ike.responder), place)
                self._spans["ike", ike.initiator_spi, other].append(span)
            self._flow(ike.initiator, ike.responder, place)

    def of(self, packet: Packet) -> Place:
        """Where a packet belongs."""
        for table, row in self.rows.get((packet.capture, packet.frame), ()):
            found = self._of_row(packet, table, row)
            if found is not None:
                return found
        key = _key_of(packet)
        if packet.kind is Kind.ICMP_ERROR:
            return self._of_quoted(packet)
        if key is None:
            return self.of_flow(endpoint_name(packet.source), endpoint_name(packet.destination))
        return self._find(key, packet.time, endpoint_name(packet.source), endpoint_name(packet.destination))

    def candidates(self, packet: Packet) -> set[Place]:
        """Where packets of data or ESP with the same ids and ends may belong; which of these, their time tells."""
        key = _key_of(packet)
        if key is None:
            return {self.of(packet)}
        return {span.place for span in self._best(key, endpoint_name(packet.source), endpoint_name(packet.destination))} or {NOWHERE}

    def of_flow(self, one: str, other: str) -> Place:
        """The only one whose packets go between two endpoints; where there are several, only what they have in common."""
        places = self._flows.get(frozenset((one, other)), set())
        vpns = {place.vpn for place in places}
        if len(vpns) != 1:
            return NOWHERE
        return next(iter(places)) if len(places) == 1 else Place(next(iter(vpns)))

    def _of_row(self, packet: Packet, table: str, row: Any) -> Place | None:
        """By a row of its frame, if it is of that kind: frames of TCP have several messages."""
        if table == "ike_messages":
            return Place(self._ike_vpn.get(row.ike_sa), ike_sa=row.ike_sa) if packet.kind is Kind.IKE else None
        control = packet.kind in (Kind.L2TP2_CONTROL, Kind.L2TP3_CONTROL)
        if control != (table == "messages") or packet.kind in (Kind.IKE, Kind.ESP, Kind.AH, Kind.ICMP_ERROR):
            return None
        tunnel = row.tunnel if control else self._session_of[row.session]
        return Place(self._vpn_of[tunnel], tunnel, row.session)

    def _add_tunnel(self, row: TunnelRow) -> None:
        place = Place(row.vpn, row.tunnel)
        begin, end = row.opened or 0, FOREVER
        for number, ends in _sides(row, row.initiator_id, row.responder_id):
            if number is not None:
                self._spans["control", row.version, number].append(_Span(begin, end, ends, place))
        self._flow(row.initiator, row.responder, place)

    def _add_session(self, row: SessionRow, tunnel: TunnelRow) -> None:
        place = Place(tunnel.vpn, row.tunnel, row.session)
        begins = [time for time in (row.first_data, row.opened) if time is not None]
        begin, end = min(begins, default=0), max([FOREVER if row.last_data is None else row.last_data, row.closed or 0])
        tunnel_ids = dict(_sides(tunnel, tunnel.initiator_id, tunnel.responder_id, keyed=True))
        for number, ends in _sides(tunnel, row.initiator_id, row.responder_id):
            if number is not None:
                key = ("data", 3, number) if tunnel.version == 3 else ("data", 2, tunnel_ids[ends], number)
                self._spans[key].append(_Span(begin, end, ends, place))

    def _add_esp(self, row: EspSaRow) -> None:
        place = Place(row.vpn, ike_sa=row.ike_sa, esp_sa=row.esp_sa)
        self._spans["esp", int(row.spi, 16)].append(_Span(row.first, row.last, (row.source, row.destination), place))
        self._flow(row.source, row.destination, place)

    def _flow(self, one: str, other: str, place: Place) -> None:
        self._flows[frozenset((one, other))].add(place)

    def _of_quoted(self, packet: Packet) -> Place:
        error = packet.decoded
        quoted = error.quoted if isinstance(error, IcmpError) else None
        if quoted is None:
            return NOWHERE
        source = endpoint_name(Endpoint(quoted.source, quoted.source_port))
        destination = endpoint_name(Endpoint(quoted.destination, quoted.destination_port))
        for key in _keys_of_quoted(quoted):
            found = self._find(key, packet.time, source, destination)
            if found != NOWHERE:
                return found
        return self.of_flow(source, destination)

    def _find(self, key: tuple[Any, ...], time: int, source: str, destination: str) -> Place:
        """Of the best under a key, that of the time."""
        some = self._best(key, source, destination)
        return min(some, key=lambda span: max(span.begin - time, time - span.end, 0)).place if some else NOWHERE

    def _best(self, key: tuple[Any, ...], source: str, destination: str) -> list[_Span]:
        """The best of those under a key: those of the same ends, else of the same addresses, else of the receiver's or the sender's."""
        spans = self._spans.get(key, ())
        addresses = split(source)[0], split(destination)[0]
        both, ends, receivers = [], [], []
        for span in spans:
            told = split(span.ends[0])[0], split(span.ends[1])[0]
            if span.ends == (source, destination):
                both.append(span)
            elif addresses in (told, told[::-1]):
                ends.append(span)
            elif addresses[1] == told[1] or addresses[0] == told[0] or key[0] == "ike":
                receivers.append(span)
        return both or ends or receivers


def _sides(row: TunnelRow, initiator: int | None, responder: int | None, *, keyed: bool = False) -> Iterator[tuple[Any, Any]]:
    """Each side's id with the ends of what is sent to it; *keyed*: the other way round."""
    for number, ends in ((initiator, (row.responder, row.initiator)), (responder, (row.initiator, row.responder))):
        yield (ends, number) if keyed else (number, ends)


def _key_of(packet: Packet) -> tuple[Any, ...] | None:
    """What a receiver looks a packet up by; None for what has no ids."""
    if packet.kind is Kind.IKE:
        return _ike_key(ike_of(packet)[0])
    keys: dict[Kind, tuple[Any, ...]] = {
        Kind.L2TP2_DATA: ("data", 2, packet.tunnel, packet.session),
        Kind.L2TP3_DATA: ("data", 3, packet.session),
        Kind.L2TP2_CONTROL: ("control", 2, packet.tunnel),
        Kind.L2TP3_CONTROL: ("control", 3, packet.tunnel),
        Kind.ESP: ("esp", packet.session),
        Kind.AH: ("esp", packet.session),
    }
    return keys.get(packet.kind)


def _ike_key(octets: bytes) -> tuple[Any, ...] | None:
    """By both SPIs; by the initiator's alone as long as there is no other."""
    return ("ike", octets[:8].hex(), octets[8:16].hex() if any(octets[8:16]) else "") if len(octets) >= 16 else None


def _keys_of_quoted(quoted: Quoted) -> Iterator[tuple[Any, ...]]:
    """The keys of a quoted packet, as far as it is quoted."""
    octets, ports = quoted.payload, {quoted.source_port, quoted.destination_port}
    if quoted.protocol in (ESP, AH):
        skip = 4 * (quoted.protocol == AH)
        if len(octets) >= skip + 4:
            yield "esp", int.from_bytes(octets[skip : skip + 4], "big")
    elif quoted.protocol == L2TP_IP and len(octets) >= 4:
        yield from _v3_key(octets, over_ip=True)
    elif quoted.protocol == UDP and IKE_PORT in ports:
        yield from _some(_ike_key(octets))
    elif quoted.protocol == UDP and 4500 in ports and len(octets) >= MARKER:
        yield from _some(_ike_key(octets[MARKER:]) if octets[:MARKER] == bytes(MARKER) else ("esp", int.from_bytes(octets[:4], "big")))
    elif len(octets) >= 8:
        header = decode_header(octets, max(len(octets), 12))
        if header.flags & VERSION == 3:
            yield from _v3_key(octets, over_ip=False)
        elif header.flags & T_BIT:
            yield "control", 2, header.tunnel
        else:
            yield "data", 2, header.tunnel, header.session


def _v3_key(octets: bytes, *, over_ip: bool) -> Iterable[tuple[Any, ...]]:
    """RFC 3931 §4.1: over IP the Session ID is first, 0 before control; over UDP the flags are."""
    at = 0 if over_ip else 4
    first = int.from_bytes(octets[at : at + 4], "big")
    control = first == 0 if over_ip else bool(octets[0] & 0x80)
    if not control:
        return [("data", 3, first)]
    at = 8 if over_ip else 4
    return [("control", 3, int.from_bytes(octets[at : at + 4], "big"))] if len(octets) >= at + 4 else []


def _some(key: tuple[Any, ...] | None) -> Iterable[tuple[Any, ...]]:
    return chain() if key is None else [key]
