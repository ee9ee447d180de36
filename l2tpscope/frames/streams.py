"""TCP connections that carry IKE and ESP, followed octet by octet; memory stays bounded whatever comes."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import NamedTuple

from l2tpscope.frames.messages import LENGTH, PREFIX, Known, Message, Piece, message_in, most_messages
from l2tpscope.frames.window import Arena

MAX_CONNECTIONS = 2048
MAX_OCTETS = 8 << 20
"""Held of all connections together: messages not complete, and octets behind a gap."""
MAX_SPANS = 8
"""Of one direction."""
MAX_HELD = 1 << 16
"""Octets held behind one gap; a message is never longer."""
NEAR = 1 << 20
"""So far before what was seen may the begin of a stream come late."""
SPACE, HALF = 1 << 32, 1 << 31


class Segment(NamedTuple):
    """What a TCP header says, and where its octets are."""

    side: bool
    """Which of the two sent it."""
    sequence: int
    """Of its first octet."""
    acknowledged: int
    syn: bool
    piece: Piece
    before: int
    """Octets of the IP and TCP header."""


class Reading(Enum):
    """What is known at the end of a span."""

    LOST = auto()
    """Not where the next message begins."""
    PREFIX = auto()
    """The stream prefix is not complete."""
    MESSAGES = auto()


@dataclass(slots=True)
class Span:
    """Octets that were seen without a gap between them, and what is open at their end."""

    begin: int
    end: int
    reading: Reading = Reading.LOST
    passed: int = 0
    """Octets of the open message that went by, its Length included."""
    need: int = 0
    """Its length, once that is known."""
    held: bytearray = field(default_factory=bytearray)
    """The octets of the open message, or prefix; LOST: all since the begin, as long as they are whole and few."""
    unfollowed: int = 0
    """Segments of it that were counted as not followed."""

    @property
    def waits(self) -> bool:
        """Whether it can be read as soon as the gap before it is filled."""
        return self.reading is Reading.LOST and 0 < len(self.held) == self.end - self.begin

    def resume(self) -> None:
        """Here begins a message."""
        self.reading, self.passed, self.need = Reading.MESSAGES, 0, 0
        self.held.clear()

    def lose(self) -> None:
        """Where the next message begins is not known any more."""
        self.reading, self.passed, self.need = Reading.LOST, 0, 0
        self.held.clear()


@dataclass(slots=True)
class Direction:
    """One direction of a connection. Sequence numbers are counted on beyond 2^32."""

    latest: int
    spans: list[Span] = field(default_factory=list)
    """In their order, with a gap between each two."""
    start: int | None = None
    """Where its stream begins, if that is known."""
    known: Known = field(default_factory=Known)
    uncharged: int = 0
    """Octets that no message was charged with yet."""

    @property
    def first(self) -> int | None:
        """Where its stream begins, as far as was seen."""
        return self.spans[0].begin if self.spans and self.start is None else self.start

    def absolute(self, sequence: int) -> int:
        """A sequence number counted on: the nearest to the latest."""
        return self.latest + (sequence - self.latest + HALF) % SPACE - HALF


@dataclass(slots=True)
class Connection:
    """Both directions, by who sends."""

    proven: bool = False
    """The stream prefix was seen, or a message beyond doubt."""
    directions: dict[bool, Direction] = field(default_factory=dict)
    held: int = 0


class Found(NamedTuple):
    """A message, and the octets of IP that it is charged with: its own, and headers."""

    message: Message
    ip_octets: int


class Streams:
    """Follows connections segment by segment. Octets seen before (retransmitted, or copied by the capture) give nothing.

    A message that spans segments is put together, IKE and ESP alike, and is found with the segment that completes it. Behind
    a gap the stream is followed again from the first segment that is nothing but whole messages (`Known.believes`), and
    what fills the gap later is followed from where the gap began; what was between is `unfollowed`. When there are too
    many connections or octets held, the connections go first that were silent the longest.
    """

    def __init__(self) -> None:
        self._connections: dict[int, Connection] = {}
        self.held = 0
        """Octets held."""
        self.unfollowed = 0
        """Segments of such connections of which octets could not be followed."""

    def __len__(self) -> int:
        return len(self._connections)

    def follows(self, key: int) -> bool:
        """Whether a connection was proven to carry IKE or ESP."""
        connection = self._connections.get(key)
        return connection is not None and connection.proven

    def follow(self, arena: Arena, key: int, segment: Segment, *, proven: bool) -> list[Found]:
        """The messages that a segment completes; *proven*: the connection is known for what it is."""
        connection = self._connections.pop(key, None)
        if connection is not None and _begins_anew(arena, connection, segment):
            self.held -= connection.held
            connection = None
        if connection is None and not segment.piece.octets:
            return []
        connection = self._connections[key] = connection or Connection()
        connection.proven |= proven
        if not segment.piece.octets:
            return []
        follower = Follower(arena, connection, segment)
        follower.follow()
        self.unfollowed += follower.unfollowed
        held = sum(len(span.held) for direction in connection.directions.values() for span in direction.spans)
        self.held += held - connection.held
        connection.held = held
        while len(self._connections) > MAX_CONNECTIONS or self.held > MAX_OCTETS:
            self.held -= self._connections.pop(next(iter(self._connections))).held
        return follower.found


def _begins_anew(arena: Arena, connection: Connection, segment: Segment) -> bool:
    """Whether a SYN, or a stream prefix, is that of another connection on the same ports, and not the one seen already."""
    direction = connection.directions.get(segment.side)
    if segment.syn:
        return direction is None or direction.first != direction.absolute(segment.sequence)
    if direction is None or not direction.spans or _octets(arena, segment.piece, len(PREFIX)) != PREFIX:
        return False
    begin = direction.absolute(segment.sequence)
    return begin > direction.spans[-1].end or begin < direction.spans[0].begin - NEAR


def _octets(arena: Arena, piece: Piece, most: int) -> bytes:
    """The first octets that were captured of a piece."""
    return bytes(arena.octets[piece.at : piece.at + min(piece.captured, most)])


class Follower:
    """One segment on its way into its connection."""

    def __init__(self, arena: Arena, connection: Connection, segment: Segment) -> None:
        self.found: list[Found] = []
        self.unfollowed = 0
        self._arena, self._connection, self._segment = arena, connection, segment
        self._direction = connection.directions.setdefault(segment.side, Direction(segment.sequence))
        self._room = most_messages(segment.piece.octets)

    def follow(self) -> None:
        """Take the octets of the segment that were not seen before."""
        direction, spans = self._direction, self._direction.spans
        at, octets, captured = self._segment.piece
        begin = cursor = direction.absolute(self._segment.sequence)
        end = begin + octets
        charged = False
        while cursor < end:
            number = sum(span.begin <= cursor for span in spans)
            if number and spans[number - 1].end > cursor:
                cursor = spans[number - 1].end
                continue
            stop = min(end, spans[number].begin) if number < len(spans) else end
            skip, size = cursor - begin, stop - cursor
            piece = Piece(at + skip, size, max(min(captured - skip, size), 0))
            if not number or spans[number - 1].end < cursor or (spans[number - 1].waits and self._believed(piece)):
                spans.insert(number, Span(cursor, cursor))
                number += 1
            direction.uncharged += 0 if charged else self._segment.before
            charged = True
            self._take(spans[number - 1], piece)
            while number < len(spans) and spans[number].begin == spans[number - 1].end and not spans[number - 1].waits:
                self._join(spans[number - 1], spans.pop(number))
            cursor = stop
        direction.latest = max(direction.latest, end)
        while len(spans) > MAX_SPANS:
            self._close_gap()

    def _believed(self, piece: Piece) -> bool:
        """Whether a piece is a whole segment that begins with a message."""
        return piece == self._segment.piece and self._direction.known.believes(self._arena.octets, piece)

    def _take(self, span: Span, piece: Piece) -> None:
        """Add octets to the end of a span."""
        if span.begin == span.end:
            self._open(span, piece)
        if span.reading is Reading.PREFIX:
            piece = self._prefix(span, piece)
        if span.reading is Reading.LOST and self._believed(piece):
            self._connection.proven = True
            span.resume()
        if span.reading is Reading.LOST:
            self._hold(span, piece)
        else:
            self._read(span, piece)
        span.end += piece.octets

    def _open(self, span: Span, piece: Piece) -> None:
        """How a span begins: with the prefix, with a message where that is known, or somewhere."""
        first = _octets(self._arena, piece, len(PREFIX))
        alone = len(self._direction.spans) == 1 and not self._connection.proven
        if first == PREFIX or (alone and first and PREFIX.startswith(first) and len(first) == piece.octets):
            span.reading = Reading.PREFIX
        elif self._connection.proven and span.begin == self._direction.start:
            span.resume()

    def _prefix(self, span: Span, piece: Piece) -> Piece:
        """Take the stream prefix; what is behind it."""
        size = min(len(PREFIX) - len(span.held), piece.octets)
        span.held += _octets(self._arena, piece, size)
        span.end += size
        if span.held == PREFIX:
            self._prove(span.begin)
            span.resume()
        elif not PREFIX.startswith(span.held) or piece.captured < size:
            span.lose()
        return Piece(piece.at + size, piece.octets - size, max(piece.captured - size, 0))

    def _prove(self, begin: int) -> None:
        """The stream prefix: here begins this stream, and where its segment acknowledges, the other one."""
        self._connection.proven = True
        self._direction.start = begin
        self._direction.uncharged += len(PREFIX)
        acknowledged = self._segment.acknowledged
        other = self._connection.directions.setdefault(not self._segment.side, Direction(acknowledged))
        if not other.spans:
            other.start = other.latest = acknowledged

    def _hold(self, span: Span, piece: Piece) -> None:
        """Keep octets that cannot be read until the gap before them is filled."""
        if not self._connection.proven:
            return
        first = self._direction.first
        keep = len(span.held) == span.end - span.begin and piece.captured == piece.octets and first is not None and first < span.begin
        if keep and len(span.held) + piece.octets <= MAX_HELD:
            span.held += _octets(self._arena, piece, piece.octets)
        else:
            span.held.clear()
        self._count(span)

    def _count(self, span: Span) -> None:
        """The segment is one that could not be followed."""
        if not self.unfollowed:
            self.unfollowed = 1
            span.unfollowed += 1

    def _read(self, span: Span, piece: Piece) -> None:
        """Read messages, and begins of messages, up to the end of a piece."""
        at, left, there = piece
        while left:
            if not span.passed and there >= left > LENGTH and self._room > 0:
                need = int.from_bytes(self._arena.octets[at : at + LENGTH], "big")
                if LENGTH < need <= left:
                    self._room -= 1
                    self._find(span, Piece(at + LENGTH, need - LENGTH, need - LENGTH))
                    at, left, there = at + need, left - need, there - need
                    continue
            if span.passed < LENGTH:
                size = min(LENGTH - span.passed, left)
                if not self._length(span, Piece(at, size, min(there, size))):
                    return
            else:
                size = min(span.need - span.passed, left)
                self._part(span, Piece(at, size, min(there, size)))
            at, left, there = at + size, left - size, max(there - size, 0)

    def _length(self, span: Span, piece: Piece) -> bool:
        """Take octets of a Length; whether there is sense in it."""
        span.held += _octets(self._arena, piece, piece.octets)
        span.passed += piece.octets
        if span.passed == LENGTH:
            span.need = int.from_bytes(span.held, "big")
        self._room -= span.passed == LENGTH
        if len(span.held) < span.passed or (span.passed == LENGTH and span.need < LENGTH) or self._room < 0:
            span.lose()
            self._count(span)
            return False
        if span.need == LENGTH:
            self._direction.uncharged += LENGTH
            span.resume()
        return True

    def _part(self, span: Span, piece: Piece) -> None:
        """Take octets of a message; one that lies in one piece is not copied."""
        if span.passed == LENGTH and span.need == LENGTH + piece.octets:
            self._find(span, piece)
            span.resume()
            return
        if len(span.held) == span.passed:
            span.held += _octets(self._arena, piece, piece.octets)
        span.passed += piece.octets
        if span.passed == span.need:
            at = self._arena.append(bytes(span.held[LENGTH:]))
            self._find(span, Piece(at, span.need - LENGTH, len(span.held) - LENGTH))
            span.resume()

    def _find(self, span: Span, piece: Piece) -> None:
        """Take a whole message."""
        direction = self._direction
        message = message_in(self._arena.octets, piece)
        direction.uncharged += LENGTH + piece.octets
        if message is None:
            return
        if direction.known.accepts(self._arena.octets, message):
            self.found.append(Found(message, direction.uncharged))
            direction.uncharged = 0
        else:
            self._count(span)

    def _join(self, before: Span, after: Span) -> None:
        """The gap between two spans is filled: what waited behind it can be read now."""
        if before.reading is not Reading.LOST and after.waits:
            self.unfollowed -= after.unfollowed
            held = Piece(self._arena.append(bytes(after.held)), len(after.held), len(after.held))
            self._room += most_messages(held.octets)
            self._take(before, held)
            return
        if before.passed:
            self._count(before)
        for name in ("reading", "passed", "need", "held", "end"):
            setattr(before, name, getattr(after, name))
        if before.reading is Reading.LOST:
            before.held.clear()
        before.unfollowed += after.unfollowed

    def _close_gap(self) -> None:
        """Wait no longer for what fills the first gap."""
        first, second = self._direction.spans[:2]
        if second.reading is Reading.LOST:
            second.held.clear()
        second.begin = first.begin
        del self._direction.spans[0]
