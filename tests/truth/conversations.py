"""Tunnels and sessions of a capture, put together by hand from its control messages, in file order.

The receiver chooses the id (RFC 2661 §3.1), so a header's Tunnel ID is looked up with the address the packet goes to.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import hand
from hand import ASSIGNED_SESSION, ASSIGNED_TUNNEL, Control, Data, Datagram

INITIATOR, RESPONDER = "initiator", "responder"
OTHER = {INITIATOR: RESPONDER, RESPONDER: INITIATOR}


MAY_BE_UP = {hand.ICRP, hand.ICCN}
"""A session of which one of these was seen may carry data to an id that was never announced."""


@dataclass(slots=True)
class Close:
    """One StopCCN or CDN: who sent it and with which codes."""

    side: str
    time: int
    result: int | None
    error: int | None


@dataclass(slots=True)
class Session:
    """One session; ids, data and sequence numbers by the side that *receives* them."""

    ids: dict[str, int] = field(default_factory=dict)
    closes: list[Close] = field(default_factory=list)
    data: dict[str, list[Data]] = field(default_factory=lambda: {INITIATOR: [], RESPONDER: []})
    kinds: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Tunnel:
    """One control connection; ids, messages and data by the side that *receives* them."""

    initiator: str
    responder: str
    ids: dict[str, int] = field(default_factory=dict)
    sessions: list[Session] = field(default_factory=list)
    closes: list[Close] = field(default_factory=list)
    control: dict[str, list[Control]] = field(default_factory=lambda: {INITIATOR: [], RESPONDER: []})

    def address(self, side: str) -> str:
        """The IP address of a side."""
        return (self.initiator if side == INITIATOR else self.responder).rpartition(":")[0].strip("[]")

    def retransmissions(self, receiver: str) -> int:
        """Messages to a side whose Ns and type were there before; acknowledgements have no Ns of their own."""
        numbers = [(message.ns, message.kind) for message in self.control[receiver] if message.kind is not None]
        return len(numbers) - len(set(numbers))

    def kinds(self) -> set[int]:
        """The message types seen in it."""
        return {message.kind for side in self.control.values() for message in side if message.kind is not None}

    def session(self, receiver: str, number: int) -> Session | None:
        """The session that *receiver* calls *number*; the newest where a number was used again."""
        return next((one for one in reversed(self.sessions) if one.ids.get(receiver) == number), None)


@dataclass(slots=True)
class Conversations:
    """Everything of one capture (or of several files of one rotated capture)."""

    tunnels: list[Tunnel] = field(default_factory=list)
    strays: list[Data] = field(default_factory=list)
    """Data of no tunnel whose control messages were seen."""
    copies: int = 0

    def drop_unseen(self) -> None:
        """Forget tunnels and sessions of which nothing was seen."""
        self.tunnels = [tunnel for tunnel in self.tunnels if any(tunnel.control.values()) or any(map(_seen, tunnel.sessions))]
        for tunnel in self.tunnels:
            tunnel.sessions = [session for session in tunnel.sessions if _seen(session)]

    @classmethod
    def known_from(cls, whole: Conversations) -> Conversations:
        """The same tunnels and sessions with their ids, but nothing seen of them yet: to read a capture that was cut from a whole one."""
        return cls(
            [
                Tunnel(one.initiator, one.responder, dict(one.ids), [Session(dict(session.ids)) for session in one.sessions])
                for one in whole.tunnels
            ]
        )

    def read(self, path: Path) -> Conversations:
        """Follow one more file."""
        for packet in hand.l2tp(path):
            if packet.packet.copy:
                self.copies += 1
            elif isinstance(packet, Control):
                self._control(packet)
            else:
                self._data(packet)
        return self

    def _find(self, packet: Datagram, number: int) -> tuple[Tunnel, str] | None:
        for tunnel in reversed(self.tunnels):
            for side in (INITIATOR, RESPONDER):
                if tunnel.ids.get(side) == number and tunnel.address(side) == packet.destination:
                    return tunnel, side
        return None

    def _of_sender(self, packet: Datagram, number: int | None) -> tuple[Tunnel, str] | None:
        """The tunnel in which the sender assigned itself *number*; and the receiver's side of it."""
        for tunnel in reversed(self.tunnels):
            for side in (INITIATOR, RESPONDER):
                if number is not None and tunnel.ids.get(side) == number and tunnel.address(side) == packet.source:
                    return tunnel, OTHER[side]
        return None

    def _control(self, message: Control) -> None:
        found = self._find(message.packet, message.tunnel) if message.tunnel else None
        if found is None and message.kind is not None and message.tunnel == 0:
            found = self._of_sender(message.packet, message.number(ASSIGNED_TUNNEL))
        if found is None and message.tunnel:
            found = self._adopt(message)
        if found is None:
            found = self._born(message, INITIATOR if message.kind == hand.SCCRP else RESPONDER)
        tunnel, receiver = found
        again = any(old.ns == message.ns and old.kind == message.kind for old in tunnel.control[receiver] if message.kind is not None)
        tunnel.control[receiver].append(message)
        assigned = message.number(ASSIGNED_TUNNEL)
        if assigned:
            tunnel.ids.setdefault(OTHER[receiver], assigned)
        if message.kind == hand.STOPCCN and not again:
            tunnel.closes.append(Close(OTHER[receiver], message.packet.time, *message.codes()))
        if message.kind in {hand.ICRQ, hand.ICRP, hand.ICCN, hand.CDN} and not again:
            _session(tunnel, receiver, message)

    def _adopt(self, message: Control) -> tuple[Tunnel, str] | None:
        """A tunnel of the same sender whose other id was never announced: the answer was lost, or is not in the capture."""
        source, destination = _endpoint(message.packet, source=True), _endpoint(message.packet, source=False)
        for tunnel in reversed(self.tunnels):
            if (tunnel.initiator, tunnel.responder) == (source, destination) and RESPONDER not in tunnel.ids:
                tunnel.ids[RESPONDER] = message.tunnel
                return tunnel, RESPONDER
        return None

    def _born(self, message: Control, receiver: str) -> tuple[Tunnel, str]:
        """A new tunnel; without SCCRQ and SCCRP the first sender counts as the initiator, as docs/format.md has it."""
        ends = [_endpoint(message.packet, source=True), _endpoint(message.packet, source=False)]
        initiator, responder = ends if receiver == RESPONDER else reversed(ends)
        tunnel = Tunnel(initiator, responder)
        if message.tunnel:
            tunnel.ids[receiver] = message.tunnel
        self.tunnels.append(tunnel)
        return tunnel, receiver

    def _data(self, packet: Data) -> None:
        found = self._find(packet.packet, packet.tunnel)
        if found is None:
            self.strays.append(packet)
            return
        tunnel, receiver = found
        session = tunnel.session(receiver, packet.session)
        if session is None:
            session = next((one for one in tunnel.sessions if receiver not in one.ids and one.kinds & MAY_BE_UP), None)
            if session is None:
                session = Session()
                tunnel.sessions.append(session)
            session.ids[receiver] = packet.session
        session.data[receiver].append(packet)


def _seen(session: Session) -> bool:
    return bool(session.kinds) or any(session.data.values())


def _session(tunnel: Tunnel, receiver: str, message: Control) -> None:
    """The session that an ICRQ, ICRP, ICCN or CDN speaks of, made where it is new."""
    sender, assigned = OTHER[receiver], message.number(ASSIGNED_SESSION)
    session = tunnel.session(receiver, message.session) if message.session else None
    if session is None and assigned:
        session = tunnel.session(sender, assigned)
    if session is None and message.kind == hand.ICCN:
        session = next((one for one in tunnel.sessions if receiver not in one.ids), None)
    if session is None:
        session = Session()
        tunnel.sessions.append(session)
    if assigned:
        session.ids.setdefault(sender, assigned)
    if message.session:
        session.ids.setdefault(receiver, message.session)
    session.kinds.add(message.kind or 0)
    if message.kind == hand.CDN:
        session.closes.append(Close(sender, message.packet.time, *message.codes()))


def _endpoint(packet: Datagram, *, source: bool) -> str:
    address, port = (packet.source, packet.source_port) if source else (packet.destination, packet.destination_port)
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
