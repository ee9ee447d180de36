"""merged: the records of several captures in one order of time.

Within a capture, file order stays, also where its clock steps back: the order is that of repeatedly taking, from the
heads of all captures, the one with the smallest time; the lower capture number between equals. That is a stable sort by
(latest time so far in its capture, capture), which is how it is done here, a stretch of batches at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from .batch import SLACK, Batch, Int64s, Source

SMALLEST_BLOCK_OCTETS = 1 << 18
"""What a capture is read in, at least, however many of them overlap."""


class Place(NamedTuple):
    """A place in the merged order."""

    time: int
    capture: int


class Head:
    """A capture that is being read: its batch, and how much of that has gone out."""

    def __init__(self, source: Source) -> None:
        self.capture = source.info.capture
        self.batch: Batch | None = None
        self.key: Int64s = np.zeros(0, np.int64)
        """The latest time up to each record."""
        self.done = 0
        self._batches = source.batches()

    def advance(self) -> bool:
        """Take the next batch; False where there is none. The octets of the one before are gone."""
        before = int(self.key[-1]) if len(self.key) else None
        self.batch = next(self._batches, None)
        if self.batch is None:
            return False
        self.key = np.maximum.accumulate(self.batch.time)
        if before is not None and self.key[0] < before:
            np.maximum(self.key, before, out=self.key)
        self.done = 0
        return True

    def last(self) -> Place:
        """The place of the last record at hand: nothing that comes later goes before it."""
        return Place(int(self.key[-1]), self.capture)

    def take(self, until: Place) -> tuple[int, int]:
        """The rows that go out up to and including *until*."""
        equal_too = self.capture <= until.capture
        stop = np.searchsorted(self.key, until.time, "right" if equal_too else "left")
        first, self.done = self.done, max(self.done, int(stop))
        return first, self.done

    def close(self) -> None:
        """Stop reading."""
        self._batches.close()


def merged(sources: Sequence[Source]) -> Iterator[Batch]:
    """All records of *sources*, which `open_captures` gave, in time order; each batch is valid until the next one.

    Captures that do not overlap in time are read one after the other, and their batches handed on as they are. Where
    some overlap, they share the block size among them.
    """
    waiting = sorted(sources, key=lambda source: source.info.capture)
    heads: list[Head] = []
    shared = Shared()
    try:
        while waiting or heads:
            until = min((head.last() for head in heads), default=None)
            while waiting and (until is None or _begins(waiting[0]) <= until):
                until = _activate(waiting.pop(0), heads, until)
            if until is None:
                continue
            parts = [(head, *head.take(until)) for head in heads]
            parts = [part for part in parts if part[1] < part[2]]
            if len(parts) == 1:
                yield _rows(parts[0][0], parts[0][1], parts[0][2])
            elif parts:
                yield shared.interleave(parts)
            heads = [head for head in heads if head.done < len(head.key) or head.advance()]
    finally:
        for head in heads:
            head.close()


def _begins(source: Source) -> Place:
    # A capture without records comes last and takes part in nothing, but it is read: for what is wrong with it.
    return Place(source.first_time or 0, source.info.capture)


def _activate(source: Source, heads: list[Head], until: Place | None) -> Place | None:
    """Begin to read *source*; where nothing goes before then."""
    source.block_octets = max(source.block_octets // (len(heads) + 1), min(SMALLEST_BLOCK_OCTETS, source.block_octets))
    head = Head(source)
    if not head.advance():
        return until
    heads.append(head)
    return head.last() if until is None else min(until, head.last())


def _rows(head: Head, first: int, stop: int) -> Batch:
    batch = head.batch
    assert batch is not None
    if first == 0 and stop == len(batch):
        return batch
    part = slice(first, stop)
    return Batch(
        octets=batch.octets,
        offset=batch.offset[part],
        captured=batch.captured[part],
        length=batch.length[part],
        time=batch.time[part],
        link_type=batch.link_type[part],
        capture=batch.capture[part],
        frame=batch.frame[part],
    )


class Shared:
    """The buffer into which stretches of several captures are copied to make one batch; used again for the next one."""

    def __init__(self) -> None:
        self._octets = bytearray(0)

    def interleave(self, parts: list[tuple[Head, int, int]]) -> Batch:
        """One batch of some rows of several captures."""
        batches = [_rows(*part) for part in parts]
        # From the first record of a stretch to its last, with what lies between.
        begins = [int(batch.offset[0]) for batch in batches]
        sizes = [int(batch.offset[-1] + batch.captured[-1]) - begin for batch, begin in zip(batches, begins, strict=True)]
        if len(self._octets) < sum(sizes) + SLACK:
            self._octets = bytearray(sum(sizes) + SLACK)
        at, offsets = 0, []
        for batch, begin, size in zip(batches, begins, sizes, strict=True):
            with memoryview(batch.octets) as view:
                self._octets[at : at + size] = view[begin : begin + size]
            offsets.append(batch.offset + (at - begin))
            at += size
        keys = np.concatenate([head.key[first:stop] for head, first, stop in parts])
        order = np.argsort(keys, kind="stable")  # the parts are in order of their capture, so that decides between equals
        return Batch(
            octets=self._octets,
            offset=np.concatenate(offsets)[order],
            captured=np.concatenate([batch.captured for batch in batches])[order],
            length=np.concatenate([batch.length for batch in batches])[order],
            time=np.concatenate([batch.time for batch in batches])[order],
            link_type=np.concatenate([batch.link_type for batch in batches])[order],
            capture=np.concatenate([batch.capture for batch in batches])[order],
            frame=np.concatenate([batch.frame for batch in batches])[order],
        )
