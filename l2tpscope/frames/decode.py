"""Header columns of a batch: from records to L2TP, ESP and IKE, in columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from l2tpscope.capture.batch import Batch
from l2tpscope.frames.addresses import address_keys
from l2tpscope.frames.classify import PROOF, PROOF_MASK, UNREADABLE, Classifier, protocol_kinds
from l2tpscope.frames.columns import Frames, Kind
from l2tpscope.frames.datagrams import Datagrams, Payloads, payloads_of
from l2tpscope.frames.duplicates import DuplicateFinder, copies_of
from l2tpscope.frames.flows import TRIM_EVERY
from l2tpscope.frames.headers import read_fields
from l2tpscope.frames.ike_header import exact_headers
from l2tpscope.frames.link import locate
from l2tpscope.frames.network import Packets, merge, plain_ipv4
from l2tpscope.frames.quoted import quoting
from l2tpscope.frames.rest import Records, Rest, RestDecoder
from l2tpscope.frames.table import Table, origin_of
from l2tpscope.frames.tables import (
    DROP,
    FOLLOW,
    ICMP,
    ICMPV6,
    KEEP,
    LOOK,
    PEEK,
    TCP,
    UDP,
    UNWRAP,
    interest_table,
    protocol_table,
)
from l2tpscope.frames.tcp import TcpDecoder, learn_ports, segment_payloads
from l2tpscope.frames.torn import Torn
from l2tpscope.frames.vpns import Found, OtherVpns, first_octets, first_segments, pptp_control, pptp_data
from l2tpscope.frames.window import NETWORK, Arena, Bools, Int64s, Octet, Rows, Views, blank, select

CHUNK = 49152
"""Records at a time: so many that the columns pay, so few that they stay in the cache."""

_PROTOCOLS = protocol_table()
_INTEREST = interest_table()


class Plain(NamedTuple):
    """The rows of a chunk, and which of them are plain IPv4 on no port of ours. *Shape*: every column (n,)."""

    rows: Rows
    at: Int64s
    limit: Int64s
    udp: Bools
    tcp: Bools

    def packets(self, which: Int64s) -> Packets:
        """Some of them as packets."""
        return _plain_packets(self.rows, self.at, self.limit, which)


class Decoder:
    """Reads the headers of batches, in order; keeps what one frame says about later ones.

    *Bias*: a flow on other ports than L2TP's counts from the first control message on that proves it; what it carried
    before is not L2TP's. *Source*: RFC 2661 §8.1 (any port may answer).
    """

    def __init__(self, ports: Iterable[int] = ()) -> None:
        self._classifier = Classifier(sorted(set(ports)))
        self._rest = RestDecoder()
        self._duplicates = DuplicateFinder()
        self._tcp = TcpDecoder()
        self._vpns = OtherVpns()
        self._records = 0

    @property
    def waiting_fragments(self) -> int:
        """Fragments that still wait for the rest of their datagram; at the end of a capture, of datagrams never completed."""
        return self._rest.fragments.waiting

    def torn(self, end: int) -> list[Torn]:
        """Datagrams of ours of which fragments never came, as of the instant *end*."""
        return self._rest.fragments.torn(end)

    def age(self, before: int) -> None:
        """Let go of what came to nothing before an instant."""
        self._rest.fragments.age(before)

    def notes(self) -> list[str]:
        """What could not be followed, a line each."""
        return self._tcp.notes()

    def decode(self, batch: Batch) -> Frames:
        """The header columns of the frames of a batch that concern us. They point into the batch's octets."""
        arena = Arena(batch.octets)
        table = Table()
        lost = self._rest.fragments.lost
        for start, stop in self._cuts(len(batch)):
            self._chunk(arena, batch, slice(start, stop), table)
            self._records += stop - start
            if self._records % TRIM_EVERY == 0:
                self._classifier.trim()
                self._tcp.trim()
                self._vpns.trim()
        return table.frames(arena.octets, self._rest.fragments.lost - lost)

    def _cuts(self, size: int) -> Iterator[tuple[int, int]]:
        start = 0
        while start < size:
            stop = min(size, start + CHUNK, start + TRIM_EVERY - self._records % TRIM_EVERY)
            yield start, stop
            start = stop

    def _chunk(self, arena: Arena, batch: Batch, part: slice, table: Table) -> None:
        views = Views(arena.octets)
        begin = batch.offset[part]
        limit = begin + batch.captured[part]
        at, ethertype = locate(views, begin, limit, batch.link_type[part])
        rows = views.rows(at)
        interest = self._interest(rows)
        if interest.max(initial=DROP) == PEEK and learn_ports(self._classifier.ports, rows, interest == PEEK):
            interest = self._interest(rows)
        plain = plain_ipv4(rows, ethertype, limit - at)
        others = []
        if (interest == UNWRAP).any():
            others.append(pptp_data(rows, np.flatnonzero(plain & (interest == UNWRAP))))
            interest[others[0].records] = DROP
            plain &= interest != UNWRAP
        rest = None
        if not plain.all():
            odd = np.flatnonzero(~plain)
            wire_end = begin[odd] + batch.length[part][odd]
            origin = origin_of(batch, part, odd)
            records = Records(odd, at[odd], ethertype[odd], limit[odd], wire_end, origin.time, origin.capture, origin.frame)
            rest = self._rest.decode(arena, records, self._classifier.ports)
            views = Views(arena.octets)
        looks = ike_among(rows, np.flatnonzero(plain & (interest == LOOK)))
        suspects = np.flatnonzero(plain & ((rows["flags"] & PROOF_MASK) == PROOF))
        suspects = suspects[rows["protocol"][suspects] == UDP]
        if len(looks):
            suspects = np.union1d(suspects, looks)
        if self._learn(views, _plain_packets(rows, at, limit, suspects), rest) or (rest is not None and rest.new_ports):
            interest = self._interest(rows)
        interest[looks] = KEEP
        packets = _plain_packets(rows, at, limit, np.flatnonzero(plain & (interest == KEEP)))
        segments = _plain_packets(rows, at, limit, np.flatnonzero(plain & (interest == FOLLOW)))
        if rest is not None:
            packets = merge(packets, rest.packets.select(np.flatnonzero(self._concerns(rest.packets.rows))))
            segments = merge(segments, rest.packets.select(np.flatnonzero(rest.packets.rows["protocol"] == TCP)))
        kept, unreadable = self._finish(views, packets, batch, part, table)
        table.count(len(begin), kept, unreadable, rest)
        taken = [kept, unreadable]
        if len(segments):
            data = self._datagrams(views, segments, segment_payloads(segments))
            messages = self._tcp.decode(arena, data)
            table.insert(messages, data, origin_of(batch, part, segments.index), kept, rest)
            others.append(pptp_control(views, data))
            taken.append(segments.index[messages.row])
        udp, tcp = plain & (interest == LOOK), plain & (interest >= FOLLOW)
        others += self._other_vpns(views, Plain(rows, at, limit, udp, tcp), self._left(packets, rest, taken))
        table.count_others(others, np.concatenate(taken), batch.capture[part], rest)

    def _left(self, packets: Packets, rest: Rest | None, taken: list[Int64s]) -> Packets:
        """The datagrams of UDP that are not ours, of those that were judged and of those that are not plain IPv4."""
        some = len(taken[0]) < len(packets)
        left = packets.select(np.flatnonzero(~np.isin(packets.index, np.concatenate(taken))) if some else np.zeros(0, np.int64))
        if rest is not None:
            left = merge(left, rest.packets.select(np.flatnonzero(self._interest(rest.packets.rows) == LOOK)))
        return left.select(np.flatnonzero(left.rows["protocol"] == UDP))

    def _other_vpns(self, views: Views, plain: Plain, left: Packets) -> list[Found]:
        """Frames of other VPNs among plain ones of UDP and TCP, and among what else is left of UDP; every proof is read before."""
        vpns, every = self._vpns, np.arange(len(left))
        udp = np.flatnonzero(plain.udp) if plain.udp.any() else every[:0]
        first = merge(plain.packets(first_octets(plain.rows, udp)), left.select(first_octets(left.rows, every)))
        if len(first):
            vpns.learn_udp(views, self._udp(views, first))
        first = plain.packets(first_segments(plain.rows, plain.tcp)) if plain.tcp.any() else first.select(every[:0])
        if len(first):
            vpns.learn_tcp(views, self._datagrams(views, first, segment_payloads(first)))
        if not len(vpns):
            return []
        datagrams = merge(plain.packets(vpns.members(plain.rows, udp, UDP)), left.select(vpns.members(left.rows, every, UDP)))
        segments = plain.packets(vpns.members(plain.rows, np.flatnonzero(plain.tcp), TCP))
        found = vpns.known(self._udp(views, datagrams), UDP)
        return [found, vpns.known(self._datagrams(views, segments, segment_payloads(segments)), TCP)]

    def _udp(self, views: Views, packets: Packets) -> Datagrams:
        every = np.ones(len(packets), np.bool_)
        return self._datagrams(views, packets, payloads_of(packets, every, ~every))

    def _concerns(self, rows: Rows) -> Bools:
        """Which rows of datagrams that are in nothing else concern us."""
        interest = self._interest(rows)
        interest[ike_among(rows, np.flatnonzero(interest == LOOK))] = KEEP
        concerns: Bools = (interest == KEEP) | (interest == UNWRAP)
        return concerns

    def _interest(self, rows: Rows) -> Octet:
        """DROP, KEEP, UNWRAP or LOOK for each row, by its protocol and ports."""
        ports = self._classifier.ports
        bits = _PROTOCOLS.take(rows["protocol"])
        bits |= ports.take(rows["source_port"])
        bits |= ports.take(rows["destination_port"])
        return _INTEREST.take(bits)

    def _learn(self, views: Views, packets: Packets, rest: Rest | None) -> bool:
        """Let the classifier see every datagram that may prove a flow before any is judged by its flow; whether one did."""
        if rest is not None:
            packets = merge(packets, _suspects(rest.packets))
        if not len(packets):
            return False
        return self._classifier.learn(self._udp(views, packets))

    def _datagrams(self, views: Views, packets: Packets, payload: Payloads) -> Datagrams:
        source, destination = address_keys(views, packets.rows, packets.ip)
        return Datagrams(packets, payload, source, destination, packets.index + self._records)

    def _finish(self, views: Views, packets: Packets, batch: Batch, part: slice, table: Table) -> tuple[Int64s, Int64s]:
        """Classify datagrams and put those that concern us into the table; which records these are, and which are unreadable."""
        blank(packets.rows, packets.limit - packets.transport)
        protocol = packets.rows["protocol"]
        udp, icmp = protocol == UDP, (protocol == ICMP) | (protocol == ICMPV6)
        data = self._datagrams(views, packets, payloads_of(packets, udp, icmp))
        kinds = self._kinds(views, data, udp, icmp)
        kinds[packets.end - packets.transport < 8] = Kind.OTHER
        unreadable = packets.index[kinds == UNREADABLE]
        ours = (kinds != Kind.OTHER) & (kinds != UNREADABLE)
        if not ours.all():
            which = np.flatnonzero(ours)
            data, kinds = data.select(which), kinds[which]
        if len(kinds):
            fields = read_fields(views, data.packets, data.payload, kinds)
            origin = origin_of(batch, part, data.packets.index)
            copies = copies_of(data.packets, fields, kinds, origin, len(batch.octets))
            table.append(data, kinds, fields, origin, self._duplicates.mark(views, data.packets.ip, copies))
        return data.packets.index, unreadable

    def _kinds(self, views: Views, data: Datagrams, udp: Bools, icmp: Bools) -> Octet:
        if udp.all():
            return self._classifier.udp_kinds(views, data)
        kinds = protocol_kinds(data.packets, data.payload)
        which = np.flatnonzero(udp)
        if len(which):
            kinds[which] = self._classifier.udp_kinds(views, data.select(which))
        which = np.flatnonzero(icmp)
        if len(which):
            kinds[which[quoting(views, data.select(which), self._classifier)]] = Kind.ICMP_ERROR
        return kinds


def _suspects(packets: Packets) -> Packets:
    """Those that may be control messages of L2TP, and those of IKE."""
    rows = packets.rows
    udp = rows["protocol"] == UDP
    suspects = udp & ((rows["flags"] & PROOF_MASK) == PROOF)
    suspects[ike_among(rows, np.flatnonzero(udp))] = True
    return packets.select(np.flatnonzero(suspects))


def ike_among(rows: Rows, which: Int64s) -> Int64s:
    """Those of some rows of UDP that are IKE by their header alone."""
    if not len(which):
        return which
    lengths = rows["udp_octets"][which].astype(np.int64) - 8 - rows["ike_length"][which]
    near = which[(lengths == 0) | (rows["natt_length"][which] + 12 == rows["udp_octets"][which])]
    plain, marked = exact_headers(select(rows, near))
    found: Int64s = near[plain | marked]
    return found


def _plain_packets(rows: Rows, at: Int64s, limit: Int64s, which: Int64s) -> Packets:
    """Some rows of plain IPv4 as packets."""
    if len(which) < len(rows):
        rows, at, limit = select(rows, which), at[which], limit[which]
    return Packets(which, at, at + NETWORK, at + rows["total"], limit, rows)
