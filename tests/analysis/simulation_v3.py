"""The simulated tunnel in L2TPv3, over UDP and over IP: other headers, ids of 32 bits, ACK in place of the ZLB, cookies, a sublayer.

Octets are put together by hand after RFC 3931 §3.2.1, §4.1.1, §4.1.2, §5.4 and §4.6.
"""

from __future__ import annotations

import struct

from simulation import CLIENT, SERVER, TUNNEL, TYPES, Simulation, avp

CONNECTION = {side: 0x10000 + number for side, number in TUNNEL.items()}
SESSION = {True: 0x00A00021, False: 0x00B00042}
COOKIE = {True: b"\xde\xad\xbe\xef", False: b"\x00\x11\x22\x33\x44\x55\x66\x77"}
"""By the side that receives it; of different lengths."""
ACK = 20
STATIONS = {True: b"\x02\0\0\0\0\xaa", False: b"\x02\0\0\0\0\xbb"}


def u32(value: int) -> bytes:
    """Four octets."""
    return struct.pack(">I", value)


def body(message: str, sender: bool, *, named: int = 0) -> bytes:
    """The AVPs of a message; *named* is the Session ID of the receiver."""
    octets = avp(0, struct.pack(">H", TYPES.get(message, ACK)))
    if message in ("SCCRQ", "SCCRP"):
        octets += avp(7, b"lac" if sender else b"lns") + avp(60, u32(1)) + avp(61, u32(CONNECTION[sender])) + avp(62, b"\0\5")
    elif message == "StopCCN":
        octets += avp(61, u32(CONNECTION[sender])) + avp(1, b"\0\1\0\0bye")
    elif message in ("ICRQ", "ICRP", "ICCN"):
        octets += avp(63, u32(SESSION[sender])) + avp(64, u32(named))
        octets += avp(71, b"\0\3") + avp(69, b"\0\1") + avp(70, b"\0\2") if message != "ICCN" else b""
        octets += avp(65, COOKIE[sender]) if message != "ICCN" else b""
        octets += avp(15, b"\0\0\0\7") + avp(66, b"lan") + avp(68, b"\0\5") if message == "ICRQ" else b""
    return octets


def header(connection: int, length: int, ns: int, nr: int) -> bytes:
    """Of a control message, from the flags on."""
    return struct.pack(">HHIHH", 0xC803, 12 + length, connection, ns & 0xFFFF, nr & 0xFFFF)


def over_ip(payload: bytes, from_client: bool, ip_id: int) -> bytes:
    """Ethernet, IPv4, protocol 115."""
    source, destination = (CLIENT, SERVER) if from_client else (SERVER, CLIENT)
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), ip_id & 0xFFFF, 0, 64, 115, 0, source, destination)
    return b"\x02\0\0\0\0\1\x02\0\0\0\0\2\x08\0" + ip + payload


def ethernet(from_client: bool, number: int) -> bytes:
    """A frame inside: IPv4 from one station to the other."""
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 60, number & 0xFFFF, 0, 64, 17, 0, b"\x0a\0\0\1", b"\x0a\0\0\2")
    return STATIONS[not from_client] + STATIONS[from_client] + b"\x08\0" + ip + bytes(40)


class Simulation3(Simulation):
    """Over UDP."""

    def emit(self, now: float, side: bool, message: str, ns: int) -> None:
        """Put a control message, or an ACK, on the wire."""
        peer = self.peers[side]
        octets = body(message, side, named={"ICRP": SESSION[True], "ICCN": SESSION[False]}.get(message, 0))
        connection = CONNECTION[not side] if peer.knows_peer else 0
        payload = self.control(header(connection, len(octets), ns, peer.nr) + octets)
        self.travel(now, side, payload, ("control", message, ns, peer.nr))

    def send_data(self, now: float, side: bool) -> None:
        """A data packet with cookie, sublayer and a sequence number, and the next one 20 ms later."""
        number = self.data_sent[side]
        if number == self.data:
            return
        self.data_sent[side] += 1
        behind = u32(SESSION[not side]) + COOKIE[not side] + u32(0x40000000 | number) + ethernet(side, number)
        self.travel(now, side, self.before_data() + behind, ("data", number))
        self.later(now + 0.02, "send_data", side)

    def keep_data(self) -> None:
        """Take the control messages out of the capture."""
        self.records = [record for record in self.records if not self.is_control(record[1])]

    def is_control(self, frame: bytes) -> bool:
        """Whether the bit T is set."""
        return frame[42] >= 0x80

    def control(self, message: bytes) -> bytes:
        """What UDP or IP carries of a control message."""
        return message

    def before_data(self) -> bytes:
        """What stands before the Session ID of data."""
        return b"\0\3\0\0"


class Simulation3OverIp(Simulation3):
    """Over IP."""

    def is_control(self, frame: bytes) -> bool:
        """Whether the Session ID is zero."""
        return frame[34:38] == bytes(4)

    def control(self, message: bytes) -> bytes:
        """Behind a Session ID of zero, which the Length does not count."""
        return bytes(4) + message

    def before_data(self) -> bytes:
        """Nothing."""
        return b""

    def datagram(self, payload: bytes, from_client: bool, ip_id: int) -> bytes:
        """Protocol 115."""
        return over_ip(payload, from_client, ip_id)
