"""TwinTracker: ESP packets whose clear copy is in the capture too, as on a gateway that decrypts in tunnel mode.

A clear L2TP frame is the copy of the first ESP packet from the same address to the same address that stands at most WITHIN_NS from
it, was not matched before, and is exactly as long as ESP makes a packet of that length. Which lengths these are is learned from the
first LEARNED clear frames near ESP of each pair of addresses: the combinations of padding, IV, ICV and mode that explain most of them.

*Bias*: packets are counted from WITHIN_NS before the capture had shown both kinds; a pair whose packets have one length only may be
explained by several combinations, of which the first is taken. *Source*: RFC 4303 §2 (the lengths).
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from l2tpscope.frames import Endpoint, Frames, Kind
from l2tpscope.frames.tables import UDP
from l2tpscope.model.twin import Twin
from l2tpscope.track.flows import OVERFLOW, FlowTable
from l2tpscope.track.twin_laws import MOST_LAWS, choose, explained, predicted

Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]

WITHIN_NS = 20_000_000
"""Decryption took 0.1 ms where it was measured (median), and 10 ms at most, for a burst that waited for the processor."""
LEARNED = 64
"""Clear frames from which the lengths are learned."""
MOST_TRIES = 16
"""To learn a pair, with so many frames each; then its ESP has nothing to do with its L2TP."""
MOST_PAIRS = 1 << 12
MOST_HELD = 200_000
"""Rows held for pairs that are not learned yet; beyond, they are learned from what is there."""
MOST_DELAYS = 1024
"""Delays kept per pair."""
MOST_NAMES = 1 << 12
"""Pairs of SPI and Tunnel ID told apart of one pair of addresses."""

CLEAR, CIPHER = 1, 2
_CLASS = np.zeros(256, np.uint8)
_CLASS[[Kind.L2TP2_CONTROL, Kind.L2TP2_DATA, Kind.L2TP3_CONTROL, Kind.L2TP3_DATA]] = CLEAR
_CLASS[Kind.ESP] = CIPHER
_UDP_HEADER = 8


@dataclass(slots=True)
class Rows:
    """Packets that may have a twin. *Shape*: all (n,)."""

    pair: Int64s
    time: Int64s
    position: Int64s
    octets: Int64s
    """Of ESP; of a clear frame, of what stands behind its IP header."""
    cipher: Bools
    identifier: Int64s
    """SPI; Tunnel ID of a clear frame."""

    def __len__(self) -> int:
        return len(self.pair)

    def select(self, which: Int64s | Bools) -> Rows:
        """Some of them."""
        return Rows(*(getattr(self, column.name)[which] for column in fields(self)))

    def and_then(self, other: Rows) -> Rows:
        """These, and others behind them."""
        return Rows(*(np.concatenate([getattr(self, column.name), getattr(other, column.name)]) for column in fields(self)))


class TwinTracker:
    """Matches ESP with clear copies; costs next to nothing while a capture has only one of the two."""

    def __init__(self) -> None:
        self._pairs = FlowTable(MOST_PAIRS)
        self._twins: list[Twin] = [Twin(Endpoint(b"", None), Endpoint(b"", None))]
        self._laws: dict[int, list[int]] = {}
        """By pair, once it is learned."""
        self._tries: dict[int, int] = {}
        self._delays: dict[int, list[int]] = {}
        none = np.zeros(0, np.int64)
        self._held = Rows(none, none, none, none, none.astype(np.bool_), none)
        self._seen = 0
        """CLEAR | CIPHER: which kinds the capture has shown."""
        self._latest = np.iinfo(np.int64).min
        self._position = 0

    @property
    def crowded(self) -> bool:
        """Whether it is half full, so that something new may soon not be followed."""
        return len(self._twins) > MOST_PAIRS // 2

    def feed(self, frames: Frames) -> None:
        """Take the L2TP and ESP rows of *frames*."""
        if len(frames):
            self._feed(frames)
        self._position += len(frames)

    def finish(self) -> list[Twin]:
        """What there is per pair of addresses and direction, of those that exchanged both kinds in either direction.

        What is held is matched in a copy: more frames may come, and decide otherwise.
        """
        return deepcopy(self)._finished() if self._seen == CLEAR | CIPHER else []

    def _finished(self) -> list[Twin]:
        self._resolve(np.iinfo(np.int64).max, every=True)
        for number, delays in self._delays.items():
            self._twins[number].delay_median_s = float(np.median(delays)) / 1e9
        both: dict[frozenset[Endpoint], int] = {}
        for twin in self._twins[1:]:
            ends = frozenset((twin.sender, twin.receiver))
            both[ends] = both.get(ends, 0) | CLEAR * (twin.clear > 0) | CIPHER * (twin.esp > 0)
        return [twin for twin in self._twins[1:] if both[frozenset((twin.sender, twin.receiver))] == CLEAR | CIPHER]

    def _feed(self, frames: Frames) -> None:
        kinds = set(frames.counts)
        was = self._seen
        self._seen |= CIPHER * (Kind.ESP in kinds) | CLEAR * bool(kinds & _CLEAR_KINDS)
        self._latest = max(self._latest, int(frames.time.max()))
        alone = self._seen != CLEAR | CIPHER
        if alone:
            rows = np.flatnonzero(frames.time >= self._latest - WITHIN_NS)
            rows = rows[(_CLASS.take(frames.kind[rows]) > 0) & ~frames.duplicate[rows]]
        else:
            rows = np.flatnonzero((_CLASS.take(frames.kind) > 0) & ~frames.duplicate)
        new = self._rows(frames, rows)
        if alone:
            self._held = self._held.and_then(new)
            self._held = self._held.select(self._held.time >= self._latest - WITHIN_NS)
            return
        if was != self._seen:
            new = self._opened(self._held.and_then(new), was)
            none = np.zeros(0, np.int64)
            self._held = self._held.select(none)
        self._count(new)
        self._held = self._held.and_then(new)
        self._resolve(self._latest - WITHIN_NS, every=len(self._held) > MOST_HELD)

    @staticmethod
    def _opened(rows: Rows, was: int) -> Rows:
        """Those rows that can have a twin when the second kind appears among them."""
        second = rows.cipher if was == CLEAR else ~rows.cipher if was == CIPHER else rows.cipher != rows.cipher[:1]
        at = np.flatnonzero(second)[:1]
        near = rows.time >= rows.time[at] - WITHIN_NS
        near |= np.arange(len(rows)) >= at
        return rows.select(near)

    def _rows(self, frames: Frames, rows: Int64s) -> Rows:
        """Rows of *frames*, their pairs of addresses looked up."""
        before = len(self._pairs)
        pair = self._pairs.lookup(frames.source[rows], frames.destination[rows]).astype(np.int64)
        fresh = np.flatnonzero(pair >= before)
        _, first = np.unique(pair[fresh], return_index=True)
        for row in rows[fresh[first]].tolist():
            sender, receiver = frames.source_endpoint(row).address, frames.destination_endpoint(row).address
            self._twins.append(Twin(Endpoint(sender, None), Endpoint(receiver, None)))
        cipher = frames.kind[rows] == Kind.ESP
        octets = frames.payload_octets[rows] + np.where(~cipher & (frames.protocol[rows] == UDP), _UDP_HEADER, 0)
        identifier = np.where(cipher, frames.session[rows], frames.tunnel[rows]).astype(np.int64)
        found = Rows(pair, frames.time[rows], rows + self._position, octets, cipher, identifier)
        return found if OVERFLOW not in pair else found.select(pair != OVERFLOW)

    def _count(self, rows: Rows) -> None:
        """Packets and times per pair."""
        if not len(rows):
            return
        size = len(self._twins)
        esp, clear = (np.bincount(rows.pair[which], minlength=size) for which in (rows.cipher, ~rows.cipher))
        order = np.argsort(rows.time, kind="stable")
        first, last = np.zeros(size, np.int64), np.zeros(size, np.int64)
        last[rows.pair[order]] = rows.time[order]
        first[rows.pair[order[::-1]]] = rows.time[order[::-1]]
        for number in np.flatnonzero(esp + clear).tolist():
            twin = self._twins[number]
            known = twin.esp + twin.clear > 0
            twin.first = min(twin.first, int(first[number])) if known else int(first[number])
            twin.last = max(twin.last, int(last[number])) if known else int(last[number])
            twin.esp += int(esp[number])
            twin.clear += int(clear[number])

    def _resolve(self, until: int, *, every: bool) -> None:
        """Match the clear frames up to an instant, but for those of pairs not learned yet; keep what may match later."""
        held = self._held
        due = np.flatnonzero(~held.cipher & (held.time <= until))
        stays = np.ones(len(held), np.bool_)
        if len(due):
            due = due[np.argsort(held.time[due], kind="stable")]
            esp = _Ciphers(held, np.flatnonzero(held.cipher))
            stays[due] = False
            waits, failed = self._learn(esp, due, every=every)
            stays[waits] = True
            stays[self._match(esp, due[~np.isin(due, np.concatenate([waits, failed]))])] = False
        old = np.flatnonzero(held.cipher & (held.time < until - WITHIN_NS) & stays)
        if len(old):
            stays[old] = _near(held, old, np.flatnonzero(~held.cipher & stays))
        self._held = held.select(np.flatnonzero(stays))

    def _learn(self, esp: _Ciphers, due: Int64s, *, every: bool) -> tuple[Int64s, Int64s]:
        """Learn the lengths of each pair that has enough clear frames near ESP; the frames that must wait, and those nothing explains."""
        held = esp.held
        waits, failed = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        open_ones = due[~np.isin(held.pair[due], np.fromiter(self._laws, np.int64))]
        open_ones = open_ones[_near(held, open_ones, esp.rows)]
        for number in np.flatnonzero(np.bincount(held.pair[open_ones])).tolist():
            mine = open_ones[held.pair[open_ones] == number]
            while number not in self._laws and (len(mine) >= LEARNED or (every and len(mine))):
                self._try(esp, number, mine[:LEARNED])
                if number not in self._laws:
                    failed.append(mine[:LEARNED])
                    mine = mine[LEARNED:]
            if number not in self._laws:
                waits.append(mine)
        return np.concatenate(waits), np.concatenate(failed)

    def _try(self, esp: _Ciphers, number: int, clear: Int64s) -> None:
        """Look for laws that explain some clear frames of a pair."""
        held = esp.held
        laws = choose(explained(held.octets[clear], esp.of_pair(number, held.time[clear])))
        self._tries[number] = self._tries.get(number, 0) + 1
        if laws or self._tries[number] >= MOST_TRIES:
            self._laws[number] = laws

    def _match(self, esp: _Ciphers, due: Int64s) -> list[int]:
        """Match clear frames, which are in the order of time, each with the first packet that fits; which were used."""
        held = esp.held
        ranges = [esp.windows(due, self._targets(due, place)) for place in range(MOST_LAWS)]
        front: dict[int, int] = {}
        pairs, times, positions, tunnels = (column[due].tolist() for column in (held.pair, held.time, held.position, held.identifier))
        used: list[int] = []
        for index, windows in enumerate(zip(*(zip(*one, strict=True) for one in ranges), strict=True)):
            for group, begin, end in windows:
                at = max(begin, front.get(group, 0))
                if at < end:
                    front[group] = at + 1
                    row = int(esp.rows[at])
                    used.append(row)
                    names = int(held.identifier[row]), tunnels[index]
                    self._matched(pairs[index], names, times[index] - int(held.time[row]), positions[index] > int(held.position[row]))
                    break
        return used

    def _targets(self, due: Int64s, place: int) -> Int64s:
        """The length of ESP that each clear frame should have, by the first, second or third law of its pair; -1 without one."""
        size = len(self._twins)
        law = np.full(size, -1)
        for number, laws in self._laws.items():
            if place < len(laws):
                law[number] = laws[place]
        of_row = law[self._held.pair[due]]
        return np.where(of_row >= 0, predicted(self._held.octets[due], np.maximum(of_row, 0)), -1)

    def _matched(self, number: int, names: tuple[int, int], delay: int, esp_first: bool) -> None:
        twin = self._twins[number]
        twin.matched += 1
        if names in twin.matched_under or len(twin.matched_under) < MOST_NAMES:
            twin.matched_under[names] = twin.matched_under.get(names, 0) + 1
        twin.esp_first += esp_first
        delays = self._delays.setdefault(number, [])
        if len(delays) < MOST_DELAYS:
            delays.append(abs(delay))


_CLEAR_KINDS = {kind for kind in Kind if _CLASS[kind] == CLEAR}


class _Ciphers:
    """The ESP packets among rows, sorted by pair, length and time."""

    def __init__(self, held: Rows, which: Int64s) -> None:
        self.held = held
        by_time = which[np.argsort(held.time[which], kind="stable")]
        self._times = held.time[by_time]
        names = self._names(held.pair[by_time], held.octets[by_time])
        self._groups, group = np.unique(names, return_inverse=True)
        order = np.argsort(group, kind="stable")
        self.rows = by_time[order]
        self._keys = group[order] * (len(which) + 1) + order

    @staticmethod
    def _names(pair: Int64s, octets: Int64s) -> Int64s:
        return (pair << 32) | octets

    def windows(self, clear: Int64s, octets: Int64s) -> tuple[list[int], list[int], list[int]]:
        """For each clear frame the group, begin and end in `rows` of the packets of that many octets near it in time."""
        names = self._names(self.held.pair[clear], octets)
        group = np.searchsorted(self._groups, names)
        known = group < len(self._groups)
        known[known] = self._groups[group[known]] == names[known]
        time, step = self.held.time[clear], len(self.rows) + 1
        begin = np.searchsorted(self._keys, group * step + np.searchsorted(self._times, time - WITHIN_NS))
        end = np.searchsorted(self._keys, group * step + np.searchsorted(self._times, time + WITHIN_NS, "right"))
        return group.tolist(), begin.tolist(), np.where(known, end, 0).tolist()

    def of_pair(self, pair: int, time: Int64s) -> list[Int64s]:
        """For each instant the lengths of the packets of a pair near it."""
        mine = np.sort(self.rows[self.held.pair[self.rows] == pair])
        mine = mine[np.argsort(self.held.time[mine], kind="stable")]
        times, octets = self.held.time[mine], self.held.octets[mine]
        begin, end = np.searchsorted(times, time - WITHIN_NS), np.searchsorted(times, time + WITHIN_NS, "right")
        return [octets[first:last] for first, last in zip(begin.tolist(), end.tolist(), strict=True)]


def _near(held: Rows, rows: Int64s, others: Int64s) -> Bools:
    """Which rows have one of the others, of the same pair, near them in time. *Shape*: (n,), of *rows*."""
    others = others[np.argsort(held.time[others], kind="stable")]
    times, step = held.time[others], len(others) + 1
    keys = np.sort(held.pair[others] * step + np.arange(len(others)))
    begin = np.searchsorted(keys, held.pair[rows] * step + np.searchsorted(times, held.time[rows] - WITHIN_NS))
    end = np.searchsorted(keys, held.pair[rows] * step + np.searchsorted(times, held.time[rows] + WITHIN_NS, "right"))
    near: Bools = begin < end
    return near
