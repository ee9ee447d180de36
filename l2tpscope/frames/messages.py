"""IKE and ESP messages in octets of a TCP stream, told apart and found by their lengths.

*Source*: RFC 9329 §2 and §3: a stream prefix at the begin of the originator's stream, then messages, each behind a Length of
16 bits that counts itself; behind it four zero octets and IKE, or ESP.
"""

from __future__ import annotations

from typing import NamedTuple

from l2tpscope.frames.columns import Kind

PREFIX = b"IKETCP"
LENGTH = 2
MARKER = 4
"""Octets of the non-ESP marker."""
IKE_HEADER = 28
SHORTEST_ESP = 8
RESERVED_SPIS = 256
"""*Source*: RFC 4303 §2.1."""
VERSIONS = (1, 2)
STEP = 1 << 16
"""So far on may a sequence number be in the next segment of an SA that is taken for one."""


class Piece(NamedTuple):
    """Some octets of a stream: where they lie, how many there were on the wire, and how many were captured."""

    at: int
    octets: int
    captured: int


class Message(NamedTuple):
    """An IKE message (from the non-ESP marker on) or an ESP packet: `Piece`, and what its first octets say."""

    at: int
    octets: int
    captured: int
    kind: Kind
    spi: int
    """Of ESP; 0 for IKE."""
    sequence: int
    """Of ESP; -1 where cut off and for IKE."""


def most_messages(octets: int) -> int:
    """How many messages a segment may hold: ESP has a header, an IV and an ICV, so more are no messages but an attack on memory."""
    return 1 + octets // 32


def message_in(octets: bytearray, piece: Piece) -> Message | None:
    """What stands behind a Length; None: a keepalive, or neither IKE nor ESP, or too little of it was captured to tell.

    The same rules as on UDP port 4500 (RFC 3948 §2).
    """
    at, size, captured = piece
    if captured < MARKER or size < SHORTEST_ESP:
        return None
    spi = int.from_bytes(octets[at : at + 4], "big")
    if spi >= RESERVED_SPIS:
        sequence = int.from_bytes(octets[at + 4 : at + 8], "big") if captured >= SHORTEST_ESP else -1
        return Message(at, size, captured, Kind.ESP, spi, sequence)
    if spi or size < MARKER + IKE_HEADER:
        return None
    if captured >= MARKER + IKE_HEADER:
        length = int.from_bytes(octets[at + 28 : at + 32], "big")
        if octets[at + 21] >> 4 not in VERSIONS or not IKE_HEADER <= length <= size - MARKER:
            return None
    return Message(at, size, captured, Kind.IKE, 0, -1)


def chain(octets: bytearray, piece: Piece) -> list[Message]:
    """The messages of a segment if it is nothing but whole messages, by their lengths; none if not."""
    at, end, there = piece.at, piece.at + piece.octets, piece.at + piece.captured
    found: list[Message] = []
    while at < end:
        length = int.from_bytes(octets[at : at + LENGTH], "big") if at + LENGTH <= there else 0
        message = message_in(octets, Piece(at + LENGTH, length - LENGTH, min(there - at, length) - LENGTH))
        if message is None or at + length > end or len(found) >= most_messages(piece.octets):
            return []
        found.append(message)
        at += length
    return found


class Known:
    """The SAs that a direction of a stream has shown: by them its messages are known where nothing else says so.

    Random octets that pass for a message: those of which the first Length is that of the segment (one in 65,536) and that
    have an SPI seen before (one in 2^32), or all of an IKE header.
    """

    __slots__ = ("_guess", "_spis", "sure")

    MOST = 8

    def __init__(self) -> None:
        self.sure = False
        """Whether it ever showed what a message is beyond doubt."""
        self._spis: dict[int, None] = {}
        self._guess = (0, -1)

    def accepts(self, octets: bytearray, message: Message) -> bool:
        """Whether a message that stands where one must begin is one: the stream must have shown IKE, or an SA twice, before."""
        self.sure = self.sure or self._shows(octets, message)
        if self.sure and message.kind == Kind.ESP and message.spi not in self._spis:
            self._spis[message.spi] = None
            if len(self._spis) > self.MOST:
                del self._spis[next(iter(self._spis))]
        return self.sure

    def believes(self, octets: bytearray, piece: Piece) -> bool:
        """Whether a segment begins with a message, and is nothing but messages, beyond doubt."""
        believed = any(self._shows(octets, message) for message in chain(octets, piece))
        self.sure |= believed
        return believed

    def _shows(self, octets: bytearray, message: Message) -> bool:
        """Whether a message is one beyond doubt: IKE whose length is right (as far as captured), an SPI seen before.

        An SPI is believed the second time in a row, if its sequence number is a little higher then.
        """
        if message.kind == Kind.IKE:
            length = int.from_bytes(octets[message.at + 28 : message.at + 32], "big")
            return message.captured < MARKER + IKE_HEADER or length == message.octets - MARKER
        spi, sequence = self._guess
        if message.spi in self._spis or (message.spi == spi and 0 < message.sequence - sequence < STEP):
            return True
        self._guess = message.spi, message.sequence
        return False
