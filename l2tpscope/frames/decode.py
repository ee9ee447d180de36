"""Header columns of a batch: from records to L2TP, ESP and IKE, in columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from l2tpscope.capture.batch import Batch
from l2tpscope.frames.addresses import address_keys
from l2tpscope.frames.classify import PROOF, PROOF_MASK, UNREADABLE, Classifier, Datagrams, Payloads, payloads_of, protocol_kinds
from l2tpscope.frames.classify import select as select_datagrams
from l2tpscope.frames.columns import Frames, Kind
from l2tpscope.frames.duplicates import Copies, DuplicateFinder, copy_word
from l2tpscope.frames.flows import TRIM_EVERY
from l2tpscope.frames.headers import read_fields
from l2tpscope.frames.link import locate
from l2tpscope.frames.network import Packets, merge, plain_ipv4
from l2tpscope.frames.quoted import quoting
from l2tpscope.frames.rest import Records, Rest, RestDecoder
from l2tpscope.frames.table import Table
from l2tpscope.frames.tables import DROP, ICMP, ICMPV6, KEEP, UDP, UNWRAP, interest_table, protocol_table
from l2tpscope.frames.window import NETWORK, Arena, Bools, Int64s, Octet, Rows, Views, Words, blank, select

CHUNK = 16384
"""Records at a time: so many that the columns pay, so few that they stay in the cache."""

_PROTOCOLS = protocol_table()
_INTEREST = interest_table()


class Decoder:
    """Reads the headers of batches, in order; keeps what one frame says about later ones.

    *Bias*: a flow on other ports than L2TP's counts from the first control message on that proves it; what it carried
    before is not L2TP's. *Source*: RFC 2661 §8.1 (any port may answer).
    """

    def __init__(self, ports: Iterable[int] = ()) -> None:
        self._classifier = Classifier(sorted(set(ports)))
        self._rest = RestDecoder()
        self._duplicates = DuplicateFinder()
        self._records = 0

    @property
    def waiting_fragments(self) -> int:
        """Fragments that still wait for the rest of their datagram; at the end of a capture, of datagrams never completed."""
        return self._rest.fragments.waiting

    def decode(self, batch: Batch) -> Frames:
        """The header columns of the frames of a batch that concern us. They point into the batch's octets."""
        arena = Arena(batch.octets)
        table = Table(len(batch))
        lost = self._rest.fragments.lost
        for start, stop in self._cuts(len(batch)):
            self._chunk(arena, batch, start, stop, table)
            self._records += stop - start
            if self._records % TRIM_EVERY == 0:
                self._classifier.trim()
        return table.frames(arena.octets, self._rest.fragments.lost - lost)

    def _cuts(self, size: int) -> Iterator[tuple[int, int]]:
        start = 0
        while start < size:
            stop = min(size, start + CHUNK, start + TRIM_EVERY - self._records % TRIM_EVERY)
            yield start, stop
            start = stop

    def _chunk(self, arena: Arena, batch: Batch, start: int, stop: int, table: Table) -> None:
        part = slice(start, stop)
        views = Views(arena.octets)
        begin = batch.offset[part]
        limit = begin + batch.captured[part]
        at, ethertype = locate(views, begin, limit, batch.link_type[part])
        rows = views.rows(at)
        plain = plain_ipv4(rows, ethertype, limit - at)
        interest = self._interest(rows)
        plain &= interest != UNWRAP
        rest = None
        if not plain.all():
            odd = np.flatnonzero(~plain)
            wire_end = begin[odd] + batch.length[part][odd]
            rest = self._rest.decode(arena, Records(odd, at[odd], ethertype[odd], limit[odd], wire_end, batch.time[part][odd]))
            views = Views(arena.octets)
        suspects = np.flatnonzero(plain & ((rows["flags"] & PROOF_MASK) == PROOF))
        if len(suspects) or rest is not None:
            self._learn(views, _plain_packets(rows, at, limit, suspects), rest)
            interest = self._interest(rows)
        packets = _plain_packets(rows, at, limit, np.flatnonzero(plain & (interest == KEEP)))
        if rest is not None:
            packets = merge(packets, rest.packets.select(np.flatnonzero(self._interest(rest.packets.rows) != DROP)))
        kept, unreadable = self._finish(views, packets, batch, start, table, rest)
        table.count(stop - start, kept, unreadable, rest)

    def _interest(self, rows: Rows) -> Octet:
        ports = self._classifier.ports
        bits = _PROTOCOLS.take(rows["protocol"]) | ports.take(rows["source_port"])
        bits |= ports.take(rows["destination_port"])
        return _INTEREST.take(bits)

    def _learn(self, views: Views, packets: Packets, rest: Rest | None) -> None:
        """Let the classifier see every datagram that may prove a flow, in order, before any is judged by its flow."""
        if rest is not None:
            packets = merge(packets, rest.packets)
        blank(packets.rows, packets.limit - packets.transport)
        suspect = (packets.rows["protocol"] == UDP) & ((packets.rows["flags"] & PROOF_MASK) == PROOF)
        packets = packets.select(np.flatnonzero(suspect))
        if len(packets):
            udp = np.ones(len(packets), np.bool_)
            self._classifier.learn(self._datagrams(views, packets, payloads_of(packets, udp, ~udp)))

    def _datagrams(self, views: Views, packets: Packets, payload: Payloads) -> Datagrams:
        source, destination = address_keys(views, packets.rows, packets.ip)
        return Datagrams(packets, payload, source, destination, packets.index + self._records)

    def _finish(self, views: Views, packets: Packets, batch: Batch, start: int, table: Table, rest: Rest | None) -> tuple[Int64s, int]:
        """Classify datagrams and put those that concern us into the table; say which records, and how many are unreadable."""
        blank(packets.rows, packets.limit - packets.transport)
        protocol = packets.rows["protocol"]
        udp, icmp = protocol == UDP, (protocol == ICMP) | (protocol == ICMPV6)
        data = self._datagrams(views, packets, payloads_of(packets, udp, icmp))
        kinds = self._kinds(views, data, udp, icmp)
        kinds[packets.end - packets.transport < 8] = Kind.OTHER
        unreadable = kinds == UNREADABLE
        ours = (kinds != Kind.OTHER) & ~unreadable
        if not ours.all():
            which = np.flatnonzero(ours)
            data, kinds = select_datagrams(data, which), kinds[which]
        if len(kinds):
            self._fill(views, data, kinds, batch, start, table)
        frames = rest.frames if rest else {}
        return data.packets.index, sum(frames.get(index, 1) for index in packets.index[unreadable].tolist())

    def _fill(self, views: Views, data: Datagrams, kinds: Octet, batch: Batch, start: int, table: Table) -> None:
        packets, payload = data.packets, data.payload
        record = packets.index + start
        fields = read_fields(views, packets, payload, kinds)
        time = batch.time[record]
        octets = packets.end - packets.ip
        # Datagrams that were put together from fragments stand in no frame: nothing of a link header is before them.
        link = np.where(packets.ip < len(batch.octets), packets.ip - batch.offset[record], 0)
        identified = (packets.rows["first"] < 0x60) & (packets.rows["identification"] != 0)
        numbered = (fields.ns >= 0) & ((kinds != Kind.L2TP2_CONTROL) & (kinds != Kind.L2TP3_CONTROL) | (fields.body_octets > 0))
        copies = Copies(copy_word(packets.rows), time, octets, packets.limit - packets.ip, link, identified | numbered)
        table.append(
            time=time,
            capture=batch.capture[record],
            frame=batch.frame[record],
            kind=kinds,
            ip=packets.ip,
            source=data.source,
            destination=data.destination,
            source_port=_ports(packets.rows, "source_port"),
            destination_port=_ports(packets.rows, "destination_port"),
            ip_octets=octets,
            payload=payload.at,
            payload_octets=payload.octets,
            payload_captured=payload.captured,
            flags=fields.flags,
            tunnel=fields.tunnel,
            session=fields.session,
            ns=fields.ns,
            nr=fields.nr,
            body=fields.body,
            body_octets=fields.body_octets,
            duplicate=self._duplicates.mark(views, packets.ip, copies),
        )

    def _kinds(self, views: Views, data: Datagrams, udp: Bools, icmp: Bools) -> Octet:
        if udp.all():
            return self._classifier.udp_kinds(views, data)
        kinds = protocol_kinds(data.packets, data.payload)
        which = np.flatnonzero(udp)
        kinds[which] = self._classifier.udp_kinds(views, select_datagrams(data, which))
        which = np.flatnonzero(icmp)
        if len(which):
            some = select_datagrams(data, which)
            quotes = quoting(views, some.packets, some.payload, some.record, self._classifier)
            kinds[which[quotes]] = Kind.ICMP_ERROR
        return kinds


def _plain_packets(rows: Rows, at: Int64s, limit: Int64s, which: Int64s) -> Packets:
    """Some rows of plain IPv4 as packets."""
    if len(which) < len(rows):
        rows, at, limit = select(rows, which), at[which], limit[which]
    return Packets(which, at, at + NETWORK, at + rows["total"], limit, rows)


def _ports(rows: Rows, name: str) -> Words:
    """Ports, 0 where the protocol has none."""
    ports: Words = rows[name].astype(np.uint16)
    ports *= rows["protocol"] == UDP
    return ports
