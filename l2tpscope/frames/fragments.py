"""IP fragments put together, bounded in memory and in time."""

from __future__ import annotations

from dataclasses import dataclass, field

from l2tpscope.frames.torn import Seen, Torn, TornDatagrams

MAX_DATAGRAMS = 1024
MAX_OCTETS = 8 << 20
MAX_PARTS = 256
"""Fragments of one datagram: 65,535 octets at an MTU of 276."""
MAX_DATAGRAM = 65535
KEEP_NS = 60_000_000_000
"""How long a datagram may take. *Source*: RFC 1122 §3.3.2, RFC 8200 §4.5."""
STALE_NS = 1_000_000_000
"""After this an identification has come round again: what contradicts older fragments replaces them (RFC 4963)."""
COPY_NS = 2_000_000
"""So long after a datagram is complete its fragments are copies."""

Key = tuple[int, bytes, int, int]
"""IP version, both addresses, identification, protocol (IPv6: 0)."""


@dataclass(slots=True)
class Fragment:
    """One fragment: which octets of the datagram it is, and what was captured of it."""

    begin: int
    end: int
    last: bool
    octets: bytes
    header: bytes
    """IP header, without the Fragment header; told apart by `begin`: the first fragment's is the datagram's."""


@dataclass(slots=True)
class _Pending:
    opened: int
    latest: int
    parts: dict[int, Fragment] = field(default_factory=dict)
    frames: int = 0
    octets: int = 0
    total: int | None = None
    refused: bool = False
    complete: bool = False
    first: Seen | None = None
    """Where its first fragment was seen."""


@dataclass(slots=True)
class Whole:
    """A datagram put together: its header (lengths still those of a fragment), what follows it, of how many frames."""

    header: bytes
    octets: bytes
    """As far as captured without a gap."""
    total: int
    """How many octets follow the header."""
    frames: int


class Fragments:
    """Datagrams of which fragments were seen.

    A fragment that overlaps another refuses its datagram (RFC 5722, RFC 8200 §4.5), unless it is the same once more.
    """

    def __init__(self) -> None:
        self._pending: dict[Key, _Pending] = {}
        self._octets = 0
        self.lost = 0
        """Fragments that came to nothing: never completed, overlapping, or copies of a datagram already complete."""
        self._torn = TornDatagrams()

    @property
    def waiting(self) -> int:
        """Fragments that still wait for the rest of their datagram."""
        return sum(entry.frames for entry in self._pending.values())

    def torn(self, end: int) -> list[Torn]:
        """Datagrams that were never completed, those that still wait at the instant *end* among them."""
        torn = self._torn.copy()
        for key, entry in self._pending.items():
            if end - entry.latest > STALE_NS:
                _tear(torn, key, entry)
        return list(torn)

    def age(self, before: int) -> None:
        """Forget the torn ones of before an instant."""
        self._torn.age(before)

    def add(self, key: Key, fragment: Fragment, time: int, seen: Seen | None = None) -> Whole | None:
        """Take in a fragment; the whole datagram if this was the last that it lacked."""
        self._expire(time)
        if seen is not None and fragment.begin:
            self._torn.later.add(seen.protocol)
        entry = self._pending.get(key)
        if entry is not None and self._over(entry, fragment, time):
            self._drop(key)
            entry = None
        if entry is None:
            entry = self._pending[key] = _Pending(time, time)
        entry.frames += 1
        if fragment.begin == 0 and entry.first is None:
            entry.first = seen
        if entry.complete or entry.refused:
            self._give_up(entry)
            return None
        self._insert(entry, fragment)
        entry.latest = time
        whole = self._assemble(entry)
        if whole is not None and seen is not None:
            self._torn.complete(key, seen)
        self._bound()
        return whole

    def _over(self, entry: _Pending, fragment: Fragment, time: int) -> bool:
        """Whether a fragment begins another datagram with the same identification."""
        if entry.complete:
            return not 0 <= time - entry.latest <= COPY_NS
        same = entry.parts.get(fragment.begin)
        return time - entry.latest > STALE_NS and (entry.refused or (same is not None and same != fragment) or _overlaps(entry, fragment))

    def _insert(self, entry: _Pending, fragment: Fragment) -> None:
        same = entry.parts.get(fragment.begin)
        if same is not None and same.end == fragment.end and same.last == fragment.last and same.octets == fragment.octets:
            return
        total = fragment.end if fragment.last else entry.total
        too_far = total is not None and (fragment.end > total or any(part.end > total for part in entry.parts.values()))
        contradicts = entry.total is not None and total != entry.total
        if _overlaps(entry, fragment) or too_far or contradicts or len(entry.parts) >= MAX_PARTS or not _possible(fragment):
            entry.refused = True
            self._give_up(entry)
            return
        entry.total = total
        entry.parts[fragment.begin] = fragment
        size = len(fragment.octets) + len(fragment.header)
        entry.octets += size
        self._octets += size

    def _assemble(self, entry: _Pending) -> Whole | None:
        if entry.total is None or entry.refused or sum(part.end - part.begin for part in entry.parts.values()) < entry.total:
            return None
        octets = bytearray()
        for _, part in sorted(entry.parts.items()):
            if part.begin != len(octets):
                break
            octets += part.octets
        if len(entry.parts[0].header) + entry.total > MAX_DATAGRAM:
            entry.refused = True
            self._give_up(entry)
            return None
        whole = Whole(entry.parts[0].header, bytes(octets), entry.total, entry.frames)
        entry.frames = 0
        entry.complete = True
        self._give_up(entry)
        return whole

    def _give_up(self, entry: _Pending) -> None:
        """Free what an entry holds; the fragments counted in it came to nothing."""
        self.lost += entry.frames
        self._octets -= entry.octets
        entry.frames = entry.octets = 0
        entry.parts.clear()

    def _drop(self, key: Key) -> None:
        entry = self._pending.pop(key)
        _tear(self._torn, key, entry)
        self._give_up(entry)

    def _expire(self, time: int) -> None:
        while self._pending:
            key, entry = next(iter(self._pending.items()))
            if time - entry.opened <= KEEP_NS:
                return
            self._drop(key)

    def _bound(self) -> None:
        while len(self._pending) > MAX_DATAGRAMS or self._octets > MAX_OCTETS:
            self._drop(next(iter(self._pending)))


def _tear(torn: TornDatagrams, key: Key, entry: _Pending) -> None:
    """Count a datagram of which fragments are missing."""
    if entry.first is not None and 0 in entry.parts:
        torn.add(key, entry.first, entry.opened, entry.parts[0].octets, max(part.end for part in entry.parts.values()))


def _overlaps(entry: _Pending, fragment: Fragment) -> bool:
    return any(part.begin < fragment.end and fragment.begin < part.end for part in entry.parts.values())


def _possible(fragment: Fragment) -> bool:
    """Whether a fragment has octets, in eights unless it is the last, and lies inside the largest datagram."""
    size = fragment.end - fragment.begin
    return size > 0 and (fragment.last or size % 8 == 0) and fragment.end + len(fragment.header) <= MAX_DATAGRAM
