"""inner_echo: echoes inside sessions: round trips, and requests that nothing answered.

A request and its reply have one identifier and sequence number, and each other's addresses. A request is lost where one that was
sent after it to the same address was answered, or where the session was still heard from the other side long enough after it: as
long as `WAIT`, or three of its longest round trips if that is longer. What is younger is pending. A loss is on the way there or
back: a tap cannot tell. Echoes to groups and broadcasts are left out, since anybody may answer them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from l2tpscope.analysis.inner_talks import Inside, Where
from l2tpscope.analysis.loss import loss_row, shares
from l2tpscope.analysis.rows import LossRow, RttRow
from l2tpscope.model.inner import Echo

SECOND = 1_000_000_000
WAIT, LONGEST_WAIT = SECOND, 10 * SECOND
AGAIN = 10 * SECOND
"""After so long the same number names another echo: `ping` has 65536 of them."""
NOBODY = "nothing came back after the echo requests"

Ends = tuple[int, bool, bytes, bytes]
"""Session, whether the requests go to the initiator, who asks, who is asked."""


@dataclass(slots=True, eq=False)
class Asked:
    """One request, with its copies."""

    where: Where
    ends: Ends
    echo: Echo
    last: int
    """When it was sent last."""
    copies: int = 1
    reply: Echo | None = None

    @property
    def rtt(self) -> int | None:
        """From its first copy to its reply."""
        return None if self.reply is None else self.reply.time - self.echo.time


@dataclass(slots=True)
class Echoes:
    """All requests of all sessions, in the order of the capture."""

    asked: list[Asked] = field(default_factory=list)
    end: int = 0
    """From here on nothing is known."""


def pair_echoes(inside: Inside, end: int) -> Echoes:
    """Every request with its reply."""
    found = Echoes(end=end if inside.seen.echoes_end is None else min(end, inside.seen.echoes_end))
    latest: dict[tuple[Ends, int], Asked] = {}
    for echo in inside.seen.echoes:
        where = inside.where(echo.flow)
        if where is None:
            continue
        source, destination = inside.ends(echo)
        if not echo.request:
            ends = (where.call.number, not where.to_initiator, destination, source)
            request = latest.get((ends, echo.number))
            if request is not None and request.reply is None and echo.time >= request.echo.time:
                request.reply = echo
            continue
        ends = (where.call.number, where.to_initiator, source, destination)
        before = latest.get((ends, echo.number))
        if before is not None and before.reply is None and echo.time - before.last <= AGAIN:
            before.copies, before.last = before.copies + 1, echo.time
        elif not _is_group(destination):
            latest[ends, echo.number] = Asked(where, ends, echo, echo.time)
            found.asked.append(latest[ends, echo.number])
    return found


def _is_group(address: bytes) -> bool:
    """Multicast (RFC 5771, RFC 4291 §2.7), or the broadcast of a network of 24 bits or fewer."""
    if len(address) == 4:
        return address[0] >= 224 or address[3] == 255
    return address[0] == 0xFF


def measure_echo_rtt(echoes: Echoes) -> list[RttRow]:
    """A row for each request that was answered; ambiguous where it was sent again before."""
    rows = []
    for one in echoes.asked:
        if one.reply is None or one.rtt is None:
            continue
        rows.append(
            RttRow(
                time=one.reply.time,
                kind="icmp-echo",
                side="initiator" if one.where.to_initiator else "responder",
                tunnel=one.where.tunnel,
                session=one.where.call.number,
                ike_sa=None,
                esp_sa=None,
                capture=one.reply.capture,
                frame_request=one.echo.frame,
                frame_reply=one.reply.frame,
                rtt_s=one.rtt / SECOND,
                rtt_low_s=max(0, one.reply.time - one.last) / SECOND if one.copies > 1 else None,
                quality="clean" if one.copies == 1 else "ambiguous",
            )
        )
    return rows


def measure_inner_echo_loss(echoes: Echoes, *, suspect: bool) -> list[LossRow]:
    """A row a session and direction in which there were requests."""
    groups: dict[tuple[int, bool], list[Asked]] = defaultdict(list)
    for one in echoes.asked:
        groups[one.where.call.number, one.where.to_initiator].append(one)
    return [_loss(groups[key], echoes.end, suspect) for key in sorted(groups)]


def _loss(asked: list[Asked], end: int, suspect: bool) -> LossRow:
    where = asked[0].where
    heard = max((series.last for series in where.call.series[not where.to_initiator]), default=0)
    wait = min(max(WAIT, 3 * max((one.rtt for one in asked if one.rtt is not None), default=0)), LONGEST_WAIT)
    judged = list(_judged(asked, min(heard, end) - wait))
    way = "to_initiator" if where.to_initiator else "to_responder"
    common = {"space": "icmp-echo", "tunnel": where.tunnel, "session": where.call.number, "direction": way}
    if not judged:
        return loss_row(**common, measurable=False, why_not=NOBODY)
    received = sum(one.reply is not None for one in judged)
    lost, expected = len(judged) - received, len(judged)
    counts = {"expected": expected, "received": received, "lost": lost, "pending": len(asked) - expected}
    return loss_row(**common, **counts, **shares(lost, expected), measurable=True, capture_suspect=suspect)


def _judged(asked: Iterable[Asked], until: int) -> Iterable[Asked]:
    """The requests of which it is known whether they were lost."""
    answered_since: set[tuple[Ends, int]] = set()
    for one in reversed(list(asked)):
        run = (one.ends, one.echo.number >> 16)
        if one.reply is not None:
            answered_since.add(run)
        if one.reply is not None or run in answered_since or one.last <= until:
            yield one
