"""FlowTable: which flow each row of a column belongs to, without a Python object per row."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

UInt64s = NDArray[np.uint64]
Int64s = NDArray[np.int64]

MOST = 1 << 17
"""No more flows than this are told apart; the rest share flow `OVERFLOW`, so that random keys cannot fill memory."""
OVERFLOW = 0

_ODD_1 = np.uint64(0x9E3779B97F4A7C15)
_ODD_2 = np.uint64(0xC2B2AE3D27D4EB4F)
_HALF = np.uint64(32)


def mixed(first: UInt64s, second: UInt64s) -> UInt64s:
    """A 64-bit hash of two key columns, good in its upper bits."""
    mix = first * _ODD_1
    mix ^= (second + np.uint64(0x7F4A7C15)) * _ODD_2
    mix ^= mix >> _HALF
    mix *= _ODD_1
    return mix


class FlowTable:
    """An open-addressing hash table over columns: a pair of 64-bit keys to a flow number, in order of first appearance.

    Flow 0 is the overflow; `len(table)` counts it too.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._bits = 12
        self._slots = np.full(1 << self._bits, -1, np.int32)
        self._first = np.zeros(1024, np.uint64)
        self._second = np.zeros(1024, np.uint64)
        self._size = 1

    def __len__(self) -> int:
        return self._size

    def keep(self, which: Int64s) -> None:
        """Forget all flows but these, which get the numbers from 0 on in this order. *Shape*: (kept,), ascending, with 0 first."""
        first, second = self._first[which[1:]], self._second[which[1:]]
        fresh = FlowTable(self._most)
        fresh._append(first, second, mixed(first, second))
        vars(self).update(vars(fresh))

    def lookup(self, first: UInt64s, second: UInt64s) -> NDArray[np.int32]:
        """The flow number of each row; keys not met before get the next numbers.

        *Shape*: all (n,).
        """
        mix = mixed(first, second)
        flows = self._probe(first, second, mix)
        missing = np.flatnonzero(flows < 0)
        if len(missing):
            flows[missing] = self._insert(first[missing], second[missing], mix[missing])
        return flows

    def _probe(self, first: UInt64s, second: UInt64s, mix: UInt64s) -> NDArray[np.int32]:
        """Flow numbers of the known keys; -1 for the others."""
        mask = (1 << self._bits) - 1
        at = (mix >> np.uint64(64 - self._bits)).astype(np.int64)
        flows = self._slots[at]
        unsettled = np.flatnonzero((flows >= 0) & ((self._first[flows] != first) | (self._second[flows] != second)))
        while len(unsettled):
            at[unsettled] = (at[unsettled] + 1) & mask
            found = self._slots[at[unsettled]]
            flows[unsettled] = found
            wrong = (found >= 0) & ((self._first[found] != first[unsettled]) | (self._second[found] != second[unsettled]))
            unsettled = unsettled[wrong]
        return flows

    def _insert(self, first: UInt64s, second: UInt64s, mix: UInt64s) -> NDArray[np.int32]:
        """New flow numbers for keys that are not in the table; equal keys get equal numbers."""
        order = np.lexsort((np.arange(len(first)), second, first))
        a, b = first[order], second[order]
        starts = np.flatnonzero(np.append(True, (a[1:] != a[:-1]) | (b[1:] != b[:-1])))
        begins = order[starts]
        appearance = np.argsort(begins, kind="stable")
        rank = np.empty(len(begins), np.int64)
        rank[appearance] = np.arange(len(begins))
        number = self._size + rank
        number[number >= self._most] = OVERFLOW
        flows = np.empty(len(first), np.int32)
        flows[order] = np.repeat(number, np.diff(np.append(starts, len(first))))
        added = begins[appearance][: max(0, self._most - self._size)]
        self._append(first[added], second[added], mix[added])
        return flows

    def _append(self, first: UInt64s, second: UInt64s, mix: UInt64s) -> None:
        begin, end = self._size, self._size + len(first)
        if end > len(self._first):
            capacity = max(end, 2 * len(self._first))
            self._first = np.concatenate([self._first[:begin], np.zeros(capacity - begin, np.uint64)])
            self._second = np.concatenate([self._second[:begin], np.zeros(capacity - begin, np.uint64)])
        self._first[begin:end] = first
        self._second[begin:end] = second
        self._size = end
        if end * 4 <= len(self._slots):
            self._place(np.arange(begin, end, dtype=np.int32), mix)
            return
        while end * 4 > 1 << self._bits:
            self._bits += 2
        self._slots = np.full(1 << self._bits, -1, np.int32)
        self._place(np.arange(1, end, dtype=np.int32), mixed(self._first[1:end], self._second[1:end]))

    def _place(self, flows: NDArray[np.int32], mix: UInt64s) -> None:
        """Write flow numbers into free slots; those that lose a slot to another try the next."""
        mask = (1 << self._bits) - 1
        at = (mix >> np.uint64(64 - self._bits)).astype(np.int64)
        while len(flows):
            free = self._slots[at] < 0
            self._slots[at[free]] = flows[free]
            lost = self._slots[at] != flows
            flows, at = flows[lost], (at[lost] + 1) & mask


def grouped(flows: NDArray[np.integer]) -> tuple[Int64s, Int64s, Int64s]:
    """The order that brings rows of a flow together (rows stay in order within it), where each group starts, its flow.

    *Shape*: (n,), (groups,), (groups,). Numbers below 2^16 are sorted by radix, five times as fast; others by one sort of
    `flow << 32 | row`.
    """
    if len(flows) and 0 <= int(flows.min()) <= int(flows.max()) < 1 << 16:
        order = np.argsort(flows.astype(np.uint16), kind="stable")
        some = flows.take(order)
        starts = np.flatnonzero(np.append(True, some[1:] != some[:-1]))
        return order, starts, some.take(starts).astype(np.int64)
    key = flows.astype(np.int64) << 32
    key |= np.arange(len(flows), dtype=np.int64)
    key.sort()
    order = key & 0xFFFFFFFF
    key >>= 32
    starts = np.flatnonzero(np.append(True, key[1:] != key[:-1]))
    return order, starts, key[starts]


def renumbered(which: Int64s, numbers: Int64s) -> tuple[NDArray[np.bool_], Int64s]:
    """Which rows have a number that is kept, and the new numbers of these rows. *Shape*: (n,), (kept rows,); *which* ascending."""
    at = np.minimum(np.searchsorted(which, numbers), max(len(which) - 1, 0))
    kept: NDArray[np.bool_] = which[at] == numbers if len(which) else np.zeros(len(numbers), np.bool_)
    return kept, at[kept]


def picked_rows(column: NDArray[Any], which: Int64s, fill: int = 0) -> NDArray[Any]:
    """Those rows of a column; *fill* where it does not reach."""
    there = np.full(max(len(which), 64), fill, column.dtype)
    inside = np.flatnonzero(which < len(column))
    there[inside] = column[which[inside]]
    return there


def grown(column: NDArray[Any], size: int) -> NDArray[Any]:
    """The column, made longer with zeros where it is shorter than *size*."""
    if size <= len(column):
        return column
    bigger = np.zeros(max(size, 2 * len(column)), column.dtype)
    bigger[: len(column)] = column
    return bigger
