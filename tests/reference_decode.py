"""The decode of frames written plainly, one packet at a time: the specification that the columns must equal.

It leaves out what columns leave out too (encapsulations, fragments: `Rare`), duplicates, and IKE and ESP over TCP, of
which a frame is only a part: the tests of these compare with the messages sent. Offsets count from the begin of the
frame. A row is a dict with the names of `Frames`.
"""

from __future__ import annotations

from typing import Any

from l2tpscope.frames import Kind
from l2tpscope.frames.tables import PPP_PROTOCOLS, PPP_SHORT

TAGS = (0x8100, 0x88A8, 0x9100, 0x9200)
EXTENSIONS = (0, 43, 60, 135, 139, 140)
Row = dict[str, Any]


class RareError(Exception):
    """A fragment, or something inside something else."""


class UnreadableError(Exception):
    """A header that is cut off, or contradicts itself, or of an unknown link."""


class Reader:
    """Octets with an end: reading past it is unreadable."""

    def __init__(self, octets: bytes) -> None:
        self.octets = octets

    def number(self, at: int, size: int) -> int:
        """A number that must be there."""
        if at + size > len(self.octets):
            raise UnreadableError
        return int.from_bytes(self.octets[at : at + size], "big")

    def maybe(self, at: int, size: int, absent: int) -> int:
        """A number that may have been cut off."""
        return int.from_bytes(self.octets[at : at + size], "big") if at + size <= len(self.octets) else absent


def network(frame: Reader, link_type: int) -> tuple[int, int]:
    """Where the network header is, and its EtherType (0: none of ours)."""
    if link_type in (12, 14, 101, 228, 229):
        nibble = frame.number(0, 1) >> 4
        if nibble not in (4, 6):
            raise UnreadableError
        return 0, {4: 0x0800, 6: 0x86DD}[nibble]
    if link_type in (0, 108):
        family = min(frame.number(0, 4), int.from_bytes(frame.octets[:4], "little"))
        return 4, {2: 0x0800, 10: 0x86DD, 24: 0x86DD, 28: 0x86DD, 30: 0x86DD}.get(family, 0)
    header, field = {1: (14, 12), 113: (16, 14), 276: (20, 0)}.get(link_type, (1 << 20, 0))
    frame.number(0, header)
    at, ethertype = header, frame.number(field, 2)
    for _ in range(4):
        if ethertype in TAGS:
            at, ethertype = at + 4, frame.number(at + 2, 2)
    if ethertype < 1536 or ethertype in (0x8847, 0x8848, 0x8864, 0x6558, *TAGS):
        raise RareError
    return at, ethertype


def internet(frame: Reader, at: int, ethertype: int, wire: int) -> tuple[int, int, int]:
    """Protocol, begin and end of what an IP datagram carries."""
    if ethertype == 0x0800:
        header, total = (frame.number(at, 1) & 15) * 4, frame.maybe(at + 2, 2, 0)
        frame.number(at, max(20, header))
        if frame.octets[at] >> 4 != 4 or header < 20 or 0 < total < header:
            raise UnreadableError
        if frame.number(at + 6, 2) & 0x3FFF:
            raise RareError
        return frame.octets[at + 9], at + header, at + total if total else wire
    payload, protocol, here = frame.number(at + 4, 2), frame.number(at + 6, 1), at + 40
    frame.number(at, 40)
    if frame.octets[at] >> 4 != 6:
        raise UnreadableError
    end = here + payload if payload else wire
    for _ in range(8):
        if protocol not in (*EXTENSIONS, 44):
            break
        size = 8 if protocol == 44 else 8 + 8 * frame.number(here + 1, 1)
        frame.number(here, size)
        if here + size > end:
            raise UnreadableError
        if protocol == 44 and frame.number(here + 2, 2) & 0xFFF9:
            raise RareError
        protocol, here = frame.octets[here], here + size
    if protocol in (*EXTENSIONS, 44):
        raise UnreadableError
    return protocol, here, end


def version2(frame: Reader, at: int, octets: int) -> Row:
    """The fields of an L2TPv2 header. *Source*: RFC 2661 §3.1."""
    flags, captured = frame.number(at, 2), len(frame.octets) - at
    has_length, sequenced, padded = flags >> 14 & 1, flags >> 11 & 1, flags >> 9 & 1
    ids, header = at + 2 + 2 * has_length, 6 + 2 * has_length + 4 * sequenced + 2 * padded
    length = min(frame.maybe(at + 2, 2, octets), octets) if has_length else octets
    pad = frame.maybe(at + header - 2, 2, 0) if padded and min(captured, octets) >= header else 0
    return {
        "flags": flags,
        "tunnel": frame.maybe(ids, 2, 0),
        "session": frame.maybe(ids + 2, 2, 0),
        "ns": frame.maybe(ids + 4, 2, -1) if sequenced else -1,
        "nr": frame.maybe(ids + 6, 2, -1) if sequenced else -1,
        "body": at + min(header + pad, octets),
        "body_octets": max(length - header - pad, 0),
        "unclipped_body": header + pad,
        "header": header,
        "length": frame.maybe(at + 2, 2, octets) if has_length else octets,
    }


def version3(frame: Reader, at: int, octets: int, over_ip: bool) -> Row:
    """The fields of an L2TPv3 header. *Source*: RFC 3931 §3.2.1, §4.1.1, §4.1.2."""
    begin = at + 4 if over_ip else at
    if over_ip and frame.number(at, 4):
        return {"session": frame.number(at, 4), "body": at + 4, "body_octets": max(octets - 4, 0)}
    if not frame.number(begin, 2) & 0x8000:
        flags, session = frame.number(at, 2), frame.maybe(at + 4, 4, 0)
        return {"flags": flags, "session": session, "body": at + 8, "body_octets": max(octets - 8, 0)}
    room = octets - (begin - at)
    return {
        "flags": frame.number(begin, 2),
        "tunnel": frame.maybe(begin + 4, 4, 0),
        "ns": frame.maybe(begin + 8, 2, -1),
        "nr": frame.maybe(begin + 10, 2, -1),
        "body": begin + min(12, room),
        "body_octets": max(min(frame.maybe(begin + 2, 2, room), room) - 12, 0),
    }


def is_proof(payload: bytes, octets: int) -> bool:
    """Whether a UDP payload is a control message that proves its flow: header, Length, a Message Type AVP first."""
    flags, length = int.from_bytes(payload[:2], "big"), int.from_bytes(payload[2:4], "big")
    avp = int.from_bytes(payload[12:14], "big") & 0x7FFF, payload[14:18], int.from_bytes(payload[18:20], "big")
    fits = len(payload) >= 20 and 20 <= length <= octets
    return flags & 0xCA0E == 0xC802 and fits and avp[:2] == (8, bytes(4)) and 1 <= avp[2] <= 29


def is_ike(payload: bytes, octets: int) -> bool:
    """Whether what is on a port of IKE is IKE: version and length, as far as they are there. *Source*: RFC 7296 §3.1."""
    if octets < 28 or len(payload) < 28:
        return octets >= 28
    return payload[17] >> 4 in (1, 2) and 28 <= int.from_bytes(payload[24:28], "big") <= octets


def is_exact_ike(payload: bytes, octets: int) -> bool:
    """Whether a datagram on any port is IKE beyond doubt: every field of its header, and the length of its first payload."""
    if len(payload) < 32 or int.from_bytes(payload[24:28], "big") != octets or payload[:8] == bytes(8):
        return False
    following, version, exchange, flags = payload[16:20]
    unanswered, unnumbered = payload[8:16] == bytes(8), payload[20:24] == bytes(4)
    inside = 4 <= int.from_bytes(payload[30:32], "big") <= octets - 28
    if unanswered and exchange not in (2, 4, 34):
        return False
    if version == 0x10:
        numbered_right = unnumbered == (exchange in (1, 2, 4))
        known = exchange in (1, 2, 4, 5, 32, 33) and flags < 8 and numbered_right
        return known and (following in (1, 5, 6, 8, 9, 11, 12, 13, 20, 132) if flags & 1 else inside and following in (1, 4))
    if version == 0x20 and not flags & 0xC7 and inside:
        if exchange == 34:
            return unnumbered and following in (33, 38, 41, 43, 46, 53)
        return exchange in (35, 36, 37, 43, 44) and following in (46, 53)
    return False


def ppp_begins(two: bytes) -> bool:
    """Whether a PPP frame can begin so."""
    if len(two) < 2:
        return True
    word = int.from_bytes(two, "big")
    return (
        word == 0xFF03
        or word & 0x7FFF in PPP_PROTOCOLS
        or two[1] in PPP_SHORT.get(two[0], ())
        or (two[0] in (0xC0, 0xC2) and two[1] % 2 == 1)
    )


def strict_kind(payload: bytes, octets: int) -> Kind:
    """What a payload on the port of L2TP shows by itself."""
    if len(payload) < 2:
        return Kind.NOT_L2TP_1701
    flags = int.from_bytes(payload[:2], "big")
    version, control = flags & 15, flags >> 15
    if version == 2:
        believed = believe_version2(payload, octets, flags)
        return (Kind.L2TP2_DATA, Kind.L2TP2_CONTROL)[control] if believed else Kind.NOT_L2TP_1701
    if version == 3:
        believed = believe_version3(payload, octets, flags)
        return (Kind.L2TP3_DATA, Kind.L2TP3_CONTROL)[control] if believed else Kind.NOT_L2TP_1701
    return Kind.L2F if version in (1, 9) and believe_l2f(payload, octets, flags) else Kind.NOT_L2TP_1701


def believe_version2(payload: bytes, octets: int, flags: int) -> bool:
    """Whether what says it is L2TPv2 is: bits, lengths, and the begin of a PPP frame in data."""
    row = version2(Reader(payload), 0, octets)
    if not row["header"] <= row["length"] <= octets or flags & 0x3430:
        return False
    if flags & 0x8000:
        return flags & 0xCAF0 == 0xC800
    begin = row["unclipped_body"]
    return begin < row["length"] and ppp_begins(payload[begin : min(begin + 2, row["length"])])


def believe_version3(payload: bytes, octets: int, flags: int) -> bool:
    """Whether what says it is L2TPv3 over UDP is."""
    word = int.from_bytes((payload + bytes(2))[2:4], "big")
    if flags & 0x8000:
        return octets >= 12 and flags & 0x7FF0 == 0x4800 and (len(payload) < 4 or 12 <= word <= octets)
    return octets >= 8 and flags == 3 and word == 0 and (len(payload) < 8 or payload[4:8] != bytes(4))


def believe_l2f(payload: bytes, octets: int, flags: int) -> bool:
    """Whether what says it is L2F is. *Source*: RFC 2341 §4.2."""
    padded = payload + bytes(10)
    length, header = int.from_bytes(padded[8:10], "big"), 10 + 2 * (flags >> 15) + 4 * (flags >> 14 & 1)
    fits = len(payload) < 10 or (header <= length and length + 2 * (flags >> 3 & 1) <= octets)
    return not flags & 0x0FF0 and octets >= 10 and fits and 1 <= padded[2] <= 3


def l2f(frame: Reader, at: int, octets: int) -> Row:
    """The header of L2F as columns have it. *Source*: RFC 2341 §4.2."""
    flags = frame.maybe(at, 2, 0)
    header = 10 + 2 * (flags >> 15) + 4 * (flags >> 14 & 1)
    header += frame.maybe(at + 10, 2, 0) if flags & 0x8000 else 0
    length = min(frame.maybe(at + 8, 2, octets), octets)
    return {
        "flags": flags,
        "ns": frame.maybe(at + 3, 1, -1) if flags & 0x1000 else -1,
        "session": frame.maybe(at + 4, 2, 0),
        "tunnel": frame.maybe(at + 6, 2, 0),
        "body": at + min(header, octets),
        "body_octets": max(length - header, 0),
    }


class Reference:
    """Decodes frames one by one, in order."""

    def __init__(self, ports: tuple[int, ...] = ()) -> None:
        self.ports = {1701, *ports}
        self.proven: set[frozenset[tuple[bytes, int]]] = set()
        self.openvpn: set[frozenset[tuple[bytes, int]]] = set()
        self.natt: set[frozenset[tuple[bytes, int]]] = set()

    def decode(self, octets: bytes, link_type: int, wire: int) -> Row | None:
        """The row of a frame, or None if it does not concern us."""
        frame = Reader(octets)
        at, ethertype = network(frame, link_type)
        if ethertype not in (0x0800, 0x86DD):
            return None
        protocol, here, end = internet(frame, at, ethertype, wire)
        if protocol in (4, 41, 47, 137) or (protocol == 17 and frame.maybe(here + 2, 2, 0) == 4789):
            raise RareError
        if end - here < 8 and len(octets) - here >= 0:
            return None
        if len(octets) - here < 8:
            if protocol in (1, 17, 50, 51, 58, 115):
                raise UnreadableError
            return None
        addresses = (
            (octets[at + 12 : at + 16], octets[at + 16 : at + 20])
            if ethertype == 0x0800
            else (octets[at + 8 : at + 24], octets[at + 24 : at + 40])
        )
        row: Row = {"ip": at, "ip_octets": end - at, "addresses": addresses, "ports": (0, 0), "payload": here, "payload_octets": end - here}
        row |= {"flags": 0, "tunnel": 0, "session": 0, "ns": -1, "nr": -1, "body": here, "body_octets": 0}
        if protocol == 17:
            row["ports"] = frame.number(here, 2), frame.number(here + 2, 2)
            room = min(frame.number(here + 4, 2) or end - here, end - here)
            row |= {"payload": here + 8, "payload_octets": max(room - 8, 0), "body": here + 8}
        if protocol in (1, 58):
            row |= {"payload": here + 8, "payload_octets": end - here - 8, "body": here + 8}
        captured = Reader(octets[: row["payload"] + row["payload_octets"]])
        row["payload_captured"] = max(len(captured.octets) - row["payload"], 0)
        row["kind"] = self._kind(protocol, row, captured)
        return self._fields(protocol, row, captured) if row["kind"] else None

    def _kind(self, protocol: int, row: Row, frame: Reader) -> Kind:
        payload, octets = frame.octets[row["payload"] :], row["payload_octets"]
        if protocol == 17:
            return self._udp_kind(row, payload, octets)
        if protocol == 50:
            return Kind.ESP
        if protocol == 51:
            return Kind.AH if octets >= 12 else Kind.OTHER
        if protocol == 115:
            if payload[:4] != bytes(4):
                return Kind.L2TP3_DATA
            return Kind.L2TP3_CONTROL if payload[4] >= 0x80 and payload[5] & 15 == 3 and octets >= 16 else Kind.NOT_L2TP_1701
        if protocol in (1, 58):
            raise RareError  # what it quotes is tested by itself
        return Kind.OTHER

    def _udp_kind(self, row: Row, payload: bytes, octets: int) -> Kind:
        source, destination = row["ports"]
        flow = frozenset(zip(row["addresses"], row["ports"], strict=True))
        if is_proof(payload, octets) and not (destination in self.ports and payload[18:20] == b"\0\1"):
            self.proven.add(flow)  # a SCCRQ on the port of L2TP proves nothing that the port does not say
        if not {source, destination} & self.ports and flow not in self.proven:
            if not {source, destination} & {500, 4500} and payload[:4] == bytes(4) and is_exact_ike(payload[4:], octets - 4):
                self.natt.add(flow)
            return self._ipsec_kind(row["ports"], payload, octets, flow in self.natt)
        kind = strict_kind(payload, octets)
        if kind not in (Kind.NOT_L2TP_1701, Kind.L2F):
            return kind
        if len(payload) < 2 and octets >= 6:
            raise UnreadableError
        opcode, version = payload[0] >> 3 if payload else 0, payload[1] & 15 if len(payload) > 1 else 0
        header = {2: version2(Reader(payload), 0, octets)["header"] if version == 2 else 0, 3: 12 if payload[:1] >= b"\x80" else 8}
        if flow in self.proven and version in header and octets >= header[version]:
            control = payload[0] >> 7
            return {2: (Kind.L2TP2_DATA, Kind.L2TP2_CONTROL), 3: (Kind.L2TP3_DATA, Kind.L2TP3_CONTROL)}[version][control]
        if kind == Kind.L2F:
            return kind
        sized = octets in (14, 26, 38, 42, 50, 54, 66, 86, 98)
        reset = (payload[:1] in (b"\x08", b"\x10", b"\x38", b"\x40") and sized) or (payload[:1] == b"\x50" and octets >= 54)
        data = opcode == 9 and (payload[1:3] == bytes(2) or payload[1:4] == b"\xff\xff\xff") and octets >= 20
        if (reset or data) and len(payload) >= 4:
            self.openvpn.add(flow)
        return Kind.OPENVPN_1701 if flow in self.openvpn and 1 <= opcode <= 11 else Kind.NOT_L2TP_1701

    @staticmethod
    def _ipsec_kind(ports: tuple[int, int], payload: bytes, octets: int, natt: bool) -> Kind:
        if 4500 in ports or natt:
            if octets == 1 and payload == b"\xff":
                return Kind.NATT_KEEPALIVE
            if octets < 8 or len(payload) < 4:
                return Kind.OTHER
            if int.from_bytes(payload[:4], "big") >= 256:
                return Kind.ESP
            return Kind.IKE if payload[:4] == bytes(4) and is_ike(payload[4:], octets - 4) else Kind.OTHER
        return Kind.IKE if (is_ike if 500 in ports else is_exact_ike)(payload, octets) else Kind.OTHER

    @staticmethod
    def _fields(protocol: int, row: Row, frame: Reader) -> Row:
        kind, at, octets = row["kind"], row["payload"], row["payload_octets"]
        if kind in (Kind.L2TP2_CONTROL, Kind.L2TP2_DATA):
            row |= version2(frame, at, octets)
        if kind in (Kind.L2TP3_CONTROL, Kind.L2TP3_DATA):
            row |= version3(frame, at, octets, protocol == 115)
        if kind == Kind.L2F:
            row |= l2f(frame, at, octets)
        if kind == Kind.ESP:
            row |= {"session": frame.maybe(at, 4, 0), "ns": frame.maybe(at + 4, 4, -1)}
        if kind == Kind.AH:
            row |= {"session": frame.maybe(at + 4, 4, 0), "ns": frame.maybe(at + 8, 4, -1)}
        return row
