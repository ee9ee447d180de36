"""The fields of L2TP, L2F, ESP and AH headers in columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from l2tpscope.frames.classify import HEADER
from l2tpscope.frames.columns import Kind
from l2tpscope.frames.datagrams import Payloads
from l2tpscope.frames.network import Packets
from l2tpscope.frames.tables import L2TP_IP, UDP, L, O, S
from l2tpscope.frames.window import Int64s, Octet, Rows, Views, Words, select

Ids = NDArray[np.uint32]


@dataclass(slots=True)
class Fields:
    """What headers say, as `Frames` documents it. *Shape*: every column (n,)."""

    flags: Words
    tunnel: Ids
    session: Ids
    ns: Int64s
    nr: Int64s
    body: Int64s
    body_octets: Int64s


def read_fields(views: Views, packets: Packets, payload: Payloads, kinds: Octet) -> Fields:
    """The fields of each datagram by its kind. *Shape*: (n,)."""
    v2 = (kinds == Kind.L2TP2_DATA) | (kinds == Kind.L2TP2_CONTROL)
    if v2.all():
        return _version2(views, packets.rows, payload)
    size = len(kinds)
    fields = Fields(
        np.zeros(size, np.uint16),
        np.zeros(size, np.uint32),
        np.zeros(size, np.uint32),
        np.full(size, -1),
        np.full(size, -1),
        payload.at.copy(),
        np.zeros(size, np.int64),
    )
    which = np.flatnonzero(v2)
    if len(which):
        some = Payloads(payload.at[which], payload.octets[which], payload.captured[which])
        part = _version2(views, select(packets.rows, which), some)
        for name in Fields.__slots__:
            getattr(fields, name)[which] = getattr(part, name)
    _version3(views, packets, payload, kinds, fields)
    _l2f(views, packets.rows, payload, kinds, fields)
    _ipsec(packets.rows, payload, kinds, fields)
    return fields


def _version2(views: Views, rows: Rows, payload: Payloads) -> Fields:
    """RFC 2661 §3.1: 6 octets, and what the bits L, S and O add. What was cut off reads 0, sequence numbers -1."""
    flags = rows["flags"].astype(np.uint16)
    announced, sequenced = (flags & L) != 0, (flags & S) != 0
    ids = np.where(announced, rows["at4"], rows["at2"])
    octets = payload.octets
    if announced.any():
        octets = np.where(announced & (payload.captured >= 4), np.minimum(rows["length"], octets), octets)
    header = HEADER.take(flags).astype(np.int64)
    ns = nr = np.full(len(rows), -1)
    if sequenced.any():
        numbers = np.where(announced, rows["at8"], rows["at6"]).astype(np.int64)
        ns, nr = np.where(sequenced, numbers >> 16, -1), np.where(sequenced, numbers & 0xFFFF, -1)
    tunnel, session = (ids >> 16).astype(np.uint32), (ids & 0xFFFF).astype(np.uint32)
    cut = np.flatnonzero(payload.captured < header)
    if len(cut):
        there = payload.captured[cut] - 2 * announced[cut]
        for column, need, blank in ((tunnel, 4, 0), (session, 6, 0), (ns, 8, -1), (nr, 10, -1)):
            column[cut[there < need]] = blank
    padded = np.flatnonzero(flags & O)
    if len(padded):
        there = payload.captured[padded] >= header[padded]
        header[padded] += np.where(there, views.u16(payload.at[padded] + header[padded] - 2), 0)
    body = payload.at + np.minimum(header, payload.octets)
    return Fields(flags, tunnel, session, ns, nr, body, np.maximum(octets - header, 0))


def _version3(views: Views, packets: Packets, payload: Payloads, kinds: Octet, fields: Fields) -> None:
    """RFC 3931 §3.2.1, §4.1.1, §4.1.2, in place: over UDP as over protocol 115, where control follows four zero octets."""
    over_ip = packets.rows["protocol"] == L2TP_IP
    control = np.flatnonzero(kinds == Kind.L2TP3_CONTROL)
    if len(control):
        skip = np.where(over_ip[control], 4, 0)
        at = payload.at[control] + skip
        words = views.matrix(at, 12).view(">u2").astype(np.int64)
        there = payload.captured[control] - skip
        fields.flags[control] = np.where(there >= 2, words[:, 0], 0)
        fields.tunnel[control] = np.where(there >= 8, words[:, 2] << 16 | words[:, 3], 0)
        fields.ns[control] = np.where(there >= 10, words[:, 4], -1)
        fields.nr[control] = np.where(there >= 12, words[:, 5], -1)
        room = payload.octets[control] - skip
        length = np.where(there >= 4, np.minimum(words[:, 1], room), room)
        fields.body[control] = at + np.minimum(12, room)
        fields.body_octets[control] = np.maximum(length - 12, 0)
    data = np.flatnonzero(kinds == Kind.L2TP3_DATA)
    if len(data):
        skip = np.where(over_ip[data], 0, 4)
        at = payload.at[data] + skip
        there = payload.captured[data] - skip
        fields.flags[data] = np.where(over_ip[data], 0, views.u16(payload.at[data]))
        fields.session[data] = np.where(there >= 4, views.matrix(at, 4).view(">u4").reshape(-1), 0)
        room = payload.octets[data] - skip - 4
        fields.body[data] = at + 4
        fields.body_octets[data] = np.maximum(room, 0)


def _l2f(views: Views, rows: Rows, payload: Payloads, kinds: Octet, fields: Fields) -> None:
    """RFC 2341 §4.2, in place: 10 octets, and what the bits F and K add; what was cut off reads 0, the sequence number -1."""
    which = np.flatnonzero(kinds == Kind.L2F)
    if not len(which):
        return
    some, there, room = select(rows, which), payload.captured[which], payload.octets[which]
    flags = some["flags"].astype(np.int64)
    offset_there, key_there = flags >> 15, flags >> 14 & 1
    fields.flags[which] = flags
    fields.ns[which] = np.where((flags >> 12 & 1 == 1) & (there >= 4), some["length"].astype(np.int64) & 0xFF, -1)
    fields.session[which] = np.where(there >= 6, some["at4"] >> 16, 0)
    fields.tunnel[which] = np.where(there >= 8, some["at4"] & 0xFFFF, 0)
    header = 10 + 2 * offset_there + 4 * key_there
    at = payload.at[which]
    header += np.where((offset_there == 1) & (there >= 12), views.u16(at + 10), 0)
    length = np.where(there >= 10, np.minimum(some["at8"].astype(np.int64) >> 16, room), room)
    fields.body[which] = at + np.minimum(header, room)
    fields.body_octets[which] = np.maximum(length - header, 0)


def _ipsec(rows: Rows, payload: Payloads, kinds: Octet, fields: Fields) -> None:
    """SPI and sequence number of ESP (RFC 4303 §2, at 0) and AH (RFC 4302 §2, at 4), in place; 0 and -1 where cut off."""
    esp = kinds == Kind.ESP
    ours = np.flatnonzero(esp | (kinds == Kind.AH))
    if not len(ours):
        return
    if len(ours) < len(kinds):
        rows, esp = select(rows, ours), esp[ours]
    spi, number = rows["spi"].astype(np.uint32), rows["after_ports"].astype(np.int64)
    for which, first, second in ((rows["protocol"] == UDP, "marker", "at4"), (~esp, "after_ports", "marker")):
        others = np.flatnonzero(which)
        if len(others):
            spi[others], number[others] = rows[first][others], rows[second][others]
    there = payload.captured[ours] - 4 * ~esp
    cut = np.flatnonzero(there < 8)
    spi[cut[there[cut] < 4]] = 0
    number[cut] = -1
    fields.session[ours] = spi
    fields.ns[ours] = number
