"""The table of rows that a batch yields, filled a chunk at a time."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from l2tpscope.capture.batch import Batch
from l2tpscope.frames.columns import Frames, Kind, Other
from l2tpscope.frames.datagrams import Datagrams
from l2tpscope.frames.headers import Fields
from l2tpscope.frames.rest import Rest
from l2tpscope.frames.tables import UDP
from l2tpscope.frames.tcp import Messages
from l2tpscope.frames.vpns import Found, together
from l2tpscope.frames.window import Bools, Int64s, Octet, Words

COLUMNS: dict[str, Any] = {
    "time": np.int64,
    "capture": np.uint16,
    "frame": np.int64,
    "kind": np.uint8,
    "ip": np.int64,
    "source": np.uint64,
    "destination": np.uint64,
    "source_port": np.uint16,
    "destination_port": np.uint16,
    "protocol": np.uint8,
    "ip_octets": np.int64,
    "payload": np.int64,
    "payload_octets": np.int64,
    "payload_captured": np.int64,
    "flags": np.uint16,
    "tunnel": np.uint32,
    "session": np.uint32,
    "ns": np.int64,
    "nr": np.int64,
    "body": np.int64,
    "body_octets": np.int64,
    "duplicate": np.bool_,
}
"""Every column of `Frames`, and its type."""


@dataclass(slots=True)
class Origin:
    """Where rows come from. *Shape*: every column (n,)."""

    time: Int64s
    capture: Words
    frame: Int64s
    begin: Int64s
    """Where the frame begins."""


def origin_of(batch: Batch, part: slice, index: Int64s) -> Origin:
    """The origin of some records, numbered within a part of a batch."""
    which: Any = part if len(index) == part.stop - part.start else index + part.start
    return Origin(batch.time[which], batch.capture[which], batch.frame[which], batch.offset[which])


class Table:
    """Columns filled a chunk at a time; those of a batch that is one chunk are never copied."""

    def __init__(self) -> None:
        self._parts: list[dict[str, NDArray[Any]]] = []
        self.counts = np.zeros(len(Kind), np.int64)
        self.undecoded = 0
        self.others = Counter[Other]()

    def append(self, data: Datagrams, kinds: Octet, fields: Fields, origin: Origin, duplicate: Bools) -> None:
        """Add rows: every column, all of the same length."""
        packets, payload = data.packets, data.payload
        rows = packets.rows
        udp = rows["protocol"] == UDP
        columns: dict[str, NDArray[Any]] = {
            "time": origin.time,
            "capture": origin.capture,
            "frame": origin.frame,
            "kind": kinds,
            "ip": packets.ip,
            "source": data.source,
            "destination": data.destination,
            "source_port": rows["source_port"] * udp,
            "destination_port": rows["destination_port"] * udp,
            "protocol": rows["protocol"],
            "ip_octets": packets.end - packets.ip,
            "payload": payload.at,
            "payload_octets": payload.octets,
            "payload_captured": payload.captured,
            "flags": fields.flags,
            "tunnel": fields.tunnel,
            "session": fields.session,
            "ns": fields.ns,
            "nr": fields.nr,
            "body": fields.body,
            "body_octets": fields.body_octets,
            "duplicate": duplicate,
        }
        self._parts.append({name: column.astype(COLUMNS[name], copy=False) for name, column in columns.items()})

    def count(self, records: int, rows: Int64s, unreadable: Int64s, rest: Rest | None) -> None:
        """Count a chunk's records by kind: those of the rows appended last, if *rows* says that there are any, and all others.

        *rows* says which records the rows are, *unreadable* which are none because too little of them is there.
        """
        kinds = self._parts[-1]["kind"] if len(rows) else np.zeros(0, np.uint8)
        found = np.bincount(kinds, minlength=len(Kind))
        undecoded = len(unreadable)
        if rest is not None:
            undecoded += rest.unreadable
            records -= rest.waiting
            kind_of = dict(zip(rows.tolist(), kinds.tolist(), strict=True)) if rest.frames else {}
            cut = set(unreadable.tolist())
            for index, frames in rest.frames.items():
                records += frames - 1
                if index in kind_of:
                    found[kind_of[index]] += frames - 1
                undecoded += (frames - 1) * (index in cut)
        found[Kind.OTHER] = records - undecoded - found.sum()
        self.counts += found
        self.undecoded += undecoded

    def insert(self, messages: Messages, segments: Datagrams, origin: Origin, rows: Int64s, rest: Rest | None) -> None:
        """Put messages of TCP among the rows appended last, if *rows* says that there are any: in the order of the records.

        A frame counts once, as ESP if there is any in it; one that only holds parts of messages stays among the others.
        """
        if not len(messages):
            return
        which = messages.row
        header = segments.packets.rows[which]
        columns: dict[str, NDArray[Any]] = {
            "time": origin.time[which],
            "capture": origin.capture[which],
            "frame": origin.frame[which],
            "kind": messages.kind,
            "ip": segments.packets.ip[which],
            "source": segments.source[which],
            "destination": segments.destination[which],
            "source_port": header["source_port"],
            "destination_port": header["destination_port"],
            "protocol": header["protocol"],
            "ip_octets": messages.ip_octets,
            "payload": messages.payload,
            "payload_octets": messages.payload_octets,
            "payload_captured": messages.payload_captured,
            "session": messages.session,
            "ns": messages.ns,
            "nr": np.full(len(which), -1),
            "body": messages.payload,
        }
        part = {name: columns.get(name, np.zeros(len(which))).astype(kind, copy=False) for name, kind in COLUMNS.items()}
        index = segments.packets.index[which]
        self._count_messages(messages.kind, index, rest)
        if len(rows):
            order = np.argsort(np.concatenate([rows, index]), kind="stable")
            before = self._parts.pop()
            part = {name: np.concatenate([before[name], column])[order] for name, column in part.items()}
        self._parts.append(part)

    def _count_messages(self, kinds: Octet, index: Int64s, rest: Rest | None) -> None:
        order = np.lexsort((kinds, index))
        last = np.append(np.flatnonzero(np.diff(index[order])), len(order) - 1)
        for record, kind in zip(index[order][last].tolist(), kinds[order][last].tolist(), strict=True):
            frames = rest.frames.get(record, 1) if rest is not None else 1
            self.counts[kind] += frames
            self.counts[Kind.OTHER] -= frames

    def count_others(self, some: list[Found], taken: Int64s, captures: Words, rest: Rest | None) -> None:
        """Count frames of other VPNs, which are among the others so far, but not those of records that are *taken*."""
        if not any(len(found.records) for found in some):
            return
        found = together(some, taken)
        columns = np.stack([captures[found.records].astype(np.int64), found.kind, found.protocol, found.port], axis=1)
        different, which = np.unique(columns, axis=0, return_inverse=True)
        frames = np.ones(len(found.records), np.int64)
        if rest is not None and rest.frames:
            frames = np.array([rest.frames.get(index, 1) for index in found.records.tolist()], np.int64)
        sums = np.zeros(len(different), np.int64)
        np.add.at(sums, which.reshape(-1), frames)
        for (capture, kind, protocol, port), count in zip(different.tolist(), sums.tolist(), strict=True):
            self.others[Other(capture, Kind(kind), protocol, port)] += count
            self.counts[kind] += count
            self.counts[Kind.OTHER] -= count

    def frames(self, octets: bytearray, lost_fragments: int) -> Frames:
        """The rows as `Frames`."""
        columns = (
            {
                name: np.concatenate([part[name] for part in self._parts]) if len(self._parts) != 1 else self._parts[0][name]
                for name in COLUMNS
            }
            if self._parts
            else {name: np.empty(0, kind) for name, kind in COLUMNS.items()}
        )
        counts = {kind: int(self.counts[kind]) for kind in Kind if self.counts[kind]}
        return Frames(
            octets=octets,
            **columns,
            counts=counts,
            others=dict(self.others),
            undecoded=self.undecoded,
            lost_fragments=lost_fragments,
        )
