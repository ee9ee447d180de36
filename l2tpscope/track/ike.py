"""IkeTracker: IKE messages put together by the SPIs that both sides chose; memory stays bounded whatever comes."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from l2tpscope.frames import Endpoint, Frames, Kind
from l2tpscope.frames.tables import IKE_PORT
from l2tpscope.model.flood import Flood
from l2tpscope.model.ike import IkeFrame, IkeSa

if TYPE_CHECKING:
    from l2tpscope.wire.ike import IkeMessage

Int64s = NDArray[np.int64]

MOST_OPENINGS = 2500
"""Requests without a reply that are kept; more are counted as a flood."""
MOST_SAS = 20_000
MOST_FRAMES = 4000
"""Kept of one SA."""
MOST_FRAMES_IN_ALL = 60_000
MOST_QUIET = 64
"""SAs between two addresses that stay although they are silent."""
LONG, ENDS = 200, 64
"""Of an SA with more messages than this, those in the middle are let go where memory gets scarce: so many stay at either end, or fewer."""
Pair = frozenset[bytes]
"""Two addresses."""
MARKER = 4
"""Octets of the non-ESP marker (RFC 3948 §2.2)."""
HEADER, SPI = 28, 8


class IkeTracker:
    """One `IkeSa` a pair of SPIs.

    A message to a responder whose SPI is not known yet waits under the initiator's SPI and the two addresses; the first
    reply names the SA. Copies made by the capture are left out.
    """

    def __init__(self) -> None:
        self.sas: list[IkeSa] = []
        self.flood = Flood()
        """First messages beyond MOST_OPENINGS that nobody answered."""
        self._by_spis: dict[tuple[int, int], IkeSa] = {}
        self._openings: dict[tuple[int, frozenset[bytes]], IkeSa] = {}
        self._known: dict[tuple[int, frozenset[bytes]], IkeSa] = {}
        """As `_openings`, after the reply: a request that is sent again belongs here."""
        self._messages: dict[int, dict[int, IkeMessage]] = {}
        """By SA (identity) and digest: a retransmission is not decoded again."""
        self._kept = 0
        self._left_out = 0
        self.let_go = 0
        """SAs that were forgotten."""
        self._position = 0

    def feed(self, frames: Frames) -> None:
        """Take the IKE rows of *frames*."""
        rows = np.flatnonzero((frames.kind == Kind.IKE) & ~frames.duplicate)
        if len(rows):
            self._walk(frames, rows, *_messages(frames, rows))
        self._position += len(frames)

    def _walk(self, frames: Frames, rows: Int64s, at: Int64s, size: Int64s, captured: Int64s) -> None:
        """Take rows one by one; but in a flood, runs of first messages of which nothing is known are counted at once."""
        initiator, responder = _spis(frames, at, captured)
        strangers: NDArray[np.bool_] | None = None
        """First messages under SPIs that no SA has so far."""
        index = 0
        while index < len(rows):
            if strangers is None and len(self._openings) >= MOST_OPENINGS:
                known = np.fromiter((spi for spi, _ in (*self._openings, *self._known)), np.uint64)
                strangers = (responder == 0) & ~np.isin(initiator, known)
            if strangers is not None and strangers[index]:
                if len(self._openings) >= MOST_OPENINGS:
                    run = int(np.argmin(strangers[index:])) or len(rows) - index
                    self._count(frames, rows[index : index + run])
                    index += run
                    continue
                strangers &= initiator != initiator[index]  # an answer made room: this one is followed
            spis = int(initiator[index]), int(responder[index])
            self._take(frames, int(rows[index]), int(at[index]), (int(size[index]), int(captured[index])), spis)
            index += 1

    def _count(self, frames: Frames, rows: Int64s) -> None:
        self.flood.add(frames.time[rows], frames.source[rows], frames.destination[rows], int(frames.capture[rows[0]]))

    def heard(self, before: int) -> set[Pair]:
        """Pairs of addresses that said something since an instant."""
        return {pair_of(sa) for sa in self.sas if sa.frames and sa.frames[-1].time >= before}

    def age(self, before: int, busy: set[Pair]) -> None:
        """Let go of SAs that were silent since an instant, but between *busy* addresses of all but the last ones."""
        kept: list[IkeSa] = []
        quiet: Counter[Pair] = Counter()
        for sa in reversed(self.sas):
            if sa.frames and sa.frames[-1].time >= before:
                kept.append(sa)
            elif sa.frames and (pair := pair_of(sa)) in busy and quiet[pair] < MOST_QUIET:
                quiet[pair] += 1
                kept.append(sa)
        if len(kept) < len(self.sas):
            self.let_go += len(self.sas) - len(kept)
            self.sas = kept[::-1]
            left = {id(sa) for sa in kept}
            self._by_spis = {key: sa for key, sa in self._by_spis.items() if id(sa) in left}
            self._openings, self._known = (
                {key: sa for key, sa in some.items() if id(sa) in left} for some in (self._openings, self._known)
            )
            self._messages = {key: messages for key, messages in self._messages.items() if key in left}
        if sum(len(sa.frames) for sa in kept) > MOST_FRAMES_IN_ALL // 2:
            for sa in kept:
                thin(sa)
                digests = {frame.digest for frame in sa.frames}
                known = self._messages.get(id(sa), {})
                self._messages[id(sa)] = {digest: message for digest, message in known.items() if digest in digests}
        self._kept = sum(len(sa.frames) for sa in kept)

    def notes(self) -> list[str]:
        """What the bounds on memory left out, a line each."""
        left_out = self._left_out + sum(sa.unkept for sa in self.sas)
        return [f"{left_out} IKE messages were counted but not kept: the bound on memory"] if left_out else []

    def _take(self, frames: Frames, row: int, at: int, sizes: tuple[int, int], spis: tuple[int, int]) -> None:
        ends = frozenset((frames.source_endpoint(row).address, frames.destination_endpoint(row).address))
        sa = self._sa(spis, ends)
        if sa is None:
            if spis[1] == 0:
                self._count(frames, np.array([row]))
            else:
                self._left_out += 1
            return
        if len(sa.frames) >= MOST_FRAMES or self._kept >= MOST_FRAMES_IN_ALL:
            sa.unkept += 1
            return
        octets = bytes(frames.octets[at : at + min(sizes)])
        digest = hash(octets)
        known = self._messages.setdefault(id(sa), {})
        message = known.get(digest)
        if message is None:
            from l2tpscope.wire.ike import decode_ike  # noqa: PLC0415 - its tables take longer to load than a small capture to read

            known[digest] = message = decode_ike(octets, sizes[0])
        self._kept += 1
        sa.frames.append(
            IkeFrame(
                position=self._position + row,
                time=int(frames.time[row]),
                capture=int(frames.capture[row]),
                frame=int(frames.frame[row]),
                sender=_plain(frames.source_endpoint(row)),
                receiver=_plain(frames.destination_endpoint(row)),
                octets=sizes[0],
                digest=digest,
                message=message,
            )
        )

    def _sa(self, spis: tuple[int, int], ends: frozenset[bytes]) -> IkeSa | None:
        """The SA that a message belongs to; None: there are too many already."""
        initiator, responder = spis
        opening = (initiator, ends)
        if responder == 0:
            sa = self._known.get(opening) or self._openings.get(opening)
            if sa is None and len(self._openings) < MOST_OPENINGS:
                sa = self._openings[opening] = self._new(spis)
            return sa
        sa = self._by_spis.get(spis)
        if sa is None:
            sa = self._openings.pop(opening, None)
            if sa is not None:
                sa.responder_spi = responder
                self._known[opening] = sa
            elif len(self._by_spis) < MOST_SAS:
                sa = self._new(spis)
            if sa is not None:
                self._by_spis[spis] = sa
        return sa

    def _new(self, spis: tuple[int, int]) -> IkeSa:
        sa = IkeSa(*spis)
        self.sas.append(sa)
        return sa


_endpoints: dict[Endpoint, Endpoint] = {}
MOST_ENDPOINTS = 4096


def _plain(endpoint: Endpoint) -> Endpoint:
    """The endpoint as one object that all frames share."""
    if len(_endpoints) >= MOST_ENDPOINTS:
        _endpoints.clear()
    return _endpoints.setdefault(endpoint, endpoint)


def _messages(frames: Frames, rows: Int64s) -> tuple[Int64s, Int64s, Int64s]:
    """Where each message begins (after a non-ESP marker), its octets on the wire, and how many were captured."""
    at, size, captured = frames.payload[rows], frames.payload_octets[rows], frames.payload_captured[rows]
    octets = np.frombuffer(frames.octets, np.uint8)
    there = captured >= MARKER
    begin = np.where(there, at, 0)
    # no marker on port 500, so that an SPI may begin with zeros there
    there &= (frames.source_port[rows] != IKE_PORT) & (frames.destination_port[rows] != IKE_PORT)
    marked = there & (octets[begin] | octets[begin + 1] | octets[begin + 2] | octets[begin + 3] == 0) & (size >= MARKER + HEADER)
    skipped = marked * MARKER
    return at + skipped, size - skipped, np.maximum(np.minimum(captured, size) - skipped, 0)


def _spis(frames: Frames, at: Int64s, captured: Int64s) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Initiator's and responder's SPI of each message; zeros where they were cut off. *Shape*: (n,) both."""
    octets = np.frombuffer(frames.octets, np.uint8)
    there = captured >= 2 * SPI
    words = octets[np.where(there, at, 0)[:, None] + np.arange(2 * SPI)].view(">u8").astype(np.uint64)
    words[~there] = 0
    return words[:, 0], words[:, 1]


def pair_of(sa: IkeSa) -> Pair:
    """The addresses of an SA that has messages."""
    return frozenset((sa.frames[-1].sender.address, sa.frames[-1].receiver.address))


def thin(sa: IkeSa) -> None:
    """Let the middle of a long SA go: dead peer checks, nearly always. It is cut in the longest pauses, so that no exchange is torn."""
    if len(sa.frames) <= LONG:
        return
    pauses = [after.time - before.time for before, after in pairwise(sa.frames)]
    first = max(range(ENDS // 2, ENDS), key=pauses.__getitem__) + 1
    last = max(range(len(pauses) - ENDS, len(pauses) - ENDS // 2), key=pauses.__getitem__) + 1
    sa.unkept += last - first
    del sa.frames[first:last]
